package chart

import (
	"math"

	"github.com/kscope/kscope/words"
)

// commas writes a whole number in full up to ten million, and shortens beyond.
func commas(v float64) string {
	if math.IsNaN(v) || math.Abs(v) >= 1e7 || v != math.Trunc(v) {
		return words.Short(v)
	}
	return words.Count(v)
}
