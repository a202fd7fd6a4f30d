package manifests

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kscope/kscope/triggers"
)

// resources reports whether nothing but cpu and memory scales a ScaledObject.
func (o *object) resources() bool {
	return o.isScaledObject() && !o.spec.hasFormula() && len(o.spec.Triggers) > 0 && !slices.ContainsFunc(o.spec.Triggers, func(t trigger) bool { return !t.isResource() })
}

func (t trigger) isResource() bool { return t.Type == "cpu" || t.Type == "memory" }

func neverSleeps(s *set, o *object) []found {
	if !o.resources() || o.spec.least() > 0 {
		return nil
	}
	says := "Only cpu and memory scale it, and these always count as active: with minReplicaCount 0 it never goes to zero"
	if s.byWebhook(o) == Error {
		says += ", and KEDA's webhook refuses it"
	}
	return []found{{path: "spec.minReplicaCount", severity: s.byWebhook(o), says: says + ".", next: "Set minReplicaCount to 1 or more, or add a trigger that measures the work itself."}}
}

func fallbackWithoutMetric(_ *set, o *object) []found {
	if o.spec.Fallback == nil || !o.resources() {
		return nil
	}
	return one("spec.fallback", "Leave fallback out.", "cpu and memory have no fallback, for KEDA does not measure them: its webhook refuses one where there is no other trigger.")
}

func fallbackNeverRuns(_ *set, o *object) []found {
	f := o.spec.Fallback
	if !o.isScaledObject() || f == nil {
		return nil
	}
	if m := o.spec.Advanced.ScalingModifiers; o.spec.hasFormula() {
		if n, err := strconv.ParseInt(m.Target, 10, 64); err != nil || n <= 0 {
			return one("spec.fallback", "Make target a whole number.", "The fallback has no effect: beside scalingModifiers KEDA takes one only where their target is a whole number, and %q is none.", m.Target)
		}
	}
	var connecting *trigger
	for i := range o.spec.Triggers {
		switch t := &o.spec.Triggers[i]; {
		case t.isResource() || t.Type == "cron": // which never fail
		case t.connects():
			connecting = t
		default:
			return nil
		}
	}
	if connecting == nil || f.FailureThreshold == 0 {
		return nil
	}
	return one("spec.fallback", "For when it is unreachable, give the workload a minReplicaCount that is enough.",
		"While its server cannot be reached, the fallback does not run: KEDA connects when it builds a trigger of type %s, and counts one failure and no more while that fails, so failureThreshold %d is not passed. It runs only where the server answers with an error.",
		connecting.Type, f.FailureThreshold)
}

// connects reports whether building the trigger opens a connection, as far as that is
// certain: rabbitmq may do without.
func (t *trigger) connects() bool {
	if t.Type == "rabbitmq" {
		return t.Metadata["protocol"] == "amqp" || t.Metadata["protocol"] != "http" && strings.HasPrefix(t.Metadata["host"], "amqp")
	}
	typ, _ := triggers.TypeOf(t.Type)
	return typ.Connects
}
