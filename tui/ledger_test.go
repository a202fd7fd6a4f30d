package tui

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope/golden"
)

// threeTimes is a tale with two episodes that are over and one under way.
func threeTimes() *tale {
	return newTale("demo", "worker-scaler").begin().run(10 * time.Second).push(10).run(110 * time.Second).
		push(60).run(140 * time.Second).push(100).run(40 * time.Second)
}

// tellSlowly lets a model hear a tale as it went, so that pods are linked as they come.
func tellSlowly(t *tale, w, h int, change ...func(*Options)) *Model {
	all := t.take().All
	t.out = all[:1]
	m := tell(t, w, h, change...)
	for _, o := range all {
		m.store.Apply(o)
	}
	m.Update(seen(all[len(all)-1]))
	return m
}

// TestLedgerPane compares the pane with golden files, at every size and without
// colours.
func TestLedgerPane(t *testing.T) {
	plain := func(*Options) {}
	for _, tt := range []struct {
		name string
		w, h int
		opt  func(*Options)
		keys []string
	}{
		{"newest", 80, 24, plain, []string{"5"}},
		{"newest", 120, 35, plain, []string{"5"}},
		{"newest", 200, 55, plain, []string{"5"}},
		{"ascii", 80, 24, func(o *Options) { o.ASCII, o.NoColor = true, true }, []string{"5"}},
		{"ascii", 120, 35, func(o *Options) { o.ASCII, o.NoColor = true, true }, []string{"5"}},
		{"no-color", 80, 24, func(o *Options) { o.NoColor = true }, []string{"5"}},
		{"older", 120, 35, plain, []string{"5", "j"}},
		{"oldest", 80, 24, plain, []string{"5", "G"}},
		{"then", 80, 24, plain, []string{"5", "[", "[", "[", "["}},
		{"newest", 60, 20, plain, []string{"5"}},
		{"newest", 40, 10, plain, []string{"5"}},
	} {
		m := tellSlowly(threeTimes(), tt.w, tt.h, tt.opt)
		press(m, tt.keys...)
		golden.Compare(t, fmt.Sprintf("ledger/%s-%dx%d.txt", tt.name, tt.w, tt.h), m.grid.Plain())
	}
	m := tell(newTale("demo", "worker-scaler").begin().run(10*time.Second), 80, 24)
	press(m, "5")
	golden.Compare(t, "ledger/none-80x24.txt", m.grid.Plain())
}

// TestLedgerIsLazy: nothing is worked out while nobody looks, and then once while
// nothing changes.
func TestLedgerIsLazy(t *testing.T) {
	m := tellSlowly(threeTimes(), 120, 35)
	if m.ledger.all != nil {
		t.Error("the ledger was worked out though its pane was never open")
	}
	press(m, "5")
	first := &m.ledger.all[0]
	press(m, "j", "k")
	if &m.ledger.all[0] != first {
		t.Error("the ledger was worked out again though nothing changed")
	}
	press(m, "esc")
	if m.view.focus != chartPane {
		t.Error("esc does not close the ledger")
	}
}

// TestLedgerCopied: y gives the episode that is shown, as JSON.
func TestLedgerCopied(t *testing.T) {
	m := tellSlowly(threeTimes(), 120, 35)
	cmds := press(m, "5", "G", "y")
	if !strings.Contains(m.view.notice, "as JSON") {
		t.Fatalf("notice %q", m.view.notice)
	}
	text := fmt.Sprint(cmds[len(cmds)-1]())
	var is struct {
		Name  string    `json:"name"`
		Began time.Time `json:"began"`
		Ended time.Time `json:"ended"`
		Marks []any     `json:"marks"`
	}
	if err := json.Unmarshal([]byte(text), &is); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if is.Name != "worker-scaler" || is.Began.After(taleStart.Add(20*time.Second)) || is.Ended.IsZero() || len(is.Marks) < 10 {
		t.Errorf("got %+v", is)
	}
	if lines := m.Ledger(); len(lines) != 3 {
		t.Errorf("%d lines in the end, want one of each episode", len(lines))
	}
}
