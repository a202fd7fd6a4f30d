package tui

import (
	"fmt"
	"time"

	"github.com/kscope/kscope/explain"
)

// tally is how many ScaledObjects are in which condition.
type tally struct {
	at            time.Time
	version, news uint64
	total         int
	broken, awake int
}

// A tally needs every ScaledObject explained, which for hundreds costs as much
// as several frames. So it is counted now and then, sooner while they are
// still being listed, and seldom while nothing but the time can change it.
const (
	tallyEvery  = 5 * time.Second
	tallyAtRest = 30 * time.Second
	tallyAtOnce = time.Second
)

func (m *Model) count() {
	refs, now, version, news := m.store.ScaledObjects(), m.store.Now(), m.store.Version(), m.store.News()
	t := &m.tally
	age, every := now.Sub(t.at), tallyEvery
	if news == t.news {
		every = tallyAtRest
	}
	if version == t.version || t.total == len(refs) && age < every || t.total > 0 && age < tallyAtOnce {
		return
	}
	*t = tally{at: now, version: version, news: news, total: len(refs)}
	for _, ref := range refs {
		c, _ := explain.Look(m.store, ref)
		switch c.Decision.Phase {
		case explain.Broken:
			t.broken++
		case explain.Asleep, explain.Looking, explain.PhasePaused:
		default:
			t.awake++
		}
	}
}

// drawTally is the sum of the table, in the header: what is broken first. It
// gives the column where it begins.
func (m *Model) drawTally(c canvas, end int) int {
	st, t := m.styles, m.tally
	x := end
	if c.w < 60 || t.total == 0 {
		return x
	}
	x = c.right(x, 0, st.muted, fmt.Sprintf("%d in all", t.total)) - 2
	x = c.right(x, 0, st.pods.bold(), fmt.Sprintf("%d awake", t.awake)) - 2
	if t.broken > 0 {
		return c.right(x, 0, st.bad.reverse(), fmt.Sprintf(" %d broken ", t.broken))
	}
	return x + 2
}
