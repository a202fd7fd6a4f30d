package manifests

import (
	"math"
	"slices"

	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/words"
)

// misspelt asks of each trigger what the screen says of the first.
func misspelt(_ *set, o *object) (out []found) {
	for i, t := range o.spec.Triggers {
		is, meant := triggers.Misspelt(t.known())
		so := o.settings()
		so.Triggers = so.Triggers[i : i+1]
		if x, ok := explain.Setting("misspelt", so); ok {
			out = append(out, found{path: o.trigger(i, "metadata["+is+"]"), says: x.Says, next: "Call it " + meant + ", if that is meant."})
		}
	}
	return out
}

// manyJobs is the target from which on it is worth saying when a second pod comes.
const manyJobs = 100

// queuesOfJobs are the trigger types of what mostly holds jobs, each some work of its own.
// Of a log or a stream of events a pod reads hundreds at once.
var queuesOfJobs = []string{"redis", "redis-cluster", "redis-sentinel", "rabbitmq", "aws-sqs-queue", "azure-queue", "azure-servicebus", "activemq", "artemis-queue",
	"beanstalkd", "gcp-cloudtasks", "gcp-pubsub", "ibmmq", "nsq", "solace-event-queue", "temporal", "azure-pipelines", "github-runner", "forgejo-runner"}

func coarseTarget(_ *set, o *object) (out []found) {
	if !o.isScaledObject() || o.spec.hasFormula() || o.spec.most() < 2 || o.spec.least() > 1 {
		return nil
	}
	tolerance := 0.1 // the HPA's own
	if b := o.spec.Advanced.HorizontalPodAutoscalerConfig.Behavior; b != nil && b.ScaleUp != nil && b.ScaleUp.Tolerance != nil {
		tolerance = b.ScaleUp.Tolerance.AsApproximateFloat64()
	}
	for i, t := range o.spec.Triggers {
		typ, _ := triggers.TypeOf(t.Type)
		target, _ := triggers.Targets(t.known())
		if unit := triggers.Unit(t.known()); slices.Contains(queuesOfJobs, t.Type) && unit != "" && target >= manyJobs && t.MetricType != "Value" {
			out = append(out, one(o.trigger(i, "metadata."+t.written(typ.Target)), "If jobs should not wait for one another so long, lower the target.",
				"One pod is meant for up to %s %s: the second comes when there are more than %s.", words.Count(target), unit, words.Count(math.Floor(target*(1+tolerance))))...)
		}
	}
	return out
}

func valueFromZero(_ *set, o *object) (out []found) {
	if !o.isScaledObject() || !o.spec.sleeps() {
		return nil
	}
	says := "With metricType Value the HPA multiplies the pods that are ready by how far the value is above the target: from zero it adds none until one is ready, and then goes on until the value falls to the target or maxReplicaCount is reached."
	if m := o.spec.Advanced.ScalingModifiers; o.spec.hasFormula() {
		if m.MetricType == "Value" {
			out = append(out, found{path: "spec.advanced.scalingModifiers.metricType", severity: Note, says: says, next: "For work that waits take AverageValue."})
		}
		return out
	}
	for i, t := range o.spec.Triggers {
		if t.MetricType != "Value" {
			continue
		}
		f := found{path: o.trigger(i, "metricType"), says: says, next: "For work that waits leave metricType out: by AverageValue each pod stands for a target's worth of it."}
		if triggers.Unit(t.known()) == "" {
			f.severity, f.next = Note, "For a rate or an age that is as it should be; a minReplicaCount of 1 spares the wait for the first pod."
		}
		out = append(out, f)
	}
	return out
}
