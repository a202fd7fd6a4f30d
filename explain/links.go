package explain

import (
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

func links(c *store.Chain, d *Decision, now time.Time) Chain {
	ls := make(Chain, 0, Roles)
	before := was(c)
	add := func(r Role, l Link) {
		if old := before[r]; old.unknown {
			l = Link{Name: l.Name, Value: Unknown, Word: notNow(old.source), Was: old.ago(now)}
		}
		if l.Role, l.Main = r, r == d.Link; l.Word == noUse && d.Phase != Broken {
			l.State, l.Word = LinkWaiting, "no figures yet"
		}
		for i := range d.Findings {
			if x := &d.Findings[i]; x.Link == r && x.Word != "" && l.State != LinkBroken && l.State != LinkUnknown {
				l.State, l.Word = LinkBroken, x.Word
			}
		}
		ls = append(ls, l)
	}
	switch c.ID.Kind {
	case kscope.ScaledJobs:
		add(LinkQueue, queueLink(c))
		add(LinkKEDA, kedaLink(c, d))
		add(LinkWorkload, jobsLink(c))
		add(LinkPods, podsLink(c))
		return ls
	case kscope.HPAs:
		add(LinkQueue, metricLink(c))
	default:
		add(LinkQueue, queueLink(c))
		add(LinkKEDA, kedaLink(c, d))
	}
	hpa := hpaLink(c)
	if hpa.Word == "holding" && d.Rule == "full" { // it has less to ask for than before, and more than it may have
		hpa.State, hpa.Word = LinkOK, "at max"
	}
	add(LinkHPA, hpa)
	add(LinkWorkload, workloadLink(c))
	add(LinkPods, podsLink(c))
	return ls
}

func queueLink(c *store.Chain) Link {
	if len(c.Readings) == 0 {
		return Link{Name: "queue", Word: "no trigger"}
	}
	r := c.Reading()
	if r.Direct && r.Place >= 0 {
		return metricLink(c)
	}
	l := Link{Name: r.Name(), Word: "not read yet", Value: Unknown}
	switch {
	case r.Known && r.Nothing:
		l.State, l.Word = LinkIdle, r.Scaled.How
	case r.Known:
		jobs := r.Jobs()
		l.Number, l.Estimate = &jobs, r.From == store.FromHPA
		l.State, l.Word = LinkOK, "has work"
		if !r.CountsJobs() {
			l.Word = "active"
		}
		if jobs == 0 && !r.CountsJobs() {
			l.State, l.Word = LinkIdle, "at zero"
		} else if jobs == 0 {
			l.State, l.Word = LinkIdle, "empty"
		} else if !r.IsActive() {
			l.State, l.Word = LinkWaiting, "below activation"
		}
		if r.Err != "" { // the HPA's number stands in, and may be its last
			l.State, l.Word = LinkBroken, "by the HPA only"
		}
	case r.Err != "":
		l.State, l.Word = LinkBroken, "cannot be read"
	case r.Trigger.Backlog == nil:
		l.Word = "not measured"
	}
	return l
}

const noUse = "no usage data"

// shortReason is a condition's reason in as many letters as a link has room
// for; the sentence below the chart has the whole cause.
func shortReason(reason, other string) string {
	switch reason {
	case "ScaledObjectCheckFailed", "ScaledJobCheckFailed":
		return "not accepted"
	case "TriggerError":
		return "source failing"
	case "FailedGetExternalMetric", "FailedComputeMetricsReplicas":
		return "no answer"
	case "FailedGetResourceMetric", "FailedGetContainerResourceMetric":
		return noUse
	}
	return orElse(reason, other)
}

func kedaLink(c *store.Chain, d *Decision) Link {
	l := Link{Name: "KEDA"}
	said, paused := c.ScaledObject.Conditions, c.ScaledObject.FullyPaused()
	if c.ScaledJob != nil {
		said, paused = c.ScaledJob.Conditions, c.ScaledJob.Paused
	}
	active, ready := said.Get("Active"), said.Get("Ready")
	switch {
	case paused:
		l.State, l.Value, l.Word = LinkWaiting, "paused", "paused"
	case ready.False():
		l.State, l.Value, l.Word = LinkBroken, "not ready", shortReason(ready.Reason, "not ready")
	case said.Get("Fallback").True():
		l.State, l.Value, l.Word = LinkBroken, "fallback", "source failing"
	case d.Stale:
		l.State, l.Value, l.Word = LinkBroken, Unknown, "status is old"
	case active.True():
		l.State, l.Value, l.Word = LinkOK, "active", "active"
	case active.Reason == "ScalerCooldown":
		l.State, l.Value, l.Word = LinkWaiting, "cooldown", "cooling down"
	case active.False() && unseenWork(c):
		l.State, l.Value, l.Word = LinkWaiting, "inactive", "not seen yet"
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
		case c.HPAStatus.Current():
			l.State, l.Value, l.Word = LinkWaiting, "none", "not made yet"
		}
		return l
	}
	sa, able := h.Conditions.Get("ScalingActive"), h.Conditions.Get("AbleToScale")
	switch {
	case c.Workload != nil && c.Workload.Desired == 0, c.Workload == nil && sa.False() && sa.Reason == "ScalingDisabled":
		l.State, l.Value, l.Word = LinkIdle, "resting", "at zero"
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
	limited, able := h.Conditions.Get("ScalingLimited").Reason, h.Conditions.Get("AbleToScale").Reason
	switch {
	case w != nil && h.DesiredReplicas != w.Desired:
		return LinkWaiting, "before next sync"
	case h.DesiredReplicas <= h.MinReplicas && (limited == "TooFewReplicas" || able == "ScaleDownStabilized"): // there is nothing to hold
		return LinkOK, "at min"
	case able == "ScaleDownStabilized" && limited != "ScaleUpLimit", able == "ScaleUpStabilized":
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
	l := Link{Name: c.Target().Name, Value: Unknown, Word: "unknown"}
	w := c.Workload
	switch {
	case w == nil && c.WorkloadStatus.Current():
		l.State, l.Value, l.Word = LinkBroken, "missing", "no target"
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
		case w.Current > w.Desired && rollsOut(w):
			l.State, l.Word = LinkWorking, "rolling out"
		case w.Current > w.Desired:
			l.State, l.Word = LinkWorking, "removing pods"
		}
	}
	return l
}

// rollsOut reports whether pods of another version are taking the place of those
// there are. With them there may be more than are set.
func rollsOut(w *kscope.Workload) bool {
	switch is := w.Conditions.Get("Progressing"); is.Reason {
	case "NewReplicaSetCreated", "FoundNewReplicaSet", "ReplicaSetUpdated":
		return is.True()
	}
	return false
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
