// Package redis measures the queues that observed triggers name, and puts jobs
// into them.
//
// A [Source] learns from passing observations which keys to measure and asks
// each server for all of its keys in one pipeline per interval, with the plain
// commands LLEN, SCARD, ZCARD, HLEN and, when a key turns out to hold something
// else, TYPE; for streams XLEN, XPENDING and XINFO GROUPS. It writes nothing but
// the jobs that [Source.Push] and [Source.Load] are told to write, throws away
// only what [Source.Purge] is told to, runs no scripts, and finds no other keys
// than those it was told of.
//
// Servers are known by what triggers say of them ([kscope.Queue.Server]: the
// address, where that is all), in every fact, even when an override leads
// elsewhere.
package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/kscope/kscope"
)

// DefaultInterval is how often queues are measured unless [Options] say.
const DefaultInterval = 250 * time.Millisecond

// Options are the settings of a [Source]. The zero value works.
type Options struct {
	// Interval between two measurements; [DefaultInterval] when zero.
	Interval time.Duration
	// Override, when not nil, is the server that all queues are measured at,
	// whatever their triggers name.
	Override *Server
	// Overrides are servers for single ones, by the address that triggers name;
	// they count more than Override.
	Overrides map[string]Server
	// Resolve says how to reach the server of a trigger whose address is not all
	// that it takes, or not known from it; nil makes do with the address. It is
	// called from the goroutine that measures that server: before the first
	// connection, again when the trigger changes and, seconds apart, while the
	// server fails. Its errors are shown, so they hold no secret; a
	// [*kscope.Trouble] says with its hint what to do.
	Resolve func(ctx context.Context, trigger kscope.TriggerRef) (Server, error)
	// ReadOnly makes every Push fail without a word to the server.
	ReadOnly bool
	// Dial opens the connections, for servers that only a tunnel or a process
	// reaches; nil dials the network. It must return when its context is done.
	// A connection with a method Through() string says with that what led to
	// the server; others count as direct.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// DialTimeout is how long Dial may take; two seconds when zero.
	DialTimeout time.Duration
}

// Source measures queues and emits [kscope.Depths], the [kscope.Status] and the
// [kscope.Connection] of each server, a [kscope.Gone] of kind [kscope.Queues]
// when the last queue of a server is no longer followed, and what came of every
// Push, Load and Purge.
//
// While a server answers, it emits a Depths as soon as a measurement brings
// something new, and at every fourth if none does; when it stops answering it
// emits one in which every depth has an error, then none until something is
// new. Facts about one server come in order, from one goroutine; servers do not
// wait for each other.
//
// Follow and Push may be called from any goroutine, also while Run is not
// running.
type Source struct {
	options Options
	changed chan struct{} // holds a token when follows has news for Run

	mu      sync.Mutex // held for moments, never across a call that can block
	follows follows
	session *session // of the running Run, else nil
}

// session is one Run: what lives exactly as long as it does.
type session struct {
	ctx    context.Context
	emit   func(kscope.Fact)
	work   sync.WaitGroup // pollers, and pushes under way
	broken chan error     // holds the first panic of a poller

	mu        sync.Mutex
	pollers   map[string]*poller // by Source.measuredAt
	injectors map[place]*injector
}

var _ kscope.Source = (*Source)(nil)

var (
	errRunning    = errors.New("already running")
	errNotRunning = errors.New("the queues are not being watched, so nothing was put in")
)

// New makes a source that follows nothing yet.
func New(o Options) *Source {
	if o.Interval <= 0 {
		o.Interval = DefaultInterval
	}
	if o.Dial == nil {
		d := &net.Dialer{KeepAlive: 15 * time.Second}
		o.Dial = d.DialContext
	}
	return &Source{options: o, changed: make(chan struct{}, 1), follows: follows{}}
}

// Name is the name of the source.
func (s *Source) Name() string { return "redis" }

// Run measures what is followed, now and later, until ctx is done. It returns
// when all measuring and pushing has ended and every connection is closed. A
// server that cannot be reached is reported and retried, never a reason to
// return; only a defect of ours is, as an error that carries its stack.
func (s *Source) Run(ctx context.Context, emit func(kscope.Fact)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	run := &session{
		ctx: ctx, emit: emit, broken: make(chan error, 1),
		pollers: map[string]*poller{}, injectors: map[place]*injector{},
	}
	if err := s.begin(run); err != nil {
		return err
	}
	defer func() {
		s.end()
		cancel()
		run.work.Wait()
		run.hangUp()
	}()
	for {
		s.direct(run)
		select {
		case <-s.changed:
		case err := <-run.broken:
			return err
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *Source) begin(run *session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session != nil {
		return errRunning
	}
	s.session = run
	return nil
}

// end lets no further Push join the session.
func (s *Source) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session = nil
}

// direct tells every poller which queues are its own now, and starts pollers
// for servers that are new. A poller that has nothing left to measure closes
// its connection and rests until it has.
func (s *Source) direct(run *session) {
	s.mu.Lock()
	all := s.follows.wanted()
	s.mu.Unlock()
	slices.SortFunc(all, compareWanted)
	all = slices.CompactFunc(all, func(a, b wanted) bool { return a.queue == b.queue && a.trigger.Object == b.trigger.Object })

	plans := map[string]plan{}
	for _, w := range all {
		at := s.measuredAt(w.queue)
		p, ok := plans[at]
		if !ok {
			p = plan{groups: map[string][]kscope.Queue{}, trigger: w.trigger, metadata: w.metadata, alone: true}
		}
		name := w.queue.Server()
		if group := p.groups[name]; len(group) == 0 || group[len(group)-1] != w.queue {
			p.groups[name] = append(group, w.queue)
		}
		p.alone = p.alone && w.trigger.Object == p.trigger.Object
		plans[at] = p
	}
	run.mu.Lock()
	defer run.mu.Unlock()
	for at, p := range run.pollers {
		p.follow(plans[at])
		delete(plans, at)
	}
	for at, next := range plans {
		p := s.pollerFor(at, next, run.emit)
		p.follow(next)
		run.pollers[at] = p
		run.work.Go(func() { run.poll(p) })
	}
}

// measuredAt is what tells the server where a queue is measured from others:
// the address that is dialled, or the words for how that comes to be known.
func (s *Source) measuredAt(q kscope.Queue) string {
	if o, ok := s.options.Overrides[q.Address]; ok {
		return q.Address + " at " + o.Address
	}
	if s.options.Override != nil || s.options.Resolve == nil {
		return s.server(q.Address).Address
	}
	return q.Server()
}

// resolves reports whether the server of a queue takes more than its address.
func (s *Source) resolves(q kscope.Queue) bool {
	return !s.overrides(q.Address) && s.options.Resolve != nil && (q.Via != "" || q.Topology != kscope.Single)
}

// overrides reports whether the user said where the queues of an address are.
func (s *Source) overrides(address string) bool {
	_, one := s.options.Overrides[address]
	return one || s.options.Override != nil
}

// pollerFor makes the poller for what one plan is about.
func (s *Source) pollerFor(at string, next plan, emit func(kscope.Fact)) *poller {
	q := next.first()
	if !s.resolves(q) {
		p := newPoller(s.server(q.Address), s.options, emit)
		p.override = s.overrides(q.Address)
		return p
	}
	p := newPoller(Server{Address: at}, s.options, emit)
	p.access, p.topology = &access{}, q.Topology
	return p
}

// poll runs a poller. Its panic must not take the process with it, and the
// terminal with that.
func (run *session) poll(p *poller) {
	defer func() {
		if v := recover(); v != nil {
			select {
			case run.broken <- fmt.Errorf("measuring %s: %v\n%s", p.server.Address, v, debug.Stack()):
			default:
			}
		}
	}()
	p.run(run.ctx)
}

// server is where the queues of an address are measured.
func (s *Source) server(address string) Server {
	if one, ok := s.options.Overrides[address]; ok {
		return one
	}
	if s.options.Override != nil {
		return *s.options.Override
	}
	return Server{Address: address}
}

// measure has a server measured without waiting for its next turn.
func (run *session) measure(address string) {
	run.mu.Lock()
	defer run.mu.Unlock()
	if p := run.pollers[address]; p != nil {
		p.wake()
	}
}

func (run *session) hangUp() {
	for _, in := range run.injectors {
		in.link.close()
	}
}
