package keda

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

var (
	interceptorRoutes = schema.GroupVersionResource{Group: "http.keda.sh", Version: "v1beta1", Resource: "interceptorroutes"}
	httpScaledObjects = schema.GroupVersionResource{Group: "http.keda.sh", Version: "v1alpha1", Resource: "httpscaledobjects"}
)

// route puts what the HTTP add-on reads beside a trigger into its parameters: the
// InterceptorRoute or HTTPScaledObject that it names, and which interceptors are ready.
func (x *resolution) route(p triggers.Parameters) error {
	name := triggers.HTTPRoute(x.metadata)
	if name == "" {
		return nil
	}
	p.Values[triggers.RouteNamespace] = x.ref.Namespace
	p.Values["interceptors"] = strings.Join(x.interceptors(x.ctx, p.Text("scalerAddress")), ",")
	resource, kind := interceptorRoutes, "InterceptorRoute"
	if strings.TrimSpace(x.metadata["interceptorRoute"]) == "" {
		resource, kind = httpScaledObjects, "HTTPScaledObject"
	}
	u, err := x.get(resource, x.ref.Namespace, name)
	if err != nil {
		return x.unreadable(err, kind, x.ref.Namespace, name)
	}
	if u == nil {
		return &kscope.Trouble{Message: kscope.Clean(kind + " " + x.ref.Namespace + "/" + name + " does not exist"), Hint: "create it, or name another in the trigger", Cause: triggers.ErrAbsent}
	}
	spec := fields(u.Object).at("spec")
	if kind == "InterceptorRoute" {
		routeOf(p.Values, spec)
	} else {
		httpScaledObjectOf(p.Values, spec)
	}
	return nil
}

// routeOf is an InterceptorRoute's first rule, target and metrics.
func routeOf(into map[string]string, spec fields) {
	target := spec.at("target")
	into["targetService"], into["targetPort"] = target.raw("service"), numberText(target, "port")
	scaling(into, spec.at("scalingMetric"))
	rules := spec.list("rules")
	if len(rules) == 0 {
		return
	}
	m, _ := rules[0].(map[string]any)
	rule := fields(m)
	into["hosts"] = orElse(strings.Join(texts(rule.list("hosts"), ""), ","), "*")
	into["pathPrefixes"] = strings.Join(texts(rule.list("paths"), "value"), ",")
	into["headers"] = headersOf(rule)
}

// httpScaledObjectOf is the same of an HTTPScaledObject, whose metric is the number of
// requests inside unless it says otherwise.
func httpScaledObjectOf(into map[string]string, spec fields) {
	target := spec.at("scaleTargetRef")
	into["targetService"], into["targetPort"] = target.raw("service"), numberText(target, "port")
	scaling(into, spec.at("scalingMetric"))
	if into["scalingConcurrency"] == "" && into["scalingRate"] == "" {
		into["scalingConcurrency"] = orElse(numberText(spec, "targetPendingRequests"), "100")
	}
	into["hosts"] = strings.Join(texts(spec.list("hosts"), ""), ",")
	into["pathPrefixes"] = strings.Join(texts(spec.list("pathPrefixes"), ""), ",")
	into["headers"] = headersOf(spec)
}

func scaling(into map[string]string, metric fields) {
	if c := metric.at("concurrency"); c != nil {
		into["scalingConcurrency"] = numberText(c, "targetValue")
	}
	if r := metric.at("requestRate"); r != nil {
		into["scalingRate"], into["scalingWindow"], into["scalingGranularity"] = numberText(r, "targetValue"), r.raw("window"), r.raw("granularity")
	}
}

// headersOf is the headers that a request must have, a line each.
func headersOf(rule fields) string {
	var lines []string
	for _, v := range rule.list("headers") {
		m, _ := v.(map[string]any)
		h := fields(m)
		line := h.raw("name")
		if value := h.raw("value"); value != "" {
			line += ": " + value
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// texts are the texts of a list, or of one field of its elements.
func texts(list []any, field string) (out []string) {
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			v = m[field]
		}
		if s, ok := v.(string); ok && s != "" {
			out = append(out, s)
		}
	}
	return out
}

// numberText is a whole number as a text, "" for none.
func numberText(f fields, name string) string {
	switch n := f[name].(type) {
	case int64:
		return strconv.FormatInt(n, 10)
	case float64:
		return strconv.FormatInt(int64(n), 10)
	}
	return ""
}

// interceptorsFor is how long the interceptors of an add-on are taken to be the same.
const interceptorsFor = 10 * time.Second

// interceptors are the admin ports of the add-on's interceptors that are ready, by the
// name of its scaler; none where that may not be read, and then one is asked by its
// Service. What is found is kept for a moment, since all routes share it.
func (r *Resolver) interceptors(ctx context.Context, scaler string) []string {
	host, _, err := net.SplitHostPort(scaler)
	if err != nil {
		return nil
	}
	service, rest, _ := strings.Cut(host, ".")
	prefix, ok := strings.CutSuffix(service, "-external-scaler")
	if !ok {
		return nil
	}
	namespace, _, _ := strings.Cut(rest, ".")
	if namespace == "" {
		namespace = r.KEDANamespace(ctx)
	}
	admin := prefix + "-interceptor-admin"
	r.mu.Lock()
	known, found := r.addOns[namespace+"/"+admin]
	r.mu.Unlock()
	if found && time.Since(known.at) < interceptorsFor {
		return known.ready
	}
	all, err := r.client.DiscoveryV1().EndpointSlices(namespace).List(ctx, metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=" + admin})
	if err != nil {
		return nil
	}
	var ready []string
	for _, s := range all.Items {
		if len(s.Ports) == 0 || s.Ports[0].Port == nil {
			continue
		}
		port := strconv.Itoa(int(*s.Ports[0].Port))
		for _, e := range s.Endpoints {
			if e.Conditions.Ready != nil && !*e.Conditions.Ready || len(e.Addresses) == 0 {
				continue
			}
			at := e.Addresses[0]
			if e.TargetRef != nil && e.TargetRef.Kind == "Pod" { // which a tunnel finds by its name
				at = e.TargetRef.Name + "." + admin + "." + namespace
			}
			ready = append(ready, net.JoinHostPort(at, port))
		}
	}
	slices.Sort(ready)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.addOns == nil {
		r.addOns = map[string]interceptors{}
	}
	r.addOns[namespace+"/"+admin] = interceptors{ready, time.Now()}
	return ready
}

// interceptors is those of one add-on, as they were.
type interceptors struct {
	ready []string
	at    time.Time
}
