// Package params is what KEDA makes of the parameters of a trigger: which each type has,
// where they may come from, and what it refuses, in its own words. It connects to nothing.
package params

import (
	_ "embed" // the table
	"strings"
	"sync"

	"github.com/kscope/kscope/triggers"
)

// keda is the table of KEDA 2.21, as `go run . tables` in e2e writes it: a line for
// each trigger type with what its errors begin with, and below it one for each of its
// parameters, in the order in which KEDA reads them.
//
//go:embed keda.tsv
var keda string

// Parameter is one parameter of a trigger type.
type Parameter struct {
	Names     []string // any of them will do, the first first
	Kind      string   // the type of KEDA's that its text is read into: "int64", "[]string"
	Places    []triggers.Place
	Optional  bool
	Default   string
	Enum      []string // it must be one of these, or a list of them
	Exclusive []string // no more than one of these may be in the list
	Range     string   // what stands between the two ends of a range in it
	Separator string   // between its elements; "" for a comma
	Removed   string   // what KEDA says of one that it no longer has
}

// asked is what of the table has been asked for: who judges many triggers asks for the
// same types again and again.
var asked sync.Map

// Of is the parameters of a trigger type, nil for one that KEDA does not have. They are
// for reading only.
func Of(typ string) []Parameter {
	if out, ok := asked.Load(typ); ok {
		return out.([]Parameter)
	}
	out := readOf(typ)
	if out != nil {
		asked.Store(typ, out)
	}
	return out
}

func readOf(typ string) (out []Parameter) {
	_, lines := section(typ)
	for line := range strings.Lines(lines) {
		out = append(out, parameterOf(strings.TrimSpace(line)))
	}
	return out
}

// section is what the table says of a type: what its errors begin with, and the lines of
// its parameters.
func section(typ string) (begins, lines string) {
	rest := keda
	if !strings.HasPrefix(rest, typ+"\t") {
		_, after, ok := strings.Cut(rest, "\n"+typ+"\t")
		if !ok {
			return "", ""
		}
		rest = typ + "\t" + after
	}
	head, rest, _ := strings.Cut(rest, "\n")
	for i := 0; i < len(rest); {
		next := strings.IndexByte(rest[i:], '\n')
		if rest[i] != '\t' {
			return head[len(typ)+1:], rest[:i]
		}
		i += next + 1
	}
	return head[len(typ)+1:], rest
}

func parameterOf(line string) Parameter {
	f := strings.Split(line, "\t")
	p := Parameter{Names: strings.Split(f[0], "|"), Kind: f[1]}
	if f[2] != "-" {
		p.Places = []triggers.Place(f[2])
	}
	for _, more := range f[3:] {
		key, value, _ := strings.Cut(more, "=")
		switch key {
		case "optional":
			p.Optional = true
		case "default":
			p.Default = value
		case "enum":
			p.Enum = strings.Split(value, ";")
		case "exclusiveSet":
			p.Exclusive = strings.Split(value, ";")
		case "range":
			p.Range = value
		case "separator":
			p.Separator = value
		case "deprecated":
			p.Removed = value
		}
	}
	return p
}
