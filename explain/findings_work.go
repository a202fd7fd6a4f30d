package explain

import (
	"fmt"
	"strings"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/words"
)

// Work that is not taken, or not seen to wait.

// measured is what of a key the trigger of a reading counts; false for another
// broker.
func measured(r *store.Reading) (triggers.Redis, bool) {
	if r.Trigger.Backlog == nil || r.Trigger.Backlog.Broker != triggers.RedisBroker {
		return triggers.Redis{}, false
	}
	return triggers.RedisOf(*r.Trigger.Backlog), true
}

// neverWakes is a workload at zero that only a stream's pending entries could wake:
// these are what a consumer has taken, and there is none.
func neverWakes(c *store.Chain, f *facts) (Finding, bool) {
	if f.desired > 0 || f.hasWork || c.ScaledObject.Floor() > 0 || len(c.Readings) == 0 || c.ScaledJob != nil || c.ID.Kind == kscope.HPAs ||
		c.ScaledObject.FullyPaused() || c.ScaledObject.ForceActivation {
		return Finding{}, false
	}
	for i := range c.Readings {
		if !strings.HasSuffix(c.Readings[i].Trigger.Type, "-streams") {
			return Finding{}, false
		}
		if q, ok := measured(&c.Readings[i]); !ok || q.Measure != triggers.StreamPending {
			return Finding{}, false
		}
	}
	r := &c.Readings[0]
	return Finding{Link: LinkKEDA,
		Says: fmt.Sprintf("Nothing wakes it: of the stream %s KEDA counts only entries that a pod has taken, and no pod runs.", called(r.Name())),
		Next: "New entries wait for ever. With lagCount in the trigger KEDA counts those that wait.",
		Evidence: []Evidence{settingOf(c, "trigger "+r.Trigger.Type, "consumerGroup without lagCount"),
			readingOf(c, r)},
		Move: Move{kubectl(c, "edit", "scaledobject", c.ScaledObject.Ref.Name), "Add lagCount to the trigger's metadata, or set minReplicaCount to 1."}}, true
}

// lagUnknown is a stream whose lag Redis does not know, which KEDA takes for 0.
func lagUnknown(c *store.Chain, f *facts) (Finding, bool) {
	r := told(c, func(err string) bool { return strings.Contains(err, "tell the lag of") })
	if r == nil {
		return Finding{}, false
	}
	x := Finding{Link: LinkQueue,
		Says:     fmt.Sprintf("Redis does not know the lag of the stream %s, and KEDA takes that for 0.", called(r.Name())),
		Next:     "Entries that wait are not seen until the group has read past the gap.",
		Evidence: []Evidence{readingOf(c, r)},
		Move:     Move{command("redis-cli", "XINFO", "GROUPS", r.Name()), "A lag of nil: entries were deleted from the middle of the stream."}}
	return x, true
}

// idleFor is how long ready pods may take nothing of the work that they were
// started for.
const idleFor = 3 * scaling.SyncPeriod

// idleWorkers is pods that are ready and take nothing: since there were none nothing
// was taken, and for some time the queue has not changed at all.
func idleWorkers(c *store.Chain, f *facts) (Finding, bool) {
	for i := range c.Readings {
		r := &c.Readings[i]
		if r.Untaken.IsZero() || f.ready == 0 || !r.CountsJobs() || r.Trigger.MetricType == "Value" {
			continue
		}
		since := r.Untaken
		if r.Still.After(since) {
			since = r.Still
		}
		q, ok := measured(r)
		if !ok || f.now.Sub(since) <= idleFor || q.Measure == triggers.StreamPending {
			continue
		}
		x := Finding{Link: LinkPods,
			Says:     fmt.Sprintf("%s ready and have taken nothing: %s, unchanged for %s.", podsAre(f.ready), waits(*r), words.Age(f.now.Sub(since))),
			Next:     "More pods would not help. See whether they read that key, at that server and database.",
			Evidence: []Evidence{readingOf(c, r), {Object: c.Target().Kind + " " + c.Target().Name, Field: "ready pods", Value: itoa(f.ready), Since: r.Untaken}},
			Move:     Move{kubectl(c, "logs", strings.ToLower(c.Target().Kind)+"/"+c.Target().Name, "--tail=20"), "It shows what the pods do instead."}}
		if f.ready == 1 {
			x.Says = fmt.Sprintf("1 pod is ready and has taken nothing: %s, unchanged for %s.", waits(*r), words.Age(f.now.Sub(since)))
		}
		if q.Measure == triggers.StreamLength {
			x.Says = fmt.Sprintf("%s, unchanged for %s: KEDA counts all entries, and those that are done stay in the stream.", waits(*r), words.Age(f.now.Sub(since)))
			x.Next = "It never goes to zero. With consumerGroup and lagCount KEDA counts those that wait; or trim the stream."
			x.Move = Move{command("redis-cli", "XINFO", "GROUPS", r.Name()), "A lag of 0: all is done, and only the trigger does not know."}
		}
		return x, true
	}
	return Finding{}, false
}
