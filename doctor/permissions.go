package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Permission is something that kscope does.
type Permission struct {
	Verb, Group, Resource string
	For                   string // what is missing on screen without it
}

// used is what kscope does, as the README grants it.
var used = []Permission{
	{"list", "keda.sh", "scaledobjects", "what KEDA scales"},
	{"list", "keda.sh", "scaledjobs", "what KEDA makes Jobs for"},
	{"list", "batch", "jobs", "how many Jobs of a ScaledJob run, and which fail"},
	{"list", "autoscaling", "horizontalpodautoscalers", "what the HPA wants, and why"},
	{"list", "apps", "deployments", "how many replicas there are"},
	{"list", "apps", "statefulsets", "how many replicas there are"},
	{"list", "", "pods", "which pods are ready, and what keeps others from it"},
	{"list", "", "events", "who scaled, and what was complained of"},
	{"get", "", "secrets", "passwords that triggers use"},
	{"get", "", "configmaps", "addresses that triggers use"},
	{"get", "keda.sh", "triggerauthentications", "how triggers log in"},
	{"get", "", "services", "the way to a Redis inside the cluster"},
	{"list", "discovery.k8s.io", "endpointslices", "the way to a Redis inside the cluster"},
	{"create", "", "pods/portforward", "the way to a Redis inside the cluster"},
}

// denied are the permissions that the user has not.
func denied(ctx context.Context, typed kubernetes.Interface, namespace string) ([]Permission, error) {
	may := make([]bool, len(used))
	errs := make([]error, len(used))
	var all sync.WaitGroup
	for i, p := range used {
		all.Go(func() {
			resource, sub, _ := strings.Cut(p.Resource, "/")
			review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
				ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: namespace, Verb: p.Verb, Group: p.Group, Resource: resource, Subresource: sub}}}
			said, err := within(ctx, func(ctx context.Context) (*authorizationv1.SelfSubjectAccessReview, error) {
				return typed.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
			})
			if errs[i] = err; err == nil {
				may[i] = said.Status.Allowed
			}
		})
	}
	all.Wait()
	var out []Permission
	for i, p := range used {
		if errs[i] != nil {
			return nil, errs[i]
		}
		if !may[i] {
			out = append(out, p)
		}
	}
	return out, nil
}

// permissions is what this user lacks for kscope.
func (f *Facts) permissions(n Needs) []Check {
	about := "permissions"
	denied := slices.DeleteFunc(slices.Clone(f.Denied), func(p Permission) bool { return p.Resource == "jobs" && !n.Jobs })
	switch {
	case f.MayErr != nil:
		return []Check{{ID: "permissions", About: about, State: Unknown, Says: "They cannot be told: " + f.MayErr.Error() + "."}}
	case len(denied) == 0:
		return []Check{{ID: "permissions", About: about, State: Good, Says: "This user may do all that kscope does."}}
	}
	var out []Check
	for _, p := range denied {
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
