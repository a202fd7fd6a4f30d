package chart

import (
	"math"
	"time"
)

// Mode is how queue and replicas share the space.
type Mode uint8

// The two ways.
const (
	Overlay Mode = iota // one plot, two scales
	Stacked             // a plot each, one time axis
)

// Input is what a chart shows. In the series NaN is "not known".
type Input struct {
	Mode     Mode
	From, To time.Time // the window; column i covers [from+i*bin, from+(i+1)*bin)
	End      string    // label of the right end, "now" when empty

	Queue   []float64 // largest value of each column
	Ready   []float64 // last value of each column
	Desired []float64 // last value of each column

	QueueMax, ReadyMax float64 // tops of the scales, see NiceMax

	QueueName string // legend, "queue" when empty
	QueueNote string // said behind the name: which of several it is
	Wanted    string // legend of Desired, "desired" when empty
	QueueFlow string // what comes and goes, after it; "" when nothing does or is known
	Empty     string // said while nothing is known yet

	Ahead Ahead // what is expected, right of the window

	Marks  []Mark
	Loads  [][2]time.Time // from when to when work was put in from here
	Open   [][2]time.Time // from when to when a schedule is open, ahead too
	Guides []Guide

	Cursor      time.Time // moment under inspection, zero for none
	CursorLabel string    // said under the axis at the cursor
}

// Guide is a level worth seeing: a maximum, an activation threshold.
type Guide struct {
	Value float64
	Label string
	Pods  bool // measured on the replicas' scale
}

// column is the column of a moment in a window of n columns; it may lie
// outside.
func (in *Input) column(t time.Time, n int) int {
	window := in.To.Sub(in.From)
	if window <= 0 {
		return -1
	}
	return int(math.Floor(float64(t.Sub(in.From)) / float64(window) * float64(n)))
}

// lastN is the newest n values; where there are fewer, the older columns are
// unknown. Values that cannot be drawn become ones that can.
func lastN(vs []float64, n int) []float64 {
	out := make([]float64, n)
	if len(vs) > n {
		vs = vs[len(vs)-n:]
	}
	for i := range n - len(vs) {
		out[i] = math.NaN()
	}
	for i, v := range vs {
		if v < 0 { // nothing that is counted here goes below zero
			v = 0
		}
		out[n-len(vs)+i] = v
	}
	return out
}

func unknown(vs []float64) bool {
	for _, v := range vs {
		if !math.IsNaN(v) {
			return false
		}
	}
	return true
}
