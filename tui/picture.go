package tui

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/explain/outlook"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/tui/screen"
)

// picture is what the detail is drawn from: the chain of what is open
// at the moment shown, and what goes with it. It is taken once a frame. Where an
// earlier moment is under inspection, the chart still reaches to the newest.
type picture struct {
	explain.Picture
	pods []kscope.Pod
	asOf time.Time       // when these were so, zero for now
	log  []explain.Entry // the timeline up to the moment shown
	all  []explain.Entry // the timeline up to the newest
	now  time.Time

	queued  store.Reading // the trigger that is charted
	which   string        // which of several queues that is
	use     bool          // what pods use is, and the queue takes the load
	history store.History // of it, up to the newest
	main    *store.Series // the queue of the main trigger; nil for none
}

// picture is of what is open.
func (m *Model) picture() (picture, bool) { return m.pictureOf(m.view.id) }

func (m *Model) pictureOf(id kscope.ID) (picture, bool) {
	c, ok := explain.Look(m.seen, id)
	if !ok {
		m.shown.all = true
		return picture{}, false
	}
	m.hold(&c)
	m.shown.chain(m.seen, &c.Chain)
	m.drawn.phase = c.Phase
	m.drawn.since = c.Watched
	p := picture{Picture: c, now: m.seen.Now()}
	p.pods, p.asOf = m.seen.LastPods(id)
	newest := m.newest()
	p.queued, ok = m.queued(&c.Chain)
	if m.drawn.queued = ok; !ok {
		p.queued = c.Reading().AsQueue()
	}
	p.which = m.whichQueue(&c.Chain, p.queued)
	p.all, p.history = m.timeline(newest, id), newest.History(id, p.queued.Trigger.Backlog)
	p.main = p.history.Queue
	if r := c.Reading(); byUse(&c.Chain) && (m.view.screen != detail || m.view.queue == (kscope.Backlog{})) {
		p.use = true
		p.history.Queue = newest.Use(id, r.Place)
	}
	if main := c.Reading().Trigger.Backlog; main == nil || *main != *p.queued.Trigger.Backlog {
		p.main = newest.History(id, main).Queue
	}
	if p.log = p.all; newest != m.seen {
		p.log = explain.Timeline(m.seen, id)
	}
	return p, true
}

// ready and desired are the numbers of pods at the moment shown, NaN where
// unknown.
func (p picture) ready() float64 {
	if p.Ready == nil {
		return math.NaN()
	}
	return float64(*p.Ready)
}

func (p picture) desired() float64 {
	if p.Workload == nil {
		return math.NaN()
	}
	return float64(p.Workload.Desired)
}

// Of several queues one is charted and takes load: the main one, until a key
// chooses another.

// queuesOf is the queues that the triggers of an object name, each once.
func queuesOf(c *store.Chain) (out []kscope.Backlog) {
	for i := range c.Readings {
		if q := c.Readings[i].Trigger.Backlog; q != nil && !slices.Contains(out, *q) {
			out = append(out, *q)
		}
	}
	return out
}

// byUse reports whether an object goes by what its pods use and by no queue.
func byUse(c *store.Chain) bool {
	return c.Reading().Direct && !slices.ContainsFunc(c.Readings, func(r store.Reading) bool { return r.Trigger.Backlog != nil && !r.Direct })
}

// queued is the trigger whose queue is charted and takes load; false if there is
// none.
func (m *Model) queued(c *store.Chain) (store.Reading, bool) {
	if v := &m.view; v.screen == detail && v.queue != (kscope.Backlog{}) {
		for _, r := range c.Readings {
			if r.Trigger.Backlog != nil && *r.Trigger.Backlog == v.queue {
				return r.AsQueue(), true
			}
		}
	}
	return c.Queued()
}

// queueOf is that queue.
func (m *Model) queueOf(c *store.Chain) (kscope.Backlog, bool) {
	r, ok := m.queued(c)
	if !ok {
		return kscope.Backlog{}, false
	}
	return *r.Trigger.Backlog, true
}

// nextQueue charts the next queue, or the one before. Back at the main one the
// chart follows that again, whichever it is. What pods use comes before any queue.
func (m *Model) nextQueue(by int) {
	v := &m.view
	c, ok := m.seen.Chain(v.id)
	if !ok {
		return
	}
	qs := queuesOf(&c)
	at, ok := m.queueOf(&c)
	use := byUse(&c)
	if use {
		qs, at = append([]kscope.Backlog{{}}, qs...), v.queue
	}
	if !ok || len(qs) < 2 {
		v.notice = "There is no other queue here."
		return
	}
	v.queue = qs[(slices.Index(qs, at)+by+len(qs))%len(qs)]
	if main, _ := c.Queued(); !use && *main.Trigger.Backlog == v.queue {
		v.queue = kscope.Backlog{}
	}
}

// whichQueue says which of several queues is charted, "" of one.
func (m *Model) whichQueue(c *store.Chain, r store.Reading) string {
	qs := queuesOf(c)
	if len(qs) < 2 || r.Trigger.Backlog == nil {
		return ""
	}
	if (m.view.queue == (kscope.Backlog{}) || m.view.screen != detail) && r.Asks() > 0 {
		return fmt.Sprintf(", heaviest of %d", len(qs))
	}
	return fmt.Sprintf(", %d of %d", slices.Index(qs, *r.Trigger.Backlog)+1, len(qs))
}

// intoWhich is where load goes, where there are several queues: " to orders".
func (m *Model) intoWhich() string {
	c, ok := m.seen.Chain(m.view.id)
	if !ok || len(queuesOf(&c)) < 2 {
		return ""
	}
	q, _ := m.queueOf(&c)
	return " to " + screen.Middle(q.Shown(), min(16, m.view.w/8), m.styles.ASCII)
}

// futureCache keeps what is expected of what is open for a second: to play on
// costs more than to draw it.
type futureCache struct {
	id     kscope.ID
	of     *store.Store
	second time.Time
	phase  explain.Phase
	bin    time.Duration
	ahead  int
	is     outlook.Future
	ok     bool
}

// holdFuture is how long the chart keeps room for what is expected after the last
// moment at which something was due.
const holdFuture = 20 * time.Second

// expect decides whether the chart has room for what is expected: while something
// is due, and a little longer, so that it does not come and go.
func (m *Model) expect(p picture) {
	d, was := &m.drawn, m.drawn.ahead && m.drawn.of == m.view.id
	d.ahead, d.of = !m.view.noFuture, m.view.id
	if !d.ahead {
		return
	}
	if m.view.past() {
		d.ahead = was
		return
	}
	f, now := m.expected(p, m.window()), m.newest().Now()
	if f.ok && f.is.Due && !d.resting() || turnsSoon(p, now) {
		d.due = now
		return
	}
	d.ahead = was && now.Sub(d.due) < holdFuture
}

// turnsSoon reports whether a schedule opens or closes so soon that there is room for it.
func turnsSoon(p picture, now time.Time) bool {
	return slices.ContainsFunc(p.Readings, func(r store.Reading) bool {
		return !r.Turns.IsZero() && r.Turns.Sub(now) <= shownWithFuture/2
	})
}

// expected is what is expected from the newest moment on, in the columns of a
// window and one more.
func (m *Model) expected(p picture, w window) *futureCache {
	f, of := &m.future, m.newest()
	second := of.Now().Truncate(time.Second)
	if f.id == p.ID && f.of == of && f.second.Equal(second) && f.phase == p.Phase && f.bin == w.bin && f.ahead == w.ahead {
		return f
	}
	*f = futureCache{id: p.ID, of: of, second: second, phase: p.Phase, bin: w.bin, ahead: w.ahead}
	if w.ahead == 0 {
		return f
	}
	now, ok := p.Picture, true
	if m.view.past() {
		now, ok = explain.Look(of, p.ID)
	}
	if ok {
		f.is, f.ok = now.Future(time.Duration(w.ahead+1)*w.bin, w.bin)
	}
	return f
}
