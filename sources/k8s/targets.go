package k8s

import (
	"context"
	"slices"
	"sync"

	"github.com/kscope/kscope"
)

// targets keeps up with the scale targets that are neither Deployments nor
// StatefulSets: one watch for each resource in use, started and stopped as
// ScaledObjects come and go.
type targets struct {
	o      Options
	wake   chan struct{} // holds one: wanted has changed
	mu     sync.Mutex
	wanted map[kscope.Ref]kscope.TargetRef // by the ScaledObject that wants it

	// saying is held while a status is emitted, and so is not mu: follow runs
	// on the goroutine that emit may be waiting for.
	saying sync.Mutex
	said   map[part]kscope.Status
	last   kscope.Status // as emitted
}

// part is one half of what keeps up with a kind: its watch, or the reading of
// /scale.
type part struct {
	scaleKind
	name string
}

// scaleKind is a kind of scale target, such as Rollout of argoproj.io/v1alpha1.
type scaleKind struct{ APIVersion, Kind string }

func newTargets(o Options) *targets {
	return &targets{
		o:      o,
		wake:   make(chan struct{}, 1),
		wanted: map[kscope.Ref]kscope.TargetRef{},
		said:   map[part]kscope.Status{},
	}
}

func (t *targets) follow(o kscope.Observation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch f := o.Fact.(type) {
	case kscope.ScaledObject:
		before, had := t.wanted[f.Ref]
		if isUsual(f.ScaleTarget) {
			if !had {
				return
			}
			delete(t.wanted, f.Ref)
		} else {
			if had && before == f.ScaleTarget {
				return
			}
			t.wanted[f.Ref] = f.ScaleTarget
		}
	case kscope.Gone:
		if _, had := t.wanted[f.Ref]; !had || f.Kind != kscope.ScaledObjects {
			return
		}
		delete(t.wanted, f.Ref)
	default:
		return
	}
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

func isUsual(r kscope.TargetRef) bool {
	return r.Group() == "apps" && (r.Kind == "Deployment" || r.Kind == "StatefulSet")
}

// names gives, for each kind, the targets that are wanted.
func (t *targets) names() map[scaleKind][]kscope.Ref {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := map[scaleKind][]kscope.Ref{}
	for so, r := range t.wanted {
		k := scaleKind{r.APIVersion, r.Kind}
		ref := kscope.Ref{Namespace: so.Namespace, Name: r.Name}
		if !slices.Contains(out[k], ref) {
			out[k] = append(out[k], ref)
		}
	}
	return out
}

// run starts and stops a scaleReader for each kind, until ctx is done and all
// of them have ended.
func (t *targets) run(ctx context.Context, emit func(kscope.Fact)) {
	readers := map[scaleKind]*scaleReader{}
	defer func() {
		for _, r := range readers {
			r.stop()
		}
	}()
	for {
		names := t.names()
		for k, r := range readers {
			if names[k] == nil {
				r.stop()
				delete(readers, k)
				t.say(part{k, "watch"}, kscope.Status{}, emit)
				t.say(part{k, "read"}, kscope.Status{}, emit)
			}
		}
		for k, refs := range names {
			if readers[k] == nil {
				readers[k] = startScaleReader(ctx, t.o, k, emit, func(name string, s kscope.Status) {
					t.say(part{k, name}, s, emit)
				})
			}
			readers[k].want(refs)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.wake:
		}
	}
}

// say takes the status of one part and emits that of all: the worst, naming
// the kind. A zero status takes a part out.
func (t *targets) say(p part, s kscope.Status, emit func(kscope.Fact)) {
	t.saying.Lock()
	defer t.saying.Unlock()
	delete(t.said, p)
	if s.State != "" {
		if s.Message != "" {
			s.Message = kscope.Clean(p.Kind + " of " + p.APIVersion + ": " + s.Message)
		}
		t.said[p] = s
	}
	worst := kscope.Status{State: kscope.Synced}
	for _, s := range t.said {
		if a, b := badness(s.State), badness(worst.State); a > b || a == b && s.Message < worst.Message {
			worst = s
		}
	}
	worst.Kind = kscope.ScaleTargets
	if len(t.said) == 0 && t.last.State == "" {
		return // nothing was ever wanted
	}
	if worst != t.last {
		t.last = worst
		emit(worst)
	}
}

func badness(s kscope.State) int {
	return slices.Index([]kscope.State{kscope.Synced, kscope.Partly, kscope.Connecting, kscope.Absent, kscope.Forbidden, kscope.Failing}, s)
}
