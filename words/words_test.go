package words

import (
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestFormat(t *testing.T) {
	for _, tt := range []struct {
		v    float64
		want string
	}{
		{0, "0"}, {7, "7"}, {999, "999"}, {1000, "1,000"}, {7035, "7,035"}, {1234567, "1,234,567"}, {-1234, "-1,234"}, {100, "100"},
		{0.5, "0.5"}, {1234.56, "1,234.6"}, {999.99, "1,000"}, {-0.04, "-0.04"}, {0.44, "0.44"}, {0.0041, "0.0041"}, {1.0 / 3, "0.333"}, {1.25, "1.25"}, {9.996, "10"}, {0.99996, "1"}, {12.34, "12.3"}, {2e-7, "2e-07"}, {-0.5, "-0.5"}, {math.NaN(), "?"}, {1e15, "1e+15"}, {math.Inf(1), "+Inf"}, {-9.2e15, "-9.2e+15"},
	} {
		if got := Count(tt.v); got != tt.want {
			t.Errorf("count %v: %q, want %q", tt.v, got, tt.want)
		}
	}
	for _, tt := range []struct {
		d         time.Duration
		age, span string
	}{
		{0, "0s", "0s"}, {340 * time.Millisecond, "340ms", "0.34s"}, {4 * time.Second, "4s", "4s"}, {59999 * time.Millisecond, "59s", "59.999s"},
		{90 * time.Second, "1m30s", "90s"}, {125 * time.Second, "2m05s", "125s"}, {5 * time.Minute, "5m00s", "5m"}, {2 * time.Hour, "2h00m", "2h"},
		{192 * time.Minute, "3h12m", "192m"}, {50 * time.Hour, "2d", "50h"}, {47*time.Hour + 59*time.Minute, "47h59m", "2879m"},
	} {
		if got := Age(tt.d); got != tt.age {
			t.Errorf("age %v: %q, want %q", tt.d, got, tt.age)
		}
		if got := Span(tt.d); got != tt.span {
			t.Errorf("span %v: %q, want %q", tt.d, got, tt.span)
		}
	}
	if got := Age(-time.Second); got != "0s" {
		t.Errorf("age of the future: %q", got)
	}
	for n, want := range map[int64]string{0: "0 pods", 1: "1 pod", 2: "2 pods", 1200: "1,200 pods"} {
		if got := Plural(n, "pod"); got != want {
			t.Errorf("plural %d: %q, want %q", n, got, want)
		}
	}
}

// No number that is not zero is written as zero.
func TestNothingIsRoundedToZero(t *testing.T) {
	for e := -30.0; e < 20; e += 0.13 {
		for _, v := range []float64{math.Pow(10, e), -math.Pow(10, e), 4.4 * math.Pow(10, e)} {
			for _, s := range []string{Count(v), Plural(v, "job"), Short(v)} {
				if !strings.ContainsAny(s, "123456789if") {
					t.Errorf("%v: %q", v, s)
				}
			}
			if s := Short(v); len(s) > 5 && v > 0 && v >= 1e-9 {
				t.Errorf("%v: %q is long", v, s)
			}
		}
	}
}

// Names that differ at either end stay different, and fit.
func TestMiddle(t *testing.T) {
	width := func(s string) int { return utf8.RuneCountInString(s) }
	for _, tt := range []struct {
		name string
		w    int
		want string
	}{
		{"orders", 6, "orders"}, {"orders", 5, "or…rs"}, {"team-checkout-worker-1", 11, "team-…ker-1"}, {"orders", 1, "…"}, {"orders", 2, "…s"}, {"grün-größer-🙂", 8, "grü…er-🙂"}, {"", 0, ""},
	} {
		if got := Middle(tt.name, tt.w, "…", width); got != tt.want {
			t.Errorf("%q in %d: %q, want %q", tt.name, tt.w, got, tt.want)
		}
	}
	for w := 5; w < 60; w++ {
		long := strings.Repeat("warehouse-", 9)
		for _, pair := range [][2]string{{long + "a", long + "b"}, {"x" + long, "y" + long}, {long + "10", long + "11"}} {
			a, b := Middle(pair[0], w, "…", width), Middle(pair[1], w, "…", width)
			if a == b || width(a) > w || width(b) > w {
				t.Errorf("%d columns: %q and %q", w, a, b)
			}
		}
	}
}
