// Package keda watches KEDA's ScaledObjects and ScaledJobs and says what it
// saw. It reads them through the dynamic client and keeps the fields that
// kscope shows, so that none of KEDA's own code is needed; it never writes. A
// [Resolver] finds out how a Redis trigger connects, as KEDA itself would.
package keda

import (
	"context"
	"fmt"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/watch"
)

// Options say what to watch.
type Options struct {
	Dynamic   dynamic.Interface
	Namespace string // "" for all
	Selector  string // label selector, as of kubectl's -l; "" for all
}

// Source watches ScaledObjects and ScaledJobs.
type Source struct{ o Options }

// New makes a source; nothing is asked of the API before Run.
func New(o Options) *Source { return &Source{o} }

// Name is "keda".
func (s *Source) Name() string { return "keda" }

// Run emits a Status for each of the two kinds, then a ScaledObject or
// ScaledJob for each that exists and for every change, and Gone for each that
// no longer exists or no longer matches the selector, until ctx is done. It
// returns an error only for a selector that cannot be parsed; failures of the
// API become statuses and are retried.
func (s *Source) Run(ctx context.Context, emit func(kscope.Fact)) error {
	selector, err := labels.Parse(s.o.Selector)
	if err != nil {
		return fmt.Errorf("selector %q: %w", s.o.Selector, err)
	}
	var wg sync.WaitGroup
	again := newAgain(emit)
	wg.Go(func() { again.run(ctx) })
	wg.Go(func() {
		s.kind(kscope.ScaledObjects, selector, func(u *unstructured.Unstructured) kscope.Fact {
			return observeScaledObject(u)
		}).Run(ctx, again.pass)
	})
	wg.Go(func() {
		s.kind(kscope.ScaledJobs, selector, func(u *unstructured.Unstructured) kscope.Fact {
			return observeScaledJob(u)
		}).Run(ctx, emit)
	})
	wg.Wait()
	return nil
}

const absentHint = "install KEDA: helm repo add kedacore https://kedacore.github.io/charts && " +
	"helm install keda kedacore/keda --namespace keda --create-namespace"

func (s *Source) kind(kind kscope.Kind, selector labels.Selector, observe func(*unstructured.Unstructured) kscope.Fact) watch.Kind {
	resource := schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: string(kind)}
	client := s.o.Dynamic.Resource(resource).Namespace(s.o.Namespace)
	return watch.Kind{
		Kind: kind,
		List: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return client.List(ctx, o)
		},
		Watch: func(ctx context.Context, o metav1.ListOptions) (apiwatch.Interface, error) {
			return client.Watch(ctx, o)
		},
		Observe: func(obj runtime.Object) (kscope.Fact, bool) {
			u, ok := obj.(*unstructured.Unstructured)
			// The API server selects by itself; a cluster in memory does not.
			if !ok || !selector.Matches(labels.Set(u.GetLabels())) {
				return nil, false
			}
			return observe(u), true
		},
		LabelSelector: s.o.Selector,
		AbsentHint:    absentHint,
	}
}
