package explain

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/kscope/kscope/explain/outlook"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// overtaken is how long KEDA may have seen work before kscope's next measurement of
// the queue shows it.
const overtaken = 2 * time.Second

// aware reports whether KEDA has just seen work that kscope has not.
func (f *facts) aware(c *store.Chain) bool {
	since := c.Past.Active.Above(0.5)
	return f.active && !since.IsZero() && f.now.Sub(since) < overtaken
}

// takenYet reports whether work is so new that the last pods may still take it.
func (f *facts) takenYet() bool {
	return f.leaving > 0 && !f.work.Waiting.IsZero() && f.now.Sub(f.work.Waiting) < overtaken
}

// justWoken reports whether the workload left zero a moment ago, so that what KEDA says
// of its activity is still from before: it scales first and writes its status then.
func (f *facts) justWoken(c *store.Chain) bool {
	step := c.Step
	return f.desired > 0 && step != nil && step.From == 0 && f.now.Sub(step.At) < overtaken && c.Past.Active.HeldSince(f.now).Before(step.At)
}

// justEmptied reports whether the workload was set to zero a moment ago: its pods, which
// another watch tells of, are not heard to stop yet, or the last of them not to be there.
func (f *facts) justEmptied(c *store.Chain) bool {
	step := c.Step
	return f.desired == 0 && step != nil && step.To == 0 && f.now.Sub(step.At) < toldWithin
}

// asleep is zero replicas and no work.
func asleep(c *store.Chain, f *facts) (Decision, bool) {
	so, r := &c.ScaledObject, f.r
	if f.desired > 0 || f.hasWork || so.ForceActivation || f.leaving > 0 || f.justEmptied(c) || f.aware(c) {
		return Decision{}, false
	}
	d := Decision{Phase: Asleep, Link: LinkQueue, Next: "KEDA looks every " + words.Span(so.PollingInterval) + "."}
	first := fmt.Sprintf(" The first job starts %s.", pods(int(so.StartsWith())))
	if r.ActivationTarget > 0 {
		first = fmt.Sprintf(" More than %s %s %s.", jobs(r.ActivationTarget), verb(int(math.Ceil(r.ActivationTarget)), "starts", "start"), pods(int(so.StartsWith())))
	}
	if !r.CountsJobs() {
		first = fmt.Sprintf(" A value above %s starts %s.", words.Count(r.ActivationTarget), pods(int(so.StartsWith())))
	}
	target := called(so.ScaleTarget.Name)
	inactive, rests := so.Conditions.Get("Active").False(), "The HPA rests, as it should."
	if unread(c) {
		rests = "The HPA could read no metrics before it rested."
	}
	switch {
	case f.quiet && r.Value > 0:
		d.Why = fmt.Sprintf("%s, but KEDA starts nothing until there are more than %s.", waits(r), words.Count(r.ActivationTarget))
		if !r.CountsJobs() {
			d.Why = fmt.Sprintf("%s, but KEDA starts nothing until it is above %s.", waits(r), words.Count(r.ActivationTarget))
		}
	case f.quiet && f.active:
		d.Why = fmt.Sprintf("%s, but KEDA says that a trigger is active.", allQuiet(c, r))
	case f.quiet:
		d.Why = fmt.Sprintf("%s, so KEDA keeps %s at zero. %s", allQuiet(c, r), target, rests)
		d.Next += first
	case inactive:
		d.Why = fmt.Sprintf("KEDA sees no work, so %s is at zero. %s", target, rests)
	default:
		d.Why = fmt.Sprintf("%s is at zero; whether there is work is not known.", target)
	}
	if err := firstError(c); err != "" {
		d.Next += " kscope cannot read the queue: " + sentence(err)
	}
	if so.PausedScaleOut {
		d.Next = "Scaling out is paused by annotation: no work starts anything."
	}
	return d, true
}

// drained is zero replicas while the last pods are still stopping.
func drained(c *store.Chain, f *facts) (Decision, bool) {
	if f.desired > 0 || f.leaving == 0 && !f.justEmptied(c) || c.ScaledObject.ForceActivation || f.hasWork && !f.takenYet() || f.aware(c) {
		return Decision{}, false
	}
	still := "what ran is stopping"
	if f.leaving > 0 {
		still = podsAreInt(f.leaving) + " still stopping"
	}
	return Decision{Phase: Draining, Link: LinkPods,
		Why:  fmt.Sprintf("%s was set to zero; %s.", called(c.ScaledObject.ScaleTarget.Name), still),
		Next: fmt.Sprintf("Then nothing runs until work arrives; KEDA looks every %s.", words.Span(c.ScaledObject.PollingInterval))}, true
}

// heldAtZero is work that may not start anything.
func heldAtZero(c *store.Chain, f *facts) (Decision, bool) {
	if f.desired > 0 || !c.ScaledObject.PausedScaleOut {
		return Decision{}, false
	}
	return Decision{Phase: PhasePaused, Link: LinkKEDA,
		Why:  fmt.Sprintf("%s, but scaling out is paused by annotation, so KEDA starts nothing.", thereIsWork(f)),
		Next: "Work waits until " + outAnnotation + " is removed."}, true
}

// waking is work that KEDA will find at its next poll.
func waking(c *store.Chain, f *facts) (Decision, bool) {
	so := &c.ScaledObject
	if f.desired > 0 {
		return Decision{}, false
	}
	then := "then the HPA takes over."
	if f.wantKnown && f.want > so.StartsWith() {
		then = fmt.Sprintf("then the HPA takes over, towards %d.", f.want)
	}
	return Decision{Phase: Waking, Link: LinkKEDA, Ahead: soon(f, store.KEDA, so.StartsWith(), so.StartsWith(), so.PollingInterval),
		Why:  fmt.Sprintf("%s and nothing runs yet: KEDA acts when it next looks.", thereIsWork(f)),
		Next: fmt.Sprintf("KEDA starts %s within %s; %s", pods(int(so.StartsWith())), words.Span(so.PollingInterval), then)}, true
}

// parked is a workload at an idleReplicaCount above zero, which the HPA will
// not leave alone.
func parked(c *store.Chain, f *facts) (Decision, bool) {
	so := &c.ScaledObject
	if so.IdleReplicaCount == nil || f.desired != *so.IdleReplicaCount || !f.quiet || so.ForceActivation {
		return Decision{}, false
	}
	return Decision{Phase: Asleep, Link: LinkHPA, Ahead: soon(f, store.TheHPA, so.MinReplicaCount, so.MinReplicaCount, aSync),
		Why: fmt.Sprintf("There is no work, so KEDA parks %s at idleReplicaCount %d.", called(so.ScaleTarget.Name), f.desired),
		Next: fmt.Sprintf("The HPA lifts it to minReplicaCount %d again at its next sync: only an idleReplicaCount of 0 lasts.",
			so.MinReplicaCount)}, true
}

// starting is the first pods on their way.
func starting(c *store.Chain, f *facts) (Decision, bool) {
	if f.ready > 0 || !f.readyKnown || f.complete || f.desired > f.low || c.ScaledObject.Floor() > 0 || f.quiet && !f.active {
		return Decision{}, false
	}
	who := podsAre(f.desired) + " set"
	if startedByKEDA(c) {
		who = "KEDA started " + pods(int(f.desired))
	}
	none := "none is ready yet"
	if f.desired == 1 {
		none = "it is not ready yet"
	}
	d := Decision{Phase: Waking, Link: LinkPods, Why: who + "; " + none + "."}
	within := words.Span(scaling.SyncPeriod)
	switch o, towards := f.ahead(c), f.wantKnown && f.want > f.desired; {
	case o != nil && o.Some && o.Sure && !o.KEDA && o.Up:
		foretell(&d, c, f)
	case !tookOver(c, f.now) && towards:
		d.Next = fmt.Sprintf("The HPA takes over at its next sync, within about %s, towards %d.", within, f.want)
		d.Ahead = soon(f, store.TheHPA, f.desired+1, f.want, aSync)
	case !tookOver(c, f.now):
		d.Next = fmt.Sprintf("The HPA takes over at its next sync, within about %s.", within)
	case towards:
		d.Next = fmt.Sprintf("The HPA has taken over, towards %d.", f.want)
	default:
		d.Next = "The HPA has taken over, and has pods enough."
	}
	if s := progress(c, f, int(f.desired)); s != "" {
		d.Next = capital(s) + ". " + d.Next
	}
	return d, true
}

// startedByKEDA reports whether the last step is known to be KEDA's, from zero.
func startedByKEDA(c *store.Chain) bool {
	if c.Workload != nil && isKEDA(c.Workload.SetBy) {
		return true
	}
	if c.Step == nil || c.Step.From != 0 {
		return false
	}
	proofs, _ := prove([]store.Entry{*c.Step}, c.Told)
	return proofs[0].actor == store.KEDA
}

// tookOver reports whether the HPA has looked since the last step: it says so when
// it finds what it did not find before, and is due in any case after its period.
func tookOver(c *store.Chain, now time.Time) bool {
	switch {
	case c.HPA == nil || c.Step == nil:
		return false
	case now.Sub(c.Step.At) > scaling.SyncPeriod+2*time.Second:
		return c.HPAStatus.Current()
	}
	n := len(c.Past.Syncs)
	return n > 0 && c.Past.Syncs[n-1].At.After(c.Step.At) && c.Past.Syncs[n-1].Current == c.Step.To
}

// overruled reports whether there was work by the HPA's last sync only, and KEDA has
// looked since and found none.
func (f *facts) overruled(c *store.Chain) bool {
	n := len(c.Past.Syncs)
	return f.work.From == store.FromHPA && n > 0 && c.Past.Looked.After(c.Past.Syncs[n-1].At)
}

// aboutZero is how far from the truth "in about 26s" may be.
const aboutZero = 2 * time.Second

// cooling is pods without work that only KEDA's cooldown keeps, or a pause.
func cooling(c *store.Chain, f *facts) (Decision, bool) {
	so := &c.ScaledObject
	if !cools(c) || f.active || !f.quiet && (so.Conditions.Get("Active").Reason != "ScalerCooldown" || f.hasWork && !f.overruled(c)) {
		return Decision{}, false // that it is over is KEDA's to say, not the queue's
	}
	d := Decision{Phase: CoolingDown, Link: LinkKEDA}
	quiet := "No trigger is active"
	if f.quiet {
		quiet = allQuiet(c, f.r)
	}
	if so.PausedScaleIn {
		d.Phase, d.Why = PhasePaused, fmt.Sprintf("%s, but scaling in is paused by annotation, so %s.", quiet, remain(f.desired))
		d.Next = fmt.Sprintf("%s until %s is removed.", verb(int(f.desired), "It stays", "They stay"), inAnnotation)
		return d, true
	}
	d.Why = fmt.Sprintf("%s; %s while KEDA waits out its cooldown of %s.", quiet, remain(f.desired), words.Span(so.CooldownPeriod))
	if so.CooldownPeriod <= 0 {
		d.Why = fmt.Sprintf("%s; %s until KEDA looks, since its cooldown is 0s.", quiet, remain(f.desired))
	}
	zero := zeroAt(c)
	if so.LastActiveTime.IsZero() {
		d.Why = fmt.Sprintf("%s, and no trigger was ever active; %s for now.", quiet, remain(f.desired))
	}
	floor := "to " + itoa(so.Floor())
	atZero := outlook.Forecast{By: store.KEDA, Low: so.Floor(), High: so.Floor(), Earliest: zero.Add(-aboutZero), Latest: zero.Add(aboutZero), If: outlook.NoMoreJobs}
	d.Zero, d.Ahead = zero, []outlook.Forecast{atZero}
	left, o, more := zero.Sub(f.now), f.ahead(c), ""
	switch {
	case opensBefore(c, zero):
		more = "KEDA does not go " + floor + " before its schedule opens."
	case f.fedBefore(c, zero):
		more = "Your load goes on: its next jobs come before the cooldown is over."
	}
	switch {
	case more != "":
		d.Zero, d.Ahead = time.Time{}, nil
		if d.Next = more; o != nil && o.Some && o.Sure && !o.KEDA && foretell(&d, c, f) {
			d.Next += " " + more
		}
	case zero.IsZero() || left <= 0:
		d.Next = fmt.Sprintf("KEDA goes %s at its next look, within %s.", floor, words.Span(so.PollingInterval))
		d.Ahead = soon(f, store.KEDA, so.Floor(), so.Floor(), so.PollingInterval)
	case o != nil && o.Some && o.Sure && !o.KEDA && o.Earliest.Before(zero) && foretell(&d, c, f):
		d.Next = fmt.Sprintf("%s; KEDA goes %s in about %s.", strings.TrimSuffix(d.Next, "."), floor, countdown(left))
		if !o.Uses { // else there may be more of the HPA's before
			d.Ahead = append(d.Ahead, atZero)
		}
	case c.HPA != nil && usesAny(c):
		d.Next = fmt.Sprintf("KEDA goes straight %s in about %s; until then the HPA goes by what the pods use.", floor, countdown(left))
		d.Ahead = nil
	case f.desired > f.low && c.HPA != nil && o == nil && c.HPA.Behavior.DownWindow() <= left:
		d.Next = fmt.Sprintf("KEDA goes straight %s in about %s; the HPA may remove some before.", floor, countdown(left))
		d.Ahead = nil // which of the two comes first is not said
	case f.desired > f.low && c.HPA != nil && c.HPA.Behavior.DownWindow() > left:
		d.Next = fmt.Sprintf("KEDA goes straight %s in about %s; the HPA would wait up to %s.", floor, countdown(left), words.Span(c.HPA.Behavior.DownWindow()))
	default:
		d.Next = fmt.Sprintf("KEDA goes %s in about %s.", floor, countdown(left))
	}
	return d, true
}

// opensBefore reports whether a schedule keeps KEDA from its step to zero at a time: it
// makes its trigger active before.
func opensBefore(c *store.Chain, zero time.Time) bool {
	return slices.ContainsFunc(c.Readings, func(r store.Reading) bool {
		return !r.Turns.IsZero() && r.Turns.Before(zero) && r.Becomes > r.ActivationTarget
	})
}

// fedBefore reports whether a load from here keeps KEDA from its step to zero at a
// time: jobs of it come before. Where that is not worked out, any load does.
func (f *facts) fedBefore(c *store.Chain, zero time.Time) bool {
	switch o := f.ahead(c); {
	case o == nil:
		return slices.ContainsFunc(c.Readings, func(r store.Reading) bool { return len(r.Feeds) > 0 })
	case o.Loads > 0:
		return !o.Some || !o.KEDA || o.Up || o.Earliest.After(zero.Add(aboutZero))
	}
	return false
}

// schedule says when a trigger's schedule opens or closes, where that comes next.
func schedule(c *store.Chain, now time.Time, d *Decision) {
	if d.Phase == Broken || d.Phase == PhasePaused || d.Phase == Looking || c.Formula != nil { // in which it is a number as any
		return
	}
	var r *store.Reading
	for i := range c.Readings {
		if x := &c.Readings[i]; !x.Turns.IsZero() && (r == nil || x.Turns.Before(r.Turns)) {
			r = x
		}
	}
	if r == nil {
		return
	}
	says := "The schedule closes in " + countdown(r.Turns.Sub(now)) + clock(r, now) + "."
	if r.Becomes > 0 {
		says = fmt.Sprintf("The schedule opens in %s%s, for %s.", countdown(r.Turns.Sub(now)), clock(r, now), pods(int(r.Becomes)))
	}
	if d.Next = strings.TrimSpace(d.Next + " " + says); len(c.Readings) == 1 && d.Phase == Asleep {
		d.Next = says
	}
}

// clock is the time at which a schedule turns as its own zone has it: ", 08:00 Europe/Berlin",
// with the day where that is another.
func clock(r *store.Reading, now time.Time) string {
	if r.Schedule == nil {
		return ""
	}
	at, here := r.Turns.In(r.Schedule.Zone()), now.In(r.Schedule.Zone())
	form := "15:04"
	switch days := at.Sub(here); {
	case days > 6*24*time.Hour:
		form = "2 Jan 15:04"
	case at.YearDay() != here.YearDay():
		form = "Mon 15:04"
	}
	return ", " + at.Format(form) + " " + r.Schedule.Zone().String()
}
