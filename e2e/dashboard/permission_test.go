package dashboard_test

import (
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/kscope/kscope/e2e/screen"
)

// kinds are what kscope watches.
var kinds = []struct {
	group, resource string
	chain           links  // without the permission, of a worker that sleeps
	says            string // beside the resource's name
}{
	{"", "pods", links{"0", "inactive", "resting", "0/0", "0 ready"}, "you may not watch pods"},
	{"autoscaling", "horizontalpodautoscalers", links{"0", "inactive", "?", "0/0", "0 ready"}, "not permitted"},
	{"apps", "deployments", links{"0", "inactive", "resting", "?", "?"}, "You may not see deployments"},
	{"apps", "statefulsets", links{"0", "inactive", "resting", "0/0", "0 ready"}, "forbidden"},
	{"", "events", links{"0", "inactive", "resting", "0/0", "0 ready"}, "forbidden"},
	{"keda.sh", "scaledjobs", links{"0", "inactive", "resting", "0/0", "0 ready"}, "forbidden"},
	{"keda.sh", "scaledobjects", links{}, "You may not see ScaledObjects"},
}

// A permission that is missing costs what it is for and nothing else, and the
// screen names it.
func TestMissingPermission(t *testing.T) {
	t.Parallel()
	ns := newNamespace(t, "rbac")
	w := scaledWorker{namespace: ns}
	w.start(t)
	waitForReplicas(t, ns, w.name, 0)
	for _, missing := range kinds {
		t.Run(missing.resource, func(t *testing.T) {
			t.Parallel()
			var rules []rbacv1.PolicyRule
			for _, k := range kinds {
				if k != missing {
					rules = append(rules, rbacv1.PolicyRule{APIGroups: []string{k.group}, Resources: []string{k.resource}, Verbs: []string{"get", "list", "watch"}})
				}
			}
			kubeconfig, err := c.CreateUser(t.Context(), ns+"-no-"+missing.resource, ns, rules...)
			if err != nil {
				t.Fatal(err)
			}
			s := kscope(t, screen.Options{Env: []string{"KUBECONFIG=" + kubeconfig}}) // its context names the namespace
			text := s.WaitFor(patience, "missing permission for "+missing.resource, func(text string) bool {
				return strings.Contains(text, missing.resource) && strings.Contains(text, missing.says) && strings.Contains(text, "PARTLY BLIND")
			})
			if missing.chain != (links{}) {
				text = s.WaitFor(patience, "the rest of the chain", chainIs(missing.chain))
			}
			t.Logf("\n%s", text)
		})
	}
}
