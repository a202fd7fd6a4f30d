package redis

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
)

const slotCount = 16384

// How often it is asked who has which slots, where that has changed, and how
// long a node that did not answer is let alone.
const (
	learnAgain = 250 * time.Millisecond
	nodePause  = 3 * time.Second
)

// cluster is what is known of a Redis Cluster, and the links to its nodes. It
// belongs to the goroutine of the meter.
type cluster struct {
	server  Server // how any node is reached, but for the address
	options Options
	owners  *[slotCount]string // address of the master of each slot; nil until asked
	nodes   map[string]*link
	down    map[string]outage // nodes that did not answer
	stale   bool              // a node said that keys have moved, or did not answer
	learned time.Time         // when the owners were last asked for
}

// outage is a node's trouble, and how long it is let alone: it must not hold up
// the numbers of the others.
type outage struct {
	until time.Time
	err   error
}

func (c *cluster) close() {
	if c == nil {
		return
	}
	for _, l := range c.nodes {
		l.close()
	}
}

// first is the link to the node whose address comes first, nil where there is
// none.
func (c *cluster) first() *link {
	if len(c.nodes) == 0 {
		return nil
	}
	return c.nodes[slices.Min(slices.Collect(maps.Keys(c.nodes)))]
}

// readCluster measures every key at the node that has it.
func (m *meter) readCluster(ctx context.Context) (time.Duration, error) {
	if m.cluster == nil {
		m.cluster = &cluster{server: m.server, options: m.options, nodes: map[string]*link{}, down: map[string]outage{}}
	}
	c := m.cluster
	if c.owners == nil || c.stale && time.Since(c.learned) >= learnAgain {
		if err := c.learn(ctx); err != nil && c.owners == nil {
			return 0, err
		}
	}
	m.at = m.server
	rtt, err := c.measure(ctx, m.gauges.all)
	if server, owners := m.server, c.owners; err == nil {
		m.found(func(key string) Server { return server.at(owners[slot(key)]) })
	}
	return rtt, err
}

// measure asks all nodes at once. It fails when none answered; where some did
// not, the keys there have the error.
func (c *cluster) measure(ctx context.Context, all []*gauge) (rtt time.Duration, err error) {
	parts := map[string]*gauges{}
	for _, g := range all {
		at := c.owners[slot(g.queue.Key)]
		if parts[at] == nil {
			parts[at] = &gauges{}
		}
		parts[at].all = append(parts[at].all, g)
	}
	var work sync.WaitGroup
	var ask []*visit
	for at, part := range parts {
		if d, ok := c.down[at]; ok && time.Now().Before(d.until) {
			part.fail(d.err)
			err = d.err
			continue
		}
		v := &visit{at: at, line: line{link: c.nodes[at]}, part: part}
		ask = append(ask, v)
		work.Go(func() { c.visit(ctx, v) })
	}
	work.Wait()
	answered := false
	for _, v := range ask {
		if v.err != nil {
			err, c.stale = v.err, true
			c.down[v.at] = outage{time.Now().Add(nodePause), v.err}
			delete(c.nodes, v.at)
			v.part.fail(v.err)
			continue
		}
		delete(c.down, v.at)
		c.nodes[v.at] = v.line.link
		answered, rtt = true, max(rtt, v.rtt)
	}
	if !answered {
		return 0, err
	}
	return rtt, c.redirect(ctx, all)
}

func (m *gauges) fail(err error) {
	for _, g := range m.all {
		g.err = err
	}
}

// visit is one node's share of a measurement.
type visit struct {
	at   string
	line line // before and after
	part *gauges
	rtt  time.Duration
	err  error
}

// visit asks one node, over the connection that is kept or a new one. It
// changes nothing but v and its gauges.
func (c *cluster) visit(ctx context.Context, v *visit) {
	if v.at == "" {
		v.err = errors.New("no node of the cluster has the key's slot")
		return
	}
	at := c.server.at(v.at)
	dial := func() (*link, error) { return connect(ctx, at, 0, c.options) }
	err := v.line.do(ctx, dial, func(l *link) (err error) {
		v.rtt, err = v.part.measure(ctx, l)
		return err
	}, ended)
	if err != nil {
		v.err = nodeTrouble(at, err)
	}
}

// nodeTrouble is a node's trouble, told of its own address.
func nodeTrouble(at Server, err error) *kscope.Trouble {
	message, hint := explain(err, at, false)
	return &kscope.Trouble{Message: message, Hint: hint, Cause: err}
}

// redirect follows what nodes said of keys that are elsewhere: MOVED for good,
// ASK for as long as their slot is on its way.
func (c *cluster) redirect(ctx context.Context, all []*gauge) error {
	for _, g := range all {
		for hop := 0; hop < 4 && g.err != nil; hop++ {
			how, at, ok := redirection(g.err)
			if !ok {
				break
			}
			c.stale = c.stale || how == "MOVED"
			l := c.nodes[at]
			if l == nil {
				var err error
				if l, err = connect(ctx, c.server.at(at), 0, c.options); err != nil {
					g.err = nodeTrouble(c.server.at(at), err)
					break
				}
				c.nodes[at] = l
			}
			if err := g.askAt(ctx, l, how == "ASK"); err != nil {
				l.close()
				delete(c.nodes, at)
				g.err = nodeTrouble(c.server.at(at), err)
			}
		}
	}
	return ctx.Err()
}

// askAt measures one key at a node that does not own it yet, or does now.
func (g *gauge) askAt(ctx context.Context, l *link, asking bool) error {
	for range rounds {
		cmds := []goredis.Cmder{g.next()}
		if asking {
			cmds = []goredis.Cmder{goredis.NewStatusCmd(ctx, "asking"), g.next()}
		}
		if err := l.exec(ctx, cmds...); err != nil {
			return err
		}
		if g.read() {
			return nil
		}
	}
	g.err = errors.New("the type of the key keeps changing")
	return nil
}

// redirection reads MOVED 3999 10.0.0.1:6381 and ASK of the same form.
func redirection(err error) (how, at string, ok bool) {
	if !refused(err) {
		return "", "", false
	}
	f := strings.Fields(err.Error())
	if len(f) != 3 || f[0] != "MOVED" && f[0] != "ASK" {
		return "", "", false
	}
	return f[0], f[2], true
}
