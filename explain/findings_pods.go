package explain

import (
	"fmt"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
)

// ailments are what the reasons of pods that fail mean, for those that say it
// less plainly.
var ailments = map[string]string{
	"CrashLoopBackOff": "the container keeps ending with an error", "Error": "the container ended with an error",
	"OOMKilled":    "the container needs more memory than its limit",
	"ErrImagePull": "the image cannot be pulled", "ImagePullBackOff": "the image cannot be pulled",
	"InvalidImageName": "the name of the image is not valid", "Unschedulable": "no node has room for them",
	"CreateContainerConfigError": "a ConfigMap or Secret that they need is not there",
	"Evicted":                    "the node was short of something and put them out",
}

// ailment says why a pod fails.
func ailment(p *kscope.Pod) string {
	if s := ailments[p.Reason]; s != "" {
		return s + " (" + p.Reason + ")"
	}
	return p.Reason
}

// The explanations of what keeps the ordinary story from being told.

func notSynced(c *store.Chain, f *facts) (Decision, bool) {
	st := c.WorkloadStatus
	if c.Workload != nil || st.Current() {
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

// targetMissing speaks only where the watch is complete and the kind is one
// that is watched as a whole.
func targetMissing(c *store.Chain, _ *facts) (Decision, bool) {
	t := c.Target()
	if c.Workload != nil {
		return Decision{}, false
	}
	if c.WorkloadStatus.Kind == kscope.ScaleTargets {
		return Decision{Phase: Looking, Link: LinkWorkload, Why: fmt.Sprintf("The replicas of %s %s are not known.", t.Kind, called(t.Name))}, true
	}
	d := Decision{Phase: Broken, Link: LinkWorkload,
		Why:  fmt.Sprintf("%s %s does not exist in namespace %s, so there is nothing to scale.", t.Kind, called(t.Name), c.ScaledObject.Ref.Namespace),
		Next: "Create it, or correct scaleTargetRef: " + retries}
	if h := c.HPA; c.ID.Kind == kscope.HPAs {
		d.Why = fmt.Sprintf("%s %s does not exist in namespace %s, so there is nothing to scale.", t.Kind, called(t.Name), h.Ref.Namespace)
		d.Next = "Create it, or correct scaleTargetRef: the HPA tries again at every sync."
	}
	return d, true
}

// podsOf is some of the pods: "3 of 10 pods", or all of them.
func podsOf(n, all int) string {
	if n == all {
		return pods(n)
	}
	return fmt.Sprintf("%d of %s", n, pods(all))
}

func podsCannotStart(c *store.Chain, f *facts) (Decision, bool) {
	rf, failing := c.Workload.Conditions.Get("ReplicaFailure"), c.Counts[kscope.PodFailing]+c.Starting.Again
	switch {
	case rf.True():
		return Decision{Phase: Broken, Link: LinkWorkload, Why: "Pods cannot be created: " + sentence(orElse(rf.Message, rf.Reason)),
			Next: "Kubernetes keeps trying. The HPA counts only pods that exist."}, true
	case failing > 0 && f.readyKnown && f.ready < f.desired:
		d := Decision{Phase: Broken, Link: LinkPods,
			Why:  fmt.Sprintf("%s cannot run; %s ready.", podsOf(failing, c.Counts.Alive()), isOrAre(f.ready)),
			Next: "More pods are likely to fail the same way."}
		if f.ready > 0 {
			d.Next = "Those that are ready go on."
		}
		if p := firstOf(c.Ailing, c.Starting.Ailed); p != nil {
			d.Why = fmt.Sprintf("%s cannot run: %s; %s ready.", podsOf(failing, c.Counts.Alive()), ailment(p), isOrAre(f.ready))
			d.Next += fmt.Sprintf(" kubectl describe pod -n %s %s says more.", p.Ref.Namespace, p.Ref.Name)
		}
		return d, true
	}
	return Decision{}, false
}
