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

// LoadOptions is what load by profile takes, and what all jobs are like.
type LoadOptions struct {
	// Run puts jobs into a queue until the profile is done or ctx is; what
	// comes of it arrives as kscope.Loading observations. It is called outside
	// Update and blocks. Nil takes the profiles away and leaves the batches.
	Run     func(ctx context.Context, l load.Load) error
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
type loadOver struct{ err error }

// payloadOf is what a job for a ScaledObject looks like; nil for the default.
func (m *Model) payloadOf(so *kscope.ScaledObject) (*load.Payload, error) {
	if m.o.Load.Payload != nil || so.InjectPayload == "" {
		return m.o.Load.Payload, nil
	}
	p, err := load.ParsePayload(so.InjectPayload)
	if err != nil {
		return nil, fmt.Errorf("the annotation kscope.dev/inject-payload: %w", err)
	}
	return p, nil
}

// exampleOf is what such a job looks like, for the eye.
func (m *Model) exampleOf(p *load.Payload) string {
	if p == nil {
		return m.o.InjectPayload
	}
	return kscope.Clean(p.Example())
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
	v.notice = fmt.Sprintf("Beginning %s into %s ...", l.Profile.Words(), l.Backlog.Name)
	return func() tea.Msg {
		defer cancel()
		return loadOver{run(ctx, l)}
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
	if msg.err != nil {
		v.notice = "The load failed: " + kscope.Clean(msg.err.Error())
	}
}

// loading takes note of how a load is doing, also while the screen is frozen.
func (m *Model) loading(at time.Time, f kscope.Loading) {
	l := &m.view.load
	if !l.showing || !l.now.Began.Equal(f.Began) {
		m.view.notice = ""
	}
	l.now, l.showing, l.heard = f, !f.Ended(), at
	if f.Ended() {
		m.view.notice = loadEnd(f)
	}
}

// loadEnd is how a load ended, in a sentence.
func loadEnd(f kscope.Loading) string {
	did := fmt.Sprintf("%s in %s", plural(f.Accepted, "job"), words.Age(f.Elapsed))
	lost := ""
	if f.Missed > 0 {
		lost = fmt.Sprintf(" The server did not keep up: %s given up.", words.Count(f.Missed))
	}
	if f.Unknown > 0 {
		lost += fmt.Sprintf(" %s sent without a word back.", words.Count(f.Unknown))
	}
	switch f.State {
	case kscope.LoadFailed:
		return fmt.Sprintf("The load failed after %s: %s.%s", did, kscope.Clean(f.Err), lost)
	case kscope.LoadStopped:
		return fmt.Sprintf("The load was stopped after %s.%s", did, lost)
	}
	return fmt.Sprintf("The load is done: %s.%s", did, lost)
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
	r, ok := c.Queued()
	if !ok || !r.Known || r.From != store.FromBroker {
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
	if !v.load.showing || m.store.Now().Sub(v.load.heard) > loadSilence {
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

// loadParts is what there is to say of a load, the most important first.
func (m *Model) loadParts(l *kscope.Loading) (parts []string) {
	if l.Missed > 0 {
		parts = append(parts, words.Count(l.Missed)+" given up")
	}
	if l.Elapsed > 0 {
		parts = append(parts, fmt.Sprintf("%s/s asked %s/s in", words.Rate(l.Rate), words.Rate(l.Achieved)))
	}
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
	h, now := store.History{}, m.store.Now()
	if c, ok := m.store.Chain(m.view.id); ok {
		h = m.history(m.store, &c)
	}
	if flow, ok := store.EstimateFlow(h.Queue, h.Own, now.Add(-flowSpan), now); ok && flow.Out > 0 {
		parts = append(parts, "~"+perSecond(flow.Out)+"/s worked off (est.)")
	}
	return parts
}
