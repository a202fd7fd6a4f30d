package compare

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The two that are to be told apart.
const (
	keda = "KEDA"
	hpa  = "HPA"
)

// near is how close to a step its event comes: most have times in whole
// seconds.
const near = 3 * time.Second

// owner is the field manager that owns a Deployment's spec.replicas. After
// KEDA's first step to zero there is none, whoever writes.
func owner(d *appsv1.Deployment) string {
	for _, m := range d.ManagedFields {
		if m.FieldsV1 == nil {
			continue
		}
		var fields struct {
			Spec struct {
				Replicas json.RawMessage `json:"f:replicas"`
			} `json:"f:spec"`
		}
		if json.Unmarshal(m.FieldsV1.GetRawBytes(), &fields) != nil || fields.Spec.Replicas == nil {
			continue
		}
		switch {
		case strings.HasPrefix(m.Manager, "keda"):
			return keda
		case m.Manager == "kube-controller-manager":
			return hpa
		default:
			return m.Manager
		}
	}
	return ""
}

// attribute finds out who told of each step.
func (p Place) attribute(ctx context.Context, began time.Time, traces map[string]Trace) error {
	events, err := p.Client.CoreV1().Events(p.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list events: %w", err)
	}
	for name, t := range traces {
		for i := 1; i < len(t); i++ {
			kedas := fmt.Sprintf("%s/%s from %d to %d", p.Namespace, name, t[i-1].Replicas, t[i].Replicas)
			hpas := fmt.Sprintf("New size: %d;", t[i].Replicas)
			when := began.Add(t[i].At)
			switch {
			case slices.ContainsFunc(events.Items, func(e corev1.Event) bool {
				return e.InvolvedObject.Name == name && strings.Contains(e.Message, kedas) && happened(e, when)
			}):
				t[i].By = keda
			case slices.ContainsFunc(events.Items, func(e corev1.Event) bool {
				o := e.InvolvedObject
				return (o.Name == "keda-hpa-"+name || o.Kind == "HorizontalPodAutoscaler" && o.Name == name) && strings.HasPrefix(e.Message, hpas) && happened(e, when)
			}):
				t[i].By = hpa
			}
		}
	}
	return nil
}

// happened reports whether an event is of that moment. Of more than two alike
// only the first and the last can be known.
func happened(e corev1.Event, at time.Time) bool {
	for _, t := range []time.Time{e.EventTime.Time, e.FirstTimestamp.Time, e.LastTimestamp.Time} {
		if t.Sub(at).Abs() < near {
			return true
		}
	}
	return false
}
