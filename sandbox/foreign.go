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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
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

// elsewhere says what a document is that is for another program than kubectl, and how
// that makes manifests of it; "" of any other.
func (d document) elsewhere(gvk schema.GroupVersionKind) string {
	var keys map[string]json.RawMessage
	if json.Unmarshal(d.json, &keys) != nil {
		return ""
	}
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return keys[n] == nil })
	}
	base, dir := filepath.Base(d.file), filepath.Dir(d.file)
	typeless := !has("apiVersion") && !has("kind")
	is := ""
	switch {
	case gvk.Group == "kustomize.config.k8s.io", typeless && strings.HasPrefix(base, "kustomization."):
		is = fmt.Sprintf("this is for kustomize: kubectl kustomize %s | kscope sandbox -f -", dir)
	case strings.HasSuffix(gvk.Group, "kind.x-k8s.io"):
		is = "this is a configuration of kind, of which a cluster is made: kind create cluster --config " + d.file
	case base == "Chart.yaml" && has("name", "version") && !has("kind"):
		is = fmt.Sprintf("this is a Helm chart: helm template %s | kscope sandbox -f -", dir)
	case typeless && strings.HasPrefix(base, "values"):
		is = "these are values of a Helm chart: helm template CHART -f " + d.file + " | kscope sandbox -f -"
	case typeless && has("services"):
		is = "this is for docker compose, which knows no KEDA"
	case typeless && strings.HasPrefix(base, "."):
		is = "this is a configuration of another program"
	}
	if is == "" {
		return ""
	}
	return d.place() + ": " + is
}

// named is an object as title has it, without its kind.
func named(m metav1.Object) string {
	if m.GetNamespace() == "" {
		return m.GetName()
	}
	return m.GetNamespace() + "/" + m.GetName()
}
