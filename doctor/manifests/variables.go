package manifests

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// variableMissing is a variable that a trigger names and its container has not.
func variableMissing(s *set, o *object) (out []found) {
	pod := s.pods(o)
	if pod == nil || o.kind == "HorizontalPodAutoscaler" {
		return nil
	}
	named := o.spec.ScaleTargetRef.Container
	i := slices.IndexFunc(pod.Containers, func(c corev1.Container) bool { return named == "" || c.Name == named })
	if i < 0 {
		return nil // KEDA refuses that
	}
	c := &pod.Containers[i]
	for n, t := range o.spec.Triggers {
		for _, key := range slices.Sorted(maps.Keys(t.Metadata)) {
			if variable := t.Metadata[key]; strings.HasSuffix(key, "FromEnv") && !isBlank(variable) && s.lacks(c, o.namespace, variable) {
				out = append(out, one(o.trigger(n, "metadata["+key+"]"), "Name a variable of that container, or add it to it.",
					"Container %s has no variable %s, and KEDA takes %s for empty.", c.Name, variable, strings.TrimSuffix(key, "FromEnv"))...)
			}
		}
	}
	return out
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
