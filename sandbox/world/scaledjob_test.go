package world

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
)

// TestJobRules: a share that is no number turns the custom strategy into the
// default one, as with KEDA.
func TestJobRules(t *testing.T) {
	spec := func(share string) *scaledJobSpec {
		s := &scaledJobSpec{}
		s.ScalingStrategy.Strategy, s.ScalingStrategy.RunningJobPercentage = "custom", share
		return s
	}
	if got, want := spec("0.5").rules(), (scaling.Jobs{Max: 100, Strategy: "custom", Share: 0.5}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := spec("").rules(), (scaling.Jobs{Max: 100, Strategy: "default"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func scaledJobObject(spec map[string]any) *unstructured.Unstructured {
	spec["jobTargetRef"] = map[string]any{"template": map[string]any{"spec": map[string]any{
		"restartPolicy": "Never", "containers": []any{map[string]any{"name": "job", "image": "job:1"}},
	}}}
	spec["triggers"] = []any{listTrigger("orders", "1")}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledJob",
		"metadata": map[string]any{"namespace": "shop", "name": "sj"}, "spec": spec,
	}}
}

// TestScaledJob is a batch of eight with room for six.
func TestScaledJob(t *testing.T) {
	w, l := play(t, Options{StartTime: time.Second, ServiceTime: 7 * time.Second},
		scaledJobObject(map[string]any{"pollingInterval": int64(5), "maxReplicaCount": int64(6), "successfulJobsHistoryLimit": int64(3)}))
	run(w, 2*time.Second)
	sj := w.jobs[kscope.Ref{Namespace: "shop", Name: "sj"}]
	if got := sj.conditions.get("Active"); got.reason != "ScalerNotActive" || sj.conditions.get("Ready").reason != "ScaledJobReady" {
		t.Errorf("idle: %+v", sj.conditions)
	}
	l.push(orders, 8)
	changes := run(w, 5*time.Second)
	got := notes(changes)
	if running, _ := sj.count(); running != 6 || !slices.Contains(got, "KEDAJobsCreated: Created 6 jobs") || !slices.Contains(got, "ScaledJobActive: "+activeMessage) {
		t.Errorf("%d jobs, events %q", running, got)
	}
	run(w, time.Minute)
	if running, _ := sj.count(); running != 0 || l.n[orders] != 0 || len(sj.jobs) != 3 {
		t.Errorf("%d run, %d kept, %d left in the queue", running, len(sj.jobs), l.n[orders])
	}
	last := sj.jobs[2]
	if s := last.obj.Status; s.Succeeded != 1 || s.CompletionTime == nil || s.Conditions[1].Type != batchv1.JobComplete || last.pod.obj.Status.Phase != corev1.PodSucceeded {
		t.Errorf("got %+v", s)
	}
	if got := sj.conditions.get("Active"); got.reason != "ScalerNotActive" {
		t.Errorf("after: %+v", got)
	}
	ref := kscope.Ref{Namespace: "shop", Name: "sj"}
	if err := w.Annotate(ref, paused, "true"); err != nil {
		t.Fatal(err)
	}
	l.push(orders, 1)
	run(w, 20*time.Second)
	if running, _ := sj.count(); running != 0 || sj.conditions.get("Paused").reason != "ScaledJobPaused" {
		t.Errorf("paused: %d jobs, %+v", running, sj.conditions.get("Paused"))
	}
	if err := w.Annotate(ref, paused, ""); err != nil {
		t.Fatal(err)
	}
	run(w, 3*time.Second)
	if running, _ := sj.count(); running != 1 {
		t.Errorf("unpaused: %d jobs", running)
	}
	l.err = errRefused
	run(w, 6*time.Second)
	if got := sj.conditions.get("Ready"); got.reason != "TriggerError" {
		t.Errorf("redis lost: %+v", got)
	}
	if err := w.Delete(sj.u); err != nil {
		t.Fatal(err)
	}
	run(w, time.Minute)
	if len(w.jobs) != 0 || w.nodes[0]+w.nodes[1]+w.nodes[2] != 0 {
		t.Errorf("something is left: %v", w.nodes)
	}
}

// Jobs whose pods fail are tried again until the back-off limit.
func TestScaledJobFails(t *testing.T) {
	w, l := play(t, Options{StartTime: time.Second}, scaledJobObject(map[string]any{"pollingInterval": int64(5), "maxReplicaCount": int64(1)}))
	w.Break(Breakage{CrashPods, kscope.Ref{Namespace: "shop", Name: "sj"}})
	l.push(orders, 1)
	run(w, 20*time.Minute)
	sj := w.jobs[kscope.Ref{Namespace: "shop", Name: "sj"}]
	if j := sj.jobs[0]; !j.failed || j.obj.Status.Failed != 7 || j.obj.Status.Conditions[1].Reason != "BackoffLimitExceeded" {
		t.Errorf("got %+v", j.obj.Status)
	}
	if got := NotModelled(sj.u); got != nil {
		t.Errorf("not modelled: %v", got)
	}
	if got := fmt.Sprint(NotModelled(object(map[string]any{"triggers": []any{map[string]any{"type": "cpu", "metadata": map[string]any{}}}}))); !strings.Contains(got, "a pod at work") {
		t.Errorf("cpu: %q", got)
	}
}
