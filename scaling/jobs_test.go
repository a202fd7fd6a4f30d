package scaling

import "testing"

// TestJobDecision compares with numbers worked out by hand from the rules.
func TestJobDecision(t *testing.T) {
	for _, c := range []struct {
		name             string
		rules            Jobs
		values           []JobReading
		running, pending int64
		limit, scaleTo   int64
		active           bool
	}{
		{"default", Jobs{Max: 100}, []JobReading{{10, 1, true}}, 3, 0, 7, 10, true},
		{"default, target 5", Jobs{Max: 100}, []JobReading{{12, 5, true}}, 0, 0, 3, 12, true},
		{"default at max", Jobs{Max: 4}, []JobReading{{10, 1, true}}, 4, 0, 0, 10, true},
		{"min comes first", Jobs{Min: 3, Max: 100}, []JobReading{{50, 1, true}}, 1, 0, 2, 2, true},
		{"min counts as active", Jobs{Min: 3, Max: 100}, nil, 3, 0, 0, 0, true},
		{"inactive", Jobs{Max: 100}, []JobReading{{0, 1, false}}, 0, 0, 0, 0, false},
		{"custom", Jobs{Max: 100, Strategy: "custom", Deduction: 2, Share: 0.5}, []JobReading{{20, 1, true}}, 6, 0, 15, 20, true},
		{"accurate", Jobs{Strategy: "accurate", Max: 10}, []JobReading{{6, 1, true}}, 3, 2, 4, 6, true},
		{"accurate at max", Jobs{Strategy: "accurate", Max: 10}, []JobReading{{9, 1, true}}, 3, 1, 7, 9, true},
		{"eager", Jobs{Strategy: "eager", Max: 10}, []JobReading{{6, 1, true}}, 3, 0, 6, 10, true},
		{"eager at max", Jobs{Strategy: "eager", Max: 10}, []JobReading{{6, 1, true}}, 7, 1, 2, 10, true},
		{"max of two", Jobs{Max: 100}, []JobReading{{4, 1, true}, {9, 3, true}}, 0, 0, 3, 9, true},
		{"min of two", Jobs{Max: 100, Combine: "min"}, []JobReading{{4, 1, true}, {9, 3, true}}, 0, 0, 4, 4, true},
		{"sum", Jobs{Max: 100, Combine: "sum"}, []JobReading{{4, 1, true}, {9, 3, true}, {5, 1, false}}, 0, 0, 7, 13, true},
		{"avg", Jobs{Max: 100, Combine: "avg"}, []JobReading{{4, 1, true}, {9, 3, true}}, 0, 0, 4, 7, true},
	} {
		got, want := c.rules.Decide(c.values, c.running, c.pending), JobDecision{c.active, c.limit, c.scaleTo}
		if got != want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, want)
		}
	}
}
