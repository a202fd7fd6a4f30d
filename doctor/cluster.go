package doctor

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
)

// Facts are what the cluster says of itself. What could not be read has an error.
type Facts struct {
	At         time.Time // by the clock here
	Kubernetes string    // its version
	Err        error     // why the API server says nothing at all

	ScaledObjects Kind // the kinds of KEDA as they are served
	ScaledJobs    Kind

	External APIService // what serves external metrics
	Resource APIService // what serves cpu and memory

	Namespace string       // where KEDA runs, "" where that is not known
	Pods      []corev1.Pod // of KEDA
	PodsErr   error
	Lease     *coordinationv1.Lease // of KEDA's operator, nil for none
	LeaseErr  error

	Denied []Permission // that kscope uses and the user has not
	MayErr error        // why that cannot be told
}

// Kind is a kind of objects, and whether the API server serves it.
type Kind struct {
	Served bool
	Err    error
}

// APIService is who answers for a group of the API.
type APIService struct {
	Found              bool
	Namespace, Service string // "" for the API server itself
	Available          bool
	Reason, Message    string // of the condition Available
	Since              time.Time
	Err                error
}

// patience is how long each question may take.
const patience = 5 * time.Second

// Ask asks the cluster, about the objects in a namespace, "" for all. It asks for no
// metric, since that would have KEDA query its sources.
func Ask(ctx context.Context, typed kubernetes.Interface, dyn dynamic.Interface, namespace string, now time.Time) Facts {
	f := Facts{At: now}
	version, err := within(ctx, func(context.Context) (string, error) {
		v, err := typed.Discovery().ServerVersion()
		if err != nil {
			return "", err
		}
		return v.GitVersion, nil
	})
	if f.Kubernetes, f.Err = version, err; err != nil {
		return f
	}
	var all sync.WaitGroup
	all.Go(func() { f.ScaledObjects, f.ScaledJobs = kinds(ctx, typed) })
	all.Go(func() { f.Resource = service(ctx, dyn, "v1beta1.metrics.k8s.io") })
	all.Go(func() { f.Denied, f.MayErr = denied(ctx, typed, namespace) })
	all.Go(func() {
		f.External = service(ctx, dyn, "v1beta1.external.metrics.k8s.io")
		f.Namespace = f.External.Namespace
		if f.Namespace == "" {
			f.Namespace = "keda" // as its own installation has it
		}
		f.Pods, f.PodsErr = pods(ctx, typed, f.Namespace)
		f.Lease, f.LeaseErr = lease(ctx, typed, f.Namespace)
	})
	all.Wait()
	return f
}

// within asks one question, which may take so long, also where the library knows no
// context.
func within[T any](ctx context.Context, ask func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	type answer struct {
		v   T
		err error
	}
	c := make(chan answer, 1)
	go func() {
		v, err := ask(ctx)
		c <- answer{v, err}
	}()
	select {
	case a := <-c:
		return a.v, a.err
	case <-ctx.Done():
		var none T
		return none, errors.New("no answer within " + patience.String())
	}
}

// kinds is which of KEDA's kinds are served. Who may not read them may still see that.
func kinds(ctx context.Context, typed kubernetes.Interface) (objects, jobs Kind) {
	list, err := within(ctx, func(context.Context) (*metav1.APIResourceList, error) {
		return typed.Discovery().ServerResourcesForGroupVersion("keda.sh/v1alpha1")
	})
	if apierrors.IsNotFound(err) {
		return Kind{}, Kind{}
	}
	if err != nil {
		return Kind{Err: err}, Kind{Err: err}
	}
	for _, r := range list.APIResources {
		switch r.Name {
		case "scaledobjects":
			objects.Served = true
		case "scaledjobs":
			jobs.Served = true
		}
	}
	return objects, jobs
}

// service is who answers for a group and version of the API, by the APIService of it.
func service(ctx context.Context, dyn dynamic.Interface, name string) (s APIService) {
	which := schema.GroupVersionResource{Group: "apiregistration.k8s.io", Version: "v1", Resource: "apiservices"}
	u, err := within(ctx, func(ctx context.Context) (*unstructured.Unstructured, error) {
		return dyn.Resource(which).Get(ctx, name, metav1.GetOptions{})
	})
	if apierrors.IsNotFound(err) {
		return s
	}
	if err != nil {
		return APIService{Err: err}
	}
	s.Found = true
	s.Namespace, _, _ = unstructured.NestedString(u.Object, "spec", "service", "namespace")
	s.Service, _, _ = unstructured.NestedString(u.Object, "spec", "service", "name")
	conditions, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
	for _, c := range conditions {
		c, _ := c.(map[string]any)
		if c["type"] != "Available" {
			continue
		}
		s.Available = c["status"] == "True"
		s.Reason, _ = c["reason"].(string)
		s.Message, _ = c["message"].(string)
		text, _ := c["lastTransitionTime"].(string)
		s.Since, _ = time.Parse(time.RFC3339, text)
	}
	return s
}

// parts are the programs of KEDA, by the name of their Deployments and the label of
// their pods, as its installations have them.
var parts = []string{"keda-operator", "keda-operator-metrics-apiserver", "keda-admission-webhooks"}

// pods are those of KEDA.
func pods(ctx context.Context, typed kubernetes.Interface, namespace string) ([]corev1.Pod, error) {
	list, err := within(ctx, func(ctx context.Context) (*corev1.PodList, error) {
		return typed.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app in (" + strings.Join(append([]string{"keda-metrics-apiserver"}, parts...), ",") + ")"})
	})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// lease is that by which KEDA's operators agree on who works.
func lease(ctx context.Context, typed kubernetes.Interface, namespace string) (*coordinationv1.Lease, error) {
	l, err := within(ctx, func(ctx context.Context) (*coordinationv1.Lease, error) {
		return typed.CoordinationV1().Leases(namespace).Get(ctx, "operator.keda.sh", metav1.GetOptions{})
	})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return l, err
}
