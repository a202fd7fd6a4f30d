package explain

import (
	"fmt"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain/outlook"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
)

// What keeps the HPA from getting the numbers that it computes with. Only a source
// that fails holds KEDA up too: with anything else KEDA still goes to zero and
// back, and the HPA alone stands still.

// blind is an HPA that cannot compute, by its condition; false while it can, and
// at zero replicas.
func blind(c *store.Chain, f *facts) (kscope.Condition, bool) {
	if c.HPA == nil || f.desired == 0 {
		return kscope.Condition{}, false
	}
	sa := c.HPA.Conditions.Get("ScalingActive")
	return sa, sa.False() && sa.Reason != "ScalingDisabled"
}

// why the HPA gets no external metric, by what its message has in it.
type noMetric int

const (
	fromSource   noMetric = iota // KEDA has it from the source, or not at all
	fromAPI                      // nobody answers for the metrics API
	fromStranger                 // somebody else than KEDA answers for the metrics API
	fromRole                     // the HPA may not ask
	fromOperator                 // KEDA's metrics server reaches no operator
	inTime                       // it was asked, and has not answered within a minute
	withoutPods                  // a Value target is divided by pods that are not there
)

func noMetricOf(message string) noMetric {
	for _, m := range []struct {
		has string
		is  noMetric
	}{
		{"no pods returned by selector", withoutPods}, {"unable to calculate ready pods", withoutPods},
		{"unable to handle the request", fromAPI}, {"could not find the requested resource", fromAPI}, {"the server is currently unable", fromAPI},
		{"no matches for external.metrics.k8s.io", fromAPI}, {"Service Unavailable", fromAPI},
		// KEDA's own words for a metric that it does not have are others.
		{"could not find the metric", fromStranger}, {"no metrics returned from external metrics API", fromStranger},
		{"external.metrics.k8s.io is forbidden", fromRole}, {"establish gRPC connection", fromOperator},
		{"unable to return a response in the time allotted", inTime},
	} {
		if strings.Contains(message, m.has) {
			return m.is
		}
	}
	return fromSource
}

// external is an external metric that the HPA does not get, for a reason.
func external(c *store.Chain, f *facts, because noMetric) (kscope.Condition, bool) {
	sa, ok := blind(c, f)
	return sa, ok && sa.Reason == "FailedGetExternalMetric" && c.ID.Kind != kscope.HPAs && noMetricOf(sa.Message) == because
}

// unmoved is what the HPA does not do while it cannot read a metric: where it has
// several, it may still follow those that call for more.
func unmoved(c *store.Chain) string {
	if c.HPA != nil && len(c.HPA.Metrics) > 1 {
		return "Until it can, the HPA removes no pods, and adds some only if another metric calls for more"
	}
	return "Until it can, the HPA neither adds nor removes pods"
}

// unmovedAt says what number stays.
func unmovedAt(c *store.Chain, f *facts) string {
	s := unmoved(c)
	if c.HPA == nil || len(c.HPA.Metrics) < 2 {
		s += ": " + stay(f.desired)
	}
	return s + ". It tries again at every sync."
}

// standsStill says what becomes of the replicas while the HPA cannot compute and
// KEDA goes on.
func standsStill(c *store.Chain, f *facts, x *Finding) {
	so := &c.ScaledObject
	x.Next = unmovedAt(c, f)
	if c.ID.Kind == kscope.HPAs || so.MinReplicaCount > 0 && so.IdleReplicaCount == nil || so.PausedScaleIn || so.ForceActivation {
		return
	}
	floor := "to " + itoa(so.Floor())
	x.Next = fmt.Sprintf("%s. KEDA still goes %s without work, and back with it.", unmoved(c), floor)
	if active := so.Conditions.Get("Active"); active.Reason != "ScalerCooldown" && (!f.quiet || !active.True()) {
		return
	}
	x.Zero = zeroAt(c)
	left := x.Zero.Sub(f.now)
	if x.Zero.IsZero() || left <= 0 {
		x.Next = fmt.Sprintf("%s, but KEDA goes %s at its next look.", unmoved(c), floor)
		return
	}
	x.Next = fmt.Sprintf("%s, but KEDA goes %s in about %s.", unmoved(c), floor, countdown(left))
	const about = 2 * time.Second
	x.Ahead = []outlook.Forecast{{By: store.KEDA, Low: so.Floor(), High: so.Floor(), Earliest: x.Zero.Add(-about), Latest: x.Zero.Add(about), If: outlook.NoMoreJobs}}
}

// operatorGone is KEDA without its operator, which measures for the HPA and goes from
// and to zero. KEDA's metrics server waits for it until the API server waits no
// longer, so mostly there is no more to read than that nobody answered in time.
func operatorGone(c *store.Chain, f *facts) (Finding, bool) {
	sa, ok := external(c, f, fromOperator)
	if late, is := external(c, f, inTime); is {
		if _, silent := kedaSilent(c, f); !silent {
			return Finding{Link: LinkHPA,
				Says:     "KEDA does not answer the HPA in time: its metrics server hangs, or the operator behind it.",
				Next:     fmt.Sprintf("Until it does, the HPA neither adds nor removes pods: %s. It tries again at every sync.", stay(f.desired)),
				Evidence: []Evidence{conditionOf(hpaName(c), late)},
				Move:     Move{command("kubectl", "-n", "keda", "get", "pods"), "Both keda-operator and keda-operator-metrics-apiserver must be ready; their logs say what they wait for."}}, true
		}
		sa, ok = late, true
	}
	if !ok {
		return Finding{}, false
	}
	return Finding{Link: LinkKEDA, Stale: true,
		Says:     "KEDA's operator answers nobody, not even its own metrics server.",
		Next:     fmt.Sprintf("Until it does, nobody goes from or to zero, and the HPA gets no metric: %s.", stay(f.desired)),
		Evidence: []Evidence{conditionOf(hpaName(c), sa)},
		Move:     operatorLogs("They say what keeps the operator; nothing there: it does not run.")}, true
}

// sourceLost recognises a source that went away after a good start. KEDA's own
// status does not show it for sources that it connects to when it builds the
// scaler, Redis among them; the HPA's does.
func sourceLost(c *store.Chain, f *facts) (Finding, bool) {
	sa, ok := external(c, f, fromSource)
	if !ok || answersAgain(c, f, sa) {
		return Finding{}, false
	}
	x := Finding{Link: LinkHPA, Stale: true,
		Says:     "The HPA cannot get the metric from KEDA: " + sentence(sa.Message),
		Next:     unmovedAt(c, f),
		Evidence: []Evidence{conditionOf(hpaName(c), sa)},
		Move:     describeSelf(c, "Its events say what KEDA met when it asked the source.")}
	for i := range c.Readings {
		if r := &c.Readings[i]; r.Err != "" {
			x.Says, x.Link = capital(bare(r.Err))+": the HPA gets nothing, and kscope cannot read the queue.", LinkQueue
			x.Evidence = append(x.Evidence, readingOf(c, r))
			x.Move = lookAtServer(c, r)
			break
		}
	}
	if w := warned(c, f.now, complaint, "KEDAScalerFailed"); w != nil {
		if strings.HasSuffix(sa.Message, "encountered error") && x.Link == LinkHPA { // which is no reason, and KEDA told one
			x.Says = "KEDA cannot read the source: " + sentence(w.Note)
		}
		x.Evidence = append(x.Evidence, warningOf(w))
	}
	if zero := zeroAt(c); c.ScaledObject.Floor() == 0 && !c.ScaledObject.PausedScaleIn && !zero.IsZero() && !zero.After(f.now) {
		x.Next = fmt.Sprintf("Until it can, %s. When it answers and there is no work, KEDA goes to 0 at once: the cooldown is over.", stay(f.desired))
	}
	return x, true
}

// answersAgain reports whether all sources are back for kscope since the HPA failed
// to get the metric, and have not been for so long that it would have asked again.
func answersAgain(c *store.Chain, f *facts, sa kscope.Condition) bool {
	if sa.Since.IsZero() || len(c.Readings) == 0 {
		return false
	}
	for i := range c.Readings {
		r := &c.Readings[i]
		if r.From != store.FromBroker || r.Back.IsZero() || !r.Back.After(sa.Since) || f.now.Sub(r.Back) > scaling.SyncPeriod+5*time.Second {
			return false
		}
	}
	return true
}

func apiDown(c *store.Chain, f *facts) (Finding, bool) {
	sa, ok := external(c, f, fromAPI)
	if !ok {
		return Finding{}, false
	}
	x := Finding{Link: LinkHPA,
		Says:     "Nobody answers for the external metrics API, so the HPA cannot ask KEDA.",
		Evidence: []Evidence{conditionOf(hpaName(c), sa)},
		Move: Move{command("kubectl", "get", "apiservice", "v1beta1.external.metrics.k8s.io"),
			"It must be Available, and its service be KEDA's: else nobody answers, or another does."}}
	standsStill(c, f, &x)
	return x, true
}

// apiForeign is the external metrics API in the hands of somebody else than KEDA: a
// cluster has one of it, and whoever was installed last has it.
func apiForeign(c *store.Chain, f *facts) (Finding, bool) {
	sa, ok := external(c, f, fromStranger)
	if !ok {
		return Finding{}, false
	}
	x := Finding{Link: LinkHPA,
		Says:     "Somebody else than KEDA answers for the external metrics API, and knows none of its metrics.",
		Evidence: []Evidence{conditionOf(hpaName(c), sa)},
		Move: Move{command("kubectl", "get", "apiservice", "v1beta1.external.metrics.k8s.io"),
			"Its service must be KEDA's: a cluster has room for one provider of external metrics."}}
	standsStill(c, f, &x)
	return x, true
}

func apiRefused(c *store.Chain, f *facts) (Finding, bool) {
	sa, ok := external(c, f, fromRole)
	if !ok {
		return Finding{}, false
	}
	x := Finding{Link: LinkHPA,
		Says:     "The HPA controller may not read external metrics: its role lacks list on them.",
		Evidence: []Evidence{conditionOf(hpaName(c), sa)},
		Move: Move{kubectl(c, "auth", "can-i", "list", "externalmetrics.external.metrics.k8s.io", "--as=system:serviceaccount:kube-system:horizontal-pod-autoscaler"),
			"If it says no, that account lacks a role for external.metrics.k8s.io: KEDA's manifests have it."}}
	standsStill(c, f, &x)
	return x, true
}

func valueWithoutPods(c *store.Chain, f *facts) (Finding, bool) {
	sa, ok := external(c, f, withoutPods)
	if !ok {
		return Finding{}, false
	}
	x := Finding{Link: LinkHPA,
		Says:     "There are no pods by which the HPA could divide: a metricType of Value needs some.",
		Evidence: []Evidence{conditionOf(hpaName(c), sa)},
		Move:     Move{kubectl(c, "get", "pods"), "With metricType AverageValue the HPA computes without pods too."}}
	standsStill(c, f, &x)
	return x, true
}

// cannotCompute is an HPA that lacks anything else: a resource metric, or a pod of
// its own.
func cannotCompute(c *store.Chain, f *facts) (Finding, bool) {
	sa, ok := blind(c, f)
	if !ok || sa.Reason == "FailedGetExternalMetric" && c.ID.Kind != kscope.HPAs || sa.Reason == "AmbiguousSelector" || f.noFiguresYet(c) {
		return Finding{}, false
	}
	x := Finding{Link: LinkHPA, Says: "The HPA cannot compute: " + sentence(orElse(sa.Message, sa.Reason)),
		Evidence: []Evidence{conditionOf(hpaName(c), sa)}, Move: describe(c, "hpa", c.HPA.Ref.Name, "Its events say since when, and how often.")}
	if c.ID.Kind == kscope.HPAs {
		x.Link = LinkQueue
	}
	if resource(sa.Reason) {
		x.Says = "There are no figures of what pods use: " + sentence(orElse(sa.Message, sa.Reason))
		x.Move = Move{kubectl(c, "top", "pods"), "If that fails too, metrics-server is missing; else a container requests none of it."}
		switch {
		case strings.Contains(sa.Message, "missing request"):
			x.Says = "A container requests none of what is measured: " + sentence(sa.Message)
			x.Move = Move{kubectl(c, "edit", strings.ToLower(c.Target().Kind), c.Target().Name), "Set resources.requests for each container: a share needs a whole."}
		case noMetricOf(sa.Message) == fromAPI || noMetricOf(sa.Message) == inTime || strings.Contains(sa.Message, "pods.metrics.k8s.io"):
			x.Says = "The metrics-server does not answer: " + sentence(sa.Message)
			x.Move = Move{command("kubectl", "get", "apiservice", "v1beta1.metrics.k8s.io"), "It must be there and Available: metrics-server brings it."}
		}
	}
	standsStill(c, f, &x)
	return x, true
}

func resource(reason string) bool {
	return reason == "FailedGetResourceMetric" || reason == "FailedGetContainerResourceMetric"
}
