// Package soak is what the soaks share: somebody at the keyboard who does by
// chance what people do, readings of what the program holds meanwhile, and the
// judgement whether that stayed what it was.
//
// What happens to the cluster that the program watches is each soak's own. The
// package reads /proc, so it works on Linux only.
package soak

import (
	"flag"
	"fmt"
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

// For is how long a soak plays: seconds in CI, hours by make soak and make
// soak-cluster. It is read once the flags are parsed.
var For = flag.Duration("soak", 20*time.Second, "how long a soak plays")

// A Use is what a process holds: anonymous memory in kB, open descriptors,
// threads.
type Use struct{ Anon, Files, Threads int }

// Readings are those of one process while it plays.
type Readings struct {
	pid   int
	every time.Duration
	next  time.Time
	All   []Use // oldest first
}

// Read begins the readings of a process that is to play for so long: about
// thirty, but none in the first fifth of the time, which a program needs to
// come to rest, and none within a second of another.
func Read(pid int, long time.Duration) *Readings {
	return &Readings{pid: pid, every: max(long/40, time.Second), next: time.Now().Add(long / 5)}
}

// Take takes a reading when it is time for one.
func (r *Readings) Take(t testing.TB) {
	t.Helper()
	if time.Now().Before(r.next) {
		return
	}
	r.next = time.Now().Add(r.every)
	u, err := Of(r.pid)
	if err != nil {
		t.Fatal(err)
	}
	r.All = append(r.All, u)
}

// Flat holds the last quarter of the readings against the first: each number
// may be a quarter more, and a little beside, which is what a busier moment
// takes. Fewer than eight readings are too few to tell.
func (r *Readings) Flat(t testing.TB) {
	t.Helper()
	if len(r.All) < 8 {
		return
	}
	quarter := len(r.All) / 4
	var said strings.Builder
	for _, kind := range []struct {
		what  string
		of    func(Use) int
		slack float64 // beside a quarter more, in its unit
	}{
		{"anonymous kB", func(u Use) int { return u.Anon }, 6 << 10},
		{"descriptors", func(u Use) int { return u.Files }, 3},
		{"threads", func(u Use) int { return u.Threads }, 5},
	} {
		before, after := mean(r.All[:quarter], kind.of), mean(r.All[len(r.All)-quarter:], kind.of)
		most := 0
		for _, u := range r.All {
			most = max(most, kind.of(u))
		}
		fmt.Fprintf(&said, " %s %.0f to %.0f, %d at most;", kind.what, before, after, most)
		if after > 1.25*before+kind.slack {
			t.Errorf("%s grew from %.0f to %.0f: %+v", kind.what, before, after, r.All)
		}
	}
	t.Logf("%d readings:%s", len(r.All), &said)
}

func mean(us []Use, of func(Use) int) float64 {
	sum := 0
	for _, u := range us {
		sum += of(u)
	}
	return float64(sum) / float64(len(us))
}

var (
	aNumber    = func(name string) *regexp.Regexp { return regexp.MustCompile(`(?m)^` + name + `:\s+(\d+)`) }
	anonymous  = aNumber("RssAnon")
	threads    = aNumber("Threads")
	aGoroutine = regexp.MustCompile(`(?m)^goroutine \d+ .*\[`)
	aTrace     = regexp.MustCompile(`/\S*kscope-crash-\d+\.txt`)
)

// Of reads what a process holds now.
func Of(pid int) (Use, error) {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	if err != nil {
		return Use{}, err
	}
	files, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		return Use{}, err
	}
	number := func(of *regexp.Regexp) int {
		m := of.FindSubmatch(status)
		if m == nil {
			return 0
		}
		n, _ := strconv.Atoi(string(m[1]))
		return n
	}
	return Use{Anon: number(anonymous), Files: len(files), Threads: number(threads)}, nil
}

// Goroutines has the runtime list them, which ends the program and leaves them
// in the file of a crash. It returns that list and how many they are.
func Goroutines(t testing.TB, s *screen.Screen, patience time.Duration) (n int, trace string) {
	t.Helper()
	s.Signal(syscall.SIGQUIT)
	s.Exit(patience)
	path := aTrace.FindString(strings.ReplaceAll(s.Text(), "\n", ""))
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; the screen:\n%s", err, s.Text())
	}
	if err := os.Remove(path); err != nil {
		t.Error(err)
	}
	if n = len(aGoroutine.FindAll(b, -1)); n == 0 {
		t.Fatalf("no goroutines in\n%s", b)
	}
	return n, string(b)
}
