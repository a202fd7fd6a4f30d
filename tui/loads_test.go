package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/golden"
	"github.com/kscope/kscope/load"
)

// loadable is a model whose loads are noted down, and what they were.
func loadable(ta *tale, w, h int, change ...func(*Options)) (m *Model, ran *[]load.Load) {
	ran = new([]load.Load)
	change = append([]func(*Options){func(o *Options) {
		o.Load.Run = func(_ context.Context, l load.Load) error {
			*ran = append(*ran, l)
			return nil
		}
	}}, change...)
	return tell(ta, w, h, change...), ran
}

// load adds a load's word on how it is doing, as steady as it gets.
func (t *tale) load(text string, began time.Time, state kscope.LoadState) *tale {
	p, err := load.ParseProfile(text)
	if err != nil {
		panic(err)
	}
	l := load.Load{Backlog: t.queue, Target: t.so.Ref, Profile: p}.Begun(began)
	l.Elapsed, l.State = t.at.Sub(began), state
	l.Asked = p.Due(l.Elapsed)
	l.Accepted, l.Length = l.Asked, t.depth
	if l.Elapsed > 0 {
		l.Rate = float64(l.Asked) / l.Elapsed.Seconds()
		l.Achieved = l.Rate
	}
	t.say(l)
	return t
}

// loaded is the story with a load of five jobs a second in it, for some time.
func loaded(text string, d time.Duration) (t *tale, began time.Time) {
	t = newTale("demo", "worker-scaler").begin().run(10 * time.Second)
	began = t.at
	put := int64(0)
	for end := t.at.Add(d); ; {
		t.load(text, began, kscope.LoadRunning)
		l := t.out[len(t.out)-1].Fact.(kscope.Loading)
		t.depth, put = t.depth+l.Accepted-put, l.Accepted
		if !t.at.Before(end) {
			return t, began
		}
		t.run(250 * time.Millisecond)
	}
}

func TestPicker(t *testing.T) {
	for _, s := range [][2]int{{80, 24}, {120, 35}, {40, 10}} {
		m, _ := loadable(phase("asleep"), s[0], s[1])
		press(m, "I", "down", "down")
		golden.Compare(t, fmt.Sprintf("load/picker-%dx%d.txt", s[0], s[1]), m.grid.Plain())
	}
	payload, err := load.ParsePayload(`{"order":{seq},"sku":"{rand:6}"}`)
	if err != nil {
		t.Fatal(err)
	}
	m, _ := loadable(phase("asleep"), 80, 24, func(o *Options) { o.Load.Payload = payload })
	press(m, "I", "down", "down", "+", "+", "+", "+", "+", "+", "+", "+", "+", "+", "+", "+")
	golden.Compare(t, "load/picker-too-much-80x24.txt", m.grid.Plain())
}

// TestEdit is a profile being written: what it would do, or why it would not.
func TestEdit(t *testing.T) {
	for _, tt := range []struct {
		name string
		w, h int
		keys string
	}{
		{"edit", 80, 24, "I down down e left left"},
		{"edit-wrong", 80, 24, "I down down e ctrl+w s t e a d y : f a s t"},
		{"edit-too-much", 80, 24, "I e 0 0 0 0 0"},
		{"edit", 40, 10, "I down down e"},
		{"edit-wrong", 20, 5, "I e x"},
	} {
		m, _ := loadable(phase("asleep"), tt.w, tt.h)
		press(m, strings.Fields(tt.keys)...)
		golden.Compare(t, fmt.Sprintf("load/%s-%dx%d.txt", tt.name, tt.w, tt.h), m.grid.Plain())
	}
	m, ran := loadable(phase("asleep"), 80, 24)
	press(m, "I", "down", "down", "e", "ctrl+u")
	m.Update(tea.PasteMsg{Content: " wave:0-20/s,period=1m,5m\x1b[2J\n"})
	if got := m.view.load.picker.edit.text(); got != "wave:0-20/s,period=1m,5m[2J" {
		t.Errorf("pasted %q", got)
	}
	run(m, press(m, "backspace", "backspace", "backspace", "enter"))
	if len(*ran) != 1 || (*ran)[0].Profile.String() != "wave:0-20/s,period=1m,5m" {
		t.Errorf("began %+v", *ran)
	}
	// Whatever is written can be drawn.
	for _, text := range []string{"steady:5/s,2000000h", "spikes:10000/s,2000000h", "wave:0-5/s,period=2000000h", "burst:1,every=1ns", "steady:0.0000001/s", "ramp:0-1e18/s,1ns"} {
		press(m, "I", "e", "ctrl+u")
		m.view.load.stop = nil
		m.Update(tea.PasteMsg{Content: text})
		press(m, "esc", "esc")
	}
}

// TestPickerKeys: what is begun by which keys, and what is asked before.
func TestPickerKeys(t *testing.T) {
	for _, tt := range []struct {
		name    string
		armed   bool
		near    bool
		keys    string
		want    string // the profiles begun
		picking bool
		asks    bool
		notice  string
	}{
		{name: "esc leaves", armed: true, keys: "I down esc"},
		{name: "q leaves the list only", armed: true, keys: "I q"},
		{name: "enter begins", armed: true, keys: "I down down enter", want: "steady:5/s,2m"},
		{name: "plus is more", armed: true, keys: "I j j + + + enter", want: "steady:50/s,2m"},
		{name: "minus is less", armed: true, keys: "I G - enter", want: "spikes:2.5/s,each=12,3m"},
		{name: "the last and no further", armed: true, keys: "I G down enter", want: "spikes:5/s,each=12,3m"},
		{name: "a batch", armed: true, keys: "I enter", want: "batch:50"},
		{name: "in figures: as it is", armed: true, keys: "I down down + e enter", want: "steady:10/s,2m"},
		{name: "in figures: changed", armed: true, keys: "I down down e backspace backspace 9 0 s home ctrl+k s t e a d y : 7 / s , 9 0 s enter", want: "steady:7/s,1m30s"},
		{name: "in figures: a key of the list is text", armed: true, keys: "I e q I + enter", picking: true},
		{name: "in figures: not a profile", armed: true, keys: "I down down e backspace backspace backspace backspace backspace backspace x enter", picking: true},
		{name: "in figures: too much", armed: true, keys: "I e 0 0 0 0 0 enter", picking: true, notice: "Not started: 5,000,000 jobs"},
		{name: "in figures: esc is back to the list", armed: true, keys: "I e 7 esc enter", want: "batch:50"},
		{name: "in figures: esc esc leaves", armed: true, keys: "I e esc esc"},
		{name: "in figures: asks", near: true, keys: "I e 7 enter", asks: true},
		{name: "in figures: yes", near: true, keys: "I e 7 enter y", want: "batch:507"},
		{name: "too much", armed: true, keys: "I + + + + + + + + + + + + + + enter", picking: true, notice: "Not started: 2,500,000 jobs"},
		{name: "near: asks", near: true, keys: "I down enter", asks: true},
		{name: "near: no", near: true, keys: "I enter n", notice: "Nothing was pushed."},
		{name: "near: yes, and armed from then on", near: true, keys: "I enter y", want: "batch:50"},
		{name: "the question does not change it", near: true, keys: "I enter + = - y", want: "batch:50"},
		{name: "far: y is not enough", keys: "I enter y", asks: true},
		{name: "far: typed", keys: "I enter d e m o enter", want: "batch:50"},
		{name: "x without a load", armed: true, keys: "x", notice: "No load is running; I begins one."},
	} {
		ta := phase("asleep")
		ta.so.InjectAllowed = tt.armed
		ta.say(ta.so)
		m, ran := loadable(ta, 80, 24, func(o *Options) { o.LocalCluster = tt.near })
		cmds := press(m, strings.Fields(tt.keys)...)
		if m.view.load.stop == nil && tt.want != "" {
			t.Errorf("%s: nothing runs", tt.name)
		}
		notice := m.view.notice
		for _, cmd := range cmds {
			m.Update(cmd())
		}
		var got []string
		for _, l := range *ran {
			got = append(got, l.Profile.String())
			if l.Backlog != ta.queue || l.Target != ta.so.Ref {
				t.Errorf("%s: a load into %+v", tt.name, l)
			}
		}
		v := &m.view
		if strings.Join(got, " ") != tt.want || (v.load.picker != nil) != tt.picking || (v.prompt != nil) != tt.asks || v.load.stop != nil {
			t.Errorf("%s: begun %v, picking %v, asking %v; want %q, %v, %v", tt.name, got, v.load.picker != nil, v.prompt != nil, tt.want, tt.picking, tt.asks)
		}
		if !strings.HasPrefix(notice, tt.notice) {
			t.Errorf("%s: says %q, want %q", tt.name, notice, tt.notice)
		}
	}
}

func TestLoadKeysAreOff(t *testing.T) {
	m, ran := loadable(phase("asleep"), 80, 24, func(o *Options) { o.ReadOnly = true })
	press(m, "I")
	if m.view.load.picker != nil || !strings.Contains(m.view.notice, "read-only") || len(*ran) > 0 {
		t.Errorf("read-only: says %q", m.view.notice)
	}
	m = tell(phase("asleep"), 80, 24, func(o *Options) { o.Load.Run = nil })
	for _, k := range []string{"i", "I"} {
		if press(m, k); m.view.load.picker != nil || m.view.prompt != nil || !strings.Contains(m.view.notice, "read-only") {
			t.Errorf("with nothing that could do it %s says %q", k, m.view.notice)
		}
	}
	m, _ = loadable(many(3), 80, 24)
	if press(m, "I", "x"); m.view.load.picker != nil || m.view.notice != "" {
		t.Errorf("in the table: says %q", m.view.notice)
	}
}

// TestStopLoad: x stops what runs, and only one load runs at a time.
func TestStopLoad(t *testing.T) {
	m := tell(phase("asleep"), 80, 24, func(o *Options) {
		o.Load.Run = func(ctx context.Context, _ load.Load) error {
			<-ctx.Done()
			return nil
		}
	})
	cmds := press(m, "I", "enter")
	over := make(chan tea.Msg)
	go func() { over <- cmds[0]() }()
	press(m, "I")
	if m.view.load.picker != nil || m.view.notice != "A load is running: x stops it." {
		t.Errorf("a second load: says %q", m.view.notice)
	}
	press(m, "x")
	if m.view.notice != "Stopping the load ..." {
		t.Errorf("x says %q", m.view.notice)
	}
	m.Update(<-over)
	if press(m, "x"); m.view.load.stop != nil || m.view.notice != "No load is running; I begins one." {
		t.Errorf("after it: says %q", m.view.notice)
	}
	m = tell(phase("asleep"), 80, 24, func(o *Options) {
		o.Load.Run = func(context.Context, load.Load) error { return errors.New("no\x1b[31m server") }
	})
	for _, cmd := range press(m, "I", "down", "enter") {
		m.Update(cmd())
	}
	if m.view.notice != "The load failed: no server" {
		t.Errorf("a failure says %q", m.view.notice)
	}
}

// TestLoadLine is a load under way, and over.
func TestLoadLine(t *testing.T) {
	ta, began := loaded("steady:5/s,1m", 33*time.Second)
	for _, s := range [][2]int{{80, 24}, {120, 35}, {40, 10}} {
		ta, _ := loaded("steady:5/s,1m", 33*time.Second)
		m, _ := loadable(ta, s[0], s[1])
		m.view.load.stop = func() {}
		m.Update(tea.WindowSizeMsg{Width: s[0], Height: s[1]})
		golden.Compare(t, fmt.Sprintf("load/running-%dx%d.txt", s[0], s[1]), m.grid.Plain())
	}
	m, _ := loadable(ta, 120, 35)
	m.Update(ta.load("steady:5/s,1m", began, kscope.LoadStopped).take())
	if want := "The load was stopped after 165 jobs in 33s."; m.view.notice != want {
		t.Errorf("says %q, want %q", m.view.notice, want)
	}
	press(m, "3")
	m.Update(ta.run(4 * time.Second).take())
	golden.Compare(t, "load/stopped-120x35.txt", m.grid.Plain())

	ta, _ = loaded("steady:5/s", 5*time.Second)
	m, _ = loadable(ta, 80, 24)
	if !strings.Contains(m.grid.Plain(), "steady") {
		t.Fatal("no line")
	}
	press(m, "space")
	ta.at = ta.at.Add(time.Second)
	m.Update(ta.load("steady:5/s", began, kscope.LoadRunning).take())
	if !strings.Contains(m.grid.Plain(), "5/s in  30") {
		t.Errorf("a frozen screen does not say how the load is doing:\n%s", m.grid.Plain())
	}
	press(m, "space")
	ta.at = ta.at.Add(20 * time.Second)
	ta.say(kscope.Heartbeat{})
	m.Update(ta.take())
	if strings.Contains(m.grid.Plain(), "asked") {
		t.Errorf("a load that says nothing is shown for ever:\n%s", m.grid.Plain())
	}
}

func TestLoadEnd(t *testing.T) {
	for want, l := range map[string]kscope.Loading{
		"The load is done: 600 jobs in 1m00s.":                                               {State: kscope.LoadFinished, Accepted: 600, Elapsed: time.Minute},
		"The load is done: 1 job in 1s. The server did not keep up: 7,000 given up.":         {State: kscope.LoadFinished, Accepted: 1, Missed: 7000, Elapsed: time.Second},
		"The load failed after 9 jobs in 1s: nothing listens. 100 sent without a word back.": {State: kscope.LoadFailed, Accepted: 9, Unknown: 100, Err: "nothing listens", Elapsed: time.Second},
	} {
		if got := loadEnd(l); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestAutoload: a load that was asked for from outside begins once, and only
// where nobody has to be asked.
func TestAutoload(t *testing.T) {
	for _, tt := range []struct {
		name            string
		armed, readOnly bool
		load            string
		want            int
		notice          string
	}{
		{"armed", true, false, "steady:5/s,1m", 1, "Beginning 5 jobs/s for 1m into orders ..."},
		{"not armed", false, false, "steady:5/s,1m", 0, "--load was not begun: the queue is not armed."},
		{"read-only", true, true, "steady:5/s,1m", 0, "--load was not begun: this is read-only."},
		{"too much", true, false, "steady:50000/s", 0, "Not started: 50,000 jobs/s is more than the limit"},
	} {
		ran := 0
		m := New(Options{Mode: "LIVE", Namespace: "demo", ReadOnly: tt.readOnly, Theme: "dark", Load: LoadOptions{
			Run: func(context.Context, load.Load) error { ran++; return nil },
		}})
		m.o.Load.Start, _ = load.ParseProfile(tt.load)
		m.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
		ta := newTale("demo", "worker-scaler")
		ta.so.InjectAllowed = tt.armed
		ta.begin()
		for range 3 {
			if _, cmd := m.Update(ta.run(time.Second).take()); cmd != nil {
				if !strings.HasPrefix(m.view.notice, tt.notice) {
					t.Errorf("%s: says %q", tt.name, m.view.notice)
				}
				m.Update(cmd())
			}
		}
		if ran != tt.want || tt.want == 0 && !strings.HasPrefix(m.view.notice, tt.notice) {
			t.Errorf("%s: begun %d times, says %q", tt.name, ran, m.view.notice)
		}
	}
}

// TestPayloadByAnnotation: jobs look as the annotation says, unless a flag says
// otherwise, and one that cannot be read puts nothing in.
func TestPayloadByAnnotation(t *testing.T) {
	flag, err := load.ParsePayload("by flag {seq}")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		annotation string
		flag       *load.Payload
		want       string
		notice     string
	}{
		{"", nil, load.StandardPayload().Example()[:19], ""},
		{"by annotation {seq}", nil, "by annotation 42", ""},
		{"by annotation {seq}", flag, "by flag 42", ""},
		{"{sequence}", nil, "", "the annotation kscope.dev/inject-payload: at character 1: there is no {sequence}"},
	} {
		ta := phase("asleep")
		ta.so.InjectAllowed, ta.so.InjectPayload = false, tt.annotation
		ta.say(ta.so)
		m, ran := loadable(ta, 100, 30, func(o *Options) { o.Load.Payload, o.Load.Side = tt.flag, load.Tail })
		press(m, "i")
		if tt.notice != "" {
			if !strings.Contains(m.view.notice, tt.notice) || m.view.prompt != nil {
				t.Errorf("%s: says %q", tt.annotation, m.view.notice)
			}
			continue
		}
		if !strings.Contains(m.grid.Plain(), tt.want) {
			t.Errorf("%s: the question does not show %q:\n%s", tt.annotation, tt.want, m.grid.Plain())
		}
		for _, cmd := range press(m, "y") {
			cmd()
		}
		if got := *ran; len(got) != 1 || got[0].Side != load.Tail || (got[0].Payload == nil) != (tt.annotation == "" && tt.flag == nil) {
			t.Errorf("%s: pushed %+v", tt.annotation, got)
		}
	}
	ta := phase("asleep")
	ta.so.InjectAllowed = false
	ta.say(ta.so)
	m, _ := loadable(ta, 80, 24, func(o *Options) { o.LocalCluster = false })
	press(m, "I", "down", "enter", "d", "e")
	golden.Compare(t, "load/prompt-80x24.txt", m.grid.Plain())
}
