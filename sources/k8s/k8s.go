// Package k8s watches what KEDA scales and what does the scaling — workloads,
// HorizontalPodAutoscalers, pods and events — and says what it saw. It never
// writes, and asks the API for nothing but its watches, the discovery of scale
// targets of unusual kinds, and their /scale when they change. A [Tunnel]
// connects to pods through the API server, for whoever dials by it.
package k8s

import (
	"context"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/watch"
)

// Options say what to watch, and through which clients; [Clients] makes them.
type Options struct {
	Client    kubernetes.Interface
	Dynamic   dynamic.Interface
	Namespace string // "" for all
}

// Source watches pods, HPAs, Deployments, StatefulSets, events, and what it learns
// of by [Source.Follow]: scale targets of other kinds, and KEDA's Jobs once there is
// a ScaledJob, so that nobody needs a permission for what there is none of.
type Source struct {
	o       Options
	targets *targets
	hasJobs chan struct{} // closed when there is a ScaledJob
	jobs    sync.Once
}

// New makes a source; nothing is asked of the API before Run.
func New(o Options) *Source {
	return &Source{o: o, targets: newTargets(o), hasJobs: make(chan struct{})}
}

// Name is "k8s".
func (s *Source) Name() string { return "k8s" }

// Follow learns from a passing observation which scale targets of kinds other
// than Deployment and StatefulSet to watch, and whether there are ScaledJobs. It never blocks and may be called
// before, during and after Run, from one goroutine or many.
func (s *Source) Follow(o kscope.Observation) {
	if _, ok := o.Fact.(kscope.ScaledJob); ok {
		s.jobs.Do(func() { close(s.hasJobs) })
		return
	}
	s.targets.follow(o)
}

// Run emits, for each kind, its Status, then a fact for every object and for
// every change, and Gone for every object that no longer exists, until ctx is
// done. A kind that fails, is forbidden or absent says so in its Status and
// does not keep the others. Run returns nil when everything that it started
// has ended.
//
// Pods are asked for once each of the other kinds has answered, in whatever way, and
// events after them: these are nine tenths of what a large cluster has to tell, and
// the numbers that are looked for first are in the other tenth.
func (s *Source) Run(ctx context.Context, emit func(kscope.Fact)) error {
	var wg sync.WaitGroup
	wg.Go(func() { s.targets.run(ctx, emit) })
	wg.Go(func() { s.lookUpNamespace(ctx, emit) })
	wg.Go(func() {
		select {
		case <-s.hasJobs:
			jobKind(s.o.Client, s.o.Namespace).Run(ctx, emit)
		case <-ctx.Done():
		}
	})
	for _, kinds := range s.kinds() {
		var all sync.WaitGroup
		for _, kind := range kinds {
			all.Add(1)
			answered := sync.OnceFunc(all.Done)
			wg.Go(func() {
				defer answered()
				kind.Run(ctx, func(f kscope.Fact) {
					emit(f)
					if st, ok := f.(kscope.Status); ok && st.State != kscope.Connecting {
						answered()
					}
				})
			})
		}
		all.Wait()
	}
	wg.Wait()
	return nil
}

// kinds are what is watched, in the order in which it is asked for.
func (s *Source) kinds() [][]watch.Kind {
	c, ns := s.o.Client, s.o.Namespace
	return [][]watch.Kind{
		{
			kind(kscope.HPAs, c.AutoscalingV2().HorizontalPodAutoscalers(ns), only(observeHPA)),
			kind(kscope.Deployments, c.AppsV1().Deployments(ns), only(observeDeployment)),
			kind(kscope.StatefulSets, c.AppsV1().StatefulSets(ns), only(observeStatefulSet)),
		},
		// All of them, whoever's they are: kubernetes-workload triggers count any.
		{kind(kscope.Pods, c.CoreV1().Pods(ns), only(observePod))},
		{eventKind(c, ns)},
	}
}

// kind is a watch of what a typed client serves.
func kind[L runtime.Object](k kscope.Kind, client interface {
	List(context.Context, metav1.ListOptions) (L, error)
	Watch(context.Context, metav1.ListOptions) (apiwatch.Interface, error)
}, observe func(runtime.Object) (kscope.Fact, bool)) watch.Kind {
	return watch.Kind{
		Kind: k,
		List: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return client.List(ctx, o)
		},
		Watch:   client.Watch,
		Observe: observe,
	}
}

// only makes a translation of one type that of any object.
func only[T any, F kscope.Fact](observe func(T) F) func(runtime.Object) (kscope.Fact, bool) {
	return func(obj runtime.Object) (kscope.Fact, bool) {
		o, ok := obj.(T)
		if !ok {
			return nil, false
		}
		return observe(o), true
	}
}
