package sandbox

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kscope/kscope/sandbox/world"
)

// complete fills in what the API server would, as far as anything in the
// sandbox or on the screen depends on it. Replicas that are left out stay so:
// the world knows whether that means 1, or as many as there are.
func complete(obj runtime.Object) {
	gvks, _, err := scheme.Scheme.ObjectKinds(obj)
	if err == nil && len(gvks) > 0 {
		obj.GetObjectKind().SetGroupVersionKind(gvks[0])
	}
	switch o := obj.(type) {
	case *corev1.Namespace:
		if o.Labels == nil {
			o.Labels = map[string]string{}
		}
		o.Labels[corev1.LabelMetadataName] = o.Name
		o.Status.Phase = corev1.NamespaceActive
	case *corev1.Secret:
		completeSecret(o)
	case *corev1.Service:
		completeService(o)
	case *appsv1.Deployment:
		completeDeployment(o)
	case *appsv1.StatefulSet:
		completeStatefulSet(o)
	case *autoscalingv2.HorizontalPodAutoscaler:
		completeHPA(o)
	}
}

// forgetStatus takes away what the API server takes from no user.
func forgetStatus(obj runtime.Object) {
	switch o := obj.(type) {
	case *appsv1.Deployment:
		o.Status = appsv1.DeploymentStatus{}
	case *appsv1.StatefulSet:
		o.Status = appsv1.StatefulSetStatus{}
	case *autoscalingv2.HorizontalPodAutoscaler:
		o.Status = autoscalingv2.HorizontalPodAutoscalerStatus{}
	}
}

// orElse sets what is not set.
func orElse[T any](p **T, v T) {
	if *p == nil {
		*p = &v
	}
}

func orValue[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

func completeSecret(s *corev1.Secret) {
	orValue(&s.Type, corev1.SecretTypeOpaque)
	for name, value := range s.StringData {
		if s.Data == nil {
			s.Data = map[string][]byte{}
		}
		s.Data[name] = []byte(value)
	}
	s.StringData = nil
}

func completeService(s *corev1.Service) {
	orValue(&s.Spec.Type, corev1.ServiceTypeClusterIP)
	orValue(&s.Spec.SessionAffinity, corev1.ServiceAffinityNone)
	for i := range s.Spec.Ports {
		p := &s.Spec.Ports[i]
		orValue(&p.Protocol, corev1.ProtocolTCP)
		if p.TargetPort == (intstr.IntOrString{}) {
			p.TargetPort = intstr.FromInt32(p.Port)
		}
	}
}

func completeDeployment(d *appsv1.Deployment) {
	orElse(&d.Spec.RevisionHistoryLimit, 10)
	orElse(&d.Spec.ProgressDeadlineSeconds, 600)
	orValue(&d.Spec.Strategy.Type, appsv1.RollingUpdateDeploymentStrategyType)
	if d.Spec.Strategy.Type == appsv1.RollingUpdateDeploymentStrategyType {
		orElse(&d.Spec.Strategy.RollingUpdate, appsv1.RollingUpdateDeployment{})
		orElse(&d.Spec.Strategy.RollingUpdate.MaxUnavailable, intstr.FromString("25%"))
		orElse(&d.Spec.Strategy.RollingUpdate.MaxSurge, intstr.FromString("25%"))
	}
	completePod(&d.Spec.Template.Spec)
}

func completeStatefulSet(s *appsv1.StatefulSet) {
	orElse(&s.Spec.RevisionHistoryLimit, 10)
	orValue(&s.Spec.PodManagementPolicy, appsv1.OrderedReadyPodManagement)
	orValue(&s.Spec.UpdateStrategy.Type, appsv1.RollingUpdateStatefulSetStrategyType)
	if s.Spec.UpdateStrategy.Type == appsv1.RollingUpdateStatefulSetStrategyType {
		orElse(&s.Spec.UpdateStrategy.RollingUpdate, appsv1.RollingUpdateStatefulSetStrategy{})
		orElse(&s.Spec.UpdateStrategy.RollingUpdate.Partition, 0)
	}
	completePod(&s.Spec.Template.Spec)
}

func completePod(p *corev1.PodSpec) {
	orValue(&p.RestartPolicy, corev1.RestartPolicyAlways)
	orElse(&p.TerminationGracePeriodSeconds, corev1.DefaultTerminationGracePeriodSeconds)
	orValue(&p.DNSPolicy, corev1.DNSClusterFirst)
	orValue(&p.SchedulerName, corev1.DefaultSchedulerName)
	orElse(&p.SecurityContext, corev1.PodSecurityContext{})
	for _, containers := range [][]corev1.Container{p.InitContainers, p.Containers} {
		for i := range containers {
			completeContainer(&containers[i])
		}
	}
}

func completeContainer(c *corev1.Container) {
	if c.ImagePullPolicy == "" {
		c.ImagePullPolicy = corev1.PullIfNotPresent
		if tag := c.Image[strings.LastIndexByte(c.Image, '/')+1:]; !strings.ContainsAny(tag, ":@") || strings.HasSuffix(tag, ":latest") {
			c.ImagePullPolicy = corev1.PullAlways
		}
	}
	orValue(&c.TerminationMessagePath, corev1.TerminationMessagePathDefault)
	orValue(&c.TerminationMessagePolicy, corev1.TerminationMessageReadFile)
	for i := range c.Ports {
		orValue(&c.Ports[i].Protocol, corev1.ProtocolTCP)
	}
	for name, limit := range c.Resources.Limits { // what is limited is requested
		if _, ok := c.Resources.Requests[name]; !ok {
			if c.Resources.Requests == nil {
				c.Resources.Requests = corev1.ResourceList{}
			}
			c.Resources.Requests[name] = limit.DeepCopy()
		}
	}
	for _, probe := range []*corev1.Probe{c.LivenessProbe, c.ReadinessProbe, c.StartupProbe} {
		if probe != nil {
			orValue(&probe.TimeoutSeconds, 1)
			orValue(&probe.PeriodSeconds, 10)
			orValue(&probe.SuccessThreshold, 1)
			orValue(&probe.FailureThreshold, 3)
		}
	}
}

// completeHPA follows section 4.1 of the semantics.
func completeHPA(h *autoscalingv2.HorizontalPodAutoscaler) {
	orElse(&h.Spec.MinReplicas, 1)
	if len(h.Spec.Metrics) == 0 {
		percent := int32(80)
		h.Spec.Metrics = []autoscalingv2.MetricSpec{{
			Type: autoscalingv2.ResourceMetricSourceType,
			Resource: &autoscalingv2.ResourceMetricSource{Name: corev1.ResourceCPU,
				Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &percent}},
		}}
	}
	h.Spec.Behavior = world.DefaultBehavior(h.Spec.Behavior)
}
