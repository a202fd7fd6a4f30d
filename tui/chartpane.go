package tui

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// bins are the spans of time that one column of the chart may stand for.
var bins = []time.Duration{
	250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 3 * time.Second, 5 * time.Second,
	10 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute,
}

// shownByDefault is how much time the chart shows at least before any zooming:
// the seed story fits.
const shownByDefault = 100 * time.Second

// window is the time that the chart covers, aligned to whole columns so that
// the picture moves by columns and does not shimmer.
type window struct {
	from, to time.Time
	bin      time.Duration
	cols     int
}

func (m *Model) window() window {
	v := &m.view
	r := share(v.w, v.h, v, 0)
	mode := chartOverlay
	if v.stacked {
		mode = chartStacked
	}
	return windowAt(m.drawn.chart, chartCols(v.w-r.side, mode), v.zoom)
}

func windowAt(now time.Time, cols, zoom int) window {
	i := 0
	for i < len(bins)-1 && bins[i]*time.Duration(cols) < shownByDefault {
		i++
	}
	bin := bins[min(max(i+zoom, 0), len(bins)-1)]
	to := now.Truncate(bin).Add(bin)
	return window{from: to.Add(-time.Duration(cols) * bin), to: to, bin: bin, cols: cols}
}

// drawChart draws the chart of the open ScaledObject.
func (m *Model) drawChart(c canvas, p picture) {
	if c.h <= 0 || c.w <= 0 {
		return
	}
	v := &m.view
	win := m.window()
	queued, ok := p.Queued()
	if !ok {
		queued = p.Reading()
	}
	in := chartInput{from: win.from, to: win.to, queueName: queued.Name(), end: "now"}
	if v.stacked {
		in.mode = chartStacked
	}
	if v.frozen {
		in.end = v.frozenAt.Format("15:04:05")
		in.cursor = v.cursorAt
		if !in.cursor.IsZero() {
			in.cursorLabel = "-" + words.Age(v.frozenAt.Truncate(win.bin).Sub(v.cursorAt.Truncate(win.bin)))
		}
	}
	in.queueFlow = flowWords(p)
	h := p.history
	if h.Queue != nil {
		in.queue = h.Queue.Columns(win.from, win.to, win.cols)
	}
	if h.Ready != nil {
		in.ready = h.Ready.Steps(win.from, win.to, win.cols)
		in.desired = h.Desired.Steps(win.from, win.to, win.cols)
	}
	blind(&in, win, m.drawn.chart)
	in.queueMax = niceMax(math.Max(largest(in.queue), queued.Target))
	in.readyMax = replicasTop(p, math.Max(largest(in.ready), largest(in.desired)))
	in.marks = marks(p.all, win.from)
	in.loads = loads(p.all, m.drawn.chart)
	in.guides = guides(p, queued, in)
	in.empty = waitingFor(queued)
	drawChart(c, m.styles, in)
}

// flowSpan is the time over which the flow of a queue is estimated.
const flowSpan = 10 * time.Second

// flowWords is what comes into the queue and leaves it, and how much of it was
// put in from here: an estimate, "" while nothing moves or nothing is known.
func flowWords(p picture) string {
	flow, ok := store.EstimateFlow(p.history.Queue, p.history.Own, p.now.Add(-flowSpan), p.now)
	const least = 0.05 // what would be written as 0.0
	var words []string
	if ok && flow.In >= least {
		words = append(words, "~"+perSecond(flow.In)+"/s in")
		if others := flow.In - flow.Own; flow.Own >= least && others >= least {
			words[0] += fmt.Sprintf(", %s of it yours", perSecond(flow.Own))
		} else if flow.Own >= least {
			words[0] += ", all yours"
		}
	}
	if ok && flow.Out >= least {
		words = append(words, "~"+perSecond(flow.Out)+"/s out")
	}
	return strings.Join(words, "  ")
}

// blind leaves the columns after now unknown without calling them a gap: they
// have not happened yet. Only the column that contains now can be one.
func blind(in *chartInput, win window, now time.Time) {
	last := win.cols - 1
	if last < 1 || now.Sub(win.from) < win.bin {
		return
	}
	for _, vs := range [][]float64{in.queue, in.ready, in.desired} {
		// The newest column is open: until its first measurement arrives
		// the last known value stands for it, for no longer than a column.
		if len(vs) == win.cols && math.IsNaN(vs[last]) && now.Sub(now.Truncate(win.bin)) < min(win.bin, time.Second) {
			vs[last] = vs[last-1]
		}
	}
}

func largest(vs []float64) float64 {
	top := 0.0
	for _, v := range vs {
		if v > top {
			top = v
		}
	}
	return top
}

// replicasTop is the top of the replicas' scale: the maximum where that does
// not flatten the line, since reaching it is part of the story.
func replicasTop(p picture, seen float64) float64 {
	limit := float64(p.ScaledObject.MaxReplicaCount)
	if limit <= 30 || limit <= 3*seen {
		return math.Max(limit, seen)
	}
	return niceMax(math.Max(seen, 5))
}

func guides(p picture, queued store.Reading, in chartInput) []guide {
	var gs []guide
	limit := float64(p.ScaledObject.MaxReplicaCount)
	if top := math.Max(largest(in.ready), largest(in.desired)); top > 0.6*limit {
		gs = append(gs, guide{v: limit, label: "max", pods: true})
	}
	if a := queued.ActivationTarget; a > 0 && a > in.queueMax/20 {
		gs = append(gs, guide{v: a, label: "activation"})
	}
	return gs
}

// marks are the steps, injections and troubles of a timeline since a time.
func marks(es []explain.Entry, from time.Time) []mark {
	var out []mark
	for _, e := range es {
		if e.At.Before(from) {
			continue
		}
		k := mark{at: e.At, n: int64(e.To)}
		switch {
		case e.Kind == store.Injected && e.Jobs > 0:
			k.kind, k.n = markInject, e.Jobs
		case e.Kind == store.LoadBegan:
			k.kind, k.label = markLoad, e.Load.Load
		case e.Kind == store.Scaled && e.Actor == store.KEDA && e.Up():
			k.kind = markActivate
		case e.Kind == store.Scaled && e.Actor == store.KEDA:
			k.kind = markDeactivate
		case e.Kind == store.Scaled && e.Up():
			k.kind = markUp
		case e.Kind == store.Scaled:
			k.kind = markDown
		case e.Kind == store.Trouble && e.Warn:
			k.kind = markTrouble
		default:
			continue
		}
		out = append(out, k)
	}
	return out
}

// waitingFor says what the chart lacks before its first value.
func waitingFor(r store.Reading) string {
	switch {
	case r.Err != "":
		return "cannot read " + r.Name() + ": " + r.Err
	case r.Trigger.Type != "" && r.Trigger.Queue == nil:
		return "no list to measure: the trigger is of type " + r.Trigger.Type
	}
	return "waiting for the first measurement"
}
