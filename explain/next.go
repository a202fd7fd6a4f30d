package explain

import (
	"fmt"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// ahead is what comes, as far as it can be told; nil where it cannot, or only a
// glance is wanted.
func (f *facts) ahead(c *store.Chain) *outlook {
	if f.brief {
		return nil
	}
	return f.play(c)
}

// play is the same, whatever it costs.
func (f *facts) play(c *store.Chain) *outlook {
	if !f.looked {
		f.looked = true
		if m, ok := modelOf(c, f); ok {
			o := m.look()
			f.outlook = &o
		}
	}
	return f.outlook
}

// foretell gives a decision the sentence about the next change of the replicas, if
// there is one to be foretold.
func foretell(d *Decision, c *store.Chain, f *facts) bool {
	o := f.ahead(c)
	if o == nil || !o.some {
		return false
	}
	if d.Next = o.says(c, f); o.sure {
		d.Ahead = []Forecast{o.forecast()}
	}
	return true
}

// stays is that nothing changes until the HPA has looked again, or before something
// could.
func (f *facts) stays(c *store.Chain) []Forecast {
	o := f.ahead(c)
	if o == nil {
		return unchanged(f)
	}
	until := f.now.Add(aSync)
	if before := o.quiet.Add(-time.Second); before.Before(until) {
		until = before
	}
	if !until.After(f.now) {
		return nil
	}
	return []Forecast{{Stays: true, Latest: until, If: o.condition()}}
}

// moves gives a decision that says nothing of a change the one that is on its way.
// Where jobs come as fast as they go, the next sync is as far as that can be told.
func moves(d *Decision, c *store.Chain, f *facts) {
	if o := f.ahead(c); o != nil && o.some && o.sure && (o.atNext || !o.comes) {
		foretell(d, c, f)
	} else {
		d.Ahead = f.stays(c)
	}
}

// says is the sentence.
func (o *outlook) says(c *store.Chain, f *facts) string {
	if o.keda {
		return o.kedaSays(c, f)
	}
	verb := "goes to"
	if !o.up {
		verb = "goes down to"
	}
	s := fmt.Sprintf("The HPA %s %s %s", verb, o.size(), o.when(f.now))
	if !o.sure {
		s = fmt.Sprintf("The HPA may %s %s %s", map[bool]string{true: "go to", false: "go down to"}[o.up], o.size(), o.when(f.now))
	}
	return s + o.because(c, f) + "."
}

// size is to how many.
func (o *outlook) size() string {
	switch {
	case o.low == o.high:
		return itoa(o.low)
	case o.high-o.low == 1:
		return fmt.Sprintf("%d or %d", o.low, o.high)
	}
	return fmt.Sprintf("%d to %d", o.low, o.high)
}

// when is when it happens.
func (o *outlook) when(now time.Time) string {
	first, last := o.earliest.Sub(now), o.latest.Sub(now)
	switch {
	case !o.keda && !o.syncSeen && last <= scaling.SyncPeriod:
		return "at its next sync, within about " + words.Span(scaling.SyncPeriod)
	case o.atNext:
		return "at its next sync, in about " + countdown(last)
	case o.open:
		return "within " + countdown(last)
	case last-first > 5*time.Second:
		return fmt.Sprintf("in %s to %s", countdown(first), countdown(last))
	}
	return "in about " + countdown((first+last)/2)
}

// because says what it waits for, and what comes after.
func (o *outlook) because(c *store.Chain, f *facts) string {
	b := c.HPA.Behavior
	later := !o.atNext && o.syncSeen
	switch {
	case o.up && later && b.UpWindow() > 0:
		return fmt.Sprintf(", once this has been so for %s", words.Span(b.UpWindow()))
	case o.up && later && b != nil && o.low <= f.want:
		return ": its scale-up policies allow no more before"
	case o.up && o.high < f.want:
		return fmt.Sprintf(", and on from there towards %d", f.want)
	case o.open:
		return fmt.Sprintf(": it looks back %s, and kscope has watched for %s", words.Span(b.DownWindow()), words.Age(f.now.Sub(c.Watched)))
	case !o.up && later && o.most > f.want && b.DownWindow() > 0:
		return fmt.Sprintf(", %s after %s were last called for", words.Span(b.DownWindow()), pods(int(o.most)))
	case !o.up && o.high > f.want:
		return fmt.Sprintf(", and on from there towards %d", f.want)
	}
	return ""
}

// kedaSays is the sentence about a step of KEDA's.
func (o *outlook) kedaSays(c *store.Chain, f *facts) string {
	floor := c.ScaledObject.Floor()
	s := fmt.Sprintf("KEDA goes to %d %s", floor, o.when(f.now))
	if !f.quiet && o.flows {
		s += ", if no more jobs come"
	}
	return s + "."
}

// remembered is a size that the HPA goes up to although nothing calls for it now:
// without a behavior it takes the most that was asked for in its window.
func remembered(c *store.Chain, f *facts) (Decision, bool) {
	if !f.wantKnown || f.partly || f.desired == 0 || f.want > f.desired || !hadMore(c, f) {
		return Decision{}, false
	}
	o := f.play(c)
	if o == nil || !o.some || !o.sure || o.keda || !o.up || !o.atNext || o.most <= f.desired {
		return Decision{}, false
	}
	d := Decision{Phase: ScalingUp, Link: LinkHPA,
		Why: fmt.Sprintf("%s, and %s set; but %s ago %s were called for, and the HPA still goes by that.",
			callsFor(c, f), isOrAre(f.desired), words.Age(f.now.Sub(o.mostAt)), pods(int(o.most)))}
	foretell(&d, c, f)
	return d, true
}

// callsFor is what is called for, or that nothing is.
func callsFor(c *store.Chain, f *facts) string {
	if f.raw == 0 {
		return allQuiet(c, f.r)
	}
	return calls(f)
}

// hadMore reports whether an HPA that goes by the past may remember more than is set
// now: one without a behavior does, and only what is longer than a sync in the past
// asks for more than there was then.
func hadMore(c *store.Chain, f *facts) bool {
	if c.HPA == nil || c.HPA.Behavior != nil {
		return false
	}
	since := f.now.Add(-kscope.DownscaleStabilization - scaling.SyncPeriod)
	for i := range c.Readings {
		r := &c.Readings[i]
		if r.From != store.FromBroker {
			return true
		}
		if most, _ := r.Past.Max(since, f.now); r.Target > 0 && most > r.Target*float64(f.desired) {
			return true
		}
	}
	return false
}
