package tui

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store/storetest"
)

// TestCalm: while nothing happens there is one new picture a minute, when the
// clock turns, also while the charts still fill and after something happened,
// and the chart says of what moment it is. What happens is drawn at once.
func TestCalm(t *testing.T) {
	const seconds = 5 * 60
	for name, ta := range map[string]*tale{
		"just begun":  newTale("demo", "worker-scaler").begin(),
		"a past":      newTale("demo", "worker-scaler").begin().run(time.Minute).push(10).run(3 * time.Minute),
		"a long past": newTale("demo", "worker-scaler").begin().run(10 * time.Minute),
	} {
		t.Run(name, func(t *testing.T) {
			m := tell(ta, 120, 35)
			measured := func(n float64) kscope.Depths {
				return kscope.Depths{Server: ta.queue.Server, All: []kscope.Depth{{Backlog: ta.queue, N: n, Type: "list"}}}
			}
			nothing := func(int, time.Time) []kscope.Fact { return []kscope.Fact{measured(0)} }
			at := calm(t, m, ta.at, 0, nothing)
			win := m.window()
			if known := m.drawn.chart.Sub(m.drawn.since); float64(known) < 0.7*float64(win.to.Sub(win.from)) {
				t.Errorf("the chart came to rest with %v of %v known", known, win.to.Sub(win.from))
			}
			at = calm(t, m, at, seconds, nothing)
			if of := m.drawn.chart.Format("15:04:05"); !strings.Contains(m.frame, of) || strings.Contains(m.frame, " now") {
				t.Errorf("the chart does not say that it is of %s:\n%s", of, m.frame)
			}
			at = at.Add(time.Second)
			m.Update(seen(kscope.Observation{At: at, Source: "test", Fact: measured(7)}))
			if !m.drawn.chart.Equal(at) || !strings.Contains(m.frame, " now") {
				t.Errorf("what happened at %s is not drawn; the chart is of %s", at, m.drawn.chart)
			}
		})
	}
	t.Run("the table", func(t *testing.T) {
		const objects = 20
		m := New(Options{})
		m.Update(tea.WindowSizeMsg{Width: 120, Height: 35})
		m.Update(seen(storetest.FirstLists(objects)...))
		calm(t, m, storetest.Noon.Add(time.Second), seconds, func(second int, at time.Time) []kscope.Fact {
			facts := []kscope.Fact{storetest.DepthsOf(objects, 0)}
			for i := second % 5; i < objects; i += 5 { // as KEDA writes, or it would be missed
				facts = append(facts, storetest.ObjectNumber(i, at))
			}
			return facts
		})
	})
}

// calm lets time pass, with facts each second that say nothing new, and counts
// the pictures once the model has come to rest.
func calm(t *testing.T, m *Model, at time.Time, seconds int, facts func(second int, at time.Time) []kscope.Fact) time.Time {
	t.Helper()
	last, pictures := "", -1
	rest := int((firstShown + 2*standing) / time.Second)
	for i := range rest + seconds {
		at = at.Add(time.Second)
		for _, f := range append(facts(i, at), kscope.Heartbeat{}) {
			m.Update(seen(kscope.Observation{At: at, Source: "test", Fact: f}))
		}
		if i >= rest && m.frame != last {
			last = m.frame
			pictures++
		}
	}
	if most := seconds / 60; pictures > most {
		t.Errorf("%d pictures in %d seconds", pictures, seconds)
	}
	return at
}

// TestSentencesStand: whatever happens at once, a sentence stands for a second, to be
// read; what breaks is said at once.
func TestSentencesStand(t *testing.T) {
	ta := newTale("demo", "worker-scaler").begin()
	m := tell(ta, 120, 35)
	var since time.Time
	var why, next string
	changes := 0
	look := func(os ...kscope.Observation) {
		m.Update(seen(os...))
		p, _ := m.picture()
		if alike(p.Why, why) && alike(p.Next, next) {
			return
		}
		if stood := m.store.Now().Sub(since); stood < time.Second && p.Phase != "broken" {
			t.Errorf("at %s after %v: %q / %q, and then %q / %q", m.store.Now().Format("15:04:05.000"), stood, why, next, p.Why, p.Next)
		}
		why, next, since = p.Why, p.Next, m.store.Now()
		changes++
	}
	play := func(told *tale) {
		for _, o := range told.take().All {
			look(o)
		}
	}
	play(ta.run(20 * time.Second))
	for _, jobs := range []int64{1, 100, 37} {
		play(ta.push(jobs))
		play(ta.run(150 * time.Second))
	}
	if changes < 15 {
		t.Errorf("only %d sentences", changes)
	}
	// The other end: nothing of it is held back where something breaks.
	refused := kscope.Condition{Type: "Ready", Status: "False", Reason: "ScaledObjectCheckFailed", Message: "no such thing"}
	ta.condition(refused)
	ta.say(ta.so)
	play(ta)
	if p, _ := m.picture(); p.Phase != "broken" {
		t.Errorf("%s: %s", p.Phase, p.Why)
	}
}
