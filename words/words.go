// Package words is how a number, a time and a count are written, the same
// everywhere. It makes no sentences and knows nothing of what it writes about.
package words

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Number is what there are so many of.
type Number interface{ int | int32 | int64 | float64 }

// Count writes a number of jobs in full with thousands separators:
// 7,035. Fractions are kept to one digit.
func Count[N Number](n N) string {
	v := float64(n)
	if math.IsNaN(v) {
		return "?"
	}
	if math.Abs(v) >= 1e15 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	var s, fraction string
	if v == math.Trunc(v) {
		s = strconv.FormatInt(int64(v), 10)
	} else {
		whole, digit, _ := strings.Cut(strconv.FormatFloat(v, 'f', 1, 64), ".")
		s, fraction = whole, "."+digit
	}
	s, negative := strings.CutPrefix(s, "-")
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if s += fraction; negative && strings.Trim(s, "0.") != "" {
		s = "-" + s
	}
	return s
}

// Age writes a duration as a person would: 340ms, 4s, 2m05s, 3h12m, 5d.
func Age(d time.Duration) string {
	switch {
	case d <= 0:
		return "0s"
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
	case d < time.Minute:
		return strconv.FormatInt(int64(d/time.Second), 10) + "s"
	case d < time.Hour:
		return strconv.FormatInt(int64(d/time.Minute), 10) + "m" + pad2(int64(d/time.Second)%60) + "s"
	case d < 48*time.Hour:
		return strconv.FormatInt(int64(d/time.Hour), 10) + "h" + pad2(int64(d/time.Minute)%60) + "m"
	}
	return strconv.FormatInt(int64(d/(24*time.Hour)), 10) + "d"
}

// Span writes a configured duration: 5s, 90s, 5m, 2h.
func Span(d time.Duration) string {
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + "h"
	case d >= 2*time.Minute && d%time.Minute == 0:
		return strconv.FormatInt(int64(d/time.Minute), 10) + "m"
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}

func pad2(n int64) string {
	if n < 10 {
		return "0" + strconv.FormatInt(n, 10)
	}
	return strconv.FormatInt(n, 10)
}

// Plural writes a count with its noun: 1 pod, 2 pods.
func Plural[N Number](n N, noun string) string {
	s := Count(n) + " " + noun
	if n != 1 {
		s += "s"
	}
	return s
}

// Rate writes a number of jobs a second to three digits: 0.25, 4.5, 50,
// 5,000.
func Rate(v float64) string {
	switch {
	case math.IsNaN(v):
		return "?"
	case v >= 100 || v == math.Trunc(v):
		return Count(math.Round(v))
	case v >= 10:
		return Count(math.Round(v*10) / 10)
	}
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}

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
