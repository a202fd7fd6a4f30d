package tui

import (
	"context"
	"fmt"
	"math"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/tui/screen"
	"github.com/kscope/kscope/words"
)

// LoadOptions is what puts work into queues, and what all jobs are like.
type LoadOptions struct {
	// Run puts jobs into a queue until the profile is done or ctx is; what
	// comes of it arrives as kscope.Loading observations. It is called outside
	// Update and blocks, and several may run at the same time. Nil is the same
	// as ReadOnly.
	Run func(ctx context.Context, l load.Load) error
	// Others names who else gets what is put into a queue; nil where nobody can say. It is
	// called outside Update and blocks.
	Others  func(ctx context.Context, q kscope.Backlog) ([]string, error)
	Limits  load.Limits
	Payload *load.Payload // nil leaves it to the ScaledObject's annotation
	Side    load.Side     // of lists
	// Start is a profile to begin with, once the queue has been measured and
	// if it is armed; none if its Kind is empty.
	Start load.Profile
}

// loadView is what the keys have made of load by profile.
type loadView struct {
	picker  *picker // nil while closed
	stop    context.CancelFunc
	begun   bool // what was to be started at the beginning has been seen to
	now     kscope.Loading
	showing bool      // now is under way
	heard   time.Time // when it was last heard of
}

// loadOver is a load that has returned.
type loadOver struct {
	batch bool
	err   error // nil where it was stopped from here
}

// start begins a load, which ends with the program if not before.
func (m *Model) start(l load.Load) tea.Cmd {
	v, run := &m.view, m.o.Load.Run
	if v.load.stop != nil { // one at a time: its keys and its line are for one
		v.notice = "A load is running: x stops it."
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	v.load.stop = cancel
	v.notice = beginning(l)
	return func() tea.Msg {
		defer cancel()
		err := run(ctx, l)
		if ctx.Err() != nil {
			err = nil
		}
		return loadOver{l.Profile.Kind == load.Batch, err}
	}
}

// stopLoad stops what runs.
func (m *Model) stopLoad() {
	v := &m.view
	if v.load.stop == nil {
		v.notice = "No load is running; I begins one."
		return
	}
	v.load.stop()
	v.notice = "Stopping the load ..."
}

// loadOver takes note that a load has returned. What it did, its last
// observation says; one that could not even begin leaves none.
func (m *Model) loadOver(msg loadOver) {
	v := &m.view
	v.load.stop, v.load.showing = nil, false
	switch {
	case msg.err != nil && msg.batch:
		v.notice = pushFailed(msg.err.Error())
	case msg.err != nil:
		v.notice = "The load failed: " + kscope.Clean(msg.err.Error())
	}
}

// batchShows is how long a batch must last to have a line of its own.
const batchShows = time.Second

// loading takes note of how a load is doing, also while the screen is frozen.
// The line is that of a load over time, if one runs beside a batch.
func (m *Model) loading(at time.Time, f kscope.Loading) {
	l, notice := &m.view.load, &m.view.notice
	same := l.showing && l.now.Began.Equal(f.Began) && l.now.Backlog == f.Backlog
	switch {
	case f.Ended() && f.AtOnce():
		*notice = pushEnd(f)
		if !same {
			return
		}
	case f.Ended():
		*notice = loadEnd(f)
	case f.AtOnce() && !same:
		if f.Elapsed < batchShows || m.loadShows() && !l.now.AtOnce() {
			return
		}
		*notice = ""
	case !same:
		*notice = ""
	}
	l.now, l.showing, l.heard = f, !f.Ended(), at
}

// loadShows reports whether there is a load to show, which was heard of lately.
func (m *Model) loadShows() bool {
	l := &m.view.load
	return l.showing && m.store.Now().Sub(l.heard) <= loadSilence
}

// autoload begins the profile that was asked for from outside, once there is
// something to put it into, and only if nobody has to be asked.
func (m *Model) autoload() tea.Cmd {
	v, profile := &m.view, m.o.Load.Start
	if v.load.begun || profile.Kind == "" || m.o.Load.Run == nil || v.screen != detail {
		return nil
	}
	c, ok := m.store.Chain(v.id)
	if !ok {
		return nil
	}
	r, ok := m.queued(&c)
	if !ok {
		return nil
	}
	if d, measured := m.store.Depth(*r.Trigger.Backlog); !measured || d.Err != "" {
		return nil
	}
	v.load.begun = true
	switch {
	case !m.canInject():
		v.notice = "--load was not begun: this is read-only."
	case !m.armed(&c, *r.Trigger.Backlog):
		v.notice = "--load was not begun: the queue is not armed. I begins a load, and asks first."
	default:
		return m.choose(*r.Trigger.Backlog, v.id, profile)
	}
	return nil
}

// loadSilence is how long a load may say nothing before it is taken to be over:
// a recording may end before the load does.
const loadSilence = 15 * time.Second

// drawLoad is the line of a load under way, in place of the keys; false if
// there is none.
func (m *Model) drawLoad(c screen.Canvas) bool {
	v, st := &m.view, m.styles
	l := &v.load.now
	if !m.loadShows() {
		return false
	}
	x := c.Text(1, 0, st.You, st.Glyph.Plus+" "+l.Load) + 2
	end := c.W - 1
	if v.load.stop != nil {
		end = c.Right(end, 0, st.Muted, "stop") - 1
		end = c.Right(end, 0, st.Key, "x") - 2
	}
	parts := m.loadParts(l)
	const shortest = 8 // of the bar
	width := func() int {
		n := 0
		for _, s := range parts {
			n += screen.Width(s) + 2
		}
		return n
	}
	for len(parts) > 0 && x+width()+shortest > end {
		parts = parts[:len(parts)-1]
	}
	if part, ok := l.Part(); ok {
		if bar := min(end-x-width(), 40); bar >= shortest {
			percent := fmt.Sprintf("%3d%%", int(part*100))
			bar -= len(percent) + 3
			done := int(math.Round(part * float64(bar)))
			// Two lines of cells instead of the progress of bubbles, which
			// gives a string with colour codes, and moves by ticks of its own.
			c.HLine(x, 0, done, st.You, '█')
			c.HLine(x+done, 0, bar-done, st.Grid, '░')
			x = c.Text(x+bar+1, 0, st.Text, percent) + 2
		}
	}
	for i, s := range parts {
		look := st.Text
		if i == 0 && l.Missed > 0 {
			look = st.Warn
		}
		x = c.Text(x, 0, look, s) + 2
	}
	return true
}

// answered is what came of requests, where the load is of such.
func answered(a kscope.Answers) (parts []string) {
	if a.Sent == 0 {
		return nil
	}
	if a.Held > 0 {
		parts = append(parts, words.Count(a.Held)+" held")
	}
	for class, n := range a.ByClass {
		switch {
		case n == 0:
		case class == 0:
			parts = append(parts, words.Count(n)+" without an answer")
		default:
			parts = append(parts, fmt.Sprintf("%s %dxx", words.Count(n), class))
		}
	}
	if a.Why != "" {
		parts = append(parts, a.Why)
	}
	if a.Answered > 0 {
		parts = append(parts, fmt.Sprintf("p50 %s p95 %s", briefly(a.P50), briefly(a.P95)))
	}
	if a.ColdStarts > 0 {
		parts = append(parts, words.Count(a.ColdStarts)+" cold starts")
	}
	return parts
}

// briefly is how long an answer took, to two or three digits.
func briefly(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

// loadParts is what there is to say of a load, the most important first.
func (m *Model) loadParts(l *kscope.Loading) (parts []string) {
	if l.Missed > 0 {
		parts = append(parts, words.Count(l.Missed)+" given up")
	}
	switch {
	case l.Elapsed > 0 && l.AtOnce(): // all of it is asked for
		parts = append(parts, words.Rate(l.Achieved)+"/s in")
	case l.Elapsed > 0:
		parts = append(parts, fmt.Sprintf("%s/s asked %s/s in", words.Rate(l.Rate), words.Rate(l.Achieved)))
	}
	parts = append(parts, answered(l.Answers)...)
	total := words.Count(l.Accepted)
	if l.Planned != nil {
		total += " of " + words.Count(*l.Planned)
	}
	parts = append(parts, total)
	if l.Lasts != nil && *l.Lasts > l.Elapsed {
		parts = append(parts, words.Age((*l.Lasts-l.Elapsed).Round(time.Second))+" left")
	}
	if left, ok := l.Left(); ok {
		parts = append(parts, plural(left, "job")+" to come")
	}
	h, now := m.store.History(m.view.id, &l.Backlog), m.store.Now()
	if flow, ok := store.EstimateFlow(h.Queue, h.Own, now.Add(-flowSpan), now); ok && flow.Out > 0 {
		parts = append(parts, "~"+perSecond(flow.Out)+"/s worked off (est.)")
	}
	return parts
}
