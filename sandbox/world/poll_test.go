package world

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kscope/kscope/sandbox/brokers"
	"github.com/kscope/kscope/triggers"
)

// TestDecisionTable plays one poll for each row of KEDA's decision table.
func TestDecisionTable(t *testing.T) {
	yes := map[string]string{}
	annotated := func(key string) map[string]string { return map[string]string{key: "true"} }
	ago := func(s int) time.Time { return epoch.Add(-time.Duration(s) * time.Second) }
	type result struct {
		replicas      int32
		ready, active string // reasons
		lastNow       bool   // lastActiveTime is now
		event         string
	}
	for _, c := range []struct {
		row         string
		spec        map[string]any
		cur         int32
		annotations map[string]string
		last        time.Time
		state       soState
		refuse      bool
		want        result
	}{
		{"A1", nil, 0, annotated(pausedScaleOut), time.Time{}, soState{active: true}, false, result{0, "ScaledObjectReady", "ScalerActive", false, ""}},
		{"A2 to 1", nil, 0, yes, time.Time{}, soState{active: true, triggers: []string{"s0-redis-orders"}}, false,
			result{1, "ScaledObjectReady", "ScalerActive", true, "KEDAScaleTargetActivated: Scaled apps/v1.Deployment shop/worker from 0 to 1, triggered by s0-redis-orders"}},
		{"A2 to min", map[string]any{"minReplicaCount": int64(3)}, 0, yes, time.Time{}, soState{active: true}, false,
			result{3, "ScaledObjectReady", "ScalerActive", true, "KEDAScaleTargetActivated: Scaled apps/v1.Deployment shop/worker from 0 to 3, triggered by "}},
		{"A2 from idle", map[string]any{"minReplicaCount": int64(3), "idleReplicaCount": int64(1)}, 1, yes, time.Time{}, soState{active: true}, false,
			result{3, "ScaledObjectReady", "ScalerActive", true, "KEDAScaleTargetActivated: Scaled apps/v1.Deployment shop/worker from 1 to 3, triggered by "}},
		{"A2 forced", nil, 0, annotated(forceActivation), time.Time{}, soState{}, false,
			result{1, "ScaledObjectReady", "ScalerActive", true, "KEDAScaleTargetActivated: Scaled apps/v1.Deployment shop/worker from 0 to 1, caused by forced activation annotation"}},
		{"A2 refused", nil, 0, yes, time.Time{}, soState{active: true}, true,
			result{0, "ErrorScalingTarget", "ScalerActive", false, `KEDAScaleTargetActivationFailed: Failed to scale apps/v1.Deployment shop/worker from 0 to 1: deployments.apps "worker" is forbidden: User "system:serviceaccount:keda:keda-operator" cannot update resource "deployments/scale" in API group "apps" in the namespace "shop"`}},
		{"A3", nil, 2, yes, ago(10), soState{active: true, failed: true}, false, result{2, "PartialTriggerError", "ScalerActive", false, ""}},
		{"A4", nil, 2, yes, ago(10), soState{active: true}, false, result{2, "ScaledObjectReady", "ScalerActive", true, ""}},
		{"I1", map[string]any{"fallback": map[string]any{"failureThreshold": int64(3), "replicas": int64(2)}}, 2, yes, ago(1000), soState{failed: true}, false,
			result{2, "ScaledObjectReady", "ScalerNotActive", false, ""}},
		{"I1 fallback to 0 does not hold it", map[string]any{"fallback": map[string]any{"failureThreshold": int64(3), "replicas": int64(0)}}, 2, yes, ago(1000), soState{failed: true}, false,
			result{0, "ScaledObjectReady", "ScalerNotActive", false, "KEDAScaleTargetDeactivated: Deactivated apps/v1.Deployment shop/worker from 2 to 0"}},
		{"I2", nil, 2, yes, ago(1000), soState{failed: true}, false, result{2, "TriggerError", "ScalerNotActive", false, ""}},
		{"I3", nil, 2, annotated(pausedScaleIn), ago(1000), soState{}, false, result{2, "ScaledObjectReady", "ScalerNotActive", false, ""}},
		{"I4", nil, 2, yes, ago(301), soState{}, false,
			result{0, "ScaledObjectReady", "ScalerNotActive", false, "KEDAScaleTargetDeactivated: Deactivated apps/v1.Deployment shop/worker from 2 to 0"}},
		{"I4 never active", nil, 2, yes, time.Time{}, soState{}, false,
			result{0, "ScaledObjectReady", "ScalerNotActive", false, "KEDAScaleTargetDeactivated: Deactivated apps/v1.Deployment shop/worker from 2 to 0"}},
		{"I4 to idle", map[string]any{"minReplicaCount": int64(3), "idleReplicaCount": int64(1)}, 3, yes, ago(301), soState{}, false,
			result{1, "ScaledObjectReady", "ScalerNotActive", false, "KEDAScaleTargetDeactivated: Deactivated apps/v1.Deployment shop/worker from 3 to 1"}},
		{"I4 refused", nil, 2, yes, ago(301), soState{}, true, result{2, "ErrorScalingTarget", "ScalerNotActive", false,
			`KEDAScaleTargetDeactivationFailed: Failed to deactivate apps/v1.Deployment shop/worker from 2 to 0: deployments.apps "worker" is forbidden: User "system:serviceaccount:keda:keda-operator" cannot update resource "deployments/scale" in API group "apps" in the namespace "shop"`}},
		{"I5 strictly", nil, 2, yes, ago(300), soState{}, false, result{2, "ScaledObjectReady", "ScalerCooldown", false, ""}},
		{"I5 initial", map[string]any{"initialCooldownPeriod": int64(60)}, 2, yes, time.Time{}, soState{}, false, result{2, "ScaledObjectReady", "ScalerCooldown", false, ""}},
		{"I6", map[string]any{"minReplicaCount": int64(3)}, 1, yes, time.Time{}, soState{}, false, result{3, "ScaledObjectReady", "ScalerNotActive", false, ""}},
		{"I6 refused", map[string]any{"minReplicaCount": int64(3)}, 1, yes, time.Time{}, soState{}, true, result{1, "ErrorScalingTarget", "ScalerNotActive", false, ""}},
		{"I7", nil, 0, yes, ago(1000), soState{}, false, result{0, "ScaledObjectReady", "ScalerNotActive", false, ""}},
		{"I7 above min", map[string]any{"minReplicaCount": int64(2)}, 5, yes, ago(1000), soState{}, false, result{5, "ScaledObjectReady", "ScalerNotActive", false, ""}},
	} {
		t.Run(c.row, func(t *testing.T) {
			w, _ := play(t, Options{Start: epoch.Add(-10 * time.Second)}, deployment("worker", c.cur), object(c.spec))
			so := w.so(t)
			so.targetKind, so.conditions, so.lastActive = "apps/v1.Deployment", initialConditions(), c.last
			so.u.SetAnnotations(c.annotations)
			w.stop(so.reconciling)
			w.Advance(epoch)
			w.Changes()
			if c.refuse {
				w.Break(Breakage{Kind: RefuseScale})
			}
			w.requestScale(so, c.state)
			got := result{w.workload(t, "Deployment").replicas(), so.conditions.get("Ready").reason, so.conditions.get("Active").reason, so.lastActive.Equal(epoch), strings.Join(notes(w.Changes()), ", ")}
			if got != c.want {
				t.Errorf("\ngot  %+v\nwant %+v", got, c.want)
			}
			if !got.lastNow && !so.lastActive.Equal(c.last) {
				t.Errorf("lastActiveTime moved to %v", so.lastActive)
			}
		})
	}
}

// The last active time is in whole seconds, so a cooldown that is a multiple
// of the polling interval ends exactly with a poll.
func TestCooldownEndsWithAPoll(t *testing.T) {
	w, l := play(t, Options{NoWorkers: true}, deployment("worker", 0), object(map[string]any{"pollingInterval": int64(5), "cooldownPeriod": int64(30)}))
	w.firstPoll, w.firstSync = 300*time.Millisecond, 4*time.Second
	l.n[orders] = 3
	got := scalings{}
	for range 200 {
		w.Advance(w.Now().Add(100 * time.Millisecond))
		got.collect(w)
	}
	l.n[orders] = 0
	for range 400 {
		w.Advance(w.Now().Add(100 * time.Millisecond))
		got.collect(w)
	}
	// Active last at 15.3, which is kept as 15; 45.3 is later than 15 + 30.
	same(t, "scalings", got.list, []string{"0.3 keda 0->1", "45.3 keda 1->0"})
}

// TestRedisGoesAway: one poll sees the failure, after that nothing is written
// any more, and the HPA and the events are what tells.
func TestRedisGoesAway(t *testing.T) {
	w, l := play(t, Options{NoWorkers: true}, deployment("worker", 0), object(map[string]any{"pollingInterval": int64(5)}))
	w.firstPoll, w.firstSync = time.Second, 7*time.Second
	l.n[orders] = 10
	run(w, 30*time.Second)
	if got := w.workload(t, "Deployment").replicas(); got != 2 {
		t.Fatalf("%d replicas", got)
	}
	l.err = errRefused
	changes := run(w, 2*time.Second) // the poll at 31
	if got := w.so(t).conditions.get("Ready"); got.reason != "TriggerError" {
		t.Errorf("first failing poll: %+v", got)
	}
	const failed = "KEDAScalerFailed: connection to redis failed: dial tcp 10.96.0.9:6379: connect: connection refused"
	if !slices.Contains(notes(changes), failed) {
		t.Errorf("events: %q", notes(changes))
	}
	w.so(t).conditions.set("Ready", "True", "Marked", "") // to see that nobody writes
	run(w, 60*time.Second)
	if got := w.so(t).conditions.get("Ready"); got.reason != "Marked" {
		t.Errorf("a poll without scalers wrote the status: %+v", got)
	}
	h := w.autoscaler(t)
	c := h.condition("ScalingActive")
	const message = "the HPA was unable to compute the replica count: unable to get external metric shop/s0-redis-orders/" +
		"&LabelSelector{MatchLabels:map[string]string{scaledobject.keda.sh/name: so,},MatchExpressions:[]LabelSelectorRequirement{},}: " +
		"unable to fetch metrics from external metrics API: rpc error: code = Unknown desc = error when getting metric values " +
		"error getting scalers connection to redis failed: dial tcp 10.96.0.9:6379: connect: connection refused"
	if c.Status != corev1.ConditionFalse || c.Reason != "FailedGetExternalMetric" || c.Message != message {
		t.Errorf("HPA: got %+v", c)
	}
	if m := h.obj.Status.CurrentMetrics; len(m) != 1 || m[0].Type != "" {
		t.Errorf("currentMetrics: %+v", m)
	}
	if got := w.workload(t, "Deployment").replicas(); got != 2 {
		t.Errorf("%d replicas, want them frozen", got)
	}
	l.err = nil
	run(w, 20*time.Second)
	if got := w.so(t).conditions.get("Ready"); got.reason != "ScaledObjectReady" || h.condition("ScalingActive").Reason != "ValidMetricFound" {
		t.Errorf("after: %+v, %+v", got, h.condition("ScalingActive"))
	}
}

// Redis down from the start: no HPA, no loop; the retries grow to 1000 s.
func TestRedisWasNeverThere(t *testing.T) {
	w, l := play(t, Options{}, deployment("worker", 0))
	l.err = errRefused
	apply(t, w, object(nil))
	run(w, time.Minute)
	want := "failed to ensure HPA is correctly created for ScaledObject: connection to redis failed: " + errRefused.Error()
	if got := w.so(t).conditions.get("Ready"); got.message != want || len(w.hpas) != 0 {
		t.Errorf("got %q", got.message)
	}
	l.err = nil
	run(w, 1001*time.Second)
	if got := w.so(t).conditions.get("Ready"); got.reason != "ScaledObjectReady" {
		t.Errorf("got %+v", got)
	}
}

// TestFallback: a source that can be reached and refuses the query counts
// failures on both paths, and beyond the threshold a made-up value scales.
func TestFallback(t *testing.T) {
	for _, c := range []struct {
		behavior string
		replicas int64 // of the fallback
		want     int32
	}{
		{"", 4, 4}, {"static", 4, 4}, {"currentReplicas", 9, 2}, {"currentReplicasIfHigher", 3, 3}, {"currentReplicasIfHigher", 1, 2}, {"currentReplicasIfLower", 1, 2},
	} {
		t.Run(fmt.Sprint(c.behavior, c.replicas), func(t *testing.T) {
			fallback := map[string]any{"failureThreshold": int64(3), "replicas": c.replicas}
			if c.behavior != "" {
				fallback["behavior"] = c.behavior
			}
			w, l := play(t, Options{NoWorkers: true}, deployment("worker", 0), object(map[string]any{"pollingInterval": int64(5), "fallback": fallback}))
			w.firstPoll, w.firstSync = time.Second, 12*time.Second
			l.n[orders] = 10
			run(w, 25*time.Second) // 0 -> 1 -> 2
			so := w.so(t)
			l.err = errors.New("ERR unsupported key type: string")
			run(w, 8*time.Second) // polls at 26 and 31, a sync at 27
			if h := so.health["s0-redis-orders"]; h.failures != 3 || !h.failing || so.conditions.get("Fallback").status != "False" {
				t.Errorf("after three observations: %+v %+v", h, so.conditions.get("Fallback"))
			}
			if got := so.conditions.get("Ready"); got.reason != "ScaledObjectReady" {
				t.Errorf("below the threshold: %+v", got)
			}
			changes := run(w, 30*time.Second)
			if got := so.conditions.get("Fallback"); got.reason != "FallbackExists" || got.message != fallbackMessage {
				t.Errorf("above the threshold: %+v", got)
			}
			if !slices.Contains(notes(changes), "ScaledObjectFallbackActivated: ScaledObject fallback is active") {
				t.Errorf("events %q", notes(changes))
			}
			if got := w.workload(t, "Deployment").replicas(); got != c.want {
				t.Errorf("%d replicas, want %d", got, c.want)
			}
			l.err = nil
			changes = run(w, 10*time.Second)
			if got := so.conditions.get("Fallback"); got.status != "False" || so.health["s0-redis-orders"].failures != 0 {
				t.Errorf("healed: %+v", got)
			}
			if !slices.Contains(notes(changes), "ScaledObjectFallbackDeactivated: ScaledObject fallback is no longer active") {
				t.Errorf("events %q", notes(changes))
			}
		})
	}
}

// A fallback does not help a scaler that connects: it cannot be built, so
// nobody counts.
func TestNoFallbackWithoutConnection(t *testing.T) {
	w, l := play(t, Options{NoWorkers: true}, deployment("worker", 1), object(map[string]any{
		"pollingInterval": int64(5), "fallback": map[string]any{"failureThreshold": int64(3), "replicas": int64(4)},
	}))
	l.n[orders] = 5
	run(w, 20*time.Second)
	l.err = errRefused
	run(w, 5*time.Minute)
	if h := w.so(t).health["s0-redis-orders"]; h.failures != 1 {
		t.Errorf("%d failures, want 1", h.failures)
	}
	// A source that is only asked has the full cycle, lost or not.
	w, l = play(t, Options{NoWorkers: true}, deployment("worker", 1), object(map[string]any{
		"pollingInterval": int64(5), "fallback": map[string]any{"failureThreshold": int64(3), "replicas": int64(4)},
		"triggers": []any{map[string]any{"type": "prometheus", "metadata": map[string]any{"serverAddress": "http://p", "query": "q", "threshold": "5"}}},
	}))
	run(w, 20*time.Second)
	l.err = errRefused
	run(w, time.Minute)
	if got := w.workload(t, "Deployment").replicas(); got != 4 {
		t.Errorf("prometheus: %d replicas, want the fallback's 4", got)
	}
}

// TestWhoQueries counts the queries of the source in a minute with P = 5 and
// S = 15.
func TestWhoQueries(t *testing.T) {
	for _, c := range []struct {
		name string
		spec map[string]any
		want int
	}{
		{"loop and HPA", nil, 12 + 4},
		{"min > 0: the HPA only", map[string]any{"minReplicaCount": int64(1)}, 4},
		{"min > 0 and idle: both", map[string]any{"minReplicaCount": int64(2), "idleReplicaCount": int64(0)}, 12 + 4},
		{"cached: the loop only", map[string]any{"minReplicaCount": int64(1), "triggers": []any{func() any {
			t := listTrigger("orders", "5")
			t["useCachedMetrics"] = true
			return t
		}()}}, 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := map[string]any{"pollingInterval": int64(5)}
			for k, v := range c.spec {
				spec[k] = v
			}
			w, l := play(t, Options{NoWorkers: true}, deployment("worker", 2), object(spec))
			w.firstPoll, w.firstSync = time.Second, 2*time.Second
			queries := 0
			l.at = func(triggers.Redis) int64 { queries++; return 10 }
			run(w, 30500*time.Millisecond)
			queries = 0
			run(w, time.Minute)
			if queries != c.want {
				t.Errorf("%d queries, want %d", queries, c.want)
			}
		})
	}
}

// Two triggers: the higher proposal wins; one that fails blocks the way down
// but not up.
func TestTwoTriggers(t *testing.T) {
	spec := map[string]any{"pollingInterval": int64(5), "maxReplicaCount": int64(20), "triggers": []any{
		listTrigger("orders", "5"), map[string]any{"type": "prometheus", "metadata": map[string]any{"serverAddress": "http://p", "query": "q", "threshold": "2"}},
	}}
	w, l := play(t, Options{NoWorkers: true}, deployment("worker", 0), object(spec))
	w.firstPoll, w.firstSync = time.Second, 2*time.Second
	other := brokers.StandIn("shop", "so", 1, "prometheus")
	broken := false
	l.n[orders], l.n[other] = 5, 6
	q := &partly{l, other, &broken}
	w.q = q
	run(w, 35*time.Second)
	dep := w.workload(t, "Deployment")
	if got := dep.replicas(); got != 3 {
		t.Fatalf("%d replicas, want 3 for the second trigger", got)
	}
	if got := w.so(t).activity; !got["s0-redis-orders"] || !got["s1-prometheus"] {
		t.Errorf("activity %v", got)
	}
	broken = true
	run(w, 30*time.Second)
	if got := w.so(t).conditions.get("Ready"); got.status != "Unknown" || got.reason != "PartialTriggerError" {
		t.Errorf("one failing: %+v", got)
	}
	if c := w.autoscaler(t).condition("ScalingActive"); c.Status != corev1.ConditionFalse || dep.replicas() != 3 {
		t.Errorf("down: %+v, %d replicas", c, dep.replicas())
	}
	l.n[orders] = 30
	run(w, 40*time.Second)
	if c := w.autoscaler(t).condition("ScalingActive"); c.Status != corev1.ConditionTrue || dep.replicas() != 6 {
		t.Errorf("up: %+v, %d replicas", c, dep.replicas())
	}
}

// partly are queues of which one fails.
type partly struct {
	*lists
	q      triggers.Redis
	broken *bool
}

func (p *partly) Len(q triggers.Redis) (int64, error) {
	if *p.broken && q == p.q {
		return 0, errRefused
	}
	return p.lists.Len(q)
}
