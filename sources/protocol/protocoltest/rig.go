package protocoltest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// Rig is a technology with one queue.
type Rig struct {
	t     *testing.T
	s     *Suite
	meter broker.Meter
	ask   *broker.Ask
	tech  broker.Technology
	way   *Way
	said  []string // all that was said
}

// New makes one, with some parameters in the place of good ones.
func (s *Suite) New(t *testing.T, with map[string]string) *Rig {
	p := triggers.Parameters{Type: s.Type, Values: map[string]string{}, From: map[string]string{}}
	for _, values := range []map[string]string{s.Good, with} {
		for name, value := range values {
			if p.Values[name] = value; value == "" {
				delete(p.Values, name)
			}
		}
	}
	for name, value := range p.Values {
		if slices.Contains(s.Secrets, value) {
			p.From[name] = "Secret demo/login key " + name
		}
	}
	way := &Way{}
	tech := protocol.New(s.Protocol, protocol.Options{
		Resolve: func(context.Context, kscope.TriggerRef) (triggers.Parameters, error) { return p, nil },
		Dial:    way.Dial, Wait: 3 * time.Second,
	})
	of, ok := triggers.WorkBacklog(s.Type, map[string]string{"interceptorRoute": "x"}, nil, triggers.Origin{AuthName: "login", AuthKind: "TriggerAuthentication"})
	if !ok {
		t.Fatalf("kscope reads no %s", s.Type)
	}
	ref := kscope.TriggerRef{Object: kscope.ID{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "demo", Name: "orders"}}}
	r := &Rig{t: t, s: s, tech: tech, way: way, ask: &broker.Ask{Backlogs: []kscope.Backlog{of}, Triggers: []kscope.TriggerRef{ref}, Trigger: ref, Alone: true}}
	r.meter = tech.Meter(tech.Place(of), of)
	t.Cleanup(func() {
		r.meter.Close()
		r.quiet()
	})
	return r
}

// Measure measures once.
func (r *Rig) Measure() (broker.Reading, error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	began := time.Now()
	readings := make([]broker.Reading, 1)
	_, err := r.meter.Measure(ctx, r.ask, readings)
	if took := time.Since(began); took > 10*time.Second {
		r.t.Errorf("a look took %v", took)
	}
	if err == nil {
		err = readings[0].Err
	}
	if err != nil {
		r.said = append(r.said, fmt.Sprintf("%v %+v %#v", err, err, err), kscope.HintOf(err))
	}
	r.said = append(r.said, fmt.Sprintf("%+v", readings[0]), fmt.Sprintf("%+v %#v", r.meter.Describe(), r.meter.Describe()))
	return readings[0], err
}

// Await measures until there are n, or fails.
func (r *Rig) Await(n float64) broker.Reading {
	r.t.Helper()
	until := time.Now().Add(max(r.s.Settle, time.Second))
	for {
		got, err := r.Measure()
		switch {
		case err == nil && got.N == n:
			return got
		case time.Now().After(until):
			r.t.Fatalf("got %v (%v), want %v", got.N, err, n)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Push puts n jobs in, as kscope does.
func (r *Rig) Push(n int) {
	r.t.Helper()
	w, err := r.tech.Writer(r.ask.Backlogs[0])
	if err != nil {
		r.t.Fatal(err)
	}
	defer w.Close()
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	for done := 0; done < n; {
		b := Jobs(r.ask.Backlogs[0], min(n-done, 1000))
		did := w.Push(ctx, b)
		if did.Err != nil || did.Unknown != 0 || did.Accepted != int64(len(b.Jobs)) {
			r.t.Fatalf("of %d jobs: %+v", len(b.Jobs), did)
		}
		done += len(b.Jobs)
	}
}

// Jobs is a batch of n jobs.
func Jobs(to kscope.Backlog, n int) *broker.Batch {
	return broker.NewBatch(to, load.StandardPayload(), n, time.Now())
}

// quiet holds that no secret was said.
func (r *Rig) quiet() {
	for _, secret := range r.s.Secrets {
		for _, said := range r.said {
			if secret != "" && strings.Contains(said, secret) {
				r.t.Errorf("a secret is said: %s", strings.ReplaceAll(said, secret, "[HERE]"))
			}
		}
	}
}
