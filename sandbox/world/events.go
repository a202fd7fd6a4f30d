package world

import (
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// How client-go's two recorders keep events few.
const (
	eventTTL       = time.Hour        // the API server's
	seriesEnds     = 6 * time.Minute  // a newer event that has not come again for as long starts anew
	seriesRefresh  = 30 * time.Minute // a newer event that keeps coming is written so often
	similarWindow  = 10 * time.Minute // older events that differ only in their message
	similarMost    = 10               // are put together beyond so many
	spamBurst      = 25               // older events about one object
	spamPerSeconds = 300              // one more comes free after so many seconds
)

// recorder writes events as the controllers do: KEDA in the newer API, the
// others in the older one.
type recorder struct {
	newerOnes map[newerKey]*newerEvent
	olderOnes map[olderKey]*corev1.Event
	similar   map[olderKey]*similarity
	spam      map[types.UID]*bucket
	sweep     *timer
}

func newRecorder() recorder {
	return recorder{map[newerKey]*newerEvent{}, map[olderKey]*corev1.Event{}, map[olderKey]*similarity{}, map[types.UID]*bucket{}, nil}
}

// newerKey is what client-go takes for the same event: not its note, but the
// version of the object that it is about.
type newerKey struct {
	typ, reason, action, reporter string
	regarding                     corev1.ObjectReference
}

type newerEvent struct {
	e             *eventsv1.Event
	last, written time.Time // seen last; written last
	count         int32
}

// newer records an event of events.k8s.io. The first is written, the second
// starts a series, and further ones are only counted until the series is
// refreshed or ends.
func (r *recorder) newer(w *World, about corev1.ObjectReference, reporter, typ, reason, action, note string) {
	key := newerKey{typ, reason, action, reporter, about}
	if n := r.newerOnes[key]; n != nil {
		n.last, n.count = w.now, n.count+1
		if n.e.Series == nil {
			r.write(w, n)
		}
		return
	}
	if len(note) > 1024 {
		note = note[:1024]
	}
	e := &eventsv1.Event{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: about.Namespace, Name: fmt.Sprintf("%s.%x", about.Name, w.names.Uint64()), UID: w.uid(), CreationTimestamp: w.stamp(),
		},
		EventTime: w.microstamp(), ReportingController: reporter, ReportingInstance: reporter + "-0",
		Action: action, Reason: reason, Regarding: about, Note: note, Type: typ,
	}
	r.newerOnes[key] = &newerEvent{e: e, last: w.now, written: w.now, count: 1}
	w.emit(Added, e)
	if r.sweep == nil {
		r.sweep = w.after(seriesEnds, func() { r.endSeries(w) })
	}
	w.expire(func() time.Time { return r.lastWritten(key, e) }, func() { w.emit(Deleted, e) })
}

// lastWritten is when an event was written last.
func (r *recorder) lastWritten(key newerKey, e *eventsv1.Event) time.Time {
	if n := r.newerOnes[key]; n != nil && n.e == e {
		return n.written
	}
	if e.Series != nil {
		return e.Series.LastObservedTime.Time
	}
	return e.EventTime.Time
}

func (r *recorder) write(w *World, n *newerEvent) {
	n.written = w.now
	n.e.Series = &eventsv1.EventSeries{Count: n.count, LastObservedTime: metav1.NewMicroTime(n.last.Truncate(time.Microsecond))}
	w.emit(Modified, n.e)
}

// endSeries ends what has not come again, and refreshes what keeps coming.
func (r *recorder) endSeries(w *World) {
	r.sweep = nil
	for _, key := range sortedKeys(r.newerOnes, func(a, b newerKey) bool {
		return r.newerOnes[a].e.Name < r.newerOnes[b].e.Name
	}) {
		n := r.newerOnes[key]
		switch {
		case w.now.Sub(n.last) >= seriesEnds:
			if n.e.Series != nil && n.e.Series.Count != n.count {
				r.write(w, n)
			}
			delete(r.newerOnes, key)
		case n.e.Series != nil && w.now.Sub(n.written) >= seriesRefresh:
			r.write(w, n)
		}
	}
	if len(r.newerOnes) > 0 {
		r.sweep = w.after(seriesEnds, func() { r.endSeries(w) })
	}
}

// olderKey is what client-go's older recorder takes for the same event; with
// an empty message, for a similar one.
type olderKey struct {
	about                             types.UID
	component, typ, reason, fieldPath string
	message                           string
}

// similarity is how many messages of one kind came lately.
type similarity struct {
	messages map[string]bool
	last     time.Time
}

// older records an event of the core API: repeated ones are counted, similar
// ones combined, and an object that has too many is not listened to.
func (r *recorder) older(w *World, about corev1.ObjectReference, component, typ, reason, message string) {
	key := olderKey{about.UID, component, typ, reason, about.FieldPath, ""}
	s := r.similar[key]
	if s == nil || w.now.Sub(s.last) > similarWindow {
		s = &similarity{messages: map[string]bool{}}
		r.similar[key] = s
	}
	if s.last = w.now; len(s.messages) <= similarMost {
		s.messages[message] = true
	}
	if len(s.messages) > similarMost {
		key.message = "\x00combined"
		message = "(combined from similar events): " + message
	} else {
		key.message = message
	}
	if !r.allows(w, about.UID) {
		return
	}
	if e := r.olderOnes[key]; e != nil {
		e.Count++
		e.LastTimestamp, e.Message = w.stamp(), message
		w.emit(Modified, e)
		return
	}
	e := &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: about.Namespace, Name: fmt.Sprintf("%s.%x", about.Name, w.names.Uint64()), UID: w.uid(), CreationTimestamp: w.stamp(),
		},
		InvolvedObject: about, Reason: reason, Message: message, Type: typ, Count: 1,
		Source: corev1.EventSource{Component: component}, ReportingController: component,
		FirstTimestamp: w.stamp(), LastTimestamp: w.stamp(),
	}
	r.olderOnes[key] = e
	w.emit(Added, e)
	w.expire(func() time.Time { return e.LastTimestamp.Time }, func() {
		delete(r.olderOnes, key)
		if s := r.similar[olderKey{key.about, key.component, key.typ, key.reason, key.fieldPath, ""}]; s != nil && w.now.Sub(s.last) > similarWindow {
			delete(r.similar, olderKey{key.about, key.component, key.typ, key.reason, key.fieldPath, ""})
		}
		r.forgive(w, about.UID)
		w.emit(Deleted, e)
	})
}

// allows is client-go's spam filter for one object.
func (r *recorder) allows(w *World, about types.UID) bool {
	b := r.spam[about]
	if b == nil {
		b = &bucket{rate: 1.0 / spamPerSeconds, burst: spamBurst, tokens: spamBurst, at: w.now}
		r.spam[about] = b
	}
	return b.take(w.now) == 0
}

// forgive forgets an object whose bucket is full again.
func (r *recorder) forgive(w *World, about types.UID) {
	const full = spamBurst * spamPerSeconds * time.Second
	b := r.spam[about]
	switch {
	case b == nil:
	case w.now.Sub(b.at) >= full:
		delete(r.spam, about)
	default:
		w.at(b.at.Add(full), func() { r.forgive(w, about) })
	}
}

// expire calls gone when an hour has passed since the last write.
func (w *World) expire(last func() time.Time, gone func()) {
	w.at(last().Add(eventTTL), func() {
		if last().Add(eventTTL).After(w.now) {
			w.expire(last, gone)
			return
		}
		gone()
	})
}

// reference is the reference of an older event.
func reference(obj metav1.Object, apiVersion, kind string) corev1.ObjectReference {
	return corev1.ObjectReference{APIVersion: apiVersion, Kind: kind, Namespace: obj.GetNamespace(), Name: obj.GetName(), UID: obj.GetUID()}
}

// regarding is the reference of an event about an object of KEDA's.
func regarding(u *unstructured.Unstructured, rev int) corev1.ObjectReference {
	return corev1.ObjectReference{
		APIVersion: u.GetAPIVersion(), Kind: u.GetKind(), Namespace: u.GetNamespace(), Name: u.GetName(), UID: u.GetUID(),
		ResourceVersion: strconv.Itoa(rev),
	}
}

// tell records an event about a ScaledObject in KEDA's name.
func (w *World) tell(so *scaledObject, typ, reason, action, note string) {
	w.events.newer(w, regarding(so.u, so.rev), "keda-operator", typ, reason, action, note)
}

// podWarning is an event of the kubelet. It tells of trouble only; what goes
// well, the pod says itself.
func (w *World) podWarning(p *pod, reason, message string) {
	about := reference(p.obj, "v1", "Pod")
	about.FieldPath = fmt.Sprintf("spec.containers{%s}", p.obj.Spec.Containers[0].Name)
	w.events.older(w, about, "kubelet", corev1.EventTypeWarning, reason, message)
}
