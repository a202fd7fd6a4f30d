package tui

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/tui/chart"
	"github.com/kscope/kscope/tui/screen"
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
	mode := chart.Overlay
	if v.stacked {
		mode = chart.Stacked
	}
	return windowAt(m.drawn.chart, chart.Columns(v.w-r.side, mode), v.zoom)
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

// drawChart draws the chart of what is open.
func (m *Model) drawChart(c screen.Canvas, p picture) {
	if c.H <= 0 || c.W <= 0 {
		return
	}
	v := &m.view
	win := m.window()
	queued, ok := p.Queued()
	if !ok {
		queued = p.Reading()
	}
	in := chart.Input{From: win.from, To: win.to, QueueName: queued.Name(), End: "now"}
	if v.stacked {
		in.Mode = chart.Stacked
	}
	if v.frozen {
		in.End = v.frozenAt.Format("15:04:05")
		in.Cursor = v.cursorAt
		if !in.Cursor.IsZero() {
			in.CursorLabel = "-" + words.Age(v.frozenAt.Truncate(win.bin).Sub(v.cursorAt.Truncate(win.bin)))
		}
	}
	if p.ID.Kind == kscope.HPAs {
		in.QueueName = "no queue"
	}
	in.QueueFlow = flowWords(p)
	h := p.history
	if h.Queue != nil {
		in.Queue = h.Queue.Columns(win.from, win.to, win.cols)
	}
	if h.Ready != nil {
		in.Ready = h.Ready.Steps(win.from, win.to, win.cols)
		in.Desired = h.Desired.Steps(win.from, win.to, win.cols)
	}
	blind(&in, win, m.drawn.chart)
	in.QueueMax = chart.NiceMax(math.Max(largest(in.Queue), queued.Target))
	in.ReadyMax = replicasTop(p, math.Max(largest(in.Ready), largest(in.Desired)))
	in.Marks = marks(p.all, win.from)
	in.Loads = loads(p.all, m.drawn.chart)
	in.Guides = guides(p, queued, in)
	in.Empty = waitingFor(queued)
	chart.Draw(c, m.styles, in)
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
func blind(in *chart.Input, win window, now time.Time) {
	last := win.cols - 1
	if last < 1 || now.Sub(win.from) < win.bin {
		return
	}
	for _, vs := range [][]float64{in.Queue, in.Ready, in.Desired} {
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
	limit := float64(p.Max())
	if limit <= 30 || limit <= 3*seen {
		return math.Max(limit, seen)
	}
	return chart.NiceMax(math.Max(seen, 5))
}

func guides(p picture, queued store.Reading, in chart.Input) []chart.Guide {
	var gs []chart.Guide
	limit := float64(p.Max())
	if top := math.Max(largest(in.Ready), largest(in.Desired)); top > 0.6*limit {
		gs = append(gs, chart.Guide{Value: limit, Label: "max", Pods: true})
	}
	if a := queued.ActivationTarget; a > 0 && a > in.QueueMax/20 {
		gs = append(gs, chart.Guide{Value: a, Label: "activation"})
	}
	return gs
}

// marks are the steps, injections and troubles of a timeline since a time.
func marks(es []explain.Entry, from time.Time) []chart.Mark {
	var out []chart.Mark
	for _, e := range es {
		if e.At.Before(from) {
			continue
		}
		k := chart.Mark{At: e.At, N: int64(e.To)}
		switch {
		case e.Kind == store.Injected && e.Jobs > 0:
			k.Kind, k.N = chart.MarkInject, e.Jobs
		case e.Kind == store.LoadBegan:
			k.Kind, k.Label = chart.MarkLoad, e.Load.Load
		case e.Kind == store.Scaled && e.Actor == store.KEDA && e.Up():
			k.Kind = chart.MarkActivate
		case e.Kind == store.Scaled && e.Actor == store.KEDA:
			k.Kind = chart.MarkDeactivate
		case e.Kind == store.Scaled && e.Up():
			k.Kind = chart.MarkUp
		case e.Kind == store.Scaled:
			k.Kind = chart.MarkDown
		case e.Kind == store.Trouble && e.Warn:
			k.Kind = chart.MarkTrouble
		default:
			continue
		}
		out = append(out, k)
	}
	return out
}

// loads is from when to when loads ran, by the timeline; one that runs still
// reaches to now.
func loads(es []explain.Entry, now time.Time) (out [][2]time.Time) {
	open := false
	for _, e := range es {
		switch e.Kind {
		case store.LoadBegan:
			out, open = append(out, [2]time.Time{e.At, now}), true
		case store.LoadEnded:
			if open {
				out[len(out)-1][1], open = e.At, false
			}
		}
	}
	return out
}

// waitingFor says what the chart lacks before its first value.
func waitingFor(r store.Reading) string {
	switch {
	case r.Err != "":
		return "cannot read " + r.Name() + ": " + r.Err
	case r.Trigger.Type != "" && r.Trigger.Backlog == nil:
		return "no list to measure: the trigger is of type " + r.Trigger.Type
	case r.Trigger.Type == "":
		return "no queue to measure"
	}
	return "waiting for the first measurement"
}

// zoom changes the time of a column. Steps beyond the ends are not counted, so
// that the way back is as long as the way there.
func (m *Model) zoom(steps int) {
	before := m.window().bin
	m.view.zoom += steps
	if m.window().bin == before {
		m.view.zoom -= steps
	}
}
