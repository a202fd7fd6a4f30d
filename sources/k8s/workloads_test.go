package k8s

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope"
)

func TestObserveDeployment(t *testing.T) {
	got := observeDeployment(recorded[appsv1.Deployment](t, "deployment-scaling-up.json"))
	one := int32(1)
	equal(t, got, kscope.Workload{
		Ref:        kscope.Ref{Namespace: "shop", Name: "order-worker"},
		Kind:       "Deployment",
		APIVersion: "apps/v1",
		UID:        "877ec825-f217-433a-98e6-f1a3fa32ba48",
		Desired:    5,
		Current:    5,
		Ready:      &one,
		Selector:   kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"order-worker"}}},
		Image:      "registry.example.test/order-worker:1.4.2",
		Conditions: kscope.Conditions{
			{Type: "Progressing", Status: "True", Reason: "NewReplicaSetAvailable", Message: `ReplicaSet "order-worker-58cfddfd4c" has successfully progressed.`, Since: at(t, "2026-11-23T15:48:02Z").Local()},
			{Type: "Available", Status: "False", Reason: "MinimumReplicasUnavailable", Message: "Deployment does not have minimum availability.", Since: at(t, "2026-11-23T15:48:17Z").Local()},
		},
	})
}

func TestObserveStatefulSet(t *testing.T) {
	s := &appsv1.StatefulSet{}
	s.Name = "db"
	s.Spec.Selector = &metav1.LabelSelector{
		MatchLabels:      map[string]string{"b": "2", "a": "1"},
		MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "c", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"x", "y"}}},
	}
	s.Status.Replicas, s.Status.ReadyReplicas = 3, 2
	got := observeStatefulSet(s)
	if got.Kind != "StatefulSet" || got.Desired != 1 || got.Current != 3 || *got.Ready != 2 {
		t.Errorf("got %+v", got)
	}
	equal(t, got.Selector, kscope.Selector{
		{Key: "a", Operator: kscope.In, Values: []string{"1"}},
		{Key: "b", Operator: kscope.In, Values: []string{"2"}},
		{Key: "c", Operator: kscope.NotIn, Values: []string{"x", "y"}},
	})
}

// The recorded story of one Deployment: applied, activated by KEDA, scaled by
// the HPA, and set to 0 by KEDA.
func TestReplicasSetBy(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "deployment-watch.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	type facts struct {
		Desired int32
		SetBy   string
	}
	var got []facts
	for line := range bytes.Lines(raw) {
		var event struct{ Object *appsv1.Deployment }
		if err := json.Unmarshal(line, &event); err != nil {
			t.Fatal(err)
		}
		w := observeDeployment(event.Object)
		got = append(got, facts{w.Desired, w.SetBy})
	}
	equal(t, got, []facts{{0, "kubectl-client-side-apply"}, {1, "keda-operator"}, {5, "kube-controller-manager"}, {0, ""}})

	owns := func(manager, subresource, fields string, when time.Time) metav1.ManagedFieldsEntry {
		e := metav1.ManagedFieldsEntry{Manager: manager, Subresource: subresource, FieldsV1: metav1.NewFieldsV1(fields)}
		if !when.IsZero() {
			e.Time = &metav1.Time{Time: when}
		}
		return e
	}
	const replicas = `{"f:spec":{"f:replicas":{}}}`
	now := time.Unix(1000, 0)
	by, when := replicasSetBy([]metav1.ManagedFieldsEntry{
		owns("controller", "status", `{"f:status":{"f:replicas":{}}}`, now.Add(time.Hour)),
		owns("first", "", replicas, now), owns("second", "", replicas, now.Add(time.Second)), owns("broken", "", `{"f:replicas"`, now.Add(time.Minute)), {},
	})
	if by != "second" || !when.Equal(now.Add(time.Second)) {
		t.Errorf("newest of two: got %s at %v", by, when)
	}
	if by, _ = replicasSetBy([]metav1.ManagedFieldsEntry{owns("scaler", "scale", replicas, time.Time{}), owns("applier", "", replicas, now)}); by != "scaler" {
		t.Errorf("a writer through /scale and an owner: got %s", by)
	}
}

func TestObserveScale(t *testing.T) {
	scale := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"uid": "u"},
		"spec":     map[string]any{"replicas": int64(4)},
		"status":   map[string]any{"replicas": int64(3), "selector": "app=x,tier in (a,b),!legacy,env!=dev,on"},
	}}
	equal(t, observeScale(kscope.Workload{Kind: "Rollout"}, scale), kscope.Workload{
		Kind: "Rollout", UID: "u", Desired: 4, Current: 3,
		Selector: kscope.Selector{
			{Key: "app", Operator: kscope.In, Values: []string{"x"}},
			{Key: "env", Operator: kscope.NotIn, Values: []string{"dev"}},
			{Key: "legacy", Operator: kscope.DoesNotExist},
			{Key: "on", Operator: kscope.Exists},
			{Key: "tier", Operator: kscope.In, Values: []string{"a", "b"}},
		},
	})
	if got := parseSelector("a in"); got != nil {
		t.Errorf("a selector that cannot be read: got %v", got)
	}
}
