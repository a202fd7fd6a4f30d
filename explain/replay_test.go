package explain_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// testdata/recorded.jsonl.gz is what a real Kubernetes 1.36 and a real KEDA
// 2.21 said while 60 jobs and then more went through a queue: the watch streams
// in the order of their resource versions and the length of the queue, reduced
// to the fields that are decoded here. Each line bears the newest time in its
// object, or, where a write left none, that of the next line with one.
type recorded struct {
	At     time.Time
	Stream string
	Type   string
	Object object
	Length int64
}

type object struct {
	Metadata struct {
		Name, Namespace, UID string
		CreationTimestamp    time.Time
		DeletionTimestamp    time.Time
		Labels               map[string]string
		OwnerReferences      []struct{ UID string }
		ManagedFields        []struct {
			Manager string
			Time    time.Time
		}
	}
	Spec struct {
		Replicas                        int32
		Selector                        struct{ MatchLabels map[string]string }
		NodeName                        string
		ScaleTargetRef                  struct{ Name string }
		PollingInterval, CooldownPeriod int64
		MaxReplicaCount, MaxReplicas    int32
		Triggers                        []struct{ Metadata map[string]string }
		Behavior                        struct {
			ScaleDown struct{ StabilizationWindowSeconds int64 }
		}
	}
	Status struct {
		Replicas, ReadyReplicas, CurrentReplicas, DesiredReplicas int32
		Phase, HPAName                                            string
		LastActiveTime                                            time.Time
		ExternalMetricNames                                       []string
		Conditions                                                []kscope.Condition
		CurrentMetrics                                            []struct {
			External struct{ Current struct{ AverageValue string } }
		}
	}
	InvolvedObject        kscope.ObjectRef
	Reason, Message, Type string
	EventTime             time.Time
	LastTimestamp         time.Time
}

func (r recorded) fact() kscope.Fact {
	o, m := r.Object, r.Object.Metadata
	ref := kscope.Ref{Namespace: m.Namespace, Name: m.Name}
	if r.Type == "DELETED" {
		return kscope.Gone{Kind: kscope.Kind(r.Stream), Ref: ref, UID: m.UID}
	}
	switch r.Stream {
	case "queue":
		return kscope.Depths{Server: recordedQueue.Server, All: []kscope.Depth{{Backlog: recordedQueue, N: float64(r.Length), Type: "list"}}}
	case "deployments":
		w := kscope.Workload{Ref: ref, Kind: "Deployment", UID: m.UID, Desired: o.Spec.Replicas, Current: o.Status.Replicas, Ready: &o.Status.ReadyReplicas}
		for k, v := range o.Spec.Selector.MatchLabels {
			w.Selector = append(w.Selector, kscope.Requirement{Key: k, Operator: kscope.In, Values: []string{v}})
		}
		for _, f := range m.ManagedFields {
			w.SetBy, w.SetAt = f.Manager, f.Time
		}
		return w
	case "pods":
		p := kscope.Pod{Ref: ref, UID: m.UID, Labels: m.Labels, Created: m.CreationTimestamp, Deleted: m.DeletionTimestamp, Phase: o.Status.Phase, Scheduled: o.Spec.NodeName != ""}
		p.Ready = kscope.Conditions(o.Status.Conditions).Get("Ready").True()
		return p
	case "hpas":
		h := kscope.HPA{Ref: ref, UID: m.UID, OwnerUID: m.OwnerReferences[0].UID, MinReplicas: 1, MaxReplicas: o.Spec.MaxReplicas,
			Behavior: &kscope.Behavior{
				Up:   kscope.Direction{Select: "Max", Policies: []kscope.ScalingPolicy{{Type: "Pods", Value: 4}, {Type: "Percent", Value: 100}}},
				Down: kscope.Direction{Window: time.Duration(o.Spec.Behavior.ScaleDown.StabilizationWindowSeconds) * time.Second},
			},
			CurrentReplicas: o.Status.CurrentReplicas, DesiredReplicas: o.Status.DesiredReplicas,
			Conditions: o.Status.Conditions, StatusEverSynced: len(o.Status.Conditions) > 0,
			Metrics: []kscope.Metric{{Type: "External", Name: "s0-redis-orders", TargetType: "AverageValue", Target: 5}}}
		if ms := o.Status.CurrentMetrics; len(ms) > 0 {
			milli, isMilli := strings.CutSuffix(ms[0].External.Current.AverageValue, "m")
			v, _ := strconv.ParseFloat(milli, 64)
			if isMilli {
				v /= 1000
			}
			h.Metrics[0].Current = &v
		}
		return h
	case "scaledobjects":
		so := kscope.ScaledObject{Ref: ref, UID: m.UID, Created: m.CreationTimestamp,
			ScaleTarget:     kscope.TargetRef{APIVersion: "apps/v1", Kind: "Deployment", Name: o.Spec.ScaleTargetRef.Name},
			PollingInterval: time.Duration(o.Spec.PollingInterval) * time.Second, CooldownPeriod: time.Duration(o.Spec.CooldownPeriod) * time.Second,
			MaxReplicaCount: o.Spec.MaxReplicaCount, HPAName: o.Status.HPAName, LastActiveTime: o.Status.LastActiveTime,
			ExternalMetricNames: o.Status.ExternalMetricNames, Conditions: o.Status.Conditions}
		for _, t := range o.Spec.Triggers {
			so.Triggers = append(so.Triggers, kscope.Trigger{Type: "redis", MetricType: "AverageValue", Metadata: t.Metadata, Backlog: &recordedQueue})
		}
		return so
	case "events":
		ev := kscope.Event{UID: m.UID, Namespace: m.Namespace, Regarding: o.InvolvedObject, Type: o.Type, Reason: o.Reason, Note: o.Message, Last: o.EventTime, Count: 1}
		if o.LastTimestamp.After(ev.Last) {
			ev.Last = o.LastTimestamp
		}
		return ev
	}
	return nil
}

var recordedQueue = triggers.Redis{Address: "redis:6379", Key: "orders"}.Backlog()

// recording is the recorded stream.
func recording(t testing.TB) []kscope.Observation {
	t.Helper()
	file, err := os.Open("testdata/recorded.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	plain, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []kscope.Observation
	for lines := bufio.NewScanner(plain); lines.Scan(); {
		var r recorded
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		out = append(out, kscope.Observation{At: r.At, Source: "recorded", Fact: r.fact()})
	}
	return out
}

func TestRecordedStory(t *testing.T) {
	ref := kscope.Ref{Namespace: "shop", Name: "order-worker"}
	start := time.Date(2026, 11, 23, 15, 48, 0, 0, time.UTC)
	moments := []struct {
		at    float64 // when a snapshot was taken
		name  string
		phase explain.Phase
		links string
	}{
		{14.0, "idle", explain.Asleep, "0 empty, inactive nothing to do, resting at zero, 0/0 at zero, 0 ready none"},
		{18.1, "activated", explain.Waking, "60 has work, active active, due before next sync, 1/1 complete, 0 ready starting"},
		{21.7, "scaling up", explain.ScalingUp, "60 has work, active active, wants 5 ramping, 5/5 complete, 1 ready starting"},
		{47.7, "at max", explain.AtMax, "177 has work, active active, wants 10 at max, 10/10 complete, 10 ready all ready"},
		{71.0, "cooling down", explain.CoolingDown, "0 empty, cooldown cooling down, wants 10 holding, 10/10 complete, 10 ready all ready"},
		{93.4, "terminating", explain.Draining, "0 empty, inactive nothing to do, resting at zero, 4/0 removing pods, 4 ready stopping"},
		{107.9, "zero again", explain.Asleep, "0 empty, inactive nothing to do, resting at zero, 0/0 at zero, 0 ready none"},
	}
	s := store.New()
	for _, k := range []kscope.Kind{kscope.Deployments, kscope.Pods, kscope.HPAs, kscope.ScaledObjects, kscope.Events} {
		s.Apply(kscope.Observation{At: start, Source: "recorded", Fact: kscope.Status{Kind: k, State: kscope.Synced}})
	}
	stream := recording(t)
	for _, m := range moments {
		for len(stream) > 0 && stream[0].At.Sub(start).Seconds() <= m.at {
			s.Apply(stream[0])
			stream = stream[1:]
			if c, ok := explain.Look(s, idOf(ref)); ok && c.Phase == explain.Broken {
				t.Errorf("broken at %v: %s", stream[0].At.Sub(start), c.Why)
			}
		}
		s.Apply(kscope.Observation{At: start.Add(time.Duration(m.at * float64(time.Second))), Fact: kscope.Heartbeat{}})
		c, ok := explain.Look(s, idOf(ref))
		if !ok {
			t.Fatalf("%s: no ScaledObject", m.name)
		}
		var links []string
		for _, l := range c.Links {
			links = append(links, l.Text()+" "+l.Word)
		}
		if got := strings.Join(links, ", "); c.Phase != m.phase || got != m.links {
			t.Errorf("%s: %s, %s\n%s\nwant %s, %s", m.name, c.Phase, c.Why, got, m.phase, m.links)
		}
	}

	var steps []string
	for _, e := range explain.Timeline(s, idOf(ref)) {
		if e.Kind == store.Scaled {
			if e.Guess || e.After <= 0 {
				t.Errorf("%+v: guessed, or without a cause", e)
			}
			steps = append(steps, fmt.Sprintf("%.0fs %s %d>%d %s after %s", e.At.Sub(start).Seconds(), e.Actor, e.From, e.To, e.Note, e.Cause))
		}
	}
	want := []string{
		"17s KEDA 0>1  after the first job",
		"19s HPA 1>5 external metric s0-redis-orders above target after KEDA's step",
		"35s HPA 5>10 external metric s0-redis-orders above target after HPA's step",
		"80s HPA 10>4 All metrics below target after the last job was taken",
		"92s KEDA 4>0  after the last job was taken",
	}
	if got := strings.Join(steps, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("steps\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// Someone who starts kscope at the end is told the same steps by the events.
func TestRecordedHistory(t *testing.T) {
	ref := kscope.Ref{Namespace: "shop", Name: "order-worker"}
	s := store.New()
	newest := map[string]kscope.Fact{}
	var events []kscope.Fact
	stream := recording(t)
	for _, o := range stream {
		switch f := o.Fact.(type) {
		case kscope.Event:
			events = append(events, f)
		case kscope.Workload, kscope.ScaledObject, kscope.HPA:
			newest[fmt.Sprintf("%T", f)] = f
		}
	}
	end := stream[len(stream)-1].At
	for _, f := range newest {
		s.Apply(kscope.Observation{At: end, Fact: f})
	}
	for _, f := range append(events, kscope.Status{Kind: kscope.Events, State: kscope.Synced}) {
		s.Apply(kscope.Observation{At: end, Fact: f})
	}
	var steps []string
	for _, e := range explain.Timeline(s, idOf(ref)) {
		steps = append(steps, fmt.Sprintf("%s %d>%d", e.Actor, e.From, e.To))
	}
	if got, want := strings.Join(steps, ", "), "KEDA 0>1, HPA 1>5, HPA 5>10, HPA 10>4, KEDA 4>0"; got != want {
		t.Errorf("history %s, want %s", got, want)
	}
}
