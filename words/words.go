// Package words is how a number, a time and a count are written, the same
// everywhere. It makes no sentences and knows nothing of what it writes about.
package words

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Number is what there are so many of.
type Number interface{ int | int32 | int64 | float64 }

// Count writes a number with thousands separators: 7,035. Fractions keep what
// tells them from a whole number: one digit from ten on, two from one on, and
// below that three significant ones, since 0.004 is not 0.
func Count[N Number](n N) string {
	v := float64(n)
	switch {
	case math.IsNaN(v):
		return "?"
	case math.Abs(v) >= 1e15:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case v != 0 && math.Abs(v) < 1e-4:
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
	s := strconv.FormatFloat(v, 'f', digits(v, 3), 64)
	whole, fraction, _ := strings.Cut(s, ".")
	whole, negative := strings.CutPrefix(whole, "-")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
		whole += "." + fraction
	}
	if negative {
		whole = "-" + whole
	}
	return whole
}

// digits is how many digits after the point a number has that is written with so
// many significant ones, one at least unless it is whole.
func digits(v float64, significant int) int {
	if v == math.Trunc(v) {
		return 0
	}
	return max(significant-1-int(math.Floor(math.Log10(math.Abs(v)))), 1)
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

// Written is a duration as somebody writes it, without the zeros at its end: 2m, not 2m0s.
func Written(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
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
	n := 0
	switch {
	case unit < 0 && v == math.Trunc(v):
	case unit < 0 && math.Abs(v) < 0.001: // 0.0004 has no room, and is not 0
		return strings.Replace(strconv.FormatFloat(v, 'e', 0, 64), "e-0", "e-", 1)
	case math.Abs(v) < 1:
		n = 3
	case math.Abs(v) < 9.95:
		n = 1
	}
	s := strconv.FormatFloat(v, 'f', n, 64)
	if n > 0 {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if unit >= 0 {
		s += units[unit : unit+1]
	}
	return s
}

// Middle is a name in at most w columns: where it is longer, something in its
// middle gives way to a gap, since the ends of names tell them apart. How many
// columns a text takes is for the caller to say.
func Middle(name string, w int, gap string, width func(string) int) string {
	if width(name) <= w {
		return name
	}
	rest := max(w-width(gap), 0)
	head := 0
	for i := range name {
		if width(name[:i]) > rest/2 {
			break
		}
		head = i
	}
	tail, left := len(name), rest-width(name[:head])
	for tail > head {
		_, n := utf8.DecodeLastRuneInString(name[:tail])
		if width(name[tail-n:]) > left {
			break
		}
		tail -= n
	}
	return name[:head] + gap + name[tail:]
}

// Slips is how many letters were left out, added, exchanged or swapped with
// their neighbour between two words, in bytes.
func Slips(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			wrong := 1
			if a[i-1] == b[j-1] {
				wrong = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+wrong)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
