package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/notes"
	"github.com/kscope/kscope/sandbox/world"
)

// noter makes the notes of manifests.
type noter struct {
	known  lookup
	places map[kscope.ObjectRef]string
	rows   map[kscope.ObjectRef][]kscope.ID // what scales and is concerned by what an object lacks
	out    []notes.Note
}

// note adds what of the objects is not played, and what KEDA will complain of, in
// their order, to what was noted while they were read; what was refused comes first.
func (m *Manifests) note(given []notes.Note, places map[kscope.ObjectRef]string) {
	n := &noter{known: m.lookup(), places: places, rows: map[kscope.ObjectRef][]kscope.ID{}}
	for _, obj := range m.Objects {
		n.link(obj)
	}
	for _, err := range m.Refused {
		n.refused(err)
	}
	n.out = append(n.out, given...)
	for _, obj := range m.Objects {
		n.object(obj)
	}
	if addresses, rows := m.servers(); len(addresses) > 1 {
		n.out = append(n.out, notes.Note{Weight: notes.Differs, Says: strings.Join(addresses, " and ") + " are one and the same Redis here", Rows: rows})
	}
	m.Notes = n.out
}

// say notes something of an object. What concerns nothing that scales is a thing that
// is not played, and no more.
func (n *noter) say(w notes.Weight, obj runtime.Object, says, next string) {
	ref := refOf(obj)
	if strings.HasPrefix(next, notGiven) && !strings.Contains(says, "not among the manifests") {
		next = ""
	}
	if w == notes.Differs && n.rows[ref] == nil {
		w = notes.Unplayed
	}
	n.out = append(n.out, notes.Note{Weight: w, Objects: []kscope.ObjectRef{ref}, Place: n.places[ref], Says: says, Next: next, Rows: n.rows[ref]})
}

func (n *noter) refused(err error) {
	note := notes.Note{Weight: notes.LeftOut, Says: err.Error(), Next: kscope.HintOf(err)}
	if r, ok := errors.AsType[*Refusal](err); ok {
		note.Says, note.Place = r.Text, fmt.Sprintf("%s:%d", r.File, r.Line)
		if r.Of.Name != "" {
			note.Objects, note.Rows = []kscope.ObjectRef{r.Of}, n.rows[r.Of]
		} else if r.Of.Kind != "" {
			note.Says = r.Of.Kind + ": " + r.Text
		}
	}
	n.out = append(n.out, note)
}

// notGiven is what to do about an object that others refer to.
const notGiven = "add it to the manifests; -f may be given several times"

// madeUp is that of a Secret or ConfigMap, which is seldom kept beside them.
const madeUp = notGiven + ", and here one with made-up values will do"

// clean makes a note safe to show: names and texts are the user's files'.
func clean(n *notes.Note) {
	n.Place, n.Says, n.Next = kscope.Clean(n.Place), kscope.Clean(n.Says), kscope.Clean(n.Next)
	for i := range n.Objects {
		n.Objects[i] = cleaned(n.Objects[i])
	}
}

func cleaned(o kscope.ObjectRef) kscope.ObjectRef {
	return kscope.ObjectRef{Kind: kscope.Clean(o.Kind), Namespace: kscope.Clean(o.Namespace), Name: kscope.Clean(o.Name)}
}

func (n *noter) object(obj runtime.Object) {
	for _, gap := range world.NotModelled(obj) {
		w := notes.Differs
		if gap.Fails {
			w = notes.Fails
		}
		n.say(w, obj, gap.Says, "")
	}
	for _, s := range stands(obj) {
		n.say(notes.Differs, obj, s.says, "the load keys fill it, as does any client of that Redis")
		n.out[len(n.out)-1].Plays = s.broker
	}
	switch o := obj.(type) {
	case *appsv1.Deployment:
		n.programs(obj, o.Spec.Template.Spec.Containers)
	case *appsv1.StatefulSet:
		n.programs(obj, o.Spec.Template.Spec.Containers)
	case *autoscalingv2.HorizontalPodAutoscaler:
		for _, says := range n.known.unrequested(o) {
			n.say(notes.Fails, obj, says, "add it to resources.requests")
		}
	case *unstructured.Unstructured:
		if t, ok := targetOf(o); ok && !n.known.has(t) {
			n.say(notes.Fails, obj, fmt.Sprintf("its target %s %s %s; KEDA will say so", t.kind, t.Ref, n.known.absent(t.kind, t.Namespace, t.Name)), notGiven)
		}
		var unasked, missing []string
		if strings.HasSuffix(o.GetKind(), "TriggerAuthentication") {
			unasked, missing = n.known.authentication(o)
		} else {
			missing = n.known.connections(o)
		}
		for _, says := range unasked {
			n.say(notes.Differs, obj, says, "")
		}
		for _, says := range missing {
			next := notGiven
			if strings.Contains(says, "Secret ") || strings.Contains(says, "ConfigMap ") {
				next = madeUp
			}
			n.say(notes.Fails, obj, says, next)
		}
	}
}

// programs notes containers whose own work nobody does: those of workloads that
// nothing scales. A Redis is no loss, the sandbox has one.
func (n *noter) programs(obj runtime.Object, containers []corev1.Container) {
	if n.rows[refOf(obj)] != nil {
		return
	}
	if slices.ContainsFunc(containers, func(c corev1.Container) bool { return !strings.Contains(c.Image, "redis") }) {
		n.say(notes.Unplayed, obj, "its pods start, but what they would run does not", "")
	}
}
