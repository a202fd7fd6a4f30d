package triggers

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers/formula"
)

// Formula is the one number that spec.advanced.scalingModifiers makes of the values of
// an object's triggers, and what that is compared with.
type Formula struct {
	Target, Activation float64
	ByValue            bool // the target is a Value and not an AverageValue

	is *formula.Formula
}

// formulaLength is how long a formula may be that is computed here.
const formulaLength = 2000

// ErrFormulaUnknown is a formula that KEDA may take and that is not computed here.
var ErrFormulaUnknown = formula.ErrUnknown

// ParseFormula reads a formula over those of the triggers that have a name. The errors
// are KEDA's. (scaledobject_webhook.go: ValidateAndCompileScalingModifiers)
func ParseFormula(m kscope.Formula, all []kscope.Trigger) (*Formula, error) {
	const noFormula, noTarget = "error validating formula in ScalingModifiers\n", "error validating target in ScalingModifiers\n"
	switch {
	case m.Text == "":
		return nil, errors.New("error ScalingModifiers.Formula is mandatory")
	case m.Target == "":
		return nil, errors.New(noFormula + "formula is given but target is empty")
	case len(m.Text) > formulaLength:
		return nil, ErrFormulaUnknown
	}
	var names []string
	for _, t := range all {
		if typ, _ := TypeOf(t.Type); !typ.Resource && t.Name != "" {
			names = append(names, t.Name)
		}
	}
	is, err := formula.Parse(m.Text, names)
	if errors.Is(err, ErrFormulaUnknown) {
		return nil, err
	} else if err != nil {
		return nil, fmt.Errorf(noFormula+"%w", err)
	}
	f := &Formula{ByValue: m.MetricType == "Value", is: is}
	if f.Target, err = strconv.ParseFloat(m.Target, 64); err != nil || !(f.Target > 0) {
		return nil, fmt.Errorf(noTarget+"error converting target for scalingModifiers (string->float) to valid target: %w", err)
	}
	if m.MetricType == "Utilization" {
		return nil, errors.New(noTarget + "error trigger type is Utilization, but it needs to be AverageValue or Value for external metrics")
	}
	if m.ActivationTarget != "" {
		if f.Activation, err = strconv.ParseFloat(m.ActivationTarget, 64); err != nil {
			return nil, fmt.Errorf("error converting activationTarget for scalingModifiers (string->float) to valid activationTarget: %w", err)
		}
	}
	return f, nil
}

// Of is what it comes to for the values of the triggers, by their names.
func (f *Formula) Of(values map[string]float64) (float64, error) {
	if v := f.is.Of(values); !math.IsNaN(v) {
		return v, nil
	}
	return 0, errors.New("the formula comes to NaN")
}
