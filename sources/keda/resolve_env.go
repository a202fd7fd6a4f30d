package keda

import (
	"fmt"
	"strings"

	"github.com/kscope/kscope"
)

// environment is that of one container of the target's pod template, as KEDA
// reads it. Of its sources only those are read that can hold what is asked for.
type environment struct {
	*resolution
	spec      fields // of the ScaledObject or ScaledJob
	job       bool
	container string     // "" for the one that the spec names
	from      *container // read when first needed
}

// container is one container of a pod template.
type container struct {
	fields
	of string // whose it is, in words
}

// variable is the value of one variable, as far as KEDA knows it: "" for one
// that is not there, or that only a running pod knows.
func (e *environment) variable(name string) (value, from string, err error) {
	if e.from == nil {
		if e.from, err = e.find(); err != nil {
			return "", "", err
		}
	}
	all := e.from.list("env")
	value, found, err := e.before(len(all), name, 0)
	if err != nil {
		return "", "", err
	}
	if !found {
		e.missing("%s has no variable %s that KEDA can read", e.from.of, name)
	}
	return value, "variable " + name + " of " + e.from.of, nil
}

// deepest is how many variables may refer to each other in a row. Each can
// refer only to those before it, so this is never a loop; it bounds hostile
// manifests.
const deepest = 16

// before is the value of a variable among the first n entries of env and all
// of envFrom: the last one counts.
func (e *environment) before(n int, name string, depth int) (value string, found bool, err error) {
	all := e.from.list("env")
	for i := n - 1; i >= 0; i-- {
		m, _ := all[i].(map[string]any)
		v := fields(m)
		if v.raw("name") != name {
			continue
		}
		if text := v.raw("value"); text != "" {
			value, err = e.expand(i, text, depth)
			return value, true, err
		}
		source := v.at("valueFrom")
		switch {
		case source == nil:
			return "", true, nil
		case source.at("secretKeyRef") != nil:
			value, found, err = e.key("Secret", source.at("secretKeyRef"))
		case source.at("configMapKeyRef") != nil:
			value, found, err = e.key("ConfigMap", source.at("configMapKeyRef"))
		}
		if found || err != nil { // else KEDA passes it over
			return value, found, err
		}
	}
	return e.imported(name)
}

// key is what a secretKeyRef or configMapKeyRef leads to. It is not found only
// where it is optional.
func (e *environment) key(kind string, ref fields) (string, bool, error) {
	data, err := e.data(kind, ref.raw("name"))
	if err != nil {
		return "", false, err
	}
	optional, _ := ref["optional"].(bool)
	if data == nil && !optional {
		return "", false, e.absent(kind, ref.raw("name"))
	}
	value, ok := data[ref.raw("key")]
	if !ok && data != nil {
		e.missing("%s %s/%s has no key %s", kind, e.ref.Namespace, ref.raw("name"), ref.raw("key"))
	}
	return value, data != nil, nil
}

// imported looks a variable up in envFrom.
func (e *environment) imported(name string) (string, bool, error) {
	sources := e.from.list("envFrom")
	for i := len(sources) - 1; i >= 0; i-- {
		m, _ := sources[i].(map[string]any)
		s := fields(m)
		key, ok := strings.CutPrefix(name, s.raw("prefix"))
		if !ok {
			continue
		}
		kind, ref := "Secret", s.at("secretRef")
		if ref == nil {
			kind, ref = "ConfigMap", s.at("configMapRef")
		}
		if ref == nil {
			continue
		}
		data, err := e.data(kind, ref.raw("name"))
		if err != nil {
			return "", false, err
		}
		if optional, _ := ref["optional"].(bool); data == nil && !optional {
			return "", false, e.absent(kind, ref.raw("name"))
		}
		if value, ok := data[key]; ok {
			return value, true, nil
		}
	}
	return "", false, nil
}

// expand replaces $(NAME) by what is known before entry n; "$$" stands for one
// dollar, and an unknown name stays as it is written.
func (e *environment) expand(n int, text string, depth int) (string, error) {
	var out strings.Builder
	for {
		i := strings.IndexByte(text, '$')
		if i < 0 || i == len(text)-1 {
			out.WriteString(text)
			return out.String(), nil
		}
		out.WriteString(text[:i])
		text = text[i+1:]
		switch text[0] {
		case '$':
			out.WriteByte('$')
			text = text[1:]
			continue
		case '(':
		default:
			out.WriteByte('$')
			continue
		}
		name, rest, ok := strings.Cut(text[1:], ")")
		if !ok {
			out.WriteByte('$')
			continue
		}
		if depth >= deepest {
			return "", &kscope.Trouble{Message: "variables of " + e.from.of + " refer to each other too deeply"}
		}
		value, found, err := e.before(n, name, depth+1)
		if err != nil {
			return "", err
		}
		if !found {
			value = "$(" + name + ")"
		}
		out.WriteString(value)
		text = rest
	}
}

// data is that of a Secret or ConfigMap of the object's namespace; nil where
// there is none of that name.
func (e *environment) data(kind, name string) (map[string]string, error) {
	if kind == "Secret" {
		return e.secret(e.ref.Namespace, name)
	}
	return e.configMap(e.ref.Namespace, name)
}

func (e *environment) absent(kind, name string) error {
	return &kscope.Trouble{
		Message: kscope.Clean(fmt.Sprintf("%s %s/%s, which %s takes its environment from, does not exist", kind, e.ref.Namespace, name, e.from.of)),
		Hint:    "create it, or mark it optional",
	}
}

// find is the container that KEDA would look at.
func (e *environment) find() (*container, error) {
	template, of, err := e.template()
	if err != nil {
		return nil, err
	}
	name := e.container
	if name == "" {
		name = e.spec.at("scaleTargetRef").raw("envSourceContainerName")
		if e.job {
			name = e.spec.raw("envSourceContainerName")
		}
	}
	for _, v := range template.at("spec").list("containers") {
		m, _ := v.(map[string]any)
		if c := fields(m); name == "" || c.raw("name") == name {
			return &container{c, kscope.Clean(of + " container " + c.raw("name"))}, nil
		}
	}
	if name != "" {
		return nil, &kscope.Trouble{Message: kscope.Clean(of + " has no container " + name)}
	}
	return &container{fields{}, kscope.Clean(of)}, nil
}

// template is the pod template of the target, and whose it is in words.
func (e *environment) template() (fields, string, error) {
	if e.job {
		return e.spec.at("jobTargetRef").at("template"), "ScaledJob " + e.ref.String(), nil
	}
	target := e.spec.at("scaleTargetRef")
	apiVersion, kind := orElse(target.raw("apiVersion"), "apps/v1"), orElse(target.raw("kind"), "Deployment")
	name := target.raw("name")
	resource, err := e.resource(apiVersion, kind)
	if err != nil {
		return nil, "", e.unreadable(err, kind, e.ref.Namespace, name)
	}
	u, err := e.get(resource, e.ref.Namespace, name)
	if err != nil {
		return nil, "", e.unreadable(err, kind, e.ref.Namespace, name)
	}
	of := kind + " " + e.ref.Namespace + "/" + name
	if u == nil {
		return nil, "", &kscope.Trouble{Message: kscope.Clean(of + ", whose environment the trigger takes values from, does not exist")}
	}
	return fields(u.Object).at("spec").at("template"), of, nil
}
