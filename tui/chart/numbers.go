package chart

import (
	"math"
	"strconv"
)

// Short writes a number in at most five columns: 7, 850, 1.5k, 20k, 3M.
func Short(v float64) string {
	if math.IsNaN(v) {
		return "?"
	}
	if math.IsInf(v, 0) || math.Abs(v) >= 1e21 {
		return "inf"
	}
	const units = "kMGTPE"
	unit := -1
	for math.Abs(v) >= 999.5 && unit < len(units)-1 {
		v /= 1000
		unit++
	}
	digits := 0
	switch {
	case unit < 0 && v == math.Trunc(v):
	case math.Abs(v) < 1:
		digits = 2
	case math.Abs(v) < 9.95:
		digits = 1
	}
	s := strconv.FormatFloat(v, 'f', digits, 64)
	if digits > 0 {
		for s[len(s)-1] == '0' {
			s = s[:len(s)-1]
		}
		if s[len(s)-1] == '.' {
			s = s[:len(s)-1]
		}
	}
	if unit >= 0 {
		s += units[unit : unit+1]
	}
	return s
}

// commas writes a whole number in full, with thousands separated, up to ten
// million, and shortens beyond.
func commas(v float64) string {
	if math.IsNaN(v) || math.Abs(v) >= 1e7 || v != math.Trunc(v) {
		return Short(v)
	}
	s := strconv.FormatInt(int64(math.Abs(v)), 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if v < 0 {
		return "-" + s
	}
	return s
}
