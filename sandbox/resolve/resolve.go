// Package resolve finds the values that a trigger's connection takes from elsewhere, the
// environment of its target's container and the objects that it refers to, as KEDA does.
package resolve

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Find finds an object by its kind, namespace and name; nil where there is none.
type Find func(kind, namespace, name string) runtime.Object

// Environment is that of a container of a pod's, the first where none is named, as far as
// KEDA reads it: what only a running pod knows is left out. The error is KEDA's.
func (find Find) Environment(pod *corev1.PodSpec, container, namespace string) (map[string]string, error) {
	if len(pod.Containers) == 0 {
		return nil, fmt.Errorf("target object doesn't have containers")
	}
	for i := range pod.Containers {
		if c := &pod.Containers[i]; container == "" || c.Name == container {
			return find.environment(c, namespace)
		}
	}
	return nil, fmt.Errorf("couldn't find container with name %s on Target object", container)
}

func (find Find) environment(c *corev1.Container, namespace string) (map[string]string, error) {
	out := map[string]string{}
	for _, from := range c.EnvFrom {
		var data map[string]string
		var err error
		optional := false
		switch {
		case from.ConfigMapRef != nil:
			optional = isTrue(from.ConfigMapRef.Optional)
			if data, err = find.data("ConfigMap", namespace, from.ConfigMapRef.Name); err != nil {
				err = fmt.Errorf("error reading config ref %s on namespace %s/: %w", from.ConfigMapRef, namespace, err)
			}
		case from.SecretRef != nil:
			optional = isTrue(from.SecretRef.Optional)
			if data, err = find.data("Secret", namespace, from.SecretRef.Name); err != nil {
				err = fmt.Errorf("error reading secret ref %s on namespace %s: %w", from.SecretRef, namespace, err)
			}
		}
		if err != nil && !optional {
			return nil, err
		}
		for k, v := range data {
			out[from.Prefix+k] = v
		}
	}
	for _, v := range c.Env {
		value, ok, err := find.variable(v, namespace, out)
		if err != nil {
			return nil, err
		}
		if ok {
			out[v.Name] = value
		}
	}
	return out, nil
}

// variable is the value of one, by those before it; false for one that KEDA passes over.
func (find Find) variable(v corev1.EnvVar, namespace string, before map[string]string) (string, bool, error) {
	switch from := v.ValueFrom; {
	case v.Value != "":
		return expand(v.Value, before), true, nil
	case from == nil:
		return "", true, nil
	case from.SecretKeyRef != nil:
		data, err := find.data("Secret", namespace, from.SecretKeyRef.Name)
		if err != nil && !isTrue(from.SecretKeyRef.Optional) {
			return "", false, fmt.Errorf("error resolving secret name %s for env %s in namespace %s", from.SecretKeyRef, v.Name, namespace)
		}
		return data[from.SecretKeyRef.Key], err == nil, nil
	case from.ConfigMapKeyRef != nil:
		data, err := find.data("ConfigMap", namespace, from.ConfigMapKeyRef.Name)
		if err != nil && !isTrue(from.ConfigMapKeyRef.Optional) {
			return "", false, fmt.Errorf("error resolving config %s for env %s in namespace %s", from.ConfigMapKeyRef, v.Name, namespace)
		}
		return data[from.ConfigMapKeyRef.Key], err == nil, nil
	}
	return "", false, nil
}

// Data is a Secret or a ConfigMap of a namespace.
type Data struct{ Kind, Name string }

// Reads are those without which KEDA does not read the environment of a container, whatever
// of it a trigger asks for.
func Reads(c *corev1.Container) (out []Data) {
	add := func(kind, of string, optional *bool) {
		if d := (Data{kind, of}); of != "" && !isTrue(optional) && !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	for _, from := range c.EnvFrom {
		if r := from.SecretRef; r != nil {
			add("Secret", r.Name, r.Optional)
		}
		if r := from.ConfigMapRef; r != nil {
			add("ConfigMap", r.Name, r.Optional)
		}
	}
	for _, v := range c.Env {
		if v.ValueFrom == nil || v.Value != "" {
			continue
		}
		if r := v.ValueFrom.SecretKeyRef; r != nil {
			add("Secret", r.Name, r.Optional)
		}
		if r := v.ValueFrom.ConfigMapKeyRef; r != nil {
			add("ConfigMap", r.Name, r.Optional)
		}
	}
	return out
}

func isTrue(b *bool) bool { return b != nil && *b }

// data is what a Secret or ConfigMap holds; the error is the API server's.
func (find Find) data(kind, namespace, name string) (map[string]string, error) {
	switch o := find(kind, namespace, name).(type) {
	case *corev1.ConfigMap:
		return o.Data, nil
	case *corev1.Secret:
		out := make(map[string]string, len(o.Data)+len(o.StringData))
		for k, v := range o.Data {
			out[k] = string(v)
		}
		for k, v := range o.StringData {
			out[k] = v
		}
		return out, nil
	}
	return nil, fmt.Errorf("%s %q not found", kind, name)
}

// expand puts variables in the place of $(NAME). As in KEDA "$$" is one dollar, and a
// name that is not known stays as it is written.
func expand(text string, known map[string]string) string {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "$")
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		name, after, closed := strings.Cut(strings.TrimPrefix(rest, "("), ")")
		switch {
		case strings.HasPrefix(rest, "$"):
			text = rest[1:]
			out.WriteByte('$')
		case strings.HasPrefix(rest, "(") && closed:
			text = after
			if value, ok := known[name]; ok {
				out.WriteString(value)
			} else {
				out.WriteString("$(" + name + ")")
			}
		default:
			text = rest
			out.WriteByte('$')
		}
	}
}
