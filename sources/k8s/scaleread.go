package k8s

import (
	"context"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/watch"
)

// readDue reads what is due until ctx is done. What failed is due again after
// a while, or when it changes.
func (r *scaleReader) readDue(ctx context.Context) {
	failed := map[kscope.Ref]kscope.Status{}
	retry := time.NewTimer(0)
	<-retry.C
	defer retry.Stop()
	armed := false
	for {
		if refs := r.takeDue(); len(refs) > 0 {
			maps.Copy(failed, r.readAll(ctx, refs))
		}
		var worst kscope.Status
		for ref, s := range failed {
			switch {
			case s.State == "" || !r.isWanted(ref):
				delete(failed, ref)
			case worst.State == "" || badness(s.State) > badness(worst.State):
				worst = s
			}
		}
		if ctx.Err() == nil {
			r.say("read", worst)
		}
		if len(failed) > 0 && !armed {
			armed = true
			if worst.State == kscope.Failing {
				retry.Reset(3 * time.Second)
			} else {
				retry.Reset(30 * time.Second)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-retry.C:
			armed = false
			r.makeDue(slices.Collect(maps.Keys(failed)))
		}
	}
}

// readAll reads, a few at a time, and gives the status of each.
func (r *scaleReader) readAll(ctx context.Context, refs []kscope.Ref) map[kscope.Ref]kscope.Status {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		out   = make(map[kscope.Ref]kscope.Status, len(refs))
		slots = make(chan struct{}, readsAtOnce)
	)
	for _, ref := range refs {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			s := r.read(ctx, ref)
			mu.Lock()
			defer mu.Unlock()
			out[ref] = s
		})
	}
	wg.Wait()
	return out
}

// takeDue is empty until the resource is known.
func (r *scaleReader) takeDue() []kscope.Ref {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.resource == nil {
		return nil
	}
	refs := slices.Collect(maps.Keys(r.due))
	clear(r.due)
	return slices.DeleteFunc(refs, func(ref kscope.Ref) bool { return !r.wanted[ref] })
}

func (r *scaleReader) isWanted(ref kscope.Ref) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.wanted[ref]
}

func (r *scaleReader) makeDue(refs []kscope.Ref) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, ref := range refs {
		r.due[ref] = true
	}
}

// read emits one workload. The status is zero when that went well, and when
// there is no such object: KEDA says so itself.
func (r *scaleReader) read(ctx context.Context, ref kscope.Ref) kscope.Status {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	before, there := r.lookup(ref)
	u, err := getScale(ctx, r.discovered().Namespace(ref.Namespace), ref.Name)
	r.mu.Lock()
	defer r.mu.Unlock()
	now, still := r.seen[ref]
	switch {
	case !r.wanted[ref] || there && !still:
		return kscope.Status{} // it went while we asked
	case apierrors.IsNotFound(err) && still:
		return kscope.Status{State: kscope.Absent, Message: ref.String() + " has no /scale", Hint: noScaleHint}
	case apierrors.IsNotFound(err):
		return kscope.Status{}
	case err != nil:
		return watch.Explain(err)
	}
	if !still {
		now = kscope.Workload{Ref: ref, Kind: r.kind.Kind, APIVersion: r.kind.APIVersion}
	}
	if there && before.UID != now.UID {
		r.due[ref] = true // another object of that name: this may have been the old one's
		r.nudge()
		return kscope.Status{}
	}
	r.emit(observeScale(now, u))
	return kscope.Status{}
}

func (r *scaleReader) lookup(ref kscope.Ref) (kscope.Workload, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w, ok := r.seen[ref]
	return w, ok
}

func getScale(ctx context.Context, client dynamic.ResourceInterface, name string) (*unstructured.Unstructured, error) {
	return client.Get(ctx, name, metav1.GetOptions{}, "scale")
}

// replicas is a number of replicas as the API has it, which any server may give
// for a kind of its own.
func replicas(n int64) int32 { return int32(min(max(n, 0), math.MaxInt32)) }

// observeScale adds to a workload what its /scale says. How many are ready is
// not among it.
func observeScale(w kscope.Workload, scale *unstructured.Unstructured) kscope.Workload {
	desired, _, _ := unstructured.NestedInt64(scale.Object, "spec", "replicas")
	current, _, _ := unstructured.NestedInt64(scale.Object, "status", "replicas")
	selector, _, _ := unstructured.NestedString(scale.Object, "status", "selector")
	w.Desired, w.Current, w.Selector = replicas(desired), replicas(current), parseSelector(selector)
	if w.UID == "" {
		w.UID = kscope.Clean(string(scale.GetUID()))
	}
	return w
}
