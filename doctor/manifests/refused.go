package manifests

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/sandbox"
	"github.com/kscope/kscope/sandbox/world"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/words"
)

// refused is all that KEDA's operator refuses, as the sandbox has it do so.
func refused(s *set, o *object) (out []found) {
	u, ok := o.is.(*unstructured.Unstructured)
	if !ok {
		return nil
	}
	makes := "no HPA"
	if o.isScaledJob() {
		makes = "no Jobs"
	}
	all := world.Refuses(u, s.find)
	for _, r := range all {
		if r.Unset && s.told(o, r.Path) || follows(r, all) {
			continue
		}
		cause := strings.TrimSuffix(strings.Join(strings.Fields(explain.Cause(r.Err.Error())), " "), ".")
		out = append(out, found{path: r.Path, next: o.mend(r.Path, cause), says: fmt.Sprintf("KEDA refuses it and makes %s: %s.", makes, cause)})
	}
	return out
}

// told reports whether the cause of a refusal is a variable that is not there, which
// variableMissing tells of.
func (s *set) told(o *object, path string) bool {
	t := o.triggerAt(path)
	c := s.container(o)
	return t != nil && c != nil && len(s.missing(c, o, t)) > 0
}

// consequences are what rabbitmq's scaler says of a parameter about which something else
// is said as well.
var consequences = []struct{ says, of string }{
	{"unknown host URL scheme: ``", `missing required parameter "host"`},
	{"value must be specified", `unable to set param "value"`},
}

// follows reports whether a refusal is only a consequence of another.
func follows(r world.Refusal, all []world.Refusal) bool {
	for _, c := range consequences {
		if strings.HasSuffix(r.Err.Error(), c.says) && slices.ContainsFunc(all, func(other world.Refusal) bool {
			return strings.HasPrefix(other.Path, r.Path) && strings.Contains(other.Err.Error(), c.of)
		}) {
			return true
		}
	}
	return false
}

// mend is what to do about a field that KEDA refuses for a cause.
func (o *object) mend(path, cause string) string {
	t := o.triggerAt(path)
	switch {
	case t != nil && t.isResource() && strings.Contains(cause, "'type' setting is DEPRECATED"):
		return "Write metricType: " + t.Metadata["type"] + " beside type: " + t.Type + ", and take type out of metadata."
	case path == "spec.idleReplicaCount":
		return "Set minReplicaCount above it, or leave idleReplicaCount out."
	case path == "spec.minReplicaCount":
		return "Set maxReplicaCount to at least minReplicaCount, which counts as 1 where it is 0."
	case strings.HasSuffix(path, ".type"):
		if t == nil {
			break
		}
		if near := nearType(t.Type); near != "" {
			return "Is " + near + " meant?"
		}
		return "https://keda.sh/docs/latest/scalers lists KEDA's trigger types."
	case strings.HasPrefix(path, "metadata.annotations"):
		return "Give a whole number of 0 or more, or remove the annotation."
	}
	next := nextAfter(cause)
	if next == "" && t != nil {
		next = "https://keda.sh/docs/latest/scalers says what a trigger of type " + t.Type + " takes."
	}
	return cmp.Or(next, "Correct it, and apply it again.")
}

// triggerAt is the trigger that a path leads into, nil for none.
func (o *object) triggerAt(path string) *trigger {
	for i := range o.spec.Triggers {
		if strings.HasPrefix(path, fmt.Sprintf("spec.triggers[%d]", i)) {
			return &o.spec.Triggers[i]
		}
	}
	return nil
}

// nearType is the trigger type that was nearly written, "" for none.
func nearType(typ string) string {
	for _, known := range triggers.Types() {
		if words.Slips(strings.ToLower(typ), known) <= max(1, len(known)/5) {
			return known
		}
	}
	return ""
}

// denied is what KEDA's webhooks say against an object that no rule has an error of.
func (s *set) denied(o *object) []found {
	err := s.m.Denied(o.at)
	if err == nil {
		return nil
	}
	says := err.Error()
	if at, ok := errors.AsType[*sandbox.Refusal](err); ok {
		says = strings.TrimPrefix(at.Text, o.String()+": ")
	}
	return []found{{says: strings.TrimSuffix(says, ".") + ".", next: cmp.Or(kscope.HintOf(err), "Correct it, and apply it again."), severity: Error}}
}

// byWebhook is the severity of what the webhooks refuse, where they do.
func (s *set) byWebhook(o *object) Severity {
	if s.m.Denied(o.at) != nil {
		return Error
	}
	return Warning
}

// trigger is the path of a part of a trigger.
func (o *object) trigger(i int, part string) string {
	return fmt.Sprintf("spec.triggers[%d].%s", i, part)
}
