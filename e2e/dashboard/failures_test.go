package dashboard_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope/e2e/cluster"
	"github.com/kscope/kscope/e2e/screen"
)

// within is how soon a failure must be on the screen.
const within = 10 * time.Second

// The tests in this file stop servers that all tests share. So they do not call
// t.Parallel and run before those that do.

// TestRedisGoesAndComesBack kills Redis under a worker that is busy. What is
// not known any more becomes a question mark and a gap in the chart, never a
// zero, and all is well again when Redis is.
func TestRedisGoesAndComesBack(t *testing.T) {
	w := scaledWorker{namespace: newNamespace(t, "redis-gone"), jobSeconds: "60", max: 3}
	w.start(t)
	push(t, w.list, 10)
	waitForReplicas(t, w.namespace, w.name, 2)
	s := kscope(t, screen.Options{}, "-n", w.namespace)
	s.WaitFor(patience, "queue and pods", func(text string) bool {
		l, _ := chain(text)
		return l.queue == "8" && l.target == "2/2" && l.pods == "2 ready"
	})

	t.Cleanup(func() { startAgain(t, cluster.Redis) })
	if err := c.StopRedis(); err != nil {
		t.Fatal(err)
	}
	stopped := time.Now()
	s.WaitFor(within, "words for a Redis that is gone", both(has("Redis:", "connection refused", "PARTLY BLIND"), queueIs("?")))
	t.Logf("said after %s", time.Since(stopped).Round(time.Millisecond))
	text := s.WaitFor(patience, "KEDA and the HPA without a source", func(text string) bool {
		l, _ := chain(text)
		// How soon KEDA itself admits it depends on when it looked last.
		return (l.keda == "lost source" || l.keda == "not ready") && l.hpa == "no metric" && has("broken")(text)
	})
	if l, _ := chain(text); l.target != "2/2" || l.pods != "2 ready" {
		t.Errorf("the chain is %+v, want the two pods that are still there:\n%s", l, text)
	}
	s.Press("F", "<", "<", "<", "<", "<") // a few seconds are wide now, and nothing expected takes their room
	s.WaitFor(patience, "gap in the chart", has("no data"))

	if err := c.StartRedis(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The timeline is three entries long here, and KEDA's and the HPA's follow.
	s.WaitFor(patience, "queue of a Redis that is empty", both(queueIs("0"), both(has("can read Redis again"), lacks("PARTLY BLIND"))))
	push(t, w.list, 3)
	s.WaitFor(patience, "jobs that arrive", func(text string) bool {
		l, _ := chain(text)
		return (l.queue == "3" || l.queue == "2" || l.queue == "1") && l.keda == "active"
	})
	if text := s.Text(); !has("no data")(text) {
		t.Errorf("the gap does not stay:\n%s", text)
	}
}

// TestAPIServerGoesAndComesBack kills the API server. The queue is still
// measured, replicas are unknown, and what happened meanwhile is on the screen
// after it.
func TestAPIServerGoesAndComesBack(t *testing.T) {
	w := scaledWorker{namespace: newNamespace(t, "api-gone"), jobSeconds: "600", max: 3}
	w.start(t)
	push(t, w.list, 8)
	waitForReplicas(t, w.namespace, w.name, 2)
	s := kscope(t, screen.Options{}, "-n", w.namespace)
	s.WaitFor(patience, "queue and pods", func(text string) bool {
		l, _ := chain(text)
		return l.queue == "6" && l.target == "2/2" && l.pods == "2 ready"
	})

	t.Cleanup(func() { startAgain(t, cluster.APIServer) })
	if err := c.StopAPIServer(); err != nil {
		t.Fatal(err)
	}
	stopped := time.Now()
	s.WaitFor(within, "words for an API server that is gone", has("PARTLY BLIND", "connection refused", "is the API server running"))
	t.Logf("said after %s", time.Since(stopped).Round(time.Millisecond))
	push(t, w.list, 20)
	s.WaitFor(within, "queue that goes on", queueIs("26"))
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if l, ok := chain(s.Text()); ok && (strings.HasPrefix(l.target, "0/") || strings.HasPrefix(l.pods, "0 ")) {
			t.Fatalf("replicas that are unknown are shown as zero:\n%s", s.Text())
		}
	}
	s.Press("c", "<", "<", "<", "<", "<") // replicas in a chart of their own, and a few seconds wide
	s.WaitFor(patience, "gap in the replicas' line", has("no data"))

	if err := c.StartAPIServer(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitForReplicas(t, w.namespace, w.name, 3) // 28 jobs at 5 per pod, of 3 at most
	text := s.WaitFor(patience, "what the cluster says", func(text string) bool {
		l, _ := chain(text)
		return l.target == "3/3" && l.pods == "3 ready" && !strings.Contains(text, "PARTLY BLIND")
	})
	n, err := queues.LLen(t.Context(), w.list).Result()
	if err != nil {
		t.Fatal(err)
	}
	if l, _ := chain(text); l.queue != fmt.Sprint(n) {
		s.WaitFor(patience, "length of the queue", queueIs(fmt.Sprint(n)))
	}
}

// startAgain starts a server for the tests that follow if this one did not.
func startAgain(t *testing.T, program string) {
	t.Helper()
	if err := c.StartProgram(context.Background(), program); err != nil {
		t.Error(err)
	}
}

func queueIs(n string) func(string) bool {
	return func(text string) bool {
		l, ok := chain(text)
		return ok && l.queue == n
	}
}
