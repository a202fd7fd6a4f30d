package redis

import (
	"context"
	"errors"
	"maps"
	"net"
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

// learn asks the nodes, those known to live first, who has which slots.
func (c *cluster) learn(ctx context.Context) error {
	c.stale, c.learned = false, time.Now()
	for at, l := range c.nodes {
		if owners, err := askOwners(ctx, l, at); err == nil {
			c.owners = owners
			return nil
		}
		l.close()
		delete(c.nodes, at)
	}
	var nodes []Server
	for _, at := range c.server.more.nodes {
		nodes = append(nodes, c.server.at(at))
	}
	none := func(err error) bool { return errors.Is(err, errNoCluster) }
	r := firstOf(ctx, nodes, c.options, none, func(ctx context.Context, l *link) (*[slotCount]string, error) {
		return askOwners(ctx, l, l.client.Options().Addr)
	})
	switch {
	case ctx.Err() != nil:
		r.link.close()
		return ctx.Err()
	case r.err != nil:
		c.stale = true
		return nodeTrouble(r.at, r.err)
	}
	c.owners, c.nodes[r.at.Address] = r.value, r.link
	return nil
}

// askOwners asks the node at an address for the master of each slot.
func askOwners(ctx context.Context, l *link, at string) (*[slotCount]string, error) {
	ask := goredis.NewClusterSlotsCmd(ctx, "cluster", "slots")
	if err := l.exec(ctx, ask); err != nil {
		return nil, err
	}
	slots, err := ask.Result()
	if err != nil {
		if strings.Contains(err.Error(), "cluster support disabled") {
			return nil, errNoCluster
		}
		return nil, err
	}
	host, _, _ := net.SplitHostPort(at)
	owners := new([slotCount]string)
	for _, s := range slots {
		if len(s.Nodes) == 0 || s.Start < 0 || s.End >= slotCount {
			continue
		}
		owner := s.Nodes[0].Addr
		if h, port, err := net.SplitHostPort(owner); err == nil && h == "" { // the node that was asked
			owner = net.JoinHostPort(host, port)
		}
		for i := s.Start; i <= s.End; i++ {
			owners[i] = owner
		}
	}
	return owners, nil
}

var errNoCluster = &kscope.Trouble{Message: "the server is not part of a Redis Cluster", Hint: "for a single server the trigger's type is redis, or redis-streams"}

// slot is the hash slot of a key: CRC-16/XMODEM of the key, or of what is in
// its first braces, modulo 16384, as the cluster specification has it.
func slot(key string) int {
	if i := strings.IndexByte(key, '{'); i >= 0 {
		if n := strings.IndexByte(key[i+1:], '}'); n > 0 {
			key = key[i+1 : i+1+n]
		}
	}
	var crc uint16
	for i := range len(key) {
		crc ^= uint16(key[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return int(crc % slotCount)
}
