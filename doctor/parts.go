package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kscope/kscope/words"
)

// parts is whether KEDA's programs run, and which KEDA it is.
func (f *Facts) parts() Check {
	c := Check{ID: "keda", About: "KEDA"}
	move := Move{"kubectl -n " + f.Namespace + " get pods", "It shows each pod with its reason."}
	if f.PodsErr != nil {
		c.State, c.Says = Unknown, "Whether it runs cannot be told: "+f.PodsErr.Error()+"."
		if apierrors.IsForbidden(f.PodsErr) {
			c.Says = fmt.Sprintf("Whether it runs cannot be told: this user may not list pods in namespace %s.", f.Namespace)
		}
		return c
	}
	if len(f.Pods) == 0 {
		c.State, c.Says = Unknown, fmt.Sprintf("No pod in namespace %s has a label of KEDA's: it runs elsewhere, or not at all.", f.Namespace)
		c.Do = []Move{{"kubectl get pods -A -l app.kubernetes.io/part-of=keda-operator", "It finds KEDA wherever it is."}}
		return c
	}
	ready, all, versions := map[string]int{}, map[string]int{}, map[string]bool{}
	for i := range f.Pods {
		p := &f.Pods[i]
		part := p.Labels["app"]
		if p.DeletionTimestamp != nil {
			continue
		}
		if all[part]++; isReady(p) {
			ready[part]++
		} else {
			c.Evidence = append(c.Evidence, Evidence{Object: "Pod " + p.Name, Field: "Ready", Value: "no, " + why(p)})
		}
		if v := versionOf(p); v != "" {
			versions[v] = true
		}
	}
	var runs, missing []string
	for _, part := range parts {
		if part == "keda-operator-metrics-apiserver" && all[part] == 0 && all["keda-metrics-apiserver"] > 0 { // of older installations
			part = "keda-metrics-apiserver"
		}
		name := strings.TrimPrefix(strings.TrimPrefix(part, "keda-operator-"), "keda-")
		switch {
		case ready[part] > 0:
			runs = append(runs, fmt.Sprintf("%s %d/%d", name, ready[part], all[part]))
		case part == "keda-admission-webhooks" && all[part] == 0: // can be left out
		default:
			missing = append(missing, name)
		}
	}
	is := "KEDA"
	if v := keys(versions); len(v) > 0 {
		is += " " + strings.Join(v, " and ")
	}
	c.State, c.Says = Good, fmt.Sprintf("%s runs in namespace %s: %s.", is, f.Namespace, strings.Join(runs, ", "))
	switch {
	case slices.Contains(missing, "operator"):
		c.State, c.Says = Bad, fmt.Sprintf("No pod of its operator is ready in namespace %s, so nothing goes from or to zero, and no metric is measured.", f.Namespace)
		c.Do = []Move{move}
	case len(missing) > 0:
		c.State, c.Says = Bad, fmt.Sprintf("No pod of its %s is ready in namespace %s.", strings.Join(missing, " and "), f.Namespace)
		c.Do = []Move{move}
	case len(c.Evidence) > 0:
		c.State, c.Do = Warning, []Move{move}
	case len(versions) > 1:
		c.State, c.Says = Warning, c.Says+" Its parts are of different versions."
	}
	return c
}

func isReady(p *corev1.Pod) bool {
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// why is what keeps a pod from being ready, in Kubernetes' words.
func why(p *corev1.Pod) string {
	for _, c := range p.Status.ContainerStatuses {
		if w := c.State.Waiting; w != nil && w.Reason != "" {
			return w.Reason
		}
		if t := c.State.Terminated; t != nil && t.Reason != "" {
			return t.Reason
		}
	}
	return orElse(p.Status.Reason, string(p.Status.Phase))
}

// versionOf is the version by the label of an installation, or by the image.
func versionOf(p *corev1.Pod) string {
	if v := p.Labels["app.kubernetes.io/version"]; v != "" {
		return v
	}
	for _, c := range p.Spec.Containers {
		image, _, _ := strings.Cut(c.Image, "@")
		if i := strings.LastIndexByte(image, ':'); i > strings.LastIndexByte(image, '/') {
			return image[i+1:]
		}
	}
	return ""
}

// leader is whether one of KEDA's operators works; false where that has no Lease, or
// may not be told.
func (f *Facts) leader() (Check, bool) {
	l := f.Lease
	if f.LeaseErr != nil || l == nil || l.Spec.RenewTime == nil || l.Spec.HolderIdentity == nil {
		return Check{}, false
	}
	age := f.At.Sub(l.Spec.RenewTime.Time)
	long := 15 * time.Second
	if s := l.Spec.LeaseDurationSeconds; s != nil {
		long = time.Duration(*s) * time.Second
	}
	holder, _, _ := strings.Cut(*l.Spec.HolderIdentity, "_")
	c := Check{ID: "leader", About: "KEDA's leader", State: Good, Says: fmt.Sprintf("%s works, and said so %s ago.", holder, words.Age(max(age, 0)))}
	if age > long+leaderLate {
		c.State = Bad
		c.Says = fmt.Sprintf("None of its operators works: %s led last, and has not said so for %s.", holder, words.Age(age))
		c.Evidence = []Evidence{{Object: "Lease " + l.Namespace + "/" + l.Name, Field: "renewTime", Value: l.Spec.RenewTime.Format(time.RFC3339)}}
		c.Do = []Move{{"kubectl -n " + l.Namespace + " logs -l app=keda-operator --tail=20", "It shows what the operators do instead."}}
	}
	return c, true
}
