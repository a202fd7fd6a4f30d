package redis

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// Where the jobs may have gone that do not arrive: a producer and a trigger that do
// not mean the same key are each well by themselves, and nobody says so. What is
// easily mistaken is asked for, with LLEN, while a key stays empty: one key at a
// time, and each seldom, so that it costs a server nothing.

const (
	// between is how many measurements lie between two looks around for one key: a
	// quarter of a minute in general, and a part of that before the first, and once
	// a neighbour was seen to grow.
	between, atFirst, onceGrown = 60, between / 3, between / 6
	// apart is how many lie between the looks for any two.
	apart = 4
	// steadily is how often in a row a neighbour must have grown, and never got
	// shorter, to be told of. What somebody works on gets shorter.
	steadily = 3
	// databases is how many a server has unless told otherwise.
	databases = 16
)

// neighbour is a key that may be taken for another.
type neighbour struct {
	key  string
	db   int
	n    int64 // -1 where it is not known
	grew int   // looks in a row
}

// around is what is beside a key that is empty.
type around struct {
	due   time.Time
	began bool
	all   []neighbour // by database; none before it began
}

// growing is the neighbour into which most jobs come; zero where none do.
func (a *around) growing() (out kscope.Elsewhere) {
	if a == nil {
		return out
	}
	for _, n := range a.all {
		if n.grew >= steadily && float64(n.n) > out.N {
			out = kscope.Elsewhere{Name: kscope.Clean(n.key), DB: n.db, N: float64(n.n)}
		}
	}
	return out
}

// lookAround looks beside one of the keys that have long been empty, if that is due.
func (m *meter) lookAround(ctx context.Context, l *link) error {
	now, pause := time.Now(), cmp.Or(m.options.Interval, DefaultInterval)
	var next *gauge
	for _, g := range m.asked {
		switch {
		case g.queue.Measure != triggers.Size || g.err != nil || g.n != 0:
			g.around = nil
		case g.around == nil:
			g.around = &around{due: now.Add(atFirst * pause)}
		case !now.Before(g.around.due) && (next == nil || g.around.due.Before(next.around.due)):
			next = g
		}
	}
	if next == nil || now.Before(m.looks) {
		return nil
	}
	m.looks = now.Add(apart * pause)
	if !next.around.began {
		next.around.began, next.around.all = true, m.besides(next)
	}
	err := next.around.look(ctx, l)
	next.around.due = now.Add(between * pause)
	if slices.ContainsFunc(next.around.all, func(n neighbour) bool { return n.grew > 0 && n.grew < steadily }) {
		next.around.due = now.Add(onceGrown * pause)
	}
	return err
}

// besides are the neighbours of a key but for those that a trigger watches.
func (m *meter) besides(of *gauge) []neighbour {
	var out []neighbour
	add := func(key string, db int) {
		watched := slices.ContainsFunc(m.asked, func(g *gauge) bool { return g.queue.Key == key && g.db == db })
		if !watched && key != "" {
			out = append(out, neighbour{key: key, db: db, n: -1})
		}
	}
	for db := range databases {
		if db != of.db {
			add(of.queue.Key, db)
			continue
		}
		for _, key := range alike(of.queue.Key) {
			add(key, db)
		}
	}
	return out
}

// alike are the names that people write for one another: one or many, with capitals
// or without, with another mark between the words.
func alike(key string) []string {
	plural := key + "s"
	if one, ok := strings.CutSuffix(key, "s"); ok {
		plural = one
	}
	out := []string{plural, strings.ToLower(key), strings.ToUpper(key)}
	const marks = "-_:."
	for _, mark := range marks {
		out = append(out, strings.Map(func(r rune) rune {
			if strings.ContainsRune(marks, r) {
				return mark
			}
			return r
		}, key))
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(s string) bool { return s == key })
}

// look counts what the neighbours hold. Whoever may not ask for one asks no more.
func (a *around) look(ctx context.Context, l *link) error {
	var cmds []goredis.Cmder
	counts, selects := make([]*goredis.IntCmd, len(a.all)), make([]*goredis.StatusCmd, len(a.all))
	var current *goredis.StatusCmd
	for i, n := range a.all {
		if i == 0 || n.db != a.all[i-1].db {
			current = goredis.NewStatusCmd(ctx, "select", n.db)
			cmds = append(cmds, current)
		}
		counts[i], selects[i] = goredis.NewIntCmd(ctx, "llen", n.key), current
		cmds = append(cmds, counts[i])
	}
	if len(cmds) == 0 {
		return nil
	}
	cmds = append(cmds, goredis.NewStatusCmd(ctx, "select", 0)) // where a connection is unless told otherwise
	if err := l.exec(ctx, cmds...); err != nil {
		return err
	}
	for i := range a.all {
		n := &a.all[i]
		if was := n.n; selects[i].Err() != nil || counts[i].Err() != nil {
			n.n, n.grew = -1, 0
		} else if n.n = counts[i].Val(); was >= 0 && n.n > was {
			n.grew++
		} else if n.n < was {
			n.grew = 0
		}
	}
	a.all = slices.DeleteFunc(a.all, func(n neighbour) bool { return n.n < 0 })
	return nil
}
