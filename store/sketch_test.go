package store_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
)

// sketch is all that a store says of the ScaledObjects of a stream, to be
// compared with another's.
func sketch(s *store.Store, refs ...kscope.Ref) map[string]any {
	out := map[string]any{"now": s.Now(), "objects": s.Objects(), "statuses": s.Statuses()}
	for _, ref := range refs {
		see := func(what string, is any) { out[fmt.Sprint(ref, " ", what)] = is }
		p, ok := explain.Look(s, idOf(ref))
		past := fmt.Sprint(p.Past.Looked, p.Past.Born, p.Past.Syncs, columns(&p.Past.Desired, s.Now()), columns(&p.Past.Ready, s.Now()), columns(&p.Past.Active, s.Now()))
		for i := range p.Readings {
			past += columns(&p.Readings[i].Past, s.Now()) + columns(&p.Readings[i].Own, s.Now())
			p.Readings[i].Past, p.Readings[i].Own = store.Series{}, store.Series{}
		}
		see("past", past)
		p.Past = store.Past{}
		see("look", p)
		see("there", ok)
		see("log", append([]store.Entry{}, s.Log(idOf(ref))...))
		see("pods", append([]kscope.Pod{}, s.Pods(idOf(ref))...))
		see("events", fmt.Sprintf("%+v", s.EventsAbout(idOf(ref))))
		see("tellings", s.Tellings(idOf(ref)))
		over := s.PodsOver(idOf(ref))
		see("waves", over.Waves)
		if over.Alive != nil {
			see("alive", columns(over.Alive, s.Now()))
		}
		l, at, ok := s.Loading(idOf(ref))
		see("loading", fmt.Sprint(l.Accepted, l.State, l.Err, l.Elapsed, at, ok))
		for _, q := range []kscope.Backlog{orders, mails} {
			h := s.History(idOf(ref), &q)
			for name, x := range map[string]*store.Series{"queue": h.Queue, "own": h.Own, "ready": h.Ready, "desired": h.Desired} {
				if x != nil {
					see(q.Name+name, columns(x, s.Now()))
				}
			}
			d, known := s.Depth(q)
			see(q.Name+"depth", fmt.Sprint(d, known))
			c, known := s.Connection(q)
			see(q.Name+"connection", fmt.Sprint(c, known))
		}
	}
	return out
}

func columns(x *store.Series, now time.Time) string {
	v, at := x.Last()
	return fmt.Sprint(x.Columns(now.Add(-5*time.Minute), now, 150), x.Steps(now.Add(-50*time.Second), now.Add(time.Second), 200), v, at, x.Start())
}

func differ(t *testing.T, what string, got, want map[string]any) {
	t.Helper()
	for key := range want {
		if a, b := fmt.Sprintf("%+v", got[key]), fmt.Sprintf("%+v", want[key]); !reflect.DeepEqual(got[key], want[key]) {
			from := 0
			for from < min(len(a), len(b)) && a[from] == b[from] {
				from++
			}
			t.Errorf("%s: %s is from %d on\n%.300s\nwant\n%.300s", what, key, from, a[max(from-100, 0):], b[max(from-100, 0):])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d answers, want %d", what, len(got), len(want))
	}
}
