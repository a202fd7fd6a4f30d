// Package triggers is what KEDA's trigger types mean: their parameters and where
// these come from, what they count, their target and the name of their metric.
// It connects to nothing and computes no replicas.
package triggers

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/words"
)

// Targets reads a trigger's target and activation target from its metadata,
// with KEDA's defaults; 0 where they are not known here. A number that KEDA
// would refuse counts as absent. Resources have none, as theirs is compared
// with what pods use.
func Targets(t kscope.Trigger) (target, activation float64) {
	typ, ok := types[t.Type]
	if !ok || typ.Resource {
		return 0, 0
	}
	target, err := typ.TargetIn(t.Metadata)
	if err != nil {
		target = typ.Default
	}
	if t.Type == "github-runner" { // active from the target on, and jobs are whole
		return target, max(target-1, 0)
	}
	activation, err = typ.ActivationIn(t.Metadata)
	if err != nil {
		activation = typ.ActivationDefault
	}
	return target, activation
}

// Misspelt is a setting in a trigger's metadata that KEDA has none of, and passes over,
// and the target or activation target that it is nearly called, which is not set; ""
// where there is none.
func Misspelt(t kscope.Trigger) (is, meant string) {
	typ := types[t.Type]
	for _, names := range []string{typ.Target, typ.Activation} {
		all := strings.Split(names, "|")
		if slices.ContainsFunc(all, func(name string) bool { _, set := t.Metadata[name]; return set }) {
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(t.Metadata)) {
			for _, name := range all {
				slips := min(len(name)/5, 2) // one in a short word, two in a long one
				if more := len(key) - len(name); name == "" || more < -slips || more > slips {
					continue // however long it is
				}
				if words.Slips(strings.ToLower(key), strings.ToLower(name)) <= slips {
					return key, name
				}
			}
		}
	}
	return "", ""
}

// Unit is what a trigger's value counts, many of them; "" where it counts
// nothing that could wait: a rate, an age, or what a query answers.
func Unit(t kscope.Trigger) string {
	typ, ok := types[t.Type]
	switch mode := t.Metadata["mode"]; {
	case !ok:
		return "items"
	case typ.Unit == "pods" || typ.Unit == "replicas":
		return ""
	case strings.HasSuffix(mode, "Rate") || strings.HasSuffix(mode, "Age") || strings.HasSuffix(mode, "Latencies"):
		return ""
	}
	return typ.Unit
}

// TargetIn is the target of a trigger of this type by its metadata. It is an
// error, in KEDA's words, if it is required and absent, or no number; it is 0
// where only the source knows it.
func (t Type) TargetIn(metadata map[string]string) (float64, error) {
	if t.Target == "" {
		return t.Default, nil
	}
	names := strings.Split(t.target(metadata), "|")
	for _, name := range names {
		if strings.TrimSpace(metadata[name]) != "" {
			return number(metadata, name, 0)
		}
	}
	if t.Default == 0 {
		return 0, fmt.Errorf("missing required parameter %q in [triggerMetadata]", names[0])
	}
	return t.Default, nil
}

// target is the parameter of the target. That of a stream depends on what is
// measured: entries without a consumer group, else its lag where a target for
// that is set, else what is pending in it.
func (t Type) target(metadata map[string]string) string {
	if t.Target != streams {
		return t.Target
	}
	if strings.TrimSpace(metadata["consumerGroup"]) == "" {
		return "streamLength"
	}
	if n, err := number(metadata, "lagCount", 0); err != nil || n != 0 {
		return "lagCount"
	}
	return "pendingEntriesCount"
}

// ActivationIn is the activation target of a trigger of this type by its
// metadata.
func (t Type) ActivationIn(metadata map[string]string) (float64, error) {
	for _, name := range strings.Split(t.Activation, "|") {
		if strings.TrimSpace(metadata[name]) != "" {
			return number(metadata, name, 0)
		}
	}
	return t.ActivationDefault, nil
}

// number reads a number from metadata.
func number(metadata map[string]string, name string, otherwise float64) (float64, error) {
	s := strings.TrimSpace(metadata[name])
	if name == "" || s == "" {
		return otherwise, nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("unable to set param %q value %q: unable to unmarshal to field type float64: invalid character in value", name, s)
	}
	return v, nil
}
