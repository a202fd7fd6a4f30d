package k8s

import (
	"bytes"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	kjson "sigs.k8s.io/json"
)

// KEDA's objects come as JSON, and KEDA writes the status of each active one at
// every poll. client-go's dynamic client goes over such an event nine times
// (once per question: where does it end, what is it, is it a list), and builds
// the managed fields, half of the object, that nobody here reads. The decoders
// below take what the API server writes in its usual form in one go, and leave
// everything else to client-go's.

// withLeanDecoders makes the dynamic client decode KEDA's objects to their
// name, labels, annotations and the like, their spec and their status: no
// managed fields, nothing else. Other kinds are decoded as always.
func withLeanDecoders(cfg *rest.Config) *rest.Config {
	c := dynamic.ConfigFor(cfg)
	c.NegotiatedSerializer = leanSerializer{c.NegotiatedSerializer}
	return c
}

type leanSerializer struct{ runtime.NegotiatedSerializer }

func (s leanSerializer) SupportedMediaTypes() []runtime.SerializerInfo {
	types := s.NegotiatedSerializer.SupportedMediaTypes()
	out := make([]runtime.SerializerInfo, len(types))
	for i, info := range types {
		if info.MediaType == runtime.ContentTypeJSON {
			stream := *info.StreamSerializer
			stream.Serializer = leanEvents{stream.Serializer}
			info.StreamSerializer = &stream
			info.Serializer = leanObjects{info.Serializer}
		}
		out[i] = info
	}
	return out
}

// leanEvents takes the envelope off an event of a watch without looking into
// the letter.
type leanEvents struct{ runtime.Serializer }

func (l leanEvents) Decode(data []byte, gvk *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	event, ok := into.(*metav1.WatchEvent)
	rest, isEvent := bytes.CutPrefix(bytes.TrimSpace(data), []byte(`{"type":"`))
	kind, object, isWhole := bytes.Cut(rest, []byte(`","object":`))
	if !ok || !isEvent || !isWhole || !bytes.HasPrefix(object, []byte("{")) || !bytes.HasSuffix(object, []byte("}")) || bytes.ContainsFunc(kind, func(r rune) bool { return r < 'A' || r > 'Z' }) {
		return l.Serializer.Decode(data, gvk, into)
	}
	event.Type = string(kind)
	event.Object.Raw = object[:len(object)-1]
	return event, gvk, nil
}

// leanObjects decodes an object or a list of KEDA's.
type leanObjects struct{ runtime.Serializer }

// keda is how every object of KEDA's begins: the API server sorts the fields.
var keda = []byte(`{"apiVersion":"keda.sh/`)

func (l leanObjects) Decode(data []byte, gvk *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	if bytes.HasPrefix(data, keda) {
		if out := decodeLean(data, into); out != nil {
			gvk := out.GetObjectKind().GroupVersionKind()
			return out, &gvk, nil
		}
	}
	return l.Serializer.Decode(data, gvk, into)
}

// decodeLean is nil for what is not in the usual form.
func decodeLean(data []byte, into runtime.Object) runtime.Object {
	switch into := into.(type) {
	case nil:
		return decodeLean(data, &unstructured.Unstructured{})
	case *unstructured.Unstructured:
		var from leanObject
		if kjson.UnmarshalCaseSensitivePreserveInts(data, &from) == nil && from.Items == nil && from.named() {
			from.to(into)
			return into
		}
	case *unstructured.UnstructuredList:
		var from leanList
		if kjson.UnmarshalCaseSensitivePreserveInts(data, &from) == nil && from.to(into) {
			return into
		}
	}
	return nil
}

// leanObject has the fields of an object that are kept.
type leanObject struct {
	APIVersion *string `json:"apiVersion"`
	Kind       *string `json:"kind"`
	Metadata   struct {
		Name              any `json:"name"`
		Namespace         any `json:"namespace"`
		UID               any `json:"uid"`
		ResourceVersion   any `json:"resourceVersion"`
		Generation        any `json:"generation"`
		CreationTimestamp any `json:"creationTimestamp"`
		DeletionTimestamp any `json:"deletionTimestamp"`
		Labels            any `json:"labels"`
		Annotations       any `json:"annotations"`
	} `json:"metadata"`
	Spec   any `json:"spec"`
	Status any `json:"status"`
	Items  any `json:"items"` // that it has none
}

// named reports whether an object says of what kind it is, as the API server always
// does; client-go knows of what kind others are.
func (from *leanObject) named() bool { return saysWhat(from.APIVersion, from.Kind) }

func saysWhat(apiVersion, kind *string) bool {
	if apiVersion == nil || kind == nil || *apiVersion == "" || *kind == "" {
		return false
	}
	_, err := schema.ParseGroupVersion(*apiVersion)
	return err == nil
}

func (from *leanObject) to(o *unstructured.Unstructured) {
	m := from.Metadata
	o.Object = present(map[string]any{
		"apiVersion": *from.APIVersion, "kind": *from.Kind, "spec": from.Spec, "status": from.Status,
		"metadata": present(map[string]any{
			"name": m.Name, "namespace": m.Namespace, "uid": m.UID,
			"resourceVersion": m.ResourceVersion, "generation": m.Generation,
			"creationTimestamp": m.CreationTimestamp, "deletionTimestamp": m.DeletionTimestamp,
			"labels": m.Labels, "annotations": m.Annotations,
		}),
	})
}

// present drops the fields that the object does not have.
func present(fields map[string]any) map[string]any {
	maps.DeleteFunc(fields, func(_ string, value any) bool { return value == nil })
	return fields
}

// leanList is a page of a list.
type leanList struct {
	APIVersion *string        `json:"apiVersion"`
	Kind       *string        `json:"kind"`
	Metadata   map[string]any `json:"metadata"`
	Items      []leanObject   `json:"items"`
}

// to is false where an item is not in the usual form.
func (from *leanList) to(list *unstructured.UnstructuredList) bool {
	if !saysWhat(from.APIVersion, from.Kind) || from.Items == nil || slices.ContainsFunc(from.Items, func(o leanObject) bool { return !o.named() }) {
		return false
	}
	list.Object = map[string]any{"apiVersion": *from.APIVersion, "kind": *from.Kind, "metadata": from.Metadata}
	list.Items = make([]unstructured.Unstructured, len(from.Items))
	for i := range from.Items {
		from.Items[i].to(&list.Items[i])
	}
	return true
}
