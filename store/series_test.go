package store

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func sec(s float64) time.Time { return noon.Add(time.Duration(s * float64(time.Second))) }

var nan = math.NaN()

// point is a value at a number of seconds.
type point struct{ at, v float64 }

func series(points ...point) *Series {
	s := &Series{}
	for _, p := range points {
		s.Add(sec(p.at), p.v)
	}
	return s
}

// row writes values with a dot for what is unknown.
func row(vs []float64) string {
	var out []string
	for _, v := range vs {
		if math.IsNaN(v) {
			out = append(out, ".")
		} else {
			out = append(out, fmt.Sprint(v))
		}
	}
	return strings.Join(out, " ")
}

func TestSeriesColumns(t *testing.T) {
	tests := []struct {
		name         string
		s            *Series
		from, to     float64
		n            int
		max, last    string
		runs         int
		largest, big float64 // of [from, to), and when
	}{
		{"empty", series(), 0, 4, 4, ". . . .", ". . . .", 0, nan, 0},
		{"held between measurements", series(point{0, 3}, point{4, 3}), 0, 4, 4, "3 3 3 3", "3 3 3 3", 1, 3, 0},
		{"unknown before and after", series(point{1, 3}, point{2.5, 3}), 0, 4, 4, ". 3 3 .", ". 3 3 .", 1, 3, 1},
		{"a change holds from its moment", series(point{0, 3}, point{2, 7}, point{4, 7}), 0, 4, 4, "3 3 7 7", "3 3 7 7", 2, 7, 2},
		{"a peak within a column", series(point{0, 1}, point{1.2, 40}, point{1.4, 2}, point{4, 2}), 0, 4, 4, "1 40 2 2", "1 2 2 2", 3, 40, 1.2},
		{"a moment's peak", series(point{0, 1}, point{1.2, 40}, point{1.2, 2}, point{4, 2}), 0, 4, 4, "1 2 2 2", "1 2 2 2", 2, 2, 1.2},
		{"a gap stays a gap", series(point{0, 1}, point{1, 1}, point{1.5, nan}, point{3, 5}, point{4, 5}), 0, 4, 4, "1 1 . 5", "1 1 . 5", 3, 5, 3},
		{"nothing bridges the start of a gap", series(point{0, 1}, point{2, nan}, point{3, nan}, point{3, 4}, point{4, 4}), 0, 4, 4, "1 . . 4", "1 . . 4", 3, 4, 3},
		{"within a window", series(point{0, 9}, point{10, 1}, point{20, 2}), 12, 16, 4, "1 1 1 1", "1 1 1 1", 3, 1, 12},
		{"up and away", series(point{0, 3}, point{0.2, 4}, point{0.4, 5}, point{1, 5}), 0, 1, 1, "5", "5", 3, 5, 0.4},
		{"down to nothing", series(point{0, 5}, point{0.5, 0}, point{1, 0}), 0, 1, 1, "5", "0", 2, 5, 0},
		{"no columns", series(point{0, 5}), 0, 1, 0, "", "", 1, 5, 0},
		{"no time", series(point{0, 5}), 1, 1, 2, ". .", ". .", 1, nan, 0},
		{"an uneven division loses nothing", series(point{0, 1}, point{0.999999999, 8}), 0, 1, 7, "1 1 1 1 1 1 8", "1 1 1 1 1 1 8", 2, 8, 0.999999999},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := row(tt.s.Columns(sec(tt.from), sec(tt.to), tt.n)); got != tt.max {
				t.Errorf("columns %q, want %q", got, tt.max)
			}
			if got := row(tt.s.Steps(sec(tt.from), sec(tt.to), tt.n)); got != tt.last {
				t.Errorf("steps %q, want %q", got, tt.last)
			}
			if tt.s.n() != tt.runs {
				t.Errorf("%d runs, want %d: %v", tt.s.n(), tt.runs, tt.s)
			}
			v, when := tt.s.Max(sec(tt.from), sec(tt.to))
			if !equal(v, tt.largest) || !math.IsNaN(v) && !when.Equal(sec(tt.big)) {
				t.Errorf("max %v at %v, want %v at %v", v, when, tt.largest, sec(tt.big))
			}
		})
	}
}

func equal(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

func TestSeriesAt(t *testing.T) {
	s := series(point{1, 3}, point{2, 7}, point{3, 7}, point{4, nan}, point{6, 9})
	for _, tt := range []point{{0.5, nan}, {1, 3}, {1.9, 3}, {2, 7}, {3, 7}, {3.5, nan}, {4, nan}, {5, nan}, {6, 9}, {6.1, nan}} {
		if got := s.At(sec(tt.at)); !equal(got, tt.v) {
			t.Errorf("at %v: %v, want %v", tt.at, got, tt.v)
		}
	}
	if v, when := s.Last(); v != 9 || !when.Equal(sec(6)) {
		t.Errorf("last %v at %v", v, when)
	}
	s.Add(sec(7), nan)
	if v, when := s.Last(); !math.IsNaN(v) || !when.Equal(sec(7)) {
		t.Errorf("last %v at %v", v, when)
	}
	if v, when := s.LastKnown(); v != 9 || !when.Equal(sec(6)) {
		t.Errorf("last known %v at %v", v, when)
	}
	if !s.Start().Equal(sec(1)) || s.Start().Location() != time.UTC {
		t.Errorf("starts %v", s.Start())
	}
	s.Add(sec(5), 100) // late
	if got := s.At(sec(5)); !math.IsNaN(got) {
		t.Errorf("a late value was taken: %v", got)
	}
	var none Series
	if v, when := none.Last(); !math.IsNaN(v) || !when.IsZero() {
		t.Errorf("empty: last %v at %v", v, when)
	}
	if v, when := none.LastKnown(); !math.IsNaN(v) || !when.IsZero() || !none.Start().IsZero() || !math.IsNaN(none.At(noon)) {
		t.Errorf("empty: last known %v at %v, starts %v", v, when, none.Start())
	}
}

func TestSeriesExtend(t *testing.T) {
	s := series(point{0, 2})
	s.Extend(sec(10))
	if got := s.At(sec(9)); got != 2 {
		t.Errorf("held: %v, want 2", got)
	}
	s.Add(sec(7), 5) // news that took a while
	for _, tt := range []point{{6.9, 2}, {7, 5}, {10, 5}, {10.1, nan}} {
		if got := s.At(sec(tt.at)); !equal(got, tt.v) {
			t.Errorf("at %v: %v, want %v", tt.at, got, tt.v)
		}
	}
	s.Add(sec(12), nan) // it broke then, and was last seen well at 10
	s.Extend(sec(20))
	for _, tt := range []point{{10, 5}, {11, nan}, {15, nan}} {
		if got := s.At(sec(tt.at)); !equal(got, tt.v) {
			t.Errorf("at %v: %v, want %v", tt.at, got, tt.v)
		}
	}
}

func TestSeriesMaxGap(t *testing.T) {
	s := &Series{MaxGap: time.Minute}
	for _, p := range []point{{0, 4}, {30, 4}, {200, 4}, {250, 6}, {400, 7}} {
		s.Add(sec(p.at), p.v)
	}
	for _, tt := range []point{{30, 4}, {60, nan}, {200, 4}, {249, 4}, {250, 6}, {300, nan}, {400, 7}} {
		if got := s.At(sec(tt.at)); !equal(got, tt.v) {
			t.Errorf("at %v: %v, want %v", tt.at, got, tt.v)
		}
	}
}

func TestSeriesAbove(t *testing.T) {
	tests := []struct {
		s     *Series
		level float64
		want  float64 // -1 for never
	}{
		{series(), 0, -1},
		{series(point{0, 0}), 0, -1},
		{series(point{0, 0}, point{3, 2}, point{4, 9}, point{5, 9}), 0, 3},
		{series(point{0, 0}, point{3, 2}, point{4, 9}, point{5, 9}), 2, 4},
		{series(point{0, 5}, point{2, nan}, point{3, 5}), 0, 3},
		{series(point{0, 5}, point{2, nan}), 0, -1},
	}
	for i, tt := range tests {
		want := time.Time{}
		if tt.want >= 0 {
			want = sec(tt.want)
		}
		if got := tt.s.Above(tt.level); !got.Equal(want) {
			t.Errorf("%d: %v, want %v", i, got, want)
		}
	}
}

func TestSeriesKeep(t *testing.T) {
	s := &Series{Keep: time.Minute}
	for i := range 600 {
		s.Add(sec(float64(i)), float64(i))
	}
	if n := s.n(); n < 60 || n > 130 {
		t.Errorf("%d runs are kept for a minute of changes every second", n)
	}
	if got := s.At(sec(545)); got != 545 {
		t.Errorf("at 545: %v", got)
	}
	if s.Start().Before(sec(450)) {
		t.Errorf("starts at %v", s.Start().Sub(noon))
	}
}

// Two hours of a queue that changes at every poll must not fill the memory,
// and must not lose a peak either.
func TestSeriesIsBounded(t *testing.T) {
	s := &Series{Keep: Keep}
	const polls = 4 * 3 * 3600
	for i := range polls {
		v := float64(i % 7)
		if i == polls/2 {
			v = 1000
		}
		s.Add(sec(float64(i)/4), v)
	}
	if n, c := s.n(), cap(s.runs); n > 2*thinAbove || c > 3*thinAbove {
		t.Errorf("%d runs in room for %d", n, c)
	}
	end := sec(polls / 4)
	if v, when := s.Max(end.Add(-2*time.Hour), end); v != 1000 || when.Sub(sec(polls/8)).Abs() > time.Duration(thinSpan) {
		t.Errorf("the peak is %v at %v", v, when.Sub(noon))
	}
	for i := polls - 400; i < polls; i++ {
		if got := s.At(sec(float64(i) / 4)); got != float64(i%7) {
			t.Fatalf("recent detail is lost at poll %d: %v", i, got)
		}
	}
}
