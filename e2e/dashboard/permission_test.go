package dashboard_test

import (
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/kscope/kscope/e2e/screen"
)

var (
	asleep = links{"0", "inactive", "resting", "0/0", "0 ready"}

	// kinds are what kscope watches.
	kinds = []struct {
		group, resource string
		chain           links  // without the permission, of a worker that sleeps
		line, says      string // at the bottom, and where the data would be
	}{
		{"", "pods", asleep, "× pods:", "you may not watch pods"},
		{"autoscaling", "horizontalpodautoscalers", links{"0", "inactive", "?", "0/0", "0 ready"}, "× horizontalpodautoscalers:", "not permitted"},
		{"apps", "deployments", links{"0", "inactive", "resting", "?", "?"}, "× deployments:", "You may not see deployments"},
		{"apps", "statefulsets", asleep, "× statefulsets:", ""},
		{"", "events", asleep, "× events:", "you may not read events"},
		{"keda.sh", "scaledjobs", asleep, "× scaledjobs:", ""},
		// What is left of it is the HPA, which knows whose it is.
		{"keda.sh", "scaledobjects", links{}, "× scaledobjects:", "Why KEDA holds it there is in ScaledObject worker-scaler"},
	}
)

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
			s.WaitFor(patience, "words for it", has("PARTLY BLIND", missing.line, "may not", "ask for permission", missing.says))
			if missing.chain != (links{}) {
				s.WaitFor(patience, "rest of the chain", chainIs(missing.chain))
			}
		})
	}
}
