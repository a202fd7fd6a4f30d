package admission

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
)

// others is another ScaledObject that has the same target or the same HPA.
func (c *Cluster) others(so *scaledObject) *Refusal {
	typ, _, name := so.target()
	for _, other := range c.objects {
		if other.Metadata.Namespace != so.Metadata.Namespace || other.Metadata.Name == so.Metadata.Name {
			continue
		}
		switch theirs, _, target := other.target(); {
		case theirs == typ && target == name:
			return &Refusal{fmt.Sprintf("the workload '%s' of type '%s' is already managed by the ScaledObject '%s'", name, typ, other.Metadata.Name),
				"one ScaledObject may have several triggers: put all into it"}
		case other.hpa() == so.hpa():
			return &Refusal{fmt.Sprintf("the HPA '%s' is already managed by the ScaledObject '%s'", so.hpa(), other.Metadata.Name),
				"give it another name in advanced.horizontalPodAutoscalerConfig"}
		}
	}
	return nil
}

// hpas is an HPA of somebody else's on the same target.
func (c *Cluster) hpas(so *scaledObject) *Refusal {
	typ, _, name := so.target()
	for _, h := range c.HPAs {
		ref := h.Spec.ScaleTargetRef
		if h.Namespace != so.Metadata.Namespace || h.Annotations["validations.keda.sh/hpa-ownership"] == "false" ||
			or(ref.APIVersion, "apps/v1")+"."+or(ref.Kind, "Deployment") != typ || ref.Name != name || owns(so, h) {
			continue
		}
		switch {
		case so.Metadata.Annotations["scaledobject.keda.sh/transfer-hpa-ownership"] != "true":
			return &Refusal{fmt.Sprintf("the workload '%s' of type '%s' is already managed by the hpa '%s'", name, typ, h.Name),
				"leave the HPA out, or hand it over: annotation scaledobject.keda.sh/transfer-hpa-ownership: \"true\" and its name in advanced.horizontalPodAutoscalerConfig"}
		case so.Spec.Advanced.HorizontalPodAutoscalerConfig.Name != h.Name:
			return &Refusal{fmt.Sprintf("the existing hpa '%s' for workload '%s' of type '%s' must be specified by name in advanced settings to enable ownership transfer", h.Name, name, typ), ""}
		}
	}
	return nil
}

func owns(so *scaledObject, h *autoscalingv2.HorizontalPodAutoscaler) bool {
	for _, o := range h.OwnerReferences {
		if o.Kind == "ScaledObject" && o.Name == so.Metadata.Name {
			return true
		}
	}
	return false
}

// resources is a trigger of what pods use for containers that request none of it, and
// nothing that could wake a workload from zero. A target that is not there is not judged.
func (c *Cluster) resources(so *scaledObject) *Refusal {
	only := true
	for _, t := range so.Spec.Triggers {
		only = only && (t.Type == "cpu" || t.Type == "memory")
	}
	typ, kind, name := so.target()
	for _, t := range so.Spec.Triggers {
		if t.Type != "cpu" && t.Type != "memory" {
			continue
		}
		if typ != "apps/v1.Deployment" && typ != "apps/v1.StatefulSet" {
			return nil
		}
		if pod := c.Pod(kind, so.Metadata.Namespace, name); pod != nil {
			if lacks := c.lacks(pod, so.Metadata.Namespace, corev1.ResourceName(t.Type), t.Metadata["containerName"]); lacks != "" {
				return &Refusal{fmt.Sprintf("the scaledobject has a %s trigger but the container %s doesn't have the %s request defined", t.Type, lacks, t.Type),
					"a share needs a whole: set resources.requests." + t.Type + " for it"}
			}
		}
		if least := so.Spec.MinReplicaCount; only && (least == nil || *least == 0) {
			return &Refusal{"scaledobject has only cpu/memory triggers AND minReplica is 0 (scale to zero doesn't work in this case)",
				"set minReplicaCount to 1 or more, or add a trigger that measures the work itself"}
		}
	}
	return nil
}

// lacks is the first container that a metric counts and that requests none of a resource.
func (c *Cluster) lacks(pod *corev1.PodSpec, namespace string, resource corev1.ResourceName, container string) string {
	if container == "" && pod.Resources != nil && requests(*pod.Resources, resource) {
		return ""
	}
	for i := range pod.Containers {
		is := &pod.Containers[i]
		if (container == "" || is.Name == container) && !requests(is.Resources, resource) && !c.byDefault(namespace, resource) {
			return is.Name
		}
	}
	return ""
}

// requests reports whether some of a resource is requested; a limit is a request, too.
func requests(r corev1.ResourceRequirements, name corev1.ResourceName) bool {
	request, limit := r.Requests[name], r.Limits[name]
	return request.Sign() > 0 || limit.Sign() > 0
}

// byDefault reports whether a namespace gives a container some of a resource.
func (c *Cluster) byDefault(namespace string, name corev1.ResourceName) bool {
	for _, l := range c.LimitRanges {
		for _, item := range l.Spec.Limits {
			request, limit := item.DefaultRequest[name], item.Default[name]
			if l.Namespace == namespace && item.Type == corev1.LimitTypeContainer && (request.Sign() > 0 || limit.Sign() > 0) {
				return true
			}
		}
	}
	return false
}

// mostName is how long a name may be that becomes the value of a label.
const mostName = 63

func names(so *scaledObject) *Refusal {
	name, hpa := so.Metadata.Name, so.hpa()
	switch {
	case len(name) > mostName:
		return &Refusal{fmt.Sprintf("scaledobject name %q is %d characters long; must be no more than %d characters because it is used as the %q label value", name, len(name), mostName, "scaledobject.keda.sh/name"), ""}
	case len(hpa) > mostName:
		return &Refusal{fmt.Sprintf("HPA name %q derived from scaledobject is %d characters long; must be no more than %d characters; set spec.advanced.horizontalPodAutoscalerConfig.name to a shorter name or shorten the scaledobject name", hpa, len(hpa), mostName), ""}
	}
	return nil
}

// fallback is one that nothing could fall back from.
func fallback(so *scaledObject) *Refusal {
	f, m := so.Spec.Fallback, so.Spec.Advanced.ScalingModifiers
	if f == nil {
		return nil
	}
	if f.Behavior == "scalingModifiers" && m.Formula == "" {
		return &Refusal{"scalingModifiers fallback behavior requires scalingModifiers.formula to be defined", ""}
	}
	for _, t := range so.Spec.Triggers {
		if t.Type != "cpu" && t.Type != "memory" {
			return nil
		}
	}
	if m.Formula != "" || m.Target != "" {
		return nil
	}
	return &Refusal{"at least one trigger (that is not cpu or memory) has to have the `AverageValue` type for the fallback to be enabled", "leave fallback out"}
}
