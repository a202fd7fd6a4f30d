package explain

import (
	"fmt"
	"regexp"
	"sort"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// ailments are what the reasons of pods that fail mean, for those that say it
// less plainly, where the pod says nothing more.
var ailments = map[string]string{
	"CrashLoopBackOff": "the container keeps ending with an error", "Error": "the container ended with an error",
	"OOMKilled":    "the container needs more memory than its limit",
	"ErrImagePull": "the image cannot be pulled", "ImagePullBackOff": "the image cannot be pulled",
	"InvalidImageName": "the name of the image is not valid", "Unschedulable": "no node takes them",
	"CreateContainerConfigError": "the container cannot be configured",
	"Evicted":                    "the node was short of something and put them out",
}

// nodes is how the scheduler begins to say why no node fits, and how it ends.
var nodes = regexp.MustCompile(`^\d+/\d+ nodes are available: |[.,]? ?(?:no new claims to deallocate, )?preemption: .*$`)

// How the scheduler says how many nodes have not enough of what, and how many have a
// taint.
var (
	lacking     = regexp.MustCompile(`(\d+) Insufficient (\S+?)\b`)
	untolerated = regexp.MustCompile(`(\d+) node\(s\) had untolerated taint(?:\(s\))?`)
)

// ailment says why a pod fails: the cluster's own words where they are the cause,
// else what the reason means.
func ailment(p *kscope.Pod) string {
	said := strings.TrimSpace(p.Message)
	_, inner, _ := strings.Cut(said, ": ") // after the container's name
	switch p.Reason {
	case "Unschedulable":
		if why := strings.TrimSuffix(nodes.ReplaceAllString(said, ""), "."); why != "" {
			return "no node takes them: " + untolerated.ReplaceAllString(lacking.ReplaceAllString(why, "$1 with too little $2 free"), "$1 with a taint they do not tolerate")
		}
	case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
		if inner != "" {
			return strings.TrimSuffix(inner, ".") + " (" + p.Reason + ")"
		}
	case "CrashLoopBackOff", "Error":
		if strings.HasPrefix(inner, "OOMKilled") {
			return ailments["OOMKilled"] + " (OOMKilled)"
		}
	}
	if s := ailments[p.Reason]; s != "" {
		return s + " (" + p.Reason + ")"
	}
	return p.Reason
}

// moveFor is what to do about a pod that fails.
func moveFor(c *store.Chain, p *kscope.Pod) Move {
	name := p.Ref.Name
	switch p.Reason {
	case "CrashLoopBackOff", "Error", "OOMKilled":
		return Move{kubectl(c, "logs", name, "--previous", "--tail=20"), "It shows the last words of the container that ended."}
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull":
		return Move{kubectl(c, "describe", "pod", name), "Its events have the image's name and the registry's answer."}
	case "Unschedulable":
		return Move{kubectl(c, "describe", "pod", name), "Its events say what no node has; free some of it, or ask for less."}
	}
	return Move{kubectl(c, "describe", "pod", name), "Its events say what the pod waits for."}
}

// podOf is a pod as evidence.
func podOf(p *kscope.Pod) Evidence {
	value := p.Reason
	if p.Message != "" {
		value += ": " + p.Message
	}
	return Evidence{Object: "Pod " + p.Ref.Name, Field: "status", Value: strings.TrimPrefix(value, ": "), Since: p.Created}
}

// targetName is the target in evidence.
func targetName(c *store.Chain) string { return c.Target().Kind + " " + c.Target().Name }

// The explanations of what keeps the ordinary story from being told.

func notSynced(c *store.Chain, f *facts) (Decision, bool) {
	st := c.WorkloadStatus
	if c.Workload != nil || st.Current() || len(f.found) > 0 { // what KEDA objects to counts more
		return Decision{}, false
	}
	d := Decision{Phase: Looking, Link: LinkWorkload, Why: "Reading " + called(c.Target().Name) + " from the API server."}
	switch st.State {
	case kscope.Forbidden:
		d.Why = fmt.Sprintf("You may not see %s, so the replicas of %s are unknown.", st.Kind, called(c.Target().Name)) + replicasWere(c, f)
		d.Next = fmt.Sprintf("Everything else goes on. Ask for get, list and watch on %s.", st.Kind)
	case kscope.Failing, kscope.Absent:
		d.Why = fmt.Sprintf("kscope cannot watch %s: %s", st.Kind, sentence(st.Message)) + replicasWere(c, f)
		d.Next = "kscope keeps trying."
	}
	return d, true
}

// targetUnknown is a target of a kind that is not watched as a whole: that it is
// not there cannot be told.
func targetUnknown(c *store.Chain, f *facts) (Decision, bool) {
	t := c.Target()
	if c.Workload != nil || len(f.found) > 0 {
		return Decision{}, false
	}
	return Decision{Rule: "targetMissing", Phase: Looking, Link: LinkWorkload, Why: fmt.Sprintf("The replicas of %s %s are not known.", t.Kind, called(t.Name))}, true
}

// podsOf is some of the pods: "3 of 10 pods", or all of them.
func podsOf(n, all int) string {
	if n == all {
		return pods(n)
	}
	return fmt.Sprintf("%d of %s", n, pods(all))
}

// targetMissing speaks only where the watch is complete and the kind is one
// that is watched as a whole.
func targetMissing(c *store.Chain, _ *facts) (Finding, bool) {
	t := c.Target()
	if c.Workload != nil || !c.WorkloadStatus.Current() || c.WorkloadStatus.Kind == kscope.ScaleTargets || c.ScaledJob != nil {
		return Finding{}, false
	}
	x := Finding{Link: LinkWorkload,
		Says:     fmt.Sprintf("%s %s does not exist in namespace %s, so there is nothing to scale.", t.Kind, called(t.Name), namespace(c)),
		Next:     "Create it, or correct scaleTargetRef: " + retries,
		Evidence: []Evidence{settingOf(c, "spec.scaleTargetRef", t.Kind+" "+t.Name)},
		Move:     Move{kubectl(c, "get", strings.ToLower(t.Kind)+"s"), "It lists what there is to scale, by the names it goes by."}}
	if c.ID.Kind == kscope.HPAs {
		x.Next = "Create it, or correct scaleTargetRef: the HPA tries again at every sync."
	}
	return x, true
}

// podsNotCreated is a target whose pods the API server does not let in. That of a
// StatefulSet only events tell.
func podsNotCreated(c *store.Chain, f *facts) (Finding, bool) {
	if c.Workload == nil {
		return Finding{}, false
	}
	rf := c.Workload.Conditions.Get("ReplicaFailure")
	why, e := orElse(rf.Message, rf.Reason), conditionOf(targetName(c), rf)
	if !rf.True() {
		w := warned(c, f.now, complaint, "FailedCreate")
		if w == nil || w.Regarding.Kind != c.Workload.Kind || c.Workload.Current >= c.Workload.Desired {
			return Finding{}, false
		}
		why, e = w.Note, warningOf(w)
	}
	there := ""
	if is := c.Workload.Current; is < f.desired {
		there = fmt.Sprintf(": %d of %s %s there", is, words.Plural(f.desired, "pod"), verb(int(is), "is", "are"))
	}
	x := Finding{Link: LinkWorkload, Says: "Pods cannot be created: " + sentence(why),
		Next:     fmt.Sprintf("Kubernetes keeps trying%s. The HPA counts only pods that exist.", there),
		Evidence: []Evidence{e},
		Move:     describe(c, strings.ToLower(c.Target().Kind), c.Target().Name, "It says who refuses the pods, and why.")}
	if strings.Contains(why, "exceeded quota") {
		x.Move = Move{kubectl(c, "describe", "resourcequota"), "It shows what is used up: raise it, or ask for less per pod."}
	}
	return x, true
}

func podsCannotStart(c *store.Chain, f *facts) (Finding, bool) {
	failing := c.Counts[kscope.PodFailing] + c.Starting.Again
	if failing == 0 || !f.readyKnown || f.ready >= f.desired {
		return Finding{}, false
	}
	x := Finding{Link: LinkPods,
		Says: fmt.Sprintf("%s cannot run; %s ready.", podsOf(failing, c.Counts.Alive()), isOrAre(f.ready)),
		Next: "Kubernetes tries again; new pods are likely to fail alike.",
		Move: Move{kubectl(c, "get", "pods"), "It shows each pod with its reason."}}
	if f.ready > 0 {
		x.Next = "Those that are ready go on."
	}
	if p := firstOf(c.Ailing, c.Starting.Ailed); p != nil {
		why := ailment(p)
		if failing == 1 {
			why = strings.NewReplacer("takes them", "takes it", "they do not", "it does not").Replace(why)
		}
		x.Says = fmt.Sprintf("%s cannot run: %s; %s ready.", podsOf(failing, c.Counts.Alive()), why, isOrAre(f.ready))
		x.Evidence, x.Move = append(x.Evidence, podOf(p)), moveFor(c, p)
	}
	return x, true
}

// podsCrash is containers that end again and again, in the moments in which none of
// them is down.
func podsCrash(c *store.Chain, f *facts) (Finding, bool) {
	p := c.Restarting
	if p == nil || !store.Unsteady(p, f.now) || f.desired == 0 || c.Counts[kscope.PodFailing] > 0 && f.ready < f.desired {
		return Finding{}, false
	}
	return Finding{Link: LinkPods,
		Says: fmt.Sprintf("The container keeps ending: %s was started again %s; %d of %d ready.", called(p.Ref.Name), words.Plural(p.Restarts, "time"),
			f.ready, f.desired),
		Next:     "It counts as a replica while it is down, and works on nothing.",
		Evidence: []Evidence{podOf(p), {Object: "Pod " + p.Ref.Name, Field: "restarts", Value: itoa(p.Restarts)}},
		Move:     Move{kubectl(c, "logs", p.Ref.Name, "--previous", "--tail=20"), "It shows the last words of the container that ended."}}, true
}

// rolloutStuck is a new version of the target that does not come up.
func rolloutStuck(c *store.Chain, _ *facts) (Finding, bool) {
	if c.Workload == nil {
		return Finding{}, false
	}
	is := c.Workload.Conditions.Get("Progressing")
	if !is.False() || is.Reason != "ProgressDeadlineExceeded" {
		return Finding{}, false
	}
	t := c.Target()
	return Finding{Link: LinkWorkload,
		Says:     fmt.Sprintf("The rollout of %s is stuck: its new pods do not get ready in time.", called(t.Name)),
		Next:     "The old pods go on as far as there are any; scaling makes pods of both versions.",
		Evidence: []Evidence{conditionOf(targetName(c), is)},
		Move:     Move{kubectl(c, "rollout", "undo", strings.ToLower(t.Kind)+"/"+t.Name), "It goes back to the version before, whose pods were ready."}}, true
}

// How long a pod may take to be ready: so many times as long as usual, and never
// less than least; where nobody knows what is usual, unusual.
const (
	timesUsual   = 4
	leastStart   = 3 * time.Minute
	unusualStart = 5 * time.Minute
)

// neverReady is pods that run, or should, and take far longer than usual to be
// ready.
func neverReady(c *store.Chain, f *facts) (Finding, bool) {
	p := c.Slow
	if p == nil || p.Created.IsZero() || c.Counts[kscope.PodFailing] > 0 || p.Restarts > 0 || !f.readyKnown || f.ready >= f.desired {
		return Finding{}, false
	}
	most := unusualStart
	if c.Starting.Usual > 0 {
		most = max(timesUsual*c.Starting.Usual, leastStart)
	}
	age := f.now.Sub(p.Created)
	if p.Phase == "Running" && c.Starting.Usual == 0 && !p.Started.IsZero() {
		age, most = f.now.Sub(p.Started), leastStart
	}
	if age <= most {
		return Finding{}, false
	}
	n := c.Counts[kscope.PodStarting] + c.Counts[kscope.PodPending]
	x := Finding{Link: LinkPods, Word: "not ready",
		Says:     fmt.Sprintf("%s not ready, for up to %s now; %s ready.", podsAreInt(n), words.Age(age), isOrAre(f.ready)),
		Next:     "The HPA counts pods that are not ready as if they worked, so it adds none for them.",
		Evidence: []Evidence{podOf(p)},
		Move:     Move{kubectl(c, "describe", "pod", p.Ref.Name), "Its events say what is waited for: an image, a volume, a probe that fails."}}
	if c.Starting.Usual > 0 {
		x.Says = fmt.Sprintf("%s not ready, for up to %s now; others were after %s.", podsAreInt(n), words.Age(age), words.Age(c.Starting.Usual))
		x.Evidence = append(x.Evidence, Evidence{Object: targetName(c), Field: "usual time to ready", Value: words.Age(c.Starting.Usual)})
	}
	if p.Phase == "Running" {
		x.Next = "They run, so a readiness probe fails. The HPA counts them as if they worked."
	}
	return x, true
}

// overstayed is how long after its grace period a pod may still be there.
const overstayed = time.Minute

// lingering is a pod that does not go although its time is up.
func lingering(c *store.Chain, f *facts) (Finding, bool) {
	p := c.Leaving
	if p == nil || f.now.Sub(p.Deleted) <= overstayed {
		return Finding{}, false
	}
	return Finding{Link: LinkPods,
		Says:     fmt.Sprintf("Pod %s should have ended %s ago and is still there.", called(p.Ref.Name), words.Age(f.now.Sub(p.Deleted))),
		Next:     "Its node may be gone, or a finalizer holds it. It counts as no replica.",
		Evidence: []Evidence{{Object: "Pod " + p.Ref.Name, Field: "grace period", Value: "ended", Since: p.Deleted}},
		Move:     Move{kubectl(c, "get", "pod", p.Ref.Name, "-o", "wide"), "It shows its node: if that is gone, the pod can be deleted with --force."}}, true
}

// podTroubles gives an entry for each reason for which pods cannot run now.
func podTroubles(pods []kscope.Pod) []Entry {
	byReason := map[string]*Entry{}
	n := map[string]int{}
	for _, p := range pods { // oldest first, so that its words stay
		if p.State() != kscope.PodFailing {
			continue
		}
		n[p.Reason]++
		if byReason[p.Reason] == nil {
			byReason[p.Reason] = &Entry{Entry: store.Entry{At: p.Created, Kind: store.Trouble, Actor: store.Kubelet}, Warn: true, Note: p.Message}
		}
	}
	var out []Entry
	for reason, e := range byReason {
		e.Note = strings.TrimSuffix(fmt.Sprintf("%s: %s: %s", words.Plural(n[reason], "pod"), reason, e.Note), ": ")
		if reason == "Unschedulable" {
			e.Actor = store.Kubernetes
		}
		e.said = e.Note
		out = append(out, *e)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Note < out[j].Note })
	return out
}
