package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/golden"
	"github.com/kscope/kscope/tui/screen"
)

// press gives keys to a model, each as a terminal would: "x", "enter", "ctrl+c".
func press(m *Model, ks ...string) (cmds []tea.Cmd) {
	for _, k := range ks {
		if cmd := pressKey(m, keyOf(k)); cmd != nil {
			cmds = append(cmds, cmd)
		}
	}
	return cmds
}

// pressKey is a key that no other follows at once.
func pressKey(m *Model, k tea.KeyPressMsg) tea.Cmd {
	cmd := m.typed(k)
	m.gathering = false
	m.redraw(false)
	return cmd
}

func keyOf(k string) tea.KeyPressMsg {
	named := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "backspace": tea.KeyBackspace, "up": tea.KeyUp, "down": tea.KeyDown,
		"left": tea.KeyLeft, "right": tea.KeyRight, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd, "delete": tea.KeyDelete,
	}
	if code, ok := named[k]; ok {
		return tea.KeyPressMsg{Code: code}
	}
	if k == "space" {
		return tea.KeyPressMsg{Code: ' ', Text: " "}
	}
	for prefix, mod := range map[string]tea.KeyMod{"ctrl+": tea.ModCtrl, "alt+": tea.ModAlt} {
		if c, ok := strings.CutPrefix(k, prefix); ok {
			p := keyOf(c)
			return tea.KeyPressMsg{Code: p.Code, Mod: mod}
		}
	}
	return tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
}

// phase finds a moment of the story.
func phase(name string) *tale {
	for _, p := range phases {
		if p.name == name {
			return p.tale()
		}
	}
	panic("no phase " + name)
}

// TestPhases compares the whole screen in every phase with golden files.
func TestPhases(t *testing.T) {
	for _, p := range phases {
		golden.Compare(t, "detail/"+p.name+"-80x24.txt", tell(p.tale(), 80, 24).grid.Plain())
	}
	for _, s := range append(sizes[1:], []struct{ w, h int }{{60, 20}, {40, 10}, {20, 5}, {100, 30}}...) {
		golden.Compare(t, fmt.Sprintf("detail/cooling-down-%dx%d.txt", s.w, s.h), tell(phase("cooling-down"), s.w, s.h).grid.Plain())
	}
	golden.Compare(t, "detail/redis-lost-120x35.txt", tell(phase("redis-lost"), 120, 35).grid.Plain())
	ascii := func(o *Options) { o.ASCII, o.NoColor = true, true }
	golden.Compare(t, "detail/ascii-120x35.txt", tell(phase("scaling-up"), 120, 35, ascii).grid.Plain())
	golden.Compare(t, "detail/no-color-80x24.txt", tell(phase("scaling-up"), 80, 24, func(o *Options) { o.NoColor = true }).grid.Plain())
}

// TestOpened compares what keys open with golden files.
func TestOpened(t *testing.T) {
	for _, tt := range []struct {
		name, phase string
		w, h        int
		keys        []string
	}{
		{"past", "cooling-down", 120, 35, []string{"[", "[", "[", "left", "left", "left", "[", "[", "[", "["}},
		{"past", "cooling-down", 80, 24, []string{"[", "[", "["}},
		{"stacked", "scaling-up", 120, 35, []string{"c"}},
		{"full", "scaling-up", 80, 24, []string{"f"}},
		{"pod-table", "scaling-up", 120, 35, []string{"t"}},
		{"pod-table", "pods-failing", 80, 24, []string{"t"}},
		{"why-in-full", "broken", 80, 24, []string{"4"}},
		{"timeline-scrolled", "cooling-down", 80, 24, []string{"3", "down", "j"}},
		{"keys-hidden", "scaling-up", 80, 24, []string{"H"}},
		{"help", "scaling-up", 80, 24, []string{"?"}},
		{"help", "scaling-up", 60, 20, []string{"?"}},
		{"help", "scaling-up", 40, 10, []string{"?", "down", "down"}},
	} {
		m := tell(phase(tt.phase), tt.w, tt.h)
		press(m, tt.keys...)
		golden.Compare(t, fmt.Sprintf("opened/%s-%dx%d.txt", tt.name, tt.w, tt.h), m.grid.Plain())
	}
	m := tell(phase("scaling-up"), 80, 24, func(o *Options) { o.ReadOnly = true })
	press(m, "?")
	golden.Compare(t, "opened/help-read-only-80x24.txt", m.grid.Plain())
}

// TestWhyInALowWindow: the key for why answers in a window that has no room for it
// beside the chart, and the key for the chart brings that back.
func TestWhyInALowWindow(t *testing.T) {
	for h := tinyH; h <= 24; h++ {
		for _, name := range []string{"scaling-up", "broken"} {
			m := tell(phase(name), 40, h)
			press(m, "4")
			if got := m.grid.Plain(); !strings.Contains(got, "▌Why") {
				t.Errorf("%s at 40x%d: 4 does not show why:\n%s", name, h, got)
			}
			press(m, "1")
			if got := m.grid.Plain(); !strings.Contains(got, "│") {
				t.Errorf("%s at 40x%d: 1 does not show the chart:\n%s", name, h, got)
			}
		}
	}
}

func TestOverview(t *testing.T) {
	for _, s := range append(sizes, []struct{ w, h int }{{60, 20}, {40, 10}, {20, 5}}...) {
		golden.Compare(t, fmt.Sprintf("overview/%dx%d.txt", s.w, s.h), tell(many(40), s.w, s.h).grid.Plain())
	}
	m := tell(many(40), 80, 24)
	press(m, "/", "m", "a", "i")
	golden.Compare(t, "overview/filter-80x24.txt", m.grid.Plain())
	press(m, "x", "x")
	golden.Compare(t, "overview/no-match-80x24.txt", m.grid.Plain())
	jobs := many(3)
	jobs.say(kscope.ScaledJob{Ref: kscope.Ref{Namespace: "demo", Name: "nightly"}, MaxReplicaCount: 5, Conditions: kscope.Conditions{{Type: "Active", Status: "True"}}})
	golden.Compare(t, "overview/jobs-80x24.txt", tell(jobs, 80, 24).grid.Plain())
}

// TestNothing is what the screen says before, or instead of, a ScaledObject.
func TestNothing(t *testing.T) {
	so := func(state kscope.State, message, hint string) kscope.Status {
		return kscope.Status{Kind: kscope.ScaledObjects, State: state, Message: message, Hint: hint}
	}
	for _, tt := range []struct {
		name  string
		facts []kscope.Fact
		opt   func(*Options)
	}{
		{name: "waiting"},
		{name: "waiting-all", opt: func(o *Options) { o.Namespace = "" }},
		{name: "empty", facts: []kscope.Fact{so(kscope.Synced, "", "")}},
		{name: "no-such-namespace", facts: []kscope.Fact{so(kscope.Synced, "", ""), kscope.Status{
			Kind: kscope.Namespaces, Name: "demo", State: kscope.Absent, Message: "namespace demo does not exist", Hint: "kubectl get namespaces lists them"}}},
		{name: "no-such-name", facts: []kscope.Fact{so(kscope.Synced, "", "")}, opt: func(o *Options) { o.Name = "wroker" }},
		{name: "absent", facts: []kscope.Fact{so(kscope.Absent, "", "")}},
		{name: "forbidden", facts: []kscope.Fact{so(kscope.Forbidden, "scaledobjects.keda.sh is forbidden: User \"dev\" cannot list", "ask for get, list and watch on scaledobjects")}},
		{name: "failing", facts: []kscope.Fact{so(kscope.Failing, "dial tcp 127.0.0.1:6443: connect: connection refused", "")}},
	} {
		ta := newTale("demo", "worker-scaler")
		ta.say(tt.facts...)
		opt := tt.opt
		if opt == nil {
			opt = func(*Options) {}
		}
		golden.Compare(t, "nothing/"+tt.name+"-80x24.txt", tell(ta, 80, 24, opt).grid.Plain())
	}
	gone := phase("scaling-up")
	gone.say(kscope.Gone{Kind: kscope.ScaledObjects, Ref: gone.so.Ref, UID: gone.so.UID}, kscope.Gone{Kind: kscope.HPAs, Ref: gone.hpa.Ref, UID: gone.hpa.UID})
	golden.Compare(t, "nothing/gone-80x24.txt", tell(gone, 80, 24).grid.Plain())
	bare := newTale("demo", "worker-scaler")
	bare.say(bare.so, kscope.Status{Kind: kscope.ScaledObjects, State: kscope.Synced})
	golden.Compare(t, "nothing/only-the-scaledobject-80x24.txt", tell(bare, 80, 24, func(o *Options) { o.Name = "worker-scaler" }).grid.Plain())
}

func TestPrompt(t *testing.T) {
	asks := func() *tale {
		t := phase("asleep")
		t.so.InjectAllowed = false
		t.say(t.so)
		return t
	}
	far := func(o *Options) { o.LocalCluster, o.Context = false, "prod-eu" }
	for _, tt := range []struct {
		name string
		w, h int
		opt  func(*Options)
		keys []string
	}{
		{"local", 80, 24, func(*Options) {}, []string{"i"}},
		{"typed", 80, 24, far, []string{"i", "d", "e"}},
		{"typed-wrong", 120, 35, far, []string{"i", "p", "enter"}},
		{"local", 40, 10, func(*Options) {}, []string{"i"}},
		{"typed", 40, 10, far, []string{"i", "d"}},
		{"local", 20, 5, func(*Options) {}, []string{"i"}},
		{"typed", 20, 3, far, []string{"i", "d"}},
	} {
		m := tell(asks(), tt.w, tt.h, tt.opt)
		press(m, tt.keys...)
		golden.Compare(t, fmt.Sprintf("prompt/%s-%dx%d.txt", tt.name, tt.w, tt.h), m.grid.Plain())
	}
}

// styleOf finds a text on the screen and gives the style of its first cell.
func styleOf(t *testing.T, m *Model, text string) screen.Style {
	t.Helper()
	for y, line := range strings.Split(m.grid.Plain(), "\n") {
		if before, _, ok := strings.Cut(line, text); ok {
			return m.grid.Canvas().At(screen.Width(before), y).Style
		}
	}
	t.Fatalf("%q is not on the screen:\n%s", text, m.grid.Plain())
	return screen.Style{}
}

// TestLooks is what colour says, which golden files of text do not hold.
func TestLooks(t *testing.T) {
	for _, theme := range []string{"dark", "light"} {
		m := tell(phase("cooling-down"), 120, 35, func(o *Options) { o.Theme = theme })
		st := m.styles
		if got := styleOf(t, m, "KEDA "); got.Bg != st.Chosen.Bg || got.Fg != st.Strong.Fg {
			t.Errorf("%s: the link that is the reason stands on %x, want the ground %x", theme, got.Bg, st.Chosen.Bg)
		}
		if got := styleOf(t, m, "HPA "); got.Bg != 0 {
			t.Errorf("%s: another link has the ground %x", theme, got.Bg)
		}
		if got := styleOf(t, m, "cooling down"); got.Attr&screen.Reverse == 0 || got.Fg != st.Pods.Fg {
			t.Errorf("%s: the phase is %+v, want it reversed", theme, got)
		}
		if got := styleOf(t, m, "The queue"); got.Fg != st.Strong.Fg || got.Attr&screen.Bold == 0 {
			t.Errorf("%s: why is %+v, want it strong", theme, got)
		}
		if got := styleOf(t, m, "scaled 5"); got.Attr&screen.Bold == 0 {
			t.Errorf("%s: a step is not bold in the timeline", theme)
		}
	}
	m := tell(phase("broken"), 120, 35)
	if got := styleOf(t, m, "The source does"); got.Fg != m.styles.Bad.Fg {
		t.Errorf("why something is broken is %+v, want %+v", got, m.styles.Bad)
	}
	m = tell(many(40), 120, 35)
	if got := styleOf(t, m, "mail-008"); got.Fg != m.styles.Bad.Fg || got.Attr&screen.Bold == 0 {
		t.Errorf("a broken row is %+v, want %+v", got, m.styles.Bad)
	}
	m = tell(phase("scaling-up"), 120, 35, func(o *Options) { o.NoColor = true })
	for _, c := range m.grid.Cells() {
		if c.Style.Fg != 0 || c.Style.Bg != 0 {
			t.Fatalf("NO_COLOR, yet a cell %q has the colours %+v", c.Rune, c.Style)
		}
	}
	m = tell(phase("scaling-up"), 120, 35, func(o *Options) { o.ASCII = true })
	for _, c := range m.grid.Cells() {
		if c.Rune > 0x7e {
			t.Fatalf("ASCII only, yet there is %q", c.Rune)
		}
	}
	m.Update(tea.ColorProfileMsg{Profile: colorprofile.ANSI})
	for _, c := range m.grid.Cells() {
		if c.Style.Fg&screen.IsRGB != 0 || c.Style.Bg&screen.IsRGB != 0 {
			t.Fatalf("16 colours, yet a cell %q has %+v", c.Rune, c.Style)
		}
	}
}

// TestBackgroundIsAsked: without a theme the terminal decides, with one not.
func TestBackgroundIsAsked(t *testing.T) {
	if New(Options{}).Init() == nil || New(Options{Theme: "dark"}).Init() != nil {
		t.Error("the background is asked for exactly where no theme is given")
	}
}

// TestSteady: while the story runs, panes stay where they are.
func TestSteady(t *testing.T) {
	ta := newTale("demo", "worker-scaler").begin()
	m := tell(ta, 120, 35)
	where := func(text string) int {
		for y, line := range strings.Split(m.grid.Plain(), "\n") {
			if strings.HasPrefix(line, text) {
				return y
			}
		}
		return -1
	}
	want := [4]int{where(" Why"), where(" Next"), where(" Pods"), where(" Timeline")}
	ta.run(5 * time.Second).push(7035)
	for range 120 {
		m.Update(ta.run(time.Second).take())
		got := [4]int{where(" Why"), where(" Next"), where(" Pods"), where(" Timeline")}
		got[1] = want[1] // Next follows the last line of Why
		if got != want {
			t.Fatalf("at %s the panes are at %v, want %v:\n%s", ta.at.Format("15:04:05"), got, want, m.grid.Plain())
		}
	}
}

// TestHostileText: nothing that acts on a terminal reaches a cell, wherever it
// comes from.
func TestHostileText(t *testing.T) {
	const evil = "\x1b[31mred\x1b]0;title\x07 \u202egnp.exe\u2066 tab\there\r\nnew \u200blast\x9b2J"
	ta := phase("scaling-up")
	ta.say(kscope.Event{UID: "e", Namespace: "demo", Type: "Warning", Reason: "Failed" + evil, Note: evil, Last: ta.at, Count: 1,
		Regarding: kscope.ObjectRef{Kind: "ScaledObject", Namespace: "demo", Name: "worker-scaler"}})
	ta.pods[0].Reason, ta.pods[0].Message, ta.pods[0].Ready, ta.pods[0].Node = "CrashLoopBackOff"+evil, evil, false, evil
	ta.say(ta.pods[0])
	ta.condition(kscope.Condition{Type: "Ready", Status: "False", Reason: "ScaledObjectCheckFailed", Message: evil})
	ta.so.Triggers[0].Backlog.Name = "orders" + evil
	ta.say(ta.so, kscope.Status{Kind: kscope.Events, State: kscope.Failing, Message: evil, Hint: evil})
	m := tell(ta, 200, 55, func(o *Options) { o.Context, o.Namespace = "ctx"+evil, "demo" })
	for _, keys := range [][]string{nil, {"4"}, {"t"}, {"f"}, {"f", "c"}, {"i"}} {
		press(m, keys...)
		for _, c := range m.grid.Cells() {
			for _, r := range m.grid.Chars(c) {
				if screen.Printable(r) != r {
					t.Fatalf("after %v the screen holds %q", keys, r)
				}
			}
		}
	}
	if s := m.View().WindowTitle; strings.ContainsAny(s, "\x1b\x07") {
		t.Errorf("the title is %q", s)
	}
}
