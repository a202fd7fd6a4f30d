package keda

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// OperatorOptions say where the metrics of KEDA's operator are.
type OperatorOptions struct {
	Client kubernetes.Interface
	// Namespace is where KEDA runs.
	Namespace func(context.Context) string
	// URL is where the metrics are had instead of from the leader's pod through the API
	// server; "" for that.
	URL string
}

// Operator reads what KEDA's operator last measured, from its own metrics, for the
// triggers whose source kscope does not ask itself, or cannot: the value at zero replicas
// too, and none asked of the source for it. It is asked no more often than KEDA itself
// looks, and not at all while there is no such trigger.
//
// Only the operator that leads has the values, so its Lease says whose pod is asked. They
// stand still while KEDA cannot read the source, which shows by its errors: such a value is
// told as unknown.
type Operator struct {
	o       OperatorOptions
	changed chan struct{}

	mu      sync.Mutex
	objects map[kscope.ID]asks
	failing map[kscope.Backlog]bool // that kscope asks for itself in vain
}

// asks is what is wanted of one object.
type asks struct {
	triggers []kscope.Trigger
	polling  time.Duration
}

// NewOperator makes a source that follows nothing yet.
func NewOperator(o OperatorOptions) *Operator {
	return &Operator{o: o, changed: make(chan struct{}, 1), objects: map[kscope.ID]asks{}, failing: map[kscope.Backlog]bool{}}
}

// Name is "keda-metrics".
func (s *Operator) Name() string { return "keda-metrics" }

// Follow learns from an observation which triggers to read. It never blocks.
func (s *Operator) Follow(o kscope.Observation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch f := o.Fact.(type) {
	case kscope.ScaledObject:
		s.objects[kscope.ID{Kind: kscope.ScaledObjects, Ref: f.Ref}] = asks{f.Triggers, f.PollingInterval}
	case kscope.ScaledJob:
		s.objects[kscope.ID{Kind: kscope.ScaledJobs, Ref: f.Ref}] = asks{f.Triggers, f.PollingInterval}
	case kscope.Gone:
		if _, ok := s.objects[f.ID()]; !ok {
			return
		}
		delete(s.objects, f.ID())
	case kscope.Depths:
		news := false
		for _, d := range f.All {
			if bad := d.Err != ""; bad != s.failing[d.Backlog] && d.Backlog.Broker != triggers.KEDABroker {
				news = true
				if s.failing[d.Backlog] = bad; !bad {
					delete(s.failing, d.Backlog)
				}
			}
		}
		if !news {
			return
		}
	default:
		return
	}
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// wanted is what to read, and how often.
func (s *Operator) wanted() (all map[kscope.TriggerRef]kscope.Backlog, every time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all = map[kscope.TriggerRef]kscope.Backlog{}
	for id, o := range s.objects {
		for i, t := range o.triggers {
			if !triggers.AskedByKEDA(t) || t.Backlog != nil && !s.failing[*t.Backlog] {
				continue
			}
			ref := kscope.TriggerRef{Object: id, Index: i}
			all[ref] = triggers.ThroughKEDA(t, ref)
			if every == 0 || o.polling < every {
				every = o.polling
			}
		}
	}
	return all, max(every, leastBetween)
}

const (
	// leastBetween is the least time between two looks.
	leastBetween = time.Second
	// lookWait is how long a look may take.
	lookWait = 5 * time.Second
	// again is how long after a look that failed the next follows at least.
	lookAgain = 15 * time.Second
)

// Run reads until ctx is done. It emits the [kscope.Depths] of all that is wanted after
// each look, and the [kscope.Status] and [kscope.Connection] of KEDA's metrics.
func (s *Operator) Run(ctx context.Context, emit func(kscope.Fact)) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	l := &look{operator: s, emit: emit, was: map[kscope.TriggerRef]scaler{}}
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.changed:
		case <-timer.C:
		}
		all, every := s.wanted()
		if len(all) == 0 {
			l.rest()
			continue
		}
		if wait := time.Until(last.Add(l.pause(every))); !last.IsZero() && wait > 0 && !l.isNew(all) {
			timer.Reset(wait)
			continue
		}
		last = time.Now()
		l.once(ctx, all, every)
		timer.Reset(l.pause(every))
	}
}

// look is one who looks.
type look struct {
	operator *Operator
	emit     func(kscope.Fact)
	was      map[kscope.TriggerRef]scaler
	asked    map[kscope.TriggerRef]kscope.Backlog
	errors   map[kscope.ID]float64
	status   kscope.Status
	card     kscope.Connection
	failed   bool
}

func (l *look) pause(every time.Duration) time.Duration {
	if l.failed {
		return max(every, lookAgain)
	}
	return every
}

// isNew reports whether something is wanted that was not.
func (l *look) isNew(all map[kscope.TriggerRef]kscope.Backlog) bool {
	for ref := range all {
		if _, ok := l.asked[ref]; !ok {
			return true
		}
	}
	return false
}

// rest says that nothing is wanted any more.
func (l *look) rest() {
	if l.status.State != "" {
		l.emit(kscope.Gone{Kind: kscope.Queues, Ref: kscope.Ref{Name: triggers.KEDAServer}})
	}
	l.status, l.card, l.asked = kscope.Status{}, kscope.Connection{}, nil
}

// once looks, and tells.
func (l *look) once(ctx context.Context, all map[kscope.TriggerRef]kscope.Backlog, every time.Duration) {
	lctx, cancel := context.WithTimeout(ctx, lookWait)
	defer cancel()
	began := time.Now()
	text, where, err := l.operator.read(lctx)
	if ctx.Err() != nil {
		return
	}
	l.asked = all
	out := kscope.Depths{Server: triggers.KEDAServer, RTT: time.Since(began)}
	if every >= time.Minute {
		out.Every = every
	}
	if l.failed = err != nil; l.failed {
		for _, q := range all {
			out.All = append(out.All, kscope.Depth{Backlog: q, Err: err.Error()})
		}
	} else {
		out.All = l.depths(parseMetrics(text), all)
	}
	slices.SortFunc(out.All, func(a, b kscope.Depth) int { return cmp.Compare(a.Backlog.Detail, b.Backlog.Detail) })
	l.emit(out)
	l.say(where, err, every)
}

// say tells of the way, where that is news.
func (l *look) say(where string, err error, every time.Duration) {
	st := kscope.Status{Kind: kscope.Queues, Broker: triggers.KEDABroker, Name: triggers.KEDAServer, State: kscope.Synced}
	card := kscope.Connection{Server: triggers.KEDAServer, Address: where, Reached: "through the API server", Version: "KEDA's operator", Paced: every}
	if l.operator.o.URL != "" {
		card.Reached = "directly"
	}
	if err != nil {
		st.State, st.Message, st.Hint = kscope.Failing, err.Error(), kscope.HintOf(err)
		if errors.Is(err, errOff) { // it is nobody's fault, and stays so
			st.State = kscope.Absent
		}
		card.Err, card.Hint, card.Failing, card.Retry, card.ErrAt = st.Message, st.Hint, true, l.pause(every), l.card.ErrAt
		if card.Err != l.card.Err {
			card.ErrAt = time.Now()
		}
	}
	if st != l.status {
		l.status = st
		l.emit(st)
	}
	if card != l.card {
		l.card = card
		l.emit(card)
	}
}

// depths is what the metrics say of what is wanted. A value whose object has met more
// errors since the last look, while its scaler was not heard of, is as old as that.
func (l *look) depths(m metrics, all map[kscope.TriggerRef]kscope.Backlog) (out []kscope.Depth) {
	for ref, q := range all {
		d := kscope.Depth{Backlog: q}
		is, ok := m.scalers[ref]
		was, before := l.was[ref]
		rose := m.errors[ref.Object] > l.errors[ref.Object] && l.errors != nil
		switch {
		case !ok:
			d.Err = "KEDA has not measured it yet"
		case before && rose && was.latency == is.latency:
			d.Err = "KEDA cannot read it: its errors rise, and its last value stands still"
			is.stale = true
		case before && was.stale && was.latency == is.latency:
			d.Err = "KEDA cannot read it: its last value stands still"
			is.stale = true
		default:
			d.N = is.value
			d.Scaled = kscope.Scaled{Is: is.active != (is.value > 0), N: is.value, Active: activity(is)}
			if is.several {
				d.Scaled.Metric = is.metric
			}
		}
		if ok {
			l.was[ref] = is
		}
		out = append(out, d)
	}
	l.errors = m.errors
	maps.DeleteFunc(l.was, func(ref kscope.TriggerRef, _ scaler) bool { _, ok := all[ref]; return !ok })
	return out
}

// activity is a value that KEDA's word for a trigger follows from, whatever the activation
// target is.
func activity(s scaler) float64 {
	if s.active {
		return max(s.value, float64(1<<52))
	}
	return 0
}

// read gets the metrics, and says from where.
func (s *Operator) read(ctx context.Context) (text, where string, err error) {
	if s.o.URL != "" {
		b, err := fetch(ctx, s.o.URL)
		return string(b), kscope.Clean(s.o.URL), err
	}
	ns := s.o.Namespace(ctx)
	lease, err := s.o.Client.CoordinationV1().Leases(ns).Get(ctx, "operator.keda.sh", metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return "", "", &kscope.Trouble{Message: "no operator of KEDA leads in the namespace " + ns, Hint: "kubectl -n " + ns + " get pods shows what is there"}
	case err != nil:
		return "", "", refusedOr(err, "read the Lease "+ns+"/operator.keda.sh", "get leases")
	case lease.Spec.HolderIdentity == nil:
		return "", "", &kscope.Trouble{Message: "no operator of KEDA leads at the moment"}
	}
	pod, _, _ := strings.Cut(*lease.Spec.HolderIdentity, "_")
	body, err := s.o.Client.CoreV1().RESTClient().Get().Namespace(ns).Resource("pods").Name(pod + ":8080").SubResource("proxy").Suffix("metrics").Stream(ctx)
	if err != nil {
		return "", "", proxied(err, ns, pod)
	}
	defer func() { _ = body.Close() }() // it was read
	b, err := io.ReadAll(io.LimitReader(body, mostMetrics))
	if err != nil {
		return "", "", proxied(err, ns, pod)
	}
	return string(b), ns + "/" + pod + ":8080", nil
}

// TurnOn is the command that has KEDA's chart serve its operator's metrics.
const TurnOn = "helm upgrade keda kedacore/keda -n %s --reuse-values --set prometheus.operator.enabled=true"

// proxied is what is wrong with the way to a pod's metrics.
func proxied(err error, ns, pod string) error {
	status, ok := err.(apierrors.APIStatus)
	switch {
	case apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err):
		return refusedOr(err, "read the metrics of KEDA's operator", "get pods/proxy in the namespace "+ns)
	case apierrors.IsNotFound(err):
		return &kscope.Trouble{Message: "the operator of KEDA that leads, " + ns + "/" + pod + ", is no pod that is there"}
	case apierrors.IsServiceUnavailable(err) || apierrors.IsInternalError(err) || ok && status.Status().Code >= http.StatusInternalServerError:
		return &kscope.Trouble{Message: "KEDA's operator serves no metrics", Hint: "the Helm chart has them off: " + fmt.Sprintf(TurnOn, ns), Cause: errOff}
	}
	return &kscope.Trouble{Message: "the metrics of KEDA's operator could not be read", Cause: err}
}

// errOff is for metrics that are not to be had here, which breaks nothing.
var errOff = errors.New("not to be had")

func refusedOr(err error, what, permission string) error {
	if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
		return &kscope.Trouble{Message: "you may not " + what, Hint: "get permission to " + permission, Cause: errOff}
	}
	return &kscope.Trouble{Message: kscope.Clean(fmt.Sprintf("could not %s: %v", what, err))}
}
