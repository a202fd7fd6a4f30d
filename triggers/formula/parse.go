package formula

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// parser reads from left to right, as binding powers say. (V. R. Pratt, Top Down Operator
// Precedence, 1973)
type parser struct {
	text    string
	names   []string
	at, end int    // of the token
	token   string // "" at the end
	items   []typ  // of the lists of which something is being asked
	err     error
}

// powers are how strongly an operator binds, by the library's table.
var powers = map[string]int{"||": 10, "or": 10, "&&": 15, "and": 15, "==": 20, "!=": 20, "<": 20, ">": 20, "<=": 20, ">=": 20, "in": 20,
	"+": 30, "-": 30, "*": 60, "/": 60, "%": 60, "**": 100, "^": 100, "??": 500}

const (
	notBinds   = 50
	minusBinds = 90
)

// marks are the operators of more than one character, the longer ones first.
var marks = []string{"**", "??", "||", "&&", "==", "!=", "<=", ">=", "..", "?.", "?"}

// fail notes the first error, with its place as the library shows it.
func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("%s (1:%d)\n | %s\n | %s^", fmt.Sprintf(format, args...), p.at+1, p.text, strings.Repeat(".", p.at))
	}
}

// shown is a token as the library shows it: its kind, and what it is.
func shown(token string) string {
	kind := "Operator"
	switch {
	case token == "":
		return "EOF"
	case strings.Contains("()[]{}", token):
		kind = "Bracket"
	case digit(token[0]):
		kind = "Number"
	case token[0] == '"' || token[0] == '\'' || token[0] == '`':
		kind, token = "String", token[1:max(1, len(token)-1)]
	case letter(token[0]) && powers[token] == 0 && token != "not" && token != "let":
		kind = "Identifier"
	}
	return fmt.Sprintf("%s(%q)", kind, token)
}

// mismatch is a type that does not fit, if that is known.
func (p *parser) mismatch(of typ, format string, args ...any) {
	if of.loose {
		p.unknown()
	}
	p.fail(format, args...)
}

// unknown notes what only KEDA computes.
func (p *parser) unknown() {
	if p.err == nil {
		p.err = ErrUnknown
	}
}

func letter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

// next goes on to the next token.
func (p *parser) next() {
	for p.end < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.end]) >= 0 {
		p.end++
	}
	p.at = p.end
	rest := p.text[p.at:]
	n := 0
	switch {
	case rest == "":
	case letter(rest[0]):
		for n < len(rest) && (letter(rest[n]) || digit(rest[n])) {
			n++
		}
	case digit(rest[0]) || rest[0] == '.' && len(rest) > 1 && digit(rest[1]):
		if n = number(rest); n < len(rest) && letter(rest[n]) {
			p.unknown()
		}
	default:
		n = 1
		for _, m := range marks {
			if strings.HasPrefix(rest, m) {
				n = len(m)
				break
			}
		}
		if strings.IndexByte("+-*/%^<>=!&|?:,()[]{}#.", rest[0]) < 0 || rest[:n] == ".." || rest[:n] == "?." || rest[:n] == "|" {
			p.unknown()
		}
	}
	p.end = p.at + n
	if p.token = rest[:n]; p.err != nil {
		p.token = ""
	}
}

// number is how long a number is at the beginning of a text.
func number(s string) (n int) {
	for n < len(s) && (digit(s[n]) || s[n] == '.' && !strings.HasPrefix(s[n:], "..") || (s[n] == '+' || s[n] == '-') && s[n-1]|0x20 == 'e' || s[n]|0x20 == 'e') {
		n++
	}
	return n
}

// expect goes past a token that has to be there.
func (p *parser) expect(token string) {
	if p.token != token {
		p.fail("unexpected token %s", shown(p.token))
		return
	}
	p.next()
}

// expression reads a part whose operators bind more strongly than another that has it.
func (p *parser) expression(power int) node {
	left := p.operand()
	for first := true; p.err == nil; first = false {
		op := p.token
		binds, ok := powers[op]
		if !ok || binds < power {
			break
		}
		p.next()
		if op == "??" {
			return p.coalesce(left, first && power == 0)
		}
		right := binds + 1
		if op == "**" || op == "^" {
			right = binds
		}
		left = p.binary(op, left, p.expression(right))
	}
	for power == 0 && p.err == nil && p.token == "?" {
		left = p.choice(left)
	}
	return left
}

// coalesce is a ?? b, which KEDA takes with no other operator beside it. Nothing here is
// nil.
func (p *parser) coalesce(left node, alone bool) node {
	right := p.operand()
	if powers[p.token] > 0 || p.token == "?" || !alone || !left.number() || !right.number() {
		p.unknown()
	}
	return left
}

// choice is condition ? then : else.
func (p *parser) choice(condition node) node {
	if condition.list || condition.of != aBool {
		p.mismatch(condition.typ, "non-bool expression (type %s) used as condition", condition.typ)
	}
	p.next()
	then := p.expression(0)
	p.expect(":")
	other := p.expression(0)
	if then.list != other.list || (then.of == aBool) != (other.of == aBool) {
		p.unknown() // it may be one or the other
	}
	t := then.typ
	if other.of == aFloat {
		t = other.typ
	}
	t.loose = then.loose || other.loose || then.of != other.of
	return node{t, func(f *frame) value {
		if condition.do(f).n != 0 {
			return then.do(f)
		}
		return other.do(f)
	}}
}

// operand is a number, a name, a call, a list, or one of these with a sign.
func (p *parser) operand() node {
	token := p.token
	switch {
	case p.err != nil:
	case token == "":
		p.fail("unexpected end of expression")
	case token == "(":
		p.next()
		n := p.expression(0)
		p.expect(")")
		return p.after(n)
	case token == "[":
		return p.after(p.list())
	case token == "#" && len(p.items) > 0:
		p.next()
		return p.after(node{p.items[0], func(f *frame) value { return value{n: f.item} }})
	case token == "-" || token == "+":
		p.next()
		return p.signed(token, p.expression(minusBinds))
	case token == "!" || token == "not":
		p.next()
		n := p.expression(notBinds)
		if n.list || n.of != aBool {
			p.mismatch(n.typ, "invalid operation: %s (mismatched type %s)", token, n.typ)
		}
		return node{n.typ, func(f *frame) value { return truth(n.do(f).n == 0) }}
	case digit(token[0]) || token[0] == '.':
		p.next()
		return p.after(p.literal(token))
	case letter(token[0]):
		return p.after(p.name(token))
	default:
		p.fail("unexpected token %s", shown(token))
	}
	return node{do: func(*frame) value { return value{} }}
}

// after is what may follow an operand and is not read here: a part of it.
func (p *parser) after(n node) node {
	if p.token == "[" || p.token == "." || p.token == "(" {
		p.unknown()
	}
	return n
}

func (p *parser) literal(token string) node {
	if n, err := strconv.ParseInt(token, 10, 64); err == nil {
		return constant(typ{of: anInt}, float64(n))
	}
	n, err := strconv.ParseFloat(token, 64)
	if err != nil {
		p.unknown()
	}
	return constant(typ{of: aFloat}, n)
}

// name is a trigger, a truth or a function.
func (p *parser) name(token string) node {
	at, end := p.at, p.end
	p.next()
	switch {
	case token == "true" || token == "false":
		return constant(typ{of: aBool}, truth(token == "true").n)
	case token == "let" || token == "nil" || token == "if" || powers[token] > 0:
		p.unknown()
	case p.token == "(" && slices.Contains(functions, token):
		return p.call(token)
	case p.token == "(" && slices.Contains(others, token):
		p.unknown()
	case slices.Contains(p.names, token):
		return node{typ{of: aFloat}, func(f *frame) value { return value{n: f.values[token]} }}
	default:
		p.at, p.end = at, end
		p.fail("unknown name %s", token)
	}
	return constant(typ{}, 0)
}

// list is numbers, or truths, in brackets.
func (p *parser) list() node {
	p.next()
	var parts []node
	t := typ{of: anInt, list: true}
	for p.err == nil && p.token != "]" {
		n := p.expression(0)
		if n.list || len(parts) > 0 && (n.of == aBool) != (t.of == aBool) {
			p.unknown()
		}
		t.loose = t.loose || n.loose || len(parts) > 0 && n.of != t.of
		if len(parts) == 0 || n.of == aFloat {
			t.of = n.of
		}
		if parts = append(parts, n); p.token != "]" {
			p.expect(",")
		}
	}
	if p.expect("]"); len(parts) == 0 {
		p.unknown() // what the functions make of none
	}
	return node{t, func(f *frame) value {
		out := make([]float64, len(parts))
		for i, n := range parts {
			out[i] = n.do(f).n
		}
		return value{l: out}
	}}
}
