// Package admission is KEDA's webhooks, which an API server asks before it takes one of
// KEDA's objects: what they refuse, in their words.
package admission

import (
	"encoding/json"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope/sandbox/world"
)

// Cluster is what is there already, as the webhooks look at it.
type Cluster struct {
	HPAs        []*autoscalingv2.HorizontalPodAutoscaler
	LimitRanges []*corev1.LimitRange
	// Pod is the pod template of a Deployment or StatefulSet, nil where there is none.
	Pod func(kind, namespace, name string) *corev1.PodSpec

	objects []*scaledObject // that were let in
}

// scaledObject is as much of one as the webhooks look at.
type scaledObject struct {
	Metadata struct {
		Namespace, Name string
		Annotations     map[string]string
	}
	Spec struct {
		ScaleTargetRef struct {
			APIVersion, Kind, Name string
		}
		MinReplicaCount *int32
		Triggers        []struct {
			Type     string
			Metadata map[string]string
		}
		Advanced struct {
			HorizontalPodAutoscalerConfig struct{ Name string }
			ScalingModifiers              struct{ Formula, Target string }
		}
		Fallback *struct {
			Behavior string
		}
	}
}

// Refusal is why an object is not let in, and what to do about it, "" where that is in
// the words themselves.
type Refusal struct{ Says, Hint string }

// Let lets an object in, or says why not. What is let in counts for those after it. What
// an API server has taken already, which its uid tells, is not asked again.
func (c *Cluster) Let(u *unstructured.Unstructured) *Refusal {
	there := u.GetUID() != ""
	switch kind := u.GetKind(); {
	case (kind == "TriggerAuthentication" || kind == "ClusterTriggerAuthentication") && !there:
		return authentication(u)
	case kind == "ScaledJob" && !there:
		return itself(u)
	case kind != "ScaledObject":
		return nil
	}
	if r := itself(u); r != nil && !there {
		return r
	}
	var so scaledObject
	raw, err := json.Marshal(u.Object)
	if err == nil {
		err = json.Unmarshal(raw, &so)
	}
	if err != nil {
		return &Refusal{Says: err.Error()}
	}
	c.objects = append(c.objects, &so)
	if there {
		return nil
	}
	for _, rule := range []func(*scaledObject) *Refusal{c.others, c.hpas, c.resources, names, fallback} {
		if r := rule(&so); r != nil {
			c.objects = c.objects[:len(c.objects)-1]
			return r
		}
	}
	return nil
}

// itself is what is refused of an object whatever else there is.
func itself(u *unstructured.Unstructured) *Refusal {
	if err := world.Check(u); err != nil {
		return &Refusal{Says: err.Error()}
	}
	return nil
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// target is what a ScaledObject scales, as KEDA names it: "apps/v1.Deployment".
func (so *scaledObject) target() (typ, kind, name string) {
	ref := so.Spec.ScaleTargetRef
	kind = or(ref.Kind, "Deployment")
	return or(ref.APIVersion, "apps/v1") + "." + kind, kind, ref.Name
}

func (so *scaledObject) hpa() string {
	return or(so.Spec.Advanced.HorizontalPodAutoscalerConfig.Name, "keda-hpa-"+so.Metadata.Name)
}
