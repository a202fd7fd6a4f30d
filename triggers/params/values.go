package params

import (
	"maps"
	"slices"
	"strings"

	"github.com/kscope/kscope/triggers"
)

// Values is what a trigger gives, by where KEDA looks: the variables of the target's
// container and the parameters of the authentication object are resolved.
type Values struct {
	Metadata, Environment, Authentication map[string]string
}

// Of is the first value of a parameter that is not blank, place by place and in each name
// by name.
func (v Values) Of(p Parameter) (string, bool) {
	for _, place := range p.Places {
		for _, name := range p.Names {
			var value string
			switch place {
			case triggers.Metadata:
				value = v.Metadata[name]
			case triggers.Authentication:
				value = v.Authentication[name]
			case triggers.Environment:
				value = v.Environment[v.Metadata[name+"FromEnv"]]
			}
			if value = strings.TrimSpace(value); value != "" {
				return value, true
			}
		}
	}
	return "", false
}

// Lacks is the parameters that a trigger of a type must have and that it does not give;
// where there is a choice, one of them.
func (v Values) Lacks(typ string) (out []Parameter) {
	all := Of(typ)
	for _, p := range all {
		if _, ok := v.Of(p); !ok && !p.Optional && p.Default == "" && p.Removed == "" {
			out = append(out, p)
		}
	}
	for range all { // each mends one thing
		s := said{all, v.With(out...)}
		i := slices.IndexFunc(own(typ), func(r rule) bool { return r.gives != "" && r.wrong(s) })
		if i < 0 {
			break
		}
		gives := own(typ)[i].gives
		out = append(out, all[slices.IndexFunc(all, func(p Parameter) bool { return slices.Contains(p.Names, gives) })])
	}
	return out
}

// With is the values with an example of each of some parameters beside them.
func (v Values) With(more ...Parameter) Values {
	out := Values{maps.Clone(v.Metadata), v.Environment, maps.Clone(v.Authentication)}
	for _, p := range more {
		in := &out.Authentication
		if slices.Contains(p.Places, triggers.Metadata) {
			in = &out.Metadata
		}
		if *in == nil {
			*in = map[string]string{}
		}
		(*in)[p.Names[0]] = p.Example()
	}
	return out
}

// Example is a text that a parameter takes.
func (p Parameter) Example() string {
	switch {
	case p.Enum != nil:
		return p.Enum[0]
	case p.Names[0] == "host":
		return "http://x"
	case p.Names[0] == "mode":
		return "QueueLength"
	case p.Kind == "string" || p.Kind == "[]string":
		return "x"
	}
	return "1"
}

// Named is the value of a parameter of a type, "" where there is none.
func (v Values) Named(typ, name string) string {
	return said{Of(typ), v}.text(name)
}

// Parameters are what KEDA would use of a trigger of a type that gives these.
func (v Values) Parameters(typ string) triggers.Parameters {
	out, _ := Resolve(typ, v.Metadata, func(place triggers.Place, name string) (value, from string, err error) { // which never fails
		if place == triggers.Authentication {
			return v.Authentication[name], "", nil
		}
		return v.Environment[v.Metadata[name+"FromEnv"]], "", nil
	})
	return out
}
