package manifests

import (
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/kscope/kscope/sandbox/world"
)

// want is a resource that something scales by, of one container or of all.
type want struct {
	of        corev1.ResourceName
	container string // "" for all
}

// wants are the resources that an object scales by, measured against what is requested.
func (o *object) wants() (out []want) {
	for _, t := range o.spec.Triggers {
		if o.isScaledObject() && t.isResource() {
			out = append(out, want{corev1.ResourceName(t.Type), t.Metadata["containerName"]})
		}
	}
	h, ok := o.is.(*autoscalingv2.HorizontalPodAutoscaler)
	if !ok || o.owned {
		return out
	}
	for _, m := range h.Spec.Metrics {
		switch {
		case m.Resource != nil && m.Resource.Target.AverageUtilization != nil:
			out = append(out, want{of: m.Resource.Name})
		case m.ContainerResource != nil && m.ContainerResource.Target.AverageUtilization != nil:
			out = append(out, want{m.ContainerResource.Name, m.ContainerResource.Container})
		}
	}
	return out
}

// noRequests is a container that requests nothing of what its workload is scaled by. It
// is told of at the container.
func noRequests(s *set, o *object) (out []found) {
	t, ok := o.target()
	workload := s.by[t]
	if !ok || workload == nil {
		return nil
	}
	pod := world.PodOf(workload.is)
	if pod == nil {
		return nil
	}
	effect, severity := "the HPA cannot compute a share of nothing", Warning
	if o.isScaledObject() {
		effect, severity = "KEDA's webhook refuses the ScaledObject, and without the webhook the HPA cannot compute", Error
		if s.m.Denied(o.at) == nil {
			return nil // a LimitRange of the manifests gives a default
		}
	}
	for _, w := range o.wants() {
		if w.container == "" && pod.Resources != nil {
			if _, whole := pod.Resources.Requests[w.of]; whole {
				continue
			}
		}
		for i, c := range pod.Containers {
			_, has := c.Resources.Requests[w.of]
			if has || w.container != "" && w.container != c.Name {
				continue
			}
			out = append(out, found{of: workload, severity: severity, path: fmt.Sprintf("spec.template.spec.containers[%d].resources.requests", i),
				next: fmt.Sprintf("Set resources.requests.%s.", w.of),
				says: fmt.Sprintf("Container %s requests no %s, by which %s scales it: unless a LimitRange gives it a default, %s.", c.Name, w.of, plainName(o.name), effect)})
		}
	}
	return out
}
