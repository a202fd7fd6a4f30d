package sandbox

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiwatch "k8s.io/apimachinery/pkg/watch"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/world"
)

// api is what an API server remembers: the objects of each kind, and the last
// changes to them, each with a version that only grows. client-go's fake
// clients ask it, because the memory that they bring along loses changes that
// come between a list and its watch, gives no versions, and panics when a
// reader of a watch falls 100 changes behind.
//
// Objects are never written to after they were published; whoever asks gets
// copies.
type api struct {
	mu      sync.Mutex
	version uint64 // of the last change to anything, as in etcd
	kinds   map[string]*collection
	refused map[string]bool // by resource
}

// collection is the objects of one kind.
type collection struct {
	kind
	objects map[kscope.Ref]runtime.Object
	log     []change // the last ones, oldest first
	before  uint64   // version of the newest change that is no longer in the log
	streams map[*stream]bool
}

// change is one entry of a log. before is nil where the object was new, after
// where it went.
type change struct {
	version       uint64
	before, after runtime.Object
	last          runtime.Object // what a watch shows: the object, or its last state
}

// keep is how many changes of each kind a watch can catch up with. Whoever
// comes later is told to list again, as by a real API server.
const keep = 256

func newAPI() *api {
	// No list is ever of version 0: to a watch that means "whatever there is".
	a := &api{version: 1, kinds: map[string]*collection{}, refused: map[string]bool{}}
	for _, k := range kinds {
		a.kinds[k.resource()] = &collection{kind: k, objects: map[kscope.Ref]runtime.Object{}, streams: map[*stream]bool{}}
	}
	return a
}

// publish takes in what the world changed. The objects are its own from here.
func (a *api) publish(changes []world.Change) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range changes {
		obj, resource, err := canonical(c.Object)
		if err != nil {
			return err
		}
		if err := a.put(a.kinds[resource], obj, c.Verb == world.Deleted); err != nil {
			return err
		}
	}
	return nil
}

func (a *api) put(k *collection, obj runtime.Object, gone bool) error {
	m, err := meta.Accessor(obj)
	if err != nil {
		return err
	}
	ref := kscope.Ref{Namespace: m.GetNamespace(), Name: m.GetName()}
	before := k.objects[ref]
	if gone && before == nil {
		return nil
	}
	a.version++
	m.SetResourceVersion(strconv.FormatUint(a.version, 10))
	c := change{version: a.version, before: before, after: obj, last: obj}
	if gone {
		c.after = nil
		delete(k.objects, ref)
	} else {
		k.objects[ref] = obj
	}
	if len(k.log) == keep {
		k.before = k.log[0].version
		k.log = append(k.log[:0], k.log[1:]...)
	}
	k.log = append(k.log, c)
	for s := range k.streams {
		if event, ok := s.selection.event(c); ok {
			s.add(event)
		}
	}
	return nil
}

// selection is which objects of a kind somebody asked for.
type selection struct {
	namespace string // "" for all
	labels    labels.Selector
	fields    fields.Selector
}

func selectionOf(namespace string, l labels.Selector, f fields.Selector) selection {
	if l == nil {
		l = labels.Everything()
	}
	if f == nil {
		f = fields.Everything()
	}
	return selection{namespace, l, f}
}

func (s selection) matches(obj runtime.Object) bool {
	if obj == nil {
		return false
	}
	m, err := meta.Accessor(obj)
	if err != nil || s.namespace != "" && m.GetNamespace() != s.namespace {
		return false
	}
	return s.labels.Matches(labels.Set(m.GetLabels())) && (s.fields.Empty() || s.fields.Matches(fieldsOf(m, obj)))
}

// event is what a watch of this selection shows of a change; an object that
// begins or ceases to match comes and goes.
func (s selection) event(c change) (apiwatch.Event, bool) {
	switch was, is := s.matches(c.before), s.matches(c.after); {
	case !was && is:
		return apiwatch.Event{Type: apiwatch.Added, Object: c.last}, true
	case was && is:
		return apiwatch.Event{Type: apiwatch.Modified, Object: c.last}, true
	case was:
		return apiwatch.Event{Type: apiwatch.Deleted, Object: c.last}, true
	}
	return apiwatch.Event{}, false
}

// sorted are all objects, by namespace and name.
func (k *collection) sorted() []runtime.Object {
	refs := slices.SortedFunc(maps.Keys(k.objects), func(a, b kscope.Ref) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	out := make([]runtime.Object, len(refs))
	for i, ref := range refs {
		out[i] = k.objects[ref]
	}
	return out
}

// list gives what matches, by namespace and name, and the version that this is
// the state at.
func (a *api) list(resource string, s selection) ([]runtime.Object, string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, err := a.collection("list", resource, s.namespace)
	if err != nil {
		return nil, "", err
	}
	var out []runtime.Object
	for _, obj := range k.sorted() {
		if s.matches(obj) {
			out = append(out, obj.DeepCopyObject())
		}
	}
	return out, strconv.FormatUint(a.version, 10), nil
}

// get gives a copy of one object.
func (a *api) get(resource, namespace, name string) (runtime.Object, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, err := a.collection("get", resource, namespace)
	if err != nil {
		return nil, err
	}
	obj := k.objects[kscope.Ref{Namespace: namespace, Name: name}]
	if obj == nil {
		return nil, apierrors.NewNotFound(k.groupResource(), name)
	}
	return obj.DeepCopyObject(), nil
}

// watch opens a stream of what changed after a version; with none, or 0, it
// begins with all there is. Nothing is lost and nothing comes twice: the stream
// joins under the same lock under which it catches up. convert is applied to
// every object that it shows.
func (a *api) watch(resource string, s selection, since string, convert func(runtime.Object) runtime.Object) (*stream, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	k, err := a.collection("watch", resource, s.namespace)
	if err != nil {
		return nil, err
	}
	var backlog []apiwatch.Event
	if since == "" || since == "0" {
		for _, obj := range k.sorted() {
			if s.matches(obj) {
				backlog = append(backlog, apiwatch.Event{Type: apiwatch.Added, Object: obj})
			}
		}
	} else {
		from, err := strconv.ParseUint(since, 10, 64)
		if err != nil {
			return nil, apierrors.NewBadRequest(fmt.Sprintf("Invalid value: %q: %v", since, err))
		}
		if from < k.before {
			return nil, apierrors.NewResourceExpired(fmt.Sprintf("too old resource version: %d (%d)", from, k.before))
		}
		for _, c := range k.log {
			if event, ok := s.event(c); ok && c.version > from {
				backlog = append(backlog, event)
			}
		}
	}
	st := newStream(s, convert, backlog, func(st *stream) {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(k.streams, st)
	})
	k.streams[st] = true
	return st, nil
}

// collection finds a kind, or says why it may not be seen. The lock is held.
func (a *api) collection(verb, resource, namespace string) (*collection, error) {
	k := a.kinds[resource]
	if k == nil {
		return nil, apierrors.NewGenericServerResponse(404, verb, schema.GroupResource{Resource: resource}, "", "", 0, true)
	}
	if a.refused[resource] {
		return nil, forbidden(verb, k.groupResource(), namespace)
	}
	return k, nil
}

// user is who the sandbox takes kscope for.
const user = "kscope"

// forbidden is an API server's refusal, in its own words.
func forbidden(verb string, gr schema.GroupResource, namespace string) *apierrors.StatusError {
	where := "at the cluster scope"
	if namespace != "" {
		where = fmt.Sprintf("in the namespace %q", namespace)
	}
	return apierrors.NewForbidden(gr, "", fmt.Errorf("User %q cannot %s resource %q in API group %q %s", user, verb, gr.Resource, gr.Group, where))
}

// refuse lets nobody get, list or watch a kind any more, and ends the watches
// of it that are open.
func (a *api) refuse(resource string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refused[resource] = true
	k := a.kinds[resource]
	for s := range k.streams {
		status := forbidden("watch", k.groupResource(), s.selection.namespace).Status()
		s.end(&status)
		delete(k.streams, s)
	}
}

// allow ends a refusal.
func (a *api) allow(resource string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.refused, resource)
}
