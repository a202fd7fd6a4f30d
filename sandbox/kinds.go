package sandbox

import (
	"fmt"
	"reflect"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// kind is a kind of object that the sandbox serves.
type kind struct {
	gvr        schema.GroupVersionResource
	name       string // as in "kind:"
	namespaced bool
	example    runtime.Object // of the type that is kept
}

func (k kind) resource() string                    { return k.gvr.Resource }
func (k kind) groupResource() schema.GroupResource { return k.gvr.GroupResource() }
func (k kind) gvk() schema.GroupVersionKind        { return k.gvr.GroupVersion().WithKind(k.name) }

const (
	kedaGroup   = "keda.sh"
	kedaVersion = kedaGroup + "/v1alpha1"
)

// kinds are all that is served. Events are kept in the form of the core API and
// shown in either. No two have the same resource name.
var kinds = []kind{
	{corev1.SchemeGroupVersion.WithResource("namespaces"), "Namespace", false, &corev1.Namespace{}},
	{corev1.SchemeGroupVersion.WithResource("configmaps"), "ConfigMap", true, &corev1.ConfigMap{}},
	{corev1.SchemeGroupVersion.WithResource("secrets"), "Secret", true, &corev1.Secret{}},
	{corev1.SchemeGroupVersion.WithResource("services"), "Service", true, &corev1.Service{}},
	{corev1.SchemeGroupVersion.WithResource("pods"), "Pod", true, &corev1.Pod{}},
	{corev1.SchemeGroupVersion.WithResource("events"), "Event", true, &corev1.Event{}},
	{appsv1.SchemeGroupVersion.WithResource("deployments"), "Deployment", true, &appsv1.Deployment{}},
	{appsv1.SchemeGroupVersion.WithResource("statefulsets"), "StatefulSet", true, &appsv1.StatefulSet{}},
	{appsv1.SchemeGroupVersion.WithResource("replicasets"), "ReplicaSet", true, &appsv1.ReplicaSet{}},
	{autoscalingv2.SchemeGroupVersion.WithResource("horizontalpodautoscalers"), "HorizontalPodAutoscaler", true, &autoscalingv2.HorizontalPodAutoscaler{}},
	{batchv1.SchemeGroupVersion.WithResource("jobs"), "Job", true, &batchv1.Job{}},
	kedaKind("scaledobjects", "ScaledObject", true),
	kedaKind("scaledjobs", "ScaledJob", true),
	kedaKind("triggerauthentications", "TriggerAuthentication", true),
	kedaKind("clustertriggerauthentications", "ClusterTriggerAuthentication", false),
}

func kedaKind(resource, name string, namespaced bool) kind {
	return kind{schema.GroupVersionResource{Group: kedaGroup, Version: "v1alpha1", Resource: resource}, name, namespaced, &unstructured.Unstructured{}}
}

// newerEvents is the second API through which events are seen.
var newerEvents = eventsv1.SchemeGroupVersion.WithResource("events")

// canonical gives an object in the form in which it is kept, and its resource.
func canonical(obj runtime.Object) (runtime.Object, string, error) {
	switch o := obj.(type) {
	case *eventsv1.Event:
		return coreEvent(o), "events", nil
	case *unstructured.Unstructured:
		for _, k := range kinds {
			if k.gvk() == o.GroupVersionKind() {
				return o, k.resource(), nil
			}
		}
	default:
		for _, k := range kinds {
			if reflect.TypeOf(k.example) == reflect.TypeOf(obj) {
				return obj, k.resource(), nil
			}
		}
	}
	return nil, "", fmt.Errorf("the sandbox does not serve objects of type %T (%v)", obj, obj.GetObjectKind().GroupVersionKind())
}

// fieldsOf are the fields of an object that a selector may name.
func fieldsOf(m metav1.Object, obj runtime.Object) fields.Set {
	set := fields.Set{"metadata.name": m.GetName(), "metadata.namespace": m.GetNamespace()}
	switch o := obj.(type) {
	case *corev1.Pod:
		set["spec.nodeName"], set["status.phase"] = o.Spec.NodeName, string(o.Status.Phase)
	case *corev1.Event:
		set["type"], set["reason"] = o.Type, o.Reason
		for _, name := range []string{"involvedObject.", "regarding."} { // of the older and the newer API
			set[name+"kind"], set[name+"name"] = o.InvolvedObject.Kind, o.InvolvedObject.Name
			set[name+"namespace"], set[name+"uid"] = o.InvolvedObject.Namespace, string(o.InvolvedObject.UID)
		}
	}
	return set
}

// coreEvent is an event of events.k8s.io as the core API shows it.
func coreEvent(e *eventsv1.Event) *corev1.Event {
	out := &corev1.Event{
		ObjectMeta:     e.ObjectMeta,
		InvolvedObject: e.Regarding,
		Related:        e.Related,
		Reason:         e.Reason, Message: e.Note, Type: e.Type, Action: e.Action,
		Source:         e.DeprecatedSource,
		FirstTimestamp: e.DeprecatedFirstTimestamp, LastTimestamp: e.DeprecatedLastTimestamp, Count: e.DeprecatedCount,
		EventTime:           e.EventTime,
		ReportingController: e.ReportingController, ReportingInstance: e.ReportingInstance,
	}
	if s := e.Series; s != nil {
		out.Series = &corev1.EventSeries{Count: s.Count, LastObservedTime: s.LastObservedTime}
	}
	return out
}

// newerEvent is an event of the core API as events.k8s.io shows it.
func newerEvent(e *corev1.Event) *eventsv1.Event {
	out := &eventsv1.Event{
		ObjectMeta: e.ObjectMeta,
		Regarding:  e.InvolvedObject,
		Related:    e.Related,
		Reason:     e.Reason, Note: e.Message, Type: e.Type, Action: e.Action,
		DeprecatedSource:         e.Source,
		DeprecatedFirstTimestamp: e.FirstTimestamp, DeprecatedLastTimestamp: e.LastTimestamp, DeprecatedCount: e.Count,
		EventTime:           e.EventTime,
		ReportingController: e.ReportingController, ReportingInstance: e.ReportingInstance,
	}
	if s := e.Series; s != nil {
		out.Series = &eventsv1.EventSeries{Count: s.Count, LastObservedTime: s.LastObservedTime}
	}
	return out
}

// scalers are the kinds that have to do with it, which in another group are misspelt.
var scalers = []string{
	"Deployment", "StatefulSet", "HorizontalPodAutoscaler", "ScaledObject", "ScaledJob", "TriggerAuthentication", "ClusterTriggerAuthentication",
}

// played are the kinds that the world takes.
var played = append([]string{"Namespace", "ConfigMap", "Secret", "Service"}, scalers...)

// quiet are the built-in kinds without which everything in the sandbox is the
// same, so that leaving them out is worth one word for all of them.
var quiet = []string{
	"ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "NetworkPolicy", "PodDisruptionBudget",
	"PersistentVolume", "PersistentVolumeClaim", "StorageClass", "PriorityClass", "LimitRange", "Ingress", "IngressClass", "EndpointSlice", "Endpoints",
}

// preferred is the version in which the sandbox wants a kind.
func preferred(gk schema.GroupKind) string {
	for _, k := range kinds {
		if k.gvk().GroupKind() == gk {
			return k.gvr.GroupVersion().String()
		}
	}
	return scheme.Scheme.PrioritizedVersionsForGroup(gk.Group)[0].String()
}
