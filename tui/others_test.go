package tui

import (
	"context"
	"errors"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
)

// shared is a screen over a queue of a broker, of which others get what is put in, or not.
func shared(t *testing.T, allowed bool, names []string, err error) (m *Model, ran *int) {
	t.Helper()
	ta := phase("asleep")
	q := *ta.so.Triggers[0].Backlog
	q.Broker = "kafka"
	ta.so.Triggers[0].Type, ta.so.Triggers[0].Backlog, ta.so.InjectAllowed = "kafka", &q, allowed
	ta.say(ta.so)
	ran = new(int)
	m = tell(ta, 100, 30)
	m.o.LocalCluster = true
	m.o.Load.Run = func(context.Context, load.Load) error { *ran++; return nil }
	m.o.Load.Others = func(context.Context, kscope.Backlog) ([]string, error) { return names, err }
	return m, ran
}

// keyed presses keys, and does what they set off.
func keyed(m *Model, all string) {
	for _, k := range all {
		done(m, pressKey(m, keyOf(string(k))))
	}
}

func done(m *Model, cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case tea.BatchMsg:
		for _, c := range msg {
			done(m, c)
		}
	case othersKnown:
		_, next := m.Update(msg)
		done(m, next)
	case pushOver:
		m.Update(msg)
	}
}

// TestOthers: who else gets what is put in is asked once, named, and said yes to by itself,
// also where the queue is allowed; where nobody does, nothing more is asked.
func TestOthers(t *testing.T) {
	for _, tt := range []struct {
		name    string
		allowed bool
		names   []string
		err     error
		keys    string
		ran     int
		says    string // on the screen at the end
	}{
		{"allowed, and nobody else", true, nil, nil, "ii", 2, ""},
		{"allowed, and others", true, []string{"group billing"}, nil, "i", 0, "group billing"},
		{"allowed, others, yes once", true, []string{"group billing"}, nil, "iy", 0, "Others get it too"},
		{"allowed, others, yes twice", true, []string{"group billing"}, nil, "iyy", 1, ""},
		{"and not asked again", true, []string{"group billing"}, nil, "iyyii", 3, ""},
		{"no", true, []string{"group billing"}, nil, "iyn", 0, "Nothing was pushed"},
		{"allowed, and not known", true, nil, errors.New("forbidden"), "i", 0, "not known: forbidden"},
		{"not allowed, and nobody else", false, nil, nil, "i", 0, "nobody else"},
		{"not allowed, nobody else, yes", false, nil, nil, "iy", 1, ""},
		{"not allowed, others, yes once", false, []string{"group billing", "group audit"}, nil, "iy", 0, "group billing, group audit"},
		{"not allowed, others, yes twice", false, []string{"group billing", "group audit"}, nil, "iyy", 1, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, ran := shared(t, tt.allowed, tt.names, tt.err)
			keyed(m, tt.keys)
			m.redraw(false)
			if *ran != tt.ran {
				t.Errorf("%d pushes, want %d", *ran, tt.ran)
			}
			if text := m.grid.Plain(); !strings.Contains(text, tt.says) {
				t.Errorf("no %q in\n%s", tt.says, text)
			}
		})
	}
}

// TestNothingTakesNoJobs: what is a query takes no load, and says so.
func TestNothingTakesNoJobs(t *testing.T) {
	ta := phase("asleep")
	q := *ta.so.Triggers[0].Backlog
	q.Broker = "prometheus"
	ta.so.Triggers[0].Backlog = &q
	ta.say(ta.so)
	m := tell(ta, 100, 30)
	m.o.Load.Run = func(context.Context, load.Load) error { t.Error("it ran"); return nil }
	keyed(m, "i")
	if !strings.Contains(m.view.notice, "Prometheus is only asked for a number") {
		t.Errorf("got %q", m.view.notice)
	}
}

// TestAnswers: of a load of requests it is said what came back.
func TestAnswers(t *testing.T) {
	got := strings.Join(answered(kscope.Answers{Sent: 1000, Answered: 777, Held: 223, ByClass: [6]int64{2, 0, 770, 0, 0, 5}, P50: 203456789, P95: 4_512_345_678, ColdStarts: 222, Why: "the interceptor has no rule for a.b"}), ", ")
	if want := "223 held, 2 without an answer, 770 2xx, 5 5xx, the interceptor has no rule for a.b, p50 203ms p95 4.51s, 222 cold starts"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := answered(kscope.Answers{}); got != nil {
		t.Errorf("got %q", got)
	}
}
