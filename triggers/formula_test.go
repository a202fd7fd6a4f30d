package triggers

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
)

var combined = []kscope.Trigger{{Type: "redis", Name: "orders"}, {Type: "kafka", Name: "lag"}, {Type: "cpu", Name: "cpu"}, {Type: "prometheus"}}

// TestFormula: what KEDA's documentation shows comes to what it says there, and what is
// wrong meets KEDA's words.
func TestFormula(t *testing.T) {
	for _, tt := range []struct {
		text string
		want float64
	}{
		{"orders + lag", 25}, {"(orders + lag)/2", 12.5}, {"orders > 5 ? orders : lag", 20}, {"float(orders)", 20}, {"7", 7},
		{"max([orders, lag])", 20}, {"count([orders, lag], {# > 10}) >= 1 ? 3 : 0", 3}, {"sum([orders, lag, 0.5])", 25.5}, {"orders ?? 3", 20},
	} {
		f, err := ParseFormula(kscope.Formula{Text: tt.text, Target: "5"}, combined)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got, err := f.Of(map[string]float64{"orders": 20, "lag": 5}); got != tt.want || err != nil {
			t.Errorf("%s: %v, %v; want %v", tt.text, got, err, tt.want)
		}
	}
	for text, want := range map[string]string{
		"":                                 "Formula is mandatory",
		"orders +":                         "error validating formula in ScalingModifiers\nunexpected token",
		"cpu":                              "unknown name cpu",
		"prometheus":                       "unknown name prometheus",
		`"orders"`:                         "invalid operation",
		strings.Repeat("1+", 999) + "1111": ErrFormulaTooMuch.Error(),
	} {
		if _, err := ParseFormula(kscope.Formula{Text: text, Target: "5"}, combined); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
	if f, err := ParseFormula(kscope.Formula{Text: "orders", Target: "2.5", ActivationTarget: "1", MetricType: "Value"}, combined); err != nil || f.Target != 2.5 || f.Activation != 1 || !f.ByValue {
		t.Errorf("got %+v, %v", f, err)
	}
}

// TestFormulaTakesNoTime: what would keep KEDA busy for long is not computed here.
func TestFormulaTakesNoTime(t *testing.T) {
	for _, text := range []string{
		"sum(1..1000000)", "any([1], {# > 0 && all([2], {# < 3 && none([4], {# == 5})})}) ? 1 : 2", "count(1..1000, {count(1..1000, {count(1..1000, {true}) > 0}) > 0})",
		"count([1,2], {count([1,2], {count([1,2], {true}) > 0}) > 0})", `len(repeat("x", 1000000))`, "len(concat([1], [2]))", `len(split("a,b", ","))`,
	} {
		began := time.Now()
		if _, err := ParseFormula(kscope.Formula{Text: text, Target: "5"}, combined); !errors.Is(err, ErrFormulaTooMuch) || time.Since(began) > 2*time.Second {
			t.Errorf("%s: %v after %v", text, err, time.Since(began))
		}
	}
}

// FuzzFormula: no formula ends the program or keeps it.
func FuzzFormula(f *testing.F) {
	for _, text := range []string{"orders + lag", "count([orders, lag], {# > 1}) > 1 ? 5 : 0", "let x = orders; x ?? 1", "max(orders, lag) % 3", "orders in [1, 2]"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := ParseFormula(kscope.Formula{Text: text, Target: "5"}, combined)
		if err != nil {
			return
		}
		if v, err := parsed.Of(map[string]float64{"orders": 1, "lag": 2}); err == nil && v != v {
			t.Errorf("%q comes to no number", text)
		}
	})
}
