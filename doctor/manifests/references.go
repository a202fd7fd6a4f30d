package manifests

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope/sandbox/resolve"
)

// elsewhere is an object of that name that is nearly meant: of the other kind of its sort,
// or in another namespace; nil for none.
func (s *set) elsewhere(n name, kinds ...string) *object {
	for _, kind := range kinds {
		if o := s.by[name{kind, n.namespace, n.name}]; o != nil {
			return o
		}
	}
	for i := range s.objects {
		if o := &s.objects[i]; o.name.name == n.name && slices.Contains(kinds, o.kind) {
			return o
		}
	}
	return nil
}

func targetMissing(s *set, o *object) []found {
	t, ok := o.target()
	version := o.spec.ScaleTargetRef.APIVersion
	if !ok || t.kind != "Deployment" && t.kind != "StatefulSet" || version != "" && version != "apps/v1" || s.by[t] != nil || s.refused[t] {
		return nil
	}
	if near := s.elsewhere(t, "Deployment", "StatefulSet"); near != nil {
		return []found{{path: "spec.scaleTargetRef", severity: Warning, next: "Name what is meant, in the namespace of the " + o.kind + ".",
			says: fmt.Sprintf("%s is not among the manifests, and %s (%s) is: a %s scales only what is of that kind and in its own namespace.", t, near.name, s.place(near), o.kind)}}
	}
	return one("spec.scaleTargetRef", "Give its manifest with -f too, and it is judged with it.", "%s is not among the manifests: if it is nowhere else, nothing is scaled.", t)
}

func authMissing(s *set, o *object) (out []found) {
	for i, t := range o.spec.Triggers {
		if t.AuthenticationRef == nil || t.AuthenticationRef.Name == "" {
			continue
		}
		want := name{"TriggerAuthentication", o.namespace, t.AuthenticationRef.Name}
		if t.AuthenticationRef.Kind == "ClusterTriggerAuthentication" {
			want = name{t.AuthenticationRef.Kind, "", want.name}
		}
		if s.by[want] != nil || s.refused[want] {
			continue
		}
		path := o.trigger(i, "authenticationRef")
		if near := s.elsewhere(want, "TriggerAuthentication", "ClusterTriggerAuthentication"); near != nil {
			out = append(out, found{path: path, severity: Warning, next: "Name what is meant: a ClusterTriggerAuthentication by its kind, a TriggerAuthentication in the namespace of the " + o.kind + ".",
				says: fmt.Sprintf("%s is not among the manifests, and %s (%s) is: KEDA has nothing from that one.", want, near.name, s.place(near))})
			continue
		}
		out = append(out, one(path, "Give its manifest with -f too, and it is judged with it.", "%s is not among the manifests: if it is nowhere else, KEDA has nothing from it to log in with.", want)...)
	}
	return out
}

// keyMissing is a key that an authentication object refers to and that is not there.
func keyMissing(s *set, o *object) (out []found) {
	for _, r := range logins(o) {
		keys, known := s.keys(r.kind, r.namespace, r.name.name)
		if known && !slices.Contains(keys, r.key) {
			out = append(out, one(r.path+".key", "Name a key that is there, or add it.",
				"%s has no key %s, and KEDA takes the parameter %s for empty: it has %s.", r.name, r.key, r.parameter, orNone(keys))...)
		}
	}
	return out
}

// login is where an authentication object has a parameter from.
type login struct {
	name
	key, parameter, path string
}

func logins(o *object) (out []login) {
	u, ok := o.is.(*unstructured.Unstructured)
	if !ok || !strings.HasSuffix(o.kind, "TriggerAuthentication") {
		return nil
	}
	namespace := o.namespace
	if namespace == "" {
		namespace = "keda" // of the operator
	}
	var spec map[string][]struct{ Parameter, Name, Key string }
	for _, of := range []struct{ field, kind string }{{"configMapTargetRef", "ConfigMap"}, {"secretTargetRef", "Secret"}} {
		part, _, _ := unstructured.NestedFieldNoCopy(u.Object, "spec", of.field)
		if part == nil {
			continue
		}
		into(&unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{of.field: part}}}, &spec, "spec")
		for i, r := range spec[of.field] {
			out = append(out, login{name{of.kind, namespace, r.Name}, r.Key, r.Parameter, fmt.Sprintf("spec.%s[%d]", of.field, i)})
		}
	}
	return out
}

// dataMissing is a Secret or ConfigMap that something is taken from and that is not among
// the manifests.
func dataMissing(s *set, o *object) (out []found) {
	for _, r := range logins(o) {
		if _, known := s.keys(r.kind, r.namespace, r.name.name); !known && !s.refused[r.name] {
			out = append(out, s.notGiven(r.path+".name", r.name, "KEDA takes the parameter "+r.parameter+" for empty"))
		}
	}
	c := s.container(o)
	if c == nil {
		return out
	}
	for _, r := range resolve.Reads(c) {
		if n := (name{r.Kind, o.namespace, r.Name}); s.by[n] == nil && !s.refused[n] {
			out = append(out, s.notGiven("spec.triggers", n, "KEDA refuses the "+o.kind+", since it reads the whole environment of container "+c.Name))
		}
	}
	return out
}

// notGiven is a Secret or ConfigMap that is not among the manifests, and what comes of it
// where it is nowhere else: passwords are seldom kept beside them.
func (s *set) notGiven(path string, of name, then string) found {
	return found{path: path, next: "Create it in the cluster, if it is not there; or give its manifest with -f too.",
		says: fmt.Sprintf("%s is not among the manifests: if it is nowhere else, %s.", of, then)}
}

func orNone(keys []string) string {
	if len(keys) == 0 {
		return "none"
	}
	return strings.Join(keys, ", ")
}

// keys are those of a Secret or ConfigMap, in order; false where it is not there.
func (s *set) keys(kind, namespace, of string) ([]string, bool) {
	switch is := s.find(kind, namespace, of).(type) {
	case *corev1.Secret:
		return slices.Sorted(maps.Keys(is.Data)), true
	case *corev1.ConfigMap:
		return slices.Sorted(maps.Keys(is.Data)), true
	}
	return nil, false
}
