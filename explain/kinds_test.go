package explain_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/explain/outlook"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/store/storetest"
)

// picture is an object explained.
func picture(t *testing.T, id kscope.ID, facts ...kscope.Fact) explain.Picture {
	t.Helper()
	s := store.New()
	for _, f := range append(storetest.Synced(), facts...) {
		s.Apply(kscope.Observation{At: noon, Source: "k8s", Fact: f})
	}
	p, ok := explain.Look(s, id)
	if !ok {
		t.Fatalf("%v is not there", id)
	}
	return p
}

// look is what is said of an object: its phase and sentences, and its links.
func look(t *testing.T, id kscope.ID, facts ...kscope.Fact) (says, links string) {
	t.Helper()
	p := picture(t, id, facts...)
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
	job := kscope.ScaledJob{Ref: kscope.Ref{Namespace: "demo", Name: "nightly"}, UID: "j", MaxReplicaCount: 20, PollingInterval: 10 * time.Second,
		Triggers: []kscope.Trigger{{Type: "redis", MetricType: "AverageValue", Backlog: &orders, Metadata: map[string]string{"listLength": "1", "activationListLength": "2"}}}}
	is := func(change func(j *kscope.ScaledJob)) kscope.ScaledJob { j := job; change(&j); return j }
	condition := func(c kscope.Condition) kscope.ScaledJob {
		return is(func(j *kscope.ScaledJob) { j.Conditions = kscope.Conditions{c} })
	}
	active, idle := condition(cond("Active", "True", "")), condition(cond("Active", "False", ""))
	depth := func(n float64, err string) kscope.Fact {
		return kscope.Depths{Server: orders.Server, All: []kscope.Depth{{Backlog: orders, N: n, Err: err}}}
	}
	runs := func(n, up int) (out []kscope.Fact) {
		for i := range n {
			name := fmt.Sprint("nightly-", i)
			out = append(out, kscope.Job{Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: name, ScaledJob: "nightly"})
			if i < up {
				out = append(out, kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: "p" + name, OwnerUID: name, Phase: "Running", Ready: true, Scheduled: true, Labels: map[string]string{kscope.JobLabel: "nightly"}})
			}
		}
		return out
	}
	failed := kscope.Job{Ref: kscope.Ref{Namespace: "demo", Name: "nightly-x"}, UID: "x", ScaledJob: "nightly", Ended: noon.Add(-40 * time.Second), Failed: true, Reason: "BackoffLimitExceeded", Message: "Job has reached the specified backoff limit"}
	old := failed
	old.Ended = noon.Add(-time.Hour)
	crash := kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: "nightly-0"}, UID: "pnightly-0", OwnerUID: "nightly-0", Phase: "Running", Scheduled: true, Reason: "ErrImagePull", Labels: map[string]string{kscope.JobLabel: "nightly"}}
	few := is(func(j *kscope.ScaledJob) { j.MaxReplicaCount, j.Conditions = 3, active.Conditions })
	scaling := func(x kscope.JobScaling) kscope.ScaledJob {
		return is(func(j *kscope.ScaledJob) { j.Scaling, j.Conditions = x, active.Conditions })
	}
	blind := kscope.Status{Kind: kscope.Jobs, State: kscope.Forbidden}
	foretold := map[string]int32{"work": 12, "more work than Jobs": 7, "accurate counts those that are pending": 10, "eager fills up": 3, "work that KEDA has not seen": 12}
	const none, unseen = " > Jobs: 0, none > pods: 0 ready, none", " > Jobs: ?, not permitted > pods: ?, not permitted"
	for _, tt := range []struct {
		name        string
		job         kscope.ScaledJob
		queue       kscope.Fact
		more        []kscope.Fact
		says, links string
	}{
		{"work", active, depth(12, ""), nil, "working: 12 jobs wait in orders; no Job runs, at most 20 at once. KEDA makes 12 Jobs at its next look, within 10s.", "orders: 12, has work > *KEDA: active, active" + none},
		{"more work than Jobs", active, depth(12, ""), runs(5, 5), "working: 12 jobs wait in orders; 5 Jobs run, at most 20 at once. KEDA makes 7 more at its next look, within 10s.", "orders: 12, has work > *KEDA: active, active > Jobs: 5, running > pods: 5 ready, all ready"},
		{"accurate counts those that are pending", scaling(kscope.JobScaling{Strategy: "accurate"}), depth(12, ""), runs(5, 3), "working: 12 jobs wait in orders; 5 Jobs run, 2 of them without a running pod yet, at most 20 at once. KEDA makes 10 more at its next look, within 10s.", "orders: 12, has work > *KEDA: active, active > Jobs: 5, 2 pending > pods: 3 ready, starting"},
		{"eager fills up", scaling(kscope.JobScaling{Strategy: "eager"}), depth(2.5, ""), runs(5, 5), "working: 2.5 jobs wait in orders; 5 Jobs run, at most 20 at once. KEDA makes 3 more at its next look, within 10s.", "orders: 2.5, has work > *KEDA: active, active > Jobs: 5, running > pods: 5 ready, all ready"},
		{"conditions of its own", scaling(kscope.JobScaling{Strategy: "accurate", PodConditions: true}), depth(12, ""), runs(1, 1), "working: 12 jobs wait in orders; 1 Job runs, at most 20 at once. KEDA looks every 10s.", "orders: 12, has work > *KEDA: active, active > Jobs: 1, running > pods: 1 ready, all ready"},
		{"as many as there may be", few, depth(12, ""), runs(3, 3), "working: 3 Jobs run of at most 3, so no more are made: maxReplicaCount is the limit. 12 jobs wait in orders. When one ends, KEDA makes another at its next look, within 10s.", "orders: 12, has work > *KEDA: active, active > Jobs: 3, at max > pods: 3 ready, all ready"},
		{"as many as there is work", active, depth(4, ""), runs(4, 4), "working: 4 jobs wait in orders, and 4 Jobs run: as many as KEDA makes of this. KEDA makes more when more waits than they work on, or when one ends.", "orders: 4, has work > *KEDA: active, active > Jobs: 4, running > pods: 4 ready, all ready"},
		{"none has begun", active, depth(4, ""), runs(4, 0), "working: 4 Jobs run, made for the work there is, but none has a running pod yet. They begin once their pods run.", "orders: 4, has work > *KEDA: active, active > Jobs: 4, 4 pending > pods: 0 ready, starting"},
		{"the rest", idle, depth(0, ""), runs(2, 2), "working: The queue orders is empty; 2 Jobs run. KEDA makes no more until there is work; those that run end by themselves.", "orders: 0, empty > *KEDA: inactive, nothing to do > Jobs: 2, running > pods: 2 ready, all ready"},
		{"little work", active, depth(2, ""), nil, "working: The queue orders is not above its activation threshold; no Job runs. KEDA looks every 10s, and makes Jobs once there is work.", "orders: 2, below activation > *KEDA: active, active" + none},
		{"work that KEDA has not seen", idle, depth(12, ""), nil, "asleep: 12 jobs wait in orders; no Job runs, at most 20 at once. KEDA makes 12 Jobs at its next look, within 10s.", "orders: 12, has work > *KEDA: inactive, not seen yet" + none},
		{"no work", idle, depth(0, ""), nil, "asleep: The queue orders is empty; no Job runs. KEDA looks every 10s, and makes Jobs once there is work.", "orders: 0, empty > *KEDA: inactive, nothing to do" + none},
		{"not measured", job, kscope.Heartbeat{}, nil, "looking: No Job runs, at most 20 at once; how much work waits is not known.", "orders: ?, not read yet > *KEDA: ?, no status yet" + none},
		{"unreadable", active, depth(0, "refused"), runs(1, 1), "working: 1 Job runs, at most 20 at once; kscope cannot read the queue: refused.", "*orders: ?, cannot be read > KEDA: active, active > Jobs: 1, running > pods: 1 ready, all ready"},
		{"Jobs may not be seen", active, depth(12, ""), []kscope.Fact{blind}, "working: 12 jobs wait in orders; you may not see how many Jobs run, at most 20 at once. KEDA looks every 10s.", "orders: 12, has work > *KEDA: active, active" + unseen},
		{"paused", is(func(j *kscope.ScaledJob) { j.Paused = true }), depth(3, ""), runs(2, 2), "paused: KEDA makes no Jobs: it is paused by the annotation autoscaling.keda.sh/paused. 2 Jobs run and will end by themselves.", "orders: 3, has work > *KEDA: paused, paused > Jobs: 2, running > pods: 2 ready, all ready"},
		{"broken", condition(cond("Ready", "False", "ScaledJobCheckFailed")), depth(3, ""), nil, "broken: KEDA is not ready to make Jobs of this: ScaledJobCheckFailed. No Jobs are made until that is mended.", "orders: 3, has work > *KEDA: not ready, not accepted" + none},
		{"failed lately", active, depth(3, ""), []kscope.Fact{failed}, "broken: Jobs fail, the last one 40s ago: Job has reached the specified backoff limit. 1 failed and 0 done are kept. What a failed Job had taken is not tried again by KEDA, which makes Jobs of what waits.", "orders: 3, has work > KEDA: active, active > *Jobs: 0, none > pods: 0 ready, none"},
		{"failed long ago", idle, depth(0, ""), []kscope.Fact{old}, "asleep: The queue orders is empty; no Job runs. KEDA looks every 10s, and makes Jobs once there is work.", "orders: 0, empty > *KEDA: inactive, nothing to do" + none},
		{"no image", active, depth(3, ""), append(runs(1, 0), crash), "broken: 1 pod cannot run: the image cannot be pulled (ErrImagePull); none is ready. Kubernetes tries again; new pods are likely to fail alike.", "orders: 3, has work > KEDA: active, active > Jobs: 1, running > *pods: 0 ready, 1 pod failing"},
	} {
		says, links := look(t, kscope.ID{Kind: kscope.ScaledJobs, Ref: job.Ref}, append([]kscope.Fact{tt.job, tt.queue}, tt.more...)...)
		if says != tt.says || links != tt.links {
			t.Errorf("%s:\n%s\n%s\nwant\n%s\n%s", tt.name, says, links, tt.says, tt.links)
		}
		var want []outlook.Forecast
		if n := foretold[tt.name]; n > 0 {
			want = []outlook.Forecast{{By: store.KEDA, Low: n, High: n, Earliest: noon, Latest: noon.Add(10 * time.Second), If: outlook.NoMoreJobs}}
		}
		if got := picture(t, kscope.ID{Kind: kscope.ScaledJobs, Ref: job.Ref}, append([]kscope.Fact{tt.job, tt.queue}, tt.more...)...).Ahead; !slices.Equal(got, want) {
			t.Errorf("%s: ahead is %+v, want %+v", tt.name, got, want)
		}
	}
}

func TestPlainHPASays(t *testing.T) {
	cpu := 71.0
	hpa := kscope.HPA{Ref: kscope.Ref{Namespace: "demo", Name: "web"}, UID: "h", ScaleTarget: kscope.TargetRef{Kind: "Deployment", Name: "web"}, MinReplicas: 2, MaxReplicas: 8,
		CurrentReplicas: 5, DesiredReplicas: 5, StatusEverSynced: true, Metrics: []kscope.Metric{{Type: "Resource", Name: "cpu", TargetType: "Utilization", Target: 60, Current: &cpu}},
		Conditions: kscope.Conditions{cond("ScalingActive", "True", ""), cond("AbleToScale", "True", "")}}
	is := func(c kscope.Condition) kscope.HPA { h := hpa; h.Conditions = with(h.Conditions, c); return h }
	uses := func(percent float64, wants int32, able, limited string) kscope.HPA {
		h := is(cond("AbleToScale", "True", able))
		h.Metrics, h.DesiredReplicas = slices.Clone(h.Metrics), wants
		if h.Metrics[0].Current = &percent; limited != "" {
			h.Conditions = with(h.Conditions, cond("ScalingLimited", "True", limited))
		}
		return h
	}
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
		{"an external metric, not read", external, size(5, 5), "steady: The HPA wants 5; 5 pods are ready." + looks, "cpu: 71%, target 60% > *HPA: wants 5, in range > web: 5/5, complete > pods: 5 ready, all ready"},
		{"within the tolerance", uses(64, 5, "ReadyForNewScale", ""), size(5, 5), "steady: Cpu at ~64% per pod is within 10% of the target of 60%, so the HPA leaves it at 5. It moves when the number per pod leaves that band.", "cpu: 64%, target 60% > *HPA: wants 5, in range > web: 5/5, complete > pods: 5 ready, all ready"},
		{"as many as it calls for", uses(71, 6, "SucceededRescale", ""), size(6, 6), "steady: Cpu at ~71% per pod, target 60%, calls for 6 pods, and 6 are ready. Nothing changes while the value stays about the same.", "cpu: 71%, target 60% > HPA: wants 6, in range > *web: 6/6, complete > pods: 6 ready, all ready"},
		{"more have been set", uses(71, 6, "SucceededRescale", ""), size(6, 5), "scaling up: Cpu at ~71% per pod, target 60%, calls for 6 pods; 6 are set, 5 are ready so far. 1 pod is not ready yet.", "cpu: 71%, target 60% > HPA: wants 6, in range > web: 6/6, complete > *pods: 5 ready, starting"},
		{"more than there may be", uses(120, 8, "SucceededRescale", "TooManyReplicas"), size(8, 8), "at max: Cpu at ~120% per pod, target 60%, calls for 10 pods, but maxReplicas is 8. It stays at 8 until less is asked for.", "cpu: 120%, target 60% > *HPA: wants 8, at max > web: 8/8, complete > pods: 8 ready, all ready"},
		{"fewer, but it remembers", uses(20, 5, "ScaleDownStabilized", ""), size(5, 5), "draining: Cpu at ~20% per pod, target 60%, calls for 2 pods; 5 are set: the HPA goes by the most of the last 5m. The HPA goes down to 2 or 3 within 5m00s: it looks back 5m, and kscope has watched for 0s.", "cpu: 20%, target 60% > *HPA: wants 5, holding > web: 5/5, complete > pods: 5 ready, all ready"},
		{"fewer than there must be", func() kscope.HPA {
			h := uses(3, 2, "ReadyForNewScale", "TooFewReplicas")
			h.CurrentReplicas = 2
			return h
		}(), size(2, 2), "steady: Cpu at ~3% per pod, target 60%, calls for 1 pod, but minReplicas keeps 2. More than 66% per pod would add pods.", "cpu: 3%, target 60% > HPA: wants 2, at min > *web: 2/2, complete > pods: 2 ready, all ready"},
		{"more than there may be, and set by hand", uses(71, 5, "ReadyForNewScale", ""), size(9, 9), "draining: 9 pods are set, more than maxReplicas 8 allows. The HPA brings it to 8 at its next sync, within about 15s.", "cpu: 71%, target 60% > *HPA: wants 5, before next sync > web: 9/9, complete > pods: 9 ready, all ready"},
		{"memory", func() kscope.HPA {
			h, used := uses(0, 5, "ReadyForNewScale", ""), float64(520<<20)
			h.Metrics = []kscope.Metric{{Type: "Resource", Name: "memory", TargetType: "AverageValue", Target: 512 << 20, Current: &used}}
			return h
		}(), size(5, 5), "steady: Memory at ~520Mi per pod is within 10% of the target of 512Mi, so the HPA leaves it at 5. It moves when the number per pod leaves that band.", "memory: 520Mi, target 512Mi per pod > *HPA: wants 5, in range > web: 5/5, complete > pods: 5 ready, all ready"},
		{"no metric", is(cond("ScalingActive", "False", "FailedGetResourceMetric")), size(5, 5),
			"broken: There are no figures of what pods use: FailedGetResourceMetric. Until it can, the HPA neither adds nor removes pods: 5 replicas stay. It tries again at every sync.",
			"*cpu: ?, cannot be read > HPA: no metric, no usage data > web: 5/5, complete > pods: 5 ready, all ready"},
		{"no figures yet", func() kscope.HPA {
			sa := cond("ScalingActive", "False", "FailedGetResourceMetric")
			sa.Message = "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API"
			h := is(sa)
			h.Metrics = []kscope.Metric{{Type: "Resource", Name: "cpu", TargetType: "Utilization", Target: 60}}
			return h
		}(), size(5, 5),
			"scaling up: 5 pods are ready; what they use is not known yet: its figures come half a minute to a minute after a pod has started." + looks,
			"cpu: ?, no figures yet > *HPA: no metric, no figures yet > web: 5/5, complete > pods: 5 ready, all ready"},
		{"one of two metrics", func() kscope.HPA {
			h := is(cond("ScalingActive", "False", "FailedGetResourceMetric"))
			h.Metrics = append(slices.Clone(h.Metrics), kscope.Metric{Type: "External", Name: "jobs", TargetType: "AverageValue", Target: 5})
			return h
		}(), size(5, 5),
			"broken: There are no figures of what pods use: FailedGetResourceMetric. Until it can, the HPA removes no pods, and adds some only if another metric calls for more. It tries again at every sync.",
			"*cpu: ?, cannot be read > HPA: no metric, no usage data > web: 5/5, complete > pods: 5 ready, all ready"},
		{"switched off", is(cond("ScalingActive", "False", "ScalingDisabled")), size(0, 0), "asleep: web was set to zero, which switches its HPA off. The HPA goes on when the replicas are set to 1 or more.",
			"cpu: ?, not read at zero > HPA: resting, at zero > *web: 0/0, at zero > pods: 0 ready, none"},
		{"asleep, its ScaledObject not there", kedas, size(0, 0), "asleep: web is at zero, which switches its HPA off. Why KEDA holds it there is in ScaledObject web, which is not there. KEDA sets the replicas to 1 or more once there is work.",
			"cpu: ?, not read at zero > HPA: resting, at zero > *web: 0/0, at zero > pods: 0 ready, none"},
		{"no target", hpa, kscope.Heartbeat{}, "broken: Deployment web does not exist in namespace demo, so there is nothing to scale. Create it, or correct scaleTargetRef: the HPA tries again at every sync.",
			"cpu: 71%, target 60% > HPA: wants 5, in range > *web: missing, no target > pods: ?, unknown"},
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
