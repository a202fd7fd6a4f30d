package sandbox_test

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/kscope/kscope/e2e/screen"
	"github.com/kscope/kscope/e2e/soak"
)

// TestSoak plays for long with everything that a person might do and a cluster
// might suffer, at 60 times life, so that a second is a minute in the sandbox:
// memory, descriptors and goroutines stay what they were, and in the end the
// numbers are right.
func TestSoak(t *testing.T) {
	t.Parallel()
	young, _ := soak.Goroutines(t, play(t, min(*soak.For, 20*time.Second)/2), patience)
	old, trace := soak.Goroutines(t, play(t, *soak.For), patience)
	if old > young+young/4 {
		t.Errorf("%d goroutines, where a young one has %d:\n%s", old, young, trace)
	}
}

const (
	loseRedis = "lose Redis"
	seed      = 12
)

// play soaks one sandbox for a while and brings it to rest.
func play(t *testing.T, long time.Duration) *screen.Screen {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	s := sandbox(t, "--speed", "60", "--seed", strconv.Itoa(seed))
	queue := outside(t, s)
	broken := map[string]bool{}
	breakages := []string{loseRedis, "bad image", "no room", "crash pods", "refuse permission", "refuse scaling", "exhaust the quota", "pause the ScaledObject"}
	person := soak.Sit(s, r, soak.Looks)
	defer person.Leave()
	turn := func(action string) {
		s.Resize(120, 35)
		person.Pause()
		do(s, action)
		broken[action] = !broken[action]
		if action == loseRedis && !broken[action] {
			// A client that has been refused often does not try by itself before
			// it has found, by a look a second, that somebody listens.
			s.WaitFor(patience, "Redis for the client outside", func(string) bool { return queue.Ping(t.Context()).Err() == nil })
		}
	}
	readings := soak.Read(s.PID(), long)
	for end := time.Now().Add(long); time.Now().Before(end); {
		switch r.IntN(8) {
		case 0:
			turn(breakages[r.IntN(len(breakages))])
		case 1:
			person.Drag()
		case 2, 3:
			jobs := make([]any, 1+r.IntN(300))
			for i := range jobs {
				jobs[i] = "job"
			}
			// While Redis is lost there is nobody to take them.
			if err := queue.LPush(t.Context(), "orders", jobs...).Err(); err != nil && !broken[loseRedis] {
				t.Fatal(err)
			}
		default:
			person.Look()
		}
		person.Pause()
		readings.Take(t)
	}
	s.Resize(120, 35)
	for action, is := range broken {
		if is {
			turn(action)
		}
	}
	if err := queue.Del(t.Context(), "orders").Err(); err != nil {
		t.Fatal(err)
	}
	s.WaitFor(patience, "rest", has("asleep"))
	if err := queue.LPush(t.Context(), "orders", 1, 2, 3).Err(); err != nil {
		t.Fatal(err)
	}
	s.WaitFor(patience, "work", lacks("asleep"))
	s.WaitFor(patience, "rest after the last work", has("asleep", "none"))
	if n := queue.LLen(t.Context(), "orders").Val(); n != 0 {
		t.Errorf("the screen says that the queue is empty, Redis that it has %d", n)
	}
	readings.Flat(t)
	return s
}
