package dashboard_test

import (
	"fmt"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/kscope/kscope/e2e/screen"
)

// A Job's pod runs for twelve seconds and takes nothing from the queue; those of the
// second ScaledJob are too late, which fails them.
const jobsManifest = `
apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {name: encoder}
spec:
  pollingInterval: 2
  maxReplicaCount: 3
  jobTargetRef:
    backoffLimit: 0
    template:
      metadata: {annotations: {pod-complete.stage.kwok.x-k8s.io/delay: 12s}}
      spec:
        restartPolicy: Never
        containers: [{name: encoder, image: encoder}]
  triggers:
  - type: redis
    metadata: {address: "%[1]s", listName: "%[2]s", listLength: "1"}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {name: late}
spec:
  pollingInterval: 2
  maxReplicaCount: 1
  jobTargetRef:
    backoffLimit: 0
    activeDeadlineSeconds: 3
    template:
      metadata: {annotations: {pod-complete.stage.kwok.x-k8s.io/delay: 60s}}
      spec:
        restartPolicy: Never
        containers: [{name: late, image: late}]
  triggers:
  - type: redis
    metadata: {address: "%[1]s", listName: "%[3]s", listLength: "1"}
`

// TestJobs is a ScaledJob from the first job to none: the Jobs that KEDA made, why
// there are no more, what is left of them, and one whose Jobs fail.
func TestJobs(t *testing.T) {
	t.Parallel()
	ns := newNamespace(t, "jobs")
	list, late := ns+"-videos", ns+"-late"
	if err := c.ApplyYAML(t.Context(), ns, fmt.Sprintf(jobsManifest, c.RedisAddr, list, late)); err != nil {
		t.Fatal(err)
	}
	s := kscope(t, screen.Options{}, "-n", ns, "encoder")
	s.WaitFor(patience, "no Jobs", has("Why", "is empty; no Job runs", "KEDA looks every 2s"))
	push(t, list, 7)
	s.WaitFor(patience, "as many Jobs as there may be", has("3 Jobs run of at most 3", "maxReplicaCount is the limit", "7 jobs wait", "made 3 Jobs", "3 ready"))
	if err := queues.Del(t.Context(), list).Err(); err != nil {
		t.Fatal(err)
	}
	s.WaitFor(patience, "the rest", has("is empty; 3 Jobs run", "those that run end by themselves"))
	s.WaitFor(patience, "the end of them", has("is empty; no Job runs", "done", "none runs"))

	push(t, late, 1)
	f := kscope(t, screen.Options{}, "-n", ns, "late")
	f.WaitFor(patience, "a Job that failed", has("Jobs fail, the last one", "longer than specified deadline", "a Job failed: DeadlineExceeded"))

	var rules []rbacv1.PolicyRule
	for _, k := range kinds {
		rules = append(rules, rbacv1.PolicyRule{APIGroups: []string{k.group}, Resources: []string{k.resource}, Verbs: []string{"get", "list", "watch"}})
	}
	kubeconfig, err := c.CreateUser(t.Context(), ns+"-no-jobs", ns, rules...)
	if err != nil {
		t.Fatal(err)
	}
	blind := kscope(t, screen.Options{Env: []string{"KUBECONFIG=" + kubeconfig}}, "encoder")
	blind.WaitFor(patience, "that Jobs are not seen", has("PARTLY BLIND", "you may not see how many Jobs run", "× jobs: you may not"))
}
