package protocol

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/triggers"
)

// meter measures the queues that one server's name stands for. It belongs to one
// goroutine.
type meter struct {
	*technology
	ask      *broker.Ask
	works    []triggers.Work              // of its backlogs
	resolved map[kscope.Backlog]*resolved // of those that have it of their own; the zero Backlog is what the others share
	clients  map[string]*kept             // by the key of the protocol
	groups   []*group                     // of the last look
	card     kscope.Connection
	pace     time.Duration
}

// kept is a client with the way it came.
type kept struct {
	client Client
	way    *way
	used   bool // by this look
}

// group is the queues that one client measures.
type group struct {
	key      string
	queues   []Queue
	places   []int // of each, in the ask
	readings []broker.Reading
	from     []*resolved
}

// Pace is how often the queues may be measured.
func (m *meter) Pace() time.Duration { return m.pace }

// Measure asks for every queue, of each client for its own. It fails as a whole where
// nothing is known of any for one reason.
func (m *meter) Measure(ctx context.Context, ask *broker.Ask, readings []broker.Reading) (rtt time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, m.options.Wait)
	defer cancel()
	m.adopt(ask)
	m.gather(ctx, readings)
	began := time.Now()
	for _, g := range m.groups {
		if err = m.look(ctx, g); err != nil {
			for _, at := range g.places {
				readings[at] = broker.Reading{Err: err}
			}
		} else {
			for i, at := range g.places {
				readings[at] = m.worded(g, i)
			}
		}
		for _, r := range g.from {
			if r.failed = err != nil; !r.failed {
				r.wait = 0
			}
		}
	}
	m.dropUnused()
	if len(m.groups) != 1 || len(m.groups[0].places) < len(readings) {
		err = nil // it is not that of all
	}
	return time.Since(began), err
}

// adopt takes over what to measure. A trigger that has changed may mean another server.
func (m *meter) adopt(ask *broker.Ask) {
	if ask == m.ask {
		return
	}
	if was := m.ask; was != nil && (was.Trigger != ask.Trigger || !maps.Equal(was.Metadata, ask.Metadata)) {
		clear(m.resolved)
		m.Close()
	}
	m.ask = ask
	m.works = make([]triggers.Work, len(ask.Backlogs))
	for i, of := range ask.Backlogs {
		m.works[i] = triggers.WorkOf(of)
	}
	for of := range m.resolved {
		if of != (kscope.Backlog{}) && !slices.Contains(ask.Backlogs, of) {
			delete(m.resolved, of)
		}
	}
}

// gather makes the groups of what can be measured, and sets the readings of what cannot.
func (m *meter) gather(ctx context.Context, readings []broker.Reading) {
	for _, g := range m.groups {
		g.queues, g.places, g.from = g.queues[:0], g.places[:0], g.from[:0]
	}
	m.pace = 0
	for i, of := range m.ask.Backlogs {
		p, from, err := m.parameters(ctx, i)
		var key string
		if err == nil {
			key, err = m.protocol.Key(p)
		}
		if err != nil {
			if from != nil { // what lacks may be there when it is asked for again
				from.failed = true
			}
			readings[i] = broker.Reading{Err: explained(err, p, nil)}
			continue
		}
		if every := m.protocol.Pace(p); m.pace == 0 || every < m.pace {
			m.pace = every
		}
		at := slices.IndexFunc(m.groups, func(g *group) bool { return g.key == key })
		if at < 0 {
			at = len(m.groups)
			m.groups = append(m.groups, &group{key: key})
		}
		g := m.groups[at]
		g.queues, g.places = append(g.queues, Queue{of, p}), append(g.places, i)
		if from != nil && !slices.Contains(g.from, from) {
			g.from = append(g.from, from)
		}
	}
	m.groups = slices.DeleteFunc(m.groups, func(g *group) bool { return len(g.places) == 0 })
}

// look has one client measure its queues, and hangs up where nothing answered: another
// connection may be what it takes, as after a change of password. A connection that was
// kept and has ended meanwhile is no news: another is made at once.
func (m *meter) look(ctx context.Context, g *group) error {
	k, err := m.clients[g.key], error(nil)
	if k != nil {
		if err = m.once(ctx, k, g); !HungUp(err) || ctx.Err() != nil {
			return m.ended(k, g, err)
		}
		k.client.Close()
		delete(m.clients, g.key)
	}
	k = &kept{way: &way{dial: m.options.Dial}}
	if k.client, err = m.protocol.Connect(ctx, g.queues[0].Parameters, k.way.open); err != nil {
		return explained(err, g.queues[0].Parameters, k.way)
	}
	m.clients[g.key] = k
	return m.ended(k, g, m.once(ctx, k, g))
}

// once has a client measure once.
func (m *meter) once(ctx context.Context, k *kept, g *group) error {
	k.used = true
	g.readings = slices.Grow(g.readings[:0], len(g.queues))[:len(g.queues)]
	clear(g.readings)
	err := k.client.Measure(ctx, g.queues, g.readings)
	if ctx.Err() != nil && err == nil {
		err = ctx.Err()
	}
	return err
}

// ended is what came of a look.
func (m *meter) ended(k *kept, g *group, err error) error {
	m.describe(k, g)
	if err == nil {
		m.learn(g.queues)
		return nil
	}
	k.client.Close()
	delete(m.clients, g.key)
	return explained(err, g.queues[0].Parameters, k.way)
}

// errCount is a number of jobs that is none.
var errCount = &kscope.Trouble{Message: "what the server says is waiting is no number that can be", Hint: "something else may answer there"}

// counted reports whether a reading is a number, as JSON has none that is not: but what
// several of them come to, and what others say, may be infinite.
func counted(r broker.Reading) bool {
	for _, n := range []float64{r.N, r.Scaled.N, r.Scaled.Active} {
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return false
		}
	}
	return true
}

// worded is the reading of a queue of a group, its error in words, without what is secret
// of that queue's own trigger.
func (m *meter) worded(g *group, i int) broker.Reading {
	r := g.readings[i]
	if r.Err == nil && !counted(r) {
		r = broker.Reading{Err: errCount, Own: true}
	}
	if r.Err != nil {
		r = broker.Reading{Err: explained(r.Err, g.queues[i].Parameters, m.wayOf(g)), Own: r.Own}
	}
	return r
}

// wayOf is the way to the server of a group; nil where there is none.
func (m *meter) wayOf(g *group) *way {
	if k := m.clients[g.key]; k != nil {
		return k.way
	}
	return nil
}

// describe keeps how the server is reached.
func (m *meter) describe(k *kept, g *group) {
	p := g.queues[0].Parameters
	c := k.client.Describe()
	address, through := k.way.led()
	if c.Address == "" {
		c.Address = address
	}
	if c.Reached == "" {
		c.Reached = through
	}
	if c.Credentials == "" {
		c.Credentials = credentials(p)
	}
	if c.Credentials != "" && c.User == "" {
		c.User = kscope.Clean(p.Text("username"))
	}
	if p.Polling > 0 && m.pace >= p.Polling {
		c.Paced = m.pace
	}
	m.card = c
}

// Describe says how the server is reached, as far as it is known.
func (m *meter) Describe() kscope.Connection { return m.card }

// dropUnused closes the clients that no queue needs any more.
func (m *meter) dropUnused() {
	for key, k := range m.clients {
		if !k.used {
			k.client.Close()
			delete(m.clients, key)
		}
		k.used = false
	}
}

// Close hangs up.
func (m *meter) Close() {
	for key, k := range m.clients {
		k.client.Close()
		delete(m.clients, key)
	}
}
