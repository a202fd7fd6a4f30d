package tui

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/tui/chart"
	"github.com/kscope/kscope/tui/screen"
	"github.com/kscope/kscope/words"
)

// drawChart draws the chart of what is open.
func (m *Model) drawChart(c screen.Canvas, p picture) {
	if c.H <= 0 || c.W <= 0 {
		return
	}
	v := &m.view
	win, queued := m.windowOf(chart.Columns(c.W, v.mode())), p.queued
	in := chart.Input{Mode: v.mode(), From: win.from, To: win.to, QueueName: queued.Name(), QueueNote: p.which, End: "now"}
	if m.drawn.stands {
		in.End = m.drawn.chart.Format("15:04:05")
	}
	if v.frozen {
		in.End = v.frozenAt.Format("15:04:05")
		in.Cursor = v.cursorAt
		if !in.Cursor.IsZero() {
			in.CursorLabel = "-" + words.Age(v.frozenAt.Truncate(win.bin).Sub(v.cursorAt.Truncate(win.bin)))
		}
	}
	if r := p.Reading(); p.use {
		in.QueueName, queued, queued.Target = explain.UseName(&p.Chain, &r), r.AsQueue(), r.Target
		queued.Trigger.Backlog, in.QueueNote = nil, ""
	} else if p.ID.Kind == kscope.HPAs && queued.Trigger.Backlog == nil {
		in.QueueName = "no queue"
	}
	if askedFor(&queued) {
		in.QueueNote += ", asked for " + words.Age(p.now.Sub(queued.At)) + " ago"
	}
	if p.ScaledJob != nil {
		in.Wanted = "Jobs"
	}
	in.QueueFlow = flowWords(p)
	h := p.history
	if h.Queue != nil {
		in.Queue = h.Queue.Columns(win.from, win.to, win.cols)
		upToNow(in.Queue, h.Queue, win, m.drawn.chart)
	}
	if h.Ready != nil {
		in.Ready = h.Ready.Steps(win.from, win.to, win.cols)
		in.Desired = h.Desired.Steps(win.from, win.to, win.cols)
	}
	blind(&in, win, m.drawn.chart)
	if win.ahead > 0 {
		in.Ahead = ahead(m.expected(p, win), queued, win, m.newest().Now())
	}
	turns := schedules(&in, p, win, m.drawn.chart)
	in.QueueMax = chart.NiceMax(max(largest(in.Queue), largest(in.Ahead.Queue.Likely), queued.Target))
	in.ReadyMax = replicasTop(p, max(largest(in.Ready), largest(in.Desired), largest(in.Ahead.Ready.Likely)))
	in.Marks = append(marks(p.all, win.from), turns...)
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
	if p.use || p.queued.Trigger.Backlog == nil {
		return ""
	}
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

// upToNow lets the newest measurement stand until the next, which is under way: a
// length that stays the same is measured once a second, and columns are narrower.
// One that is old, or failed, does not.
func upToNow(vs []float64, s *store.Series, win window, now time.Time) {
	v, seen := s.Last()
	if math.IsNaN(v) || now.Sub(seen) >= justNow {
		return
	}
	for i := min(int(now.Sub(win.from)/win.bin), len(vs)-1); i >= 0 && math.IsNaN(vs[i]); i-- {
		vs[i] = v
	}
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

// ahead is what is expected, in the columns that a window has for it.
func ahead(f *futureCache, queued store.Reading, win window, now time.Time) chart.Ahead {
	a := chart.Ahead{Columns: win.ahead, Span: time.Duration(win.ahead) * win.bin}
	if !f.ok {
		return a
	}
	same := f.is.Queue != nil && queued.Trigger.Backlog != nil && *f.is.Queue == *queued.Trigger.Backlog
	for _, e := range f.is.Points[1:] {
		if same {
			a.Queue.Add(e.Queue.Low, e.Queue.Likely, e.Queue.High)
		}
		a.Ready.Add(e.Ready.Low, e.Ready.Likely, e.Ready.High)
	}
	for _, d := range f.is.Marks {
		in := d.At.Sub(now)
		if in < 0 {
			continue
		}
		k := chart.Due{Column: int(d.At.Sub(win.to) / win.bin), In: words.Age(max(in.Round(time.Second), time.Second))}
		switch keda := d.By == store.KEDA; {
		case !d.Step && keda:
			k.Kind = chart.DueLook
		case !d.Step:
			k.Kind = chart.DueSync
		case keda && d.Up:
			k.Mark = chart.MarkActivate
		case keda:
			k.Mark = chart.MarkDeactivate
		case d.Up:
			k.Mark = chart.MarkUp
		default:
			k.Mark = chart.MarkDown
		}
		if d.About {
			k.In = "~" + k.In
		}
		k.To = strconv.Itoa(int(d.Low))
		if d.High > d.Low {
			k.To += "-" + strconv.Itoa(int(d.High))
		}
		if d.Maybe {
			k.To += "?"
		}
		a.Due = append(a.Due, k)
	}
	return a
}

func guides(p picture, queued store.Reading, in chart.Input) []chart.Guide {
	var gs []chart.Guide
	limit := float64(p.Max())
	if top := math.Max(largest(in.Ready), largest(in.Desired)); top > 0.6*limit {
		gs = append(gs, chart.Guide{Value: limit, Label: "max", Pods: true})
	}
	if queued.Trigger.Backlog == nil && queued.Target > 0 && in.Queue != nil {
		gs = append(gs, chart.Guide{Value: queued.Target, Label: "target"})
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

// schedules has a chart show when the schedules of triggers are open, and gives as marks when
// they opened and closed; what they will do goes to what is due.
func schedules(in *chart.Input, p picture, win window, now time.Time) (past []chart.Mark) {
	end := win.to.Add(time.Duration(win.ahead) * win.bin)
	for i := range p.Readings {
		r := &p.Readings[i]
		if r.Schedule == nil {
			continue
		}
		turn := func(at time.Time, kind chart.MarkKind) {
			k := chart.Mark{At: at, Kind: kind, N: int64(r.Schedule.Replicas())}
			if !at.After(now) {
				past = append(past, k)
			} else if win.ahead > 0 {
				d := chart.Due{Mark: kind, Column: int(at.Sub(win.to) / win.bin), To: chart.Closes, In: words.Age(max(at.Sub(now).Round(time.Second), time.Second))}
				if kind == chart.MarkOpens {
					d.To = chart.Opens(k.N)
				}
				in.Ahead.Due = append(in.Ahead.Due, d)
			}
		}
		from := win.from
		if r.Scheduled.After(from) { // before it was another
			from = r.Scheduled
		}
		for _, o := range r.Schedule.Opened(from, end) {
			in.Open = append(in.Open, [2]time.Time{o.From, o.To})
			if o.Opens {
				turn(o.From, chart.MarkOpens)
			}
			if o.Closes {
				turn(o.To, chart.MarkCloses)
			}
		}
	}
	return past
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
