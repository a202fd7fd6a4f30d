package keda

import (
	"context"
	"errors"
	"fmt"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kscope/kscope"
)

var (
	triggerAuthentications        = schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "triggerauthentications"}
	clusterTriggerAuthentications = schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "clustertriggerauthentications"}
	apiServices                   = schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}
)

// usualKEDA is the namespace that KEDA's own instructions install it in.
const usualKEDA = "keda"

// object reads the spec of a ScaledObject or ScaledJob. Observations do not
// have all of it: what might be secret was taken out.
func (x *resolution) object(t kscope.TriggerRef) (fields, error) {
	kind := "ScaledObject"
	if t.Object.Kind == kscope.ScaledJobs {
		kind = "ScaledJob"
	}
	resource := schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: string(t.Object.Kind)}
	u, err := x.get(resource, t.Object.Namespace, t.Object.Name)
	if err != nil {
		return nil, x.unreadable(err, kind, t.Object.Namespace, t.Object.Name)
	}
	if u == nil {
		return nil, &kscope.Trouble{Message: fmt.Sprintf("%s %s does not exist", kind, t.Object)}
	}
	return fields(u.Object).at("spec"), nil
}

// get reads an object; nil without an error where there is none.
func (x *resolution) get(resource schema.GroupVersionResource, namespace, name string) (*unstructured.Unstructured, error) {
	u, err := x.dynamic.Resource(resource).Namespace(namespace).Get(x.ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return u, err
}

// secret is the data of a Secret, nil where there is none of that name.
func (x *resolution) secret(namespace, name string) (map[string]string, error) {
	return x.once("Secret", namespace, name, func() (map[string]string, error) {
		s, err := x.client.CoreV1().Secrets(namespace).Get(x.ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		out := make(map[string]string, len(s.Data)+len(s.StringData))
		for key, value := range s.Data {
			out[key] = string(value)
		}
		maps.Copy(out, s.StringData) // only of a cluster in memory: a server has made it data
		return out, nil
	})
}

// configMap is the data of a ConfigMap, nil where there is none of that name.
func (x *resolution) configMap(namespace, name string) (map[string]string, error) {
	return x.once("ConfigMap", namespace, name, func() (map[string]string, error) {
		c, err := x.client.CoreV1().ConfigMaps(namespace).Get(x.ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, err
		}
		return maps.Clone(c.Data), nil
	})
}

// once reads an object that several parameters may come from.
func (x *resolution) once(kind, namespace, name string, read func() (map[string]string, error)) (map[string]string, error) {
	id := kind + " " + namespace + "/" + name
	if data, ok := x.read[id]; ok {
		return data, nil
	}
	data, err := read()
	switch {
	case apierrors.IsNotFound(err):
		data = nil
	case err != nil:
		return nil, x.unreadable(err, kind, namespace, name)
	case data == nil:
		data = map[string]string{}
	}
	x.read[id] = data
	return data, nil
}

// unreadable is the error for an object that the API did not give. The API's
// own words are kept out of it where they are about permissions, which they say
// at length; they never hold what the object does.
func (x *resolution) unreadable(err error, kind, namespace, name string) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	object := kind + " " + kscope.Ref{Namespace: namespace, Name: name}.String()
	if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
		return &kscope.Trouble{
			Message: kscope.Clean("you may not read " + object + ", which says how to reach " + x.byHand("the server", "Redis")),
			Hint:    "get permission to get it" + x.byHand("", ", or "+useOverride),
		}
	}
	return &kscope.Trouble{Message: kscope.Clean(fmt.Sprintf("%s could not be read: %v", object, err))}
}

// useOverride is what helps where Redis cannot be reached as the trigger says.
const useOverride = "name the server with --redis and put its password into KSCOPE_REDIS_PASSWORD"

// byHand is one of two texts: for Redis, whose server can be named by a flag, and for all
// others.
func (x *resolution) byHand(others, redis string) string {
	if x.isRedis() {
		return redis
	}
	return others
}

// resource is that of a kind: known for the usual ones, discovered for others.
func (x *resolution) resource(apiVersion, kind string) (schema.GroupVersionResource, error) {
	gv, err := schema.ParseGroupVersion(apiVersion)
	if err != nil {
		return schema.GroupVersionResource{}, err
	}
	if gv.Group == "apps" && (kind == "Deployment" || kind == "StatefulSet") {
		return gv.WithResource(map[string]string{"Deployment": "deployments", "StatefulSet": "statefulsets"}[kind]), nil
	}
	served, err := x.client.Discovery().ServerResourcesForGroupVersion(apiVersion)
	if err != nil {
		return schema.GroupVersionResource{}, err
	}
	for _, r := range served.APIResources {
		if r.Kind == kind {
			return gv.WithResource(r.Name), nil
		}
	}
	return schema.GroupVersionResource{}, fmt.Errorf("the API has no kind %s in %s", kind, apiVersion)
}

// KEDANamespace is where KEDA runs, which is where it looks for the Secrets of
// ClusterTriggerAuthentications unless its operator was told otherwise, and from
// where it looks up the names of hosts. The
// registration of the metrics API tells; the usual name stands in where that
// may not be read.
func (r *Resolver) KEDANamespace(ctx context.Context) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keda != "" {
		return r.keda
	}
	u, err := r.dynamic.Resource(apiServices).Get(ctx, "v1beta1.external.metrics.k8s.io", metav1.GetOptions{})
	if err != nil {
		return usualKEDA
	}
	if ns := fields(u.Object).at("spec").at("service").raw("namespace"); ns != "" {
		r.keda = ns
		return ns
	}
	return usualKEDA
}
