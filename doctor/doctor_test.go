package doctor

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kscope/kscope/golden"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func pod(app, phase string, ready bool) corev1.Pod {
	p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: app + "-1", Labels: map[string]string{"app": app, "app.kubernetes.io/version": "2.21.0"}}, Status: corev1.PodStatus{Phase: corev1.PodPhase(phase)}}
	if ready {
		p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	}
	return p
}

// well is a cluster with which nothing is wrong.
func well() *Facts {
	holder, long, renewed := "keda-operator-1_abc", int32(15), metav1.NewMicroTime(noon.Add(-3*time.Second))
	return &Facts{
		At: noon, Kubernetes: "v1.35.0", ScaledObjects: Kind{Served: true}, ScaledJobs: Kind{Served: true},
		External:  APIService{Found: true, Namespace: "keda", Service: "keda-operator-metrics-apiserver", Available: true},
		Resource:  APIService{Found: true, Namespace: "kube-system", Service: "metrics-server", Available: true},
		Namespace: "keda", Pods: []corev1.Pod{pod("keda-operator", "Running", true), pod("keda-operator-metrics-apiserver", "Running", true), pod("keda-admission-webhooks", "Running", true)},
		Lease: &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: "keda", Name: "operator.keda.sh"},
			Spec: coordinationv1.LeaseSpec{HolderIdentity: &holder, LeaseDurationSeconds: &long, RenewTime: &renewed}},
	}
}

// TestCluster: each thing that a cluster may lack is said, with what to do, and
// nothing else is said of a cluster that lacks it.
func TestCluster(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", errors.New("no"))
	all := Needs{External: true, Resource: true, Jobs: true}
	for _, tt := range []struct {
		name   string
		breaks func(f *Facts)
		id     string
		state  State
		says   string
	}{
		{"nothing", func(*Facts) {}, "", Good, ""},
		{"the API server", func(f *Facts) { f.Err = errors.New("connection refused") }, "apiServer", Bad, "connection refused"},
		{"KEDA", func(f *Facts) { f.ScaledObjects, f.ScaledJobs = Kind{}, Kind{} }, "crds", Bad, "KEDA is not installed"},
		{"a CRD", func(f *Facts) { f.ScaledJobs = Kind{} }, "crds", Bad, "no ScaledJobs"},
		{"discovery", func(f *Facts) {
			f.ScaledObjects, f.ScaledJobs = Kind{Err: errors.New("slow")}, Kind{Err: errors.New("slow")}
		}, "crds", Unknown, "slow"},
		{"the APIService", func(f *Facts) { f.External = APIService{} }, "externalMetrics", Bad, "Nobody answers"},
		{"a foreign APIService", func(f *Facts) { f.External.Service = "prometheus-adapter" }, "externalMetrics", Bad, "which is not KEDA's"},
		{"no endpoints", func(f *Facts) { f.External.Available, f.External.Message = false, "endpoints not found" }, "externalMetrics", Bad, "endpoints not found"},
		{"APIServices forbidden", func(f *Facts) { f.External = APIService{Err: forbidden} }, "externalMetrics", Unknown, "may not read APIServices"},
		{"the metrics server", func(f *Facts) { f.Resource = APIService{} }, "resourceMetrics", Bad, "there is no metrics server"},
		{"the metrics server's pods", func(f *Facts) { f.Resource.Available, f.Resource.Reason = false, "MissingEndpoints" }, "resourceMetrics", Bad, "MissingEndpoints"},
		{"the operator", func(f *Facts) { f.Pods = f.Pods[1:] }, "keda", Bad, "its operator"},
		{"the operator's pod", func(f *Facts) { f.Pods[0] = pod("keda-operator", "Pending", false) }, "keda", Bad, "its operator"},
		{"the metrics adapter", func(f *Facts) { f.Pods = slices.Delete(f.Pods, 1, 2) }, "keda", Bad, "metrics-apiserver"},
		{"one of two operators", func(f *Facts) { f.Pods = append(f.Pods, pod("keda-operator", "Pending", false)) }, "keda", Warning, "operator 1/2"},
		{"two versions", func(f *Facts) { f.Pods[0].Labels["app.kubernetes.io/version"] = "2.20.0" }, "keda", Warning, "different versions"},
		{"KEDA's pods", func(f *Facts) { f.Pods = nil }, "keda", Unknown, "runs elsewhere"},
		{"pods forbidden", func(f *Facts) { f.Pods, f.PodsErr = nil, forbidden }, "keda", Unknown, "may not list pods"},
		{"a leader", func(f *Facts) { f.Lease.Spec.RenewTime.Time = noon.Add(-10 * time.Minute) }, "leader", Bad, "None of its operators works"},
		{"a permission", func(f *Facts) { f.Denied = used[:1] }, "permission", Warning, "may not list scaledobjects.keda.sh"},
		{"reviews", func(f *Facts) { f.MayErr = errors.New("no such API") }, "permissions", Unknown, "no such API"},
	} {
		f := well()
		tt.breaks(f)
		var wrong []Check
		for _, c := range Cluster(f, all) {
			if c.State != Good {
				wrong = append(wrong, c)
			}
		}
		switch {
		case tt.id == "":
			if len(wrong) > 0 {
				t.Errorf("%+v is said of a cluster with which nothing is wrong", wrong)
			}
		case len(wrong) != 1 || wrong[0].ID != tt.id || wrong[0].State != tt.state || !strings.Contains(wrong[0].Says, tt.says):
			t.Errorf("%s: %+v", tt.name, wrong)
		case wrong[0].State == Bad && len(wrong[0].Do) == 0:
			t.Errorf("%s: nothing is said about what to do", tt.name)
		}
	}
	f := well()
	f.Resource = APIService{}
	if checks := Cluster(f, Needs{External: true}); slices.ContainsFunc(checks, func(c Check) bool { return c.ID == "resourceMetrics" }) {
		t.Error("a metrics server is missed that nothing here goes by")
	}
}

// TestReport is how it reads, and that what it says may be anything.
func TestReport(t *testing.T) {
	f := well()
	f.External.Available, f.External.Reason, f.External.Message, f.External.Since = false, "MissingEndpoints", "endpoints for service/keda-operator-metrics-apiserver in \"keda\" have no addresses", noon.Add(-time.Hour)
	f.Denied = used[8:10]
	checks := append([]Check{
		{ID: "objects", About: "objects", State: Good, Says: "Nothing is found to be wrong with 2 of 3 objects."},
		{ID: "sourceLost", About: "demo/orders", State: Bad, Says: "The HPA gets nothing.\x1b[2J", Next: "It stays.", Evidence: []Evidence{{Object: "HPA a", Field: "condition ScalingActive", Value: "False"}}, Do: []Move{{"kubectl -n demo get hpa", "It shows it."}}},
		{ID: "neverReady", About: "demo/orders", State: Bad, Of: "sourceLost", Says: "Pods are not ready."},
	}, Cluster(f, Needs{External: true})...)
	r := New(noon, "kind-demo", "demo", checks)
	for name, look := range map[string]Look{"plain": {}, "narrow-ascii": {ASCII: true, Width: 60}, "colour": {Colour: true, Width: 100}} {
		var b bytes.Buffer
		if err := r.Text(&b, look); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "\x1b[2J") {
			t.Error("what the cluster says reaches the terminal")
		}
		golden.Compare(t, name+".txt", b.String())
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(b, &back); err != nil || len(back.Checks) != len(r.Checks) || back.Checks[0].ID != "sourceLost" || back.Version != 1 {
		t.Errorf("%v: %s", err, b)
	}
}

// TestReportOn: commands ask the cluster that was looked at.
func TestReportOn(t *testing.T) {
	do := []Move{{"kubectl -n demo get hpa", "It shows it."}, {"redis-cli PING", ""}}
	r := New(noon, "stage", "demo", []Check{{ID: "a", About: "objects", State: Bad, Do: do}}).On([]string{"--context=stage", "--server=http://127.0.0.1:1"})
	want := []Move{{"kubectl --context=stage --server=http://127.0.0.1:1 -n demo get hpa", "It shows it."}, {"redis-cli PING", ""}}
	if got := r.Checks[0].Do; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// TestReportCannotWriteToTheTerminal: neither as text nor as JSON, which leaves DEL,
// C1 and what turns text round as they are.
func TestReportCannotWriteToTheTerminal(t *testing.T) {
	const odd = "a\x1b]0;title\a\x1b[2J\u009b31m\u0085\u202e\u2066\x7f\nb"
	r := New(noon, odd, odd, []Check{{ID: "x", About: odd, State: Bad, Says: odd, Next: odd, Evidence: []Evidence{{Object: odd, Field: odd, Value: odd}}, Do: []Move{{odd, odd}}}})
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	if err := e.Encode(r); err != nil {
		t.Fatal(err)
	}
	if err := r.Text(&b, Look{}); err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexFunc(b.String(), func(c rune) bool { return c != '\n' && !unicode.IsPrint(c) }); i >= 0 {
		t.Errorf("%q", b.String()[i:])
	}
	if strings.Contains(b.String(), `\u`) {
		t.Errorf("it is escaped, for a reader to write out: %s", b.String())
	}
}

// TestStatus: what is wrong counts for more than what could not be told.
func TestStatus(t *testing.T) {
	for _, tt := range []struct {
		from   State
		states []State
		want   int
	}{
		{Warning, []State{Good, Good}, 0}, {Warning, []State{Good, Unknown, Warning}, 1}, {Warning, []State{Unknown, Good}, 2}, {Warning, []State{Note}, 0},
		{Bad, []State{Warning, Note}, 0}, {Bad, []State{Bad}, 1}, {Bad, []State{Warning, Unknown}, 2}, {Note, []State{Note, Unknown}, 1}, {Note, []State{Unknown}, 2}, {Note, []State{Good}, 0},
	} {
		var checks []Check
		for _, s := range tt.states {
			checks = append(checks, Check{State: s})
		}
		if got := New(noon, "", "", checks).Status(tt.from); got != tt.want {
			t.Errorf("from %s on, %v: %d, want %d", tt.from, tt.states, got, tt.want)
		}
	}
	if got := New(noon, "", "", Cluster(&Facts{Err: errors.New("refused")}, Needs{})).Status(Warning); got != 2 {
		t.Errorf("no API server: %d, want 2", got)
	}
}
