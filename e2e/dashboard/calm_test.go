package dashboard_test

import (
	"testing"
	"time"

	"github.com/kscope/kscope/e2e/screen"
)

// TestIdle looks for a minute, in which the clock moves on once, at a screen on
// which nothing happens: next to nothing is written to the terminal, and the API
// server is asked nothing but for the watches that are open.
func TestIdle(t *testing.T) {
	t.Parallel()
	const span, limit = time.Minute, 20 // bytes a second
	w := scaledWorker{namespace: newNamespace(t, "idle")}
	w.start(t)
	waitForReplicas(t, w.namespace, w.name, 0)
	p := newProxy(t, nil)
	s := kscope(t, screen.Options{Env: []string{"KUBECONFIG=" + p.kubeconfig}}, "-n", w.namespace)
	s.WaitFor(patience, "sleep", both(has("asleep"), queueIs("0")))
	s.WaitFor(patience, "all that there was to write", func(string) bool { return s.Quiet() > 4*time.Second })

	text, bytes, asked := s.Text(), s.Bytes(), len(p.asked())
	time.Sleep(span)
	if n := s.Bytes() - bytes; n > limit*int(span.Seconds()) {
		t.Errorf("%d bytes written in %s, want at most %d a second:\n%q\nthe screen before:\n%s\nand after:\n%s",
			n, span, limit, s.Raw()[bytes:], text, s.Text())
	} else {
		t.Logf("%d bytes written in %s: %q", n, span, s.Raw()[bytes:])
	}
	if more := p.asked()[asked:]; len(more) > 0 {
		t.Errorf("asked of the API server meanwhile: %q", more)
	}
}

func TestWithoutKEDA(t *testing.T) {
	t.Parallel()
	p := newProxy(t, withoutKEDA)
	s := kscope(t, screen.Options{Env: []string{"KUBECONFIG=" + p.kubeconfig}}, "-n", newNamespace(t, "no-keda"))
	s.WaitFor(patience, "advice", has("KEDA is not installed in this cluster", "helm install keda"))
	s.Press("q")
	if got := s.Exit(patience); got != 0 {
		t.Errorf("exit status %d, want 0", got)
	}
}
