package manifests

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/kscope/kscope/explain"
)

// held is every annotation that keeps an object from scaling, or from going to zero.
func held(_ *set, o *object) (out []found) {
	const prefix = "autoscaling.keda.sh/"
	at := func(annotation string) string { return "metadata.annotations[" + prefix + annotation + "]" }
	next := "Remove the annotation, or leave it to whoever pauses and unpauses."
	switch {
	case o.isScaledJob() && flag(o.annotations, prefix+"paused"):
		return one(at("paused"), next, "The annotation %spaused keeps KEDA from making Jobs.", prefix)
	case !o.isScaledObject():
		return nil
	}
	so := o.settings()
	for _, rule := range []string{"held", "heldIn", "heldOut"} {
		if x, ok := explain.Setting(rule, so); ok {
			annotation := map[string]string{"held": "paused", "heldIn": "paused-scale-in", "heldOut": "paused-scale-out"}[rule]
			if rule == "held" && so.PausedReplicas != "" {
				annotation = "paused-replicas"
			}
			out = append(out, found{path: at(annotation), says: x.Says, next: next})
		}
	}
	if flag(o.annotations, prefix+"force-activation") {
		out = append(out, one(at("force-activation"), next, "The annotation %sforce-activation keeps it awake, whatever the triggers say.", prefix)...)
	}
	return out
}

func scalingDisabled(_ *set, o *object) (out []found) {
	b, path := o.spec.Advanced.HorizontalPodAutoscalerConfig.Behavior, "spec.advanced.horizontalPodAutoscalerConfig.behavior."
	if h, ok := o.is.(*autoscalingv2.HorizontalPodAutoscaler); ok {
		b, path = h.Spec.Behavior, "spec.behavior."
	}
	if b == nil {
		return nil
	}
	for _, d := range []struct {
		field, does string
		rules       *autoscalingv2.HPAScalingRules
	}{{"scaleUp", "adds", b.ScaleUp}, {"scaleDown", "removes", b.ScaleDown}} {
		if d.rules != nil && d.rules.SelectPolicy != nil && *d.rules.SelectPolicy == autoscalingv2.DisabledPolicySelect {
			says := "A selectPolicy of Disabled in %s: the HPA never %s pods"
			if o.isScaledObject() {
				says += "; only KEDA does, " + map[string]string{"scaleUp": "from zero", "scaleDown": "down to zero"}[d.field]
			}
			out = append(out, one(path+d.field+".selectPolicy", "Leave selectPolicy out to have it do so.", says+".", d.field, d.does)...)
		}
	}
	return out
}
