package world

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/brokers"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/triggers/params"
)

// words are a ScaledObject's conditions as "Ready/False/Reason".
func words(so *scaledObject) []string {
	var out []string
	for _, c := range so.conditions {
		out = append(out, c.typ+"/"+c.status+"/"+c.reason)
	}
	return out
}

// notes are the events about KEDA's objects among changes, as "Reason: note".
func notes(changes []Change) []string {
	var out []string
	for _, c := range changes {
		if e, ok := c.Object.(*eventsv1.Event); ok && c.Verb != Deleted && strings.HasPrefix(e.Regarding.Kind, "Scaled") {
			out = append(out, e.Reason+": "+e.Note)
		}
	}
	return out
}

// TestVerdicts is what KEDA says to definitions that are wrong.
func TestVerdicts(t *testing.T) {
	const counts = "ScaledObject doesn't have correct Idle/Min/Max Replica Counts specification: "
	const triggers = "ScaledObject doesn't have correct triggers specification: "
	const hpa = "failed to ensure HPA is correctly created for ScaledObject: "
	trigger := func(typ string, metadata map[string]any, more ...any) map[string]any {
		out := map[string]any{"type": typ, "metadata": metadata}
		for i := 0; i < len(more); i += 2 {
			out[more[i].(string)] = more[i+1]
		}
		return out
	}
	list := func(triggers ...any) map[string]any { return map[string]any{"triggers": triggers} }
	modified := func(m map[string]any) map[string]any {
		spec := list(trigger("redis", map[string]any{"address": "a:1", "listName": "x"}, "name", "orders"))
		spec["advanced"] = map[string]any{"scalingModifiers": m}
		return spec
	}
	for _, c := range []struct {
		name string
		spec map[string]any
		want string
	}{
		{"no target", map[string]any{"scaleTargetRef": map[string]any{"name": "nowhere"}},
			`ScaledObject doesn't have correct scaleTargetRef specification: deployments.apps "nowhere" not found`},
		{"no such kind", map[string]any{"scaleTargetRef": map[string]any{"name": "worker", "kind": "Rollout", "apiVersion": "argoproj.io/v1alpha1"}},
			`ScaledObject doesn't have correct scaleTargetRef specification: no matches for kind "Rollout" in version "argoproj.io/v1alpha1"`},
		{"bounds", map[string]any{"minReplicaCount": int64(5), "maxReplicaCount": int64(3)}, counts + "MinReplicaCount=5 must be less than MaxReplicaCount=3"},
		{"idle without min", map[string]any{"idleReplicaCount": int64(0)}, counts + "IdleReplicaCount=0 must be less than MinReplicaCount=0"},
		{"idle above min", map[string]any{"idleReplicaCount": int64(3), "minReplicaCount": int64(2)}, counts + "IdleReplicaCount=3 must be less than MinReplicaCount=2"},
		{"idle with an explicit min of 0", map[string]any{"idleReplicaCount": int64(0), "minReplicaCount": int64(0)}, ""},
		{"no triggers", list(), triggers + "no triggers defined in the ScaledObject/ScaledJob"},
		{"names twice", list(trigger("redis", map[string]any{"address": "a:1", "listName": "x"}, "name", "n"), trigger("redis", map[string]any{"address": "a:1", "listName": "y"}, "name", "n")),
			triggers + `triggerName "n" is defined multiple times in the ScaledObject/ScaledJob, but it must be unique`},
		{"cached cron", list(trigger("cron", map[string]any{}, "useCachedMetrics", true)), triggers + `property "useCachedMetrics" is not supported for "cron" scaler`},
		{"unknown type", list(trigger("carrier-pigeon", map[string]any{})), hpa + "no scaler found for type: carrier-pigeon"},
		{"no list name", list(trigger("redis", map[string]any{"address": "a:1"})),
			hpa + `error parsing redis metadata: error parsing redis metadata: missing required parameter "listName" in [triggerMetadata]`},
		{"no address", list(trigger("redis", map[string]any{"listName": "x"})),
			hpa + "error parsing redis metadata: error parsing redis metadata: no addresses or hosts given. address should be a comma separated list of host:port or set the host/port values"},
		{"no threshold", list(trigger("prometheus", map[string]any{"serverAddress": "http://p", "query": "q"})), hpa + `error parsing prometheus metadata: error parsing prometheus metadata: missing required parameter "threshold" in [triggerMetadata]`},
		{"same name", list(trigger("prometheus", map[string]any{"serverAddress": "http://p", "query": "q", "threshold": "5"}), trigger("prometheus", map[string]any{"serverAddress": "http://p", "query": "q", "threshold": "5"})), ""},
		{"a formula of nothing", modified(map[string]any{"formula": "a", "target": "5"}), hpa + "error validating formula in ScalingModifiers\nunknown name a (1:7)\n | float(a)\n | ......^"},
		{"a formula without a target", modified(map[string]any{"formula": "orders"}), hpa + "error validating formula in ScalingModifiers\nformula is given but target is empty"},
		{"a target without a formula", modified(map[string]any{"target": "5"}), hpa + "error ScalingModifiers.Formula is mandatory"},
		{"no number for a target", modified(map[string]any{"formula": "orders", "target": "five"}),
			hpa + "error validating target in ScalingModifiers\nerror converting target for scalingModifiers (string->float) to valid target: strconv.ParseFloat: parsing \"five\": invalid syntax"},
		{"a formula", modified(map[string]any{"formula": "orders / 2", "target": "5"}), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, _ := play(t, Options{}, deployment("worker", 0), object(c.spec))
			run(w, time.Second)
			ready := w.so(t).conditions.get("Ready")
			if c.want == "" {
				if ready.reason != "ScaledObjectReady" {
					t.Errorf("got %+v, want it ready", ready)
				}
				return
			}
			if ready.status != "False" || ready.reason != "ScaledObjectCheckFailed" || ready.message != c.want {
				t.Errorf("got %s %s %q, want %q", ready.status, ready.reason, ready.message, c.want)
			}
			if a := w.so(t).conditions.get("Active"); a.status != "Unknown" || a.reason != "UnknownState" {
				t.Errorf("Active: got %+v", a)
			}
			if len(w.hpas) != 0 || w.so(t).loopOf != 0 {
				t.Error("there is an HPA or a loop")
			}
		})
	}
}

// A errRefused definition is tried again after 5 ms, 10 ms, ... 1000 s, and its
// event falls silent after the second time.
func TestRefusedIsTriedAgain(t *testing.T) {
	w, _ := play(t, Options{}, object(nil))
	got := notes(run(w, 2*time.Second))
	same(t, "events", got, []string{
		"ScaledObjectCheckFailed: Target resource doesn't exist",
		`ScaledObjectCheckFailed: ScaledObject doesn't have correct scaleTargetRef specification: deployments.apps "worker" not found`,
		"ScaledObjectCheckFailed: Target resource doesn't exist",
		`ScaledObjectCheckFailed: ScaledObject doesn't have correct scaleTargetRef specification: deployments.apps "worker" not found`,
		"ScaledObjectCheckFailed: Target resource doesn't exist",
		`ScaledObjectCheckFailed: ScaledObject doesn't have correct scaleTargetRef specification: deployments.apps "worker" not found`,
	})
	apply(t, w, deployment("worker", 0))
	run(w, 3*time.Second)
	same(t, "conditions", words(w.so(t)), []string{
		"Ready/True/ScaledObjectReady", "Active/False/ScalerNotActive", "Fallback/False/NoFallbackFound", "Paused/False/", "HPAActive/True/ScalingDisabled",
	})
}

// TestRecordedHPA compares the HPA that KEDA makes, and the ScaledObject's
// status, with those of a real cluster.
func TestRecordedHPA(t *testing.T) {
	so := object(map[string]any{
		"scaleTargetRef": map[string]any{"name": "order-worker"}, "pollingInterval": int64(5), "cooldownPeriod": int64(30),
		"minReplicaCount": int64(0), "maxReplicaCount": int64(10),
		"triggers": []any{map[string]any{"type": "redis", "metadata": map[string]any{"address": "127.0.0.1:16379", "listLength": "5", "listName": "orders"}}},
		"advanced": behaviorOf(map[string]any{"scaleDown": map[string]any{"stabilizationWindowSeconds": int64(30)}}),
	})
	so.SetName("order-worker")
	w, l := play(t, Options{}, deployment("order-worker", 0), so)
	run(w, time.Second)
	ref := kscope.Ref{Namespace: "shop", Name: "keda-hpa-order-worker"}
	var want autoscalingv2.HorizontalPodAutoscaler
	recorded(t, "hpa.json", &want)
	got := w.hpas[ref].obj
	// As it was read, so that quantities compare.
	raw, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	got = &autoscalingv2.HorizontalPodAutoscaler{}
	if err := json.Unmarshal(raw, got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(got.Spec, want.Spec); d != "" {
		t.Errorf("spec: got (-) want (+):\n%s", d)
	}
	if d := cmp.Diff(got.Labels, want.Labels); d != "" {
		t.Errorf("labels: got (-) want (+):\n%s", d)
	}
	if got.OwnerReferences[0].Kind != "ScaledObject" || !*got.OwnerReferences[0].Controller {
		t.Errorf("owner: %+v", got.OwnerReferences)
	}
	l.n[triggers.Redis{Address: "127.0.0.1:16379", Key: "orders"}] = 60
	run(w, 30*time.Second)
	var u unstructured.Unstructured
	recorded(t, "scaledobject.json", &u.Object)
	have, wanted := w.scaled[kscope.Ref{Namespace: "shop", Name: "order-worker"}].status(), u.Object["status"].(map[string]any)
	for _, s := range []map[string]any{have, wanted} {
		delete(s, "lastActiveTime")
		for _, c := range s["conditions"].([]any) {
			if m := c.(map[string]any); m["type"] == "HPAActive" { // the recording was made before the HPA had looked again
				delete(m, "reason")
				delete(m, "message")
			}
		}
	}
	if have["originalReplicaCount"] != int64(0) {
		t.Errorf("originalReplicaCount: got %v", have["originalReplicaCount"])
	}
	delete(have, "originalReplicaCount")
	delete(wanted, "originalReplicaCount")
	if d := cmp.Diff(have, wanted); d != "" {
		t.Errorf("status: got (-) want (+):\n%s", d)
	}
}

func recorded(t testing.TB, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// enough is a trigger's parameters with all that its type requires beside them.
func enough(typ string, metadata map[string]string) params.Values {
	v := params.Values{Metadata: metadata}
	return v.With(v.Lacks(typ)...)
}

// TestMetricNames are KEDA's names for external metrics.
func TestMetricNames(t *testing.T) {
	for _, c := range []struct {
		typ      string
		metadata map[string]string
		want     string
		target   int64
	}{
		{"redis", map[string]string{"address": "a:1", "listName": "a.b/c:d%e(f)"}, "s3-redis-a-b-c-d-e-f-", 5000},
		{"kafka", map[string]string{"topic": "orders", "lagThreshold": "7"}, "s3-kafka-orders", 7000},
		{"kafka", map[string]string{"consumerGroup": "g"}, "s3-kafka-g", 10000},
		{"aws-sqs-queue", map[string]string{"queueURL": "https://sqs.eu-west-1.amazonaws.com/1/jobs"}, "s3-aws-sqs-jobs", 5000},
		{"cron", map[string]string{"timezone": "Etc/UTC", "start": "0 0 * * *", "end": "59 23 * * *", "desiredReplicas": "2"}, "s3-cron-Etc-UTC-00xxx-5923xxx", 1000},
		{"couchdb", map[string]string{"dbName": "d", "queryValue": "1"}, "s3-coucdb-d", 1000},
		{"redis-streams", map[string]string{"address": "a:1", "stream": "s", "consumerGroup": "g", "lagCount": "9"}, "s3-redis-streams-s", 9000},
		{"artemis-queue", map[string]string{"queueName": "q"}, "s3-artemis-q", 10000},
	} {
		got, err := buildTrigger(kscope.Ref{Namespace: "shop", Name: "so"}, 3, triggerSpec{Type: c.typ, Metadata: c.metadata}, enough(c.typ, c.metadata))
		if err != nil || got.metric != c.want || got.target != c.target {
			t.Errorf("%s %v: got %q %d %v, want %q %d", c.typ, c.metadata, got.metric, got.target, err, c.want, c.target)
		}
	}
}

// Every type of the table that a queue stands in for must build with its
// required parameter given.
func TestEveryTriggerBuilds(t *testing.T) {
	types := 0
	for _, typ := range triggers.Types() {
		known, _ := triggers.TypeOf(typ)
		if known.Metric == "" {
			continue
		}
		types++
		spec := triggerSpec{Type: typ, Metadata: map[string]string{"address": "a:1", "listName": "x", "stream": "x"}}
		if known.Target != "" {
			spec.Metadata[strings.Split(known.Target, "|")[0]] = "3"
		}
		got, err := buildTrigger(kscope.Ref{Namespace: "shop", Name: "so"}, 0, spec, enough(typ, spec.Metadata))
		if err != nil || got.queue == nil || got.target == 0 {
			t.Errorf("%s: %+v, %v", typ, got, err)
		}
	}
	if types != 74 {
		t.Errorf("%d types", types)
	}
	if q := brokers.StandIn("shop", "so", 2, "kafka"); q.Key != "shop:kafka-2-so" || q.Address != brokers.StandInAddress {
		t.Errorf("stand-in: %+v", q)
	}
}

// TestPause plays the annotations that stop all or half of it.
func TestPause(t *testing.T) {
	ref := kscope.Ref{Namespace: "shop", Name: "so"}
	w, l := play(t, Options{}, deployment("worker", 4), object(map[string]any{"pollingInterval": int64(5)}))
	l.n[orders] = 1
	run(w, 12*time.Second)
	annotate := func(key, value string) []Change {
		t.Helper()
		if err := w.Annotate(ref, key, value); err != nil {
			t.Fatal(err)
		}
		return run(w, 20*time.Second)
	}
	changes := annotate(pausedReplicas, "3")
	if len(w.hpas) != 0 || w.workload(t, "Deployment").replicas() != 3 || *w.so(t).pausedAt != 3 {
		t.Errorf("paused at 3: %d HPAs, %d replicas", len(w.hpas), w.workload(t, "Deployment").replicas())
	}
	if !slices.Contains(notes(changes), "ScaledObjectPaused: ScaledObject is paused") {
		t.Errorf("events: %q", notes(changes))
	}
	if got := w.so(t).conditions.get("Paused"); got.status != "True" || got.reason != "ScaledObjectPaused" {
		t.Errorf("got %+v", got)
	}
	annotate(pausedReplicas, "many")
	if got := w.so(t).conditions.get("Ready"); got.status != "False" || !strings.Contains(got.message, "failed to parse paused replica count") {
		t.Errorf("got %+v", got)
	}
	annotate(pausedReplicas, "")
	if got := w.so(t).conditions.get("Paused"); got.status != "False" || got.reason != "ScaledObjectUnpaused" || len(w.hpas) != 1 || w.so(t).pausedAt != nil {
		t.Errorf("unpaused: %+v, %d HPAs", got, len(w.hpas))
	}
	annotate(pausedScaleOut, "yes") // not a boolean: true
	h := w.autoscaler(t)
	if got := h.obj.Spec.Behavior.ScaleUp.SelectPolicy; *got != autoscalingv2.DisabledPolicySelect || *h.obj.Spec.Behavior.ScaleDown.SelectPolicy != "Max" {
		t.Errorf("paused scale-out: %+v", h.obj.Spec.Behavior)
	}
	l.n[orders] = 100
	run(w, 40*time.Second)
	if got := w.workload(t, "Deployment").replicas(); got != 3 {
		t.Errorf("scaled out to %d in spite of the pause", got)
	}
	annotate(pausedScaleOut, "")
	if w.autoscaler(t).obj.Spec.Behavior != nil {
		t.Error("the behavior stayed")
	}
	run(w, 15*time.Second)
	if got := w.workload(t, "Deployment").replicas(); got <= 3 {
		t.Errorf("%d replicas after the pause", got)
	}
}

// TestDeletedScaledObject takes its HPA along, and restores the replicas if
// it says so.
func TestDeletedScaledObject(t *testing.T) {
	for _, restore := range []bool{false, true} {
		so := object(map[string]any{"advanced": map[string]any{"restoreToOriginalReplicaCount": restore}})
		w, _ := play(t, Options{}, deployment("worker", 4), so)
		run(w, 31*time.Second) // KEDA has taken it to zero at its second poll
		if err := w.Delete(so); err != nil {
			t.Fatal(err)
		}
		changes := run(w, time.Second)
		want := int32(0)
		if restore {
			want = 4
		}
		if got := w.workload(t, "Deployment").replicas(); got != want || len(w.hpas) != 0 || len(w.scaled) != 0 {
			t.Errorf("restore %v: %d replicas, %d HPAs, %d ScaledObjects", restore, got, len(w.hpas), len(w.scaled))
		}
		if !slices.ContainsFunc(changes, func(c Change) bool {
			u, ok := c.Object.(*unstructured.Unstructured)
			return ok && c.Verb == Deleted && u.GetName() == "so"
		}) {
			t.Error("nobody was told")
		}
	}
}

// While that is broken, an HPA that is edited stays so, one that is made later is
// edited too, and all are put right in the end.
func TestBrokenHPA(t *testing.T) {
	for _, tt := range []struct {
		least, most   int64
		wants, edited int32
	}{{0, 10, 10, 5}, {8, 10, 10, 8}, {1, 1, 1, 2}} {
		for _, early := range []bool{true, false} {
			w, _ := play(t, Options{}, deployment("worker", 1), object(map[string]any{"minReplicaCount": tt.least, "maxReplicaCount": tt.most}))
			if !early {
				run(w, time.Minute)
			}
			b := Breakage{EditedHPA, kscope.Ref{Namespace: "shop", Name: "worker"}}
			w.Break(b)
			run(w, 10*time.Minute)
			if got := w.autoscaler(t).obj.Spec.MaxReplicas; got != tt.edited {
				t.Errorf("%+v: broken, maxReplicas %d", tt, got)
			}
			w.Mend(b)
			run(w, time.Second)
			if got := w.autoscaler(t).obj.Spec.MaxReplicas; got != tt.wants {
				t.Errorf("%+v: mended, maxReplicas %d", tt, got)
			}
		}
	}
}

// An HPA that somebody edits or deletes is put right by KEDA.
func TestEditedHPA(t *testing.T) {
	w, _ := play(t, Options{}, deployment("worker", 1), object(nil))
	run(w, time.Second)
	edited := w.autoscaler(t).obj.DeepCopy()
	edited.Spec.MaxReplicas = 3
	if err := w.Apply(edited, "kubectl"); err != nil {
		t.Fatal(err)
	}
	run(w, time.Second)
	if got := w.autoscaler(t).obj.Spec.MaxReplicas; got != 100 {
		t.Errorf("maxReplicas %d", got)
	}
	if err := w.Delete(edited); err != nil {
		t.Fatal(err)
	}
	run(w, time.Second)
	w.autoscaler(t)
	renamed := object(map[string]any{"advanced": map[string]any{"horizontalPodAutoscalerConfig": map[string]any{"name": "mine"}}})
	apply(t, w, renamed)
	run(w, time.Second)
	if w.hpas[kscope.Ref{Namespace: "shop", Name: "mine"}] == nil || len(w.hpas) != 1 {
		t.Errorf("%d HPAs after renaming", len(w.hpas))
	}
	if err := w.Delete(&appsv1.Deployment{ObjectMeta: deployment("nowhere", 1).ObjectMeta}); err == nil {
		t.Error("deleting what is not there: no error")
	}
}
