package dashboard_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/kscope/kscope/e2e/screen"
)

// asContext returns a kubeconfig for the administrator whose one context has
// another name. By its name kscope judges how careful to be.
func asContext(t *testing.T, name string) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(c.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.Contexts[name] = config.Contexts[config.CurrentContext]
	delete(config.Contexts, config.CurrentContext)
	config.CurrentContext = name
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func (w *scaledWorker) length(t *testing.T) int64 {
	t.Helper()
	n, err := queues.LLen(t.Context(), w.list).Result()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestPromptOutsideLocalClusters puts load on a queue that nobody has armed:
// only after the namespace was typed, and then with the whole story, for a
// worker without a readiness probe that takes the newest job first.
func TestPromptOutsideLocalClusters(t *testing.T) {
	t.Parallel()
	w := scaledWorker{namespace: newNamespace(t, "typed"), env: "POP=LPOP", jobSeconds: "0.5"}
	w.start(t)
	waitForReplicas(t, w.namespace, w.name, 0)
	s := kscope(t, screen.Options{Env: []string{"KUBECONFIG=" + asContext(t, "prod")}}, "-n", w.namespace)
	saw := watch(t, s, w.namespace, w.name, "keda-hpa-"+w.name+"-scaler", w.list)
	atZero := links{"0", "inactive", "resting", "0/0", "0 ready"}
	s.WaitFor(patience, "sleep", chainIs(atZero))

	s.Press("i")
	text := s.WaitFor(patience, "prompt", has("Type the namespace to go on"))
	for _, words := range []string{"prod", w.namespace, w.list, c.RedisAddr, "jobs       10", `each like  {"id":`} {
		if !strings.Contains(text, words) {
			t.Errorf("the prompt does not name %q:\n%s", words, text)
		}
	}
	s.Press("y", "enter")
	s.WaitFor(patience, "refusal", has("ot the namespace"))
	s.Press("backspace")
	s.Type(strings.ToUpper(w.namespace))
	s.Press("enter")
	s.WaitFor(patience, "what was typed", has(strings.ToUpper(w.namespace)))
	s.Press("esc")
	s.WaitFor(patience, "end of the prompt", both(has("Nothing was pushed"), lacks("Type the namespace")))
	if n := w.length(t); n != 0 {
		t.Fatalf("%d jobs went in without consent", n)
	}

	s.Press("i")
	s.WaitFor(patience, "prompt again", has("Type the namespace to go on"))
	s.Type(w.namespace)
	s.Press("enter")
	saw.saw(t, s, "you pushed 10 jobs the queue is 10 long")
	s.Press("i") // armed from now on, so nothing is asked
	saw.saw(t, s, "you pushed 10 jobs the queue is 20 long")
	s.WaitFor(patience, "HPA at work", func(text string) bool {
		l, _ := chain(text)
		return l.keda == "active" && strings.HasPrefix(l.hpa, "wants ") && !strings.HasPrefix(l.pods, "0")
	})
	s.WaitFor(patience, "cooldown", has("cooling down", " to 0 in about "))
	s.WaitFor(patience, "sleep again", both(chainIs(atZero), has("asleep")))
	saw.saw(t, s, "KEDA deactivated")
}

// On a cluster of one's own a y is enough, and an n too.
func TestPromptOnLocalClusters(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"kind-mine", "k3d-mine", "minikube", "docker-desktop"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := scaledWorker{namespace: newNamespace(t, "local"), jobSeconds: "60", max: 1}
			w.start(t)
			s := kscope(t, screen.Options{Env: []string{"KUBECONFIG=" + asContext(t, name)}}, "-n", w.namespace)
			s.WaitFor(patience, "queue", queueIs("0"))
			s.Press("i")
			s.WaitFor(patience, "prompt", both(has("Put load on a real queue?", name, w.namespace, w.list), lacks("Type the namespace")))
			s.Press("n")
			s.WaitFor(patience, "end of the prompt", has("Nothing was pushed"))
			if n := w.length(t); n != 0 {
				t.Fatalf("%d jobs went in without consent", n)
			}
			s.Press("-")
			s.WaitFor(patience, "smaller batch", has("batch 1"))
			s.Press("i")
			s.WaitFor(patience, "prompt again", has("Put load on a real queue?", "jobs       1 "))
			s.Press("y")
			s.WaitFor(patience, "one job", has("pushed 1 job "))
		})
	}
}

// With --read-only no key puts anything anywhere, armed or not.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	w := scaledWorker{namespace: newNamespace(t, "read-only"), annotations: `{"kscope.dev/inject": "allow"}`}
	w.start(t)
	s := kscope(t, screen.Options{}, "-n", w.namespace, "--read-only")
	s.WaitFor(patience, "queue", both(queueIs("0"), lacks("inject")))
	s.Press("i")
	s.WaitFor(patience, "refusal", has("read-only."))
	s.Press("y", "enter", "+", "i")
	s.Settle(patience, time.Second)
	if n := w.length(t); n != 0 {
		t.Errorf("%d jobs went in", n)
	}
}

// An armed queue takes a batch at once, and the server's answer is what is
// shown.
func TestArmedByAnnotation(t *testing.T) {
	t.Parallel()
	w := scaledWorker{namespace: newNamespace(t, "armed"), annotations: `{"kscope.dev/inject": "allow"}`, jobSeconds: "60", max: 1}
	w.start(t)
	s := kscope(t, screen.Options{Env: []string{"KUBECONFIG=" + asContext(t, "prod")}}, "-n", w.namespace)
	saw := watch(t, s, w.namespace, w.name, "keda-hpa-"+w.name+"-scaler", w.list)
	s.WaitFor(patience, "queue", queueIs("0"))
	s.Press("+", "+", "+", "+") // one more than there are
	s.WaitFor(patience, "largest batch", has("batch 10,000"))
	s.Press("i")
	saw.saw(t, s, "you pushed 10,000 jobs the queue is 10,000 long")
	s.WaitFor(patience, "length of the queue", func(text string) bool {
		l, _ := chain(text)
		return l.queue == "10,000" || l.queue == "9,999"
	})
	payload, err := queues.LRange(t.Context(), w.list, 0, 0).Result()
	if err != nil || len(payload) != 1 || !strings.HasPrefix(payload[0], `{"id":`) {
		t.Errorf("the newest job is %q, %v", payload, err)
	}
}
