package tui

import (
	"context"
	"fmt"
	"math"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/triggers"
)

// taleStart is when every tale begins.
var taleStart = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// tale plays the seed story as the sources would tell it: a queue, KEDA that
// looks every 5 s, an HPA that looks every 15 s, pods that take 2 s to start
// and 2 s for a job, a cooldown of 30 s. It is deterministic, so screens drawn
// from it can be compared.
type tale struct {
	at      time.Time
	out     []kscope.Observation
	so      kscope.ScaledObject
	hpa     kscope.HPA
	work    kscope.Workload
	pods    []kscope.Pod
	queue   kscope.Backlog
	depth   int64
	redis   string // why the queue cannot be read, "" when it can
	stopped bool   // pods cannot start
	slow    bool   // they never get ready
	idle    bool   // and take no job when they are
	named   int
	batches int           // that were put in
	scaled  time.Time     // when the HPA last wanted more
	skew    time.Duration // by how much the cluster's clock is ahead
}

func newTale(ns, name string) *tale {
	q := triggers.Redis{Address: "redis." + ns + ".svc.cluster.local:6379", Key: "orders"}.Backlog()
	none := int32(0)
	t := &tale{at: taleStart, queue: q}
	t.so = kscope.ScaledObject{
		Ref: kscope.Ref{Namespace: ns, Name: name}, UID: "so-" + ns + name, Created: taleStart.Add(-time.Hour),
		ScaleTarget:     kscope.TargetRef{APIVersion: "apps/v1", Kind: "Deployment", Name: "queue-worker"},
		PollingInterval: 5 * time.Second, CooldownPeriod: 30 * time.Second, MaxReplicaCount: 10, InjectAllowed: true,
		Triggers: []kscope.Trigger{{Type: "redis", MetricType: "AverageValue", Backlog: &q, Metadata: map[string]string{"listName": "orders", "listLength": "5"}}},
		HPAName:  "keda-hpa-" + name, ExternalMetricNames: []string{"s0-redis-orders"},
		Conditions: kscope.Conditions{{Type: "Ready", Status: "True"}, {Type: "Active", Status: "False", Reason: "ScalerNotActive"}},
	}
	t.hpa = kscope.HPA{
		Ref: kscope.Ref{Namespace: ns, Name: "keda-hpa-" + name}, UID: "hpa", OwnerUID: t.so.UID, MinReplicas: 1, MaxReplicas: 10,
		StatusEverSynced: true,
		Behavior: &kscope.Behavior{
			Up:   kscope.Direction{Policies: []kscope.ScalingPolicy{{Type: "Pods", Value: 4, Period: 15 * time.Second}, {Type: "Percent", Value: 100, Period: 15 * time.Second}}},
			Down: kscope.Direction{Window: time.Minute},
		},
		Metrics:    []kscope.Metric{{Type: "External", Name: "s0-redis-orders", TargetType: "AverageValue", Target: 5}},
		Conditions: kscope.Conditions{{Type: "ScalingActive", Status: "False", Reason: "ScalingDisabled"}, {Type: "AbleToScale", Status: "True"}},
	}
	t.work = kscope.Workload{
		Ref: kscope.Ref{Namespace: ns, Name: "queue-worker"}, Kind: "Deployment", APIVersion: "apps/v1", UID: "w" + ns, Ready: &none,
		Selector: kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"queue-worker"}}},
	}
	return t
}

// say adds what a source saw now.
func (t *tale) say(fs ...kscope.Fact) {
	for _, f := range fs {
		source := "k8s"
		switch f := f.(type) {
		case kscope.ScaledObject:
			source = "keda"
		case kscope.Depths:
			source = "redis"
		case kscope.Status:
			if f.Kind == kscope.Queues {
				source = "redis"
			}
		}
		t.out = append(t.out, kscope.Observation{At: t.at, Source: source, Fact: f})
	}
}

// begin is what the sources say first.
func (t *tale) begin() *tale {
	for _, k := range []kscope.Kind{kscope.Deployments, kscope.HPAs, kscope.Pods, kscope.Events, kscope.ScaledJobs} {
		t.say(kscope.Status{Kind: k, State: kscope.Synced})
	}
	t.say(t.so, t.hpa, t.work, kscope.Status{Kind: kscope.ScaledObjects, State: kscope.Synced})
	t.measure()
	t.say(kscope.Status{Kind: kscope.Queues, Name: t.queue.Server, State: kscope.Synced})
	return t
}

func (t *tale) measure() {
	d := kscope.Depth{Backlog: t.queue, N: float64(t.depth), Type: "list", Err: t.redis}
	if t.depth == 0 {
		d.Type = "none"
	}
	t.say(kscope.Depths{Server: t.queue.Server, RTT: time.Millisecond, All: []kscope.Depth{d}})
}

func (t *tale) push(n int64) *tale {
	t.depth += n
	t.say(t.batch(n))
	t.measure()
	return t
}

// batch is the last word of a batch of so many jobs that went in.
func (t *tale) batch(n int64) kscope.Loading {
	t.batches++
	l := load.Load{Backlog: t.queue, Target: t.so.Ref, Profile: load.BatchOf(n)}.Begun(t.at.Add(time.Duration(t.batches)))
	l.Accepted, l.Length, l.State = n, t.depth, kscope.LoadFinished
	return l
}

// run plays the world for a while, in steps of a quarter of a second.
func (t *tale) run(d time.Duration) *tale {
	for end := t.at.Add(d); t.at.Before(end); {
		t.at = t.at.Add(250 * time.Millisecond)
		since := t.at.Sub(taleStart)
		t.step(since)
		if t.redis == "" || since%(5*time.Second) == 0 {
			t.measure()
		}
		if since%time.Second == 0 {
			t.say(kscope.Heartbeat{})
		}
	}
	return t
}

func (t *tale) step(since time.Duration) {
	ready := int64(0)
	for i := range t.pods {
		p := &t.pods[i]
		if !p.Ready && !t.slow && p.Reason == "" && t.at.Sub(p.Created) >= 2*time.Second {
			if t.stopped {
				p.Reason, p.Message = "ImagePullBackOff", "Back-off pulling image \"worker:2\""
			} else {
				p.Ready, p.ReadySince = true, t.at
			}
			t.say(*p)
			t.report()
		}
		if p.Ready {
			ready++
		}
	}
	if since%(2*time.Second) == 0 && !t.idle {
		t.depth = max(t.depth-ready, 0)
	}
	if since%(5*time.Second) == 2*time.Second && t.redis == "" {
		t.poll()
	}
	if since%(15*time.Second) == 9*time.Second && t.redis == "" {
		t.sync()
	}
}

func (t *tale) condition(c kscope.Condition) {
	cs := append(kscope.Conditions(nil), t.so.Conditions...)
	for i := range cs {
		if cs[i].Type == c.Type {
			cs[i] = c
		}
	}
	t.so.Conditions = cs
}

// poll is KEDA's.
func (t *tale) poll() {
	switch {
	case t.depth > 0:
		t.so.LastActiveTime = t.at.Add(t.skew).Truncate(time.Second)
		t.condition(kscope.Condition{Type: "Active", Status: "True", Reason: "ScalerActive"})
		t.say(t.so)
		if t.work.Desired == 0 {
			t.scale(1, "keda-operator")
			t.event("KEDAScaleTargetActivated", "Scaled apps/v1.Deployment from 0 to 1", "ScaledObject")
		}
	case t.work.Desired == 0:
		t.condition(kscope.Condition{Type: "Active", Status: "False", Reason: "ScalerNotActive"})
		t.say(t.so)
	case !t.at.Add(t.skew).Before(scaling.LoopOf(t.so).ZeroAt(t.so.LastActiveTime, t.so.Created)):
		was := t.work.Desired
		t.scale(0, "")
		t.event("KEDAScaleTargetDeactivated", fmt.Sprintf("Deactivated apps/v1.Deployment from %d to 0", was), "ScaledObject")
		t.condition(kscope.Condition{Type: "Active", Status: "False", Reason: "ScalerNotActive"})
		t.hpa.Conditions = kscope.Conditions{{Type: "ScalingActive", Status: "False", Reason: "ScalingDisabled"}}
		t.say(t.so, t.hpa)
	default:
		t.condition(kscope.Condition{Type: "Active", Status: "False", Reason: "ScalerCooldown"})
		t.say(t.so)
	}
}

// sync is the HPA's.
func (t *tale) sync() {
	if t.work.Desired == 0 {
		return
	}
	want := min(scaling.WantReplicas(float64(t.depth), 5, t.work.Current, scaling.TolerancesOf(nil)), scaling.UpLimit(t.hpa.Behavior, t.hpa.MaxReplicas, t.work.Desired))
	want = min(max(want, 1), 10)
	if want >= t.work.Desired {
		t.scaled = t.at
	}
	h := t.hpa
	average := float64(t.depth) / math.Max(float64(t.work.Current), 1)
	h.Metrics = []kscope.Metric{{Type: "External", Name: "s0-redis-orders", TargetType: "AverageValue", Target: 5, Current: &average}}
	h.Conditions = kscope.Conditions{{Type: "ScalingActive", Status: "True", Reason: "ValidMetricFound"}, {Type: "AbleToScale", Status: "True", Reason: "ReadyForNewScale"}}
	switch {
	case want < t.work.Desired && t.at.Sub(t.scaled) < h.Behavior.Down.Window:
		want = t.work.Desired
		h.Conditions[1].Reason = "ScaleDownStabilized"
	case want == 10:
		h.Conditions = append(h.Conditions, kscope.Condition{Type: "ScalingLimited", Status: "True", Reason: "TooManyReplicas"})
	}
	h.DesiredReplicas, h.CurrentReplicas = want, t.work.Desired
	t.hpa = h
	t.say(h)
	if want != t.work.Desired {
		up := "above"
		if want < t.work.Desired {
			up = "below"
		}
		t.scale(want, "kube-controller-manager")
		t.event("SuccessfulRescale", fmt.Sprintf("New size: %d; reason: external metric s0-redis-orders(&LabelSelector{MatchLabels:map[string]string{scaledobject.keda.sh/name: worker,},MatchExpressions:[]LabelSelectorRequirement{},}) %s target", want, up), "HorizontalPodAutoscaler")
	}
}

func (t *tale) event(reason, note, kind string) {
	name := t.so.Ref.Name
	if kind == "HorizontalPodAutoscaler" {
		name = t.hpa.Ref.Name
	}
	t.say(kscope.Event{
		UID: fmt.Sprint(reason, t.at.UnixMilli()), Namespace: t.so.Ref.Namespace, Type: "Normal", Reason: reason, Note: note, Last: t.at, Count: 1,
		Regarding: kscope.ObjectRef{Kind: kind, Namespace: t.so.Ref.Namespace, Name: name},
	})
}

// scale sets the replicas and lets pods come and go.
func (t *tale) scale(n int32, manager string) {
	t.work.Desired, t.work.SetBy = n, manager
	if manager != "" {
		t.work.SetAt = t.at
	}
	for int32(len(t.pods)) > n {
		p := t.pods[len(t.pods)-1]
		t.pods = t.pods[:len(t.pods)-1]
		t.say(kscope.Gone{Kind: kscope.Pods, Ref: p.Ref, UID: p.UID})
	}
	for int32(len(t.pods)) < n {
		t.named++
		p := kscope.Pod{
			Ref:    kscope.Ref{Namespace: t.so.Ref.Namespace, Name: fmt.Sprintf("queue-worker-6c9f7d5b44-%05x", t.named*7919)},
			Labels: map[string]string{"app": "queue-worker"}, Created: t.at, Started: t.at, Phase: "Running", Scheduled: true, Node: fmt.Sprint("node-", t.named%3+1),
		}
		p.UID = p.Ref.Name
		t.pods = append(t.pods, p)
		t.say(p)
	}
	t.report()
}

func (t *tale) report() {
	n := int32(0)
	for _, p := range t.pods {
		if p.Ready {
			n++
		}
	}
	t.work.Ready, t.work.Current = &n, int32(len(t.pods))
	t.say(t.work)
}

// take gives the observations told so far, and forgets them.
func (t *tale) take() Observed {
	out := t.out
	t.out = nil
	return seen(out...)
}

// seen is observations as the program would send them.
func seen(os ...kscope.Observation) Observed { return Observed{All: os} }

// tell makes a model of a size and lets it hear a tale.
func tell(t *tale, w, h int, change ...func(*Options)) *Model {
	o := Options{Mode: "LIVE", Context: "kind-demo", Namespace: "demo", LocalCluster: true, Theme: "dark", Load: LoadOptions{Run: func(context.Context, load.Load) error { return nil }}}
	for _, f := range change {
		f(&o)
	}
	m := New(o)
	m.Update(tea.ColorProfileMsg{Profile: colorprofile.TrueColor})
	m.Update(tea.WindowSizeMsg{Width: w, Height: h})
	m.Update(t.take())
	return m
}

// idOf is the ScaledObject of a name.
func idOf(ref kscope.Ref) kscope.ID { return kscope.ID{Kind: kscope.ScaledObjects, Ref: ref} }
