package compare

import (
	"slices"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/kscope/kscope/e2e/cluster"
)

// TestScored: what is played for the score alone takes no longer than the rest, and
// has manifests of the kinds that it says.
func TestScored(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Scenarios() {
		seen[s.Name] = true
	}
	if got, most := End(Scored()), End(Scenarios()); got > most {
		t.Errorf("they take %v, want %v at most", got, most)
	}
	for _, s := range Scored() {
		if seen[s.Name] {
			t.Errorf("%s is there twice", s.Name)
		}
		if s.HPAOf != "" && !seen[s.HPAOf] {
			t.Errorf("%s is by the metric of %s, which is not there", s.Name, s.HPAOf)
		}
		want := "Deployment ScaledObject"
		switch {
		case s.HPAOf != "":
			want = "Deployment HorizontalPodAutoscaler"
		case s.Jobs:
			want = "ScaledJob"
		}
		objs, err := cluster.Decode([]byte(s.Manifest("somewhere", "127.0.0.1:6379")))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range objs {
			got = append(got, o.GetKind())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s is of %q, want %q", s.Name, got, want)
		}
	}
}

// TestNoteJob: Jobs that come together are one step, others another.
func TestNoteJob(t *testing.T) {
	traces := map[string]Trace{"jobs": {{}}}
	made := func(kind watch.EventType, of string, at time.Duration) {
		noteJob(traces, watch.Event{Type: kind, Object: &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"scaledjob.keda.sh/name": of}}}}, at)
	}
	made(watch.Added, "jobs", 10*time.Second)
	made(watch.Added, "jobs", 10*time.Second+300*time.Millisecond)
	made(watch.Modified, "jobs", 12*time.Second)
	made(watch.Added, "others", 12*time.Second)
	made(watch.Added, "jobs", 15*time.Second)
	want := Trace{{}, {10 * time.Second, 2, keda, keda}, {15 * time.Second, 3, keda, keda}}
	if got := traces["jobs"]; !slices.Equal(got, want) || len(traces) != 1 {
		t.Errorf("got %v, want %v", traces, want)
	}
}
