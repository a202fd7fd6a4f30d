package perf

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

const detail = ` kscope  kscope-e2e  load-0/load-0000 → deployment/load-0000                     steady      ● LIVE  19:05

  load:load-0000           KEDA   poll 30s         HPA     max 10        ▌load-0000                   pods
  █▀▀ █▀█                  █▀█ █▄  █         +15s  ▀█  █▀█               ▌▀█  █▀█   █ ▀█  █▀█         ▀█  █▀█
  ▀▀█ █ █           ────→  █ █ █ ▀▄█         ────→  █  █ █         ────→ ▌ █  █ █ ▄▀   █  █ █   ────→  █  █ █
  ▀▀▀ ▀▀▀                  ▀▀▀ ▀   ▀               ▀▀▀ ▀▀▀ wanted        ▌▀▀▀ ▀▀▀ ▀   ▀▀▀ ▀▀▀         ▀▀▀ ▀▀▀ ready
  ✓ has work               ✓ active                ✓ in range            ▌✓ complete                  ✓ all ready
`

func TestChain(t *testing.T) {
	got, ok := chain(detail)
	if want := (links{"50", "10/10", "10"}); !ok || got != want {
		t.Errorf("got %+v, %v, want %+v", got, ok, want)
	}
	small := strings.Replace(detail, "▌ █  █ █ ▄▀   █  █ █", "▌137/500            ", 1)
	small = strings.Replace(small, "▌▀█  █▀█   █ ▀█  █▀█", "▌                   ", 1)
	small = strings.Replace(small, "▌▀▀▀ ▀▀▀ ▀   ▀▀▀ ▀▀▀", "▌                   ", 1)
	if got, _ := chain(small); got.target != "137/500" {
		t.Errorf("in ordinary digits: got %+v", got)
	}
	reason := strings.Replace(detail, " KEDA", "▌KEDA", 1)
	if got, _ := chain(reason); got.queue != "50" {
		t.Errorf("with KEDA as the reason: got %+v", got)
	}
	if got, ok := chain("Looking for ScaledObjects"); ok {
		t.Errorf("without a chain: got %+v", got)
	}
}

func TestEveryLargeDigit(t *testing.T) {
	var band [largeRows][]rune
	for y, row := range largePictures {
		band[y] = []rune(strings.ReplaceAll(row, "|", " "))
	}
	if got := readLarge(band); got != largeDigits {
		t.Errorf("got %q", got)
	}
}

// TestLargeDigitsInColour: every number reads as it does without colours, where
// a full block is a painted blank.
func TestLargeDigitsInColour(t *testing.T) {
	for _, number := range []string{"70", "47", "0", "1/10", "1,234,567.8", "90"} {
		var drawn strings.Builder
		for y, row := range largePictures {
			pictures := strings.Split(row, "|")
			fmt.Fprintf(&drawn, "\x1b[%d;3H\x1b[38;2;255;176;0m", y+2)
			for _, r := range number {
				drawn.WriteString(strings.ReplaceAll(pictures[strings.IndexRune(largeDigits, r)]+" ", "█", "\x1b[48;2;255;176;0m \x1b[49m"))
			}
		}
		term := newTerminal()
		term.take([]byte(drawn.String()))
		var band [largeRows][]rune
		for y, line := range strings.Split(term.screen(), "\n")[1 : 1+largeRows] {
			band[y] = []rune(line)
		}
		if got := readLarge(band); got != number {
			t.Errorf("%s reads as %q:\n%s", number, got, term.screen())
		}
	}
}

const table = ` kscope  kscope-e2e  all namespaces                                                     ● LIVE  19:05
   SCALEDOBJECT                 PHASE            QUEUE                     READY  MAX                     1 of 500
 ● load-0/load-0000             steady              50 ▄▄▄▄▄▄              10/10   10 ▄▄▄▄▄▄
 ● load-0/load-0005             steady               ? ▄▄▄▄▄▄               3/10   10 ▄▄▄▄▄▄
 enter open  / filter  ! problem  ? help  q quit
`

func TestOverview(t *testing.T) {
	rows, total := overview(table)
	want := []overviewRow{{"load-0/load-0000", "50", "10/10"}, {"load-0/load-0005", "?", "3/10"}}
	if total != 500 || len(rows) != 2 || rows[0] != want[0] || rows[1] != want[1] {
		t.Errorf("got %+v of %d, want %+v of 500", rows, total, want)
	}
	if !wants("load-0/load-0005", 10)(table) || wants("load-0/load-0005", 3)(table) || wants("load-0/x", 10)(table) {
		t.Error("wants does not find the desired replicas of a row")
	}
	if overviewComplete(500)(table) {
		t.Error("a table of two rows with an unknown queue counts as complete")
	}
}

func TestShares(t *testing.T) {
	var ts times
	for i := range 100 {
		ts = append(ts, time.Duration(100-i)*time.Millisecond)
	}
	for share, want := range map[float64]time.Duration{0.5: 50, 0.95: 95, 1: 100, 0: 1} {
		if got := ts.at(share); got != want*time.Millisecond {
			t.Errorf("at %v: got %s, want %d ms", share, got, want)
		}
	}
	if got := times(nil).median(); got != 0 {
		t.Errorf("of nothing: got %s", got)
	}
}

func TestLagsAndBusiestSecond(t *testing.T) {
	at := func(ms int) time.Time { return time.Unix(0, 0).Add(time.Duration(ms) * time.Millisecond) }
	steps := []time.Time{at(10), at(20), at(20), at(40)}
	frames := []frame{{at(15), 0}, {at(25), 2}, {at(60), 3}, {at(70), 9}, {at(1030), 9}}
	if got, want := fmt.Sprint(lags(steps, frames)), "[15ms 5ms 40ms 30ms]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := busiest(frames); got != 4 {
		t.Errorf("got %d frames in the busiest second, want 4", got)
	}
}

func TestReadyPodsOfTheLane(t *testing.T) {
	for text, want := range map[string]int{
		" Pods      ■ ■ ■     ■ 1,234 ready  ◐ 3 starting\n": 1234,
		" Why\n Pods      none\n":                            0,
		"▌Pods      ■ 7 ready":                               7,
		" Why       3 pods are ready":                        -1,
	} {
		if got := shownReady(text); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

func TestTerminalTellsWhen(t *testing.T) {
	term, err := run("", t.TempDir(), "/bin/sh", "-c", `printf one; sleep 0.2; printf '\r\033[38;2;9;9;9m▀\033[0;48;2;9;9;9m \033[0m.'; sleep 100`)
	if err != nil {
		t.Fatal(err)
	}
	defer term.close()
	has := func(s string) func(string) bool { return func(text string) bool { return strings.Contains(text, s) } }
	two := term.expect("large digits", has("▀█."))
	one, err := term.await(t.Context(), 10*time.Second, "one", has("one"))
	if err != nil {
		t.Fatal(err)
	}
	at, err := two.wait(t.Context(), 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if d := at.Sub(one); d < 150*time.Millisecond {
		t.Errorf("the second text came %s after the first", d)
	}
	if _, frames := term.written(); frames != 2 {
		t.Errorf("got %d frames, want 2", frames)
	}
	if _, err := term.await(t.Context(), time.Millisecond, "unicorn", has("unicorn")); err == nil || !strings.Contains(err.Error(), "unicorn") {
		t.Errorf("waiting in vain gave %v", err)
	}
}

func TestProxyCounts(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		if r.URL.Query().Get("watch") != "" {
			<-r.Context().Done()
		}
	}))
	defer upstream.Close()
	p, err := newProxy(&rest.Config{Host: upstream.URL}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(p.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(b), "server: ")
	server, _, _ := strings.Cut(after, "\n")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, path := range []string{"/api/v1/pods?limit=500", "/api/v1/pods?limit=500&continue=x", "/api/v1/pods?watch=true"} {
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, server+path, nil)
		resp, err := http.DefaultClient.Do(req) // the watch answers although it has no news
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
	}
	watches, others, lines := p.requests()
	if watches != 1 || others != 2 || strings.Join(lines, ", ") != "2 x GET /api/v1/pods, 1 x WATCH /api/v1/pods" {
		t.Errorf("got %d watches, %d others: %q", watches, others, lines)
	}
	if _, others, _ := p.requests(); others != 0 {
		t.Errorf("requests are counted again: %d", others)
	}
	p.close() // although a watch is open
}

func TestVerdictsAndDocument(t *testing.T) {
	r := newReport(hasty, Options{Load: Load{Objects: 500, Each: 10}})
	for s, frame := range []time.Duration{30 * time.Millisecond, 40 * time.Millisecond} {
		r.put(size(s), "frame", frame, ms(frame))
		r.put(size(s), "frame-version", 10*time.Millisecond, "10 ms")
	}
	r.put(small, "frame-all", time.Hour, "1 h") // nothing to judge it by
	r.put(small, "idle-cpu", 0.2, "0.20 %")
	r.put(small, "watches", 0, "8 open")
	path := filepath.Join(t.TempDir(), "performance.md")
	for range 2 { // the second time it is there
		if err := write(path, r.markdown()); err != nil {
			t.Fatal(err)
		}
	}
	b, _ := os.ReadFile(path)
	for _, want := range []string{
		"| ≤ 3 x `kscope version` | 30.0 ms = 3.00 x | 40.0 ms = 4.00 x |  | **misses** at many |",
		"| first frame, `-A` | ≤ 3 x `kscope version` | 1 h |  |  |  |",
		"| < 0.4 / 1.5 / 6 % | 0.20 % |  |  | holds |", "|  | 8 open |  |  |  |",
	} {
		if strings.Count(string(b), want) != 1 {
			t.Errorf("no line %q in\n%s", want, b)
		}
	}
	if got := r.misses(); got != "MISSED, large: first frame, one ScaledObject named: 40.0 ms = 4.00 x, the bar is ≤ 3 x `kscope version`\n" {
		t.Errorf("got %q", got)
	}
	if err := os.WriteFile(path, []byte("# Ours\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := write(path, "x"); err == nil {
		t.Error("a document without a place for the table was written")
	}
}

func TestTurns(t *testing.T) {
	before, err := turnsOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); time.Since(began) < 20*time.Millisecond; {
	}
	after, err := turnsOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if spent := after.since(before); spent.ran <= 0 || spent.ran > time.Second || spent.waited < 0 {
		t.Errorf("20 ms of work were %v on a core, %v waiting", spent.ran, spent.waited)
	}
	if _, err := turnsOf(1 << 30); err == nil {
		t.Error("no such process: no error")
	}
}

// TestEveryYardstickIsShown: who reads a ratio sees what it is a ratio to.
func TestEveryYardstickIsShown(t *testing.T) {
	for _, b := range bars {
		if b.of != "" && !slices.ContainsFunc(bars, func(o bar) bool { return o.id == b.of }) && !strings.HasSuffix(b.of, "-version-max") && b.of != "huge-large" {
			t.Errorf("%s is judged by %s, which no line shows", b.id, b.of)
		}
	}
}
