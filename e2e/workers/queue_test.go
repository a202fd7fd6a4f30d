package workers

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// A list of jobs that counts instead of asking Redis.
type list struct{ jobs, asked, down atomic.Int64 }

func (l *list) take(_ context.Context, n int) (int, error) {
	l.asked.Add(1)
	if l.down.Load() > 0 {
		return 0, errors.New("down")
	}
	got := min(int64(n), l.jobs.Load())
	l.jobs.Add(-got)
	return int(got), nil
}

func start(t *testing.T, l *list, log io.Writer) *queue {
	t.Helper()
	q := newQueue(job{list: "orders", takes: 2 * time.Second})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		q.run(ctx, l.take, log)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return q
}

// after lets time pass, and says how many jobs are left then.
func after(d time.Duration, l *list) int64 {
	time.Sleep(d)
	synctest.Wait()
	return l.jobs.Load()
}

func TestEachPodDoesOneJobAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &list{}
		l.jobs.Store(10)
		q := start(t, l, io.Discard)
		for _, pod := range []string{"a", "b", "c"} {
			q.tell(t.Context(), event{joined, pod})
		}
		for _, step := range []struct {
			wait time.Duration
			want int64
		}{
			{time.Second, 7}, // each has one
			{900 * time.Millisecond, 7},
			{200 * time.Millisecond, 4}, // and after 2 s the next
			{2 * time.Second, 1},
			{2 * time.Second, 0},
		} {
			if got := after(step.wait, l); got != step.want {
				t.Errorf("got %d jobs left, want %d", got, step.want)
			}
		}
	})
}

func TestPodThatLeavesTakesNoFurtherJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &list{}
		l.jobs.Store(10)
		q := start(t, l, io.Discard)
		q.tell(t.Context(), event{joined, "a"})
		after(time.Second, l)
		q.tell(t.Context(), event{left, "a"})
		if got := after(10*time.Second, l); got != 9 {
			t.Errorf("got %d jobs left, want 9", got)
		}
		asked := l.asked.Load()
		after(time.Minute, l)
		if got := l.asked.Load(); got != asked {
			t.Errorf("the list was asked %d times for nobody", got-asked)
		}
	})
}

func TestNewJobIsTakenSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &list{}
		q := start(t, l, io.Discard)
		q.tell(t.Context(), event{joined, "a"})
		after(time.Hour, l)
		l.jobs.Store(1)
		if got := after(notSoon, l); got != 0 {
			t.Errorf("the job was still there after %s", notSoon)
		}
	})
}

func TestRedisThatIsDownIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &list{}
		l.jobs.Store(1)
		l.down.Store(1)
		var log strings.Builder
		q := start(t, l, &log)
		q.tell(t.Context(), event{joined, "a"})
		after(10*time.Second, l)
		l.down.Store(0)
		if got := after(time.Second, l); got != 0 {
			t.Errorf("got %d jobs left, want 0", got)
		}
		if got, want := log.String(), "queue orders: down\nqueue orders: back\n"; got != want {
			t.Errorf("got log %q, want %q", got, want)
		}
	})
}

func TestJobOfPod(t *testing.T) {
	env := func(kv ...string) *corev1.Pod {
		var e []corev1.EnvVar
		for i := 0; i < len(kv); i += 2 {
			e = append(e, corev1.EnvVar{Name: kv[i], Value: kv[i+1]})
		}
		return &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Env: e}}}}
	}
	for _, tt := range []struct {
		name string
		pod  *corev1.Pod
		want job
		ok   bool
	}{
		{"no containers", &corev1.Pod{}, job{}, false},
		{"no queue", env("JOB_SECONDS", "1"), job{}, false},
		{"defaults", env("QUEUE", "q"), job{list: "q", takes: 2 * time.Second}, true},
		{"all", env("QUEUE", "q", "JOB_SECONDS", "0.5", "POP", "LPOP"), job{list: "q", takes: 500 * time.Millisecond, fromTop: true}, true},
		{"nonsense", env("QUEUE", "q", "JOB_SECONDS", "soon"), job{list: "q", takes: 2 * time.Second}, true},
	} {
		got, ok := jobOf(tt.pod)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("%s: got %+v, %v, want %+v, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}
