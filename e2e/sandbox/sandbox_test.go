// Package sandbox_test runs `kscope sandbox` in a pseudo-terminal, as a
// newcomer does: nothing is installed, no cluster is there.
package sandbox_test

import (
	"bytes"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/kscope/kscope/e2e/screen"
)

var (
	binary string // the kscope under test
	// buildPlanted builds one that crashes by keypress.
	buildPlanted func() (string, error)
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "kscope-sandbox-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "kscope")
	if err := build(binary); err != nil {
		return 1, err
	}
	buildPlanted = sync.OnceValues(func() (string, error) {
		path := filepath.Join(dir, "kscope-planted")
		return path, build(path, "-tags", "plant")
	})
	// The tests wait far more than they compute.
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// patience is for what takes seconds in the sandbox, on a busy machine.
const patience = time.Minute

func sandbox(t *testing.T, args ...string) *screen.Screen {
	t.Helper()
	return screen.Start(t, screen.Options{Cols: 120, Rows: 35}, append([]string{binary, "sandbox", "--no-color"}, args...)...)
}

// has waits for words, all of them.
func has(words ...string) func(string) bool {
	return func(text string) bool {
		for _, w := range words {
			if !strings.Contains(text, w) {
				return false
			}
		}
		return true
	}
}

func lacks(words ...string) func(string) bool {
	return func(text string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return false
			}
		}
		return true
	}
}

// do chooses from the palette.
func do(s *screen.Screen, action string) {
	s.Press(":")
	s.Type(action)
	s.WaitFor(patience, "palette", has(":"+action))
	s.Press("enter")
	s.WaitFor(patience, "end of "+action, has(action+": done."))
}

// outside connects to the sandbox's Redis as any other program would, at the
// port that the screen names.
func outside(t *testing.T, s *screen.Screen) *redis.Client {
	t.Helper()
	text := s.WaitFor(patience, "port", has("redis-cli -p "))
	port := regexp.MustCompile(`redis-cli -p (\d+)`).FindStringSubmatch(text)[1]
	c := redis.NewClient(&redis.Options{Addr: net.JoinHostPort("127.0.0.1", port)})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestStory is the seed's story in a tenth of its time: 0, the first pod by
// KEDA, more by the HPA, an empty queue, and 0 again by KEDA. The header says
// SANDBOX in every state, and the lessons end with the story.
func TestStory(t *testing.T) {
	t.Parallel()
	s := sandbox(t, "--speed", "10")
	s.WaitFor(patience, "sleep", has("asleep", "SANDBOX 10x", "The queue orders is empty", "i puts 10 jobs into the queue"))
	s.Press("+", "i")
	for _, step := range []struct{ what, actor, words string }{
		{"push", "you", "pushed 100 jobs  the queue is 100 long"},
		{"activation", "KEDA", "activated 0 → 1"},
		{"first step", "HPA", "scaled 1 → 5"},
		{"second step", "HPA", "scaled 5 → 10"},
	} {
		line := regexp.MustCompile(`(?m)\d\d:\d\d:\d\d  \S+ ` + step.actor + ` +` + regexp.QuoteMeta(step.words))
		s.WaitFor(patience, step.what, line.MatchString)
	}
	s.Press("space")
	s.WaitFor(patience, "freeze", has("SANDBOX FROZEN"))
	s.Press("space")
	s.WaitFor(patience, "the last job", has("took the last job from the queue"))
	end := s.WaitFor(patience, "zero", has("asleep", "deactivated", "→ 0", "none"))
	if !has("SANDBOX 10x")(end) || !lacks("breaks things, to learn from")(end) {
		t.Errorf("the header does not say SANDBOX, or the lessons go on:\n%s", end)
	}
}

// TestOutsideProducerAndConsumer: with --no-workers the queue belongs to
// programs of one's own, on both sides.
func TestOutsideProducerAndConsumer(t *testing.T) {
	t.Parallel()
	s := sandbox(t, "--speed", "10", "--no-workers")
	s.WaitFor(patience, "sleep", has("asleep"))
	c := outside(t, s)
	for range 30 {
		if err := c.LPush(t.Context(), "orders", "a", "b").Err(); err != nil {
			t.Fatal(err)
		}
	}
	s.WaitFor(patience, "arrivals", has("producer", "activated 0 → 1"))
	s.WaitFor(patience, "ten ready pods", has("10 ready"))
	if n := c.LLen(t.Context(), "orders").Val(); n != 60 {
		t.Errorf("%d jobs are left, and nobody was to take any", n)
	}
	for range 60 {
		if err := c.RPop(t.Context(), "orders").Err(); err != nil {
			t.Fatal(err)
		}
	}
	s.WaitFor(patience, "zero", has("asleep", "deactivated"))
}

// TestBreakages breaks everything that can be broken, reads what the screen
// says, mends it, and waits until all is well.
func TestBreakages(t *testing.T) {
	for _, tt := range []struct {
		action string
		load   bool     // push before breaking, not after
		says   []string // while it is broken
		well   []string // once mended
	}{
		{"lose Redis", true, []string{"cannot read the queue", "connection refused", "no data", "PARTLY BLIND"}, []string{"has work"}},
		{"bad image", false, []string{"the image cannot be pulled", "failing"}, []string{"asleep", "deactivated"}},
		{"no room", false, []string{"no node takes them", "failing"}, []string{"asleep", "deactivated"}},
		{"crash pods", false, []string{"the container keeps ending with an error (CrashLoopBackOff)"}, []string{"asleep", "deactivated"}},
		{"refuse permission", true, []string{"you may not watch pods", "PARTLY BLIND"}, []string{"10 ready"}},
		{"refuse scaling", false, []string{"KEDA cannot set the replicas", "may not update", "broken"}, []string{"asleep", "deactivated"}},
		{"exhaust the quota", false, []string{"Pods cannot be created", "exceeded quota"}, []string{"asleep", "deactivated"}},
		{"pause the ScaledObject", true, []string{"paused", "until the annotation is removed"}, []string{"active"}},
		{"a foreign metrics API", true, []string{"Somebody else than KEDA answers", "no metric", "broken"}, []string{"active"}},
		{"forbid metrics", true, []string{"may not read external metrics", "no metric", "broken"}, []string{"active"}},
		{"lose the authentication", true, []string{"TriggerAuthentication redis-auth does not exist", "not accepted", "PARTLY BLIND"}, []string{"active"}},
		{"wrong key", true, []string{"Jobs arrive in the list \"order\", where no trigger looks", "broken"}, []string{"active"}},
		{"edit KEDA's HPA", true, []string{"maxReplicas 5 where the ScaledObject says 10", "broken"}, []string{"max 10"}},
		{"somebody keeps scaling", false, []string{"Somebody keeps writing the replicas: argocd-controller", "broken"}, []string{"asleep", "deactivated"}},
		{"roll out", true, []string{"rolling out"}, nil},
		{"somebody else scales", false, []string{"kubectl", "scaled 0 → 3"}, nil},
	} {
		t.Run(tt.action, func(t *testing.T) {
			t.Parallel()
			speed := "5"
			if tt.well != nil && tt.well[0] == "asleep" {
				speed = "20" // the pods wait as long as a kubelet has them wait
			}
			s := sandbox(t, "--speed", speed, "--service-time", "10s")
			s.WaitFor(patience, "sleep", has("asleep"))
			if tt.load {
				s.Press("+", "i")
				s.WaitFor(patience, "the first pod", has("activated 0 → 1"))
				do(s, tt.action)
			} else {
				do(s, tt.action)
				if tt.well != nil {
					s.Press("i")
				}
			}
			s.WaitFor(patience, tt.action+" on screen", has(tt.says...))
			if tt.well == nil {
				return // it happens once, and KEDA sets it right
			}
			if !has("SANDBOX")(s.Text()) {
				t.Errorf("the header does not say SANDBOX:\n%s", s.Text())
			}
			do(s, tt.action)
			s.WaitFor(2*patience, "mended", func(text string) bool {
				return has(tt.well...)(text) && lacks("PARTLY BLIND", "broken", "paused")(text)
			})
		})
	}
}

const (
	deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: mill, namespace: shop}
spec:
  selector: {matchLabels: {app: mill}}
  template:
    metadata: {labels: {app: mill}}
    spec: {containers: [{name: mill, image: mill:1}]}
`
	scaledObject = `
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: mill, namespace: shop}
spec:
  scaleTargetRef: {name: mill}
  triggers:
  - type: redis
    metadata: {address: "redis.shop:6379", listName: grain, listLength: "5"}
`
)

// TestOwnManifests: someone tries what they have, in several files and from
// stdin, before they own a cluster.
func TestOwnManifests(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"a.yaml": deployment, "b.yaml": scaledObject} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := sandbox(t, "-f", dir)
	s.WaitFor(patience, "the own ScaledObject", has("shop/mill", "grain", "asleep"))
	alone := filepath.Join(dir, "b.yaml")
	s = sandbox(t, "-f", alone)
	s.WaitFor(patience, "KEDA's verdict", has("shop/mill", "broken", "Deployment mill does not exist in namespace shop"))
}

// guarded is a ScaledObject whose queue takes a password, and the password.
const guarded = `
apiVersion: v1
kind: Secret
metadata: {name: redis, namespace: shop}
stringData: {password: ` + screen.Secret + `-shop}
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata: {name: redis, namespace: shop}
spec:
  secretTargetRef: [{parameter: password, name: redis, key: password}]
---
` + deployment + `---` + scaledObject + `    authenticationRef: {name: redis}
`

// TestSecrets: a password among the manifests is nowhere on the screen, in the
// words for what it is used for, or in the log.
func TestSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	manifests, log := filepath.Join(dir, "all.yaml"), filepath.Join(dir, "log")
	if err := os.WriteFile(manifests, []byte(guarded), 0o600); err != nil {
		t.Fatal(err)
	}
	s := sandbox(t, "-f", manifests, "--log", log, "--speed", "10", "--load", "batch:20")
	s.WaitFor(patience, "the guarded queue", has("shop/mill", "grain"))
	s.Press("C")
	s.WaitFor(patience, "connection card", has("How the queue is reached", "credentials"))
	s.Press("esc")
	s.WaitFor(patience, "end of the card", lacks("How the queue is reached"))
	do(s, "lose Redis")
	s.WaitFor(patience, "words for Redis gone", has("Redis"))
	s.Press("q")
	s.Exit(patience)
	if _, err := os.Stat(log); err != nil {
		t.Error(err)
	}
	screen.HoldsNoSecret(t, log)

	broken := filepath.Join(dir, "broken.yaml")
	if err := os.WriteFile(broken, []byte(strings.Replace(guarded, "stringData:", "data:", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	s = sandbox(t, "-f", broken)
	s.WaitFor(patience, "word that there are notes", has(" notes w", "q quit"))
	s.Press("w")
	s.WaitFor(patience, "a Secret that is not base64 left out", has("Left out", "broken.yaml:", "Secret shop/redis", "illegal base64", "is left out, for what is wrong with it"))
	s.Press("esc")
	s.WaitFor(patience, "the end of the notes", lacks("Left out", " notes w"))
	s.Press("q")
	s.Exit(patience)
}

// TestBadInput: what is wrong is said before the screen opens, with the next
// thing to try.
func TestBadInput(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() }) // after the subtests
	_, port, _ := net.SplitHostPort(taken.Addr().String())
	empty := filepath.Join(dir, "empty")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		code int
		says []string
	}{
		{"broken YAML", []string{"-f", file("broken.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a\nspec: {}\n")}, 1, []string{"broken.yaml:4: ", "or in the line before"}},
		{"unknown kind", []string{"-f", file("kind.yaml", "apiVersion: example.com/v1\nkind: Mill\nmetadata: {name: a}\n")}, 1, []string{"kind.yaml", "Mill", "hint:"}},
		{"bad field", []string{"-f", file("field.yaml", strings.Replace(scaledObject, "spec:", "spec:\n  pollingInterval: 0", 1))}, 1, []string{"field.yaml", "pollingInterval"}},
		{"no manifests", []string{"-f", empty}, 1, []string{"empty"}},
		{"no such file", []string{"-f", filepath.Join(dir, "nope.yaml")}, 1, []string{"nope.yaml"}},
		{"port in use", []string{"--redis-port", port}, 1, []string{port, "in use", "hint:"}},
		{"no speed", []string{"--speed", "0"}, 2, []string{"--speed 0", "0.1 to 60"}},
		{"unknown breakage", []string{"--break", "luck"}, 2, []string{`"luck"`, "image"}},
		{"a cluster's flag", []string{"--context", "prod"}, 2, []string{"--context means nothing in the sandbox"}},
		{"bad spread", []string{"--spread", "3"}, 2, []string{"--spread 3"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := sandbox(t, tt.args...)
			if code := s.Exit(patience); code != tt.code {
				t.Errorf("exit status %d, want %d", code, tt.code)
			}
			if text := strings.Join(strings.Fields(s.Text()), " "); !has(tt.says...)(text) {
				t.Errorf("want %q in:\n%s", tt.says, text)
			}
		})
	}
	var out bytes.Buffer
	cmd := exec.Command(binary, "sandbox")
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err == nil || !has("needs a terminal", "hint:")(out.String()) {
		t.Errorf("without a terminal: %v\n%s", err, &out)
	}
}
