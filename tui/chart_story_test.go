package tui

import (
	"math"
	"time"
)

var storyEnd = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// story is a chart of w columns in which the queue fills, replicas follow up
// to a maximum and everything goes back to zero.
func story(w int, mode chartMode, peak, maxReplicas float64) chartInput {
	n := chartCols(w, mode)
	in := chartInput{
		mode: mode, from: storyEnd.Add(-2 * time.Minute), to: storyEnd,
		queueMax: niceMax(peak), readyMax: niceMax(maxReplicas), queueName: "orders",
		guides: []guide{{v: maxReplicas, label: "max " + commas(maxReplicas), pods: true}},
	}
	at := func(second float64) time.Time { return in.from.Add(time.Duration(second * float64(time.Second))) }
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
		in.queue = append(in.queue, math.Round(q*peak))
		in.desired = append(in.desired, level(t))
		rising := level(t - 5)
		if t > 60 {
			rising = level(t)
		} else if d := level(t); rising < d && rising > 0 && t > 45 {
			rising = math.Min(d, rising+math.Floor((d-rising)*.4))
		}
		in.ready = append(in.ready, rising)
	}
	in.marks = []mark{
		{at: at(20), kind: markInject, n: int64(peak * .7)}, {at: at(22), kind: markActivate, n: 1},
		{at: at(30), kind: markUp, n: int64(level(30))}, {at: at(38), kind: markUp, n: int64(level(38))},
		{at: at(46), kind: markUp, n: int64(level(46))}, {at: at(54), kind: markUp, n: int64(level(54))},
		{at: at(84), kind: markInject, n: int64(peak * .2)}, {at: at(88), kind: markDown, n: int64(level(88))},
		{at: at(96), kind: markDown, n: int64(level(96))}, {at: at(110), kind: markDeactivate, n: 0},
	}
	return in
}

// until hides everything after a share of the window, as if it had not come.
func (in chartInput) shifted(share float64) chartInput {
	n := int(float64(len(in.queue)) * share)
	shift := func(vs []float64) []float64 {
		out := make([]float64, len(vs))
		for i := range out {
			out[i] = math.NaN()
		}
		copy(out[len(vs)-n:], vs[:n])
		return out
	}
	in.queue, in.ready, in.desired = shift(in.queue), shift(in.ready), shift(in.desired)
	by := time.Duration((1 - share) * float64(in.to.Sub(in.from)))
	marks := in.marks
	in.marks = nil
	for _, m := range marks {
		if m.at = m.at.Add(by); !m.at.After(in.to) {
			in.marks = append(in.marks, m)
		}
	}
	return in
}

// lost makes a share of the window unknown.
func (in chartInput) lost(from, to float64) chartInput {
	for _, vs := range [][]float64{in.queue, in.ready, in.desired} {
		for i := int(from * float64(len(vs))); i < int(to*float64(len(vs))); i++ {
			vs[i] = math.NaN()
		}
	}
	return in
}
