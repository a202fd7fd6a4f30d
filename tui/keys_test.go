package tui

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope/load"
)

// bindings is every binding of the key map, by field.
func bindings() map[string]key.Binding {
	out := map[string]key.Binding{}
	v := reflect.ValueOf(keys)
	for i := range v.NumField() {
		out[v.Type().Field(i).Name] = v.Field(i).Interface().(key.Binding)
	}
	return out
}

// TestBindings: no key means two things, every binding is in the help, and
// every line of the help has words.
func TestBindings(t *testing.T) {
	by := map[string]string{}
	for name, b := range bindings() {
		for _, k := range b.Keys() {
			if other := by[k]; other != "" {
				t.Errorf("%q is both %s and %s", k, other, name)
			}
			by[k] = name
		}
	}
	inHelp := map[string]bool{}
	for _, g := range keys.groups(true, true) {
		for _, l := range g.lines {
			if l.what == "" || l.names() == "" {
				t.Errorf("a line of %s says %q for %q", g.title, l.what, l.names())
			}
			for _, b := range l.keys {
				inHelp[strings.Join(b.Keys(), " ")] = true
			}
		}
	}
	for name, b := range bindings() {
		if !inHelp[strings.Join(b.Keys(), " ")] {
			t.Errorf("%s is not in the help", name)
		}
	}
	for _, g := range keys.groups(false, true) {
		for _, l := range g.lines {
			for _, b := range l.keys {
				if key.Matches(keyOf("i"), b) || key.Matches(keyOf("+"), b) {
					t.Errorf("without injection the help still has %q", l.names())
				}
			}
		}
	}
	// What later issues bring must not be taken by something else.
	for _, k := range []string{"r", "s", "p"} {
		if by[k] != "" {
			t.Errorf("%q is %s, and should be free", k, by[k])
		}
	}
}

// TestKeys is states, keys and wanted states.
func TestKeys(t *testing.T) {
	one := func() *Model { return tell(phase("cooling-down"), 120, 35) }
	all := func() *Model { return tell(many(40), 80, 24) }
	for _, tt := range []struct {
		name  string
		model func() *Model
		keys  string
		want  func(v *view) bool
	}{
		{"tab goes round", one, "tab tab tab tab tab", func(v *view) bool { return v.focus == chartPane }},
		{"numbers choose", one, "3", func(v *view) bool { return v.focus == timelinePane }},
		{"5 is the ledger, whose older episodes are below", one, "5 j j", func(v *view) bool { return v.focus == ledgerPane && v.scroll[ledgerPane] == 0 }},
		{"2 is pods, enter its table", one, "2 enter", func(v *view) bool { return v.podTable }},
		{"t is the table too", one, "t t", func(v *view) bool { return !v.podTable }},
		{"full chart and back", one, "f esc", func(v *view) bool { return !v.full }},
		{"mode", one, "c", func(v *view) bool { return v.stacked }},
		{"zoom in ends at the finest", one, "< < < < < < < < >", func(v *view) bool { return v.zoom == -2 }},
		{"zoom out ends at the coarsest", one, strings.Repeat("> ", 30) + "<", func(v *view) bool { return v.zoom == len(bins)-2-3 }},
		{"bigger batch ends", one, "+ + + + + + +", func(v *view) bool { return v.batch == len(load.BatchSizes)-1 }},
		{"smaller batch ends", one, "- - - -", func(v *view) bool { return v.batch == 0 }},
		{"timeline scrolls", one, "3 down j k", func(v *view) bool { return v.scroll[timelinePane] == 1 }},
		{"timeline to its end", one, "3 G", func(v *view) bool { return v.scroll[timelinePane] == 9 }},
		{"timeline to its start", one, "3 G g", func(v *view) bool { return v.scroll[timelinePane] == 0 }},
		{"pods page", one, "2 pgdown", func(v *view) bool { return v.scroll[podsPane] == 5 }},
		{"space freezes", one, "space", func(v *view) bool { return v.frozen && v.cursorAt.IsZero() }},
		{"space goes on", one, "space [ space", func(v *view) bool { return !v.frozen && v.cursorAt.IsZero() }},
		{"[ freezes and goes back", one, "[ [", func(v *view) bool { return v.frozen && v.frozenAt.Sub(v.cursorAt) > time.Second }},
		{"] returns to the newest", one, "[ [ ] ]", func(v *view) bool { return v.frozen && v.cursorAt.IsZero() }},
		{"] alone does nothing", one, "]", func(v *view) bool { return !v.frozen }},
		{"g is the oldest when frozen", one, "F [ g", func(v *view) bool { return v.cursorAt.Sub(taleStart) < 2*time.Second }},
		{"G is the newest again", one, "[ g G", func(v *view) bool { return v.frozen && v.cursorAt.IsZero() }},
		{"esc leaves the past", one, "[ [ esc", func(v *view) bool { return !v.frozen }},
		{"esc of a lone object stays", one, "esc esc", func(v *view) bool { return v.screen == detail }},
		{"help opens and closes", one, "? ?", func(v *view) bool { return !v.help }},
		{"keys under the help do nothing", one, "? f t", func(v *view) bool { return v.help && !v.full && !v.podTable }},
		{"hide keys", one, "H", func(v *view) bool { return v.hideKeys }},
		{"what is not bound does nothing", one, "r s p", func(v *view) bool { return v.notice == "" && v.prompt == nil }},

		{"down and up", all, "down j up", func(v *view) bool { return v.row == 1 }},
		{"not above the first", all, "up", func(v *view) bool { return v.row == 0 }},
		{"G is the last", all, "G", func(v *view) bool { return v.row == 39 && v.top == 40-21 }},
		{"g is the first", all, "G g", func(v *view) bool { return v.row == 0 && v.top == 0 }},
		{"a page", all, "pgdown", func(v *view) bool { return v.row == 21 }},
		{"enter opens", all, "down enter", func(v *view) bool { return v.screen == detail && v.id.Name == "invoices-006" }},
		{"esc returns to the row", all, "down enter esc", func(v *view) bool { return v.screen == overview && v.row == 1 }},
		{"! opens the first problem", all, "!", func(v *view) bool { return v.screen == detail && v.id.Name == "mail-008" }},
		{"! again the next", all, "! !", func(v *view) bool { return v.id.Name == "mail-028" }},
		{"! goes round", all, "! ! ! ! !", func(v *view) bool { return v.id.Name == "mail-008" }},
		{"filter", all, "/ m a i", func(v *view) bool { return v.typing && v.filter.text() == "mai" && len(v.ids) == 8 }},
		{"filter: letters that are keys", all, "/ q ? !", func(v *view) bool { return v.filter.text() == "q?!" && !v.help }},
		{"filter: backspace", all, "/ m x backspace", func(v *view) bool { return v.filter.text() == "m" }},
		{"filter: arrows move", all, "/ m a i down down", func(v *view) bool { return v.row == 2 && v.filter.text() == "mai" }},
		{"filter: enter keeps", all, "/ m a i enter", func(v *view) bool { return !v.typing && v.filter.text() == "mai" }},
		{"filter: esc clears", all, "/ m a i esc", func(v *view) bool { return !v.typing && v.filter.text() == "" && len(v.ids) == 40 }},
		{"filter: esc later clears", all, "/ m a i enter esc", func(v *view) bool { return v.filter.text() == "" && len(v.ids) == 40 }},
		{"filter: keeps the row", all, "G / s e a r c h", func(v *view) bool { return len(v.ids) == 8 && v.row == 0 }},
		{"freeze in the table", all, "space", func(v *view) bool { return v.frozen }},
		{"and go on", all, "space esc", func(v *view) bool { return !v.frozen }},
		{"load keys are not for the table", all, "i +", func(v *view) bool { return v.batch == 1 && v.prompt == nil }},
	} {
		m := tt.model()
		press(m, strings.Fields(tt.keys)...)
		if !tt.want(&m.view) {
			t.Errorf("%s: after %s: %+v", tt.name, tt.keys, m.view)
		}
	}
}

func quits(cmds []tea.Cmd) bool {
	for _, cmd := range cmds {
		if _, ok := cmd().(tea.QuitMsg); ok {
			return true
		}
	}
	return false
}

func TestQuit(t *testing.T) {
	for _, tt := range []struct {
		keys string
		want bool
	}{
		{"q", true}, {"ctrl+c", true}, {"? q", true}, {"? ctrl+c", true}, {"space q", true},
		{"/ q", false}, {"/ ctrl+c", true},
	} {
		if got := quits(press(tell(many(3), 80, 24), strings.Fields(tt.keys)...)); got != tt.want {
			t.Errorf("%s quits: %v, want %v", tt.keys, got, tt.want)
		}
	}
	m := tell(phase("asleep"), 80, 24)
	if _, cmd := m.Update(Ended{}); cmd == nil {
		t.Error("the end of the stream does not quit")
	}
}

// TestInject is arming and pushing.
func TestInject(t *testing.T) {
	for _, tt := range []struct {
		name          string
		allowed, near bool
		readOnly      bool
		armed         bool
		keys          string
		want          []int64 // jobs pushed
		asks          bool    // a question is open at the end
	}{
		{name: "allowed by annotation", allowed: true, keys: "i + i", want: []int64{10, 100}},
		{name: "near: asks", near: true, keys: "i", asks: true},
		{name: "near: yes, then armed", near: true, keys: "i y i", want: []int64{10, 10}},
		{name: "near: no", near: true, keys: "i n i", asks: true},
		{name: "near: esc", near: true, keys: "i esc"},
		{name: "near: enter is not yes", near: true, keys: "i enter", asks: true},
		{name: "near: batch while asked", near: true, keys: "i + - - y", want: []int64{1}},
		{name: "far: y is not enough", keys: "i y", asks: true},
		{name: "far: typed", keys: "i d e m o enter", want: []int64{10}},
		{name: "far: mistyped, mended", keys: "i d e n backspace m o enter", want: []int64{10}},
		{name: "far: wrong", keys: "i p r o d enter", asks: true},
		{name: "far: batch by arrows", keys: "i up d e m o enter", want: []int64{100}},
		{name: "armed by the command", armed: true, keys: "i", want: []int64{10}},
		{name: "armed, but read only", armed: true, readOnly: true, keys: "i"},
		{name: "read only", allowed: true, readOnly: true, keys: "i + i"},
		{name: "pushes while frozen", allowed: true, keys: "space i", want: []int64{10}},
	} {
		var got []int64
		ta := phase("asleep")
		ta.so.InjectAllowed = tt.allowed
		ta.say(ta.so)
		m := tell(ta, 80, 24, func(o *Options) {
			o.LocalCluster, o.ReadOnly, o.Armed = tt.near, tt.readOnly, tt.armed
			o.Load.Run = func(_ context.Context, l load.Load) error { got = append(got, l.Profile.Jobs); return nil }
		})
		for _, cmd := range press(m, strings.Fields(tt.keys)...) {
			cmd()
		}
		if !reflect.DeepEqual(got, tt.want) || (m.view.prompt != nil) != tt.asks {
			t.Errorf("%s: pushed %v, asks %v; want %v, %v", tt.name, got, m.view.prompt != nil, tt.want, tt.asks)
		}
		if tt.readOnly && strings.Contains(m.grid.Plain(), "inject") {
			t.Errorf("%s: the screen offers it:\n%s", tt.name, m.grid.Plain())
		}
	}
}

// TestPaste: text goes where it is typed, on one line, and nowhere else.
func TestPaste(t *testing.T) {
	ta := phase("asleep")
	ta.so.InjectAllowed = false
	ta.say(ta.so)
	m := tell(ta, 80, 24, func(o *Options) { o.LocalCluster = false })
	m.Update(tea.PasteMsg{Content: "q"})
	press(m, "i")
	m.Update(tea.PasteMsg{Content: " demo\x1b[31m\n"})
	if got := m.view.prompt.input.text(); got != "demo[31m" {
		t.Errorf("pasted into the question: %q", got)
	}
	press(m, "ctrl+u")
	m.Update(tea.PasteMsg{Content: "demo\n"})
	if cmds := press(m, "enter"); len(cmds) != 1 {
		t.Error("a pasted namespace is not accepted")
	}
	m = tell(many(10), 80, 24)
	press(m, "/")
	m.Update(tea.PasteMsg{Content: strings.Repeat("mail", 100)})
	if got := m.view.filter.text(); len(got) != 80 {
		t.Errorf("pasted into the filter: %d characters", len(got))
	}
	if got := quits(press(m, "ctrl+c")); !got {
		t.Error("ctrl+c does not quit while a filter is typed")
	}
}

// TestWindows: the sizes that a window can have do not disturb what is open.
func TestWindows(t *testing.T) {
	m := tell(phase("cooling-down"), 120, 35)
	press(m, "[", "[", "3", "G")
	want := m.grid.Plain()
	for _, s := range [][2]int{{20, 5}, {1, 1}, {0, 0}, {40, 10}, {500, 3}, {3, 200}, {160, 45}, {120, 35}} {
		m.Update(tea.WindowSizeMsg{Width: s[0], Height: s[1]})
	}
	if got := m.grid.Plain(); got != want {
		t.Errorf("after resizing there and back:\n%s\nwant:\n%s", got, want)
	}
}
