package explain

import (
	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// LinkState is how one link of the chain is doing.
type LinkState int

// The states of a link.
const (
	LinkUnknown LinkState = iota // nothing known yet
	LinkIdle                     // at rest, as it should be
	LinkOK                       // doing its part
	LinkWorking                  // on its way to what is wanted
	LinkWaiting                  // for the link before it, or for a timer
	LinkBroken
)

// Role is what a link does in its chain.
type Role int

// The roles, in the order in which they act. A chain need not have all: an HPA
// without KEDA has no LinkKEDA, a ScaledJob no LinkHPA.
const (
	LinkQueue    Role = iota // where work waits, or what is measured
	LinkKEDA                 // looks at that
	LinkHPA                  // decides
	LinkWorkload             // is scaled: a workload, or the Jobs of a ScaledJob
	LinkPods                 // do the work
)

// Unknown is the Value of a link whose state or number is not known.
const Unknown = "?"

// Link is one link of the live chain: a number with its unit, or a word where
// there is none, and how it is doing.
type Link struct {
	Role     Role
	Name     string   // "orders", "KEDA", "HPA", "queue-worker", "pods"
	Number   *float64 // nil where it has none, or it is not known
	Of       *float64 // what it should be, for LinkWorkload
	Unit     string   // "wanted", "ready"; "" where the number says it all
	Estimate bool     // of the number
	Value    string   // instead of a number: "active", "resting", [Unknown]
	State    LinkState
	Word     string // the state in a word: "waiting", "cooling down"
	Main     bool   // this link is the reason for the count right now
}

// Text is the number with its unit, or what stands for it.
func (l Link) Text() string {
	digits := l.Digits()
	switch {
	case l.Number == nil:
		return l.Value
	case l.Unit == "wanted":
		return "wants " + digits
	case l.Unit != "":
		return digits + " " + l.Unit
	}
	return digits
}

// Digits is the number alone, "" where there is none.
func (l Link) Digits() string {
	if l.Number == nil {
		return ""
	}
	s := words.Count(*l.Number)
	if l.Estimate {
		s = "~" + s
	}
	if l.Of != nil {
		s += "/" + words.Count(*l.Of)
	}
	return s
}

// Chain is the links in their order.
type Chain []Link

// Of is the link of a role; false if the chain has none.
func (c Chain) Of(r Role) (Link, bool) {
	for _, l := range c {
		if l.Role == r {
			return l, true
		}
	}
	return Link{Role: r}, false
}

func number[N int32 | int | float64](n N) *float64 {
	v := float64(n)
	return &v
}

func links(c *store.Chain, d *Decision) Chain {
	ls := Chain{queueLink(c), kedaLink(c, d), hpaLink(c), workloadLink(c), podsLink(c)}
	for i := range ls {
		ls[i].Role = Role(i)
		ls[i].Main = ls[i].Role == d.Link
	}
	return ls
}

func queueLink(c *store.Chain) Link {
	if len(c.Readings) == 0 {
		return Link{Name: "queue", Word: "no trigger"}
	}
	r := c.Reading()
	l := Link{Name: r.Name(), Word: "not read yet", Value: Unknown}
	switch {
	case r.Known:
		l.Number, l.Estimate = &r.Value, r.From == store.FromHPA
		l.State, l.Word = LinkOK, "has work"
		if r.Value == 0 {
			l.State, l.Word = LinkIdle, "empty"
		} else if r.Value <= r.ActivationTarget {
			l.State, l.Word = LinkWaiting, "below activation"
		}
		if r.Err != "" { // the HPA's number stands in, and may be its last
			l.State, l.Word = LinkBroken, "by the HPA only"
		}
	case r.Err != "":
		l.State, l.Word = LinkBroken, "cannot be read"
	case r.Trigger.Queue == nil:
		l.Word = "not measured"
	}
	return l
}

// shortReason is a condition's reason in as many letters as a link has room
// for; the sentence below the chart has the whole cause.
func shortReason(reason, other string) string {
	switch reason {
	case "ScaledObjectCheckFailed":
		return "not accepted"
	case "TriggerError":
		return "source failing"
	case "FailedGetExternalMetric", "FailedComputeMetricsReplicas":
		return "no answer"
	case "FailedGetResourceMetric", "FailedGetContainerResourceMetric":
		return "no usage data"
	}
	return orElse(reason, other)
}

func kedaLink(c *store.Chain, d *Decision) Link {
	l := Link{Name: "KEDA"}
	so := c.ScaledObject
	active, ready := so.Conditions.Get("Active"), so.Conditions.Get("Ready")
	switch {
	case so.FullyPaused():
		l.State, l.Value, l.Word = LinkWaiting, "paused", "paused"
	case ready.False():
		l.State, l.Value, l.Word = LinkBroken, "not ready", shortReason(ready.Reason, "not ready")
	case so.Conditions.Get("Fallback").True():
		l.State, l.Value, l.Word = LinkBroken, "fallback", "source failing"
	case d.Stale:
		l.State, l.Value, l.Word = LinkBroken, Unknown, "status is old"
	case active.True():
		l.State, l.Value, l.Word = LinkOK, "active", "active"
	case active.Reason == "ScalerCooldown":
		l.State, l.Value, l.Word = LinkWaiting, "cooldown", "cooling down"
	case active.False():
		l.State, l.Value, l.Word = LinkIdle, "inactive", "nothing to do"
	default:
		l.State, l.Value, l.Word = LinkUnknown, Unknown, "no status yet"
	}
	return l
}

func hpaLink(c *store.Chain) Link {
	l := Link{Name: "HPA", Value: Unknown, Word: "unknown"}
	h := c.HPA
	if h == nil {
		switch {
		case c.ScaledObject.FullyPaused():
			l.State, l.Value, l.Word = LinkWaiting, "none", "removed while paused"
		case c.HPAStatus.State == kscope.Forbidden:
			l.State, l.Word = LinkUnknown, "not permitted"
		case c.HPAStatus.State == kscope.Synced:
			l.State, l.Value, l.Word = LinkWaiting, "none", "not made yet"
		}
		return l
	}
	sa, able := h.Conditions.Get("ScalingActive"), h.Conditions.Get("AbleToScale")
	switch {
	case c.Workload != nil && c.Workload.Desired == 0, c.Workload == nil && sa.False() && sa.Reason == "ScalingDisabled":
		l.State, l.Value, l.Word = LinkIdle, "resting", "resting at zero"
	case sa.False() && sa.Reason == "ScalingDisabled":
		l.State, l.Value, l.Word = LinkWaiting, "due", "before next sync"
	case able.False():
		l.State, l.Value, l.Word = LinkBroken, "cannot scale", shortReason(able.Reason, "cannot scale")
	case sa.False():
		l.State, l.Value, l.Word = LinkBroken, "no metric", shortReason(sa.Reason, "no metric")
	case !h.StatusEverSynced:
		l.State, l.Value, l.Word = LinkWaiting, "starting", "no sync yet"
	default:
		l.Number, l.Unit = number(h.DesiredReplicas), "wanted"
		l.State, l.Word = hpaWord(h, c.Workload)
	}
	return l
}

// hpaWord is what an HPA that computes is up to.
func hpaWord(h *kscope.HPA, w *kscope.Workload) (LinkState, string) {
	switch limited := h.Conditions.Get("ScalingLimited").Reason; {
	case w != nil && h.DesiredReplicas != w.Desired:
		return LinkWaiting, "before next sync"
	case h.Conditions.Get("AbleToScale").Reason == "ScaleDownStabilized" && limited != "ScaleUpLimit":
		return LinkWaiting, "holding"
	case h.Conditions.Get("AbleToScale").Reason == "ScaleUpStabilized":
		return LinkWaiting, "holding"
	case limited == "TooManyReplicas":
		return LinkOK, "at max"
	case limited == "TooFewReplicas":
		return LinkOK, "at min"
	case limited == "ScaleUpLimit":
		return LinkWorking, "ramping"
	case limited == "ScaleDownLimit":
		return LinkWorking, "stepping down"
	}
	return LinkOK, "in range"
}

func workloadLink(c *store.Chain) Link {
	l := Link{Name: c.ScaledObject.ScaleTarget.Name, Value: Unknown, Word: "unknown"}
	w := c.Workload
	switch {
	case w == nil && c.WorkloadStatus.State == kscope.Synced:
		l.State, l.Value, l.Word = LinkBroken, "missing", "does not exist"
	case w == nil && c.WorkloadStatus.State == kscope.Forbidden:
		l.Word = "not permitted"
	case w != nil:
		l.Number, l.Of = number(w.Current), number(w.Desired)
		l.State, l.Word = LinkOK, "complete"
		switch {
		case w.Conditions.Get("ReplicaFailure").True():
			l.State, l.Word = LinkBroken, "cannot create pods"
		case w.Desired == 0 && w.Current == 0:
			l.State, l.Word = LinkIdle, "at zero"
		case w.Current < w.Desired:
			l.State, l.Word = LinkWorking, "creating pods"
		case w.Current > w.Desired:
			l.State, l.Word = LinkWorking, "removing pods"
		}
	}
	return l
}

func podsLink(c *store.Chain) Link {
	l := Link{Name: "pods", Value: Unknown, Word: "unknown"}
	if c.Ready == nil {
		if c.PodStatus.State == kscope.Forbidden {
			l.Word = "not permitted"
		}
		return l
	}
	l.Number, l.Unit = number(*c.Ready), "ready"
	l.State, l.Word = LinkOK, "all ready"
	switch {
	case c.Counts[kscope.PodFailing] > 0:
		l.State, l.Word = LinkBroken, words.Plural(c.Counts[kscope.PodFailing], "pod")+" failing"
	case c.Workload != nil && *c.Ready < c.Workload.Desired:
		l.State, l.Word = LinkWorking, "starting"
	case c.Counts[kscope.PodTerminating] > 0:
		l.State, l.Word = LinkWorking, "stopping"
	case *c.Ready == 0:
		l.State, l.Word = LinkIdle, "none"
	}
	return l
}
