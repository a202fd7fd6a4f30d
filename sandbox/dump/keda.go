package dump

import (
	"encoding/json"
	"fmt"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Runs reports whether an object is a Job that KEDA has made and that has not ended.
func Runs(object []byte) bool {
	var j struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Status            struct {
			Conditions []struct {
				Type   string `json:"type"`
				Status string `json:"status"`
			} `json:"conditions"`
		} `json:"status"`
	}
	if json.Unmarshal(object, &j) != nil || j.Kind != "Job" || j.APIVersion != batchv1.SchemeGroupVersion.String() || Owner(&j.ObjectMeta) == "" {
		return false
	}
	for _, c := range j.Status.Conditions {
		if c.Status == "True" && (c.Type == string(batchv1.JobComplete) || c.Type == string(batchv1.JobFailed)) {
			return false
		}
	}
	return true
}

// Owner is the name of the object of KEDA's that has made an object; "" for none.
func Owner(m metav1.Object) string {
	for _, o := range m.GetOwnerReferences() {
		if strings.HasPrefix(o.APIVersion, "keda.sh/") {
			return o.Name
		}
	}
	return ""
}

// Waiting is how much work KEDA and the HPA of a ScaledObject knew of, by the number of
// the trigger. A trigger that KEDA found without any since is not among them, nor one
// whose source failed: its value was made up.
func Waiting(so *unstructured.Unstructured, h *autoscalingv2.HorizontalPodAutoscaler) map[int]int64 {
	out := map[int]int64{}
	for _, m := range h.Status.CurrentMetrics {
		if m.External == nil {
			continue
		}
		name, at := m.External.Metric.Name, 0
		active, _, _ := unstructured.NestedBool(so.Object, "status", "triggersActivity", name, "isActive")
		health, _, _ := unstructured.NestedString(so.Object, "status", "health", name, "status")
		if _, err := fmt.Sscanf(name, "s%d-", &at); err != nil || !active || health == "Failing" {
			continue
		}
		milli := int64(0)
		switch v := m.External.Current; {
		case v.AverageValue != nil: // rounded up, for each of those that there were
			milli = v.AverageValue.MilliValue() * int64(h.Status.CurrentReplicas)
		case v.Value != nil:
			milli = v.Value.MilliValue()
		}
		if milli > 0 {
			out[at] = (milli + 500) / 1000
		}
	}
	return out
}
