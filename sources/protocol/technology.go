package protocol

import (
	"context"
	"errors"
	"maps"
	"net"
	"sync"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/triggers"
)

// Options are how the servers of a protocol are reached. The zero value reaches what a
// trigger's metadata say all about.
type Options struct {
	// Resolve gives what KEDA would use of a trigger; nil makes do with its metadata. It
	// is called from the goroutine that measures: before the first connection, again when
	// the trigger changes and, seconds apart, while the server fails. Its errors are
	// shown, so they hold no secret.
	Resolve func(ctx context.Context, trigger kscope.TriggerRef) (triggers.Parameters, error)
	// Dial opens the connections; nil dials the network. A connection with a method
	// Through() string says with that what led to the server.
	Dial Dial
	// Wait is how long a look at a server may take; [DefaultWait] when zero.
	Wait time.Duration
}

// DefaultWait is how long one look at a server may take. Trouble should be said within
// ten seconds.
const DefaultWait = 7 * time.Second

// New is the technology of a protocol, for [broker.New].
func New(p Protocol, o Options) broker.Technology {
	if o.Dial == nil {
		d := &net.Dialer{KeepAlive: 15 * time.Second}
		o.Dial = d.DialContext
	}
	if o.Wait <= 0 {
		o.Wait = DefaultWait
	}
	return &technology{protocol: p, options: o, known: map[kscope.Backlog]Queue{}, writers: map[string]*writer{}}
}

type technology struct {
	protocol Protocol
	options  Options

	mu      sync.Mutex               // held for moments
	known   map[kscope.Backlog]Queue // as they were last measured
	writers map[string]*writer       // by the key of the protocol
}

// Place is the server, whose name says all that leads to it.
func (t *technology) Place(of kscope.Backlog) string { return of.Server }

// Meter measures the queues of one server.
func (t *technology) Meter(string, kscope.Backlog) broker.Meter {
	return &meter{technology: t, resolved: map[kscope.Backlog]*resolved{}, clients: map[string]*kept{}}
}

var errNotReached = errors.New("the server has not been reached yet")

// Writer puts jobs into the queues of one server, as one user.
func (t *technology) Writer(of kscope.Backlog) (broker.Writer, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	q, ok := t.known[of]
	if !ok {
		return nil, errNotReached
	}
	key, err := t.protocol.Key(q.Parameters)
	if err != nil {
		return nil, err
	}
	w := t.writers[key]
	if w == nil {
		w = &writer{technology: t}
		t.writers[key] = w
	}
	return w, nil
}

// queue is what is known of a backlog, for who puts jobs in.
func (t *technology) queue(of kscope.Backlog) (Queue, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	q, ok := t.known[of]
	return q, ok
}

// learn takes down what a meter reached.
func (t *technology) learn(queues []Queue) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, q := range queues {
		if was, ok := t.known[q.Backlog]; !ok || !maps.Equal(was.Values, q.Values) {
			t.known[q.Backlog] = q
		}
	}
}

// way is a dial that remembers where it led, for one client.
type way struct {
	dial Dial

	mu      sync.Mutex
	address string
	through string
}

func (w *way) open(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	w.address = address
	w.mu.Unlock()
	conn, err := w.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	through := "directly"
	if t, ok := conn.(interface{ Through() string }); ok {
		through = t.Through()
	}
	w.mu.Lock()
	w.through = through
	w.mu.Unlock()
	return conn, nil
}

// led is where it last was to lead, and what led there; "" where nothing did yet.
func (w *way) led() (address, through string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.address, w.through
}
