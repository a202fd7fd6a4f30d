package broker

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/kscope/kscope"
)

// DefaultInterval is how often backlogs are measured unless [Options] say.
const DefaultInterval = 250 * time.Millisecond

// Options are the settings of a [Source]. The zero value works.
type Options struct {
	// Interval between two measurements; [DefaultInterval] when zero.
	Interval time.Duration
	// ReadOnly makes every Load and Purge fail without a word to a server.
	ReadOnly bool
}

// Source measures backlogs and emits [kscope.Depths], the [kscope.Status] and
// the [kscope.Connection] of each server, a [kscope.Gone] of kind
// [kscope.Queues] when the last backlog of a server is no longer followed, and
// what came of every Load and Purge.
//
// While a server answers, it emits a Depths as soon as a measurement brings
// something new, and at every fourth if none does; when it stops answering it
// emits one in which every depth has an error, then none until something is
// new. Facts about one server come in order, from one goroutine; servers do not
// wait for each other.
//
// Follow, Load and Purge may be called from any goroutine, also while Run is not
// running.
type Source struct {
	technologies map[string]Technology // by the broker of their backlogs
	options      Options
	changed      chan struct{} // holds a token when follows has news for Run

	mu      sync.Mutex // held for moments, never across a call that can block
	follows follows
	session *session // of the running Run, else nil
}

// session is one Run: what lives exactly as long as it does.
type session struct {
	ctx    context.Context
	emit   func(kscope.Fact)
	work   sync.WaitGroup // pollers, and loads under way
	broken chan error     // holds the first panic of a poller

	mu      sync.Mutex
	pollers map[string]*poller // by place
	gates   map[Writer]*gate
	began   map[int64]bool // the moments at which loads began, in Unix nanoseconds
}

var _ kscope.Source = (*Source)(nil)

var errRunning = errors.New("already running")

// New makes a source that follows nothing yet, of what there is to follow of each broker
// that a technology is given for, by the name that its backlogs have.
func New(technologies map[string]Technology, o Options) *Source {
	if o.Interval <= 0 {
		o.Interval = DefaultInterval
	}
	return &Source{technologies: technologies, options: o, changed: make(chan struct{}, 1), follows: follows{}}
}

// Name is "brokers".
func (s *Source) Name() string { return "brokers" }

// place tells the servers of all brokers apart.
func (s *Source) place(of kscope.Backlog) string {
	t := s.technologies[of.Broker]
	if t == nil {
		return ""
	}
	return of.Broker + " " + t.Place(of)
}

// Run measures what is followed, now and later, until ctx is done. It returns
// when all measuring and loading has ended and every connection is closed. A
// server that cannot be reached is reported and retried, never a reason to
// return; only a defect of ours is, as an error that carries its stack.
func (s *Source) Run(ctx context.Context, emit func(kscope.Fact)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	run := &session{
		ctx: ctx, emit: emit, broken: make(chan error, 1),
		pollers: map[string]*poller{}, gates: map[Writer]*gate{}, began: map[int64]bool{},
	}
	if err := s.begin(run); err != nil {
		return err
	}
	defer func() {
		s.end()
		cancel()
		run.work.Wait()
		for _, g := range run.gates {
			g.close()
		}
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

// end lets no further Load join the session.
func (s *Source) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session = nil
}

// direct tells every poller which backlogs are its own now, and starts pollers
// for places that are new. A poller that has nothing left to measure closes its
// connection and rests until it has.
func (s *Source) direct(run *session) {
	s.mu.Lock()
	all := s.follows.wanted()
	s.mu.Unlock()
	slices.SortFunc(all, compareWanted)
	all = slices.CompactFunc(all, func(a, b wanted) bool { return a.queue == b.queue && a.trigger.Object == b.trigger.Object })

	plans := map[string]plan{}
	for _, w := range all {
		at := s.place(w.queue)
		p, ok := plans[at]
		if !ok {
			p = plan{groups: map[string][]kscope.Backlog{}, triggers: map[kscope.Backlog]kscope.TriggerRef{}, trigger: w.trigger, metadata: w.metadata, alone: true}
		}
		name := w.queue.Server
		if group := p.groups[name]; len(group) == 0 || group[len(group)-1] != w.queue {
			p.groups[name] = append(group, w.queue)
			p.triggers[w.queue] = w.trigger
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
		of := next.first()
		technology := s.technologies[of.Broker]
		p := newPoller(at, technology.Meter(technology.Place(of), of), s.options.Interval, run.emit)
		p.follow(next)
		run.pollers[at] = p
		run.work.Go(func() { run.poll(p) })
	}
}

// poll runs a poller. Its panic must not take the process with it, and the
// terminal with that.
func (run *session) poll(p *poller) {
	defer func() {
		if v := recover(); v != nil {
			select {
			case run.broken <- fmt.Errorf("measuring %s: %v\n%s", p.place, v, debug.Stack()):
			default:
			}
		}
	}()
	p.run(run.ctx)
}

// measure has a place measured without waiting for its next turn.
func (run *session) measure(place string) {
	run.mu.Lock()
	defer run.mu.Unlock()
	if p := run.pollers[place]; p != nil {
		p.wake()
	}
}
