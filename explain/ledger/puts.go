package ledger

import (
	"slices"
	"time"

	"github.com/kscope/kscope/store"
)

// put is jobs that went in from kscope, as of when that was heard.
type put struct {
	at time.Time
	n  float64
}

type puts []put

func putsOf(own *store.Series, from, to time.Time) (out puts) {
	if own == nil {
		return nil
	}
	all := stepsOf(own)
	was := orZero(at(all, from)) // it is counted from the first on
	for _, x := range during(all, from, to) {
		if x.at.After(from) && x.v > was {
			out, was = append(out, put{x.at, x.v - was}), x.v
		}
	}
	return out
}

// sum is all of them.
func (p puts) sum() (n float64) {
	for _, x := range p {
		n += x.n
	}
	return n
}

// apart is how far apart two are in the middle, 0 where that does not show: so late may
// be what is heard of them.
func (p puts) apart() time.Duration {
	var gaps []time.Duration
	for i := 1; i < len(p); i++ {
		gaps = append(gaps, p[i].at.Sub(p[i-1].at))
	}
	if len(gaps) < 5 {
		return 0
	}
	slices.Sort(gaps)
	return min(gaps[len(gaps)/2], 10*near)
}

// take takes up to n jobs of those that were put in by a time, and says how many
// that is.
func (p *puts) take(n float64, by time.Time) (took float64) {
	for len(*p) > 0 && took < n && !(*p)[0].at.After(by) {
		first := &(*p)[0]
		some := min(first.n, n-took)
		took, first.n = took+some, first.n-some
		if first.n == 0 {
			*p = (*p)[1:]
		}
	}
	return took
}

// through takes out the jobs that were put in before a time and that no look showed:
// they came, and as many left.
func (c *curves) through(p *puts, late time.Duration, until, before time.Time) {
	for len(*p) > 0 && (*p)[0].at.Before(until) {
		x := (*p)[0]
		*p = (*p)[1:]
		c.waiting = append(c.waiting, batch{x.at.Add(-late), x.at, x.n})
		c.leave(x.n, x.at.Add(-late), later(x.at, before), true)
	}
}

// leave takes jobs out, after from and by to: those that came first.
func (c *curves) leave(n float64, from, to time.Time, done bool) {
	for n > 0 && len(c.waiting) > 0 {
		first := &c.waiting[0]
		some := min(first.n, n)
		if done {
			c.done += some
			if !first.from.IsZero() { // else it was there before, and nobody saw it come
				c.waits = append(c.waits, wait{came: first.to, least: max(from.Sub(first.to), 0), most: max(to.Sub(first.from), 0), n: some})
			}
		}
		n, first.n = n-some, first.n-some
		if first.n == 0 {
			c.waiting = c.waiting[1:]
		}
	}
	if done {
		c.done += n
	}
}

// purged is how many jobs were lost because a queue was emptied from here between
// two looks.
func (l *ledger) purged(q *queue, from, to time.Time) (n float64) {
	for _, x := range l.purges {
		if x.At.After(from.Add(-2*near)) && !x.At.After(to.Add(2*near)) && x.Subject == q.Trigger.Backlog.Shown() {
			n += float64(x.Jobs)
		}
	}
	return n
}
