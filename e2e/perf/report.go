package perf

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A bar is a line of the table. Its limits are for one ScaledObject, for
// many and for very many, 0 where there is none to hold. They are multiples of another figure of
// the same run where of names one, else in milliseconds where a duration is
// judged, else in the unit of the text.
type bar struct {
	id, what, bar string
	limits        [sizes]float64
	of            string
}

const slowest = "the slowest"

// firstFrames are the lines of one kind of start.
func firstFrames(id, what string) []bar {
	return []bar{
		{id, "first frame, " + what, "≤ 3 x `kscope version`", [sizes]float64{3, 3}, id + "-version"},
		{id + "-max", slowest, "≤ 3 x the slowest of those", [sizes]float64{3, 3}, id + "-version-max"},
		{id + "-version", "beside: `kscope version`, start to end", "", [sizes]float64{}, ""},
		{id + "-why", "the slowest: on a core, and waiting for one, all threads", "", [sizes]float64{}, ""},
	}
}

var bars = slices.Concat(
	firstFrames("frame", "one ScaledObject named"), firstFrames("frame-all", "`-A`"),
	firstFrames("frame-silent", "API server silent"), firstFrames("frame-closed", "API server gone"),
	[]bar{
		{"one", "wanted data on screen, one ScaledObject named", "≤ 1.5 x kubectl's first line", [sizes]float64{1.5, 1.5}, "one-kubectl"},
		{"one-kubectl", "beside: `kubectl get deploy NAME -w`, first line", "", [sizes]float64{}, ""},
		{"all", "wanted data on screen, `-A`", "≤ 1 x kubectl's first line of the pods", [sizes]float64{1, 1}, "all-kubectl"},
		{"all-kubectl", "beside: `kubectl get pods -A -w`, first line", "", [sizes]float64{}, ""},
		{"huge", "the same, very many", "< 4 x with many", [sizes]float64{0, 0, 4}, "huge-large"},
		{"keys", "key to pixel", "p95 < 50 ms", [sizes]float64{50, 50, 50}, ""},
		{"pixel", "change to pixel, detail", "median < 20 ms", [sizes]float64{20, 20}, ""},
		{"pixel-p95", "", "p95 < 50 ms", [sizes]float64{50, 50}, ""},
		{"pixel-answer", "since the API server's answer", "", [sizes]float64{}, ""},
		{"pixel-kubectl", "beside: `kubectl get -w`", "", [sizes]float64{}, ""},
		{"row", "change to pixel, table", "median < 20 ms", [sizes]float64{20, 20}, ""},
		{"row-p95", "", "p95 < 50 ms", [sizes]float64{50, 50}, ""},
		{"row-answer", "since the API server's answer", "", [sizes]float64{}, ""},
		{"row-kubectl", "beside: `kubectl get -w`", "", [sizes]float64{}, ""},
		{"queue", "`LPUSH` to pixel", "median < 270 ms", [sizes]float64{270, 270}, ""},
		{"queue-p95", "", "p95 < 300 ms", [sizes]float64{300, 300}, ""},
		{"idle-cpu", "idle: of a core", "< 0.4 / 1.5 / 6 %", [sizes]float64{0.4, 1.5, 6}, ""},
		{"idle-bytes", "idle: to the terminal", "< 20 B/s", [sizes]float64{20, 20}, ""},
		{"idle-frames", "idle: redraws", "none but the clock's", [sizes]float64{1.5, 1.5}, ""},
		{"fresh-cpu", "while the charts still fill: of a core", "< 0.4 / 1.5 %", [sizes]float64{0.4, 1.5}, ""},
		{"fresh-bytes", "the same: to the terminal", "< 20 B/s", [sizes]float64{20, 20}, ""},
		{"fresh-frames", "the same: redraws", "none but the clock's", [sizes]float64{1.5, 1.5}, ""},
		{"requests", "idle: API requests beside watches", "none", [sizes]float64{0.01, 0.01}, ""},
		{"watches", "watches", "", [sizes]float64{}, ""},
		{"kubectl", "beside: `kubectl get deploy -w`: first line, idle CPU, bytes, resident", "", [sizes]float64{}, ""},
		{"memory", "memory resident", "< 44 / 80 / 250 MiB", [sizes]float64{44, 80, 250}, ""},
		{"memory-anon", "of that anonymous", "< 16 / 40 MiB", [sizes]float64{16, 40}, ""},
		{"memory-pod", "anonymous growth for each pod, the last four fifths of them", "< 3 kB", [sizes]float64{0, 3}, ""},
		{"storm-rate", "0 to 500 pods: most redraws in a second", "≤ 30", [sizes]float64{30, 30}, ""},
		{"storm-lag", "longest from a pod ready to a frame that counts it", "< 100 ms", [sizes]float64{100, 100}, ""},
		{"storm-why", "kscope meanwhile: on a core, and waiting for one", "", [sizes]float64{}, ""},
		{"storm-took", "that storm", "", [sizes]float64{}, ""},
	},
)

// figure is one measured cell.
type figure struct {
	text   string
	judged float64
}

type report struct {
	plan    plan
	o       Options
	figures [sizes]map[string]figure
	began   time.Time
	loads   []float64
}

func newReport(p plan, o Options) *report {
	r := &report{plan: p, o: o, figures: [sizes]map[string]figure{{}, {}, {}}, began: time.Now()}
	r.load()
	return r
}

// load notes the load average, and gives it.
func (r *report) load() float64 {
	r.loads = append(r.loads, loadAverage())
	return r.loads[len(r.loads)-1]
}

func (r *report) finish() { r.load() }

// put notes a figure; judged is a duration or a float64.
func (r *report) put(s size, id string, judged any, text string) {
	f := figure{text: text}
	switch v := judged.(type) {
	case time.Duration:
		f.judged = v.Seconds() * 1000
	case float64:
		f.judged = v
	}
	r.figures[s][id] = f
}

// held reports whether a figure is within its bar; ok is false if there is
// nothing to hold or no figure.
func (r *report) held(b bar, s size) (held, ok bool) {
	f, there := r.figures[s][b.id]
	limit := b.limits[s]
	if b.of != "" {
		limit *= r.figures[s][b.of].judged
	}
	return f.judged <= limit, there && limit > 0
}

func (r *report) verdict(b bar) string {
	var missed []string
	judged := false
	for s, name := range []string{"one", "many", "very many"} {
		held, ok := r.held(b, size(s))
		judged = judged || ok
		if ok && !held {
			missed = append(missed, name)
		}
	}
	switch {
	case !judged:
		return ""
	case len(missed) == 0:
		return "holds"
	}
	return "**misses** at " + strings.Join(missed, " and ")
}

// markdown is the table with what one must know to read it.
func (r *report) markdown() string {
	var b strings.Builder
	least, most := r.loads[0], r.loads[0]
	for _, l := range r.loads {
		least, most = min(least, l), max(most, l)
	}
	fmt.Fprintf(&b, "%s, %d cores shared with the cluster itself, %s, %s/%s. Load average %.1f before, %.1f to %.1f during the run.\n",
		r.began.Format("2 January 2006"), runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, r.loads[0], least, most)
	fmt.Fprintf(&b, "Terminal %dx%d; %d starts of each kind; %d changes, %s to %s apart; idle over %s, %s after the start and again %s later.\n\n",
		cols, rows, r.plan.launches, r.plan.changes, "0.5", "1.5 s", r.plan.idle, r.plan.settle, r.plan.fill)
	fmt.Fprintf(&b, "| what | bar | one ScaledObject, %d pods | %d ScaledObjects, %d pods | %d ScaledObjects, %d pods | verdict |\n|---|---|---|---|---|---|\n",
		r.o.Load.Each, r.o.Load.Objects, r.o.Load.Objects*r.o.Load.Each, hugeBy*r.o.Load.Objects, hugeBy*r.o.Load.Objects*r.o.Load.Each)
	for _, bar := range bars {
		_, a := r.figures[small][bar.id]
		_, c := r.figures[large][bar.id]
		_, d := r.figures[huge][bar.id]
		if !a && !c && !d {
			continue
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", bar.what, bar.bar, r.cell(bar, small), r.cell(bar, large), r.cell(bar, huge), r.verdict(bar))
	}
	return b.String()
}

// cell is a figure with its ratio to what it is judged by.
func (r *report) cell(b bar, s size) string {
	f, by := r.figures[s][b.id], r.figures[s][b.of]
	if b.of == "" || by.judged == 0 {
		return f.text
	}
	return fmt.Sprintf("%s = %.2f x", f.text, f.judged/by.judged)
}

// misses says plainly what does not hold.
func (r *report) misses() string {
	var b strings.Builder
	above := ""
	for _, bar := range bars {
		if bar.what != "" {
			above = bar.what
		}
		for s := range sizes {
			if held, ok := r.held(bar, s); ok && !held {
				fmt.Fprintf(&b, "MISSED, %s: %s: %s, the bar is %s\n", s, above, r.cell(bar, s), bar.bar)
			}
		}
	}
	if b.Len() == 0 {
		return "every bar that was measured holds\n"
	}
	return b.String()
}

// The table in the document stands between these lines.
const (
	begin = "<!-- figures: written by go run . perf -->\n"
	end   = "<!-- end of figures -->\n"
)

// write puts a table into a document, which is made if it is not there.
func write(path, table string) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		b, err = []byte("# Performance\n\n"+begin+end), nil
	}
	if err != nil {
		return err
	}
	before, rest, ok1 := strings.Cut(string(b), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		return fmt.Errorf("%s has no lines %q and %q to write between", path, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return os.WriteFile(path, []byte(before+begin+"\n"+table+"\n"+end+after), 0o644)
}
