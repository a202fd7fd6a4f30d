package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope/sandbox/resolve"
	"github.com/kscope/kscope/sandbox/world"
)

// operatorNamespace is where KEDA looks for what a ClusterTriggerAuthentication
// refers to, unless it was told otherwise.
const operatorNamespace = "keda"

// lookup finds the objects that others refer to, by kind, namespace and name. Of what was
// refused it knows that: nil is there for it.
type lookup map[[3]string]runtime.Object

func (m Manifests) lookup() lookup {
	out := make(lookup, len(m.Objects))
	for _, err := range m.Refused {
		if r, ok := errors.AsType[*Refusal](err); ok && r.Of.Name != "" {
			out[[3]string{r.Of.Kind, r.Of.Namespace, r.Of.Name}] = nil
		}
	}
	for _, obj := range m.Objects {
		id := identify(obj)
		out[[3]string{id.Kind, id.namespace, id.name}] = obj
	}
	return out
}

func (l lookup) find(kind, namespace, name string) runtime.Object {
	return l[[3]string{kind, namespace, name}]
}

// has reports whether a workload is there that can be scaled.
func (l lookup) has(t target) bool {
	return (t.kind == "Deployment" || t.kind == "StatefulSet") && l.find(t.kind, t.Namespace, t.Name) != nil
}

// key says what is wrong with a key of a Secret or ConfigMap; "" where it is there.
func (l lookup) key(kind, namespace, name, key string) string {
	var has bool
	switch o := l.find(kind, namespace, name).(type) {
	case *corev1.Secret:
		_, has = o.Data[key]
	case *corev1.ConfigMap:
		_, has = o.Data[key]
	default:
		return fmt.Sprintf("%s %s/%s %s", kind, namespace, name, l.absent(kind, namespace, name))
	}
	if !has {
		return fmt.Sprintf("%s %s/%s has no key %s", kind, namespace, name, key)
	}
	return ""
}

// authenticationSpec is that of a TriggerAuthentication or a
// ClusterTriggerAuthentication, as far as the manifests can answer it.
type authenticationSpec struct {
	SecretTargetRef    []authenticationRef `json:"secretTargetRef"`
	ConfigMapTargetRef []authenticationRef `json:"configMapTargetRef"`
	Env                []struct{ Parameter, Name, ContainerName string }
}

type authenticationRef struct{ Parameter, Name, Key string }

// answered are the fields of an authentication's spec that the manifests answer.
var answered = []string{"secretTargetRef", "configMapTargetRef", "env"}

// authentication says what of an authentication nobody here could ask, and what
// it refers to that is not there.
func (l lookup) authentication(u *unstructured.Unstructured) (unasked, missing []string) {
	all, _, _ := unstructured.NestedMap(u.Object, "spec")
	for _, field := range slices.Sorted(maps.Keys(all)) {
		provider, _, _ := unstructured.NestedString(all, field, "provider")
		if !slices.Contains(answered, field) && provider != "none" {
			unasked = append(unasked, field+" is not asked: the sandbox's queues let everybody in")
		}
	}
	namespace := u.GetNamespace()
	if u.GetKind() == "ClusterTriggerAuthentication" {
		namespace = operatorNamespace
	}
	spec := authenticationOf(u)
	check := func(kind string, refs []authenticationRef) {
		for _, r := range refs {
			if wrong := l.key(kind, namespace, r.Name, r.Key); wrong != "" {
				missing = append(missing, fmt.Sprintf("%s: %s; KEDA takes it for empty", r.Parameter, wrong))
			}
		}
	}
	check("Secret", spec.SecretTargetRef)
	check("ConfigMap", spec.ConfigMapTargetRef)
	return unasked, missing
}

func authenticationOf(u *unstructured.Unstructured) (spec authenticationSpec) {
	into(u, &spec, "spec")
	return spec
}

// into reads a part of an object; what is not there or of another shape leaves
// nothing, for it was checked on the way in.
func into(u *unstructured.Unstructured, out any, path ...string) {
	part, _, _ := unstructured.NestedFieldNoCopy(u.Object, path...)
	if raw, err := json.Marshal(part); err == nil {
		_ = json.Unmarshal(raw, out)
	}
}

// triggerRefs is what a trigger refers to.
type triggerRefs struct {
	Type              string
	Metadata          map[string]string
	AuthenticationRef struct{ Name, Kind string }
}

func triggersOf(u *unstructured.Unstructured) (all []triggerRefs) {
	into(u, &all, "spec", "triggers")
	return all
}

// absent is why an object is not found.
func (l lookup) absent(kind, namespace, name string) string {
	if _, was := l[[3]string{kind, namespace, name}]; was {
		return "is left out, for what is wrong with it"
	}
	return "is not among the manifests"
}

// environment says what of the environment of the container that KEDA reads is not there.
func (l lookup) environment(u *unstructured.Unstructured) (out []string) {
	pod, of := l.template(u)
	if pod == nil {
		return nil
	}
	for i := range pod.Containers {
		c := &pod.Containers[i]
		if from := containerOf(u); from != "" && from != c.Name {
			continue
		}
		for _, r := range resolve.Reads(c) {
			if l.find(r.Kind, u.GetNamespace(), r.Name) == nil {
				out = append(out, fmt.Sprintf("container %s of %s has variables from %s %s, which %s; KEDA reads all of them, and refuses it",
					c.Name, of, r.Kind, r.Name, l.absent(r.Kind, u.GetNamespace(), r.Name)))
			}
		}
		break
	}
	return out
}

// connections says what the triggers of a ScaledObject or ScaledJob refer to for
// their connection and that is not there.
func (l lookup) connections(u *unstructured.Unstructured) []string {
	out := l.environment(u)
	if out != nil {
		return out // and KEDA comes no further
	}
	for i, t := range triggersOf(u) {
		say := func(format string, args ...any) {
			out = append(out, fmt.Sprintf("triggers[%d] (%s): %s", i, t.Type, fmt.Sprintf(format, args...)))
		}
		for _, parameter := range slices.Sorted(maps.Keys(t.Metadata)) {
			if name := strings.TrimSpace(t.Metadata[parameter]); strings.HasSuffix(parameter, "FromEnv") && name != "" {
				if wrong := l.variable(u, "", name); wrong != "" {
					say("%s: %s", parameter, wrong)
				}
			}
		}
		ref := t.AuthenticationRef
		if ref.Name == "" {
			continue
		}
		kind, namespace := authenticationKind(ref.Kind, u.GetNamespace())
		auth := asUnstructured(l.find(kind, namespace, ref.Name))
		if auth == nil {
			say("%s %s %s; KEDA has nothing from it", kind, ref.Name, l.absent(kind, namespace, ref.Name))
			continue
		}
		for _, e := range authenticationOf(auth).Env {
			if wrong := l.variable(u, e.ContainerName, e.Name); wrong != "" {
				say("%s of %s %s: %s", e.Parameter, kind, ref.Name, wrong)
			}
		}
	}
	return out
}

// authenticationKind is the kind that a trigger's authenticationRef means, and the
// namespace in which its object is.
func authenticationKind(kind, namespace string) (string, string) {
	if kind == "ClusterTriggerAuthentication" {
		return kind, ""
	}
	return "TriggerAuthentication", namespace
}

// variable says why KEDA finds no value for a variable of the container that a
// ScaledObject or ScaledJob takes its environment from; "" where it does, and
// where the target is not there, which is said elsewhere. A container that is
// not named is the one that the spec names, or else the first.
func (l lookup) variable(u *unstructured.Unstructured, container, name string) string {
	pod, of := l.template(u)
	if pod == nil {
		return ""
	}
	if container == "" {
		container = containerOf(u)
	}
	i := slices.IndexFunc(pod.Containers, func(c corev1.Container) bool { return container == "" || c.Name == container })
	if i < 0 {
		return fmt.Sprintf("%s has no container %s", of, container)
	}
	c := &pod.Containers[i]
	of += " container " + c.Name
	wrong := fmt.Sprintf("%s has no variable %s", of, name)
	for _, v := range slices.Backward(c.Env) {
		if v.Name != name {
			continue
		}
		if missing := l.source(u.GetNamespace(), v); missing != "" {
			return fmt.Sprintf("variable %s of %s: %s", name, of, missing)
		}
		return ""
	}
	for _, from := range c.EnvFrom {
		found, missing := l.imports(u.GetNamespace(), from, name)
		if found {
			return ""
		}
		if missing != "" {
			wrong += "; " + missing
		}
	}
	return wrong
}

// source says what is missing where a variable comes from.
func (l lookup) source(namespace string, v corev1.EnvVar) string {
	switch from := v.ValueFrom; {
	case v.Value != "":
		return ""
	case from == nil:
		return "it is empty"
	case from.SecretKeyRef != nil:
		return l.key("Secret", namespace, from.SecretKeyRef.Name, from.SecretKeyRef.Key)
	case from.ConfigMapKeyRef != nil:
		return l.key("ConfigMap", namespace, from.ConfigMapKeyRef.Name, from.ConfigMapKeyRef.Key)
	}
	return "only a running pod knows it"
}

// imports reports whether a variable comes with all those of a Secret or
// ConfigMap, and what is wrong with that.
func (l lookup) imports(namespace string, from corev1.EnvFromSource, name string) (found bool, missing string) {
	key, ok := strings.CutPrefix(name, from.Prefix)
	kind, ref, optional := "", "", false
	switch {
	case from.SecretRef != nil:
		kind, ref, optional = "Secret", from.SecretRef.Name, from.SecretRef.Optional != nil && *from.SecretRef.Optional
	case from.ConfigMapRef != nil:
		kind, ref, optional = "ConfigMap", from.ConfigMapRef.Name, from.ConfigMapRef.Optional != nil && *from.ConfigMapRef.Optional
	default:
		return false, ""
	}
	if l.find(kind, namespace, ref) == nil && !optional {
		return false, fmt.Sprintf("%s %s/%s %s", kind, namespace, ref, l.absent(kind, namespace, ref))
	}
	return ok && l.key(kind, namespace, ref, key) == "", ""
}

// template is the pod template of what a ScaledObject or ScaledJob scales, and
// whose it is in words; nil where it is not there.
func (l lookup) template(u *unstructured.Unstructured) (pod *corev1.PodSpec, of string) {
	if u.GetKind() == "ScaledJob" {
		var template corev1.PodTemplateSpec
		into(u, &template, "spec", "jobTargetRef", "template")
		return &template.Spec, title(u)
	}
	t, _ := targetOf(u)
	return podOf(l.find(t.kind, t.Namespace, t.Name))
}

// podOf is the pod template of a workload, and what that is called; nil for all else.
func podOf(obj runtime.Object) (*corev1.PodSpec, string) {
	if pod := world.PodOf(obj); pod != nil {
		return pod, title(obj)
	}
	return nil, ""
}

// containerOf is the container that the spec of a ScaledObject or ScaledJob names for its
// environment, "" for the first.
func containerOf(u *unstructured.Unstructured) string {
	at := []string{"spec", "scaleTargetRef", "envSourceContainerName"}
	if u.GetKind() == "ScaledJob" {
		at = []string{"spec", "envSourceContainerName"}
	}
	name, _, _ := unstructured.NestedString(u.Object, at...)
	return name
}
