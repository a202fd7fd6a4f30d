package store

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// Sync is a sync of an HPA that showed, because it wrote another status than the
// one before. Between two of them the syncs went on and found the same.
type Sync struct {
	At               time.Time // by the clock of the stream
	Current, Desired int32
	Rescaled         bool      // it set the replicas, from Current to Desired
	Computed         bool      // from its metrics, whose values follow in the order of the spec
	Failed           bool      // it could not, by its own word, as one of a workload at zero does not
	Values           []float64 // NaN for one that could not be read
}

// Past is what explains the minds of KEDA and of the HPA: what they remember and when
// they look. It is as old as what was watched.
type Past struct {
	Looked         time.Time // when KEDA was last seen to look, active or not; zero before it was
	Born           time.Time // when the HPA came to be; zero where that was not seen
	Syncs          []Sync    // of the HPA, as far as they showed; not to be written to
	Desired, Ready Series    // of the workload
	Active         Series    // KEDA's word on whether a trigger is active: 1 or 0
}

// Seen is what the HPA made of a metric, by its place, at its last sync up to a time,
// as far as its syncs showed; false where it could not read it.
func (c *Chain) Seen(place int, at time.Time) (float64, bool) {
	for _, s := range slices.Backward(c.Past.Syncs) {
		if !s.At.After(at) {
			return c.In(place, &s)
		}
	}
	return 0, false
}

// In is what a metric of the HPA came to at a sync, of all pods together.
func (c *Chain) In(place int, s *Sync) (float64, bool) {
	if c.HPA == nil || place < 0 || place >= min(len(s.Values), len(c.HPA.Metrics)) || math.IsNaN(s.Values[place]) || s.Current == 0 {
		return 0, false
	}
	return together(&c.HPA.Metrics[place], s.Values[place], s.Current, c.Past.Ready.At(s.At)), true
}

// Shown is what a metric of the HPA comes to by its newest status, of all pods together;
// false where it says nothing of it.
func (c *Chain) Shown(place int) (float64, bool) {
	m, ready := &c.HPA.Metrics[place], math.NaN()
	if m.Current == nil {
		return 0, false
	}
	if n := len(c.Past.Syncs); n > 0 {
		ready = c.Past.Ready.At(c.Past.Syncs[n-1].At)
	}
	return together(m, *m.Current, c.HPA.CurrentReplicas, ready), true
}

// together is what a value that the HPA shows comes to of all pods. An average stands for
// as many as there were then and not for those that there are now: of what the pods
// themselves say for those of them that were ready, NaN where that is not known.
func together(m *kscope.Metric, shown float64, replicas int32, ready float64) float64 {
	switch {
	case m.TargetType != "AverageValue" && m.TargetType != "Utilization":
		return shown
	case m.Type == "External" || m.Type == "Object" || m.Type == "":
		return Total(shown, replicas)
	case ready > 0:
		return shown * ready
	}
	return shown * float64(replicas)
}

// asDecided is a total of what pods use that calls for no more than the HPA made of it at
// that sync, where nothing kept it from that: it leaves out pods of which it has no
// figures yet, and counts as idle those that are not ready.
func asDecided(h *kscope.HPA, total, target float64) float64 {
	able, limited := h.Conditions.Get("AbleToScale").Reason, h.Conditions.Get("ScalingLimited")
	if limited.True() || able != "ReadyForNewScale" && able != "SucceededRescale" || h.DesiredReplicas <= 0 || h.Behavior.UpWindow() > 0 {
		return total
	}
	const tolerated = 1.1 // so much more calls for no more, either
	if most := float64(h.DesiredReplicas) * target; total > most*tolerated {
		return most
	}
	return total
}

// readyThen is how many pods of an object were ready when its HPA last said something.
func (s *Store) readyThen(o *object, h *kscope.HPA) float64 {
	w, known := s.work[o.workKey()], s.hpas[h.Ref]
	if w == nil || known == nil || len(known.syncs) == 0 {
		return math.NaN()
	}
	return w.ready.At(known.syncs[len(known.syncs)-1].At)
}

func isResource(t kscope.Trigger) bool {
	typ, _ := triggers.TypeOf(t.Type)
	return typ.Resource
}

// aims is what an HPA without a ScaledObject goes by, as if triggers said so; the first
// names the work that its pods serve.
func aims(h *kscope.HPA) []kscope.Trigger {
	if h == nil {
		return nil
	}
	out := make([]kscope.Trigger, len(h.Metrics))
	for i, m := range h.Metrics {
		out[i] = kscope.Trigger{Name: m.Name, MetricType: m.TargetType}
	}
	if len(out) > 0 {
		out[0].Backlog = h.Serves
	}
	return out
}

// syncsKept is how long syncs are kept at least: the HPA controller looks back as
// far as its windows and policies reach.
const syncsKept = 2 * kscope.DownscaleStabilization

// syncOf is the sync that a status tells of, false if it says what the one before
// said.
func syncOf(at time.Time, old, is *kscope.HPA) (Sync, bool) {
	if old.CurrentReplicas == is.CurrentReplicas && old.DesiredReplicas == is.DesiredReplicas &&
		old.LastScaleTime.Equal(is.LastScaleTime) && slices.Equal(old.Conditions, is.Conditions) && slices.EqualFunc(old.Metrics, is.Metrics, sameValue) {
		return Sync{}, false
	}
	s := Sync{At: at, Current: is.CurrentReplicas, Desired: is.DesiredReplicas,
		Rescaled: !old.LastScaleTime.Equal(is.LastScaleTime) && is.CurrentReplicas != is.DesiredReplicas,
		Computed: is.Conditions.Get("ScalingActive").True() && len(is.Metrics) > 0, Values: make([]float64, 0, len(is.Metrics))}
	sa := is.Conditions.Get("ScalingActive")
	s.Failed = is.CurrentReplicas > 0 && sa.False() && sa.Reason != "ScalingDisabled"
	for i := range is.Metrics {
		v := math.NaN()
		if c := is.Metrics[i].Current; c != nil {
			v = *c
		}
		s.Values = append(s.Values, v)
	}
	return s, true
}

func sameValue(a, b kscope.Metric) bool {
	if a.Current == nil || b.Current == nil {
		return a.Current == b.Current
	}
	return *a.Current == *b.Current
}

// lookback is how far the controller looks back for an HPA.
func lookback(h *kscope.HPA) time.Duration {
	long := max(syncsKept, h.Behavior.UpWindow(), h.Behavior.DownWindow())
	if b := h.Behavior; b != nil {
		for _, p := range slices.Concat(b.Up.Policies, b.Down.Policies) {
			long = max(long, p.Period)
		}
	}
	return long
}

// next is an HPA with what is newest of it. Its syncs are a list of its own, without
// those too old to matter: pictures of the past have the old one.
func (h *hpa) next(at time.Time, is *kscope.HPA) *hpa {
	if h == nil || h.UID != is.UID {
		return &hpa{HPA: is, at: at, first: at}
	}
	n := &hpa{HPA: is, at: at, first: h.first, syncs: h.syncs}
	n.refused = h.refused.next(at, TheHPA, "FailedUpdateScale", h.Conditions.Get("AbleToScale"), is.Conditions.Get("AbleToScale"))
	if sync, ok := syncOf(at, h.HPA, is); ok {
		from := 0
		for before := at.Add(-lookback(is)); from < len(n.syncs) && n.syncs[from].At.Before(before); from++ {
		}
		n.syncs = append(slices.Clip(n.syncs[from:]), sync)
	}
	return n
}

// hpaEntries is what a change of an HPA's conditions means.
func hpaEntries(at time.Time, was, is kscope.HPA) []Entry {
	var out []Entry
	for _, x := range []struct {
		condition string
		topic     Topic
	}{{"ScalingActive", HPAMetrics}, {"AbleToScale", HPAScaling}} {
		old, c := was.Conditions.Get(x.condition), is.Conditions.Get(x.condition)
		broken := func(c kscope.Condition) bool { return c.False() && c.Reason != "ScalingDisabled" }
		switch {
		case broken(c) && (!broken(old) || old.Reason != c.Reason):
			out = append(out, Entry{At: at, Kind: Trouble, Actor: TheHPA, Topic: x.topic, Said: cmp.Or(c.Message, c.Reason)})
		case broken(old) && c.True(): // and not that it rests, as it does at zero, where nobody knows
			out = append(out, Entry{At: at, Kind: Mended, Actor: TheHPA, Topic: x.topic})
		}
	}
	return out
}
