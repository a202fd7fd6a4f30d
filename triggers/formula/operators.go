package formula

import (
	"math"
	"slices"
	"strings"
)

// binary is two parts with an operator between them.
func (p *parser) binary(op string, a, b node) node {
	fails := func() node {
		if a.loose || b.loose {
			p.unknown()
		}
		p.fail("invalid operation: %s (mismatched types %s and %s)", op, a.typ, b.typ)
		return a
	}
	x, y := a.do, b.do
	switch op {
	case "&&", "and", "||", "or":
		if a.list || b.list || a.of != aBool || b.of != aBool {
			return fails()
		}
		any := op == "||" || op == "or"
		return node{a.typ, func(f *frame) value {
			if first := x(f); (first.n != 0) == any {
				return first
			}
			return y(f)
		}}
	case "in":
		if !b.list {
			return fails()
		}
		if a.list || (a.of == aBool) != (b.of == aBool) {
			p.unknown() // that is of one type at least
		}
		return node{typ{of: aBool}, func(f *frame) value { return truth(slices.Contains(y(f).l, x(f).n)) }}
	case "==", "!=":
		if a.list || b.list || (a.of == aBool) != (b.of == aBool) {
			p.unknown()
			return a
		}
		return node{typ{of: aBool}, func(f *frame) value { return truth((x(f).n == y(f).n) == (op == "==")) }}
	}
	if !a.number() || !b.number() || op == "%" && (a.of != anInt || b.of != anInt) {
		return fails()
	}
	if op == "%" {
		return node{a.typ, func(f *frame) value {
			by := y(f).n
			f.failed = f.failed || by == 0
			return value{n: math.Mod(x(f).n, by)}
		}}
	}
	t := a.typ
	t.loose = a.loose || b.loose
	if b.of == aFloat || op == "/" || op == "**" || op == "^" {
		t.of = aFloat
	}
	do := arithmetic[op]
	if do == nil {
		t.of, do = aBool, comparisons[op]
	}
	return node{t, func(f *frame) value { return value{n: do(x(f).n, y(f).n)} }}
}

var arithmetic = map[string]func(a, b float64) float64{
	"+":  func(a, b float64) float64 { return a + b },
	"-":  func(a, b float64) float64 { return a - b },
	"*":  func(a, b float64) float64 { return a * b },
	"/":  func(a, b float64) float64 { return a / b },
	"**": math.Pow,
	"^":  math.Pow,
}

var comparisons = map[string]func(a, b float64) float64{
	"<":  func(a, b float64) float64 { return truth(a < b).n },
	">":  func(a, b float64) float64 { return truth(a > b).n },
	"<=": func(a, b float64) float64 { return truth(a <= b).n },
	">=": func(a, b float64) float64 { return truth(a >= b).n },
}

func (p *parser) signed(sign string, n node) node {
	if !n.number() {
		p.mismatch(n.typ, "invalid operation: %s (mismatched type %s)", sign, n.typ)
	}
	if sign == "+" {
		return n
	}
	return node{n.typ, func(f *frame) value { return value{n: -n.do(f).n} }}
}

// ofNumber are the functions of one number, and what they make of it.
var ofNumber = map[string]struct {
	do func(float64) float64
	is kind
}{
	"float": {func(v float64) float64 { return v }, aFloat}, "int": {func(v float64) float64 { return float64(int64(v)) }, anInt},
	"ceil": {math.Ceil, aFloat}, "floor": {math.Floor, aFloat}, "round": {math.Round, aFloat},
}

// ofList are those of a list of numbers.
var ofList = map[string]func([]float64) float64{
	"sum": func(l []float64) float64 {
		sum := 0.0
		for _, v := range l {
			sum += v
		}
		return sum
	},
	"min": slices.Min[[]float64], "max": slices.Max[[]float64],
	"mean": func(l []float64) float64 {
		sum := 0.0
		for _, v := range l {
			sum += v
		}
		return sum / float64(len(l))
	},
	"median": func(l []float64) float64 {
		l = slices.Sorted(slices.Values(l))
		return (l[(len(l)-1)/2] + l[len(l)/2]) / 2
	},
}

// ofEach are those that ask something of each item, of which so many say yes.
var ofEach = map[string]func(yes, of int) value{
	"count": func(yes, _ int) value { return value{n: float64(yes)} },
	"any":   func(yes, _ int) value { return truth(yes > 0) },
	"all":   func(yes, of int) value { return truth(yes == of) },
	"none":  func(yes, _ int) value { return truth(yes == 0) },
	"one":   func(yes, _ int) value { return truth(yes == 1) },
}

// functions are those that are computed here, and others those that KEDA has besides.
var (
	functions = []string{"float", "int", "ceil", "floor", "round", "abs", "len", "sum", "min", "max", "mean", "median", "count", "any", "all", "none", "one"}
	others    = strings.Fields(`filter map find findIndex findLast findLastIndex groupBy sortBy reduce type string trim trimPrefix trimSuffix upper lower
		split splitAfter replace repeat join indexOf lastIndexOf hasPrefix hasSuffix toJSON fromJSON toBase64 fromBase64 now duration date timezone first last get
		take keys values toPairs fromPairs reverse uniq concat flatten sort bitand bitor bitxor bitnand bitshl bitshr bitushr bitnot`)
)

// call is a function with what it is of.
func (p *parser) call(name string) node {
	p.next()
	var args []node
	for p.err == nil && p.token != ")" {
		if ofEach[name] != nil && len(args) == 1 {
			args = append(args, p.question(args[0].typ))
		} else {
			args = append(args, p.expression(0))
		}
		if p.token != ")" {
			p.expect(",")
		}
	}
	p.expect(")")
	number, one := ofNumber[name]
	aggregate := ofList[name]
	switch {
	case len(args) == 0:
		p.fail("not enough arguments to call %s", name)
	case len(args) == 1 && (one || name == "abs") && !args[0].number(), name == "len" && !args[0].list:
		p.mismatch(args[0].typ, "invalid operation: %s(%s)", name, args[0].typ)
	case ofEach[name] != nil && len(args) == 2 && args[0].list:
		return ask(name, args[0], args[1])
	case len(args) == 1 && args[0].number() && one:
		return node{typ{of: number.is}, func(f *frame) value { return value{n: number.do(args[0].do(f).n)} }}
	case len(args) == 1 && args[0].number() && name == "abs":
		return node{args[0].typ, func(f *frame) value { return value{n: math.Abs(args[0].do(f).n)} }}
	case len(args) == 1 && args[0].list && name == "len":
		return node{typ{of: anInt}, func(f *frame) value { return value{n: float64(len(args[0].do(f).l))} }}
	case aggregate != nil && len(args) == 1 && args[0].list && args[0].of != aBool:
		return node{typ{of: aFloat, loose: true}, func(f *frame) value { return value{n: aggregate(args[0].do(f).l)} }}
	case (name == "min" || name == "max") && !slices.ContainsFunc(args, func(n node) bool { return !n.number() }):
		return node{typ{of: aFloat, loose: true}, func(f *frame) value {
			all := make([]float64, len(args))
			for i, n := range args {
				all[i] = n.do(f).n
			}
			return value{n: aggregate(all)}
		}}
	default:
		p.unknown()
	}
	return constant(typ{}, 0)
}

// question is what is asked of each item of a list, in braces or without; not within
// another.
func (p *parser) question(of typ) node {
	if len(p.items) > 0 {
		p.unknown()
	}
	p.items = append(p.items, typ{of: of.of, loose: of.loose})
	braces := p.token == "{"
	if braces {
		p.next()
	}
	n := p.expression(0)
	if braces {
		p.expect("}")
	}
	if p.items = p.items[1:]; n.list || n.of != aBool {
		p.mismatch(n.typ, "predicate should return boolean (got %s)", n.typ)
	}
	return n
}

func ask(name string, list, question node) node {
	t := typ{of: aBool}
	if name == "count" {
		t.of = anInt
	}
	return node{t, func(f *frame) value {
		before, yes := f.item, 0
		all := list.do(f).l
		for _, v := range all {
			if f.item = v; question.do(f).n != 0 {
				yes++
			}
		}
		f.item = before
		return ofEach[name](yes, len(all))
	}}
}
