package k8s

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/kscope/kscope"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// recorded reads an answer of a real API server.
func recorded[T any](t testing.TB, name string) *T {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	out := new(T)
	if err := json.Unmarshal(raw, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// equal compares in local time, which is what the decoder gives.
func equal(t *testing.T, got, want any) {
	t.Helper()
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("got (-) want (+):\n%s", d)
	}
}

func TestObservePodFailing(t *testing.T) {
	type facts struct {
		State           string
		Reason, Message string
		Restarts        int32
	}
	want := map[string]facts{
		"completed":      {"finished", "Completed", "", 0},
		"crash-loop":     {"failing", "Error", "worker: Error, exit code 3", 3},
		"image-missing":  {"failing", "ErrImageNeverPull", `worker: Container image "rig.test/nowhere:9" is not present with pull policy of Never`, 0},
		"init-stuck":     {"starting", "PodInitializing", "init container wait-for-redis (1 of 1) is running", 0},
		"no-configmap":   {"failing", "CreateContainerConfigError", `worker: configmap "missing" not found`, 0},
		"not-ready":      {"starting", "ContainersNotReady", "containers with unready status: [worker]", 0},
		"oom":            {"failing", "OOMKilled", "worker: OOMKilled, exit code 137", 3},
		"two-containers": {"ready", "", "", 0},
		"unschedulable":  {"failing", "Unschedulable", "0/4 nodes are available: 1 Insufficient cpu, 3 node(s) didn't match Pod's node affinity/selector. no new claims to deallocate, preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.", 0},
	}
	got := map[string]facts{}
	for _, p := range recorded[corev1.PodList](t, "pods-failing.json").Items {
		o := observePod(&p)
		got[o.Ref.Name] = facts{o.State().String(), o.Reason, o.Message, o.Restarts}
	}
	equal(t, got, want)
}

func TestObservePod(t *testing.T) {
	p := recorded[corev1.PodList](t, "pods-terminating.json").Items[0]
	got := observePod(&p)
	want := kscope.Pod{
		Ref:        kscope.Ref{Namespace: "shop", Name: got.Ref.Name},
		UID:        string(p.UID),
		Labels:     map[string]string{"app": "order-worker", "pod-template-hash": "58cfddfd4c"},
		OwnerUID:   "52f68f9a-cfa8-42cd-bcbf-9496ee871aa3",
		Node:       p.Spec.NodeName,
		Created:    p.CreationTimestamp.Time,
		Started:    p.Status.StartTime.Time,
		ReadySince: got.ReadySince,
		Deleted:    at(t, "2026-11-23T15:49:37Z").Local(),
		Phase:      "Running",
		Ready:      true,
		Scheduled:  true,
	}
	equal(t, got, want)
	if got.State() != kscope.PodTerminating || got.ReadySince.IsZero() || got.Node == "" {
		t.Errorf("got %+v", got)
	}
	states := map[string]int{}
	for _, p := range recorded[corev1.PodList](t, "pods-scaling-up.json").Items {
		states[observePod(&p).State().String()]++
	}
	equal(t, states, map[string]int{"ready": 1, "starting": 4})
}

func TestObservePodReason(t *testing.T) {
	waiting := func(reason, message string) corev1.ContainerState {
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
	}
	ended := func(reason string, code int32) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: reason, ExitCode: code}}
	}
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	always := corev1.ContainerRestartPolicyAlways
	yes := true
	for name, test := range map[string]struct {
		pod             corev1.Pod
		reason, message string
	}{
		"nothing known": {corev1.Pod{}, "", ""},
		"evicted": {corev1.Pod{Status: corev1.PodStatus{Phase: "Failed", Reason: "Evicted", Message: "node was low on memory"}},
			"Evicted", "node was low on memory"},
		"crash loop after running out of memory": {corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{
			{Name: "a", State: running},
			{Name: "b", State: waiting("CrashLoopBackOff", "back-off 10s"), LastTerminationState: ended("OOMKilled", 137)}}}},
			"CrashLoopBackOff", "b: OOMKilled, exit code 137: back-off 10s"},
		"being created": {corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "a", State: waiting("ContainerCreating", "")}}}},
			"ContainerCreating", ""},
		"a container that fails before one that is being created": {corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{
			{Name: "a", State: waiting("ContainerCreating", "")}, {Name: "b", State: ended("", 1)}}}},
			"Error", "b: , exit code 1"},
		"init fails": {corev1.Pod{Status: corev1.PodStatus{
			InitContainerStatuses: []corev1.ContainerStatus{{Name: "x", State: ended("Completed", 0)}, {Name: "y", State: waiting("ImagePullBackOff", "no such image")}},
			ContainerStatuses:     []corev1.ContainerStatus{{Name: "a", State: waiting("PodInitializing", "")}}}},
			"ImagePullBackOff", "init container y: no such image"},
		"beside a sidecar": {corev1.Pod{
			Spec: corev1.PodSpec{InitContainers: []corev1.Container{{Name: "x", RestartPolicy: &always}}},
			Status: corev1.PodStatus{
				InitContainerStatuses: []corev1.ContainerStatus{{Name: "x", State: running, Started: &yes}},
				ContainerStatuses:     []corev1.ContainerStatus{{Name: "a", State: waiting("ErrImagePull", "denied")}}}},
			"ErrImagePull", "a: denied"},
		"gated": {corev1.Pod{Status: corev1.PodStatus{Conditions: []corev1.PodCondition{
			{Type: corev1.PodScheduled, Status: "False", Reason: "SchedulingGated", Message: "Scheduling is blocked due to non-empty scheduling gates"}}}},
			"SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates"},
		"hostile words": {corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{Name: "a", State: waiting("Bad\x1b[2J", "x\x1b]0;y\a\nz")}}}},
			"Bad", "a: x z"},
	} {
		t.Run(name, func(t *testing.T) {
			got := observePod(&test.pod)
			if got.Reason != test.reason || got.Message != test.message {
				t.Errorf("got %q, %q, want %q, %q", got.Reason, got.Message, test.reason, test.message)
			}
		})
	}
}

func TestObserveHPA(t *testing.T) {
	got := observeHPA(recorded[autoscalingv2.HorizontalPodAutoscaler](t, "hpa-scaling-up.json"))
	sixty := 60.0
	conditions := got.Conditions
	got.Conditions = nil
	equal(t, got, kscope.HPA{
		Ref:             kscope.Ref{Namespace: "shop", Name: "keda-hpa-order-worker"},
		UID:             "91db1884-25c2-40f0-9ad1-0362a09ad3c9",
		OwnerUID:        "3722412d-afcf-474c-8a99-638ed96fadf9",
		ScaleTarget:     kscope.TargetRef{APIVersion: "apps/v1", Kind: "Deployment", Name: "order-worker"},
		MinReplicas:     1,
		MaxReplicas:     10,
		HasBehavior:     true,
		ScaleDownWindow: 30 * time.Second,
		ScaleUp: []kscope.ScalingPolicy{
			{Type: "Pods", Value: 4, Period: 15 * time.Second}, {Type: "Percent", Value: 100, Period: 15 * time.Second}},
		ScaleDown:       []kscope.ScalingPolicy{{Type: "Percent", Value: 100, Period: 15 * time.Second}},
		ScaleUpSelect:   "Max",
		ScaleDownSelect: "Max",
		Metrics: []kscope.Metric{
			{Type: "External", Name: "s0-redis-orders", TargetType: "AverageValue", Target: 5, Current: &sixty}},
		CurrentReplicas:  1,
		DesiredReplicas:  5,
		LastScaleTime:    at(t, "2026-11-23T15:48:19Z").Local(),
		StatusEverSynced: true,
	})
	limited := conditions.Get("ScalingLimited")
	equal(t, limited, kscope.Condition{Type: "ScalingLimited", Status: "True", Reason: "ScaleUpLimit",
		Message: "the desired replica count is increasing faster than the maximum scale rate", Since: at(t, "2026-11-23T15:48:19Z").Local()})
}

func TestObserveHPACases(t *testing.T) {
	idle := observeHPA(recorded[autoscalingv2.HorizontalPodAutoscaler](t, "hpa-idle.json"))
	if idle.Metrics[0].Current != nil || idle.Conditions.Get("ScalingActive").Reason != "ScalingDisabled" || idle.CurrentReplicas != 0 {
		t.Errorf("idle: got %+v", idle)
	}
	bad := observeHPA(recorded[autoscalingv2.HorizontalPodAutoscaler](t, "hpa-went-bad.json")) // currentMetrics: [{"type":""}]
	if bad.Metrics[0].Current != nil || bad.Conditions.Get("ScalingActive").Reason != "FailedGetExternalMetric" {
		t.Errorf("went bad: got %+v", bad)
	}
	multi := observeHPA(recorded[autoscalingv2.HorizontalPodAutoscaler](t, "hpa-multi.json"))
	if len(multi.Metrics) != 2 || *multi.Metrics[0].Current != 0 || *multi.Metrics[1].Current != 1 {
		t.Errorf("multi: got %+v", multi.Metrics)
	}
}

func TestObserveHPAWritten(t *testing.T) {
	read := func(text string) kscope.HPA {
		t.Helper()
		h := &autoscalingv2.HorizontalPodAutoscaler{}
		if err := json.Unmarshal([]byte(text), h); err != nil {
			t.Fatal(err)
		}
		return observeHPA(h)
	}
	bare := read(`{"spec":{"maxReplicas":3}}`)
	if bare.MinReplicas != 1 || bare.HasBehavior || bare.ScaleUpWindow != 0 || bare.ScaleDownWindow != 300*time.Second || bare.StatusEverSynced || bare.ScaleUp != nil {
		t.Errorf("without behavior: got %+v", bare)
	}
	oneWay := read(`{"spec":{"behavior":{"scaleDown":{"selectPolicy":"Disabled"}}}}`)
	if oneWay.ScaleDownSelect != "Disabled" || oneWay.ScaleUpSelect != "Max" || len(oneWay.ScaleUp) != 2 || oneWay.ScaleDownWindow != 300*time.Second {
		t.Errorf("one-way pause: got %+v", oneWay)
	}
	metric := func(spec, status string) kscope.Metric {
		t.Helper()
		return read(`{"spec":{"metrics":[` + spec + `]},"status":{"currentMetrics":[` + status + `]}}`).Metrics[0]
	}
	external := `{"type":"External","external":{"metric":{"name":"m"},"target":{"type":"AverageValue","averageValue":"7500m"}}}`
	value := func(v float64) *float64 { return &v }
	for name, test := range map[string]struct {
		got  kscope.Metric
		want kscope.Metric
	}{
		"thousandths": {metric(external, `{"type":"External","external":{"metric":{"name":"m"},"current":{"averageValue":"28600m"}}}`),
			kscope.Metric{Type: "External", Name: "m", TargetType: "AverageValue", Target: 7.5, Current: value(28.6)}},
		"divided by no pods": {metric(external, `{"type":"External","external":{"metric":{"name":"m"},"current":{"averageValue":"-9223372036854775808m"}}}`),
			kscope.Metric{Type: "External", Name: "m", TargetType: "AverageValue", Target: 7.5}},
		"unreadable": {metric(external, `{"type":""}`),
			kscope.Metric{Type: "External", Name: "m", TargetType: "AverageValue", Target: 7.5}},
		"another": {metric(external, `{"type":"External","external":{"metric":{"name":"n"},"current":{"averageValue":"1"}}}`),
			kscope.Metric{Type: "External", Name: "m", TargetType: "AverageValue", Target: 7.5}},
		"value": {metric(`{"type":"External","external":{"metric":{"name":"m"},"target":{"type":"Value","value":"10"}}}`,
			`{"type":"External","external":{"metric":{"name":"m"},"current":{"value":"12"}}}`),
			kscope.Metric{Type: "External", Name: "m", TargetType: "Value", Target: 10, Current: value(12)}},
		"cpu": {metric(`{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":60}}}`,
			`{"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":71,"averageValue":"710m"}}}`),
			kscope.Metric{Type: "Resource", Name: "cpu", TargetType: "Utilization", Target: 60, Current: value(71)}},
		"of a container": {metric(`{"type":"ContainerResource","containerResource":{"name":"memory","container":"a","target":{"type":"AverageValue","averageValue":"1Mi"}}}`,
			`{"type":"ContainerResource","containerResource":{"name":"memory","container":"b","current":{"averageValue":"1"}}},
			 {"type":"ContainerResource","containerResource":{"name":"memory","container":"a","current":{"averageValue":"2Mi"}}}`),
			kscope.Metric{Type: "ContainerResource", Name: "memory", TargetType: "AverageValue", Target: 1 << 20, Current: value(2 << 20)}},
		"nothing in it": {metric(`{"type":"Later"}`, `{"type":"Later"}`), kscope.Metric{Type: "Later"}},
	} {
		t.Run(name, func(t *testing.T) { equal(t, test.got, test.want) })
	}
}

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
	f, err := os.Open(filepath.Join("testdata", "deployment-watch.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	type facts struct {
		Desired int32
		SetBy   string
	}
	var got []facts
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var event struct{ Object *appsv1.Deployment }
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			t.Fatal(err)
		}
		w := observeDeployment(event.Object)
		got = append(got, facts{w.Desired, w.SetBy})
	}
	equal(t, got, []facts{{0, "kubectl-client-side-apply"}, {1, "keda-operator"}, {5, "kube-controller-manager"}, {0, ""}})

	owns := func(manager, subresource, fields string, when time.Time) metav1.ManagedFieldsEntry {
		e := metav1.ManagedFieldsEntry{Manager: manager, Subresource: subresource, FieldsV1: &metav1.FieldsV1{Raw: []byte(fields)}}
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

func TestObserveEvents(t *testing.T) {
	byReason := map[string]kscope.Event{}
	for _, e := range recorded[corev1.EventList](t, "events-fallback.json").Items {
		byReason[e.Reason] = observeCoreEvent(&e)
	}
	info := byReason["KEDAScalerInfo"]
	if !info.Last.Equal(at(t, "2026-11-23T15:59:19.256213Z")) || info.Count != 2 || info.Reporter != "keda-admission" {
		t.Errorf("newer event with a series: got %+v", info)
	}
	scaled := byReason["ScalingReplicaSet"]
	if !scaled.Last.Equal(at(t, "2026-11-23T15:59:49Z")) || scaled.Count != 1 || scaled.Reporter != "deployment-controller" || scaled.Regarding.Kind != "Deployment" {
		t.Errorf("older event: got %+v", scaled)
	}
	if on := byReason["ScaledObjectFallbackActivated"]; on.Note == "" || on.Type != "Normal" || on.Regarding.UID == "" || on.Namespace != "cases" {
		t.Errorf("got %+v", on)
	}
}

// Either API serves the same event: the translations agree.
func TestObserveEventBothShapes(t *testing.T) {
	when := metav1.NewTime(time.Unix(1000, 0))
	micro := func(s int64) metav1.MicroTime { return metav1.NewMicroTime(time.Unix(s, 0)) }
	meta := metav1.ObjectMeta{Namespace: "a", Name: "e", UID: "u", CreationTimestamp: when}
	about := corev1.ObjectReference{Kind: "ScaledObject", Namespace: "a", Name: "x", UID: "v"}
	note := strings.Repeat("n", 1500) + "\x1b[2J"
	for name, pair := range map[string][2]kscope.Event{
		"newer": {
			observeCoreEvent(&corev1.Event{ObjectMeta: meta, InvolvedObject: about, Message: note, Reason: "R", Type: "Warning", ReportingController: "keda-operator",
				EventTime: micro(1001), Series: &corev1.EventSeries{Count: 3, LastObservedTime: micro(1005)}}),
			observeEvent(&eventsv1.Event{ObjectMeta: meta, Regarding: about, Note: note, Reason: "R", Type: "Warning", ReportingController: "keda-operator",
				EventTime: micro(1001), Series: &eventsv1.EventSeries{Count: 3, LastObservedTime: micro(1005)}}),
		},
		"older": {
			observeCoreEvent(&corev1.Event{ObjectMeta: meta, InvolvedObject: about, Message: "m", Source: corev1.EventSource{Component: "hpa"}, Count: 7, LastTimestamp: metav1.NewTime(time.Unix(1009, 0))}),
			observeEvent(&eventsv1.Event{ObjectMeta: meta, Regarding: about, Note: "m", DeprecatedSource: corev1.EventSource{Component: "hpa"}, DeprecatedCount: 7, DeprecatedLastTimestamp: metav1.NewTime(time.Unix(1009, 0))}),
		},
		"no times": {
			observeCoreEvent(&corev1.Event{ObjectMeta: meta}), observeEvent(&eventsv1.Event{ObjectMeta: meta}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			equal(t, pair[0], pair[1])
			if len(pair[0].Note) > 1024 || pair[0].Last.Before(when.Time) || pair[0].Count < 1 {
				t.Errorf("got %+v", pair[0])
			}
		})
	}
}

func TestWantedEvent(t *testing.T) {
	for _, test := range []struct {
		kind, typ string
		want      bool
	}{
		{"ScaledObject", "Normal", true}, {"HorizontalPodAutoscaler", "Normal", true}, {"ReplicaSet", "Warning", true},
		{"ReplicaSet", "Normal", false}, {"Deployment", "Normal", false}, {"Pod", "Warning", false}, {"Ingress", "Warning", false},
	} {
		if got := wantedEvent(test.kind, test.typ); got != test.want {
			t.Errorf("%s of a %s: got %v", test.typ, test.kind, got)
		}
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
