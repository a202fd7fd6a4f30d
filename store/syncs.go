package store

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/kscope/kscope"
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

// Seen is what the HPA made of a metric at its last sync up to a time, as far as its
// syncs showed; false where it could not read it.
func (c *Chain) Seen(metric string, at time.Time) (float64, bool) {
	if c.HPA == nil {
		return 0, false
	}
	i := slices.IndexFunc(c.HPA.Metrics, func(m kscope.Metric) bool { return m.Name == metric })
	for _, s := range slices.Backward(c.Past.Syncs) {
		switch {
		case s.At.After(at):
		case i < 0 || i >= len(s.Values) || math.IsNaN(s.Values[i]) || s.Current == 0:
			return 0, false
		case c.HPA.Metrics[i].TargetType != "AverageValue":
			return s.Values[i], true
		default:
			return Total(s.Values[i], s.Current), true
		}
	}
	return 0, false
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
