package dashboard_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope/e2e/screen"
)

// atOnce is how soon what a key did must be seen. It is a second for a person,
// and what a busy machine adds.
const atOnce = 3 * time.Second

// TestStory is the demo as a presenter gives it, with the demo's own polling
// interval and cooldown: from zero, through a small and a large batch, the
// HPA's steps and the cooldown, back to zero.
func TestStory(t *testing.T) {
	t.Parallel()
	takeDemo(t)
	applyDemo(t)
	waitForReplicas(t, "demo", "queue-worker", 0)

	// Without colours, so that big letters can be read.
	s := kscope(t, screen.Options{Cols: 120, Rows: 35, Env: []string{"NO_COLOR=1"}}, "-n", "demo")
	w := watch(t, s, "demo", "queue-worker", "keda-hpa-worker-scaler", "orders")
	atZero := links{"0", "inactive", "resting", "0/0", "0 ready"}
	text := s.WaitFor(patience, "sleeping demo", both(chainIs(atZero), has("asleep", "orders is empty", "batch 10", "Pods      none")))
	if n := filled(s); n != 0 {
		t.Errorf("%d cells of the chart are filled before there was a job:\n%s", n, text)
	}

	// Ten jobs: KEDA wakes the worker, and its first pod becomes ready.
	pressed := time.Now()
	s.Press("i")
	text = s.WaitFor(atOnce, "ten jobs in number and chart", func(text string) bool {
		l, _ := chain(text)
		return l.queue == "10" && filled(s) > 0 && strings.Contains(axisMarks(text), "+10")
	})
	t.Logf("the queue rose %s after the key", time.Since(pressed).Round(time.Millisecond))
	if !strings.Contains(text, "waking") {
		t.Errorf("with work and no pod the phase is not waking:\n%s", text)
	}
	w.saw(t, s, "you pushed 10 jobs")
	s.WaitFor(patience, "KEDA active", func(text string) bool {
		l, _ := chain(text)
		return l.keda == "active" && strings.Contains(axisMarks(text), "●1")
	})
	w.saw(t, s, "KEDA activated 0 → 1")
	w.saw(t, s, "kubelet pods ready 0 → ")

	// A hundred more: the HPA goes to the maximum in two steps, since one may
	// add four pods.
	s.Press("+")
	s.WaitFor(atOnce, "larger batch", has("batch 100"))
	s.Press("i")
	w.saw(t, s, "you pushed 100 jobs")
	s.WaitFor(patience, "HPA at work", func(text string) bool {
		l, _ := chain(text)
		return strings.HasPrefix(l.hpa, "wants ") && strings.Contains(axisMarks(text), "▲")
	})
	s.WaitFor(patience, "ten pods, in the lane too", func(text string) bool {
		l, _ := chain(text) // the Deployment's word; the pods' own may come a little later
		return l.target == "10/10" && l.pods == "10 ready" && strings.Contains(text, strings.Repeat("■ ", 10))
	})
	steps := w.steps(`^HPA scaled (\d+) → (\d+)`)
	if len(steps) < 2 {
		t.Errorf("the timeline has the HPA's steps %v, want two at least", steps)
	}
	t.Logf("the HPA's steps: %v", steps)

	// The queue runs dry and the cooldown is counted down.
	s.WaitFor(patience, "empty queue", func(text string) bool {
		l, _ := chain(text)
		return l.queue == "0"
	})
	w.saw(t, s, "workers took the last job")
	var left []int
	s.WaitFor(patience, "end of the cooldown", func(text string) bool {
		if n, ok := number(text, `(?m)^ Next.* to 0 in about (\d+)s`); ok {
			n, _ := strconv.Atoi(n)
			if len(left) == 0 || left[len(left)-1] != n {
				left = append(left, n)
			}
		}
		l, _ := chain(text)
		return strings.HasSuffix(l.target, "/0")
	})
	if len(left) < 10 || left[0] < left[len(left)-1]+10 {
		t.Errorf("the countdown to zero went %v, want it to fall second by second", left)
	}
	t.Logf("the countdown: %v", left)
	s.WaitFor(patience, "sleep, and a mark for the step to zero", both(both(chainIs(atZero), has("asleep")), func(text string) bool {
		// It is the newest mark; an older one, of the Deployment's first moment,
		// may have left the chart by now.
		return slices.ContainsFunc(strings.Split(axisMarks(text), "\n"), func(row string) bool { return strings.HasSuffix(row, "○0") })
	}))
	w.saw(t, s, "KEDA deactivated 10 → 0")
	waitForReplicas(t, "demo", "queue-worker", 0)
	s.Press("q")
	if got := s.Exit(patience); got != 0 {
		t.Errorf("exit status %d, want 0", got)
	}
}

// applyDemo applies the manifests of the demo as they are, but for the address
// of Redis, which here has no name in a cluster's DNS.
func applyDemo(t *testing.T) {
	t.Helper()
	for _, o := range demoObjects(t, "") {
		if o.GetKind() == "ScaledObject" {
			triggers, _, _ := unstructured.NestedSlice(o.Object, "spec", "triggers")
			if err := unstructured.SetNestedField(triggers[0].(map[string]any), c.RedisAddr, "metadata", "address"); err != nil {
				t.Fatal(err)
			}
			if err := unstructured.SetNestedSlice(o.Object, triggers, "spec", "triggers"); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Apply(t.Context(), "", o); err != nil {
			t.Fatal(err)
		}
		if o.GetKind() == "Namespace" {
			if err := c.WaitForNamespace(t.Context(), o.GetName()); err != nil {
				t.Fatal(err)
			}
		}
	}
	waitForScaledObject(t, "demo", "worker-scaler")
}

// steps finds the replica counts in timeline entries.
func (w *witness) steps(pattern string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	re := regexp.MustCompile(pattern)
	found := map[string]bool{}
	var out []string
	for e := range w.seen {
		if m := re.FindStringSubmatch(e); m != nil && !found[m[0]] {
			found[m[0]] = true
			out = append(out, m[1]+"→"+m[2])
		}
	}
	return out
}
