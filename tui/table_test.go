package tui

import (
	"slices"
	"testing"

	"github.com/kscope/kscope/tui/screen"
)

// TestSpans: columns give way in their order and last of all the name; what is
// left goes to the name and to the sentences.
func TestSpans(t *testing.T) {
	cell := func(*Model, screen.Canvas, int) {}
	names := table[int]{least: 20, most: 30, columns: []column[int]{
		{"NAME", theName, false, 0, cell}, {"A", 10, false, 2, cell}, {"B", 10, false, 1, cell}, {"C", 10, false, 0, cell},
	}}
	why := table[int]{left: 1, least: 20, most: 60, columns: []column[int]{
		{"NAME", theName, false, 0, cell}, {"A", 10, false, 1, cell}, {"WHY", theRest, false, 2, cell},
	}}
	long := names
	long.longest, long.yields = 27, map[int]int{1: 8, 2: 4, 3: 9}
	longer := names
	longer.longest, longer.yields = 100, long.yields
	for _, tt := range []struct {
		t    *table[int]
		w    int
		want []int
	}{
		{&names, 200, []int{30, 10, 10, 10}},
		{&names, 50, []int{20, 10, 10, 10}},
		{&names, 49, []int{29, 0, 10, 10}},
		{&names, 39, []int{29, 0, 0, 10}},
		{&names, 25, []int{15, 0, 0, 10}},
		{&names, 0, []int{8, 0, 0, 10}},
		{&long, 200, []int{30, 10, 10, 10}},
		{&long, 50, []int{27, 10, 4, 9}},
		{&long, 49, []int{29, 0, 10, 10}},
		{&longer, 50, []int{29, 8, 4, 9}},
		{&why, 61, []int{20, 10, 30}},
		{&why, 91, []int{30, 10, 50}},
		{&why, 300, []int{38, 10, 251}},
		{&why, 60, []int{49, 10, 0}},
	} {
		var got []int
		x := tt.t.left
		for _, s := range tt.t.spans(tt.w) {
			if s.x != x {
				t.Errorf("%d wide: a column begins at %d, want %d", tt.w, s.x, x)
			}
			got, x = append(got, s.w), x+s.w
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%d wide: got %v, want %v", tt.w, got, tt.want)
		}
	}
}
