package broker

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/kscope/kscope"
)

// minGap keeps a burst of news, such as the first list of 500 ScaledObjects,
// from becoming a burst of questions. The first of them is served at once.
const minGap = 20 * time.Millisecond

// The pause after a failure doubles up to a cap, so that a server that comes
// back is seen within seconds and one that does not costs next to nothing.
const (
	firstPause = 250 * time.Millisecond
	maxPause   = 3 * time.Second
	forever    = time.Duration(1<<63 - 1)
)

// plan is what to measure at one place: backlogs by the server that triggers
// name. Without an override there is one such name.
type plan struct {
	groups   map[string][]kscope.Backlog
	triggers map[kscope.Backlog]kscope.TriggerRef // one of those that name each
	trigger  kscope.TriggerRef                    // one of those that name it
	metadata map[string]string                    // of that trigger
	alone    bool                                 // no other object names it
}

// same reports whether two plans ask for the same. Who asks for nothing is no
// matter.
func (p plan) same(next plan) bool {
	return maps.EqualFunc(p.groups, next.groups, slices.Equal) && maps.Equal(p.triggers, next.triggers) &&
		(len(next.groups) == 0 || p.alone == next.alone && p.trigger == next.trigger && maps.Equal(p.metadata, next.metadata))
}

// first is one of the backlogs, any but always the same.
func (p plan) first() kscope.Backlog {
	return p.groups[slices.Min(slices.Collect(maps.Keys(p.groups)))][0]
}

// poller measures the backlogs of one place. All but follow and wake belongs to
// the goroutine of run.
type poller struct {
	place    string
	meter    Meter
	interval time.Duration
	every    time.Duration // between two looks, as things are
	emit     func(kscope.Fact)
	woken    chan struct{}

	mu    sync.Mutex
	plan  plan // never changed in place
	fresh bool // run has not taken it up yet

	groups   []*group
	ask      *Ask      // the backlogs of all groups
	readings []Reading // of each
	pause    time.Duration
}

func newPoller(place string, m Meter, interval time.Duration, emit func(kscope.Fact)) *poller {
	return &poller{place: place, meter: m, interval: interval, emit: emit, woken: make(chan struct{}, 1), pause: firstPause}
}

// follow replaces the backlogs to measure, and measures at once if anything
// about them is new. It does not block.
func (p *poller) follow(next plan) {
	p.mu.Lock()
	same := p.plan.same(next)
	if !same {
		p.plan, p.fresh = next, true
	}
	p.mu.Unlock()
	if !same {
		p.wake()
	}
}

// wake makes the next measurement come at once.
func (p *poller) wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

func (p *poller) run(ctx context.Context) {
	defer p.meter.Close()
	timer := time.NewTimer(minGap)
	defer timer.Stop()
	for {
		select { // what woke us up to here is served by the tick that follows
		case <-p.woken:
		default:
		}
		started := time.Now()
		pause := p.tick(ctx)
		if !p.rest(ctx, timer, started, pause) {
			return
		}
	}
}

// rest waits until a pause has passed since a tick started, or for something
// to be new; false when it is over.
func (p *poller) rest(ctx context.Context, timer *time.Timer, started time.Time, pause time.Duration) bool {
	end := started.Add(max(pause, minGap))
	for {
		wait := time.Until(end)
		if wait <= 0 {
			return ctx.Err() == nil
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case <-p.woken:
			if p.meterPace() > 0 && !p.isFresh() {
				continue // it would be one more look, and each costs
			}
			end = started.Add(minGap)
		}
	}
}

// tick measures once, reports, and says how long after its start the next tick
// should start.
func (p *poller) tick(ctx context.Context) time.Duration {
	p.adopt()
	if len(p.readings) == 0 {
		p.meter.Close()
		return forever
	}
	clear(p.readings)
	rtt, err := p.meter.Measure(ctx, p.ask, p.readings)
	if ctx.Err() != nil {
		return 0 // we hung up ourselves, which says nothing about the server
	}
	p.every = max(p.interval, p.meterPace())
	answered := false
	for _, g := range p.groups {
		if p.report(g, rtt, err) {
			answered = true
		}
	}
	pause := max(p.pause, p.every)
	p.introduce(rtt, answered, pause)
	if answered {
		p.pause = firstPause
		return p.every
	}
	p.pause = min(2*p.pause, maxPause)
	return pause
}

// meterPace is how often the meter may be asked at most; 0 for as often as one likes.
func (p *poller) meterPace() time.Duration {
	if m, ok := p.meter.(Paced); ok {
		return m.Pace()
	}
	return 0
}

// isFresh reports whether there is something new to measure.
func (p *poller) isFresh() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fresh
}

// introduce tells, for each group, how its server is reached, if that is news.
// It is called after the numbers were told, which matter more. Retry is when
// the next try follows a failure.
func (p *poller) introduce(rtt time.Duration, answered bool, retry time.Duration) {
	is := p.meter.Describe()
	for _, g := range p.groups {
		c, was := is, &g.card
		c.Server, c.RTT, c.Err, c.Hint, c.ErrAt = g.server, was.RTT, was.Err, was.Hint, was.ErrAt
		if answered && (c.RTT == 0 || c.Reached != was.Reached || c.Address != was.Address) {
			c.RTT = rtt
		}
		if c.Failing = g.status.State == kscope.Failing; c.Failing {
			c.Retry = retry
			if c.Err != g.status.Message || !was.Failing {
				c.ErrAt = time.Now()
			}
			c.Err, c.Hint = g.status.Message, g.status.Hint
		}
		if c != *was {
			*was = c
			p.emit(c)
		}
	}
}
