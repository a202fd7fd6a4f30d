package explain

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// The explanations of the ordinary story: asleep, waking, more, fewer, asleep.

// wantsMore is a queue that calls for more pods than are set.
func wantsMore(c *store.Chain, f *facts) (Decision, bool) {
	if !f.wantKnown || f.want <= f.desired {
		return Decision{}, false
	}
	d := Decision{Phase: ScalingUp, Link: LinkHPA}
	d.Why = fmt.Sprintf("%s; %s set so far.", calls(c, f), isOrAre(f.desired))
	if f.raw > f.high {
		d.Why = fmt.Sprintf("%s; %s allows %d, and %s set so far.", calls(c, f), maximum(c), f.high, isOrAre(f.desired))
	}
	within := words.Span(scaling.SyncPeriod)
	switch held := c.HPA != nil && c.HPA.Behavior.UpWindow() > 0; {
	case c.ScaledObject.PausedScaleOut:
		d.Why = fmt.Sprintf("%s, but scaling out is paused by annotation; %s set.", calls(c, f), isOrAre(f.desired))
		d.Next = "The HPA adds none until " + outAnnotation + " is removed."
		d.Ahead = f.stays(c)
	case c.HPA == nil:
		d.Next = noHPA(c)
	case unread(c):
		d.Next = fmt.Sprintf("The HPA could read no metrics when it last tried; its next sync, within about %s, shows if it can now.", within)
	case foretell(&d, c, f):
		if o := f.ahead(c); o.KEDA && o.Sure { // no more will be set
			d.Why = strings.TrimSuffix(d.Why, " so far.") + "."
		}
	case f.limit <= f.desired:
		d.Next = "The HPA's scale-up policies allow no more for now."
		d.Ahead = unchanged(f)
	case held:
		d.Next = fmt.Sprintf("The HPA adds some once this has been so for %s.", words.Span(c.HPA.Behavior.UpWindow()))
		d.Ahead = soon(f, store.TheHPA, f.desired+1, f.want, c.HPA.Behavior.UpWindow()+aSync)
	case f.limit < f.want:
		d.Next = fmt.Sprintf("The HPA may go to %d at its next sync, within about %s, and on from there.", f.limit, within)
		d.Ahead = soon(f, store.TheHPA, f.limit, f.limit, aSync)
	default:
		d.Next = fmt.Sprintf("The HPA goes to %d at its next sync, within about %s.", f.want, within)
		d.Ahead = soon(f, store.TheHPA, f.want, f.want, aSync)
	}
	return d, true
}

// imminent is how near a step is told while pods start: with each that is ready the pace
// is another.
const imminent = 4 * time.Second

// podsStarting is a size that was set and is not reached yet.
func podsStarting(c *store.Chain, f *facts) (Decision, bool) {
	if !f.readyKnown || f.ready >= f.desired {
		return Decision{}, false
	}
	left, far, yet := f.desired-f.ready, " so far", " yet"
	d := Decision{Phase: ScalingUp, Link: LinkPods}
	if f.complete { // they were all ready: some are replaced, or start again
		d.Phase, far, yet = f.direction(), "", ""
	}
	yet = fmt.Sprintf("%s not ready%s", podsAre(left), yet)
	if f.complete && rollsOut(c.Workload) {
		yet = "A rollout replaces the pods, and " + yet
	}
	d.Why = fmt.Sprintf("%s set, %s ready%s.", podsAre(f.desired), isOrAre(f.ready), far)
	if f.wantKnown && f.raw > 0 {
		switch set := isOrAre(f.desired) + " set"; {
		case f.raw > f.high && f.desired == f.high:
			d.Why = fmt.Sprintf("%s, but %s allows %d; %s ready%s.", calls(c, f), maximum(c), f.high, isOrAre(f.ready), far)
		case f.raw > f.high:
			d.Why = fmt.Sprintf("%s; %s allows %d, %s, %s ready%s.", calls(c, f), maximum(c), f.high, set, isOrAre(f.ready), far)
		default:
			d.Why = fmt.Sprintf("%s; %s, %s ready%s.", calls(c, f), set, isOrAre(f.ready), far)
		}
	}
	switch n := c.Starting.Nodeless; {
	case n > 0 && n >= int(left):
		d.Next = fmt.Sprintf("%s: %s for a node.", yet, verb(int(left), "it waits", "they wait"))
	case n > 0:
		d.Next = fmt.Sprintf("%s; %d of them %s for a node.", yet, n, verb(n, "waits", "wait"))
	default:
		d.Next = yet + "."
		if s := progress(c, f, int(left)); s != "" {
			d.Next = fmt.Sprintf("%s; %s.", yet, s)
		}
	}
	if o := f.ahead(c); o != nil && o.Some && o.Sure && !o.KEDA && o.AtNext && o.SyncSeen && o.Latest.Sub(f.now) <= imminent {
		waits := d.Next
		foretell(&d, c, f)
		d.Next = waits + " " + d.Next
	}
	return d, true
}

// progress says how long it usually takes until pods are ready, and once that is over
// for how long these have waited; "" where that is not known.
func progress(c *store.Chain, f *facts, n int) string {
	usual := c.Starting.Usual
	if usual <= 0 || c.Starting.Since.IsZero() {
		return ""
	}
	s, waited := "that usually takes "+words.Age(max(usual, time.Second)), f.now.Sub(c.Starting.Since)
	switch {
	case waited <= max(usual*3/2, usual+2*time.Second):
		return s
	case n == 1:
		return fmt.Sprintf("%s, and it has waited for %s", s, words.Age(waited))
	}
	return fmt.Sprintf("%s, and the first has waited for %s", s, words.Age(waited))
}

// direction is where the HPA goes from what is set.
func (f *facts) direction() Phase {
	switch {
	case f.wantKnown && !f.partly && f.want == f.desired && f.raw > f.high:
		return AtMax
	case !f.wantKnown || f.partly || f.want == f.desired:
		return Steady
	case f.want > f.desired:
		return ScalingUp
	}
	return Draining
}

// wantsFewer is more pods than the queue calls for.
func wantsFewer(c *store.Chain, f *facts) (Decision, bool) {
	if !f.wantKnown || f.want >= f.desired || f.partly {
		return Decision{}, false
	}
	d := Decision{Phase: Draining, Link: LinkHPA}
	called := calls(c, f)
	d.Why = fmt.Sprintf("%s; %s set%s.", called, isOrAre(f.desired), heldBy(c, f))
	if f.raw == 0 {
		called = allQuiet(c, f.r)
		d.Why = fmt.Sprintf("%s, and %s set%s.", called, podsAre(f.desired), heldBy(c, f))
	}
	switch h := c.HPA; {
	case c.ScaledObject.PausedScaleIn:
		d.Why = fmt.Sprintf("%s, but scaling in is paused by annotation; %s set.", called, isOrAre(f.desired))
		d.Next = "The HPA removes none until " + inAnnotation + " is removed."
		d.Ahead = unchanged(f)
	case h == nil:
		d.Next = noHPA(c)
	case h.Behavior != nil && h.Behavior.Down.Select == "Disabled":
		d.Next = "The HPA's behavior does not let it remove any."
		d.Ahead = f.stays(c)
	case foretell(&d, c, f):
	case h.Behavior.DownWindow() == 0:
		d.Next = fmt.Sprintf("The HPA goes down towards %d from its next sync on, within about %s.", f.want, words.Span(scaling.SyncPeriod))
		d.Ahead = soon(f, store.TheHPA, f.want, f.desired-1, aSync)
	default:
		d.Next = fmt.Sprintf("The HPA goes down to about %d once nothing in the last %s called for more.", f.want, words.Span(h.Behavior.DownWindow()))
		about := max(1, f.want/10)
		d.Ahead = soon(f, store.TheHPA, max(f.want-about, f.low), min(f.want+about, f.desired-1), h.Behavior.DownWindow()+aSync)
	}
	return d, true
}

// heldBy says what keeps pods that are not called for now, "" where nothing but the
// time until the next sync does.
func heldBy(c *store.Chain, f *facts) string {
	if c.HPA == nil || c.ScaledObject.PausedScaleIn || c.HPA.Behavior != nil && c.HPA.Behavior.Down.Select == "Disabled" {
		return ""
	}
	window, holds := c.HPA.Behavior.DownWindow(), c.HPA.Conditions.Get("AbleToScale").Reason == "ScaleDownStabilized"
	if o := f.ahead(c); o != nil {
		holds = o.Most > f.want || holds && o.Open
	}
	if window <= 0 || !holds {
		return ""
	}
	return fmt.Sprintf(": the HPA goes by the most of the last %s", words.Span(window))
}

// full is a queue that calls for more than maxReplicaCount.
func full(c *store.Chain, f *facts) (Decision, bool) {
	if !f.wantKnown || f.raw <= f.high || f.want != f.high {
		return Decision{}, false
	}
	d := Decision{Phase: AtMax, Link: LinkHPA,
		Why:  fmt.Sprintf("%s, but %s is %d%s.", calls(c, f), maximum(c), f.high, f.keepsUp(c)),
		Next: fmt.Sprintf("It stays at %d until less is asked for.", f.high)}
	stays := d.Next
	if moves(&d, c, f); d.Next != stays {
		d.Next = fmt.Sprintf("It stays at %d for now. %s", f.high, d.Next)
	}
	return d, true
}

// How long a queue is watched to tell whether the pods that there may be keep up with
// it, how long it must have been, and how far ahead that says anything.
const (
	keepBack  = time.Minute
	keepLeast = 10 * time.Second
	keepLong  = 24 * time.Hour
)

// keepsUp is whether all pods that there may be get the better of a queue, by how it
// went lately while all of them were ready; "" where that does not show.
func (f *facts) keepsUp(c *store.Chain) string {
	if f.r.From != store.FromBroker || !f.r.CountsJobs() || c.Ready == nil {
		return ""
	}
	from := f.now.Add(-keepBack)
	for _, since := range []time.Time{c.Past.Desired.HeldSince(f.now), c.Past.Ready.HeldSince(f.now), f.r.Past.Start()} {
		if since.After(from) {
			from = since
		}
	}
	from = afterJump(&f.r.Past, from, f.r.Jobs())
	took := f.now.Sub(from)
	before := f.r.Past.At(from)
	if took < keepLeast || before != before || f.ready < f.desired {
		return ""
	}
	lost := before - f.r.Jobs()
	if len(f.r.Feeds) == 0 { // what came of a load from here comes no more; the two counts may be a moment apart
		lost += f.r.Own.Counted(f.now) - f.r.Own.Counted(from.Add(time.Second))
	}
	pace := lost / took.Seconds() // jobs a second that it loses
	switch left := f.r.Jobs() / pace; {
	case pace*keepBack.Seconds() >= 1 && left < keepLong.Seconds():
		return fmt.Sprintf(": empty in about %s at this pace", roughly(time.Duration(left*float64(time.Second))))
	case pace*keepBack.Seconds() >= 1:
		return ""
	case pace*keepBack.Seconds() <= -1:
		return fmt.Sprintf(", and the queue grows by %s/s", words.Rate(-pace))
	}
	return ", and the queue gets no shorter"
}

// Of what makes a rise a jump: that it is so large a share of all that came, and that
// it shows against what waits.
const (
	jumpShare = 4
	jumpShows = 20
)

// afterJump is a time from which on a queue goes at a pace: after the last batch, which
// is no pace.
func afterJump(depth *store.Series, from time.Time, value float64) time.Time {
	came := func(each func(at time.Time, rise float64)) {
		last := math.NaN()
		for at, n := range depth.Since(from) {
			if n > last {
				each(at, n-last)
			}
			last = n
		}
	}
	all := 0.0
	came(func(_ time.Time, rise float64) { all += rise })
	began := from
	came(func(at time.Time, rise float64) {
		if rise*jumpShare > all && rise*jumpShows > value {
			began = at
		}
	})
	return began
}

// roughly is a span of time that is known to a tenth or so, which does not change
// with every look.
func roughly(d time.Duration) string {
	unit := time.Second
	for _, u := range []time.Duration{5 * time.Second, 10 * time.Second, time.Minute, 10 * time.Minute, time.Hour} {
		if d >= 12*u {
			unit = u
		}
	}
	d = max(d.Round(unit), unit)
	if unit == time.Minute {
		return words.Span(d)
	}
	return words.Age(d)
}

// tolerated is a queue that is off its target by too little to act on.
func tolerated(c *store.Chain, f *facts) (Decision, bool) {
	if !f.wantKnown || f.raw == f.desired || f.want != f.desired || f.raw < f.low || f.raw > f.high || f.desired <= 0 {
		return Decision{}, false
	}
	each, band := words.Count(f.r.Value/float64(f.desired)), f.tolerances.Up
	if f.raw < f.desired {
		band = f.tolerances.Down
	}
	d := Decision{Phase: Steady, Link: LinkHPA,
		Why: fmt.Sprintf("%s for %s: %s each, within %s%% of the target of %s, so the HPA leaves it.",
			f.amount(), pods(int(f.desired)), each, words.Count(100*band), words.Count(f.r.Target)),
		Next: "It moves when the number per pod leaves that band."}
	if f.r.Direct {
		d.Why = fmt.Sprintf("%s is within %s%% of the target of %s, so the HPA leaves it at %d.",
			capital(uses(c, &f.r)), words.Count(100*band), use(aim(c, &f.r), f.r.Target), f.desired)
	}
	moves(&d, c, f)
	return d, true
}

// atMinimum is the size that minReplicaCount keeps without any need for it.
func atMinimum(c *store.Chain, f *facts) (Decision, bool) {
	least := f.least
	if !f.wantKnown || f.partly || least == 0 || f.desired != least || f.raw >= least {
		return Decision{}, false
	}
	above := f.r.Target * float64(least) * (1 + f.tolerances.Up)
	d := Decision{Phase: Steady, Link: LinkWorkload,
		Why:  fmt.Sprintf("%s, but %s keeps %d.", calls(c, f), minimum(c), least),
		Next: fmt.Sprintf("More than about %s would add pods.", jobs(above))}
	if f.raw == 0 {
		d.Why = fmt.Sprintf("%s; %s keeps %s.", allQuiet(c, f.r), minimum(c), pods(int(least)))
	}
	if f.several && f.r.CountsJobs() {
		d.Next = fmt.Sprintf("More than about %s in %s would add pods.", jobs(above), called(f.r.Name()))
	}
	if !f.r.CountsJobs() {
		d.Next = fmt.Sprintf("A value above about %s would add pods.", words.Count(above))
	}
	if f.r.Direct {
		d.Next = fmt.Sprintf("More than %s per pod would add pods.", use(aim(c, &f.r), f.r.Target*(1+f.tolerances.Up)))
	}
	moves(&d, c, f)
	return d, true
}

// toZero says at which value of a trigger that is active KEDA would go to zero.
func toZero(r store.Reading) string {
	switch {
	case r.ActivationTarget > 0 && r.CountsJobs():
		return fmt.Sprintf("KEDA goes to zero at %s or fewer.", words.Count(r.ActivationTarget))
	case r.ActivationTarget > 0:
		return fmt.Sprintf("KEDA goes to zero at %s or less.", words.Count(r.ActivationTarget))
	case r.CountsJobs():
		return "KEDA goes to zero when it is empty."
	}
	return "KEDA goes to zero when it is at 0."
}

// steady is as many pods as the queue calls for.
func steady(c *store.Chain, f *facts) (Decision, bool) {
	if !f.wantKnown || f.partly {
		return Decision{}, false
	}
	d := Decision{Phase: Steady, Link: LinkWorkload, Next: "Nothing changes while the queue stays about this long.", Ahead: f.stays(c)}
	if !f.r.CountsJobs() {
		d.Next = "Nothing changes while the value stays about the same."
	}
	if f.unproved(c) {
		d.Next = "Whether that is enough is not known yet: the figures are those of the pods before."
		d.Ahead = nil
	}
	d.Why = fmt.Sprintf("%s, and %s set.", calls(c, f), isOrAre(f.desired))
	if f.readyKnown && f.ready == f.desired {
		d.Why = fmt.Sprintf("%s, and %s ready.", calls(c, f), isOrAre(f.desired))
	}
	if f.raw == 0 {
		d.Why = fmt.Sprintf("%s, but %s.", allQuiet(c, f.r), remain(f.desired))
		d.Next, d.Ahead = "", nil
	}
	if f.desired == 1 && f.hasWork && c.ScaledObject.Floor() == 0 {
		d.Next = strings.TrimSuffix(d.Next, ".") + "; " + toZero(f.work)
	}
	if c.ScaledObject.ForceActivation {
		d.Next, d.Ahead = "The annotation force-activation keeps KEDA from going to zero.", nil
	}
	if !f.unproved(c) {
		moves(&d, c, f)
	}
	return d, true
}
