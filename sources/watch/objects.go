package watch

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope"
)

func refOf(m metav1.Object) kscope.Ref {
	return kscope.Ref{Namespace: kscope.Clean(m.GetNamespace()), Name: kscope.Clean(m.GetName())}
}

// see emits the fact that an object amounts to, unless it is the same as
// before. An object of that name that was another one is emitted as gone
// first, and so is one that is no longer wanted.
func (r *run) see(obj runtime.Object) (kscope.Ref, error) {
	m, err := meta.Accessor(obj)
	if err != nil {
		return kscope.Ref{}, err
	}
	ref, now := refOf(m), seen{kscope.Clean(string(m.GetUID())), m.GetResourceVersion()}
	before, known := r.known[ref]
	if known && before == now && now.version != "" {
		return ref, nil
	}
	fact, wanted, err := r.observe(obj)
	if err != nil {
		r.odd[ref] = err.Error()
		r.well()
		return ref, nil
	}
	if known && (!wanted || before.uid != now.uid) {
		r.forget(ref)
	}
	if wanted {
		r.known[ref] = now
		r.emit(fact)
	}
	if len(r.odd) > 0 {
		delete(r.odd, ref)
		r.well()
	}
	return ref, nil
}

func (r *run) observe(obj runtime.Object) (fact kscope.Fact, wanted bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("cannot be read because of a defect: %v", p)
		}
	}()
	fact, wanted = r.Observe(obj)
	return fact, wanted, nil
}

// forget emits an object that was known as gone.
func (r *run) forget(ref kscope.Ref) {
	if s, ok := r.known[ref]; ok {
		delete(r.known, ref)
		r.emit(kscope.Gone{Kind: r.Kind.Kind, Ref: ref, UID: s.uid})
	}
}
