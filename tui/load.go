package tui

import (
	"context"
	"fmt"
	"math"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/store"
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

// picker is the list of profiles while it is open.
type picker struct {
	queue    kscope.Queue
	target   kscope.Ref
	profiles []load.Profile
	row      int
	scale    int // steps up from the profiles as they are, three to a factor of ten
}

// scaled is a profile of the list at the chosen scale.
func (p *picker) scaled(i int) load.Profile {
	steps := ((p.scale % 3) + 3) % 3
	return p.profiles[i].Scaled([]float64{1, 2, 5}[steps] * math.Pow(10, float64((p.scale-steps)/3)))
}

// scaleLimit is how far the scale goes either way: a factor of a million.
const scaleLimit = 18

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

// openLoads opens the list of profiles.
func (m *Model) openLoads() {
	v := &m.view
	switch {
	case !m.canInject():
		v.notice = "Load keys are off: this is read-only."
		return
	case m.o.Load.Run == nil:
		v.notice = "There are no load profiles here; i puts a batch in."
		return
	case v.load.stop != nil:
		v.notice = "A load is running: x stops it."
		return
	}
	c, ok := m.store.Chain(v.ref)
	if !ok {
		return
	}
	queued, ok := c.Queued()
	if !ok {
		v.notice = "No trigger of this ScaledObject names a Redis queue that jobs could go into."
		return
	}
	size := math.Max(queued.Target, 1) * float64(max(c.ScaledObject.MaxReplicaCount, 1))
	v.load.picker = &picker{queue: *queued.Trigger.Queue, target: v.ref, profiles: load.Presets(int64(math.Min(size, 1e6)))}
}

func (m *Model) pickerKey(msg tea.KeyPressMsg) tea.Cmd {
	v := &m.view
	p := v.load.picker
	switch {
	case key.Matches(msg, keys.Back, keys.Profiles) || msg.String() == "q":
		v.load.picker = nil
	case key.Matches(msg, keys.Bigger):
		p.scale = min(p.scale+1, scaleLimit)
	case key.Matches(msg, keys.Smaller):
		p.scale = max(p.scale-1, -scaleLimit)
	case key.Matches(msg, keys.Open):
		return m.choose(p.queue, p.target, p.scaled(p.row))
	default:
		p.row = min(max(p.row+step(msg, 5), 0), len(p.profiles)-1)
	}
	return nil
}

// choose begins a load if the queue is armed, and asks if it is not. One that
// exceeds a limit says so and leaves the list open.
func (m *Model) choose(q kscope.Queue, target kscope.Ref, profile load.Profile) tea.Cmd {
	v := &m.view
	c, ok := m.store.Chain(target)
	if !ok {
		v.load.picker = nil
		return nil
	}
	if _, err := profile.Within(m.o.Load.Limits); err != nil {
		v.notice = "Not started: " + err.Error()
		return nil
	}
	v.load.picker = nil
	payload, err := m.payloadOf(&c.ScaledObject)
	if err != nil {
		v.notice = "Not started: " + kscope.Clean(err.Error())
		return nil
	}
	l := load.Load{Queue: q, Target: target, Profile: profile, Limits: m.o.Load.Limits, Payload: payload, Side: m.o.Load.Side}
	if m.armed(&c.ScaledObject, q) {
		return m.start(l)
	}
	m.ask(prompt{queue: q, target: target, payload: payload, load: &l})
	return nil
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
	v.notice = fmt.Sprintf("Beginning %s into %s ...", l.Profile.Words(), l.Queue.Key)
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
		lost = fmt.Sprintf(" The server did not keep up: %s given up.", words.Count(float64(f.Missed)))
	}
	if f.Unknown > 0 {
		lost += fmt.Sprintf(" %s sent without a word back.", words.Count(float64(f.Unknown)))
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
	c, ok := m.store.Chain(v.ref)
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
	case !m.armed(&c.ScaledObject, *r.Trigger.Queue):
		v.notice = "--load was not begun: the queue is not armed. I begins a load, and asks first."
	default:
		return m.choose(*r.Trigger.Queue, v.ref, profile)
	}
	return nil
}
