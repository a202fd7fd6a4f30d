package chart

import (
	"math"
	"time"
)

var storyEnd = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// story is a chart of w columns in which the queue fills, replicas follow up
// to a maximum and everything goes back to zero.
func story(w int, mode Mode, peak, maxReplicas float64) Input {
	n := Columns(w, mode)
	in := Input{
		Mode: mode, From: storyEnd.Add(-2 * time.Minute), To: storyEnd,
		QueueMax: NiceMax(peak), ReadyMax: NiceMax(maxReplicas), QueueName: "orders",
		Guides: []Guide{{Value: maxReplicas, Label: "max " + commas(maxReplicas), Pods: true}},
	}
	at := func(second float64) time.Time { return in.From.Add(time.Duration(second * float64(time.Second))) }
	steps := []struct{ at, to float64 }{{22, 0.05}, {30, .2}, {38, .5}, {46, .75}, {54, 1}, {88, .6}, {96, .3}, {110, 0}}
	level := func(second float64) (v float64) {
		for _, s := range steps {
			if second >= s.at {
				v = math.Ceil(s.to * maxReplicas)
			}
		}
		return v
	}
	for i := range n {
		t := (float64(i) + .5) / float64(n) * 120
		q := 0.0
		switch {
		case t > 20 && t < 24:
			q = (t - 20) / 4 * .7
		case t >= 24 && t < 50:
			q = .7 + .3*math.Sin((t-24)/26*math.Pi/2)
		case t >= 50 && t < 80:
			q = 1 - (t-50)/30
		case t >= 84 && t < 92:
			q = .2 * (1 - (t-84)/8)
		}
		in.Queue = append(in.Queue, math.Round(q*peak))
		in.Desired = append(in.Desired, level(t))
		rising := level(t - 5)
		if t > 60 {
			rising = level(t)
		} else if d := level(t); rising < d && rising > 0 && t > 45 {
			rising = math.Min(d, rising+math.Floor((d-rising)*.4))
		}
		in.Ready = append(in.Ready, rising)
	}
	in.Marks = []Mark{
		{At: at(20), Kind: MarkInject, N: int64(peak * .7)}, {At: at(22), Kind: MarkActivate, N: 1},
		{At: at(30), Kind: MarkUp, N: int64(level(30))}, {At: at(38), Kind: MarkUp, N: int64(level(38))},
		{At: at(46), Kind: MarkUp, N: int64(level(46))}, {At: at(54), Kind: MarkUp, N: int64(level(54))},
		{At: at(84), Kind: MarkInject, N: int64(peak * .2)}, {At: at(88), Kind: MarkDown, N: int64(level(88))},
		{At: at(96), Kind: MarkDown, N: int64(level(96))}, {At: at(110), Kind: MarkDeactivate, N: 0},
	}
	return in
}

// until hides everything after a share of the window, as if it had not come.
func (in Input) shifted(share float64) Input {
	n := int(float64(len(in.Queue)) * share)
	shift := func(vs []float64) []float64 {
		out := make([]float64, len(vs))
		for i := range out {
			out[i] = math.NaN()
		}
		copy(out[len(vs)-n:], vs[:n])
		return out
	}
	in.Queue, in.Ready, in.Desired = shift(in.Queue), shift(in.Ready), shift(in.Desired)
	by := time.Duration((1 - share) * float64(in.To.Sub(in.From)))
	marks := in.Marks
	in.Marks = nil
	for _, m := range marks {
		if m.At = m.At.Add(by); !m.At.After(in.To) {
			in.Marks = append(in.Marks, m)
		}
	}
	return in
}

// lost makes a share of the window unknown.
func (in Input) lost(from, to float64) Input {
	for _, vs := range [][]float64{in.Queue, in.Ready, in.Desired} {
		for i := int(from * float64(len(vs))); i < int(to*float64(len(vs))); i++ {
			vs[i] = math.NaN()
		}
	}
	return in
}
