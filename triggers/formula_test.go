package triggers

import (
	"errors"
	"strings"
	"testing"

	"github.com/kscope/kscope"
)

// TestFormula is a formula with its targets, over the triggers that have a name and
// measure something.
func TestFormula(t *testing.T) {
	all := []kscope.Trigger{{Type: "redis", Name: "orders"}, {Type: "kafka", Name: "lag"}, {Type: "cpu", Name: "cpu"}, {Type: "prometheus"}}
	f, err := ParseFormula(kscope.Formula{Text: "orders + lag", Target: "2.5", ActivationTarget: "1", MetricType: "Value"}, all)
	if err != nil || f.Target != 2.5 || f.Activation != 1 || !f.ByValue {
		t.Fatalf("got %+v, %v", f, err)
	}
	if got, err := f.Of(map[string]float64{"orders": 20, "lag": 5}); got != 25 || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	for _, tt := range []struct {
		is   kscope.Formula
		want string
	}{
		{kscope.Formula{Target: "5"}, "Formula is mandatory"},
		{kscope.Formula{Text: "orders"}, "formula is given but target is empty"},
		{kscope.Formula{Text: "cpu", Target: "5"}, "unknown name cpu (1:7)\n | float(cpu)\n | ......^"},
		{kscope.Formula{Text: "prometheus", Target: "5"}, "unknown name prometheus"},
		{kscope.Formula{Text: "orders", Target: "0"}, "error validating target"},
		{kscope.Formula{Text: "orders", Target: "5", MetricType: "Utilization"}, "needs to be AverageValue or Value"},
		{kscope.Formula{Text: "orders", Target: "5", ActivationTarget: "x"}, "valid activationTarget"},
	} {
		if _, err := ParseFormula(tt.is, all); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q", tt.is, err, tt.want)
		}
	}
	if _, err := ParseFormula(kscope.Formula{Text: strings.Repeat("1+", 1000) + "1", Target: "5"}, all); !errors.Is(err, ErrFormulaUnknown) {
		t.Errorf("a long one: %v", err)
	}
	if f, err := ParseFormula(kscope.Formula{Text: "0/0", Target: "5"}, all); err != nil {
		t.Error(err)
	} else if _, err := f.Of(nil); err == nil {
		t.Error("it comes to no number")
	}
}
