package store

import (
	"maps"
	"math"
	"slices"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// labelKey is one label of a namespace. Almost every selector demands some
// exact label, so workloads are looked up by the first that theirs does; the
// others are kept for the whole namespace, under no key.
type labelKey struct{ namespace, key, value string }

// labelKey is where a workload is kept.
func (w *workload) labelKey() labelKey {
	for _, r := range w.Selector {
		if r.Operator == kscope.In && len(r.Values) == 1 {
			return labelKey{w.Ref.Namespace, r.Key, r.Values[0]}
		}
	}
	return labelKey{namespace: w.Ref.Namespace}
}

// link gives every pod its workload, and says whether there was one without.
func (s *Store) link() bool {
	x := &s.pods
	if len(x.fresh) == 0 && len(x.pending) == 0 {
		return false
	}
	touched := map[*workload]bool{}
	if len(x.fresh) > 0 {
		x.release(x.fresh, touched)
		maps.Copy(touched, x.fresh)
		clear(x.fresh)
	}
	for _, p := range x.pending {
		p.queued = false
		if p.gone {
			continue
		}
		if w := x.ownerOf(p); w != nil {
			if len(w.pods) > 0 && maps.Equal(w.pods[0].Labels, p.Labels) {
				p.Labels = w.pods[0].Labels // those of one template are the same, and a map of their own is a third of what a pod takes
			}
			p.owner, p.place = w, len(w.pods)
			w.pods = append(w.pods, p)
			w.counts[p.State()]++
			p.start()
			s.reach(p)
			touched[w] = true
		}
	}
	clear(x.pending) // so that what has gone can be collected
	x.pending = x.pending[:0]
	for w := range touched { // to have no pods is to be known too
		s.recordPods(s.now, w)
		s.touchWorkload(w)
	}
	return true
}

// release makes the pods that a fresh workload may claim look for their owner
// again. Where there are many such workloads, as at the start, it is all pods.
func (x *podIndex) release(fresh, touched map[*workload]bool) {
	const many = 8
	for _, p := range x.byRef {
		if p.queued {
			continue // it does that anyway
		}
		mine := len(fresh) > many
		for w := range fresh {
			if mine {
				break
			}
			mine = w.Ref.Namespace == p.Ref.Namespace && w.Selector.Matches(p.Labels)
		}
		if mine {
			if p.owner != nil {
				touched[p.owner] = true
			}
			p.unlink()
			x.queue(p)
		}
	}
}

// ownerOf finds the workload that a pod belongs to: the one that it names as
// its owner, as the pods of a StatefulSet do, or the first that selects it.
func (x *podIndex) ownerOf(p *pod) *workload {
	found := x.better(p, nil, labelKey{namespace: p.Ref.Namespace})
	for k, v := range p.Labels {
		found = x.better(p, found, labelKey{p.Ref.Namespace, k, v})
	}
	return found
}

func (x *podIndex) better(p *pod, found *workload, key labelKey) *workload {
	for _, w := range x.byLabel[key] {
		if w.Selector.Matches(p.Labels) && (found == nil || !found.owns(p) && (w.owns(p) || w.before(found))) {
			found = w
		}
	}
	return found
}

func (w *workload) owns(p *pod) bool { return p.OwnerUID != "" && w.UID == p.OwnerUID }

// before orders the workloads that select the same pods, which is a mistake:
// whichever it is, it should not change from one look to the next.
func (w *workload) before(o *workload) bool {
	if w.Kind != o.Kind {
		return w.Kind < o.Kind
	}
	return w.Ref.Less(o.Ref)
}

func sameSelector(a, b kscope.Selector) bool {
	return slices.EqualFunc(a, b, func(x, y kscope.Requirement) bool {
		return x.Key == y.Key && x.Operator == y.Operator && slices.Equal(x.Values, y.Values)
	})
}

// compositeMetric is the name of the one external metric that the HPA of a ScaledObject
// with a formula has.
const compositeMetric = "composite-metric"

// formulaOf is nil without one, or where KEDA would not take it.
func formulaOf(so *kscope.ScaledObject) *triggers.Formula {
	if !so.ScalingModifiers {
		return nil
	}
	f, err := triggers.ParseFormula(so.Formula, so.Triggers)
	if err != nil {
		return nil
	}
	return f
}

// combined is the reading of the formula: nil without one.
func (s *Store) combined(o *object, c *Chain) *Reading {
	if o.formula == nil {
		return nil
	}
	r := &Reading{Trigger: kscope.Trigger{Name: "formula"}, Metric: compositeMetric, Place: -1, Formula: o.formula,
		Target: o.formula.Target, ActivationTarget: o.formula.Activation}
	if o.formula.ByValue {
		r.Trigger.MetricType = "Value"
	}
	if c.HPA != nil {
		r.Place = slices.IndexFunc(c.HPA.Metrics, func(m kscope.Metric) bool { return m.Name == compositeMetric })
	}
	if r.Value, r.Known = c.Combine(r.Formula, func(r *Reading) (float64, bool) { return r.Value, r.Known && r.From != FromHPA }); r.Known {
		r.From = FromFormula
		return r
	}
	if c.Workload == nil || c.Workload.Desired == 0 || r.Place < 0 {
		return r
	}
	if m := c.HPA.Metrics[r.Place]; m.Current != nil && c.HPA.CurrentReplicas > 0 {
		r.Value, r.Known, r.From, r.Each = together(&m, *m.Current, c.HPA.CurrentReplicas, math.NaN()), true, FromHPA, *m.Current
	}
	return r
}

// Combine is what a formula makes of the triggers' values, false where one is not known.
func (c *Chain) Combine(f *triggers.Formula, value func(*Reading) (float64, bool)) (float64, bool) {
	values := make(map[string]float64, len(c.Readings))
	for i := range c.Readings {
		r := &c.Readings[i]
		if r.Direct || r.Trigger.Name == "" {
			continue
		}
		v, known := value(r)
		if !known {
			return 0, false
		}
		values[r.Trigger.Name] = v
	}
	v, err := f.Of(values)
	return v, err == nil
}

// Metrics are the readings that KEDA and the HPA go by: of the triggers, or of a formula
// and of what pods use.
func (c *Chain) Metrics() []Reading {
	if c.Formula == nil {
		return c.Readings
	}
	out := []Reading{*c.Formula}
	for _, r := range c.Readings {
		if r.Direct && r.Place >= 0 {
			out = append(out, r)
		}
	}
	return out
}
