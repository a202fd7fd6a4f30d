package k8s

import (
	"context"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/watch"
)

// scaleReader watches one resource, and reads the /scale of the objects that
// are wanted whenever they change.
type scaleReader struct {
	o    Options
	kind scaleKind
	emit func(kscope.Fact)
	say  func(part string, s kscope.Status)
	stop func()        // ends it and waits for its end
	wake chan struct{} // holds one: something is due

	mu       sync.Mutex // also held while emitting, so that a Gone is the last word
	resource dynamic.NamespaceableResourceInterface
	wanted   map[kscope.Ref]bool
	due      map[kscope.Ref]bool
	seen     map[kscope.Ref]kscope.Workload // what the wanted objects themselves say
}

const (
	readsAtOnce = 8                // of /scale, per kind
	readTimeout = 10 * time.Second // of one
	scalePage   = 100              // objects of unknown size, held as JSON
	noScaleHint = "KEDA can only scale what has a /scale subresource; is its CRD installed?"
)

func startScaleReader(ctx context.Context, o Options, k scaleKind, emit func(kscope.Fact), say func(string, kscope.Status)) *scaleReader {
	r := &scaleReader{
		o: o, kind: k, emit: emit, say: say,
		wake:   make(chan struct{}, 1),
		wanted: map[kscope.Ref]bool{},
		due:    map[kscope.Ref]bool{},
		seen:   map[kscope.Ref]kscope.Workload{},
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { r.watch(ctx) })
	wg.Go(func() { r.readDue(ctx) })
	r.stop = func() {
		cancel()
		wg.Wait()
	}
	return r
}

// want sets which objects to read.
func (r *scaleReader) want(refs []kscope.Ref) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.wanted
	r.wanted = make(map[kscope.Ref]bool, len(refs))
	for _, ref := range refs {
		r.wanted[ref] = true
		if !before[ref] {
			r.due[ref] = true
		}
	}
	r.nudge()
}

func (r *scaleReader) nudge() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// watch notices every change of a wanted object. Discovering the resource is
// part of listing it, so that it is retried and explained in the same way.
func (r *scaleReader) watch(ctx context.Context) {
	watch.Kind{
		Kind: kscope.ScaleTargets,
		List: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			resource, err := r.discover(ctx)
			if err != nil {
				return nil, err
			}
			return resource.Namespace(r.o.Namespace).List(ctx, o)
		},
		Watch: func(ctx context.Context, o metav1.ListOptions) (apiwatch.Interface, error) {
			resource, err := r.discover(ctx)
			if err != nil {
				return nil, err
			}
			return resource.Namespace(r.o.Namespace).Watch(ctx, o)
		},
		Observe: only(func(u *unstructured.Unstructured) kscope.Workload {
			return observeTarget(r.kind, u)
		}),
		PageSize:   scalePage,
		AbsentHint: noScaleHint,
	}.Run(ctx, func(f kscope.Fact) {
		switch f := f.(type) {
		case kscope.Status:
			r.say("watch", f)
		case kscope.Workload:
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.wanted[f.Ref] {
				r.seen[f.Ref], r.due[f.Ref] = f, true
				r.nudge()
			}
		case kscope.Gone:
			r.mu.Lock()
			defer r.mu.Unlock()
			delete(r.seen, f.Ref)
			delete(r.due, f.Ref)
			if r.wanted[f.Ref] {
				r.emit(f)
			}
		}
	})
}

// observeTarget is what an object of a kind that is not known says itself: little.
func observeTarget(k scaleKind, u *unstructured.Unstructured) kscope.Workload {
	w := kscope.Workload{
		Ref:  kscope.Ref{Namespace: kscope.Clean(u.GetNamespace()), Name: kscope.Clean(u.GetName())},
		Kind: k.Kind, APIVersion: k.APIVersion, UID: kscope.Clean(string(u.GetUID())),
	}
	w.SetBy, w.SetAt = replicasSetBy(u.GetManagedFields())
	return w
}

// discover finds the resource that serves the kind, once.
func (r *scaleReader) discover(ctx context.Context) (dynamic.NamespaceableResourceInterface, error) {
	if resource := r.discovered(); resource != nil {
		return resource, nil
	}
	gv, err := schema.ParseGroupVersion(r.kind.APIVersion)
	if err != nil {
		return nil, err
	}
	served, err := servedResources(ctx, r.o, gv)
	if err != nil {
		return nil, err
	}
	for _, s := range served.APIResources {
		if s.Kind == r.kind.Kind && !strings.Contains(s.Name, "/") {
			resource := r.o.Dynamic.Resource(gv.WithResource(s.Name))
			r.mu.Lock()
			defer r.mu.Unlock()
			r.resource = resource
			r.nudge()
			return resource, nil
		}
	}
	return nil, &meta.NoKindMatchError{GroupKind: gv.WithKind(r.kind.Kind).GroupKind(), SearchedVersions: []string{gv.Version}}
}

func (r *scaleReader) discovered() dynamic.NamespaceableResourceInterface {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.resource
}

// servedResources asks what a group and version serves. client-go's own call
// takes no context, so it is used only where there is no server to ask.
func servedResources(ctx context.Context, o Options, gv schema.GroupVersion) (*metav1.APIResourceList, error) {
	discovery := o.Client.Discovery()
	rest := discovery.RESTClient()
	if rest == nil {
		return discovery.ServerResourcesForGroupVersion(gv.String())
	}
	path := "/apis/" + gv.String()
	if gv.Group == "" {
		path = "/api/" + gv.Version
	}
	out := &metav1.APIResourceList{}
	return out, rest.Get().AbsPath(path).Do(ctx).Into(out)
}
