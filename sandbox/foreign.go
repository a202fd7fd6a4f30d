package sandbox

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/notes"
)

// olderHPA is the version of HPAs that goes by cpu alone, which every API server takes.
var olderHPA = autoscalingv1.SchemeGroupVersion.WithKind("HorizontalPodAutoscaler")

func (d document) olderHPA() (runtime.Object, error) {
	return d.strictly(&autoscalingv1.HorizontalPodAutoscaler{}, olderHPA.Kind)
}

// newerHPA is an HPA as the API server shows it in the newer version.
func newerHPA(old *autoscalingv1.HorizontalPodAutoscaler) *autoscalingv2.HorizontalPodAutoscaler {
	out := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: old.ObjectMeta}
	out.SetGroupVersionKind(autoscalingv2.SchemeGroupVersion.WithKind(olderHPA.Kind))
	out.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference(old.Spec.ScaleTargetRef)
	out.Spec.MinReplicas, out.Spec.MaxReplicas = old.Spec.MinReplicas, old.Spec.MaxReplicas
	if share := old.Spec.TargetCPUUtilizationPercentage; share != nil { // without any, 80 % is the default of both
		out.Spec.Metrics = []autoscalingv2.MetricSpec{{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
			Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: share},
		}}}
	}
	return out
}

// elsewhere notes what a document is that is for another program than kubectl, and how
// that makes manifests of it; nothing of any other.
func (d document) elsewhere(gvk schema.GroupVersionKind) notes.Note {
	var keys map[string]json.RawMessage
	if json.Unmarshal(d.json, &keys) != nil {
		return notes.Note{}
	}
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return keys[n] == nil })
	}
	base, dir := filepath.Base(d.file), filepath.Dir(d.file)
	typeless := !has("apiVersion") && !has("kind")
	is, next := "", ""
	switch {
	case gvk.Group == "kustomize.config.k8s.io", typeless && strings.HasPrefix(base, "kustomization."):
		is, next = "this is for kustomize", fmt.Sprintf("kubectl kustomize %s | kscope sandbox -f -", dir)
	case strings.HasSuffix(gvk.Group, "kind.x-k8s.io"):
		is, next = "this is a configuration of kind, of which a cluster is made", "kind create cluster --config "+d.file
	case base == "Chart.yaml" && has("name", "version") && !has("kind"):
		is, next = "this is a Helm chart", fmt.Sprintf("helm template %s | kscope sandbox -f -", dir)
	case typeless && strings.HasPrefix(base, "values"):
		is, next = "these are values of a Helm chart", "helm template CHART -f "+d.file+" | kscope sandbox -f -"
	case typeless && has("services"):
		is = "this is for docker compose, which knows no KEDA"
	case typeless && strings.HasPrefix(base, "."):
		is = "this is a configuration of another program"
	}
	return d.unplayed(is, next)
}

// unplayed notes that nothing comes of a document, or of an object in it.
func (d document) unplayed(says, next string, objects ...kscope.ObjectRef) notes.Note {
	return notes.Note{Weight: notes.Unplayed, Objects: objects, Place: d.place(), Says: says, Next: next}
}
