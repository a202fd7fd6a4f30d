package tui

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/tui/screen"
)

// dice is where the choices of a run come from: a fuzzer's bytes, or chance.
type dice func(n int) int

// bytesDice rolls what a fuzzer made up, and 0 when that is used up.
func bytesDice(made []byte) dice {
	return func(n int) int {
		if len(made) == 0 {
			return 0
		}
		one := int(made[0])
		made = made[1:]
		if n > 256 && len(made) > 0 {
			one, made = one<<8|int(made[0]), made[1:]
		}
		return one % n
	}
}

// FuzzModel presses any keys, at any size, while anything arrives in any
// order: nothing may panic, and every frame must fit its window.
func FuzzModel(f *testing.F) {
	rnd := rand.New(rand.NewSource(1))
	for range 64 {
		made := make([]byte, 8+rnd.Intn(40))
		_, _ = rnd.Read(made)
		f.Add(made)
	}
	f.Fuzz(func(t *testing.T, made []byte) {
		made = made[:min(len(made), 48)]
		roll := bytesDice(made)
		m := fuzzModel(roll)
		for steps := 0; steps < len(made)/2; steps++ {
			fuzzStep(roll, m)
			if steps%8 == 7 {
				checkFrame(t, m)
			}
		}
		m.Update(gathered{})
		checkFrame(t, m)
	})
}

// monkeySteps is how many steps TestMonkey takes; make monkey has it take ten times
// as many, without the race detector.
var monkeySteps = flag.Int("steps", 10_000, "how many steps TestMonkey takes")

// TestMonkey is the same by chance.
func TestMonkey(t *testing.T) {
	t.Parallel()
	const each = 500
	for run := range *monkeySteps / each {
		rnd := rand.New(rand.NewSource(int64(run)))
		roll := dice(rnd.Intn)
		m := fuzzModel(roll)
		done := []string{}
		func() {
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("run %d, after %q: %v", run, done[max(len(done)-40, 0):], p)
					panic(p)
				}
			}()
			for step := range each {
				done = append(done, fuzzStep(roll, m))
				if step%10 == 9 {
					checkFrame(t, m)
				}
			}
		}()
		if t.Failed() {
			t.Fatalf("run %d, after %q", run, done[max(len(done)-40, 0):])
		}
	}
}

// fuzzModel is a model that may do everything, or only look.
func fuzzModel(roll dice) *Model {
	bits := roll(256)
	m := tell(newTale("demo", "nobody"), 80, 24, func(o *Options) {
		o.ASCII, o.NoColor, o.ReadOnly, o.LocalCluster, o.Armed = bits&3 == 3, bits&12 == 12, bits&0x31 == 0x31, bits&0x40 != 0, bits&5 == 4
		o.Load.Run = func(context.Context, load.Load) error { return nil }
		o.Purge = func(load.Purge) {}
		o.Teach = bits&0x22 == 0x20
		if bits&0x18 == 0x18 {
			o.Notes = given(kscope.Ref{Namespace: "demo", Name: "worker-scaler"})
		}
		o.Actions = func() []Action {
			return []Action{
				{Name: "redis", About: "Redis goes away", Run: func() error { return nil }},
				{Name: "speed", About: "as fast as it goes \x1b[31m", On: true, Run: func() error { return errors.New("cannot\nbe done") }},
			}
		}
		if bits&0x90 == 0x90 {
			o.Namespace = ""
		}
	})
	if bits&1 != 0 { // something to look at from the start
		m.Update(seen(fuzzStart()...))
	}
	return m
}

// fuzzStock is made once, since to tell the tales takes longer than a run.
var fuzzStock = sync.OnceValue(func() []kscope.Observation { return fuzzFacts(rand.New(rand.NewSource(7))) })

// fuzzStart is the last fact about each thing of a few tales.
var fuzzStart = sync.OnceValue(func() (out []kscope.Observation) {
	last := map[string]kscope.Observation{}
	for _, o := range append(phase("pods-failing").take().All, kinds().take().All...) {
		name := fmt.Sprintf("%T", o.Fact)
		switch f := o.Fact.(type) {
		case kscope.ScaledObject:
			name = f.Ref.Name
		case kscope.Workload:
			name += f.Ref.Name
		case kscope.HPA:
			name += f.Ref.Name
		case kscope.Pod:
			name += f.Ref.Name
		case kscope.Status:
			name += string(f.Kind)
		}
		last[name] = o
	}
	for _, name := range slices.Sorted(maps.Keys(last)) {
		out = append(out, last[name])
	}
	return out
})

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

// fuzzKeys is every key that is known, and others: text to type, what moves in a
// field, and what no terminal was ever seen to send.
var fuzzKeys = func() (out []tea.KeyPressMsg) {
	for _, b := range keys.all() {
		for _, name := range b.Keys() {
			out = append(out, keyOf(name))
		}
	}
	for _, name := range []string{"y", "n", "d", "e", "m", "o", "backspace", "delete", "ctrl+u", "ctrl+w", "ctrl+k", "ctrl+a", "ctrl+e", "ctrl+d", "ctrl+h",
		"alt+b", "alt+f", "alt+d", "alt+esc", "alt+q", "alt+i", "alt+backspace", "世", "é", "\u202e", "\x00", "0", "9", "/", ",", "."} {
		out = append(out, keyOf(name))
	}
	return append(out, tea.KeyPressMsg{}, tea.KeyPressMsg{Code: tea.KeyF13}, tea.KeyPressMsg{Code: tea.KeyTab, Mod: tea.ModShift},
		tea.KeyPressMsg{Code: -1, Text: "x"}, tea.KeyPressMsg{Code: 'q', Mod: tea.ModSuper | tea.ModHyper}, tea.KeyPressMsg{Code: 'a', Text: "de\u0301mo\x1b[2J"})
}()

// all is every binding there is, whatever it is called.
func (k keyMap) all() (out []key.Binding) {
	v := reflect.ValueOf(k)
	for i := range v.NumField() {
		out = append(out, v.Field(i).Interface().(key.Binding))
	}
	return out
}

// fuzzStep does one thing to a model and says what.
func fuzzStep(roll dice, m *Model) (did string) {
	update := func(msg tea.Msg) {
		_, cmd := m.Update(msg)
		_ = cmd // what a gathering waits for comes below
	}
	switch what := roll(16); what {
	case 0:
		w, h := roll(221), roll(61)
		if roll(4) > 0 { // small ones are where things do not fit
			w, h = w%41, h%13
		}
		update(tea.WindowSizeMsg{Width: w, Height: h})
		return fmt.Sprintf("%dx%d", w, h)
	case 1:
		update(tea.PasteMsg{Content: []string{"de\x1bmo\u202e\n", "", strings.Repeat("世界", 300), "batch:5", "demo"}[roll(5)]})
		return "paste"
	case 2:
		if roll(4) == 0 {
			update(tea.ColorProfileMsg{Profile: []colorprofile.Profile{colorprofile.ASCII, colorprofile.ANSI, colorprofile.ANSI256, colorprofile.TrueColor}[roll(4)]})
		}
		update(gathered{})
		return "gathered"
	case 3, 4:
		var batch []kscope.Observation
		stock := fuzzStock()
		for range roll(24) {
			o := stock[roll(len(stock))]
			if roll(3) == 0 {
				o.At = m.store.Now().Add(time.Duration(roll(3000)) * time.Millisecond)
			}
			batch = append(batch, o)
		}
		update(seen(batch...))
		return fmt.Sprint(len(batch), " facts")
	case 5:
		update([]tea.Msg{acted{"redis", nil}, acted{"redis", errors.New("no")}, pushOver{}, loadOver{}, tea.ResumeMsg{}, tea.BackgroundColorMsg{}, gathered{}, nil}[roll(8)])
		return "over"
	case 6:
		update(seen(kscope.Observation{At: m.store.Now().Add(time.Duration(roll(5000)) * time.Millisecond), Fact: kscope.Heartbeat{}}))
		return "time"
	}
	k := fuzzKeys[roll(len(fuzzKeys))]
	if k.String() == "ctrl+c" {
		return "" // it would end here
	}
	update(k)
	return k.String()
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
