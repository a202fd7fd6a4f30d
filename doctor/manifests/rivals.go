package manifests

import "slices"

// before are the ScaledObjects that were given before one and scale the same.
func (s *set) before(o *object) []*object {
	t, ok := o.target()
	if !ok || !o.isScaledObject() {
		return nil
	}
	i := slices.Index(s.targets[t], o)
	return slices.DeleteFunc(slices.Clone(s.targets[t][:i]), func(other *object) bool { return !other.isScaledObject() })
}

func twoMasters(s *set, o *object) []found {
	before := s.before(o)
	if len(before) == 0 {
		return nil
	}
	t, _ := o.target()
	return one("spec.scaleTargetRef", "One ScaledObject may have several triggers: put all into one, and remove the other.",
		"ScaledObject %s (%s) scales %s too: KEDA's webhook refuses the second, and without the webhook each undoes what the other does.",
		before[0].name.name, s.place(before[0]), plainName(t))
}

func twoHPAs(s *set, o *object) (out []found) {
	t, ok := o.target()
	if !ok || !o.isScaledObject() {
		return nil
	}
	for _, h := range s.targets[t] {
		switch {
		case h.kind != "HorizontalPodAutoscaler", h.owned, h.annotations["validations.keda.sh/hpa-ownership"] == "false":
		case o.annotations["scaledobject.keda.sh/transfer-hpa-ownership"] == "true" && o.spec.Advanced.HorizontalPodAutoscalerConfig.Name == h.name.name:
		default:
			out = append(out, one("spec.scaleTargetRef", "Remove that HPA; to have KEDA take it over, see the annotation scaledobject.keda.sh/transfer-hpa-ownership.",
				"HorizontalPodAutoscaler %s (%s) scales %s too: KEDA's webhook refuses the ScaledObject, and without the webhook two HPAs fight.",
				h.name.name, s.place(h), plainName(t))...)
		}
	}
	return out
}

// hpa is the name of the HPA that KEDA makes for a ScaledObject.
func (o *object) hpa() string {
	if n := o.spec.Advanced.HorizontalPodAutoscalerConfig.Name; n != "" {
		return n
	}
	return "keda-hpa-" + o.name.name
}

func sameHPAName(s *set, o *object) []found {
	if o.spec.Advanced.HorizontalPodAutoscalerConfig.Name == "" {
		return nil // two defaults never meet
	}
	for i := range s.objects {
		other := &s.objects[i]
		// Of two that both say it the later is told of.
		if other != o && other.isScaledObject() && other.namespace == o.namespace && other.hpa() == o.hpa() &&
			(other.at < o.at || other.spec.Advanced.HorizontalPodAutoscalerConfig.Name == "") {
			return one("spec.advanced.horizontalPodAutoscalerConfig.name", "Give each its own name, or leave the name out.",
				"ScaledObject %s (%s) has its HPA called %s too, and KEDA's webhook refuses that.", other.name.name, s.place(other), o.hpa())
		}
	}
	return nil
}
