package tui

import (
	"context"
	"math/rand"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/tui/screen"
)

// FuzzModel presses any keys, at any size, while anything arrives in any
// order: nothing may panic, and every frame must fit its window.
func FuzzModel(f *testing.F) {
	for seed := range int64(24) {
		f.Add(seed, uint16(400))
	}
	f.Fuzz(func(t *testing.T, seed int64, steps uint16) {
		rnd := rand.New(rand.NewSource(seed))
		m := tell(newTale("demo", "nobody"), 80, 24, func(o *Options) {
			o.ASCII, o.NoColor, o.ReadOnly, o.LocalCluster = rnd.Intn(4) == 0, rnd.Intn(4) == 0, rnd.Intn(8) == 0, rnd.Intn(2) == 0
			o.Load.Run = func(context.Context, load.Load) error { return nil }
			o.Purge = func(load.Purge) {}
			if rnd.Intn(3) == 0 {
				o.Namespace = ""
			}
		})
		stock := fuzzFacts(rnd)
		for range min(steps, 2000) {
			fuzzStep(rnd, m, stock)
			checkFrame(t, m)
		}
	})
}

// fuzzFacts is every fact of a few tales, in no order, some of them without
// what they refer to.
func fuzzFacts(rnd *rand.Rand) []kscope.Observation {
	var stock []kscope.Observation
	for _, i := range rnd.Perm(len(phases))[:3] {
		stock = append(stock, phases[i].tale().take().All...)
	}
	stock = append(stock, many(6).take().All...)
	stock = append(stock, kinds().take().All...)
	stock = append(stock, withQueues(phase("asleep"), "first", "second", "third").take().All...)
	ta := newTale("demo", "worker-scaler").begin()
	for _, k := range []kscope.Kind{kscope.ScaledObjects, kscope.Deployments, kscope.Pods, kscope.HPAs, kscope.ScaledJobs, kscope.Queues, kscope.Events} {
		for _, s := range []kscope.State{kscope.Connecting, kscope.Failing, kscope.Forbidden, kscope.Absent} {
			ta.say(kscope.Status{Kind: k, State: s, Message: "why"})
		}
		ta.say(kscope.Gone{Kind: k, Ref: ta.so.Ref})
	}
	job, plain, taken := theJob(), theHPA(), theHPA()
	job.Paused, job.Conditions = true, nil
	plain.Metrics, plain.Conditions = nil, kscope.Conditions{{Type: "ScalingActive", Status: "False", Reason: "FailedGetResourceMetric"}}
	taken.OwnerUID = ta.so.UID
	ta.say(job, plain, taken, kscope.Gone{Kind: kscope.ScaledJobs, Ref: job.Ref}, kscope.Gone{Kind: kscope.HPAs, Ref: plain.Ref})
	ta.say(kscope.ScaledObject{}, kscope.HPA{}, kscope.Workload{}, kscope.Pod{}, kscope.Event{}, kscope.Depths{}, kscope.Loading{}, kscope.ScaledJob{}, kscope.Gone{})
	for i := range 20 {
		l := load.Load{Backlog: ta.queue, Profile: load.Presets(50)[i%6]}.Begun(ta.at.Add(time.Duration(i/5) * time.Second))
		l.Elapsed, l.State = time.Duration(i%5)*20*time.Second, []kscope.LoadState{kscope.LoadRunning, kscope.LoadRunning, kscope.LoadFailed}[rnd.Intn(3)]
		l.Asked, l.Accepted, l.Missed, l.Rate, l.Err = rnd.Int63n(1<<40), rnd.Int63n(1<<40), rnd.Int63n(3), rnd.Float64()*1e6, "why\x1b[31m"
		ta.say(l)
	}
	stock = append(stock, ta.take().All...)
	rnd.Shuffle(len(stock), func(i, j int) { stock[i], stock[j] = stock[j], stock[i] })
	return stock
}

var fuzzKeys = []string{
	"?", "esc", "enter", "up", "down", "left", "right", "g", "G", "pgup", "pgdown", "tab", "1", "2", "3", "4", "/", "space", "[", "]",
	"<", ">", "f", "c", "t", "i", "+", "-", "!", "H", "y", "n", "d", "e", "m", "o", "backspace", "ctrl+u", "ctrl+l", "x", "I", "home", "end", "世",
	"n", "N", "o", "C", "j", "k", ":", "ctrl+w", "ctrl+k", "alt+b", "alt+f", "delete",
}

func fuzzStep(rnd *rand.Rand, m *Model, stock []kscope.Observation) {
	switch rnd.Intn(12) {
	case 0:
		m.Update(tea.WindowSizeMsg{Width: rnd.Intn(220), Height: rnd.Intn(60)})
	case 1:
		m.Update(tea.PasteMsg{Content: "de\x1bmo\u202e\n"})
	case 2:
		m.Update(tea.ColorProfileMsg{Profile: []colorprofile.Profile{colorprofile.ASCII, colorprofile.ANSI, colorprofile.ANSI256, colorprofile.TrueColor}[rnd.Intn(4)]})
	case 3, 4, 5:
		var batch []kscope.Observation
		for range rnd.Intn(40) {
			o := stock[rnd.Intn(len(stock))]
			if rnd.Intn(10) == 0 {
				o.At = m.store.Now().Add(time.Duration(rnd.Intn(3000)) * time.Millisecond)
			}
			batch = append(batch, o)
		}
		m.Update(seen(batch...))
	default:
		press(m, fuzzKeys[rnd.Intn(len(fuzzKeys))])
	}
}

// checkFrame: the frame fits the window and holds nothing that acts.
func checkFrame(t *testing.T, m *Model) {
	t.Helper()
	v := &m.view
	if v.w <= 0 || v.h <= 0 {
		return
	}
	if c := m.grid.Canvas(); c.W != v.w || c.H != v.h {
		t.Fatalf("the frame is %dx%d, the window %dx%d", c.W, c.H, v.w, v.h)
	}
	for _, c := range m.grid.Cells() {
		if c.Rune > 0 && screen.Printable(c.Rune) != c.Rune {
			t.Fatalf("the screen holds %q", c.Rune)
		}
	}
}
