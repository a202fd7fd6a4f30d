package manifests

import (
	"math"
	"strconv"
	"strings"

	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/words"
)

// written is the parameter of several, a|b, that a trigger's metadata has; "" for none.
func (t trigger) written(parameters string) string {
	for _, name := range strings.Split(parameters, "|") {
		if !isBlank(t.Metadata[name]) {
			return name
		}
	}
	return ""
}

func activationAboveTarget(_ *set, o *object) (out []found) {
	if !o.isScaledObject() && !o.isScaledJob() || !o.spec.sleeps() || flag(o.annotations, "autoscaling.keda.sh/force-activation") {
		return nil
	}
	what, then := "pods", "; and at that many or fewer KEDA counts them as no work, and goes to zero after cooldownPeriod"
	if o.isScaledJob() {
		what, then = "Jobs", ""
	}
	say := func(path, key string, target, activation float64, unit string) {
		n := min(math.Ceil(activation/target), float64(o.spec.most()))
		out = append(out, one(path, "Set "+key+" below the target, or leave it out.",
			"Nothing starts until there are more than %s %s, although a target of %s takes that for work for %s %s%s.",
			words.Count(activation), unit, words.Count(target), words.Count(n), what, then)...)
	}
	if m := o.spec.Advanced.ScalingModifiers; o.spec.hasFormula() {
		target, err := strconv.ParseFloat(m.Target, 64)
		activation, wrong := strconv.ParseFloat(m.ActivationTarget, 64)
		if err == nil && wrong == nil && target > 0 && activation > target && m.MetricType != "Value" {
			say("spec.advanced.scalingModifiers.activationTarget", "activationTarget", target, activation, "by the formula")
		}
		return out
	}
	for i, t := range o.spec.Triggers {
		typ, known := triggers.TypeOf(t.Type)
		target, activation := triggers.Targets(t.known())
		if !known || typ.Activation == "" || target <= 0 || activation <= target || t.MetricType == "Value" {
			continue
		}
		key := t.written(typ.Activation)
		path := o.trigger(i, "metadata."+key)
		if key == "" { // it is the default, and the target is below it
			key, _, _ = strings.Cut(typ.Activation, "|")
			path = o.trigger(i, "metadata."+t.written(typ.Target))
		}
		unit := triggers.Unit(t.known())
		if unit == "" {
			unit = "by this trigger"
		}
		say(path, key, target, activation, unit)
	}
	return out
}

func activationWithoutEffect(_ *set, o *object) (out []found) {
	if !o.isScaledObject() || o.spec.least() == 0 || o.spec.IdleReplicaCount != nil {
		return nil
	}
	say := func(path, key string) {
		out = append(out, one(path, "Leave it out, or set minReplicaCount to 0.",
			"%s has no effect on the replicas: it decides when KEDA starts from zero, and with minReplicaCount %d it never goes there.", key, o.spec.least())...)
	}
	if m := o.spec.Advanced.ScalingModifiers; o.spec.hasFormula() {
		if m.ActivationTarget != "" && m.ActivationTarget != "0" {
			say("spec.advanced.scalingModifiers.activationTarget", "activationTarget")
		}
		return out
	}
	for i, t := range o.spec.Triggers {
		typ, _ := triggers.TypeOf(t.Type)
		if key := t.written(typ.Activation); key != "" && t.Metadata[key] != "0" {
			say(o.trigger(i, "metadata."+key), key)
		}
	}
	return out
}

// neverWakes is a workload that only a stream's pending entries could wake.
func neverWakes(_ *set, o *object) []found {
	if !o.isScaledObject() && !o.isScaledJob() || !o.spec.sleeps() || o.spec.hasFormula() || flag(o.annotations, "autoscaling.keda.sh/force-activation") || len(o.spec.Triggers) == 0 {
		return nil
	}
	for _, t := range o.spec.Triggers {
		if q, ok := triggers.RedisQueue(t.Type, t.Metadata); !ok || q.Measure != triggers.StreamPending {
			return nil
		}
	}
	t := o.spec.Triggers[0]
	return one(o.trigger(0, "metadata.consumerGroup"), "Add lagCount, by which KEDA counts the entries that wait, or set minReplicaCount to 1.",
		"Nothing wakes it: of the stream %s KEDA counts only entries that a pod has taken, and at zero no pod takes any.", t.Metadata["stream"])
}
