// Package formula computes what KEDA's scalingModifiers say, over numbers: arithmetic,
// comparisons, choices, lists and the functions on them, in the language of
// github.com/expr-lang/expr, which KEDA computes them with and which a test holds this
// against. That library itself looks methods up by name, which keeps the linker from
// leaving out any of client-go: kscope would be 39 MB larger, 17 MiB of it resident.
package formula

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// ErrUnknown is a formula with something in it that only KEDA can compute.
var ErrUnknown = errors.New("the sandbox does not compute a formula like this: it is long, or more than arithmetic, choices and lists")

// Formula is one that was understood.
type Formula struct{ root node }

// Parse reads a formula over these names. The result is a number, whatever its type.
func Parse(text string, names []string) (*Formula, error) {
	if !strings.HasPrefix(text, "float(") { // what chooses between two numbers has no type of its own
		text = "float(" + text + ")"
	}
	p := &parser{text: text, names: names}
	p.next()
	n := p.expression(0)
	if p.err == nil && p.token != "" {
		p.fail("unexpected token %s", shown(p.token))
	}
	switch {
	case p.err != nil:
		return nil, p.err
	case n.list || n.of == aBool:
		return nil, fmt.Errorf("expected float64, but got %s", n.typ)
	}
	return &Formula{n}, nil
}

// Of is what it comes to for the values of the names; NaN where it comes to nothing.
func (f *Formula) Of(values map[string]float64) float64 {
	in := frame{values: values}
	if is := f.root.do(&in); !in.failed {
		return is.n + 0 // and not -0
	}
	return math.NaN()
}

// typ is what the type of a part is known to be before it is computed.
type typ struct {
	of    kind
	list  bool
	loose bool // KEDA knows only when it computes
}

// kind is that of a number.
type kind int

const (
	anInt kind = iota
	aFloat
	aBool
)

func (t typ) String() string {
	s := [...]string{"int", "float64", "bool"}[t.of]
	if t.list {
		s = "[]" + s
	}
	return s
}

func (t typ) number() bool { return !t.list && t.of != aBool }

// node is a part, with its type.
type node struct {
	typ
	do func(*frame) value
}

// value is a number, a truth (1 or 0) or a list of these.
type value struct {
	n float64
	l []float64
}

// frame is what parts are computed in: the values of the names, and the item of a list
// that something is asked of.
type frame struct {
	values map[string]float64
	item   float64
	failed bool // a whole number was divided by 0
}

func constant(t typ, n float64) node {
	return node{t, func(*frame) value { return value{n: n} }}
}

func truth(b bool) value {
	if b {
		return value{n: 1}
	}
	return value{}
}
