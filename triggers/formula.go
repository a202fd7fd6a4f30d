package triggers

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"

	"github.com/kscope/kscope"
)

// Formula is the one number that spec.advanced.scalingModifiers makes of the values of
// an object's triggers, by KEDA's own library, and what that is compared with.
type Formula struct {
	Target, Activation float64
	ByValue            bool // the target is a Value and not an AverageValue

	program *vm.Program
	names   map[string]float64
}

// How much a formula may ask for, so that none keeps whoever computes it busy. KEDA has
// no such limits, and would be kept busy itself.
const (
	formulaLength = 2000
	formulaDepth  = 2 // of what is done for each item of a list
)

// ErrFormulaTooMuch is a formula that is not computed here: KEDA would.
var ErrFormulaTooMuch = errors.New("the formula is too long, or makes lists of lists: only KEDA computes it")

// ParseFormula compiles a formula over those of the triggers that have a name. The errors
// are KEDA's. (scaledobject_webhook.go: ValidateAndCompileScalingModifiers)
func ParseFormula(m kscope.Formula, all []kscope.Trigger) (*Formula, error) {
	const noFormula, noTarget = "error validating formula in ScalingModifiers\n", "error validating target in ScalingModifiers\n"
	switch {
	case m.Text == "":
		return nil, errors.New("error ScalingModifiers.Formula is mandatory")
	case m.Target == "":
		return nil, errors.New(noFormula + "formula is given but target is empty")
	case len(m.Text) > formulaLength:
		return nil, ErrFormulaTooMuch
	}
	f := &Formula{ByValue: m.MetricType == "Value", names: map[string]float64{}}
	for _, t := range all {
		if typ, _ := TypeOf(t.Type); !typ.Resource && t.Name != "" {
			f.names[t.Name] = -1
		}
	}
	err := f.compile(m.Text)
	if errors.Is(err, ErrFormulaTooMuch) {
		return nil, err
	} else if err != nil {
		return nil, fmt.Errorf(noFormula+"%w", err)
	}
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

func (f *Formula) compile(text string) (err error) {
	if !strings.HasPrefix(text, "float(") { // what chooses between two numbers has no type of its own
		text = "float(" + text + ")"
	}
	var cost costs
	if f.program, err = expr.Compile(text, expr.Env(f.names), expr.AsFloat64(), expr.Patch(&cost)); err != nil {
		return err
	}
	if cost.tooMuch {
		return ErrFormulaTooMuch
	}
	_, err = f.Of(f.names)
	return err
}

// Of is what it comes to.
func (f *Formula) Of(values map[string]float64) (float64, error) {
	is, err := expr.Run(f.program, values)
	if v, ok := is.(float64); err != nil || ok && !math.IsNaN(v) {
		return v, err
	}
	return 0, fmt.Errorf("the formula comes to %v, which is no number", is)
}

// growing is what makes much of little.
var growing = []string{"concat", "flatten", "repeat", "split", "fromJSON"}

// costs finds what may take long: that, and what is done for each item of a list for each.
type costs struct {
	tooMuch bool
	depths  map[*ast.PredicateNode]int
}

// Visit is called for each part of a formula, the inner ones first.
func (c *costs) Visit(n *ast.Node) {
	switch x := (*n).(type) {
	case *ast.BinaryNode:
		c.tooMuch = c.tooMuch || x.Operator == ".."
	case *ast.BuiltinNode:
		c.tooMuch = c.tooMuch || slices.Contains(growing, x.Name)
	case *ast.PredicateNode:
		within := inside{c.depths, 0}
		ast.Walk(&x.Node, &within)
		if c.depths == nil {
			c.depths = map[*ast.PredicateNode]int{}
		}
		c.depths[x] = within.deepest + 1
		c.tooMuch = c.tooMuch || c.depths[x] > formulaDepth
	}
}

// inside finds the deepest of what is done for each item.
type inside struct {
	depths  map[*ast.PredicateNode]int
	deepest int
}

func (i *inside) Visit(n *ast.Node) {
	if p, ok := (*n).(*ast.PredicateNode); ok {
		i.deepest = max(i.deepest, i.depths[p])
	}
}
