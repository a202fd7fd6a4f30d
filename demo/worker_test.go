package demo

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
	appsv1 "k8s.io/api/apps/v1"
)

// patience is how long a test waits for a process on a busy machine.
const patience = 20 * time.Second

func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("this test runs the worker of the demo for real and needs %s on the PATH: %v", name, err)
	}
	return path
}

// eventually waits until what is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !so() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", patience, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// redisServer is a redis-server that runs with the arguments of the manifest, on a port of its own.
type redisServer struct {
	*redis.Client
	port string
	args []string
	cmd  *exec.Cmd
}

func newRedis(t *testing.T) *redisServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()

	args := slices.Clone(readStory(t).redis.Spec.Template.Spec.Containers[0].Args)
	i := slices.Index(args, "--port")
	if i < 0 {
		t.Fatalf("no --port in %q", args)
	}
	args[i+1] = port
	r := &redisServer{
		Client: redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + port}),
		port:   port,
		args:   append(args, "--dir", t.TempDir()),
	}
	t.Cleanup(func() { r.Close(); r.stop() })
	return r
}

func (r *redisServer) start(t *testing.T) {
	t.Helper()
	r.cmd = exec.Command(program(t, "redis-server"), r.args...)
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "redis-server answers", func() bool { return r.Ping(t.Context()).Err() == nil })
}

func (r *redisServer) stop() {
	if r.cmd != nil {
		r.cmd.Process.Kill()
		r.cmd.Wait()
		r.cmd = nil
	}
}

func (r *redisServer) push(t *testing.T, jobs ...string) {
	t.Helper()
	for _, job := range jobs {
		if err := r.LPush(t.Context(), "orders", job).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func (r *redisServer) length(t *testing.T) int {
	t.Helper()
	n, err := r.LLen(t.Context(), "orders").Result()
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

// waiting returns how many clients sit in a blocking command.
func (r *redisServer) waiting(t *testing.T) int {
	t.Helper()
	info, err := r.Info(t.Context(), "clients").Result()
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(info, "blocked_clients:")
	var n int
	fmt.Sscan(rest, &n)
	return n
}

// worker is the code of the ConfigMap in a process, with the environment of the manifest.
type worker struct {
	cmd   *exec.Cmd
	ready string
	ended chan struct{} // closed when the process has ended and its output is read

	mu          sync.Mutex
	out, errOut []string
}

func startWorker(t *testing.T, port, jobSeconds string) *worker {
	t.Helper()
	return startWorkerAt(t, filepath.Join(t.TempDir(), "ready"), port, jobSeconds)
}

func startWorkerAt(t *testing.T, ready, port, jobSeconds string) *worker {
	t.Helper()
	return startProgram(t, Default, "python3", map[string]string{
		"REDIS_HOST": "127.0.0.1", "REDIS_PORT": port, "JOB_SECONDS": jobSeconds, "READY_FILE": ready,
	})
}

// startProgram runs the workers' program of a demo in a process of the machine's Python, with the
// environment of the manifest but for what has to be otherwise here.
func startProgram(t *testing.T, d Demo, python string, otherwise map[string]string) *worker {
	t.Helper()
	container := typed[appsv1.Deployment](t, d, "Deployment", d.Workload).Spec.Template.Spec.Containers[0]
	if n := len(container.Command); n != 3 || !slices.Equal(container.Command[:2], []string{"python3", "-u"}) {
		t.Fatalf("command %q", container.Command)
	}
	env := environment(container)
	maps.Copy(env, otherwise)

	// -I: nothing of this machine's Python but the standard library and what belongs to the system.
	code := script(t, d, filepath.Base(container.Command[2]))
	w := &worker{cmd: exec.Command(program(t, python), "-I", "-u", code), ready: env["READY_FILE"], ended: make(chan struct{})}
	w.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	for name, value := range env {
		w.cmd.Env = append(w.cmd.Env, name+"="+value)
	}
	stdout, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := w.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() { w.read(stdout, &w.out) })
	reading.Go(func() { w.read(stderr, &w.errOut) })
	go func() {
		reading.Wait()
		w.cmd.Wait()
		close(w.ended)
	}()
	t.Cleanup(func() {
		w.cmd.Process.Kill()
		<-w.ended
		if t.Failed() {
			t.Logf("stdout of the worker: %q\nstderr: %q", w.done(), w.errOut)
		}
	})
	return w
}

func (w *worker) read(from io.Reader, into *[]string) {
	for lines := bufio.NewScanner(from); lines.Scan(); {
		w.mu.Lock()
		*into = append(*into, lines.Text())
		w.mu.Unlock()
	}
}

// done returns the lines on stdout so far.
func (w *worker) done() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.out)
}

func (w *worker) complained() bool { return w.says("trying again in ") }

// says reports whether a line on stderr has some words in it.
func (w *worker) says(words string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.errOut, func(line string) bool { return strings.Contains(line, words) })
}

func (w *worker) isReady() bool {
	_, err := os.Stat(w.ready)
	return err == nil
}

func (w *worker) terminate(t *testing.T) {
	t.Helper()
	if err := w.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// exit waits for the end and checks that it was a clean one.
func (w *worker) exit(t *testing.T) {
	t.Helper()
	select {
	case <-w.ended:
	case <-time.After(patience):
		t.Fatalf("worker still there %s after SIGTERM", patience)
	}
	if code := w.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	if w.isReady() {
		t.Error("ready file outlives the worker")
	}
}

func TestWorkerTakesTheOldestFirst(t *testing.T) {
	r := newRedis(t)
	r.start(t)
	r.push(t, "one", "two", "three", "four\nlines\r\nand an umlaut: ü", `{"id":"5"}`)
	w := startWorker(t, r.port, "0.01")
	eventually(t, "five jobs are done", func() bool { return len(w.done()) == 5 })
	want := []string{
		"done in 0.01 s: one", "done in 0.01 s: two", "done in 0.01 s: three",
		"done in 0.01 s: four lines and an umlaut: ü", `done in 0.01 s: {"id":"5"}`,
	}
	if diff := cmp.Diff(want, w.done()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	// A job that comes while the worker waits.
	eventually(t, "the worker waits", func() bool { return r.waiting(t) == 1 })
	r.push(t, "six")
	eventually(t, "the sixth job is done", func() bool { return len(w.done()) == 6 })
}

func TestWorkerFinishesItsJobOnSIGTERM(t *testing.T) {
	r := newRedis(t)
	r.start(t)
	r.push(t, "one", "two")
	w := startWorker(t, r.port, "1.5")
	eventually(t, "the first job is taken", func() bool { return r.length(t) == 1 })
	if got := w.done(); len(got) != 0 {
		t.Fatalf("done before SIGTERM: %q, want the job in hand", got)
	}
	w.terminate(t)
	w.exit(t)
	if diff := cmp.Diff([]string{"done in 1.5 s: one"}, w.done()); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if got := r.length(t); got != 1 {
		t.Errorf("jobs left: got %d, want 1", got)
	}
}

// Redis may hand over a job at the very moment a waiting worker is told to stop. Whoever has it in
// the end, the list or the worker, nobody may have lost it.
func TestNoJobIsLostWhenAWaitingWorkerStops(t *testing.T) {
	r := newRedis(t)
	r.start(t)
	var workers []*worker
	for range 6 {
		workers = append(workers, startWorker(t, r.port, "0.05"))
	}
	eventually(t, "all workers wait", func() bool { return r.waiting(t) == len(workers) })
	var pushed []string
	for i, w := range workers {
		job := fmt.Sprintf("job-%d", i)
		pushed = append(pushed, job)
		if i%2 == 0 {
			r.push(t, job)
			w.terminate(t)
		} else {
			w.terminate(t)
			r.push(t, job)
		}
	}
	var found []string
	for _, w := range workers {
		w.exit(t)
		for _, line := range w.done() {
			found = append(found, strings.TrimPrefix(line, "done in 0.05 s: "))
		}
	}
	left, err := r.LRange(context.Background(), "orders", 0, -1).Result()
	if err != nil {
		t.Fatal(err)
	}
	found = append(found, left...)
	slices.Sort(found)
	if diff := cmp.Diff(pushed, found); diff != "" {
		t.Errorf("done or still queued (-want +got):\n%s", diff)
	}
}

func TestWorkerIsReadyWhileRedisAnswers(t *testing.T) {
	r := newRedis(t)
	w := startWorker(t, r.port, "0.01")
	eventually(t, "the worker misses Redis", w.complained)
	if w.isReady() {
		t.Error("ready without Redis")
	}
	for round := 1; round <= 2; round++ {
		r.start(t)
		eventually(t, "ready with Redis", w.isReady)
		r.push(t, "job")
		eventually(t, "the job is done", func() bool { return len(w.done()) == round })
		r.stop()
		eventually(t, "not ready when Redis is lost", func() bool { return !w.isReady() })
	}
	// SIGTERM between two attempts to reach Redis.
	w.terminate(t)
	w.exit(t)
}

// A connection is not enough: something may accept it and never answer.
func TestWorkerIsNotReadyBeforeRedisHasAnswered(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	ready := filepath.Join(t.TempDir(), "ready")
	// What a container that crashed has left behind.
	if err := os.WriteFile(ready, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	w := startWorkerAt(t, ready, port, "0.01")
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got, err := bufio.NewReader(conn).ReadString('G'); err != nil || !strings.HasSuffix(got, "PING") {
		t.Errorf("first request: got %q, error %v, want PING", got, err)
	}
	if w.isReady() {
		t.Error("ready without an answer")
	}
	w.terminate(t)
	w.exit(t)
}

// redis-server takes the arguments of the manifest to mean what they are meant to.
func TestRedisRefusesJobsRatherThanDying(t *testing.T) {
	r := newRedis(t)
	r.start(t)
	for name, want := range map[string]string{
		"save": "", "appendonly": "no", "protected-mode": "no",
		"maxmemory": fmt.Sprint(160 << 20), "maxmemory-policy": "noeviction",
	} {
		got, err := r.ConfigGet(t.Context(), name).Result()
		if err != nil {
			t.Fatal(err)
		}
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
	limit := readStory(t).redis.Spec.Template.Spec.Containers[0].Resources.Limits.Memory().Value()
	if limit < 160<<20*3/2 {
		t.Errorf("memory limit %d leaves too little over maxmemory", limit)
	}
}
