package doctor

import (
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

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
