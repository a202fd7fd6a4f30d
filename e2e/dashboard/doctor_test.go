package dashboard_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/client-go/tools/clientcmd"
)

// check is one of what kscope doctor -o json says.
type check struct {
	ID, About, State, Says string
	Do                     []struct{ Command string }
}

// doctor runs kscope doctor and gives what it says and its exit status.
func doctor(t *testing.T, kubeconfig string, args ...string) (checks []check, status int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, append([]string{"doctor", "-o", "json"}, args...)...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // the status is what counts
	var report struct {
		Version int
		Checks  []check
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || report.Version != 1 {
		t.Fatalf("%v, version %d: %s %s", err, report.Version, out.Bytes(), errs.Bytes())
	}
	return report.Checks, cmd.ProcessState.ExitCode()
}

// TestDoctor holds what kscope doctor says of the cluster, of objects that are well
// and that are not, and of a user who may not see all.
func TestDoctor(t *testing.T) {
	t.Parallel()
	ns := newNamespace(t, "doctor")
	well := scaledWorker{namespace: ns}
	well.start(t)
	waitForReplicas(t, ns, well.name, 0)
	push(t, well.list, 0)

	checks, status := doctor(t, c.Kubeconfig, "-n", ns)
	state := func(id string) string {
		i := slices.IndexFunc(checks, func(c check) bool { return c.ID == id })
		if i < 0 {
			return ""
		}
		return checks[i].State
	}
	for _, id := range []string{"apiServer", "crds", "externalMetrics", "objects", "queues", "permissions"} {
		if state(id) != "good" {
			t.Errorf("%s is %q of a cluster that is well: %+v", id, state(id), checks)
		}
	}
	// KEDA's programs are no pods here, so whether they run cannot be told.
	if state("keda") != "unknown" || status != 2 {
		t.Errorf("KEDA is %q, and the exit status %d: %+v", state("keda"), status, checks)
	}

	ill := scaledWorker{namespace: ns, target: "ghost"}
	ill.apply(t)
	waitForDoctor(t, ns, "targetMissing")
	checks, status = doctor(t, c.Kubeconfig, "-n", ns)
	if first := checks[0]; status != 1 || first.ID != "targetMissing" || first.State != "bad" || !strings.HasPrefix(first.About, ns+"/") || len(first.Do) != 1 || !strings.Contains(first.Do[0].Command, "kubectl -n "+ns) {
		t.Errorf("exit status %d, and first it says %+v", status, first)
	}

	user, err := c.CreateUser(t.Context(), ns+"-half", ns, rbacv1.PolicyRule{APIGroups: []string{"keda.sh"}, Resources: []string{"scaledobjects"}, Verbs: []string{"get", "list", "watch"}})
	if err != nil {
		t.Fatal(err)
	}
	checks, status = doctor(t, user)
	if state("permission") != "warning" || status != 1 || !slices.ContainsFunc(checks, func(c check) bool { return strings.Contains(c.Says, "may not list pods") }) {
		t.Errorf("exit status %d of a user who sees ScaledObjects only: %+v", status, checks)
	}

	nowhere, err := clientcmd.LoadFromFile(c.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	for _, cluster := range nowhere.Clusters {
		cluster.Server = "https://127.0.0.1:1"
	}
	path := t.TempDir() + "/kubeconfig"
	if err := clientcmd.WriteToFile(*nowhere, path); err != nil {
		t.Fatal(err)
	}
	if checks, status = doctor(t, path); status != 2 || len(checks) != 1 || state("apiServer") != "bad" {
		t.Errorf("exit status %d without an API server: %+v", status, checks)
	}
}

// waitForDoctor waits until KEDA and the HPA have come so far that a finding is there.
func waitForDoctor(t *testing.T, ns, id string) {
	t.Helper()
	for range 10 {
		checks, _ := doctor(t, c.Kubeconfig, "-n", ns)
		if slices.ContainsFunc(checks, func(c check) bool { return c.ID == id }) {
			return
		}
	}
	t.Fatalf("%s is not found", id)
}
