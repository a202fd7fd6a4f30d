package explain

import (
	"fmt"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain/outlook"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// jobDiagnoses is every kind of trouble with a ScaledJob that there is a rule for,
// from the root outwards.
var jobDiagnoses = []diagnosis{
	{"jobRefused", jobRefused, nil},
	{"podsCannotStart", podsCannotStart, nil},
	{"podsCrash", podsCrash, nil},
	{"jobsFail", jobsFail, []string{"podsCannotStart", "podsCrash"}},
}

// jobSays is why there are so many Jobs of a ScaledJob, and what comes next.
func jobSays(c *store.Chain, f *facts) Decision {
	d := Decision{Rule: "jobSays", Phase: Looking, Link: LinkKEDA}
	if f.found = findingsOf(jobDiagnoses, c, f); len(f.found) > 0 {
		d, _ = worst(c, f)
		d.Findings = f.found
		return d
	}
	j, r := c.ScaledJob, c.Reading()
	active := j.Conditions.Get("Active")
	run := c.Workload != nil && c.Jobs.Running > 0
	most := fmt.Sprintf("at most %d at once", c.Max())
	switch err := firstError(c); {
	case j.Paused:
		d.Phase, d.Why = PhasePaused, "KEDA makes no Jobs: it is paused by the annotation autoscaling.keda.sh/paused."
		if run {
			d.Next = jobsRun(c.Jobs.Running) + " and will end by themselves."
		}
		return d
	case err != "":
		d.Why, d.Link = fmt.Sprintf("%s, %s; kscope cannot read the queue: %s", howManyRun(c), most, sentence(err)), LinkQueue
	case !r.Known:
		d.Why = fmt.Sprintf("%s, %s; how much work waits is not known.", howManyRun(c), most)
	case !r.IsActive():
		d.Why = fmt.Sprintf("%s; %s.", allQuiet(c, r), lower(howManyRun(c)))
		d.Next = fmt.Sprintf("KEDA looks every %s, and makes Jobs once there is work.", words.Span(j.PollingInterval))
		if run {
			d.Next = "KEDA makes no more until there is work; those that run end by themselves."
		}
		if j.MinReplicaCount > 0 {
			d.Next = fmt.Sprintf("KEDA looks every %s, and keeps %s running whether there is work or not: minReplicaCount.", words.Span(j.PollingInterval), words.Plural(j.MinReplicaCount, "Job"))
		}
	default:
		jobsForWork(&d, c, f, r)
	}
	switch {
	case run || active.True():
		d.Phase = Working
	case active.False():
		d.Phase = Asleep
	}
	return d
}

// jobsForWork is what KEDA makes of work that waits, by its own sum.
func jobsForWork(d *Decision, c *store.Chain, f *facts, r store.Reading) {
	j := c.ScaledJob
	look := "at its next look, within " + words.Span(j.PollingInterval)
	d.Why = fmt.Sprintf("%s; %s, at most %d at once.", waits(r), lower(howManyRun(c)), c.Max())
	n, ok := nextJobs(c, f)
	if !ok {
		d.Next = "KEDA looks every " + words.Span(j.PollingInterval) + "."
		return
	}
	running := c.Jobs.Running
	switch made := int(n.Create()); {
	case made > 0:
		more := fmt.Sprintf("%d more", made)
		if running == 0 {
			more = words.Plural(made, "Job")
		}
		d.Next = fmt.Sprintf("KEDA makes %s %s.", more, look)
		d.Ahead = soon(f, store.KEDA, int32(made), int32(made), j.PollingInterval)
	case running >= int(c.Max()):
		d.Why = fmt.Sprintf("%s of at most %d, so no more are made: maxReplicaCount is the limit. %s.", jobsRun(running), c.Max(), waits(r))
		d.Next = fmt.Sprintf("When one ends, KEDA makes another %s.", look)
	case c.Jobs.Pending == running:
		d.Why = fmt.Sprintf("%s, made for the work there is, but none has a running pod yet.", jobsRun(running))
		d.Next = "They begin once their pods run."
	default:
		d.Why = fmt.Sprintf("%s: as many as KEDA makes of this.", waits(r)+", and "+lower(jobsRun(running)))
		d.Next = "KEDA makes more when more waits than they work on, or when one ends."
	}
}

// nextJobs is what KEDA's next look will come to if nothing changes before it; false
// where something that it depends on is not known.
func nextJobs(c *store.Chain, f *facts) (scaling.JobDecision, bool) {
	if j, ok := outlook.JobsOf(c, f.now); ok {
		return j.Next(), true
	}
	return scaling.JobDecision{}, false
}

func jobsRun(n int) string {
	if n == 1 {
		return "1 Job runs"
	}
	return words.Plural(n, "Job") + " run"
}

// stillRun is how many run when some have come or gone.
func stillRun(n int32) string {
	switch n {
	case 0:
		return "none runs"
	case 1:
		return "1 runs"
	}
	return fmt.Sprintf("%d run", n)
}

// howManyRun begins a sentence with how many Jobs run.
func howManyRun(c *store.Chain) string {
	switch {
	case c.Workload == nil && c.WorkloadStatus.State == kscope.Forbidden:
		return "You may not see how many Jobs run"
	case c.Workload == nil:
		return "How many Jobs run is not known"
	case c.Jobs.Running == 0:
		return "No Job runs"
	case c.Jobs.Pending > 0 && c.PodStatus.Current() && c.Jobs.Pending < c.Jobs.Running:
		return fmt.Sprintf("%s, %d of them without a running pod yet", jobsRun(c.Jobs.Running), c.Jobs.Pending)
	}
	return jobsRun(c.Jobs.Running)
}

// jobsLink is how many Jobs run.
func jobsLink(c *store.Chain) Link {
	l := Link{Name: "Jobs", Value: Unknown, Word: "being read"}
	switch {
	case c.Workload == nil:
		if c.WorkloadStatus.State == kscope.Forbidden {
			l.Word = "not permitted"
		}
		return l
	case c.Jobs.Running == 0:
		l.State, l.Word = LinkIdle, "none"
	case c.Jobs.Running >= int(c.Max()):
		l.State, l.Word = LinkOK, "at max"
	case c.Jobs.Pending > 0 && c.PodStatus.Current():
		l.State, l.Word = LinkWorking, fmt.Sprintf("%d pending", c.Jobs.Pending)
	default:
		l.State, l.Word = LinkOK, "running"
	}
	l.Number = number(int32(c.Jobs.Running))
	return l
}

// jobRefused is a ScaledJob that KEDA makes no Jobs of.
func jobRefused(c *store.Chain, f *facts) (Finding, bool) {
	ready := c.ScaledJob.Conditions.Get("Ready")
	if !ready.False() || c.ScaledJob.Paused {
		return Finding{}, false
	}
	x := Finding{Link: LinkKEDA,
		Says:     "KEDA is not ready to make Jobs of this: " + sentence(orElse(ready.Message, ready.Reason)),
		Next:     "No Jobs are made until that is mended.",
		Evidence: []Evidence{conditionOf(self(c), ready)},
		Move:     describeSelf(c, "Its events say what KEDA objects to.")}
	if w := warned(c, f.now, complaint, "KEDAScalerFailed"); w != nil { // the condition does not say why
		x.Says, x.Evidence = "KEDA makes no Jobs of this: "+sentence(w.Note), append(x.Evidence, warningOf(w))
	}
	return x, true
}

// failedLately is how long after a Job has failed it is what is wrong.
const failedLately = 10 * time.Minute

// jobsFail is Jobs that failed a short time ago.
func jobsFail(c *store.Chain, f *facts) (Finding, bool) {
	j := c.JobFailed
	if j == nil || f.now.Sub(j.Ended) > failedLately {
		return Finding{}, false
	}
	why := orElse(j.Message, j.Reason)
	return Finding{Link: LinkWorkload,
		Says: fmt.Sprintf("Jobs fail, the last one %s ago: %s %d failed and %d done are kept.",
			words.Age(max(f.now.Sub(j.Ended), 0)), sentence(why), c.Jobs.Failed, c.Jobs.Done),
		Next:     "What a failed Job had taken is not tried again by KEDA, which makes Jobs of what waits.",
		Evidence: []Evidence{{Object: "Job " + j.Ref.Name, Field: "condition Failed", Value: j.Reason + ": " + j.Message, Since: j.Ended}},
		Move:     Move{kubectl(c, "logs", "job/"+j.Ref.Name, "--tail=20"), "It shows the last words of its container, if its pod is still there."}}, true
}
