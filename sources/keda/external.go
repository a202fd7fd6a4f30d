package keda

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/kubernetes"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// External reads what KEDA answers the HPA: the external metrics API. To ask there has KEDA
// query the source, and fail over where that fails, as if the HPA had asked. So it is asked
// without being told to for triggers with useCachedMetrics alone, for which KEDA answers from
// its memory, as long as KEDA reads their source well: an error in its memory counts once
// more for each who asks. Of all others it is asked when [External.Ask] says so. A trigger
// whose value is had of its broker, or of KEDA's operator, is left alone.
type External struct {
	client  func() kubernetes.Interface
	changed chan struct{}

	mu      sync.Mutex
	objects map[kscope.Ref]kscope.ScaledObject
	failing map[kscope.Backlog]bool            // that kscope asks for itself in vain
	told    map[kscope.TriggerRef]bool         // by KEDA's operator: whether it has a value
	asked   map[kscope.TriggerRef]time.Time    // when each was last
	wish    map[kscope.TriggerRef]bool         // what somebody asked for
	again   map[kscope.TriggerRef]time.Time    // not before, after a failure
	known   map[kscope.TriggerRef]kscope.Depth // the last answers

	said kscope.Status     // last; these are Run's alone
	card kscope.Connection // last
}

// NewExternal makes a source that follows nothing yet. The client is nil while there is none.
func NewExternal(client func() kubernetes.Interface) *External {
	return &External{client: client, changed: make(chan struct{}, 1),
		objects: map[kscope.Ref]kscope.ScaledObject{}, failing: map[kscope.Backlog]bool{}, told: map[kscope.TriggerRef]bool{},
		asked: map[kscope.TriggerRef]time.Time{}, wish: map[kscope.TriggerRef]bool{}, again: map[kscope.TriggerRef]time.Time{}, known: map[kscope.TriggerRef]kscope.Depth{}}
}

// Name is "external-metrics".
func (s *External) Name() string { return "external-metrics" }

// Follow learns from an observation what there is to ask, and what need not be asked. It
// never blocks.
func (s *External) Follow(o kscope.Observation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch f := o.Fact.(type) {
	case kscope.ScaledObject:
		s.objects[f.Ref] = f
	case kscope.Gone:
		if f.Kind != kscope.ScaledObjects {
			return
		}
		delete(s.objects, f.Ref)
	case kscope.Depths:
		if !s.learn(f) {
			return
		}
	default:
		return
	}
	s.wake()
}

// learn takes in who has values, and whether that is news.
func (s *External) learn(f kscope.Depths) (news bool) {
	for _, d := range f.All {
		bad := d.Err != ""
		if ref, ok := triggers.KEDAOf(d.Backlog); ok {
			if was, heard := s.told[ref]; f.Server == triggers.KEDAServer && (!heard || was == bad) {
				s.told[ref], news = !bad, true
			}
			continue
		}
		if bad != s.failing[d.Backlog] {
			news = true
			if s.failing[d.Backlog] = bad; !bad {
				delete(s.failing, d.Backlog)
			}
		}
	}
	return news
}

func (s *External) wake() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// syncPeriod is how often the HPA asks, and anybody may.
const syncPeriod = 15 * time.Second

// Ask has all triggers of an object asked once, as far as nothing better has their value. It
// says what keeps it from that, "" for nothing, and never blocks.
func (s *External) Ask(id kscope.ID) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	so, ok := s.objects[id.Ref]
	if !ok || id.Kind != kscope.ScaledObjects {
		return "KEDA answers for ScaledObjects alone."
	}
	why := "There is nothing to ask: all values are known without."
	for i := range so.Triggers {
		ref := kscope.TriggerRef{Object: id, Index: i}
		if !s.needs(&so, ref) {
			continue
		}
		if since := time.Since(s.asked[ref]); since < syncPeriod {
			why = fmt.Sprintf("Asked %d s ago: no more often than the HPA, every %d s.", int(since.Seconds()), int(syncPeriod.Seconds()))
			continue
		}
		s.wish[ref], s.asked[ref] = true, time.Now()
		why = ""
		s.wake()
	}
	return why
}

// needs reports whether a trigger has a metric that can be asked for, and nothing better
// has its value.
func (s *External) needs(so *kscope.ScaledObject, ref kscope.TriggerRef) bool {
	t := so.Triggers[ref.Index]
	return triggers.AskedByKEDA(t) && !so.ScalingModifiers && firstMetric(so, ref.Index) != "" &&
		(t.Backlog == nil || s.failing[*t.Backlog]) && !s.told[ref]
}

// free reports whether KEDA answers for a trigger from its memory, with what it read well.
func (s *External) free(so *kscope.ScaledObject, ref kscope.TriggerRef) bool {
	active := so.Conditions.Get("Active")
	_, heard := s.told[ref] // what the operator has is waited for, since it costs less
	return so.Triggers[ref.Index].Cached && heard && !so.FullyPaused() &&
		so.Conditions.Get("Ready").True() && (active.True() || active.False()) && !so.Conditions.Get("Fallback").True()
}

// firstMetric is the first metric of a trigger, "" where KEDA has not named any.
func firstMetric(so *kscope.ScaledObject, trigger int) string {
	if all := triggers.MetricNames(*so, trigger); len(all) > 0 {
		return all[0]
	}
	return ""
}

// query is one metric to ask for.
type query struct {
	of      kscope.TriggerRef
	backlog kscope.Backlog
	metric  string
	wished  bool
	cached  bool
	every   time.Duration
}

// due is what to ask for now, and when there is more to do; zero for when something changes.
func (s *External) due(now time.Time) (out []query, next time.Time, any bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, so := range s.objects {
		for i := range so.Triggers {
			ref := kscope.TriggerRef{Object: kscope.ID{Kind: kscope.ScaledObjects, Ref: so.Ref}, Index: i}
			if !s.needs(&so, ref) {
				delete(s.wish, ref)
				delete(s.known, ref)
				continue
			}
			q := query{ref, triggers.ThroughExternal(so.Triggers[i], ref), firstMetric(&so, i), s.wish[ref], so.Triggers[i].Cached, max(so.PollingInterval, leastBetween)}
			free := s.free(&so, ref)
			any = any || q.wished || free || s.known[ref].Backlog != (kscope.Backlog{})
			at := s.asked[ref].Add(q.every)
			if s.again[ref].After(at) {
				at = s.again[ref]
			}
			if q.wished || free && !at.After(now) {
				delete(s.wish, ref)
				s.asked[ref] = now
				out = append(out, q)
				at = now.Add(q.every)
			}
			if free && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
	}
	slices.SortFunc(out, func(a, b query) int { return cmp.Compare(a.backlog.Detail, b.backlog.Detail) })
	return out, next, any
}

// Run asks until ctx is done. It emits the [kscope.Depths] of what was asked for, and the
// [kscope.Status] and [kscope.Connection] of the external metrics API, and nothing while
// nothing is to be asked.
func (s *External) Run(ctx context.Context, emit func(kscope.Fact)) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.changed:
		case <-timer.C:
		}
		all, next, any := s.due(time.Now())
		if !any && s.said.State != "" {
			emit(kscope.Gone{Kind: kscope.Queues, Ref: kscope.Ref{Name: triggers.ExternalServer}})
			s.said, s.card = kscope.Status{}, kscope.Connection{}
		}
		if len(all) > 0 {
			s.look(ctx, all, emit)
		}
		if !next.IsZero() {
			timer.Reset(max(time.Until(next), 0))
		}
	}
}

// look asks for some metrics, and tells what came of it.
func (s *External) look(ctx context.Context, all []query, emit func(kscope.Fact)) {
	ctx2, cancel := context.WithTimeout(ctx, lookWait)
	defer cancel()
	began := time.Now()
	out, trouble := kscope.Depths{Server: triggers.ExternalServer}, error(nil)
	for _, q := range all {
		n, err := s.read(ctx2, q)
		if ctx.Err() != nil {
			return
		}
		d := kscope.Depth{Backlog: q.backlog, N: n, Note: "from KEDA's memory, by useCachedMetrics: its source was not queried for it"}
		if !q.cached {
			d.Note = "asked for from here: KEDA queried the source for it"
		}
		if q.every >= time.Minute {
			out.Every = max(out.Every, q.every)
		}
		s.mu.Lock()
		if err != nil {
			s.again[q.of] = time.Now().Add(lookAgain)
		} else {
			delete(s.again, q.of)
		}
		if err != nil {
			d.N, d.Err = 0, err.Error()
			if trouble == nil || !isAnswer(err) {
				trouble = err
			}
		}
		s.known[q.of] = d
		s.mu.Unlock()
		out.All = append(out.All, d)
	}
	out.RTT = time.Since(began)
	emit(out)
	s.say(trouble, out.RTT, emit)
}

// say tells of the way, where that is news.
func (s *External) say(err error, rtt time.Duration, emit func(kscope.Fact)) {
	st := kscope.Status{Kind: kscope.Queues, Broker: triggers.KEDABroker, Name: triggers.ExternalServer, State: kscope.Synced}
	card := kscope.Connection{Server: triggers.ExternalServer, Address: "the external metrics API", Reached: "through the API server", Version: "KEDA's metrics adapter", RTT: rtt}
	if s.card.RTT > 0 {
		card.RTT = s.card.RTT // of the first
	}
	if err != nil && !isAnswer(err) {
		st.State, st.Message, st.Hint = kscope.Absent, err.Error(), kscope.HintOf(err) // the HPA goes another way
		card.Err, card.Hint, card.Failing, card.Retry, card.ErrAt = st.Message, st.Hint, true, lookAgain, s.card.ErrAt
		if card.Err != s.card.Err {
			card.ErrAt = time.Now()
		}
	}
	if st != s.said {
		s.said = st
		emit(st)
	}
	if card != s.card {
		s.card = card
		emit(card)
	}
}

// answer is an error that KEDA itself answered, of one trigger.
type answer struct{ error }

func isAnswer(err error) bool { _, ok := errors.AsType[answer](err); return ok }

// read asks for one metric. Of several values, the HPA adds them up.
func (s *External) read(ctx context.Context, q query) (float64, error) {
	client := s.client()
	if client == nil {
		return 0, &kscope.Trouble{Message: "there is no connection to a cluster yet"}
	}
	ns := q.of.Object.Namespace
	did := client.Discovery().RESTClient().Get().AbsPath("/apis/external.metrics.k8s.io/v1beta1/namespaces", ns, q.metric).
		Param("labelSelector", "scaledobject.keda.sh/name="+q.of.Object.Name).SetHeader("Accept", "application/json").Do(ctx)
	b, err := did.Raw()
	if err != nil {
		err = did.Error() // in the words of who answered
	}
	switch {
	case apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err):
		return 0, refusedOr(err, "read the external metrics of the namespace "+ns, "get the resources of external.metrics.k8s.io in the namespace "+ns)
	case apierrors.IsNotFound(err):
		return 0, &kscope.Trouble{Message: "nobody serves the external metrics API, or not this metric", Hint: "kscope doctor says who should"}
	case apierrors.IsServiceUnavailable(err) || apierrors.IsTimeout(err):
		return 0, &kscope.Trouble{Message: "nobody answers for the external metrics API", Hint: "kscope doctor says who should"}
	case apierrors.IsInternalError(err) || apierrors.IsBadRequest(err):
		return 0, answer{fmt.Errorf("KEDA answered with an error: %s", kscope.Clean(err.Error()))}
	case err != nil:
		return 0, &kscope.Trouble{Message: kscope.Clean(fmt.Sprintf("the external metrics API could not be asked: %v", err))}
	}
	var list struct {
		Items []struct {
			Value string `json:"value"`
		} `json:"items"`
	}
	if err := json.Unmarshal(b, &list); err != nil || len(list.Items) == 0 {
		return 0, answer{fmt.Errorf("KEDA answered with no value")}
	}
	sum := 0.0
	for _, item := range list.Items {
		v, err := resource.ParseQuantity(item.Value)
		if err != nil {
			return 0, answer{fmt.Errorf("KEDA answered with %q, which is no number", kscope.Clean(item.Value))}
		}
		sum += v.AsApproximateFloat64()
	}
	return sum, nil
}
