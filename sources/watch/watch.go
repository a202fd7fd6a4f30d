// Package watch keeps up with one kind of Kubernetes object, through every
// outage, and says what it saw and how it is doing. The sources of Kubernetes
// objects are made of it; it knows no kind in particular.
//
// It is a list-and-watch loop of its own rather than client-go's informer or
// reflector, for four reasons: pages are translated as they arrive, so that a
// large list is never held as a whole; no second copy of the objects is kept;
// every answer of the API server is seen, where a reflector retries a refused
// watch in silence; and the wait between attempts stays short.
package watch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	apiwatch "k8s.io/apimachinery/pkg/watch"

	"github.com/kscope/kscope"
)

// Kind is one kind of object to watch.
type Kind struct {
	Kind kscope.Kind
	// List and Watch reach the API. They are called from one goroutine at a
	// time and honour their context.
	List  func(context.Context, metav1.ListOptions) (runtime.Object, error)
	Watch func(context.Context, metav1.ListOptions) (apiwatch.Interface, error)
	// Observe translates an object; false means that it is not wanted. It must
	// not keep the object or anything inside it. Should it panic, the rest of
	// the kind goes on and a Partly status names the object.
	Observe       func(runtime.Object) (kscope.Fact, bool)
	LabelSelector string
	FieldSelector string
	PageSize      int64  // 500 if zero
	AbsentHint    string // what to do when the API does not have this kind
}

// pageSize bounds what is held in memory while listing. Measured on a real API
// server with 5,100 pods, as CPU of this process and its peak of resident
// memory: pages of 500, 0.24 s and 40 MiB; of 2,000, 0.23 s and 76 MiB; all at
// once, 0.20 s and 98-124 MiB; a watch that begins with all objects
// (sendInitialEvents), 0.33-0.50 s and 34 MiB, for 1.4 times the CPU of the API
// server; with 520 ScaledObjects, as JSON, 0.10-0.13 s against 0.17-0.24 s. So
// pages it is, which also work everywhere and cannot stall half way.
const pageSize = 500

// How long an API server may take to answer before it is called silent. A list
// may be long under way over a thin line, a watch that is being opened again
// after a failure should answer at once.
const (
	listPatience  = 5 * time.Second
	watchPatience = 2 * time.Second
	// heldPatience is for a proxy that has held an answer back until something
	// happened: a bookmark comes every minute.
	heldPatience = 90 * time.Second
)

// settle is how long a watch must hold, if nothing arrives on it, before it
// counts as a recovery: client-go gives an empty stream for some failures.
const settle = 250 * time.Millisecond

// Run emits Connecting, then the facts of all objects, Synced, and from then
// on every change, until ctx is done. Objects that vanished while nobody was
// watching are emitted as Gone; objects that did not change are not repeated.
// Failures become statuses, each emitted once, and are retried: after 3 s at
// most, 10 s where the kind is absent, 30 s where it is forbidden or where the
// server asks for as much. Run returns
// when everything it started has ended.
func (k Kind) Run(ctx context.Context, emit func(kscope.Fact)) {
	r := &run{Kind: k, emit: emit, known: map[kscope.Ref]seen{}, odd: map[kscope.Ref]string{}}
	r.say(kscope.Status{State: kscope.Connecting})
	for ctx.Err() == nil {
		err := r.turn(ctx)
		if ctx.Err() != nil {
			return
		}
		r.wait(ctx, r.judge(err))
	}
}

// run is a Kind being watched. It is confined to the goroutine of Run.
type run struct {
	Kind
	emit     func(kscope.Fact)
	known    map[kscope.Ref]seen
	odd      map[kscope.Ref]string // objects that could not be translated, and why
	said     kscope.Status
	version  string // resource version to watch from; "" when a list is due
	failures int    // in a row
	stale    int    // versions in a row from which nothing followed
	held     bool   // the last watch was answered late: a proxy holds answers back until something happens
}

// seen is what is remembered of an object that was emitted.
type seen struct{ uid, version string }

// turn lists if that is due, then watches until the stream ends. A nil error
// means that the stream ended as streams do.
func (r *run) turn(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("stopped by a defect: %v", p)
		}
	}()
	if r.version == "" {
		version, err := r.list(ctx)
		if err != nil {
			return err
		}
		r.version = version
		r.well()
	}
	return r.watch(ctx)
}

// idlePages is how many pages of a list may follow each other that bring nothing: the
// API server fills each but the last.
const idlePages = 5

// list emits every object page by page, then those that are no longer there,
// and gives the version that the list stands for.
func (r *run) list(ctx context.Context) (version string, err error) {
	options := metav1.ListOptions{LabelSelector: r.LabelSelector, FieldSelector: r.FieldSelector, Limit: r.PageSize}
	if options.Limit == 0 {
		options.Limit = pageSize
	}
	there := make(map[kscope.Ref]bool, len(r.known))
	for idle := 0; ; {
		before := len(there)
		page, err := answer(listPatience, r.silent, func() (runtime.Object, error) { return r.List(ctx, options) })
		if err != nil {
			return "", err
		}
		if err := ctx.Err(); err != nil {
			return "", err
		}
		if err := meta.EachListItem(page, func(obj runtime.Object) error {
			ref, err := r.see(obj)
			there[ref] = true
			return err
		}); err != nil {
			return "", err
		}
		list, err := meta.ListAccessor(page)
		if err != nil {
			return "", err
		}
		if options.Continue = list.GetContinue(); options.Continue == "" {
			version = list.GetResourceVersion()
			break
		}
		if idle++; len(there) > before {
			idle = 0
		}
		if idle == idlePages {
			return "", errors.New("the API server's list has page after page with nothing new in them")
		}
	}
	for ref := range r.known {
		if !there[ref] {
			r.forget(ref)
		}
	}
	for ref := range r.odd {
		if !there[ref] {
			delete(r.odd, ref)
		}
	}
	return version, nil
}

// watch follows the changes since r.version.
func (r *run) watch(ctx context.Context) error {
	timeout := int64(300 + rand.IntN(300)) // spread, so that streams do not end together
	options := metav1.ListOptions{
		LabelSelector: r.LabelSelector, FieldSelector: r.FieldSelector,
		ResourceVersion: r.version, AllowWatchBookmarks: true, TimeoutSeconds: &timeout,
	}
	patience := listPatience
	switch {
	case r.failures > 0:
		patience = watchPatience
	case r.held:
		patience = heldPatience
	}
	asked := time.Now()
	stream, err := answer(patience, r.silent, func() (apiwatch.Interface, error) { return r.Watch(ctx, options) })
	if err != nil {
		return err
	}
	defer stream.Stop()
	opened, arrived := time.Now(), false
	r.held = r.failures == 0 && opened.Sub(asked) >= listPatience
	settled := time.NewTimer(settle)
	defer settled.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-settled.C:
			r.stale = 0
			r.well()
		case event, ok := <-stream.ResultChan():
			if !ok {
				if !arrived && time.Since(opened) < time.Second {
					return errShort
				}
				return nil
			}
			if err := r.apply(event); err != nil {
				return err
			}
			if !arrived {
				arrived, r.stale = true, 0
				r.well()
			}
		}
	}
}

// apply takes one event of a stream.
func (r *run) apply(event apiwatch.Event) error {
	if event.Type == apiwatch.Error {
		return streamError(event.Object)
	}
	m, err := meta.Accessor(event.Object)
	if err != nil {
		return err
	}
	switch event.Type {
	case apiwatch.Added, apiwatch.Modified:
		_, err = r.see(event.Object)
	case apiwatch.Deleted:
		ref := refOf(m)
		delete(r.odd, ref)
		r.forget(ref)
		r.well() // it may have been the odd one
	}
	r.version = m.GetResourceVersion()
	return err
}

// wait pauses before the next attempt.
func (r *run) wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d*9/10 + rand.N(d/5)) // so that the kinds do not retry in step
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// answer gives what f returns, and calls late once if that takes longer than
// patience, unless patience is zero. A panic of f is an error of f.
func answer[T any](patience time.Duration, late func(time.Duration), f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r.err = fmt.Errorf("stopped by a defect: %v", p)
			}
			done <- r
		}()
		r.value, r.err = f()
	}()
	var expired <-chan time.Time
	if patience > 0 {
		t := time.NewTimer(patience)
		defer t.Stop()
		expired = t.C
	}
	for {
		select {
		case r := <-done:
			return r.value, r.err
		case <-expired:
			late(patience)
		}
	}
}
