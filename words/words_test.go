package words

import (
	"math"
	"testing"
	"time"
)

func TestFormat(t *testing.T) {
	for _, tt := range []struct {
		v    float64
		want string
	}{
		{0, "0"}, {7, "7"}, {999, "999"}, {1000, "1,000"}, {7035, "7,035"}, {1234567, "1,234,567"}, {-1234, "-1,234"}, {100, "100"},
		{0.5, "0.5"}, {1234.56, "1,234.6"}, {999.99, "1,000.0"}, {-0.04, "0.0"}, {-0.5, "-0.5"}, {math.NaN(), "?"}, {1e15, "1e+15"}, {math.Inf(1), "+Inf"}, {-9.2e15, "-9.2e+15"},
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
