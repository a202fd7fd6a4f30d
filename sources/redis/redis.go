// Package redis measures the queues that observed triggers name, and puts jobs
// into them.
//
// A [Source] learns from passing observations which keys to measure and asks
// each server for all of its keys in one pipeline per interval, with the plain
// commands LLEN, SCARD, ZCARD, HLEN and, when a key turns out to hold something
// else, TYPE; for streams XLEN, XPENDING and XINFO GROUPS. It writes nothing but
// the jobs that [broker.Source.Load] is told to write,
// throws away only what [broker.Source.Purge] is told to, runs no scripts, and
// searches for no keys. While one is empty it is now and then asked for by the
// names that are easily taken for its own.
//
// When that happens is the business of package broker; this one knows how.
//
// Servers are known by what triggers say of them ([triggers.Redis.Server]: the
// address, where that is all), in every fact, even when an override leads
// elsewhere.
package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/triggers"
)

// DefaultInterval is how often queues are measured unless [Options] say.
const DefaultInterval = broker.DefaultInterval

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
	// ReadOnly makes every Load and Purge fail without a word to the server.
	ReadOnly bool
	// Dial opens the connections, for servers that only a tunnel or a process
	// reaches; nil dials the network. It must return when its context is done.
	// A connection with a method Through() string says with that what led to
	// the server; others count as direct.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// DialTimeout is how long Dial may take; two seconds when zero.
	DialTimeout time.Duration
}

// Source is the source of Redis queues.
//
// A load takes turns with others to the same database of the same server. Jobs
// go to an end of a list, or are the members of a set or of a sorted set, the
// fields of a hash, the entries of a stream, by what the key holds. A key that
// holds nothing becomes a list, or a stream where that is what the trigger
// measures. A purge deletes the key, or all entries of a stream, whose groups
// stay and whose consumers keep what they have taken.
type Source = broker.Source

// New makes a source that follows nothing yet.
func New(o Options) *Source {
	return broker.New(map[string]broker.Technology{triggers.RedisBroker: Technology(o)}, broker.Options{Interval: o.Interval, ReadOnly: o.ReadOnly})
}

// Technology is what of a source is Redis, for a source of several brokers.
func Technology(o Options) broker.Technology { return newTechnology(o) }

// technology is what of a source is Redis.
type technology struct {
	options Options

	mu      sync.Mutex                         // held for moments
	last    map[string]func(key string) Server // by place: where a key was found last
	writers map[database]*writer
}

// database is where a writer puts its jobs, and as whom: several triggers may
// name one server, each with credentials of its own.
type database struct {
	address            string
	number             int
	username, password string
}

func newTechnology(o Options) *technology {
	if o.Dial == nil {
		d := &net.Dialer{KeepAlive: 15 * time.Second}
		o.Dial = d.DialContext
	}
	return &technology{options: o, last: map[string]func(string) Server{}, writers: map[database]*writer{}}
}

// Place is the address that is dialled, or the words for how that comes to be
// known.
func (t *technology) Place(of kscope.Backlog) string {
	q := triggers.RedisOf(of)
	if o, ok := t.options.Overrides[q.Address]; ok {
		return q.Address + " at " + o.Address
	}
	if t.options.Override != nil || t.options.Resolve == nil {
		return t.server(q.Address).Address
	}
	return of.Server
}

// resolves reports whether the server of a queue takes more than its address.
func (t *technology) resolves(q triggers.Redis) bool {
	return !t.overrides(q.Address) && t.options.Resolve != nil && (q.Via != "" || q.Topology != triggers.Single)
}

// overrides reports whether the user said where the queues of an address are.
func (t *technology) overrides(address string) bool {
	_, one := t.options.Overrides[address]
	return one || t.options.Override != nil
}

// server is where the queues of an address are measured.
func (t *technology) server(address string) Server {
	if one, ok := t.options.Overrides[address]; ok {
		return one
	}
	if t.options.Override != nil {
		return *t.options.Override
	}
	return Server{Address: address}
}

// Meter measures the queues of one server, cluster, or master that sentinels
// know.
func (t *technology) Meter(place string, of kscope.Backlog) broker.Meter {
	q := triggers.RedisOf(of)
	if !t.resolves(q) {
		return &meter{server: t.server(q.Address), options: t.options, override: t.overrides(q.Address), found: func(func(string) Server) {}}
	}
	return &meter{
		server: Server{Address: place}, options: t.options, access: &access{}, topology: q.Topology,
		found: func(last func(string) Server) {
			t.mu.Lock()
			t.last[place] = last
			t.mu.Unlock()
		},
	}
}

// Writer puts jobs into one database of one server.
func (t *technology) Writer(of kscope.Backlog) (broker.Writer, error) {
	q := triggers.RedisOf(of)
	if q.Key == "" {
		return nil, errors.New("the queue has no key")
	}
	server, err := t.reach(of)
	if err != nil {
		return nil, err
	}
	db := server.db(q.DB)
	if db < 0 { // the client library would take it for 0
		return nil, fmt.Errorf("there is no database %d", db)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	at := database{server.Address, db, server.Username, server.password}
	w := t.writers[at]
	if w == nil {
		w = &writer{server: server, db: db, options: t.options, holds: map[string]keyType{}}
		t.writers[at] = w
	}
	return w, nil
}

// reach is the server at which a queue was last measured, a cluster's node and
// the sentinels' master included; the error says that it has not been reached
// yet.
func (t *technology) reach(of kscope.Backlog) (Server, error) {
	q := triggers.RedisOf(of)
	if !t.resolves(q) {
		return t.server(q.Address), nil
	}
	t.mu.Lock()
	last := t.last[t.Place(of)]
	t.mu.Unlock()
	if last == nil {
		return Server{}, errNotReached
	}
	return last(q.Key), nil
}

var errNotReached = errors.New("the server has not been reached yet")
