package params

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kscope/kscope/triggers"
)

// Supposing is the values of a trigger of a type with all in them that it must have and
// that it may well have from somewhere unknown: from variables that it names, and from
// an authentication object where it refers to one.
func (v Values) Supposing(typ string, authenticated bool) Values {
	out := Values{v.Metadata, copyOf(v.Environment), copyOf(v.Authentication)}
	for _, p := range Of(typ) {
		for _, name := range p.Names {
			if variable := v.Metadata[name+"FromEnv"]; variable != "" && out.Environment[variable] == "" {
				out.Environment[variable] = p.supposed()
			}
		}
	}
	if !authenticated {
		return out
	}
	for _, p := range out.Lacks(typ) {
		if slices.Contains(p.Places, triggers.Authentication) {
			out.Authentication[p.Names[0]] = p.supposed()
		}
	}
	if _, err := Addresses(out); err != nil && strings.HasPrefix(typ, "redis") {
		out.Authentication["address"] = someAddress
	}
	return out
}

func copyOf(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return maps.Clone(m)
}

const someAddress = "unknown:1"

// supposed is a text that a parameter takes, also where it is an address or a port.
func (p Parameter) supposed() string {
	switch text := p.Example(); {
	case text != "x":
		return text
	case strings.HasPrefix(p.Names[0], "port"):
		return "1"
	}
	return someAddress
}

// Each is the errors that an error of [Check] is made of, each with the words that all of
// it begins with; any other error is its own only one.
func Each(err error) []error {
	if err == nil {
		return nil
	}
	all, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err)
	if !ok {
		return []error{err}
	}
	begins := strings.TrimSuffix(err.Error(), all.Error())
	var out []error
	for _, e := range all.Unwrap() {
		out = append(out, fmt.Errorf("%s%w", begins, e))
	}
	return out
}
