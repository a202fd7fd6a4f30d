package world

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/resolve"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/triggers/params"
)

// connection gives the error of a source that cannot be connected to the words
// of KEDA's scaler.
func (t trigger) connection(err error) error {
	words := ""
	switch {
	case !strings.HasPrefix(t.typ, "redis"):
		return err
	case strings.HasPrefix(t.typ, "redis-cluster"):
		words = "connection to redis cluster failed"
	case strings.HasPrefix(t.typ, "redis-sentinel"):
		words = "connection to redis sentinel failed"
	default:
		words = "connection to redis failed"
	}
	if strings.HasPrefix(err.Error(), words) {
		return err
	}
	return fmt.Errorf("%s: %w", words, err)
}

// isAnswer reports whether an error is an answer of the server to the query,
// and not a missing connection.
func isAnswer(err error) bool {
	word, _, _ := strings.Cut(err.Error(), " ")
	return word == "ERR" || word == "WRONGTYPE" || word == "NOGROUP"
}

// connect is what building the scaler does: those that hold a connection open
// it.
func (w *World) connect(t trigger) error {
	if !t.connects || t.queue == nil {
		return nil
	}
	if _, _, err := w.jobsIn(*t.queue); err != nil && !isAnswer(err) {
		return t.connection(err)
	}
	return nil
}

// environment is the pod template that triggers take variables from, and the container
// of it that is named; a nil one has none.
type environment struct {
	pod       *corev1.PodSpec
	container string
}

// given is what a trigger's parameters come from.
func (w *World) given(env environment, namespace string, spec triggerSpec) (params.Values, error) {
	return givenBy(w.find, env, namespace, spec)
}

func givenBy(find resolve.Find, env environment, namespace string, spec triggerSpec) (out params.Values, err error) {
	out.Metadata = spec.Metadata
	if env.pod != nil {
		if out.Environment, err = find.Environment(env.pod, env.container, namespace); err != nil {
			return out, fmt.Errorf("error resolving secrets for ScaleTarget: %w", err)
		}
	}
	out.Authentication, err = find.Authentication(spec.AuthenticationRef, env.pod, namespace)
	return out, err
}

// find is one of the objects that are only kept.
func (w *World) find(kind, namespace, name string) runtime.Object {
	ref := kscope.Ref{Namespace: namespace, Name: name}
	if obj := w.objects[objectKey{kind, ref}]; obj != nil {
		return obj
	}
	return w.objects[objectKey{"*v1." + kind, ref}] // one that does not say what it is
}

// build makes the scalers of an object, and tells of each.
func (w *World) build(u *unstructured.Unstructured, env environment, specs []triggerSpec, tell func(typ, reason, note string)) ([]trigger, error) {
	out := make([]trigger, 0, len(specs))
	for i, spec := range specs {
		var t trigger
		given, err := w.given(env, u.GetNamespace(), spec)
		if err == nil {
			t, err = buildTrigger(refOf(u), i, spec, given)
		}
		if err == nil {
			w.counts(t, given)
			err = w.connect(t)
		}
		if err != nil {
			tell(corev1.EventTypeWarning, "KEDAScalerFailed", err.Error())
			return nil, err
		}
		tell(corev1.EventTypeNormal, "KEDAScalersStarted", fmt.Sprintf("Scaler %s is built", spec.Type))
		out = append(out, t)
	}
	return out, nil
}

// scalersOf is the scaler cache of a ScaledObject, built if it has to be. The
// reconciler and the loop insist on the present generation.
func (w *World) scalersOf(so *scaledObject, present bool) ([]trigger, error) {
	if so.built != nil && (!present || so.builtOf == so.u.GetGeneration()) {
		return so.built, nil
	}
	env := environment{container: so.spec.ScaleTargetRef.Container}
	if wl := w.target(so); wl != nil {
		env.pod = &wl.template().Spec
	}
	triggers, err := w.build(so.u, env, so.spec.Triggers, func(typ, reason, note string) { w.tell(so, typ, reason, reason, note) })
	if err != nil {
		return nil, err
	}
	if so.formula, err = so.spec.formula(); err != nil {
		w.tell(so, corev1.EventTypeWarning, "KEDAScalerFailed", "KEDAScalerFailed", err.Error())
		return nil, err
	}
	so.built, so.builtOf = triggers, so.u.GetGeneration()
	return triggers, nil
}

// ask queries a trigger's source; when that fails it rebuilds the scaler and
// asks once more, and the second result counts.
func (w *World) ask(namespace string, t trigger) (value, active float64, err error) {
	if value, active, err = w.value(namespace, t, w.now); err == nil {
		return value, active, nil
	}
	if failed := w.connect(t); failed != nil {
		return 0, 0, failed
	}
	return w.value(namespace, t, w.now)
}

// observe is one observation of a trigger by either path, fallback applied.
func (w *World) observe(so *scaledObject, t trigger) record {
	value, active, err := w.ask(so.ref.Namespace, t)
	var r record
	if err == nil {
		r = record{milli: toMilli(value), active: t.active(active)}
	} else {
		r.err = err
	}
	return w.fallBack(so, t, r)
}

// toMilli is the value as KEDA hands it on: what is no sensible number is 0.
func toMilli(value float64) int64 {
	if value < 0 || math.IsNaN(value) || math.IsInf(value, 0) {
		return 0
	}
	return int64(math.Round(value * 1000))
}

// fallBack counts failures where a fallback is set, and beyond the threshold
// puts a made-up value in the place of the error. (fallback.go)
func (w *World) fallBack(so *scaledObject, t trigger, r record) record {
	if !so.spec.hasFallback() {
		return r
	}
	h := so.health[t.metric]
	if h == nil {
		h = &health{}
		if so.health == nil {
			so.health = map[string]*health{}
		}
		so.health[t.metric] = h
	}
	if r.err == nil {
		h.failures, h.failing = 0, false
	} else {
		h.failures, h.failing = h.failures+1, true
	}
	w.publishHealth(so)
	if r.err == nil || h.failures <= so.spec.Fallback.FailureThreshold {
		return r
	}
	if milli, ok := w.madeUp(so, t); ok {
		return record{milli: milli, fallback: true}
	}
	r.err = errors.New("error performing fallback")
	return r
}

func (w *World) publishHealth(so *scaledObject) {
	failing := false
	for _, h := range so.health {
		failing = failing || h.failing && h.failures > so.spec.Fallback.FailureThreshold
	}
	if failing {
		so.conditions.set("Fallback", "True", "FallbackExists", fallbackMessage)
	} else {
		so.conditions.set("Fallback", "False", "NoFallbackFound", noFallback)
	}
	w.publishScaledObject(so)
}

// madeUp is the value that makes the HPA ask for the fallback's replicas.
func (w *World) madeUp(so *scaledObject, t trigger) (milli int64, ok bool) {
	wl := w.target(so)
	if wl == nil {
		return 0, false
	}
	replicas, ok := scaling.FallbackReplicas(so.spec.Fallback.Behavior, so.spec.Fallback.Replicas, wl.replicas())
	if !ok {
		return 0, false
	}
	n := float64(replicas)
	if t.byValue {
		ready := wl.runningReady()
		if ready == 0 {
			return 0, false
		}
		n /= float64(ready)
	}
	return int64(float64(t.target) * n), true
}

// externalMetric answers the HPA: the value of one metric of a ScaledObject in
// thousandths, or the error that KEDA's metrics server would give. It counts,
// records and drops as that does. (scale_handler.go: GetScaledObjectMetrics)
func (w *World) externalMetric(so *scaledObject, metric string) (int64, error) {
	triggers, err := w.scalersOf(so, false)
	if err != nil {
		return 0, fmt.Errorf("error getting scalers %w", err)
	}
	if so.formula != nil { // whichever is asked for
		seen := make([]record, len(triggers))
		for i, t := range triggers {
			if t.resource == "" {
				seen[i] = w.answer(so, t)
			}
		}
		if r := so.formula.combine(triggers, seen); r.err == nil {
			return r.milli, nil
		}
		so.built = nil
		return 0, fmt.Errorf("metric:%s encountered error", metric)
	}
	i := slices.IndexFunc(triggers, func(t trigger) bool { return t.metric == metric })
	if i < 0 {
		return 0, fmt.Errorf("no matching metrics found for %s", metric)
	}
	r := w.answer(so, triggers[i])
	if so.spec.usesHPAObservations() {
		if so.seen == nil {
			so.seen = map[string]record{}
		}
		so.seen[metric] = r
	}
	if r.err != nil {
		so.built = nil
		return 0, fmt.Errorf("metric:%s encountered error", metric)
	}
	return r.milli, nil
}

// compositeMetric is the name of the one external metric of a ScaledObject with a formula.
const compositeMetric = "composite-metric"

// formula makes one number of the values of all triggers, as if one trigger had it, by
// which KEDA and its HPA go.
type formula struct {
	*triggers.Formula
	trigger
}

// formula is nil without one.
func (s *scaledObjectSpec) formula() (*formula, error) {
	if !s.usesModifiers() {
		return nil, nil //nolint:nilnil // there is none, and nothing is wrong
	}
	all := make([]kscope.Trigger, 0, len(s.Triggers))
	for _, t := range s.Triggers {
		all = append(all, kscope.Trigger{Type: t.Type, Name: t.Name})
	}
	m := s.Advanced.ScalingModifiers
	f, err := triggers.ParseFormula(kscope.Formula{Text: m.Formula, Target: m.Target, ActivationTarget: m.ActivationTarget, MetricType: m.MetricType}, all)
	if err != nil {
		return nil, err
	}
	return &formula{f, trigger{metric: compositeMetric, target: int64(math.Round(f.Target * 1000)), activation: f.Activation, byValue: m.MetricType == "Value"}}, nil
}

// combine is what it makes of what was observed of the triggers, in their order; of one
// that is made up, that. (modifiers/formula.go)
func (f *formula) combine(all []trigger, seen []record) record {
	values := map[string]float64{}
	for i, t := range all {
		switch {
		case t.resource != "":
			continue
		case seen[i].err != nil:
			return seen[i]
		case seen[i].fallback:
			return record{milli: seen[i].milli, fallback: true}
		}
		if t.from.Name != "" {
			values[t.from.Name] = float64(seen[i].milli) / 1000
		}
	}
	v, err := f.Of(values)
	if err != nil {
		return record{err: fmt.Errorf("error trying to run custom formula: %w", err)}
	}
	return record{milli: int64(min(max(v*1000, math.MinInt64/2), math.MaxInt64/2)), active: v > f.activation}
}

// answer is what KEDA tells the HPA of a trigger: of one that is cached what it found last.
func (w *World) answer(so *scaledObject, t trigger) record {
	if r, ok := so.cached[t.metric]; ok && t.cached {
		return w.fallBack(so, t, r)
	}
	return w.observe(so, t)
}
