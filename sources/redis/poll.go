package redis

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/kscope/kscope"
)

// minGap keeps a burst of news, such as the first list of 500 ScaledObjects,
// from becoming a burst of pipelines. The first of them is served at once.
const minGap = 20 * time.Millisecond

// The pause after a failure doubles up to a cap, so that a server that comes
// back is seen within seconds and one that does not costs next to nothing.
const (
	firstPause = 250 * time.Millisecond
	maxPause   = 3 * time.Second
	forever    = time.Duration(1<<63 - 1)
)

// plan is what to measure at one server: queues by the server that triggers
// name. Without an override there is one such name.
type plan struct {
	groups   map[string][]kscope.Queue
	trigger  kscope.TriggerRef // one of those that name it, to resolve
	metadata map[string]string // of that trigger
	alone    bool              // no other object names it
}

// first is one of the queues, any but always the same; the zero Queue of an
// empty plan.
func (p plan) first() kscope.Queue {
	for _, name := range slices.Sorted(maps.Keys(p.groups)) {
		return p.groups[name][0]
	}
	return kscope.Queue{}
}

// poller measures the queues of one server. All but follow, wake and reach
// belongs to the goroutine of run.
type poller struct {
	server   Server  // as far as it is known
	at       Server  // the last one that was tried: the master that sentinels named
	access   *access // how it comes to be known; nil where the server is given
	topology kscope.Topology
	override bool // the user said where it is
	options  Options
	emit     func(kscope.Fact)
	woken    chan struct{}

	mu    sync.Mutex
	plan  plan                    // never changed in place
	fresh bool                    // run has not taken it up yet
	last  func(key string) Server // where a key was found last; nil while nowhere

	groups  []*group
	gauges  gauges
	link    *link
	cluster *cluster
	pause   time.Duration // after the next failure
}

func newPoller(server Server, o Options, emit func(kscope.Fact)) *poller {
	return &poller{server: server, options: o, emit: emit, woken: make(chan struct{}, 1), pause: firstPause}
}

// follow replaces the queues to measure and measures at once if they differ,
// or if the trigger does that says where they are. It does not block.
func (p *poller) follow(next plan) {
	p.mu.Lock()
	same := maps.EqualFunc(p.plan.groups, next.groups, slices.Equal) && p.plan.alone == next.alone
	if p.access != nil && len(next.groups) > 0 && (p.plan.trigger != next.trigger || !maps.Equal(p.plan.metadata, next.metadata)) {
		p.access.outdated.Store(true)
		same = false
	}
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
	defer p.drop()
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
			end = started.Add(minGap)
		}
	}
}

// tick measures once, reports, and says how long after its start the next tick
// should start.
func (p *poller) tick(ctx context.Context) time.Duration {
	p.adopt()
	if len(p.gauges.all) == 0 {
		p.drop()
		return forever
	}
	rtt, err := p.read(ctx)
	if ctx.Err() != nil {
		return 0 // we hung up ourselves, which says nothing about the server
	}
	answered := false
	for _, g := range p.groups {
		if p.report(g, rtt, err) {
			answered = true
		}
	}
	p.introduce(rtt, answered)
	if answered {
		p.pause = firstPause
		if p.access != nil {
			p.access.failed, p.access.wait = false, 0
		}
		return p.options.Interval
	}
	if p.access != nil {
		p.access.failed = true
	}
	p.drop() // a new connection may be what it takes, as after a change of password
	pause := p.pause
	p.pause = min(2*pause, maxPause)
	return max(pause, p.options.Interval)
}

// read measures over the connection that there is, or a new one. A connection
// that the server had closed while it was idle is replaced on the spot: it is
// no reason to call the server unreachable.
func (p *poller) read(ctx context.Context) (time.Duration, error) {
	if err := p.find(ctx); err != nil {
		return 0, err
	}
	if p.topology == kscope.Cluster {
		return p.readCluster(ctx)
	}
	for {
		isNew := p.link == nil
		if isNew {
			at, err := p.master(ctx)
			if err != nil {
				return 0, err
			}
			p.at = at
			l, err := connect(ctx, at, 0, p.options)
			if err != nil {
				return 0, err
			}
			p.link = l
			p.found(func(string) Server { return at })
		}
		rtt, err := p.gauges.measure(ctx, p.link)
		if err == nil && isNew {
			err = p.check(p.link)
		}
		if err == nil {
			return rtt, nil
		}
		p.drop()
		if isNew || !hungUp(err) {
			return 0, err
		}
	}
}

// drop closes every connection.
func (p *poller) drop() {
	p.link.close()
	p.link = nil
	p.cluster.close()
	p.cluster = nil
	if p.access != nil {
		p.access.sentinel.close()
		p.access.sentinel = nil
	}
}

// hungUp reports whether an error says that the other side closed the
// connection, as opposed to not answering on it.
func hungUp(err error) bool {
	for _, e := range []error{errClosed, io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
