package k8s

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/kscope/kscope"
)

// backend is a port of a pod.
type backend struct {
	namespace, pod string
	port           uint16
}

func (b backend) String() string { return b.namespace + "/" + b.pod }

func (b backend) listensNot() string {
	return fmt.Sprintf("nothing listens on port %d in pod %s", b.port, b)
}

// hostName is what a host means in a cluster.
type hostName struct {
	pod, service string // pod only for a pod's own name below a headless Service
	namespace    string // "" where the name has none
	sure         bool   // it cannot be anything else: it has svc in the right place
}

// parseHost reads name, name.ns, name.ns.svc and name.ns.svc.DOMAIN with any
// domain, or none, and the same with a pod's name before.
func parseHost(host string) (hostName, bool) {
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	if slices.Contains(labels, "") {
		return hostName{}, false
	}
	switch svc := slices.Index(labels, "svc"); {
	case svc == 2:
		return hostName{service: labels[0], namespace: labels[1], sure: true}, true
	case svc == 3:
		return hostName{pod: labels[0], service: labels[1], namespace: labels[2], sure: true}, true
	case len(labels) == 1:
		return hostName{service: labels[0]}, true
	case len(labels) == 2:
		return hostName{service: labels[0], namespace: labels[1]}, true
	case len(labels) == 3:
		return hostName{pod: labels[0], service: labels[1], namespace: labels[2]}, true
	}
	return hostName{}, false
}

// perhapsInside reports whether a host could be one of the cluster's.
func perhapsInside(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return !ip.IsLoopback()
	}
	_, ok := parseHost(host)
	return ok && host != "localhost"
}

// behind finds the pods that a host and port lead to, at least one.
func (t *Tunnel) behind(ctx context.Context, host string, port uint16) ([]backend, error) {
	if net.ParseIP(host) != nil {
		return t.atAddress(ctx, host, port)
	}
	n, ok := parseHost(host)
	if !ok {
		return nil, errElsewhere
	}
	if n.namespace == "" {
		n.namespace = t.namespace(ctx)
	}
	pods, err := t.named(ctx, n, port)
	if err == nil {
		t.visit(n.namespace)
	}
	return pods, err
}

func (t *Tunnel) named(ctx context.Context, n hostName, port uint16) ([]backend, error) {
	if n.pod != "" {
		b := backend{n.namespace, n.pod, port}
		_, err := t.client.CoreV1().Pods(n.namespace).Get(ctx, n.pod, metav1.GetOptions{})
		if err != nil {
			return nil, n.unknown(err, "Pod "+b.String())
		}
		return []backend{b}, nil
	}
	s, err := t.client.CoreV1().Services(n.namespace).Get(ctx, n.service, metav1.GetOptions{})
	if err != nil {
		return nil, n.unknown(err, "Service "+n.namespace+"/"+n.service)
	}
	return t.ofService(ctx, s, port)
}

// unknown is the error for an object that a name seemed to mean.
func (n hostName) unknown(err error, what string) error {
	switch {
	case apierrors.IsNotFound(err) && n.namespace != "" && n.sure:
		return &kscope.Trouble{Message: "there is no " + what, Hint: "check the address", Cause: err}
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err) && !n.sure: // most likely a name of the outside world
		return errElsewhere
	case apierrors.IsForbidden(err):
		return &kscope.Trouble{Message: "you may not read " + what + ", through which Redis would be reached", Hint: "get permission to get services and list endpointslices, " + useOverride, Cause: err}
	}
	return &kscope.Trouble{Message: fmt.Sprintf("%s could not be read: %v", what, err), Cause: err}
}

// ofService finds the ready pods of a Service and which port of theirs is meant.
func (t *Tunnel) ofService(ctx context.Context, s *corev1.Service, port uint16) ([]backend, error) {
	name := s.Namespace + "/" + s.Name
	if s.Spec.Type == corev1.ServiceTypeExternalName {
		return nil, &kscope.Trouble{Message: "Service " + name + " stands for " + s.Spec.ExternalName + ", outside of the cluster", Hint: "name that with --redis"}
	}
	headless := s.Spec.ClusterIP == corev1.ClusterIPNone
	i := slices.IndexFunc(s.Spec.Ports, func(p corev1.ServicePort) bool { return p.Port == int32(port) })
	var at corev1.ServicePort
	switch {
	case i >= 0:
		at = s.Spec.Ports[i]
	case !headless:
		return nil, &kscope.Trouble{Message: fmt.Sprintf("Service %s has no port %d", name, port), Hint: "check the port of the address"}
	}
	list, err := t.client.DiscoveryV1().EndpointSlices(s.Namespace).List(ctx, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + s.Name})
	var found []backend
	switch {
	case err == nil:
		found = ofSlices(list.Items, at.Name, port, headless)
	case len(s.Spec.Selector) > 0 && (apierrors.IsForbidden(err) || apierrors.IsNotFound(err)):
		found, err = t.ofSelector(ctx, s, at, port, headless)
	}
	if err != nil {
		return nil, hostName{namespace: s.Namespace, sure: true}.unknown(err, "EndpointSlices of "+name)
	}
	if len(found) == 0 {
		return nil, &kscope.Trouble{Message: "no pod behind Service " + name + " is ready", Hint: "kubectl -n " + s.Namespace + " get pods shows why"}
	}
	return found, nil
}

// ofSlices takes the ready pods of EndpointSlices. They know the number of a
// named port; behind a headless Service the port is the pod's own.
func ofSlices(all []discoveryv1.EndpointSlice, portName string, port uint16, headless bool) (out []backend) {
	for _, slice := range all {
		number := port
		if !headless {
			i := slices.IndexFunc(slice.Ports, func(p discoveryv1.EndpointPort) bool {
				return p.Port != nil && (p.Name == nil && portName == "" || p.Name != nil && *p.Name == portName)
			})
			if i < 0 {
				continue
			}
			number = uint16(*slice.Ports[i].Port)
		}
		for _, e := range slice.Endpoints {
			ready := e.Conditions.Ready == nil || *e.Conditions.Ready
			if b := (backend{slice.Namespace, "", number}); ready && e.TargetRef != nil && e.TargetRef.Kind == "Pod" {
				b.pod = e.TargetRef.Name
				if !slices.Contains(out, b) { // one pod has an endpoint in each family of addresses
					out = append(out, b)
				}
			}
		}
	}
	return out
}

// ofSelector is for whoever may not read EndpointSlices.
func (t *Tunnel) ofSelector(ctx context.Context, s *corev1.Service, at corev1.ServicePort, port uint16, headless bool) (out []backend, err error) {
	pods, err := t.client.CoreV1().Pods(s.Namespace).List(ctx, metav1.ListOptions{LabelSelector: labels.SelectorFromSet(s.Spec.Selector).String()})
	if err != nil {
		return nil, err
	}
	for i := range pods.Items {
		p := &pods.Items[i]
		if !isReady(p) {
			continue
		}
		number := port
		if !headless {
			if number = targetPort(p, at); number == 0 {
				continue
			}
		}
		out = append(out, backend{p.Namespace, p.Name, number})
	}
	return out, nil
}

func isReady(p *corev1.Pod) bool {
	return p.DeletionTimestamp == nil && slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// targetPort is the pod's port behind a Service's; 0 where the pod has none of
// that name.
func targetPort(p *corev1.Pod, at corev1.ServicePort) uint16 {
	if at.TargetPort.Type == intstr.Int {
		if at.TargetPort.IntVal == 0 {
			return uint16(at.Port)
		}
		return uint16(at.TargetPort.IntVal)
	}
	for _, c := range p.Spec.Containers {
		for _, cp := range c.Ports {
			if cp.Name == at.TargetPort.StrVal {
				return uint16(cp.ContainerPort)
			}
		}
	}
	return 0
}

// atAddress finds the pod, or the Service, that has an IP address: sentinels
// and cluster nodes name each other by these. The namespaces that were of use
// before come first, because to look into all may not be allowed.
func (t *Tunnel) atAddress(ctx context.Context, ip string, port uint16) ([]backend, error) {
	t.mu.Lock()
	namespaces := append(slices.Clone(t.seen), metav1.NamespaceAll)
	t.mu.Unlock()
	for _, ns := range namespaces {
		pods, err := t.client.CoreV1().Pods(ns).List(ctx, metav1.ListOptions{FieldSelector: "status.podIP=" + ip})
		if err == nil {
			for i := range pods.Items {
				if p := &pods.Items[i]; p.Status.PodIP == ip && p.DeletionTimestamp == nil && !p.Spec.HostNetwork {
					return []backend{{p.Namespace, p.Name, port}}, nil
				}
			}
		}
		services, err := t.client.CoreV1().Services(ns).List(ctx, metav1.ListOptions{FieldSelector: "spec.clusterIP=" + ip})
		if err != nil {
			continue
		}
		for i := range services.Items {
			if s := &services.Items[i]; s.Spec.ClusterIP == ip {
				return t.ofService(ctx, s, port)
			}
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, errElsewhere
}

// visit notes a namespace that led somewhere.
func (t *Tunnel) visit(namespace string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slices.Contains(t.seen, namespace) {
		t.seen = append(t.seen, namespace)
	}
}

// sort puts pods that failed lately last, those that failed longest ago first.
func (t *Tunnel) sort(pods []backend) {
	t.mu.Lock()
	defer t.mu.Unlock()
	lately := func(b backend) int64 {
		at, ok := t.failed[b.String()]
		if !ok || time.Since(at) > avoidFor {
			return 0
		}
		return at.UnixNano()
	}
	slices.SortStableFunc(pods, func(a, b backend) int {
		x, y := lately(a), lately(b)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
}
