package formula

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/expr-lang/expr"
)

var names = []string{"orders", "lag"}

var values = map[string]float64{"orders": 20, "lag": 5}

// keda is what KEDA makes of a formula, by its own library.
func keda(text string, values map[string]float64) (float64, error) {
	if !strings.HasPrefix(text, "float(") {
		text = "float(" + text + ")"
	}
	dummy := map[string]float64{"orders": -1, "lag": -1}
	program, err := expr.Compile(text, expr.Env(dummy), expr.AsFloat64())
	if err != nil {
		return 0, err
	}
	is, err := expr.Run(program, values)
	if err != nil {
		return 0, err
	}
	return is.(float64), nil
}

// same is within what is lost in a sum; whole numbers beyond 64 bits, which KEDA turns over,
// are not the same here.
func same(a, b float64) bool {
	return a == b || math.Abs(a) > 1<<62 && math.Abs(b) > 1<<62 || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b))
}

// TestFormulas: what people write, the examples of KEDA's documentation first, comes to
// what KEDA makes of it.
func TestFormulas(t *testing.T) {
	for _, text := range []string{
		"orders + lag", "(orders + lag)/2", "orders > 5 ? orders : lag", "float(orders)", "7", "lag * 1.5", ".5 + 1e2 + 1.5e-1", "-orders + 30", "- -lag", "+lag",
		"max([orders, lag])", "max(orders, lag, 7)", "min(orders, 2)", "count([orders, lag], {# > 10}) >= 1 ? 3 : 0", "count([orders,lag],{#>1}) > 1 ? 5 : 0",
		"sum([orders, lag, 0.5])", "mean([orders, lag])", "median([1, 9, 4, 2])", "any([orders, lag], # > 10) ? 1 : 2", "all([orders], {# > 1}) && !none([lag], {# == 5}) ? 1 : 0",
		"one([1, 2], {# == 2}) ? orders : 0", "orders ?? 3", "orders in [20, 1] ? 1 : 0", "not (orders < 1) and lag >= 5 or false ? 4 : 2", "2 ** 3 ** 2", "-2 ^ 2", "7 / 2 * 2",
		"7 % 4", "abs(-3) + abs(lag)", "ceil(lag / 2) + floor(2.5) + round(2.5) + int(2.9)", "len([1, 2, 3])", "orders > 5 ? lag > 1 ? 1 : 2 : 3", "orders != lag ? 1 : 0",
		"(orders)", "1 == 1.0 ? 5 : 6", "true ? 1 : 2", "orders > 5 && lag > 1 ? orders : lag - 1", "orders - lag - 1", "100 / lag / 2", "int(orders) % 3",
	} {
		f, err := Parse(text, names)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		want, err := keda(text, values)
		if got := f.Of(values); !same(got, want) || err != nil {
			t.Errorf("%s: %v, KEDA has %v, %v", text, got, want, err)
		}
	}
}

// TestRefused: what KEDA refuses is refused, a name that is none in its words.
func TestRefused(t *testing.T) {
	for _, text := range []string{"orders +", "cpu", "orders lag", "(orders", "orders)", "orders % 2", "1 + true", "true", "[1, 2]", "orders ? 1 : 2", "!orders", "-true", "orders > 1",
		"1 in 2 ? 1 : 0", "max(", "count([1], {#})", "#", "orders && lag", "", "*", "1 +* 2", "[1, 2", "float(orders", "2 > true ? 1 : 0"} {
		f, err := Parse(text, names)
		if err == nil || errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v, %v", text, f, err)
		}
		if _, err := keda(text, values); err == nil {
			t.Errorf("KEDA takes %q", text)
		}
	}
	_, err := Parse("orders + cpu", names)
	if _, want := keda("orders + cpu", values); err == nil || err.Error() != want.Error() {
		t.Errorf("%v, KEDA says %v", err, want)
	}
}

// TestUnknown: what is not read here is said to be so, and takes no time.
func TestUnknown(t *testing.T) {
	for _, text := range []string{"sum(1..1000000)", "count(1..1000, {count(1..1000, {true}) > 0})", "count([1], {count([2], {# > 1}) > 0})", `len(repeat("x", 1000000))`, "let x = 1; x", "[1, 2][0]",
		`"orders"`, "max(concat([1], [2]))", "orders ?? nil", "now().Unix()", "orders | float()", "map([1], {# + 1})[0]", "1_000", "0x10", "true ? 1 : true"} {
		if f, err := Parse(text, names); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v, %v", text, f, err)
		}
	}
}

// writer writes formulas by chance, most of which make sense.
type writer struct{ *rand.Rand }

func (w writer) one(of ...string) string { return of[w.IntN(len(of))] }

func (w writer) number(deep int) string {
	if deep <= 0 {
		return w.one("orders", "lag", "orders", "lag", "1", "2", "0.5", "10", "true", "nobody")
	}
	d := deep - 1
	switch w.IntN(9) {
	case 0, 1, 2:
		return w.number(d) + w.one("", " ") + w.one("+", "-", "*", "/", "%", "**", "^", "??") + w.one("", " ") + w.number(d)
	case 3:
		return "(" + w.number(d) + ")"
	case 4:
		return w.truth(d) + " ? " + w.number(d) + " : " + w.number(d)
	case 5:
		return w.one("abs", "ceil", "floor", "round", "int", "float", "len") + "(" + w.number(d) + ")"
	case 6:
		return w.one("min", "max", "sum", "mean", "median", "len") + "(" + w.list(d) + ")"
	case 7:
		return "count(" + w.list(d) + ", " + w.one("{# > 3}", "# < 7", "{# == orders}", "{#}") + ")"
	}
	return w.one("-", "+", "!") + w.number(d)
}

func (w writer) list(deep int) string {
	parts := make([]string, w.IntN(4))
	for i := range parts {
		parts[i] = w.number(deep - 1)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (w writer) truth(deep int) string {
	if deep <= 0 {
		return w.one("true", "orders > lag", "lag != 5", "false", "orders")
	}
	d := deep - 1
	switch w.IntN(5) {
	case 0:
		return w.truth(d) + w.one(" && ", " || ", " and ", " or ", " == ") + w.truth(d)
	case 1:
		return w.one("!", "not ") + w.truth(d)
	case 2:
		return w.one("any", "all", "none", "one") + "(" + w.list(d) + ", " + w.one("{# > 3}", "# <= lag") + ")"
	case 3:
		return w.number(d) + " in " + w.list(d)
	}
	return w.number(d) + w.one(" > ", "<", " >= ", "<=", " == ", "!=") + w.number(d)
}

// TestAsKEDA: of formulas written by chance KEDA takes what is taken here, refuses what is
// refused, and comes to the same.
func TestAsKEDA(t *testing.T) {
	w := writer{rand.New(rand.NewPCG(1, 2))}
	taken, refused, unknown := 0, 0, 0
	for range 20_000 {
		text := w.number(1 + w.IntN(4))
		f, err := Parse(text, names)
		if errors.Is(err, ErrUnknown) {
			unknown++
			continue
		}
		want, failed := keda(text, values)
		switch {
		case err == nil && failed == nil:
			if got := f.Of(values); !same(got, want) {
				t.Errorf("%s: %v, KEDA has %v", text, got, want)
			}
			taken++
		case err == nil && math.IsNaN(f.Of(values)): // as where nothing is left of a division by 0
			refused++
		case err == nil:
			t.Errorf("KEDA refuses %s: %v", text, failed)
		case failed == nil:
			t.Errorf("KEDA takes %s: %v", text, err)
		default:
			refused++
		}
		if t.Failed() && taken+refused > 300 {
			break
		}
	}
	if taken < 5000 || refused < 2000 || unknown > 6000 {
		t.Errorf("%d taken, %d refused, %d not known", taken, refused, unknown)
	}
}

// FuzzFormula: no formula ends the program or keeps it.
func FuzzFormula(f *testing.F) {
	for _, text := range []string{"orders + lag", "count([orders, lag], {# > 1}) > 1 ? 5 : 0", "let x = orders; x ?? 1", "max(orders, lag) % 3", "orders in [1, 2] ? 1 : 2", "-1e5**.5"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 {
			return
		}
		if f, err := Parse(text, names); err == nil {
			f.Of(values)
		}
	})
}
