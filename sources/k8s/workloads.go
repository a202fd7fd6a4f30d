package k8s

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

	"github.com/kscope/kscope"
)

func observeDeployment(d *appsv1.Deployment) kscope.Workload {
	out := workload("Deployment", &d.ObjectMeta, d.Spec.Replicas, d.Spec.Selector, &d.Spec.Template)
	out.Current = d.Status.Replicas
	out.Ready = &[]int32{d.Status.ReadyReplicas}[0]
	for _, c := range d.Status.Conditions {
		out.Conditions = append(out.Conditions, condition(string(c.Type), c.Status, c.Reason, c.Message, c.LastTransitionTime))
	}
	return out
}

func observeStatefulSet(s *appsv1.StatefulSet) kscope.Workload {
	out := workload("StatefulSet", &s.ObjectMeta, s.Spec.Replicas, s.Spec.Selector, &s.Spec.Template)
	out.Current = s.Status.Replicas
	out.Ready = &[]int32{s.Status.ReadyReplicas}[0]
	for _, c := range s.Status.Conditions {
		out.Conditions = append(out.Conditions, condition(string(c.Type), c.Status, c.Reason, c.Message, c.LastTransitionTime))
	}
	return out
}

// workload is what Deployments and StatefulSets have in common.
func workload(kind string, m *metav1.ObjectMeta, replicas *int32, selector *metav1.LabelSelector, template *corev1.PodTemplateSpec) kscope.Workload {
	out := kscope.Workload{
		Ref:        kscope.Ref{Namespace: kscope.Clean(m.Namespace), Name: kscope.Clean(m.Name)},
		Kind:       kind,
		APIVersion: "apps/v1",
		UID:        kscope.Clean(string(m.UID)),
		Desired:    1, // the API's default
		Selector:   observeSelector(selector),
	}
	if replicas != nil {
		out.Desired = *replicas
	}
	out.SetBy, out.SetAt = replicasSetBy(m.ManagedFields)
	if c := template.Spec.Containers; len(c) > 0 {
		out.Image = kscope.Clean(c[0].Image)
	}
	return out
}

func observeSelector(s *metav1.LabelSelector) kscope.Selector {
	if s == nil {
		return nil
	}
	var out kscope.Selector
	for _, key := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		out = append(out, kscope.Requirement{Key: kscope.Clean(key), Operator: kscope.In, Values: []string{kscope.Clean(s.MatchLabels[key])}})
	}
	for _, e := range s.MatchExpressions {
		out = append(out, kscope.Requirement{Key: kscope.Clean(e.Key), Operator: kscope.Operator(kscope.Clean(string(e.Operator))), Values: cleanAll(e.Values)})
	}
	return out
}

func cleanAll(texts []string) []string {
	out := slices.Clone(texts)
	for i, text := range out {
		out[i] = kscope.Clean(text)
	}
	return out
}

// parseSelector reads a selector in the form that /scale gives it; nil if it
// cannot be read.
func parseSelector(s string) kscope.Selector {
	parsed, err := labels.Parse(s)
	if err != nil {
		return nil
	}
	requirements, _ := parsed.Requirements()
	var out kscope.Selector
	for _, r := range requirements {
		q := kscope.Requirement{Key: kscope.Clean(r.Key()), Values: cleanAll(slices.Sorted(maps.Keys(r.Values())))}
		switch r.Operator() {
		case selection.In, selection.Equals, selection.DoubleEquals:
			q.Operator = kscope.In
		case selection.NotIn, selection.NotEquals:
			q.Operator = kscope.NotIn
		case selection.Exists:
			q.Operator, q.Values = kscope.Exists, nil
		case selection.DoesNotExist:
			q.Operator, q.Values = kscope.DoesNotExist, nil
		default:
			return nil
		}
		out = append(out, q)
	}
	return out
}

// replicasSetBy is the manager that owns spec.replicas, and when it wrote. The
// API server keeps no time for writes through /scale, which is how KEDA and the
// HPA write, no owner for a 0 written that way, and none for any such write
// after that: it only passes ownership on. Of several owners, whoever writes
// through /scale is the one that moves the number.
func replicasSetBy(managed []metav1.ManagedFieldsEntry) (by string, at time.Time) {
	for _, m := range managed {
		if m.FieldsV1 == nil {
			continue
		}
		raw := m.FieldsV1.GetRawBytes()
		if !bytes.Contains(raw, []byte(`"f:replicas"`)) { // most entries; parsing costs
			continue
		}
		var fields struct {
			Spec struct {
				Replicas json.RawMessage `json:"f:replicas"`
			} `json:"f:spec"`
		}
		if json.Unmarshal(raw, &fields) != nil || fields.Spec.Replicas == nil {
			continue
		}
		switch t := timeOf(m.Time); {
		case m.Subresource == "scale":
			return kscope.Clean(m.Manager), t
		case by == "" || t.After(at):
			by, at = kscope.Clean(m.Manager), t
		}
	}
	return by, at
}
