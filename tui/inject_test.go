package tui

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
)

// TestBatchDuringALoad: i puts a batch in while a load runs, whose line and
// whose key stay, and what is said of the batch is of the batch.
func TestBatchDuringALoad(t *testing.T) {
	ta, began := loaded("steady:5/s,1m", 5*time.Second)
	ta.so.InjectAllowed = true
	ta.say(ta.so)
	m, ran := loadable(ta, 120, 35)
	m.view.load.stop = func() {}
	cmds := press(m, "i")
	if m.view.notice != "Pushing 10 jobs to orders ..." {
		t.Errorf("i says %q", m.view.notice)
	}
	m.Update(ta.now(ta.batch(10)))
	run(m, cmds)
	if len(*ran) != 1 || (*ran)[0].Profile != load.BatchOf(10) || m.view.notice != "" || m.view.load.stop == nil {
		t.Errorf("ran %+v, says %q", *ran, m.view.notice)
	}
	if line := last(m); !strings.Contains(line, "steady") || !strings.Contains(line, "x stop") {
		t.Errorf("the line is %q", line)
	}
	ta.at = ta.at.Add(time.Second)
	m.Update(ta.load("steady:5/s,1m", began, kscope.LoadRunning).take())
	if line := last(m); !strings.Contains(line, "30 of 300") {
		t.Errorf("the line is %q", line)
	}
}

// TestBatchLine: a batch has a line only if it lasts, and says how it ended only
// if that is not as it should.
func TestBatchLine(t *testing.T) {
	for _, frozen := range []bool{false, true} {
		ta := phase("asleep")
		m, _ := loadable(ta, 120, 35)
		if frozen {
			press(m, "space")
		}
		b := ta.batch(10_000)
		for _, step := range []struct {
			elapsed  time.Duration
			accepted int64
			state    kscope.LoadState
			want     string // of the line; "" for the keys
		}{
			{0, 0, kscope.LoadRunning, ""},
			{500 * time.Millisecond, 2000, kscope.LoadRunning, ""},
			{1500 * time.Millisecond, 6000, kscope.LoadRunning, "+ batch"},
			{1750 * time.Millisecond, 7000, kscope.LoadRunning, "7,000 of 10,000"},
			{2 * time.Second, 10_000, kscope.LoadFinished, ""},
		} {
			b.Elapsed, b.Accepted, b.State = step.elapsed, step.accepted, step.state
			m.Update(ta.now(b))
			if line := last(m); !strings.Contains(line, step.want) || step.want == "" && !strings.Contains(line, "i inject") {
				t.Errorf("frozen %v, after %v the line is %q, want %q", frozen, step.elapsed, line, step.want)
			}
		}
		for _, end := range []struct {
			state     kscope.LoadState
			why, want string
		}{
			{kscope.LoadFailed, "it went away", "The push failed: it went away"},
			{kscope.LoadStopped, "stopped after 3 of 10 jobs", "The push was stopped after 3 of 10 jobs."},
		} {
			b := ta.batch(10)
			b.State, b.Err = end.state, end.why
			m.Update(ta.now(b))
			if line := last(m); !strings.Contains(line, end.want) {
				t.Errorf("frozen %v, the line is %q, want %q", frozen, line, end.want)
			}
		}
	}
}

// TestBatchThatCannotBegin says so, since there is no observation of it.
func TestBatchThatCannotBegin(t *testing.T) {
	for _, keys := range []string{"i", "I enter"} {
		ta := phase("asleep")
		ta.so.InjectAllowed = true
		ta.say(ta.so)
		m := tell(ta, 80, 24, func(o *Options) {
			o.Load.Run = func(context.Context, load.Load) error { return errors.New("no\x1b[31m server") }
		})
		run(m, press(m, strings.Fields(keys)...))
		if m.view.notice != "The push failed: no server" {
			t.Errorf("%s: says %q", keys, m.view.notice)
		}
	}
}

// now is one fact, now.
func (t *tale) now(f kscope.Fact) tea.Msg {
	t.say(f)
	return t.take()
}

// last is the bottom line.
func last(m *Model) string {
	lines := strings.Split(strings.TrimRight(m.grid.Plain(), "\n"), "\n")
	return lines[len(lines)-1]
}
