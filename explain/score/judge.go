package score

import (
	"time"

	"github.com/kscope/kscope/explain/outlook"
	"github.com/kscope/kscope/store"
)

// Verdict is what came of something that was said.
type Verdict string

// The verdicts.
const (
	Right    Verdict = "right"
	Near     Verdict = "near"     // a size that is off by 1 or 10 %, or a range that holds it; of a sentence: the direction
	Wrong    Verdict = "wrong"    // of a sentence: the opposite
	Silent   Verdict = "silent"   // nothing of the kind was said
	Guessed  Verdict = "guessed"  // right, and marked as a guess
	Pending  Verdict = "pending"  // the story ended before
	Said     Verdict = "said"     // a change was foretold
	SaidNone Verdict = "saidNone" // that nothing changes was
)

const (
	// unseen is how old news may be of which kscope cannot know yet: it asks Redis
	// every 250 ms.
	unseen = 500 * time.Millisecond
	// settling is what a new rate takes to be told from the one before.
	settling = 20 * time.Second
)

// next is the first change after a time, nil if there is none.
func (r *Record) next(after time.Time) *Change {
	for i := range r.Changes {
		if r.Changes[i].At.After(after) {
			return &r.Changes[i]
		}
	}
	return nil
}

// slack is how far off a forecast may be that a glance made of a time.
func (r *Record) slack(g *Glance, of time.Time) time.Duration {
	return r.Slack + time.Duration(r.Drift*float64(max(of.Sub(g.At), 0)))
}

// judge holds a forecast that was made at a time against the change that it is
// about, nil if none came, and says when that was decided.
func judge(f outlook.Forecast, c *Change, slack time.Duration, ended time.Time) (Verdict, time.Time) {
	first, last := f.Earliest.Add(-slack), f.Latest.Add(slack)
	if f.Stays {
		last = f.Latest
	}
	switch {
	case c == nil || c.At.After(last) || f.Stays && c.At.Equal(last):
		switch {
		case ended.Before(last):
			return Pending, ended
		case f.Stays:
			return Right, last
		}
		return Wrong, last
	case !f.Stays && c.By == f.By && f.Low <= c.To && c.To <= f.High && !c.At.Before(first):
		return Right, c.At
	}
	return Wrong, c.At
}

// judgeSize holds the number that was said to be next against the one that the
// HPA made it.
func judgeSize(ahead []outlook.Forecast, c *Change) Verdict {
	if len(ahead) == 0 {
		return Silent
	}
	f := ahead[0]
	if f.Stays || f.By != store.TheHPA {
		return Wrong
	}
	off := max(f.Low-c.To, c.To-f.High, 0)
	switch {
	case off == 0 && f.Low == f.High:
		return Right
	case off <= max(1, c.To/10):
		return Near
	}
	return Wrong
}

// judgeSentence holds what was said in the moment of a change against it: the
// number, or at least the direction.
func judgeSentence(ahead []outlook.Forecast, c *Change) Verdict {
	if len(ahead) == 0 {
		return Silent
	}
	f := ahead[0]
	switch {
	case f.Stays:
		return Wrong
	case f.By == c.By && f.Low <= c.To && c.To <= f.High:
		return Right
	case c.Up() && f.High > c.From, !c.Up() && f.Low < c.From:
		return Near
	}
	return Wrong
}

// calm reports whether, from what kscope could not know yet to a time, all was as
// a condition assumes.
func (r *Record) calm(from, to time.Time, on outlook.Condition) bool {
	from, to = from.Add(-max(r.Unseen, unseen)), to.Add(time.Millisecond)
	for _, b := range r.Beats {
		if b.At.After(to) {
			break
		}
		switch {
		case b.Settings: // which are assumed to stay as they are
			if b.At.After(from) {
				return false
			}
		case on == outlook.NoMoreJobs:
			if b.At.After(from) {
				return false
			}
		case on == outlook.PresentRate && b.Turns:
			if b.At.After(from.Add(-settling)) {
				return false
			}
		}
	}
	return true
}

// judged is one of what a glance foretold, judged.
type judged struct {
	outlook.Forecast
	calm bool
	Verdict
}

// judged judges what a glance foretold: the first of it by the first change that
// came, what it says of later by what its actor did after that.
func (r *Record) judged(g *Glance) []judged {
	var all []judged
	c := r.next(g.At)
	for _, f := range g.Ahead {
		v, decided := judge(f, c, r.slack(g, f.Latest), r.Ended)
		all = append(all, judged{f, r.calm(g.At, decided, f.If), v})
		if v != Right || f.Stays {
			break
		}
		c = r.next(decided)
		if len(all) == len(g.Ahead) || g.Ahead[len(all)].Stays {
			continue
		}
		for c != nil && c.By != g.Ahead[len(all)].By {
			c = r.next(c.At)
		}
	}
	return all
}

// aboutZero is how far from the truth a countdown to zero may be.
const aboutZero = 2 * time.Second

// judgeZero holds the countdown to zero against when KEDA next changes the replicas,
// whatever the HPA does before.
func (r *Record) judgeZero(g *Glance) (v Verdict, calm bool) {
	c := r.next(g.At)
	for c != nil && c.By != store.KEDA {
		c = r.next(c.At)
	}
	f := outlook.Forecast{By: store.KEDA, High: max(g.Replicas-1, 0), Earliest: g.Zero.Add(-aboutZero), Latest: g.Zero.Add(aboutZero)}
	v, decided := judge(f, c, r.slack(g, g.Zero), r.Ended)
	return v, r.calm(g.At, decided, outlook.NoMoreJobs)
}

// lastGlance is the last at a whole second before a time, nil if there is none.
func (r *Record) lastGlance(before time.Time) *Glance {
	for i := len(r.Glances) - 1; i >= 0; i-- {
		if r.Glances[i].At.Before(before) {
			return &r.Glances[i]
		}
	}
	return nil
}

// who a forecast is about.
func who(f outlook.Forecast) string {
	if f.Stays {
		return "nobody"
	}
	return string(f.By)
}

func conditionOf(ahead []outlook.Forecast) outlook.Condition {
	if len(ahead) == 0 {
		return outlook.NoMoreJobs
	}
	return ahead[0].If
}

func saying(ahead []outlook.Forecast) Verdict {
	switch {
	case len(ahead) == 0:
		return Silent
	case ahead[0].Stays:
		return SaidNone
	}
	return Said
}
