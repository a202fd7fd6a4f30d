package sandbox_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kscope/kscope/e2e/screen"
)

// soakFor is how long TestSoak plays: seconds in CI, hours by make soak. A
// second is a minute in the sandbox.
var soakFor = flag.Duration("soak", 20*time.Second, "how long TestSoak plays")

// sizes are windows that a person drags the terminal to.
var sizes = [][2]int{{120, 35}, {80, 24}, {200, 55}, {40, 10}, {100, 30}, {20, 5}}

// looks are keys that change what is looked at, with those that undo it.
var looks = [][]string{
	{"?", "j", "j", "esc"}, {"C", "j", "esc"}, {"tab"}, {"1"}, {"2"}, {"3"}, {"4"}, {"f", "f"}, {"c", "c"}, {"p", "p"},
	{"<"}, {">"}, {"space", "[", "[", "]", "space"}, {"space", "g", "space"}, {"H", "H"}, {"I", "esc"}, {"i"}, {"!"}, {"ctrl+l"},
}

// TestSoak plays for long with everything that a person might do and a cluster
// might suffer, at 60 times life: memory, descriptors and goroutines stay what
// they were, and in the end the numbers are right.
func TestSoak(t *testing.T) {
	t.Parallel()
	young := goroutines(t, play(t, min(*soakFor, 20*time.Second)/2))
	s := play(t, *soakFor)
	if old := goroutines(t, s); old > young+young/4 {
		t.Errorf("%d goroutines, where a young one has %d", old, young)
	}
}

// use is what a process holds.
type use struct{ anon, files, threads int }

// play soaks one sandbox for a while and brings it to rest.
func play(t *testing.T, long time.Duration) *screen.Screen {
	t.Helper()
	const seed = 12
	r := rand.New(rand.NewPCG(seed, 0))
	s := sandbox(t, "--speed", "60", "--seed", strconv.Itoa(seed))
	queue := outside(t, s)
	broken := map[string]bool{}
	breakages := []string{"lose Redis", "bad image", "no room", "crash pods", "refuse permission", "refuse scaling", "exhaust the quota", "pause the ScaledObject"}
	// A person's hand: escape and what follows at once would be another key.
	hand := time.NewTicker(150 * time.Millisecond)
	defer hand.Stop()
	var mended time.Time // when Redis was
	turn := func(action string) {
		s.Resize(120, 35)
		<-hand.C
		do(s, action)
		broken[action] = !broken[action]
		if action == "lose Redis" && !broken[action] {
			mended = time.Now()
		}
	}
	var all []use
	sample := max(long/40, time.Second)
	next := time.Now().Add(long / 5) // what a program needs to come to rest
	for end := time.Now().Add(long); time.Now().Before(end); {
		switch r.IntN(8) {
		case 0:
			turn(breakages[r.IntN(len(breakages))])
		case 1:
			size := sizes[r.IntN(len(sizes))]
			s.Resize(size[0], size[1])
		case 2, 3:
			jobs := make([]any, 1+r.IntN(300))
			for i := range jobs {
				jobs[i] = "job"
			}
			// While Redis is lost there is nobody to take them, and the client's pool
			// goes on for a second to say so.
			err := queue.LPush(t.Context(), "orders", jobs...).Err()
			if err != nil && !broken["lose Redis"] && time.Since(mended) > 3*time.Second {
				t.Fatal(err)
			}
		default:
			for _, k := range looks[r.IntN(len(looks))] {
				<-hand.C
				s.Press(k)
			}
		}
		<-hand.C
		if time.Now().After(next) {
			next = time.Now().Add(sample)
			u, err := uses(s.PID())
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, u)
		}
	}
	s.Resize(120, 35)
	for action, is := range broken {
		if is {
			turn(action)
		}
	}
	s.WaitFor(patience, "Redis", func(string) bool { return queue.Del(t.Context(), "orders").Err() == nil })
	s.WaitFor(patience, "rest", has("asleep"))
	if err := queue.LPush(t.Context(), "orders", 1, 2, 3).Err(); err != nil {
		t.Fatal(err)
	}
	s.WaitFor(patience, "work", lacks("asleep"))
	s.WaitFor(patience, "rest after the last work", has("asleep", "none"))
	if n := queue.LLen(t.Context(), "orders").Val(); n != 0 {
		t.Errorf("the screen says that the queue is empty, Redis that it has %d", n)
	}
	flat(t, all)
	return s
}

// flat holds the last quarter of the readings against the first.
func flat(t *testing.T, all []use) {
	t.Helper()
	if len(all) < 8 {
		return // too short to tell
	}
	mean := func(us []use, of func(use) int) float64 {
		sum := 0
		for _, u := range us {
			sum += of(u)
		}
		return float64(sum) / float64(len(us))
	}
	quarter := len(all) / 4
	var said strings.Builder
	for _, kind := range []struct {
		what  string
		of    func(use) int
		slack float64 // beside a quarter more, in its unit
	}{
		{"anonymous kB", func(u use) int { return u.anon }, 6 << 10},
		{"descriptors", func(u use) int { return u.files }, 3},
		{"threads", func(u use) int { return u.threads }, 5},
	} {
		before, after := mean(all[:quarter], kind.of), mean(all[len(all)-quarter:], kind.of)
		fmt.Fprintf(&said, " %s %.0f to %.0f;", kind.what, before, after)
		if after > 1.25*before+kind.slack {
			t.Errorf("%s grew from %.0f to %.0f: %+v", kind.what, before, after, all)
		}
	}
	t.Logf("%d readings:%s", len(all), &said)
}

var (
	aNumber    = func(name string) *regexp.Regexp { return regexp.MustCompile(`(?m)^` + name + `:\s+(\d+)`) }
	anonymous  = aNumber("RssAnon")
	threads    = aNumber("Threads")
	aGoroutine = regexp.MustCompile(`(?m)^goroutine \d+ .*\[`)
	aTrace     = regexp.MustCompile(`/\S*kscope-crash-\d+\.txt`)
)

// uses reads /proc, so this works on Linux only.
func uses(pid int) (use, error) {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	if err != nil {
		return use{}, err
	}
	files, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		return use{}, err
	}
	number := func(of *regexp.Regexp) int {
		m := of.FindSubmatch(status)
		if m == nil {
			return 0
		}
		n, _ := strconv.Atoi(string(m[1]))
		return n
	}
	return use{anon: number(anonymous), files: len(files), threads: number(threads)}, nil
}

// goroutines has the runtime list them, which ends the program and leaves them in
// the file of a crash.
func goroutines(t *testing.T, s *screen.Screen) int {
	t.Helper()
	s.Signal(syscall.SIGQUIT)
	s.Exit(patience)
	path := aTrace.FindString(strings.ReplaceAll(s.Text(), "\n", ""))
	trace, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; the screen:\n%s", err, s.Text())
	}
	if err := os.Remove(path); err != nil {
		t.Error(err)
	}
	n := len(aGoroutine.FindAll(trace, -1))
	if n == 0 {
		t.Fatalf("no goroutines in\n%s", trace)
	}
	return n
}
