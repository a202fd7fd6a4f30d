package sandbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	kjson "sigs.k8s.io/json"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/notes"
	kedaschema "github.com/kscope/kscope/sandbox/schema"
	"github.com/kscope/kscope/sandbox/world"
)

// read adds what a file has in it.
func (f file) read(to *contents) {
	docs, wrong := f.documents()
	for _, d := range docs {
		for _, part := range d.items() {
			if to.leaves(&part) {
				continue
			}
			obj, note, err := part.object()
			switch {
			case err != nil:
				wrong = append(wrong, allOf(err)...)
			case note.Says != "":
				to.notes = append(to.notes, note)
				if note.Says == forKustomize {
					to.patches = append(to.patches, part.patches()...)
				}
			default:
				if part.dumped {
					to.notes = append(to.notes, part.stays(obj)...)
				}
				to.found = append(to.found, loaded{obj: obj, from: part.origin()})
			}
		}
	}
	wrong = slices.DeleteFunc(wrong, func(err error) bool {
		r, ok := isTemplate(err)
		if ok {
			to.notes = append(to.notes, notes.Note{Weight: notes.Unplayed, Place: fmt.Sprintf("%s:%d", r.File, r.Line), Says: r.Text, Next: kscope.HintOf(err)})
		}
		return ok
	})
	slices.SortStableFunc(wrong, func(a, b error) int { return cmp.Compare(lineIn(a), lineIn(b)) })
	to.refused = append(to.refused, wrong...)
}

// items takes a list of objects apart, and lists in it; anything else is its own
// only item, and so is a list that has none. An item of a list of one kind need
// not say it again.
func (d document) items() []document { return d.itemsWithin(mostLists) }

// mostLists is how deep lists may lie in each other. Each is read again at every
// depth.
const mostLists = 10

func (d document) itemsWithin(depth int) []document {
	var list struct {
		metav1.TypeMeta
		Items []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(d.json, &list); err != nil || !strings.HasSuffix(list.Kind, "List") || len(list.Items) == 0 || depth == 0 {
		return []document{d} // what is wrong with it is said later
	}
	var out []document
	for i, item := range list.Items {
		part, path := d, fmt.Sprintf("items[%d]", i)
		at := d.at(path)
		part.line, part.column, part.json, part.root = at.Line, at.Column, item, nil
		part.within = strings.TrimPrefix(d.within+"."+path, ".")
		if kind := strings.TrimSuffix(list.Kind, "List"); kind != "" {
			part.json = completed(item, metav1.TypeMeta{Kind: kind, APIVersion: list.APIVersion})
		}
		if d.root != nil {
			if node, _ := child(d.root, "items", ""); node != nil {
				part.root, _ = child(node, "", fmt.Sprint(i))
			}
		}
		if part.root == nil {
			part.text = nil
		}
		out = append(out, part.itemsWithin(depth-1)...)
	}
	return out
}

// completed is an object that says of what type it is.
func completed(item json.RawMessage, typ metav1.TypeMeta) json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(item, &fields) != nil || fields == nil || fields["kind"] != nil || fields["apiVersion"] != nil {
		return item
	}
	fields["kind"], _ = json.Marshal(typ.Kind) // a string, as all of these
	fields["apiVersion"], _ = json.Marshal(typ.APIVersion)
	full, err := json.Marshal(fields)
	if err != nil {
		return item
	}
	return full
}

// quoteIt is what to do where YAML takes a text for something else.
func quoteIt(wrong *json.UnmarshalTypeError) string {
	if wrong.Type.Kind() == reflect.String && (wrong.Value == "bool" || strings.HasPrefix(wrong.Value, "number")) {
		return "put it in quotes: YAML takes y, no, on and numbers for what they are"
	}
	return ""
}

// listed is how many items a list has, -1 where they are none.
func (d document) listed() int {
	var list struct {
		Items []json.RawMessage `json:"items"`
	}
	if json.Unmarshal(d.json, &list) != nil {
		return -1
	}
	return len(list.Items)
}

// object decodes, checks and completes one object. It is nil, with a note, where
// there is nothing to play.
func (d document) object() (obj runtime.Object, note notes.Note, err error) {
	var head metav1.PartialObjectMetadata
	if err := json.Unmarshal(d.json, &head); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) && wrong.Field != "" {
			return nil, note, placedAt(d.at(wrong.Field), fmt.Sprintf("%s: want a %s, not a %s", wrong.Field, plainType(wrong.Type.Kind().String()), wrong.Value), quoteIt(wrong))
		}
		if note = d.elsewhere(schema.GroupVersionKind{}); note.Says != "" {
			return nil, note, nil
		}
		if head.Kind != "" {
			return nil, note, placedAt(d.at("metadata"), head.Kind+": "+err.Error(), "")
		}
		return nil, note, placedAt(d.at(""), "this is not a Kubernetes object", begins)
	}
	gvk := head.GroupVersionKind()
	if note = d.elsewhere(gvk); note.Says != "" {
		return nil, note, nil
	}
	switch {
	case head.Kind == "" || head.APIVersion == "":
		return nil, note, placedAt(d.at(""), "this is not a Kubernetes object: it has no apiVersion or no kind", begins)
	case strings.HasSuffix(head.Kind, "List") && d.listed() == 0:
		return nil, d.unplayed(fmt.Sprintf("the %s is empty", head.Kind), ""), nil
	case head.Kind == "List" && d.listed() < 0:
		return nil, note, placedAt(d.at("items"), "List: items: want a list", "")
	case head.Kind == "List":
		return nil, note, placedAt(d.at(""), fmt.Sprintf("a List within more than %d others is not read", mostLists-1), "")
	case head.Name == "":
		return nil, note, placedAt(d.at("metadata"), head.Kind+": metadata.name: Required value", "")
	}
	switch {
	case gvk.Group == kedaGroup:
		obj, err = d.kedaObject(gvk)
	case gvk == olderHPA:
		obj, err = d.olderHPA()
	case !scheme.Scheme.IsGroupRegistered(gvk.Group) && !slices.Contains(scalers, gvk.Kind): // another operator's, or a definition of such
		return nil, d.unplayed("accepted, but objects of "+gvk.Group+" are not played", "", kscope.ObjectRef{Kind: gvk.Kind, Namespace: head.Namespace, Name: head.Name}), nil
	default:
		obj, err = d.builtIn(gvk)
	}
	if err != nil {
		return nil, note, err
	}
	if !slices.Contains(played, gvk.Kind) && !d.dumped {
		if slices.Contains(quiet, gvk.Kind) {
			return obj, note, nil
		}
		return nil, d.unplayed("accepted, but objects of this kind are not played", "", refOf(obj)), nil
	}
	return obj, note, nil
}

func plainType(goKind string) string {
	switch goKind {
	case "struct", "map":
		return "map"
	case "slice":
		return "list"
	}
	return goKind
}

func (d document) unknown(gvk schema.GroupVersionKind) error {
	text := fmt.Sprintf("no matches for kind %q in version %q", gvk.Kind, gvk.GroupVersion())
	hint := "leave it out, or name the other files with -f; the sandbox knows the kinds of Kubernetes itself and " + kedaVersion
	for known := range scheme.Scheme.AllKnownTypes() {
		if known.Kind == gvk.Kind && known.Version != runtime.APIVersionInternal && known.Group == gvk.Group {
			text = fmt.Sprintf("%s of %s is not read here", gvk.Kind, gvk.GroupVersion())
			hint = "write it as " + preferred(gvk.GroupKind())
		}
	}
	if gvk.Group == "keda.k8s.io" {
		hint = "that is KEDA 1; KEDA 2 reads " + kedaVersion + ", see its migration guide"
	}
	if gvk.Group == kedaGroup {
		hint = "KEDA's kinds are ScaledObject, ScaledJob, TriggerAuthentication and ClusterTriggerAuthentication of " + kedaVersion
	}
	return placedAt(d.at("kind"), text, hint)
}

// builtIn decodes a kind of Kubernetes itself, as strictly as kubectl has the
// API server do it.
func (d document) builtIn(gvk schema.GroupVersionKind) (runtime.Object, error) {
	obj, err := scheme.Scheme.New(gvk)
	if err != nil || slices.Contains(played, gvk.Kind) && preferred(gvk.GroupKind()) != gvk.GroupVersion().String() {
		return nil, d.unknown(gvk)
	}
	return d.strictly(obj, gvk.Kind)
}

// strictly decodes, completes and checks an object of a type.
func (d document) strictly(obj runtime.Object, kind string) (runtime.Object, error) {
	if text := d.tooLong(); text != "" {
		return nil, d.refuse(d.called(kind), problem{text: fmt.Sprintf("%.40q is no quantity", text)})
	}
	strict, err := kjson.UnmarshalStrict(d.json, obj)
	if d.dumped {
		strict = nil // of another version, which has more fields
	}
	if err != nil && d.dumped { // a status of another version does not keep the rest
		err = json.Unmarshal(d.withoutStatus(), obj)
	}
	if err != nil {
		return nil, d.refuse(d.called(kind), decodeProblem(err))
	}
	m, err := meta.Accessor(obj)
	if err != nil {
		return nil, d.refuse(d.called(kind), problem{text: "it has no metadata"})
	}
	place(m, namespacedKind(kind))
	if len(strict) > 0 {
		return nil, d.refuseAll(refOf(obj), decodeProblems(strict))
	}
	if old, ok := obj.(*autoscalingv1.HorizontalPodAutoscaler); ok {
		obj = newerHPA(old)
	}
	if !d.dumped {
		forgetStatus(obj)
	}
	complete(obj)
	if p := check(obj); len(p) > 0 {
		return nil, d.refuseAll(refOf(obj), p)
	}
	return obj, nil
}

// exponent reports whether a number with an exponent of ten digits or more may stand in a
// text.
func exponent(text []byte) bool {
	for i := 0; ; {
		n := bytes.IndexAny(text[i:], "eE")
		if n < 0 {
			return false
		}
		i += n + 1
		digits := bytes.TrimLeft(text[i:min(i+64, len(text))], "+-0")
		end := bytes.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' })
		if end < 0 {
			end = len(digits)
		}
		if end > 9 || len(digits) == 0 && i+64 < len(text) {
			return true
		}
	}
}

// tooLong is a value that must not be read as a quantity; "" for none.
func (d document) tooLong() string {
	if !exponent(d.json) {
		return "" // as nearly always, which saves reading it all
	}
	for in := json.NewDecoder(bytes.NewReader(d.json)); ; {
		in.UseNumber()
		token, err := in.Token()
		if err != nil {
			return "" // whatever it is will be said
		}
		if text := fmt.Sprint(token); world.TooLong(text) {
			return text
		}
	}
}

func (d document) kedaObject(gvk schema.GroupVersionKind) (runtime.Object, error) {
	shape, ok := kedaschema.Of(gvk.Kind)
	if !ok || gvk.GroupVersion().String() != kedaVersion {
		return nil, d.unknown(gvk)
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(d.json); err != nil { // its metadata may still be anything
		return nil, d.refuse(d.called(gvk.Kind), decodeProblem(err))
	}
	var head metav1.PartialObjectMetadata
	if err := json.Unmarshal(d.json, &head); err != nil {
		return nil, d.refuse(d.called(gvk.Kind), decodeProblem(err))
	}
	place(u, namespacedKind(gvk.Kind))
	var wrong []problem
	for _, p := range shape.Check(u.Object) {
		if !d.dumped || !strings.Contains(p.Text, "unknown field ") {
			wrong = append(wrong, problem{p.Path, p.Text, p.Hint})
		}
	}
	if wrong = append(wrong, checkNames(u)...); len(wrong) > 0 {
		return nil, d.refuseAll(refOf(u), wrong)
	}
	if !d.dumped {
		delete(u.Object, "status") // the API server takes none from users
	}
	return u, nil
}

// place gives an object the namespace that kubectl would.
func place(m metav1.Object, namespaced bool) {
	switch {
	case !namespaced:
		m.SetNamespace("")
	case m.GetNamespace() == "":
		m.SetNamespace(metav1.NamespaceDefault)
	}
}

// namespacedKind knows the kinds that a cluster has only once; all others that
// are of use here live in namespaces.
func namespacedKind(kind string) bool {
	switch kind {
	case "Namespace", "ClusterTriggerAuthentication", "ClusterRole", "ClusterRoleBinding", "PersistentVolume", "StorageClass",
		"PriorityClass", "IngressClass", "Node", "RuntimeClass", "CSIDriver", "VolumeAttachment", "MutatingWebhookConfiguration",
		"ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "FlowSchema", "PriorityLevelConfiguration":
		return false
	}
	return true
}

var (
	quotedPath = regexp.MustCompile(`field "([^"]+)"`)
	goField    = regexp.MustCompile(`cannot unmarshal (\S+) into Go struct field (?:\w+)\.(\S+) of type (\S+)`)
)

func decodeProblems(errs []error) (out []problem) {
	for _, err := range errs {
		out = append(out, decodeProblem(err))
	}
	return out
}

// decodeProblem is an error of the JSON decoder in the words of a user.
func decodeProblem(err error) problem {
	text := err.Error()
	if m := quotedPath.FindStringSubmatch(text); m != nil {
		return problem{path: m[1], text: text, hint: "is it spelt right, and at the right depth?"}
	}
	if m := goField.FindStringSubmatch(text); m != nil {
		want := m[3][strings.LastIndexByte(m[3], '.')+1:]
		return problem{path: m[2], text: fmt.Sprintf("%s: want %s, not a %s", m[2], strings.TrimLeft(want, "*[]"), m[1])}
	}
	return problem{text: strings.TrimPrefix(text, "json: ")}
}
