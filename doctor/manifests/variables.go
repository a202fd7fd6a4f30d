package manifests

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope/sandbox/world"
)

// container is the one that the triggers of an object take variables from; nil where it
// is not known, or KEDA refuses that.
func (s *set) container(o *object) *corev1.Container {
	pod := s.pods(o)
	if pod == nil || o.kind == "HorizontalPodAutoscaler" {
		return nil
	}
	named := cmp.Or(o.spec.ScaleTargetRef.Container, o.spec.EnvSourceContainerName)
	i := slices.IndexFunc(pod.Containers, func(c corev1.Container) bool { return named == "" || c.Name == named })
	if i < 0 {
		return nil
	}
	return &pod.Containers[i]
}

// variableMissing is a variable that a trigger names and its container has not.
func variableMissing(s *set, o *object) (out []found) {
	c := s.container(o)
	if c == nil {
		return nil
	}
	for n := range o.spec.Triggers {
		t := &o.spec.Triggers[n]
		for _, key := range s.missing(c, o, t) {
			f := found{path: o.trigger(n, "metadata["+key+"]"), next: "Name a variable of that container, or add it to it."}
			f.says = fmt.Sprintf("Container %s has no variable %s, and KEDA takes %s for empty", c.Name, t.Metadata[key], strings.TrimSuffix(key, "FromEnv"))
			if s.needs(o, t) {
				f.severity, f.says = Error, f.says+" and refuses the "+o.kind
			}
			f.says += "."
			out = append(out, f)
		}
	}
	return out
}

// missing are the settings of a trigger that take a value from a variable that a
// container has not.
func (s *set) missing(c *corev1.Container, o *object, t *trigger) (out []string) {
	for _, key := range slices.Sorted(maps.Keys(t.Metadata)) {
		if variable := t.Metadata[key]; strings.HasSuffix(key, "FromEnv") && !isBlank(variable) && s.lacks(c, o.namespace, variable) {
			out = append(out, key)
		}
	}
	return out
}

// needs reports whether KEDA refuses an object for variables that a trigger of it lacks.
func (s *set) needs(o *object, t *trigger) bool {
	u, ok := o.is.(*unstructured.Unstructured)
	return ok && slices.ContainsFunc(world.Refuses(u, s.find), func(r world.Refusal) bool { return r.Unset && o.triggerAt(r.Path) == t })
}

// lacks reports whether a container certainly has no variable of a name.
func (s *set) lacks(c *corev1.Container, namespace, variable string) bool {
	if slices.ContainsFunc(c.Env, func(v corev1.EnvVar) bool { return v.Name == variable }) {
		return false
	}
	for _, from := range c.EnvFrom {
		kind, of := "Secret", ""
		switch {
		case from.SecretRef != nil:
			of = from.SecretRef.Name
		case from.ConfigMapRef != nil:
			kind, of = "ConfigMap", from.ConfigMapRef.Name
		}
		keys, known := s.keys(kind, namespace, of)
		if !known || slices.ContainsFunc(keys, func(key string) bool { return from.Prefix+key == variable }) {
			return false
		}
	}
	return true
}
