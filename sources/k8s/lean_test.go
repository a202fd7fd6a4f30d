package k8s

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

var scaledObjects = schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}

// managed is what a real API server keeps of the managed fields of a
// ScaledObject that was applied and is being scaled.
const managed = `[{"apiVersion":"keda.sh/v1alpha1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:finalizers":{".":{},"v:\"finalizer.keda.sh\"":{}},` +
	`"f:labels":{".":{},"f:scaledobject.keda.sh/name":{}}}},"manager":"keda","operation":"Update","time":"2026-11-23T15:48:02Z"},` +
	`{"apiVersion":"keda.sh/v1alpha1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{".":{},"f:kubectl.kubernetes.io/last-applied-configuration":{}}},` +
	`"f:spec":{".":{},"f:advanced":{".":{},"f:horizontalPodAutoscalerConfig":{".":{},"f:behavior":{}}},"f:cooldownPeriod":{},"f:maxReplicaCount":{},"f:minReplicaCount":{},` +
	`"f:pollingInterval":{},"f:scaleTargetRef":{".":{},"f:name":{}},"f:triggers":{}}},"manager":"kubectl","operation":"Update","time":"2026-11-23T15:48:02Z"},` +
	`{"apiVersion":"keda.sh/v1alpha1","fieldsType":"FieldsV1","fieldsV1":{"f:status":{".":{},"f:authenticationsTypes":{},"f:conditions":{},"f:externalMetricNames":{},` +
	`"f:hpaName":{},"f:lastActiveTime":{},"f:originalReplicaCount":{},"f:scaleTargetGVKR":{".":{},"f:group":{},"f:kind":{},"f:resource":{},"f:version":{}},` +
	`"f:scaleTargetKind":{},"f:triggersActivity":{},"f:triggersTypes":{}}},"manager":"keda","operation":"Update","subresource":"status","time":"2026-11-23T15:50:02Z"}]`

// real gives the recorded ScaledObjects in the form in which an API server
// writes them: without spaces, the fields sorted.
func real(t testing.TB) [][]byte {
	t.Helper()
	files, err := filepath.Glob("../keda/testdata/scaledobject-*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no recorded ScaledObjects", err)
	}
	var out [][]byte
	for _, name := range files {
		data, err := os.ReadFile(name) //nolint:gosec // a name of our own
		if err != nil {
			t.Fatal(err)
		}
		var o map[string]any
		if err := json.Unmarshal(data, &o); err != nil {
			t.Fatal(err)
		}
		o["metadata"].(map[string]any)["managedFields"] = json.RawMessage(managed)
		if data, err = json.Marshal(o); err != nil {
			t.Fatal(err)
		}
		out = append(out, data)
	}
	return out
}

// answers gives a dynamic client of Clients to which every question is answered
// with the same status and body, and one of client-go's own.
func answers(t *testing.T, status int, body string) (lean, plain dynamic.ResourceInterface) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	_, d, err := Clients(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return d.Resource(scaledObjects), dynamic.NewForConfigOrDie(&rest.Config{Host: server.URL}).Resource(scaledObjects)
}

// kept is an object without what the lean decoder leaves out.
func kept(o unstructured.Unstructured) map[string]any {
	for _, name := range []string{"managedFields", "finalizers", "ownerReferences"} {
		unstructured.RemoveNestedField(o.Object, "metadata", name)
	}
	return o.Object
}

// Whatever the dynamic client of client-go makes of an answer, ours makes of
// it too.
func TestLeanDecodersAgree(t *testing.T) {
	objects := real(t)
	page := `{"apiVersion":"keda.sh/v1alpha1","items":[` + string(bytes.Join(objects, []byte(","))) +
		`],"kind":"ScaledObjectList","metadata":{"continue":"next","remainingItemCount":3,"resourceVersion":"77"}}`
	spaced := strings.Replace(page, `{"apiVersion"`, `{ "apiVersion"`, 1)
	for name, body := range map[string]string{"as the API server writes it": page, "in another form": spaced} {
		lean, plain := answers(t, http.StatusOK, body)
		got, err := lean.List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(name, err)
		}
		want, err := plain.List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if name == "as the API server writes it" {
			if got.Items[0].GetManagedFields() != nil {
				t.Error("managed fields were built: the lean decoder was not used")
			}
		}
		if d := cmp.Diff(want.Object, got.Object); d != "" {
			t.Errorf("%s: list: %s", name, d)
		}
		if len(got.Items) != len(want.Items) {
			t.Fatalf("%s: %d items, want %d", name, len(got.Items), len(want.Items))
		}
		for i := range want.Items {
			if d := cmp.Diff(kept(want.Items[i]), kept(got.Items[i])); d != "" {
				t.Errorf("%s: %s", name, d)
			}
		}
	}

	var stream strings.Builder
	for i, o := range objects {
		_, _ = fmt.Fprintf(&stream, `{"type":"%s","object":%s}`+"\n", []string{"ADDED", "MODIFIED", "DELETED"}[i%3], o)
	}
	stream.WriteString(`{ "object": ` + string(objects[0]) + `, "type": "MODIFIED" }` + "\n")
	stream.WriteString(`{"type":"BOOKMARK","object":{"apiVersion":"keda.sh/v1alpha1","kind":"ScaledObject","metadata":{"resourceVersion":"99"}}}` + "\n")
	stream.WriteString(`{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: 1 (2)","reason":"Expired","code":410}}` + "\n")
	lean, plain := answers(t, http.StatusOK, stream.String())
	got, want := events(t, lean), events(t, plain)
	if len(want) != len(objects)+3 {
		t.Fatalf("client-go saw %d events", len(want))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}

	lean, _ = answers(t, http.StatusForbidden, `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"no","reason":"Forbidden","code":403}`)
	if _, err := lean.List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Error("a refusal:", err)
	}
	for _, broken := range []string{`{"apiVersion":"keda.sh/v1alpha1","items":[{]`, `{"apiVersion":"keda.sh/v1alpha1","items":7}`, `{"apiVersion":"keda.sh/v1alpha1"}`, ``} {
		lean, _ = answers(t, http.StatusOK, broken)
		if _, err := lean.List(t.Context(), metav1.ListOptions{}); err == nil {
			t.Errorf("%q: no error", broken)
		}
	}
}

// events are what a watch gives until it ends.
func events(t *testing.T, client dynamic.ResourceInterface) []string {
	t.Helper()
	w, err := client.Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	var out []string
	for e := range w.ResultChan() {
		content := any(e.Object)
		if o, ok := e.Object.(*unstructured.Unstructured); ok {
			content = kept(*o)
		}
		data, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(e.Type)+" "+string(data))
	}
	return out
}

// A change of a ScaledObject, from the bytes of the connection to an object.
// KEDA makes one for each active ScaledObject at every poll.
func BenchmarkWatchScaledObject(b *testing.B) {
	event := []byte(`{"type":"MODIFIED","object":` + string(real(b)[0]) + "}\n")
	for name, client := range map[string]func(*rest.Config) (dynamic.Interface, error){
		"kscope":    func(c *rest.Config) (dynamic.Interface, error) { _, d, err := Clients(c); return d, err },
		"client-go": func(c *rest.Config) (dynamic.Interface, error) { return dynamic.NewForConfig(c) },
	} {
		b.Run(name, func(b *testing.B) {
			client, err := client(&rest.Config{Host: "http://none", Transport: answer(func() io.Reader { return &endless{event: event} })})
			if err != nil {
				b.Fatal(err)
			}
			w, err := client.Resource(scaledObjects).Watch(b.Context(), metav1.ListOptions{})
			if err != nil {
				b.Fatal(err)
			}
			defer w.Stop()
			b.SetBytes(int64(len(event)))
			b.ReportAllocs()
			for b.Loop() {
				if e := <-w.ResultChan(); e.Type != watch.Modified {
					b.Fatal(e)
				}
			}
		})
	}
}

// A page of 500 ScaledObjects.
func BenchmarkListScaledObjects(b *testing.B) {
	items := bytes.Join(slices.Repeat([][]byte{real(b)[0]}, 500), []byte(","))
	body := []byte(`{"apiVersion":"keda.sh/v1alpha1","items":[` + string(items) + `],"kind":"ScaledObjectList","metadata":{"resourceVersion":"77"}}`)
	for name, client := range map[string]func(*rest.Config) (dynamic.Interface, error){
		"kscope":    func(c *rest.Config) (dynamic.Interface, error) { _, d, err := Clients(c); return d, err },
		"client-go": func(c *rest.Config) (dynamic.Interface, error) { return dynamic.NewForConfig(c) },
	} {
		b.Run(name, func(b *testing.B) {
			client, err := client(&rest.Config{Host: "http://none", QPS: -1, Transport: answer(func() io.Reader { return bytes.NewReader(body) })})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.Resource(scaledObjects).List(b.Context(), metav1.ListOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// answer is a connection on which every question has the same answer.
type answer func() io.Reader

func (a answer) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(a()),
	}, nil
}

// endless is a stream that repeats an event.
type endless struct{ event, rest []byte }

func (e *endless) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		e.rest = e.event
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}
