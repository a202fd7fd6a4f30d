package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/triggers"
)

// meter measures the queues of one server. It belongs to one goroutine.
type meter struct {
	server   Server  // as far as it is known
	at       Server  // the last one that was tried: the master that sentinels named
	access   *access // how it comes to be known; nil where the server is given
	topology triggers.Topology
	override bool // the user said where it is
	options  Options
	found    func(last func(key string) Server) // takes down where keys are, for those who put jobs there

	ask     *broker.Ask
	asked   []*gauge  // of its backlogs
	gauges  gauges    // the same, in the order in which they are asked
	looks   time.Time // when the next key may be looked for elsewhere
	line    line
	cluster *cluster
	card    kscope.Connection
	knows   *link // the one that the card is of
}

// Measure asks for every queue. Where nothing answered it hangs up: a new
// connection may be what it takes, as after a change of password.
func (m *meter) Measure(ctx context.Context, ask *broker.Ask, readings []broker.Reading) (time.Duration, error) {
	m.adopt(ask)
	rtt, err := m.read(ctx)
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	answered := false
	if err != nil {
		err = m.explained(err)
	} else {
		for i, g := range m.asked {
			readings[i] = m.reading(g)
			answered = answered || g.answered()
		}
	}
	if answered {
		m.introduce()
	} else {
		m.Close()
	}
	if m.access != nil {
		if m.access.failed = !answered; answered {
			m.access.wait = 0
		}
	}
	return rtt, err
}

// reading is what a gauge shows.
func (m *meter) reading(g *gauge) broker.Reading {
	r := broker.Reading{N: float64(g.n), Type: g.typ}
	switch {
	case g.err != nil:
		r = broker.Reading{Err: m.explained(g.err), Own: g.answered()}
	case g.n < 0:
		r = broker.Reading{Err: m.explained(keyTrouble(fmt.Sprintf("the server says that there are %d", g.n), "")), Own: true}
	case g.n == 0 && g.queue.Measure == triggers.Size:
		r.Type, r.Elsewhere = "none", g.around.growing()
	}
	return r
}

// adopt takes over what to measure, keeping what is known about the queues that
// stay. A trigger that has changed may mean another server.
func (m *meter) adopt(ask *broker.Ask) {
	if ask == m.ask {
		return
	}
	if a := m.access; a != nil && m.ask != nil && (m.ask.Trigger != ask.Trigger || !maps.Equal(m.ask.Metadata, ask.Metadata)) {
		a.known, a.due, a.wait = false, time.Time{}, 0
		m.Close()
	}
	m.ask = ask
	known := map[kscope.Backlog]*gauge{}
	for _, g := range m.asked {
		known[g.of] = g
	}
	m.asked = make([]*gauge, len(ask.Backlogs))
	for i, of := range ask.Backlogs {
		if m.asked[i] = known[of]; m.asked[i] == nil {
			q := triggers.RedisOf(of)
			m.asked[i] = newGauge(of, q, m.server.db(q.DB))
		}
	}
	m.gauges.all = slices.Clone(m.asked)
	slices.SortStableFunc(m.gauges.all, func(a, b *gauge) int { return cmp.Compare(a.db, b.db) })
	if n := len(m.gauges.all); n > 0 && (m.gauges.all[0].db != 0 || m.gauges.all[n-1].db != 0) {
		m.gauges.selects = true
	}
}

// read measures over the connection that is kept, or a new one.
func (m *meter) read(ctx context.Context) (time.Duration, error) {
	if err := m.find(ctx); err != nil {
		return 0, err
	}
	if m.topology == triggers.Cluster {
		return m.readCluster(ctx)
	}
	isNew := false
	dial := func() (*link, error) {
		isNew = true
		return m.dial(ctx)
	}
	var rtt time.Duration
	err := m.line.do(ctx, dial, func(l *link) (err error) {
		if rtt, err = m.gauges.measure(ctx, l); err == nil && isNew {
			err = m.check(l)
		}
		if err == nil {
			err = m.lookAround(ctx, l)
		}
		return err
	}, ended)
	return rtt, err
}

// dial connects to the server, or the master that its sentinels name.
func (m *meter) dial(ctx context.Context) (*link, error) {
	at, err := m.master(ctx)
	if err != nil {
		return nil, err
	}
	m.at = at
	l, err := connect(ctx, at, 0, m.options)
	if err == nil {
		m.found(func(string) Server { return at })
	}
	return l, err
}

// Close closes every connection.
func (m *meter) Close() {
	m.line.close()
	m.cluster.close()
	m.cluster = nil
	if m.access != nil {
		m.access.sentinel.close()
		m.access.sentinel = nil
	}
}

// explained is an error in plain words, told of the server that was tried.
func (m *meter) explained(err error) *kscope.Trouble {
	fromElsewhere := func(g *gauge) bool { return g.queue.Via != "" }
	if errors.Is(err, errNoAddress) && len(m.asked) > 0 && !slices.ContainsFunc(m.asked, fromElsewhere) {
		return &kscope.Trouble{Message: "the trigger names no address", Hint: "give it an address, or host and port; " + useOverride}
	}
	at := m.at
	if at.Address == "" {
		at = m.server
	}
	return explained(err, at, m.override)
}
