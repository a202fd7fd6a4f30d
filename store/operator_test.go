package store

import (
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// TestThroughKEDA: a value that kscope cannot have of its broker is the one that KEDA's
// operator tells, at zero replicas too, and its own again once it can.
func TestThroughKEDA(t *testing.T) {
	id := kscope.ID{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "demo", Name: "orders"}}
	own := kscope.Backlog{Broker: "sqs", Server: "sqs (identity)", Name: "orders"}
	all := []kscope.Trigger{
		{Type: "datadog", MetricType: "AverageValue", Metadata: map[string]string{"query": "q", "queryValue": "5"}},
		{Type: "aws-sqs-queue", MetricType: "AverageValue", Backlog: &own, Metadata: map[string]string{"queueLength": "5"}},
		{Type: "kafka", MetricType: "AverageValue", Metadata: map[string]string{"topic": "orders", "lagThreshold": "5"}},
	}
	s := New()
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	see := func(f kscope.Fact) {
		at = at.Add(time.Second)
		s.Apply(kscope.Observation{At: at, Source: "x", Fact: f})
	}
	through := func(i int) kscope.Backlog {
		return triggers.ThroughKEDA(all[i], kscope.TriggerRef{Object: id, Index: i})
	}
	keda := func(state kscope.State, depths ...kscope.Depth) {
		see(kscope.Depths{Server: triggers.KEDAServer, All: depths})
		see(kscope.Status{Kind: kscope.Queues, Broker: triggers.KEDABroker, Name: triggers.KEDAServer, State: state, Hint: "turn them on"})
	}
	see(kscope.ScaledObject{Ref: id.Ref, UID: "1", Triggers: all})
	readings := func() []Reading {
		c, ok := s.Chain(id)
		if !ok {
			t.Fatal("no chain")
		}
		return c.Readings
	}
	version := s.VersionOf(id)
	keda(kscope.Synced, kscope.Depth{Backlog: through(0), N: 12, Scaled: kscope.Scaled{Is: true, N: 12}}, kscope.Depth{Backlog: through(2), N: 20})
	if s.VersionOf(id) == version {
		t.Error("what KEDA tells changes nothing of the object")
	}
	r := readings()
	if !r[0].Known || r[0].Value != 12 || r[0].From != FromKEDA || r[0].IsActive() || r[0].Trigger.Backlog == nil || !r[0].Measured() {
		t.Errorf("of what only KEDA can ask: %+v", r[0])
	}
	if !r[2].Known || r[2].Value != 20 || r[2].CountsJobs() {
		t.Errorf("of what KEDA counts only a part of: %+v", r[2])
	}
	see(kscope.Depths{Server: own.Server, All: []kscope.Depth{{Backlog: own, Err: "only KEDA has that identity"}}})
	see(kscope.Status{Kind: kscope.Queues, Broker: "sqs", Name: own.Server, State: kscope.Failing, Message: "only KEDA has that identity"})
	if r := readings()[1]; r.Known || r.Err == "" {
		t.Errorf("before KEDA tells of it: %+v", r)
	}
	keda(kscope.Synced, kscope.Depth{Backlog: through(1), N: 30})
	if r := readings()[1]; !r.Known || r.Value != 30 || r.From != FromKEDA || !r.CountsJobs() || r.Past.At(r.Past.Newest(at)) != 30 {
		t.Errorf("what kscope cannot read: %+v", r)
	}
	see(kscope.Status{Kind: kscope.Queues, Broker: "sqs", Name: own.Server, State: kscope.Synced})
	see(kscope.Depths{Server: own.Server, All: []kscope.Depth{{Backlog: own, N: 31}}})
	if r := readings()[1]; r.Value != 31 || r.From != FromBroker || *r.Trigger.Backlog != own {
		t.Errorf("what kscope can read again: %+v", r)
	}
	keda(kscope.Synced, kscope.Depth{Backlog: through(0), Err: "stands still"})
	if r := readings()[0]; r.Known || r.Err != "stands still" {
		t.Errorf("what KEDA cannot read: %+v", r)
	}
	keda(kscope.Absent, kscope.Depth{Backlog: through(0), Err: "off"})
	if r := readings()[0]; r.Known || r.Err != "" || r.Hint != "turn them on" {
		t.Errorf("without metrics: %+v", r)
	}
}

// TestThroughExternal: what the external metrics API answered is the value where neither the
// broker nor the operator tells, for a minute after it was asked.
func TestThroughExternal(t *testing.T) {
	id := kscope.ID{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "demo", Name: "orders"}}
	trigger := kscope.Trigger{Type: "datadog", MetricType: "AverageValue", Metadata: map[string]string{"query": "q", "queryValue": "5"}}
	of := kscope.TriggerRef{Object: id}
	s := New()
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	see := func(after time.Duration, f kscope.Fact) {
		at = at.Add(after)
		s.Apply(kscope.Observation{At: at, Source: "x", Fact: f})
	}
	says := func(server string, d kscope.Depth) kscope.Depths {
		return kscope.Depths{Server: server, All: []kscope.Depth{d}}
	}
	reading := func() Reading {
		c, _ := s.Chain(id)
		return c.Readings[0]
	}
	see(0, kscope.ScaledObject{Ref: id.Ref, UID: "1", Triggers: []kscope.Trigger{trigger}})
	see(0, says(triggers.KEDAServer, kscope.Depth{Backlog: triggers.ThroughKEDA(trigger, of), Err: "off"}))
	see(0, kscope.Status{Kind: kscope.Queues, Broker: triggers.KEDABroker, Name: triggers.KEDAServer, State: kscope.Absent, Hint: "turn them on"})
	version := s.VersionOf(id)
	see(time.Second, says(triggers.ExternalServer, kscope.Depth{Backlog: triggers.ThroughExternal(trigger, of), N: 7.5}))
	see(0, kscope.Status{Kind: kscope.Queues, Broker: triggers.KEDABroker, Name: triggers.ExternalServer, State: kscope.Synced})
	if r := reading(); !r.Known || r.Value != 7.5 || r.From != FromExternal || r.At != at || r.Err != "" || r.Trigger.Backlog == nil || !r.Measured() || !r.IsActive() {
		t.Errorf("asked: %+v", r)
	}
	if s.VersionOf(id) == version {
		t.Error("the answer is no news of the object")
	}
	see(50*time.Second, kscope.Heartbeat{})
	if r := reading(); !r.Known {
		t.Errorf("50 s later: %+v", r)
	}
	see(20*time.Second, kscope.Heartbeat{})
	if r := reading(); r.Known || r.Hint != "turn them on" {
		t.Errorf("70 s later: %+v", r)
	}
	see(time.Second, says(triggers.ExternalServer, kscope.Depth{Backlog: triggers.ThroughExternal(trigger, of), Err: "KEDA answered with an error"}))
	if r := reading(); r.Known || r.Hint != "turn them on" {
		t.Errorf("refused: %+v", r)
	}
	see(time.Second, says(triggers.ExternalServer, kscope.Depth{Backlog: triggers.ThroughExternal(trigger, of), N: 8}))
	see(time.Second, says(triggers.KEDAServer, kscope.Depth{Backlog: triggers.ThroughKEDA(trigger, of), N: 9}))
	see(0, kscope.Status{Kind: kscope.Queues, Broker: triggers.KEDABroker, Name: triggers.KEDAServer, State: kscope.Synced})
	if r := reading(); r.Value != 9 || r.From != FromKEDA {
		t.Errorf("the operator tells it too: %+v", r)
	}
}

// TestNothingIsNotZero: a query without an answer is nothing known, though KEDA takes it
// for 0: no zero is in what is drawn.
func TestNothingIsNotZero(t *testing.T) {
	s := New()
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	q := kscope.Backlog{Broker: "prometheus", Server: "http://prometheus:9090", Name: "lag"}
	id := kscope.ID{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "demo", Name: "orders"}}
	for i, f := range []kscope.Fact{
		kscope.ScaledObject{Ref: id.Ref, UID: "1", Triggers: []kscope.Trigger{{Type: "prometheus", MetricType: "AverageValue", Backlog: &q}}},
		kscope.Depths{Server: q.Server, All: []kscope.Depth{{Backlog: q, Type: "series", N: 3}}},
		kscope.Depths{Server: q.Server, All: []kscope.Depth{{Backlog: q, Type: "none", Scaled: kscope.Scaled{Is: true, How: "no series"}}}},
	} {
		s.Apply(kscope.Observation{At: at.Add(time.Duration(i) * time.Second), Source: "x", Fact: f})
	}
	c, _ := s.Chain(id)
	r := c.Readings[0]
	if !r.Known || !r.Nothing || r.Value != 0 || r.IsActive() {
		t.Errorf("got %+v", r)
	}
	if was, is := r.Past.At(at.Add(time.Second)), r.Past.At(at.Add(2*time.Second)); was != 3 || is == is { // NaN
		t.Errorf("drawn %v, then %v", was, is)
	}
}
