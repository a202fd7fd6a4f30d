package explain

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain/outlook"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// model is that of what is known, false where it does not suffice.
func (f *facts) model(c *store.Chain) (*outlook.Model, bool) {
	return outlook.Of(c, outlook.Seen{Now: f.now, Desired: f.desired, Ready: f.ready, Main: f.r})
}

// ahead is what comes, as far as it can be told; nil where it cannot, or only a
// glance is wanted.
func (f *facts) ahead(c *store.Chain) *outlook.Next {
	if f.brief {
		return nil
	}
	return f.play(c)
}

// play is the same, whatever it costs.
func (f *facts) play(c *store.Chain) *outlook.Next {
	if !f.looked {
		f.looked = true
		if m, ok := f.model(c); ok {
			o := m.Next()
			f.outlook = &o
		}
	}
	return f.outlook
}

// foretell gives a decision the sentence about the next change of the replicas, if
// there is one to be foretold.
func foretell(d *Decision, c *store.Chain, f *facts) bool {
	o := f.ahead(c)
	if o == nil || !o.Some {
		return false
	}
	if d.Next = says(o, c, f); o.Sure && (o.KEDA || !unread(c)) {
		d.Ahead = []outlook.Forecast{o.Forecast()}
	}
	return true
}

// stays is that nothing changes until the HPA has looked again, or before something
// could.
func (f *facts) stays(c *store.Chain) []outlook.Forecast {
	o := f.ahead(c)
	if o == nil {
		return unchanged(f)
	}
	until := f.now.Add(aSync)
	if before := o.Quiet.Add(-time.Second); before.Before(until) {
		until = before
	}
	if !until.After(f.now) {
		return nil
	}
	return []outlook.Forecast{{Stays: true, Latest: until, If: o.Condition()}}
}

// moves gives a decision that says nothing of a change the one that is on its way.
// Where jobs come as fast as they go, the next sync is as far as that can be told.
func moves(d *Decision, c *store.Chain, f *facts) {
	if o := f.ahead(c); o != nil && o.Some && o.Sure && (o.AtNext || !o.Comes) {
		foretell(d, c, f)
	} else {
		d.Ahead = f.stays(c)
	}
}

// says is the sentence.
func says(o *outlook.Next, c *store.Chain, f *facts) string {
	if o.KEDA {
		return kedaSays(o, c, f)
	}
	verb := "goes"
	if !o.Sure {
		verb = "may go"
	}
	if !o.Up {
		verb += " down"
	}
	s := fmt.Sprintf("The HPA %s %s%s", verb, size(o), when(o, f.now))
	if unread(c) {
		return s + ", if it can read its metrics again."
	}
	if s += because(o, c, f); o.Uses && o.Sure && !o.Open {
		s += f.asNow(c)
	}
	return s + "."
}

// asNow is what rests on a metric that the HPA reads itself staying as it is.
func (f *facts) asNow(c *store.Chain) string {
	if at := f.r.Place; at >= 0 && at < len(c.HPA.Metrics) && (c.HPA.Metrics[at].Type == "External" || c.HPA.Metrics[at].Type == "Object") {
		return ", if the value stays about the same"
	}
	return ", if pods go on using as much"
}

// unread reports whether the HPA could not compute when it last tried, and has not
// since: at zero it does not try.
func unread(c *store.Chain) bool {
	for _, s := range slices.Backward(c.Past.Syncs) {
		if s.Computed || s.Failed {
			return s.Failed && c.HPA != nil && !c.HPA.Conditions.Get("ScalingActive").True()
		}
	}
	return false
}

// size is to how many, and nothing where that is too open to say.
func size(o *outlook.Next) string {
	switch {
	case o.Low == o.High:
		return fmt.Sprintf("to %d ", o.Low)
	case o.High-o.Low == 1:
		return fmt.Sprintf("to %d or %d ", o.Low, o.High)
	case o.Open && !o.Up && o.High-o.Low > 3:
		return ""
	}
	return fmt.Sprintf("to %d to %d ", o.Low, o.High)
}

// when is when it happens.
func when(o *outlook.Next, now time.Time) string {
	first, last := o.Earliest.Sub(now), o.Latest.Sub(now)
	switch {
	case !o.KEDA && !o.SyncSeen && last <= scaling.SyncPeriod:
		return "at its next sync, within about " + words.Span(scaling.SyncPeriod)
	case o.AtNext:
		return "at its next sync, in about " + countdown(last)
	case o.Open && !o.Up:
		return "within " + countdown(last)
	case last-first > 5*time.Second:
		return fmt.Sprintf("in %s to %s", countdown(first), countdown(last))
	}
	return "in about " + countdown((first+last)/2)
}

// because says what it waits for, and what comes after.
func because(o *outlook.Next, c *store.Chain, f *facts) string {
	b := c.HPA.Behavior
	later := !o.AtNext && o.SyncSeen
	switch {
	case o.Up && o.Loads > 0 && o.Low > f.want:
		return ", when your load has brought more"
	case o.Up && later && b.UpWindow() > 0:
		return fmt.Sprintf(", once this has been so for %s", words.Span(b.UpWindow()))
	case o.Up && later && b != nil && o.Low <= f.want:
		return ": its scale-up policies allow no more before"
	case o.Up && o.Begun:
		return ", if so many jobs still wait"
	case o.Up && o.High < f.want:
		return fmt.Sprintf(", then towards %d", f.want)
	case o.Open && !o.Up:
		return fmt.Sprintf(": it looks back %s, and kscope has watched for %s", words.Span(b.DownWindow()), words.Age(f.now.Sub(c.Watched)))
	case !o.Up && later && b.DownWindow() == 0 && o.Most <= f.want:
		return ": its scale-down policies let none go before"
	case !o.Up && later && o.Most > f.want && b.DownWindow() > 0:
		last := pods(int(o.Most))
		if o.Latest.Sub(o.MostAt.Add(b.DownWindow())).Abs() > 2*scaling.SyncPeriod { // fewer were, and more than are left then, after that
			last = "more"
		}
		return fmt.Sprintf(", %s after %s were last called for", words.Span(b.DownWindow()), last)
	case !o.Up && o.High > f.want && slowly(b):
		return fmt.Sprintf(", then towards %d: its scale-down policies let no more go at once", f.want)
	case !o.Up && o.High > f.want:
		return fmt.Sprintf(", then towards %d", f.want)
	case !f.wantKnown || f.quiet || o.Up && o.Low <= f.want || !o.Up && o.High >= f.want: // what is called for now
	case o.In >= 0.01:
		return fmt.Sprintf(", at the present %s", atRate(o.In))
	case !o.Up && o.Flows:
		return ", if no more jobs come"
	}
	return ""
}

// slowly reports whether the policies of a behavior may keep pods that are not called for.
func slowly(b *kscope.Behavior) bool {
	return b != nil && len(b.Down.Policies) > 0 && !slices.ContainsFunc(b.Down.Policies, func(p kscope.ScalingPolicy) bool {
		return b.Down.Select != "Min" && p.Type == "Percent" && p.Value >= 100
	})
}

// atRate is a rate that was estimated.
func atRate(perSecond float64) string {
	if perSecond >= 1 {
		perSecond = math.Round(10*perSecond) / 10
	}
	return "~" + words.Rate(perSecond) + "/s"
}

// kedaSays is the sentence about a step of KEDA's.
func kedaSays(o *outlook.Next, c *store.Chain, f *facts) string {
	floor := c.ScaledObject.Floor()
	s := fmt.Sprintf("KEDA goes to %d %s", floor, when(o, f.now))
	switch {
	case !f.wantKnown || f.want <= f.desired:
	case o.Sure:
		s = "By the HPA's next sync no more are called for; " + s
	default:
		return fmt.Sprintf("The HPA goes towards %d at its next sync, within about %s, if so many jobs still wait.", f.want, words.Span(scaling.SyncPeriod))
	}
	switch ahead := o.Earliest.Sub(f.now); {
	case o.Loads > 0 && ahead < o.Loads:
		s += ", in a pause of your load"
	case o.Loads > 0:
		s += ", when your load is over"
	case !f.quiet && o.Flows:
		s += ", if no more jobs come"
	}
	return s + "."
}

// aSync is "within about 15s": how long the next sync of the HPA may take, with
// the time that it takes itself.
const aSync = scaling.SyncPeriod + 500*time.Millisecond

// soon is a step to a number from low to high within a time from now, if no more
// jobs come.
func soon(f *facts, by store.Actor, low, high int32, within time.Duration) []outlook.Forecast {
	return []outlook.Forecast{{By: by, Low: low, High: high, Earliest: f.now, Latest: f.now.Add(within), If: outlook.NoMoreJobs}}
}

// unchanged is nobody's step until the HPA has looked again.
func unchanged(f *facts) []outlook.Forecast {
	return []outlook.Forecast{{Stays: true, Latest: f.now.Add(scaling.SyncPeriod), If: outlook.NoMoreJobs}}
}
