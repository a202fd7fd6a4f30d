package explain_test

import (
	"strings"
	"testing"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/store/storetest"
)

// look is what is said of an object: its phase and sentences, and its links.
func look(t *testing.T, id kscope.ID, facts ...kscope.Fact) (says, links string) {
	t.Helper()
	s := store.New()
	for _, f := range append(storetest.Synced(), facts...) {
		s.Apply(kscope.Observation{At: noon, Source: "k8s", Fact: f})
	}
	p, ok := explain.Look(s, id)
	if !ok {
		t.Fatalf("%v is not there", id)
	}
	var out []string
	for _, l := range p.Links {
		main := ""
		if l.Main {
			main = "*"
		}
		out = append(out, main+l.Name+": "+l.Text()+", "+l.Word)
	}
	return strings.TrimSpace(string(p.Phase) + ": " + p.Why + " " + p.Next), strings.Join(out, " > ")
}

func TestScaledJobSays(t *testing.T) {
	job := kscope.ScaledJob{Ref: kscope.Ref{Namespace: "demo", Name: "nightly"}, UID: "j", MaxReplicaCount: 20,
		Triggers: []kscope.Trigger{{Type: "redis", MetricType: "AverageValue", Backlog: &orders, Metadata: map[string]string{"listLength": "1", "activationListLength": "2"}}}}
	is := func(change func(j *kscope.ScaledJob)) kscope.ScaledJob { j := job; change(&j); return j }
	condition := func(c kscope.Condition) kscope.ScaledJob {
		return is(func(j *kscope.ScaledJob) { j.Conditions = kscope.Conditions{c} })
	}
	active, idle := condition(cond("Active", "True", "")), condition(cond("Active", "False", ""))
	depth := func(n float64, err string) kscope.Fact {
		return kscope.Depths{Server: orders.Server, All: []kscope.Depth{{Backlog: orders, N: n, Err: err}}}
	}
	const rest = " > Jobs: ?, not watched > pods: ?, not watched"
	for _, tt := range []struct {
		name        string
		job         kscope.ScaledJob
		queue       kscope.Fact
		says, links string
	}{
		{"work", active, depth(12, ""), "working: KEDA makes Jobs of it: 12 jobs wait in orders, at most 20 Jobs at once.", "orders: 12, has work > *KEDA: active, active" + rest},
		{"little work", active, depth(2, ""), "working: The queue orders is not above its activation threshold; KEDA makes at most 20 Jobs at once.", "orders: 2, below activation > *KEDA: active, active" + rest},
		{"work that KEDA has not seen", idle, depth(12, ""), "asleep: 12 jobs wait in orders; KEDA makes at most 20 Jobs at once.", "orders: 12, has work > *KEDA: inactive, not seen yet" + rest},
		{"no work", idle, depth(0, ""), "asleep: The queue orders is empty; KEDA makes at most 20 Jobs at once.", "orders: 0, empty > *KEDA: inactive, nothing to do" + rest},
		{"not measured", job, kscope.Heartbeat{}, "looking: KEDA makes at most 20 Jobs at once; how much work waits is not known.", "orders: ?, not read yet > *KEDA: ?, no status yet" + rest},
		{"unreadable", active, depth(0, "refused"), "working: KEDA makes at most 20 Jobs at once; kscope cannot read the queue: refused.", "*orders: ?, cannot be read > KEDA: active, active" + rest},
		{"paused", is(func(j *kscope.ScaledJob) { j.Paused = true }), depth(3, ""), "paused: KEDA makes no Jobs: it is paused by the annotation autoscaling.keda.sh/paused.", "orders: 3, has work > *KEDA: paused, paused" + rest},
		{"broken", condition(cond("Ready", "False", "ScaledJobCheckFailed")), depth(3, ""), "broken: KEDA is not ready to make Jobs of this: ScaledJobCheckFailed.", "orders: 3, has work > *KEDA: not ready, not accepted" + rest},
	} {
		says, links := look(t, kscope.ID{Kind: kscope.ScaledJobs, Ref: job.Ref}, tt.job, tt.queue)
		if says != tt.says || links != tt.links {
			t.Errorf("%s:\n%s\n%s\nwant\n%s\n%s", tt.name, says, links, tt.says, tt.links)
		}
	}
}

func TestPlainHPASays(t *testing.T) {
	cpu := 71.0
	hpa := kscope.HPA{Ref: kscope.Ref{Namespace: "demo", Name: "web"}, UID: "h", ScaleTarget: kscope.TargetRef{Kind: "Deployment", Name: "web"}, MinReplicas: 2, MaxReplicas: 8,
		CurrentReplicas: 5, DesiredReplicas: 5, StatusEverSynced: true, Metrics: []kscope.Metric{{Type: "Resource", Name: "cpu", TargetType: "Utilization", Target: 60, Current: &cpu}},
		Conditions: kscope.Conditions{cond("ScalingActive", "True", ""), cond("AbleToScale", "True", "")}}
	is := func(c kscope.Condition) kscope.HPA { h := hpa; h.Conditions = with(h.Conditions, c); return h }
	external := hpa
	external.Metrics = append([]kscope.Metric{hpa.Metrics[0]}, kscope.Metric{Type: "External", Name: "jobs", TargetType: "AverageValue", Target: 5})
	kedas := is(cond("ScalingActive", "False", "ScalingDisabled"))
	kedas.ScaledObject, kedas.OwnerUID = "web", "so"
	size := func(n, ready int32) kscope.Fact {
		return kscope.Workload{Ref: hpa.Ref, Kind: "Deployment", UID: "w", Desired: n, Current: n, Ready: &ready}
	}
	const looks = " The HPA looks about every 15s."
	for _, tt := range []struct {
		name        string
		hpa         kscope.HPA
		work        kscope.Fact
		says, links string
	}{
		{"steady", hpa, size(5, 5), "steady: The HPA wants 5; 5 pods are ready." + looks, "cpu: 71%, target 60% > *HPA: wants 5, in range > web: 5/5, complete > pods: 5 ready, all ready"},
		{"starting", hpa, size(5, 4), "scaling up: 5 pods are set, 4 are ready so far. 1 pod is not ready yet.", "cpu: 71%, target 60% > HPA: wants 5, in range > web: 5/5, complete > *pods: 4 ready, starting"},
		{"at its maximum", is(cond("ScalingLimited", "True", "TooManyReplicas")), size(5, 5), "steady: The HPA would go higher, but maxReplicas is 8; 5 pods are ready." + looks, "cpu: 71%, target 60% > *HPA: wants 5, at max > web: 5/5, complete > pods: 5 ready, all ready"},
		{"an external metric, not read", external, size(5, 5), "steady: The HPA wants 5; 5 pods are ready." + looks, "jobs: ?, not read yet > *HPA: wants 5, in range > web: 5/5, complete > pods: 5 ready, all ready"},
		{"no metric", is(cond("ScalingActive", "False", "FailedGetResourceMetric")), size(5, 5),
			"broken: There are no figures of what pods use: FailedGetResourceMetric. Until it can, it neither adds nor removes pods: 5 replicas stay. It tries again at every sync.",
			"*cpu: ?, cannot be read > HPA: no metric, no usage data > web: 5/5, complete > pods: 5 ready, all ready"},
		{"switched off", is(cond("ScalingActive", "False", "ScalingDisabled")), size(0, 0), "asleep: web was set to zero, which switches its HPA off. The HPA goes on when the replicas are set to 1 or more.",
			"cpu: ?, not read at zero > HPA: resting, resting at zero > *web: 0/0, at zero > pods: 0 ready, none"},
		{"asleep, its ScaledObject not there", kedas, size(0, 0), "asleep: web is at zero, which switches its HPA off. Why KEDA holds it there is in ScaledObject web, which is not there. KEDA sets the replicas to 1 or more once there is work.",
			"cpu: ?, not read at zero > HPA: resting, resting at zero > *web: 0/0, at zero > pods: 0 ready, none"},
		{"no target", hpa, kscope.Heartbeat{}, "broken: Deployment web does not exist in namespace demo, so there is nothing to scale. Create it, or correct scaleTargetRef: the HPA tries again at every sync.",
			"cpu: 71%, target 60% > HPA: wants 5, in range > *web: missing, does not exist > pods: ?, unknown"},
	} {
		says, links := look(t, kscope.ID{Kind: kscope.HPAs, Ref: hpa.Ref}, tt.work, tt.hpa)
		if says != tt.says || links != tt.links {
			t.Errorf("%s:\n%s\n%s\nwant\n%s\n%s", tt.name, says, links, tt.says, tt.links)
		}
	}
}

// Without KEDA nothing but people takes a workload to zero, or from there; with it,
// KEDA may, although its ScaledObject is not seen.
func TestTimelineOfAPlainHPA(t *testing.T) {
	ref := kscope.Ref{Namespace: "demo", Name: "web"}
	none, three := int32(0), int32(3)
	for owner, want := range map[string]store.Actor{"": store.Someone, "web": store.KEDA} {
		s := store.New()
		for i, f := range []kscope.Fact{
			kscope.HPA{Ref: ref, UID: "h", ScaledObject: owner, MinReplicas: 1, ScaleTarget: kscope.TargetRef{Kind: "Deployment", Name: "web"}},
			kscope.Workload{Ref: ref, Kind: "Deployment", UID: "w", Desired: 3, Ready: &three},
			kscope.Workload{Ref: ref, Kind: "Deployment", UID: "w", Desired: 0, Ready: &none},
		} {
			s.Apply(kscope.Observation{At: at(float64(i)), Fact: f})
		}
		es := explain.Timeline(s, kscope.ID{Kind: kscope.HPAs, Ref: ref})
		if len(es) == 0 || es[0].Kind != store.Scaled || es[0].Actor != want || !es[0].Guess {
			t.Errorf("owner %q: got %+v", owner, es)
		}
	}
}
