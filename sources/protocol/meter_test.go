package protocol_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// shop is a broker in memory, whose queues hold what their triggers say, or say what is
// wrong with them.
type shop struct{}

func (shop) Key(p triggers.Parameters) (string, error) {
	if p.Text("server") == "" {
		return "", errors.New("the trigger names no server")
	}
	return p.Text("server"), nil
}

func (shop) Pace(triggers.Parameters) time.Duration { return 0 }

func (s shop) Connect(context.Context, triggers.Parameters, protocol.Dial) (protocol.Client, error) {
	return s, nil
}

func (shop) Describe() kscope.Connection { return kscope.Connection{} }
func (shop) Close()                      {}

func (shop) Measure(_ context.Context, queues []protocol.Queue, readings []broker.Reading) error {
	for i, q := range queues {
		if says := q.Text("says"); says != "" {
			readings[i] = broker.Reading{Err: errors.New(says), Own: true}
		} else {
			readings[i].N = q.Number("value")
		}
	}
	return nil
}

// backlog is that of a trigger in a position of the object demo/orders, whose metadata
// have a name and what is not shown.
func backlog(t *testing.T, index int, name string) kscope.Backlog {
	t.Helper()
	b, ok := triggers.WorkBacklog("beanstalkd", map[string]string{"tube": name, "server": "shop:1"}, map[string]string{"tube": name, "server": "(hidden)"},
		triggers.Origin{Object: orders.Object.Ref, Index: index})
	if !ok {
		t.Fatal("no backlog")
	}
	return b
}

var orders = kscope.TriggerRef{Object: kscope.ID{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "demo", Name: "orders"}}}

// asked is what to measure: the triggers of demo/orders.
func asked(all ...kscope.Backlog) *broker.Ask {
	ask := &broker.Ask{Backlogs: all, Trigger: orders, Alone: true}
	for i := range all {
		ask.Triggers = append(ask.Triggers, kscope.TriggerRef{Object: orders.Object, Index: i})
	}
	return ask
}

// measured is what a meter reads of all of it.
func measured(t *testing.T, m broker.Meter, ask *broker.Ask) []broker.Reading {
	t.Helper()
	readings := make([]broker.Reading, len(ask.Backlogs))
	if _, err := m.Measure(t.Context(), ask, readings); err != nil {
		t.Fatal(err)
	}
	return readings
}

// TestWhatLacksIsAskedForAgain: a parameter that was not there is found once it is, as
// when a Secret is made after the trigger that names it.
func TestWhatLacksIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		values := map[string]string{"value": "7"}
		m := meterOf(func(kscope.TriggerRef) map[string]string { return values })
		ask := asked(backlog(t, 0, "a"))
		if r := measured(t, m, ask)[0]; r.Err == nil || r.Err.Error() != "the server: the trigger names no server" {
			t.Errorf("without a server: %+v", r)
		}
		values = map[string]string{"value": "7", "server": "shop:1"}
		time.Sleep(10 * time.Second)
		if r := measured(t, m, ask)[0]; r.Err != nil || r.N != 7 {
			t.Errorf("once it is there: %+v", r)
		}
	})
}

// TestEachHasItsOwn: triggers that share a server and not what is hidden in them are read by
// their own, also when they change places; and what one repeats of its own is not told.
func TestEachHasItsOwn(t *testing.T) {
	own := []map[string]string{
		{"server": "shop:1", "value": "1", "password": "SECRET-one"},
		{"server": "shop:1", "says": "no to SECRET-two", "password": "SECRET-two"},
	}
	m := meterOf(func(of kscope.TriggerRef) map[string]string { return own[of.Index] })
	r := measured(t, m, asked(backlog(t, 0, "a"), backlog(t, 1, "b")))
	if r[0].N != 1 || r[1].Err == nil || strings.Contains(r[1].Err.Error(), "SECRET") {
		t.Errorf("got %+v", r)
	}
	own = []map[string]string{{"server": "shop:1", "value": "3"}, {"server": "shop:1", "value": "4"}}
	if r := measured(t, m, asked(backlog(t, 0, "b"), backlog(t, 1, "a"))); r[0].N != 3 || r[1].N != 4 {
		t.Errorf("in other places: %+v", r)
	}
}

// meterOf is one that has the parameters of a trigger from somewhere.
func meterOf(values func(kscope.TriggerRef) map[string]string) broker.Meter {
	return protocol.New(shop{}, protocol.Options{Resolve: func(_ context.Context, of kscope.TriggerRef) (triggers.Parameters, error) {
		return triggers.Parameters{Type: "beanstalkd", Values: values(of)}, nil
	}}).Meter("", kscope.Backlog{})
}
