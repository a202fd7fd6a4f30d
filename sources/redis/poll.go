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

// plan is what to measure at one server: queues by the address that triggers
// name. Without an override there is one such address.
type plan map[string][]kscope.Queue

// poller measures the queues of one server. All but follow and wake belongs to
// the goroutine of run.
type poller struct {
	server  Server
	options Options
	emit    func(kscope.Fact)
	woken   chan struct{}

	mu    sync.Mutex
	plan  plan // never changed in place
	fresh bool // run has not taken it up yet

	groups []*group
	gauges gauges
	link   *link
	pause  time.Duration // after the next failure
}

func newPoller(server Server, o Options, emit func(kscope.Fact)) *poller {
	return &poller{server: server, options: o, emit: emit, woken: make(chan struct{}, 1), pause: firstPause}
}

// follow replaces the queues to measure and measures at once if they differ.
// It does not block.
func (p *poller) follow(next plan) {
	p.mu.Lock()
	same := maps.EqualFunc(p.plan, next, slices.Equal)
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
	defer func() { p.link.close() }()
	timer := time.NewTimer(0)
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
	wait := max(pause, minGap) - time.Since(started)
	timer.Reset(wait)
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		case <-p.woken:
			timer.Reset(minGap - time.Since(started))
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
	if answered {
		p.pause = firstPause
		return p.options.Interval
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
	for {
		isNew := p.link == nil
		if isNew {
			l, err := connect(ctx, p.server, 0, p.options)
			if err != nil {
				return 0, err
			}
			p.link = l
		}
		rtt, err := p.gauges.measure(ctx, p.link)
		if err == nil {
			return rtt, nil
		}
		p.drop()
		if isNew || !hungUp(err) {
			return 0, err
		}
	}
}

func (p *poller) drop() {
	p.link.close()
	p.link = nil
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
