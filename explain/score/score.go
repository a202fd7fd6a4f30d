// Package score holds what explain says against what then happened: each sentence's
// numbers against the replicas that KEDA and the HPA then set. Where it happened, in
// the sandbox or on a real cluster, is its user's business; no program imports it.
package score

import (
	"time"

	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
)

// Family is a sort of stories.
type Family string

// Record is a story as it went: what kscope said, and what was so. All times are
// by kscope's clock.
type Record struct {
	Family
	Name, About  string
	Began, Ended time.Time
	// Slack is how far from the times it gives a forecast may come true, and Drift
	// how much farther for each second that it is ahead.
	Slack time.Duration
	Drift float64
	// Unseen is how old news may be of which kscope cannot know yet, where that is
	// longer than for a queue that it counts itself.
	Unseen  time.Duration
	Beats   []Beat // in their order
	Glances []Glance
	Changes []Change
	Phases  []Phase
}

// Beat is what befalls a story.
type Beat struct {
	At       time.Time
	Words    string
	Settings bool // it changes settings or pods, and does not bring jobs
	Turns    bool // the rate at which jobs come changes
}

// Glance is what was said at a whole second.
type Glance struct {
	At time.Time
	explain.Decision
	Replicas int32 // as far as kscope knows; -1 if it does not
}

// Change is one of the wanted replicas.
type Change struct {
	At       time.Time
	By       store.Actor
	From, To int32
	Stood    explain.Decision // what was said in that moment
	Author   Verdict          // how the timeline names whoever it was, some time later
	Named    store.Actor
}

// Up reports whether there are more then.
func (c *Change) Up() bool { return c.To > c.From }

// Phase is when a phase began.
type Phase struct {
	At time.Time
	explain.Phase
}

// Enter notes a phase, if it is another. One that is over in the moment in which
// it began was on no screen.
func (r *Record) Enter(at time.Time, p explain.Phase) {
	n := len(r.Phases)
	if n > 0 && r.Phases[n-1].At.Equal(at) {
		n--
		r.Phases = r.Phases[:n]
	}
	if p != "" && (n == 0 || r.Phases[n-1].Phase != p) {
		r.Phases = append(r.Phases, Phase{at, p})
	}
}

// Enough is how long after a change the timeline has to know whose it was.
const Enough = 10 * time.Second

// Name finds out who a timeline says that it was.
func (c *Change) Name(entries []explain.Entry) {
	const near = 3 * time.Second
	best := near
	c.Author = Silent
	for _, e := range entries {
		away := e.At.Sub(c.At).Abs()
		if e.Kind != store.Scaled || e.To != c.To || e.From >= 0 && e.From != c.From || away >= best {
			continue
		}
		best, c.Named = away, e.Actor
		switch {
		case e.Actor != c.By:
			c.Author = Wrong
		case e.Guess:
			c.Author = Guessed
		default:
			c.Author = Right
		}
	}
}

// Reread looks whether a change that has its name is given to another one in the end.
func (c *Change) Reread(entries []explain.Entry) {
	again := *c
	if again.Name(entries); again.Author == Wrong && c.Author != "" {
		*c = again
	}
}
