package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// counting is the command that counts what each type of key holds: the types
// that KEDA's list trigger accepts.
var counting = map[string]string{"list": "llen", "set": "scard", "zset": "zcard", "hash": "hlen"}

// gauge measures one key. How it measures a stream is in stream.go; of keys of
// other types it remembers which the key was last seen to hold and sends the
// command for that. Only when the server says that it was the wrong one does it
// ask for the type, so that a tick is one round trip in all but the rarest
// case. There are no empty lists in Redis, so a count of zero says that the key
// does not exist.
type gauge struct {
	of     kscope.Backlog
	queue  triggers.Redis
	db     int
	typ    string // last known; list until something else is seen
	count  *goredis.IntCmd
	ask    *goredis.StatusCmd // set while the type has to be asked
	stream *goredis.Cmd       // the question about a group; nil when count is what is asked

	n   int64
	err error // why n is not known

	around *around // nil while the key holds something
}

func newGauge(of kscope.Backlog, q triggers.Redis, db int) *gauge {
	if q.Measure != triggers.Size {
		return newStreamGauge(of, q, db)
	}
	g := &gauge{of: of, queue: q, db: db}
	g.expect("list")
	return g
}

func (g *gauge) expect(typ string) {
	g.typ, g.ask = typ, nil
	g.count = goredis.NewIntCmd(context.Background(), counting[typ], g.queue.Key)
}

func (g *gauge) next() goredis.Cmder {
	switch {
	case g.ask != nil:
		return g.ask
	case g.count == nil:
		return g.stream
	}
	return g.count
}

// read takes the answer to the command sent last and reports whether the depth
// is settled, for better or worse; if not, the next command will tell.
func (g *gauge) read() (settled bool) {
	if g.queue.Measure != triggers.Size {
		return g.readStream()
	}
	if g.ask == nil {
		g.n, g.err = g.count.Result()
		if g.err != nil && strings.HasPrefix(g.err.Error(), "WRONGTYPE") {
			g.ask = goredis.NewStatusCmd(context.Background(), "type", g.queue.Key)
			return false
		}
		return true
	}
	typ, err := g.ask.Result()
	switch {
	case err != nil:
		g.err = err
	case typ == "none": // deleted between two commands
		g.expect("list")
		g.n, g.err = 0, nil
	case counting[typ] != "":
		g.expect(typ)
		return false
	default: // ask again next time, since it may be replaced
		g.typ = typ
		g.err = keyTrouble(fmt.Sprintf("the key holds a %s, which has no length that KEDA would count", kscope.Clean(typ)), "")
	}
	return true
}

// answered reports whether the server had something to say about the key.
func (g *gauge) answered() bool {
	return g.err == nil || errors.Is(g.err, errOfTheKey)
}

// gauges are the keys of one server. All of them travel in one pipeline; where
// they are in several databases, SELECT travels with them.
type gauges struct {
	all     []*gauge
	selects bool // once a database was selected, nothing can rely on the default
	pending []*gauge
	cmds    []goredis.Cmder
	at      []*goredis.StatusCmd // the SELECT that each pending gauge relies on
}

// rounds is how often a key is asked within one tick whose type changes
// between the commands.
const rounds = 4

// measure asks for every key. After an error nothing is known about any.
func (m *gauges) measure(ctx context.Context, l *link) (rtt time.Duration, err error) {
	m.pending = append(m.pending[:0], m.all...)
	for round := 0; round < rounds && len(m.pending) > 0; round++ {
		m.prepare()
		started := time.Now()
		if err := l.exec(ctx, m.cmds...); err != nil {
			return 0, err
		}
		if round == 0 {
			rtt = time.Since(started)
		}
		m.settle()
	}
	for _, g := range m.pending {
		g.err = errors.New("the type of the key keeps changing")
	}
	return rtt, nil
}

func (m *gauges) prepare() {
	m.cmds, m.at = m.cmds[:0], m.at[:0]
	var current *goredis.StatusCmd
	for i, g := range m.pending {
		if m.selects && (i == 0 || g.db != m.pending[i-1].db) {
			current = goredis.NewStatusCmd(context.Background(), "select", g.db)
			m.cmds = append(m.cmds, current)
		}
		m.cmds = append(m.cmds, g.next())
		m.at = append(m.at, current)
	}
}

func (m *gauges) settle() {
	open := m.pending[:0]
	for i, g := range m.pending {
		if at := m.at[i]; at != nil && at.Err() != nil {
			g.err = at.Err() // what was counted was counted in another database
			continue
		}
		if !g.read() {
			open = append(open, g)
		} else if g.err == nil && g.n < 0 { // no Redis does, but what stands before one may
			g.err = keyTrouble(fmt.Sprintf("the server counts %d in it, which is no number of jobs", g.n), "")
		}
	}
	m.pending = open
}
