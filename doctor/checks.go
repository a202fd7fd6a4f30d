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

// Needs is what the objects make use of.
type Needs struct {
	External bool // triggers whose metrics KEDA serves
	Resource bool // cpu or memory
	Jobs     bool // ScaledJobs
}

const (
	install = "helm install keda keda --repo https://kedacore.github.io/charts --namespace keda --create-namespace"
	metrics = "helm install metrics-server metrics-server --repo https://kubernetes-sigs.github.io/metrics-server/ --namespace kube-system"
)

// Cluster judges what a cluster says of itself, by what its objects need.
func Cluster(f *Facts, n Needs) []Check {
	if f.Err != nil {
		return []Check{{ID: "apiServer", About: "API server", State: Bad, Says: "It does not answer: " + f.Err.Error() + ".",
			Do: []Move{{"kubectl cluster-info", "It says which server is asked, and whether it answers there."}}}}
	}
	out := []Check{{ID: "apiServer", About: "API server", State: Good, Says: "Kubernetes " + f.Kubernetes + " answers."}}
	out = append(out, f.crds(n)...)
	if f.ScaledObjects.Served || f.ScaledObjects.Err != nil {
		out = append(out, f.external(), f.parts())
		if c, ok := f.leader(); ok {
			out = append(out, c)
		}
	}
	if n.Resource {
		out = append(out, f.resource())
	}
	return append(out, f.permissions()...)
}

// crds is whether KEDA's kinds are there.
func (f *Facts) crds(n Needs) []Check {
	c := Check{ID: "crds", About: "KEDA's kinds", State: Good, Says: "ScaledObjects and ScaledJobs are served."}
	switch {
	case f.ScaledObjects.Err != nil:
		c.State, c.Says = Unknown, "Whether they are served cannot be told: "+f.ScaledObjects.Err.Error()+"."
	case !f.ScaledObjects.Served:
		c.State, c.Says = Bad, "The API server knows no ScaledObjects: KEDA is not installed, or its CRDs are missing."
		c.Do = []Move{{install, "It installs KEDA with its CRDs."}}
	case !f.ScaledJobs.Served && n.Jobs:
		c.State, c.Says = Bad, "The API server knows no ScaledJobs: a CRD of KEDA's is missing."
		c.Do = []Move{{install, "It installs KEDA with its CRDs."}}
	}
	return []Check{c}
}

// external is whether KEDA answers for external metrics, and nobody else.
func (f *Facts) external() Check {
	s := f.External
	c := Check{ID: "externalMetrics", About: "external metrics", State: Good, Says: fmt.Sprintf("Service %s in namespace %s answers for them.", s.Service, s.Namespace)}
	const name = "v1beta1.external.metrics.k8s.io"
	look := Move{"kubectl get apiservice " + name + " -o yaml", "It shows who is asked, and why that fails."}
	seen := Evidence{Object: "APIService " + name}
	switch {
	case s.Err != nil:
		c.State, c.Says = Unknown, "Who answers for them cannot be told: "+s.Err.Error()+"."
		if apierrors.IsForbidden(s.Err) {
			c.Says = "Who answers for them cannot be told: this user may not read APIServices."
		}
		return c
	case !s.Found:
		c.State, c.Says = Bad, "Nobody answers for them: there is no APIService of that name, so no HPA gets a metric of KEDA's."
		c.Do = []Move{{strings.Replace(install, "helm install", "helm upgrade --install", 1), "It makes the APIService anew, with all of KEDA."}}
		c.Evidence = []Evidence{seen}
		return c
	case s.Service == "" || !ofKEDA(s.Service):
		c.State, c.Says = Bad, fmt.Sprintf("Service %s in namespace %s answers for them, which is not KEDA's: one only can, and KEDA's HPAs ask the wrong one.", s.Service, s.Namespace)
		c.Next = "Nothing that KEDA scales goes beyond its first replica."
		seen.Field, seen.Value = "spec.service", s.Namespace+"/"+s.Service
		c.Evidence, c.Do = []Evidence{seen}, []Move{look}
	case !s.Available:
		c.State, c.Says = Bad, "KEDA's metrics server cannot be reached: "+orElse(s.Message, s.Reason)+"."
		c.Says = strings.ReplaceAll(c.Says, "..", ".")
		c.Next = "Until it can, HPAs neither add nor remove pods; KEDA still goes from and to zero."
		seen.Field, seen.Value, seen.Since = "condition Available", "False, "+s.Reason, since(s.Since)
		c.Evidence = []Evidence{seen}
		c.Do = []Move{{fmt.Sprintf("kubectl -n %s get pods,endpointslices", s.Namespace), "It shows whether the metrics server runs and is behind its Service."}, look}
	}
	return c
}

// ofKEDA reports whether a Service has a name by which KEDA is installed.
func ofKEDA(service string) bool { return strings.Contains(service, "keda") }

// resource is whether anybody answers for cpu and memory.
func (f *Facts) resource() Check {
	s := f.Resource
	c := Check{ID: "resourceMetrics", About: "cpu and memory", State: Good, Says: fmt.Sprintf("Service %s in namespace %s answers for them.", s.Service, s.Namespace)}
	seen := Evidence{Object: "APIService v1beta1.metrics.k8s.io"}
	switch {
	case s.Err != nil:
		c.State, c.Says = Unknown, "Who answers for them cannot be told: "+s.Err.Error()+"."
	case !s.Found:
		c.State, c.Says = Bad, "Nobody answers for them, and triggers or HPAs here go by them: there is no metrics server."
		c.Next = "HPAs neither add nor remove pods by cpu or memory."
		c.Evidence, c.Do = []Evidence{seen}, []Move{{metrics, "It installs the usual one."}}
	case !s.Available:
		c.State, c.Says = Bad, "The metrics server cannot be reached: "+strings.TrimSuffix(orElse(s.Message, s.Reason), ".")+"."
		c.Next = "HPAs neither add nor remove pods by cpu or memory."
		seen.Field, seen.Value, seen.Since = "condition Available", "False, "+s.Reason, since(s.Since)
		c.Evidence, c.Do = []Evidence{seen}, []Move{{fmt.Sprintf("kubectl -n %s get pods,endpointslices", s.Namespace), "It shows whether it runs and is behind its Service."}}
	}
	return c
}

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

// leaderLate is how far past its end a Lease may be while clocks differ.
const leaderLate = 30 * time.Second

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

// permissions is what this user lacks for kscope.
func (f *Facts) permissions() []Check {
	about := "permissions"
	switch {
	case f.MayErr != nil:
		return []Check{{ID: "permissions", About: about, State: Unknown, Says: "They cannot be told: " + f.MayErr.Error() + "."}}
	case len(f.Denied) == 0:
		return []Check{{ID: "permissions", About: about, State: Good, Says: "This user may do all that kscope does."}}
	}
	var out []Check
	for _, p := range f.Denied {
		resource := p.Resource
		if p.Group != "" {
			resource += "." + p.Group
		}
		out = append(out, Check{ID: "permission", About: about, State: Warning,
			Says: fmt.Sprintf("This user may not %s %s, by which kscope knows %s.", p.Verb, resource, p.For)})
	}
	out[len(out)-1].Do = []Move{{"kubectl auth can-i --list", "It lists what this user may; the README of kscope has a role with all that it uses."}}
	return out
}

func keys(m map[string]bool) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func since(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
