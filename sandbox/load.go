package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/demo"
	"github.com/kscope/kscope/notes"
	"github.com/kscope/kscope/sandbox/dump"
)

// Manifests are objects ready to be applied.
type Manifests struct {
	// Objects in the order in which to create them, with the defaults of the
	// API filled in: Deployments and other built-in kinds in their Go types,
	// KEDA's kinds unstructured.
	Objects []runtime.Object
	// Notes say what is left out of what was given, what KEDA will complain of, and
	// what the sandbox does not play.
	Notes []notes.Note
	// Refused is what is wrong with the objects and documents that are left out for
	// it, in the order in which they were given: one line each, of type
	// [*kscope.Trouble] where there is a remedy, and with a [*Refusal] in it where it is
	// at a place of a file.
	Refused []error

	taken   time.Time  // when the dump among them was made, as far as it tells; zero where there is none
	queued  []waiting  // what waited in the queues then
	origins []document // of Objects, as [Read] keeps them
	given   contents   // all of it, as it was read
	denied  []error    // of Objects, what KEDA's webhooks say against them, as [Read] keeps it
}

// At is where a field of an object stands: of that one of Objects, as [Read] gave
// them, or where the innermost part of its path does that there is. The path is
// written as spec.triggers[0].type and metadata.annotations[example.com/a]; "" is
// the object.
func (m *Manifests) At(object int, path string) Place { return m.origins[object].at(path) }

// Denied is why KEDA's webhooks do not let an object in that [Read] gave, nil if they do.
func (m *Manifests) Denied(object int) error { return m.denied[object] }

// Load reads manifests as `kubectl apply -f` does: files, directories (their
// .yaml, .yml and .json files, not those of folders in them, which [Folders] adds) and "-" for stdin,
// each with one or many documents. Without paths it gives those of the demo. What an
// API server gave, as `kubectl get -o yaml` does, is the state to go on from.
//
// What kubectl or an API server with KEDA's CRDs would refuse is left out and told
// of, with the file, the line and the field; the rest is taken, as kubectl applies
// it. What KEDA's webhooks refuse is left out, too, unless nothing that scales were
// left without it. It is an error where nothing that scales is left, and Manifests has all that is
// wrong then too. What only KEDA's operator refuses is no error: it will say so
// itself, in the object's conditions. What is not for a cluster at all, such as
// values of a chart, is noted. Errors that have a remedy are of type
// [*kscope.Trouble]. An error is one line, whatever names and paths it repeats.
func Load(paths []string, stdin io.Reader) (Manifests, error) {
	m, err := inLines(loadAll(paths, stdin, admit))
	if open, ok := m.withoutWebhooks(); ok {
		m, err = open, nil
	}
	m.origins, m.denied, m.given = nil, nil, contents{} // with them the text of all files would be kept
	return m, err
}

// Read is Load for who judges manifests and plays none of them: it keeps where
// everything stands, and what KEDA's webhooks do not let in, with what they say.
func Read(paths []string, stdin io.Reader) (Manifests, error) {
	return inLines(loadAll(paths, stdin, func(found []loaded) ([]loaded, []error) {
		for i, err := range ask(found) {
			found[i].denied = oneLine(err)
		}
		return found, nil
	}))
}

func inLines(m Manifests, err error) (Manifests, error) {
	for i := range m.Refused {
		m.Refused[i] = oneLine(m.Refused[i])
	}
	for i := range m.Notes {
		clean(&m.Notes[i])
	}
	return m, oneLine(err)
}

func oneLine(err error) error {
	if err == nil || !strings.ContainsAny(err.Error(), "\r\n") {
		return err
	}
	return &kscope.Trouble{Message: kscope.Clean(err.Error()), Hint: kscope.HintOf(err), Cause: err}
}

func loadAll(paths []string, stdin io.Reader, admit func([]loaded) ([]loaded, []error)) (Manifests, error) {
	if len(paths) == 0 {
		return LoadDemo(demo.Default)
	}
	var all contents
	var files []file
	for _, path := range paths {
		more, wrong, err := open(path, stdin)
		if err != nil {
			return Manifests{}, err
		}
		all.refused = append(all.refused, wrong...)
		files = append(files, more...)
	}
	for _, c := range readAll(files) {
		all.add(c)
	}
	all.notes = append(all.notes, unread(paths)...)
	m := arrange(all, admit)
	m.given = all
	switch {
	case len(m.Refused) > 0 && !slices.ContainsFunc(m.Objects, scales):
		return m, m.Refused[0]
	case len(m.Objects) == 0 && len(m.Notes) > 0:
		first := m.Notes[0]
		hint := cmp.Or(first.Next, wanted)
		first.Next = ""
		return m, &kscope.Trouble{Cause: fmt.Errorf("no manifests in %s that are played: %s", strings.Join(paths, ", "), first), Hint: hint}
	case len(m.Objects) == 0:
		return m, &kscope.Trouble{Cause: fmt.Errorf("no manifests in %s", strings.Join(paths, ", ")), Hint: wanted}
	}
	return m, nil
}

// scales reports whether an object is a row of the dashboard.
func scales(obj runtime.Object) bool {
	return slices.Contains([]string{"ScaledObject", "ScaledJob", "HorizontalPodAutoscaler"}, obj.GetObjectKind().GroupVersionKind().Kind)
}

// wanted is the hint where there is nothing to play.
const wanted = "the sandbox plays Deployments, StatefulSets, ScaledObjects, ScaledJobs and HorizontalPodAutoscalers; without -f it plays the demo"

// LoadDemo is what `kscope demo up` would put into a cluster, down to the
// workload that is born without replicas.
func LoadDemo(d demo.Demo) (Manifests, error) {
	files := d.Files()
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return Manifests{}, err
	}
	var all contents
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return Manifests{}, err
		}
		file{name, text}.read(&all)
	}
	m := arrange(all, admit)
	m.seed(demo.Namespace, d.Workload)
	return m, errors.Join(m.Refused...)
}

// loaded is an object and where it was found.
type loaded struct {
	obj    runtime.Object
	from   document
	denied error // what KEDA's webhooks say against it
}

// arrange puts objects into the order in which to create them, leaves out those that the
// webhooks do not let in, and says what will not be played.
func arrange(all contents, admit func([]loaded) ([]loaded, []error)) Manifests {
	found, twice := unique(all.found)
	slices.SortStableFunc(found, func(a, b loaded) int { return rank(a.obj) - rank(b.obj) })
	found, denied := admit(found)
	m := Manifests{Refused: slices.Concat(all.refused, twice, denied), taken: all.taken}
	places := make(map[kscope.ObjectRef]string, len(found))
	for _, l := range found {
		if ref := refOf(l.obj); slices.Contains(quiet, ref.Kind) {
			all.notes = append(all.notes, notes.Note{Weight: notes.Idle, Objects: []kscope.ObjectRef{ref}, Place: l.from.place(), Says: "accepted, and without effect in the sandbox"})
			continue
		}
		places[refOf(l.obj)] = l.from.place()
		m.Objects, m.origins, m.denied = append(m.Objects, l.obj), append(m.origins, l.from), append(m.denied, l.denied)
	}
	m.queued = m.waiting()
	m.note(append(m.goesOn(all.left), all.notes...), places)
	return m
}

// identity is what tells objects apart.
type identity struct {
	schema.GroupKind
	namespace, name string
}

func identify(obj runtime.Object) identity {
	m, err := meta.Accessor(obj)
	if err != nil {
		return identity{}
	}
	return identity{obj.GetObjectKind().GroupVersionKind().GroupKind(), m.GetNamespace(), m.GetName()}
}

// unique drops repetitions. Of two different objects under one name the second is an
// error: which of them a cluster ends up with would depend on the order of files.
func unique(found []loaded) (out []loaded, wrong []error) {
	seen := map[identity]loaded{}
	for _, l := range found {
		id := identify(l.obj)
		before, again := seen[id]
		switch {
		case !again:
			seen[id] = l
			out = append(out, l)
		case !equality.Semantic.DeepEqual(before.obj, l.obj):
			wrong = append(wrong, l.from.refuse(refOf(l.obj), problem{text: "it is given twice, and differently at " + before.from.place()}))
		}
	}
	return out, wrong
}

// rank orders kinds by what has to be there before what.
func rank(obj runtime.Object) int {
	switch obj.GetObjectKind().GroupVersionKind().Kind {
	case "Namespace":
		return 0
	case "ConfigMap", "Secret", "Service":
		return 1
	case "Deployment", "StatefulSet":
		return 2
	case "ScaledObject", "ScaledJob":
		return 4
	case "HorizontalPodAutoscaler", "Job":
		if m, err := meta.Accessor(obj); err == nil && dump.Owner(m) != "" {
			return 5 // KEDA has made it
		}
	}
	return 3
}

// title names an object as people do.
func title(obj runtime.Object) string { return naming(refOf(obj)) }

func naming(o kscope.ObjectRef) string {
	return strings.TrimSpace(o.Kind + " " + kscope.Ref{Namespace: o.Namespace, Name: o.Name}.String())
}

// refOf names an object.
func refOf(obj runtime.Object) kscope.ObjectRef {
	id := identify(obj)
	return kscope.ObjectRef{Kind: id.Kind, Namespace: id.namespace, Name: id.name}
}

// asUnstructured is nil for objects of built-in kinds.
func asUnstructured(obj runtime.Object) *unstructured.Unstructured {
	u, _ := obj.(*unstructured.Unstructured)
	return u
}

// scaledObject is the ScaledObject of a name; nil for none.
func (m Manifests) scaledObject(namespace, name string) *unstructured.Unstructured {
	for _, obj := range m.Objects {
		if u := asUnstructured(obj); u != nil && u.GetKind() == "ScaledObject" && u.GetNamespace() == namespace && u.GetName() == name {
			return u
		}
	}
	return nil
}
