package manifests

import (
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/words"
)

// isSet reports whether a workload's manifest says how many replicas there are.
func isSet(obj runtime.Object) bool {
	switch w := obj.(type) {
	case *appsv1.Deployment:
		return w.Spec.Replicas != nil
	case *appsv1.StatefulSet:
		return w.Spec.Replicas != nil
	}
	return false
}

// defaults of KEDA, in seconds.
const (
	defaultPolling  = 30
	defaultCooldown = 300
)

// settings is a ScaledObject as the rules of the screen know it.
func (o *object) settings() kscope.ScaledObject {
	is := func(annotation string) bool { return flag(o.annotations, annotation) }
	so := kscope.ScaledObject{
		Ref:             kscope.Ref{Namespace: o.namespace, Name: o.name.name},
		PollingInterval: time.Duration(orElse(o.spec.PollingInterval, defaultPolling)) * time.Second,
		CooldownPeriod:  time.Duration(orElse(o.spec.CooldownPeriod, defaultCooldown)) * time.Second,
		MinReplicaCount: o.spec.least(), MaxReplicaCount: o.spec.most(), IdleReplicaCount: o.spec.IdleReplicaCount,
		ScalingModifiers: o.spec.hasFormula(),
		Paused:           is("autoscaling.keda.sh/paused"), PausedReplicas: o.annotations["autoscaling.keda.sh/paused-replicas"],
		PausedScaleIn: is("autoscaling.keda.sh/paused-scale-in"), PausedScaleOut: is("autoscaling.keda.sh/paused-scale-out"),
	}
	for _, t := range o.spec.Triggers {
		so.Triggers = append(so.Triggers, t.known())
	}
	return so
}

// flag reads an annotation as KEDA does: whatever is not false counts as true.
func flag(annotations map[string]string, key string) bool {
	v, ok := annotations[key]
	yes, err := strconv.ParseBool(v)
	return ok && (yes || err != nil)
}

func (t trigger) known() kscope.Trigger {
	return kscope.Trigger{Type: t.Type, Name: t.Name, MetricType: t.MetricType, Metadata: t.Metadata, Cached: t.UseCachedMetrics}
}

// bySetting is a rule of the screen's that goes by settings alone, for a field.
func bySetting(rule, path, next string) func(*set, *object) []found {
	return func(_ *set, o *object) []found {
		if !o.isScaledObject() {
			return nil
		}
		x, ok := explain.Setting(rule, o.settings())
		if !ok {
			return nil
		}
		return []found{{path: path, says: x.Says, next: next}}
	}
}

func cooldownShorterThanPolling(_ *set, o *object) []found {
	polling, cooldown := orElse(o.spec.PollingInterval, defaultPolling), orElse(o.spec.CooldownPeriod, defaultCooldown)
	if !o.isScaledObject() || o.spec.least() > 0 && o.spec.IdleReplicaCount == nil || cooldown == 0 || cooldown >= polling {
		return nil
	}
	return one("spec.cooldownPeriod", "For a shorter wait shorten pollingInterval as well.",
		"A cooldownPeriod of %s lasts %s: KEDA goes to zero only when it looks, and it looks at that pollingInterval.",
		words.Span(time.Duration(cooldown)*time.Second), words.Span(time.Duration(polling)*time.Second))
}

// isBlank reports whether a text says nothing.
func isBlank(s string) bool { return strings.TrimSpace(s) == "" }
