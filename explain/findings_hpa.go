package explain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain/outlook"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// hpaStuck is an HPA that may not do what it has decided.
func hpaStuck(c *store.Chain, f *facts) (Finding, bool) {
	if c.HPA == nil || f.desired == 0 {
		return Finding{}, false
	}
	able := c.HPA.Conditions.Get("AbleToScale")
	if !able.False() {
		return Finding{}, false
	}
	x := Finding{Link: LinkHPA,
		Says:     "The HPA cannot scale: " + sentence(orElse(able.Message, able.Reason)),
		Next:     fmt.Sprintf("Until it can, %s. It tries again at every sync.", stay(f.desired)),
		Evidence: []Evidence{conditionOf(hpaName(c), able)},
		Move:     describe(c, "hpa", c.HPA.Ref.Name, "Its events say since when, and how often.")}
	if able.Reason == "FailedUpdateScale" {
		x.Move = canScale(c, "system:serviceaccount:kube-system:horizontal-pod-autoscaler")
	}
	return x, true
}

// couldNot is one that could not set the replicas and finds now that it need not: that it
// says so no more does not mean that it could. Whether anybody can shows when the other
// of the two has had its turn: the HPA at its sync, KEDA where its step to the floor is due.
func couldNot(c *store.Chain, f *facts) (Finding, bool) {
	for _, r := range c.Refusals {
		x := Finding{Link: LinkKEDA, Next: "It has not had to since. Whether the HPA can shows at its next sync, within about " + words.Span(scaling.SyncPeriod) + ".",
			Says:     "KEDA could not scale: " + sentence(orElse(r.Message, r.Reason)),
			Evidence: []Evidence{conditionOf(self(c), r.Condition)},
			Move:     canScale(c, "system:serviceaccount:keda:keda-operator")}
		looked := time.Time{}
		if n := len(c.Past.Syncs); n > 0 {
			looked = c.Past.Syncs[n-1].At
		}
		if r.By == store.TheHPA {
			if c.HPA == nil || !cools(c) || !f.quiet || f.active || zeroAt(c).After(f.now.Add(scaling.SyncPeriod)) {
				continue
			}
			x.Link, looked = LinkHPA, c.Past.Looked
			x.Says = "The HPA could not scale: " + sentence(orElse(r.Message, r.Reason))
			x.Next = fmt.Sprintf("It has not had to since. Whether KEDA can shows when it goes to %d.", c.ScaledObject.Floor())
			x.Evidence[0].Object, x.Move = hpaName(c), canScale(c, "system:serviceaccount:kube-system:horizontal-pod-autoscaler")
		}
		x.Evidence[0].Field += " before"
		if f.desired > 0 && f.now.Sub(r.Until) < scaling.SyncPeriod+toldWithin && !looked.After(r.Until) && c.Past.Desired.HeldSince(f.now).Before(r.Until.Add(-toldWithin)) {
			return x, true
		}
	}
	return Finding{}, false
}

// reverts is how long KEDA may take to give its HPA the bounds that it should have.
const reverts = 15 * time.Second

// hpaEdited is an HPA with other bounds than its ScaledObject says, which KEDA puts
// right at once where it works.
func hpaEdited(c *store.Chain, f *facts) (Finding, bool) {
	so, h := &c.ScaledObject, c.HPA
	if h == nil || c.ID.Kind == kscope.HPAs || h.OwnerUID != so.UID || so.UID == "" || so.FullyPaused() || so.Deleting ||
		max(h.MinReplicas, 1) == max(so.MinReplicaCount, 1) && h.MaxReplicas == so.MaxReplicaCount || c.Bounds.IsZero() || f.now.Sub(c.Bounds) <= reverts {
		return Finding{}, false
	}
	what := fmt.Sprintf("maxReplicas %d where the ScaledObject says %d", h.MaxReplicas, so.MaxReplicaCount)
	if h.MaxReplicas == so.MaxReplicaCount {
		what = fmt.Sprintf("minReplicas %d where the ScaledObject says %d", h.MinReplicas, max(so.MinReplicaCount, 1))
	}
	least := max(so.MinReplicaCount, 1)
	return Finding{Link: LinkHPA,
		Says: fmt.Sprintf("The HPA has %s: somebody edited it, and KEDA has not put it right.", what),
		Next: fmt.Sprintf("The HPA goes by its own, %d to %d, until KEDA writes it anew.", h.MinReplicas, h.MaxReplicas),
		Evidence: []Evidence{{hpaName(c), "spec.minReplicas, maxReplicas", fmt.Sprintf("%d, %d", h.MinReplicas, h.MaxReplicas), c.Bounds},
			settingOf(c, "spec.minReplicaCount, maxReplicaCount", fmt.Sprintf("%d, %d", so.MinReplicaCount, so.MaxReplicaCount))},
		Move: Move{kubectl(c, "patch", "hpa", h.Ref.Name, "-p", fmt.Sprintf(`{"spec":{"minReplicas":%d,"maxReplicas":%d}}`, least, so.MaxReplicaCount)),
			"It has the right bounds then. KEDA's operator should have seen to it: its log may say why not."}}, true
}

// met is how long two objects may share a target before they count as rivals: one
// may be about to take the place of the other.
const met = 10 * time.Second

// rival is the first other object of a kind that has long scaled the same target.
func rival(c *store.Chain, f *facts, kind kscope.Kind) (store.Rival, bool) {
	for _, r := range c.Rivals {
		if r.Kind == kind && f.now.Sub(r.Since) > met && c.KEDAStatus.Current() && c.HPAStatus.Current() {
			return r, true
		}
	}
	return store.Rival{}, false
}

// twoMasters is a target that another ScaledObject scales as well.
func twoMasters(c *store.Chain, f *facts) (Finding, bool) {
	r, ok := rival(c, f, kscope.ScaledObjects)
	if !ok || c.ScaledObject.FullyPaused() {
		return Finding{}, false
	}
	t := c.Target()
	x := Finding{Link: LinkWorkload,
		Says:     fmt.Sprintf("ScaledObject %s scales %s too: each undoes what the other does.", called(r.Name), called(t.Name)),
		Next:     "The number of pods jumps between what the two want: the last to write wins.",
		Evidence: []Evidence{settingOf(c, "spec.scaleTargetRef", t.Kind+" "+t.Name), {"ScaledObject " + r.Name, "spec.scaleTargetRef", t.Kind + " " + t.Name, r.Since}},
		Move: Move{kubectl(c, "annotate", "scaledobject", r.Name, pausedAnnotation+"=true"),
			"It keeps that one off for now. One object may have several triggers: put all into it."}}
	if c.ID.Kind == kscope.HPAs {
		x.Next = "The HPA and the one that KEDA makes each undo what the other does."
		x.Move = Move{kubectl(c, "delete", "hpa", c.HPA.Ref.Name), "Only KEDA scales it then."}
	}
	return x, true
}

// How often one hand has to write the replicas, within what time, to be a habit.
const (
	writesOften = 3
	writesSpan  = 10 * time.Minute
)

// meddler is somebody who keeps writing the replicas that KEDA and the HPA write
// too, as a tool does that applies a manifest with replicas in it.
func meddler(c *store.Chain, f *facts) (Finding, bool) {
	if len(c.Writes) < writesOften || c.ScaledObject.FullyPaused() {
		return Finding{}, false
	}
	for i, last := range c.Writes {
		if isKEDA(last.By) || isHPA(last.By) || f.now.Sub(last.At) > writesSpan {
			continue
		}
		times, first := 0, last
		for _, w := range c.Writes[i:] {
			if w.By == last.By && f.now.Sub(w.At) <= writesSpan {
				times, first = times+1, w
			}
		}
		if times < writesOften {
			continue
		}
		return Finding{Link: LinkWorkload,
			Says:     fmt.Sprintf("Somebody keeps writing the replicas: %s, %d times in %s, last %d to %d.", called(last.By), times, words.Age(f.now.Sub(first.At)), last.From, last.To),
			Next:     "KEDA and the HPA write them back. A manifest that is applied must not say replicas.",
			Evidence: writtenBy(c, last),
			Move:     whoOwns(c, "Take replicas out of what that applies.")}, true
	}
	return Finding{}, false
}

// writtenLately is how long after it a write by somebody else is worth a word.
const writtenLately = time.Minute

// foreignWrite is the last write of the replicas that somebody else made, if that was
// lately.
func foreignWrite(c *store.Chain, f *facts) (Finding, bool) {
	i := slices.IndexFunc(c.Writes, func(w store.Write) bool { return !isKEDA(w.By) && !isHPA(w.By) })
	if i < 0 || c.ScaledObject.FullyPaused() || f.now.Sub(c.Writes[i].At) > writtenLately {
		return Finding{}, false
	}
	w, next := c.Writes[i], "KEDA and the HPA go on from there, by what the triggers call for."
	if i > 0 {
		next = "KEDA and the HPA have gone on from there, by what the triggers call for."
	}
	return Finding{Link: LinkWorkload,
		Says:     fmt.Sprintf("Neither KEDA nor the HPA, but %s set the replicas from %d to %d %s ago.", called(w.By), w.From, w.To, words.Age(f.now.Sub(w.At))),
		Next:     next,
		Evidence: writtenBy(c, w),
		Move:     whoOwns(c, "A manifest that is applied again and again must not say replicas.")}, true
}

func writtenBy(c *store.Chain, w store.Write) []Evidence {
	return []Evidence{{targetName(c), "spec.replicas set by", w.By, w.At}}
}

// whoOwns shows who last wrote the replicas.
func whoOwns(c *store.Chain, then string) Move {
	t := c.Target()
	return Move{kubectl(c, "get", strings.ToLower(t.Kind), t.Name, "-o", "yaml", "--show-managed-fields"), "It shows who owns f:replicas. " + then}
}

// twoHPAs is a target that an HPA besides KEDA's scales as well, or whose pods are
// counted by one.
func twoHPAs(c *store.Chain, f *facts) (Finding, bool) {
	if c.ScaledObject.FullyPaused() {
		return Finding{}, false
	}
	var sa kscope.Condition
	if c.HPA != nil {
		sa = c.HPA.Conditions.Get("ScalingActive")
	}
	ambiguous := sa.Reason == "AmbiguousSelector" && f.desired > 0
	r, ok := rival(c, f, kscope.HPAs)
	if !ok && !ambiguous {
		return Finding{}, false
	}
	x := Finding{Link: LinkHPA, Says: "Two HPAs count the same pods, and neither acts: " + sentence(sa.Message),
		Move: Move{kubectl(c, "get", "hpa"), "It lists them with their targets: delete the one that is not KEDA's."}}
	if ok {
		x.Says = fmt.Sprintf("HPA %s scales %s too: each undoes what the other does.", called(r.Name), called(c.Target().Name))
		x.Evidence = append(x.Evidence, Evidence{"HPA " + r.Name, "spec.scaleTargetRef", c.Target().Kind + " " + c.Target().Name, r.Since})
		x.Move = Move{kubectl(c, "delete", "hpa", r.Name), "Only KEDA's HPA scales it then."}
		if ambiguous {
			x.Says = fmt.Sprintf("HPA %s scales %s too, so neither HPA acts.", called(r.Name), called(c.Target().Name))
		}
	}
	if ambiguous {
		x.Evidence = append(x.Evidence, conditionOf(hpaName(c), sa))
		standsStill(c, f, &x)
		return x, true
	}
	x.Next = "The number of pods jumps between what the two want: the last to write wins."
	return x, true
}

// outOfBounds is a size that minReplicaCount and maxReplicaCount do not allow,
// which is mended without looking at any metric.
func outOfBounds(c *store.Chain, f *facts) (Decision, bool) {
	so, least := &c.ScaledObject, f.least
	d := Decision{Link: LinkHPA}
	switch {
	case f.desired > f.high:
		d.Phase = Draining
		d.Why = fmt.Sprintf("%s set, more than %s %d allows.", podsAre(f.desired), maximum(c), f.high)
		d.Next = fmt.Sprintf("The HPA brings it to %d at its next sync, within about %s.", f.high, words.Span(scaling.SyncPeriod))
		d.Ahead = soon(f, store.TheHPA, f.high, f.high, aSync)
	case f.desired >= least, so.IdleReplicaCount != nil && (f.desired == 0 || f.desired == *so.IdleReplicaCount):
		return Decision{}, false
	case f.desired == 0:
		d.Phase, d.Link = Waking, LinkKEDA
		d.Why = fmt.Sprintf("No pod is set, fewer than minReplicaCount %d.", least)
		d.Next = fmt.Sprintf("KEDA brings it to %d at its next look, within %s.", least, words.Span(so.PollingInterval))
		d.Ahead = soon(f, store.KEDA, least, least, so.PollingInterval)
	default:
		d.Phase = ScalingUp
		d.Why = fmt.Sprintf("%s set, fewer than %s %d.", podsAre(f.desired), minimum(c), least)
		d.Next = fmt.Sprintf("The HPA brings it to %d at its next sync, within about %s.", least, words.Span(scaling.SyncPeriod))
		d.Ahead = soon(f, store.TheHPA, least, least, aSync)
		switch down, ok := cooling(c, f); {
		case so.IdleReplicaCount == nil:
		case ok:
			f.orIdle(&d, &down, least)
		case !f.active && !f.hasWork && !so.PausedScaleIn && !so.ForceActivation: // it has not said yet what it finds
			d.Next = fmt.Sprintf("%s, or KEDA to %d before, if it finds no work.", strings.TrimSuffix(d.Next, "."), *so.IdleReplicaCount)
			d.Ahead[0].Low = *so.IdleReplicaCount
		}
	}
	return d, true
}

// orIdle adds to what the HPA does with fewer pods than its minimum what KEDA does, by
// its cooldown, with more than idleReplicaCount. Which of the two comes first is not
// known where both are due.
func (f *facts) orIdle(d *Decision, down *Decision, least int32) {
	i := slices.IndexFunc(down.Ahead, func(x outlook.Forecast) bool { return x.By == store.KEDA })
	if i < 0 {
		return
	}
	keda := down.Ahead[i]
	does := fmt.Sprintf("The HPA brings it to %d at its next sync, within about %s", least, words.Span(scaling.SyncPeriod))
	if keda.Earliest.Sub(f.now) < scaling.SyncPeriod {
		d.Next, d.Ahead[0].Low = fmt.Sprintf("%s, or KEDA to %d before.", does, keda.Low), keda.Low
		return
	}
	d.Next = fmt.Sprintf("%s; KEDA goes to %d in about %s.", does, keda.Low, countdown(down.Zero.Sub(f.now)))
	d.Ahead, d.Zero = append(d.Ahead, keda), down.Zero
}

// noHPA says why there is no telling what the HPA does next.
func noHPA(c *store.Chain) string {
	if c.HPAStatus.Current() {
		return "KEDA has not made the HPA for it yet."
	}
	return "The next step is the HPA's, which kscope cannot see."
}

// hpaSays is what is left where the triggers' values are not all known or do
// not add up by themselves: the HPA's own word.
func hpaSays(c *store.Chain, f *facts) (Decision, bool) {
	d := Decision{Phase: Steady, Link: LinkHPA, Next: fmt.Sprintf("The HPA looks about every %s.", words.Span(scaling.SyncPeriod))}
	have := fmt.Sprintf("%s set", podsAre(f.desired))
	if f.readyKnown {
		have = fmt.Sprintf("%s ready", podsAre(f.ready))
	}
	switch h := c.HPA; {
	case h == nil || !h.StatusEverSynced || h.Conditions.Get("ScalingActive").Reason == "ScalingDisabled":
		d.Why = have + "; how many are needed is not known."
		d.Link = LinkWorkload
		if h == nil && !c.HPAStatus.Current() {
			d.Phase = Looking
		}
	case slices.ContainsFunc(h.Metrics, func(m kscope.Metric) bool { return m.ByNone }):
		d.Phase, d.Why = ScalingUp, have+"; the HPA had counted none yet when it last looked, so what it says per pod means nothing."
	case f.noFiguresYet(c):
		d.Phase, d.Why = ScalingUp, have+"; what they use is not known yet: its figures come half a minute to a minute after a pod has started."
	case h.Conditions.Get("AbleToScale").Reason == "ScaleDownStabilized":
		d.Phase = Draining
		d.Why = fmt.Sprintf("The HPA could do with fewer, but keeps %d as long as the last %s called for them.", h.DesiredReplicas, words.Span(h.Behavior.DownWindow()))
	case h.Conditions.Get("ScalingLimited").Reason == "TooManyReplicas":
		d.Why = fmt.Sprintf("The HPA would go higher, but %s is %d; %s.", maximum(c), f.high, lower(have))
	case h.Conditions.Get("ScalingLimited").Reason == "ScaleUpLimit":
		d.Phase = ScalingUp
		d.Why = fmt.Sprintf("The HPA goes up step by step, now at %d; %s.", h.DesiredReplicas, lower(have))
	default:
		d.Why = fmt.Sprintf("The HPA wants %d; %s.", h.DesiredReplicas, lower(have))
	}
	if err := firstError(c); err != "" {
		d.Next, d.Link = "kscope cannot read the queue: "+sentence(err), LinkQueue
	}
	return d, true
}
