package k8s

import (
	"encoding/json"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	kjson "sigs.k8s.io/json"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/texttest"
)

// observed is what an object that has a form in protobuf is translated to, and to
// what after it travelled as that; false if the JSON is none.
func observed[T any, P interface {
	*T
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
}](t *testing.T, text string, observe func(P) kscope.Fact) (fact kscope.Fact, ok bool) {
	object := P(new(T))
	if json.Unmarshal([]byte(text), object) != nil {
		return nil, false
	}
	fact = observe(object)
	if again := observe(object); !reflect.DeepEqual(again, fact) {
		t.Errorf("not the same twice:\n%+v\n%+v", fact, again)
	}
	wire, err := object.Marshal()
	if err != nil {
		return fact, true // what cannot travel comes from nowhere
	}
	came := P(new(T))
	if err := came.Unmarshal(wire); err != nil {
		return fact, true
	}
	observe(came)
	return fact, true
}

// FuzzObjects: an object of any shape is translated without harm, always alike,
// and into what can be shown and reckoned with.
func FuzzObjects(f *testing.F) {
	for _, name := range []string{"pods-failing.json", "pods-scaling-up.json", "pods-terminating.json", "events-fallback.json"} {
		list := recorded[struct{ Items []json.RawMessage }](f, name)
		for i, item := range list.Items[:min(len(list.Items), 6)] {
			f.Add(byte(i%2*4), string(item))
		}
	}
	const odd = `"metadata":{"name":"\u001b[2J","namespace":"\u0007","uid":"\u009b","labels":{"a\u001b[m":"b","a":"\u202e"},"ownerReferences":[{"controller":true,"uid":"\u0001"}],"managedFields":[{"manager":"\u001b[m","fieldsV1":{"f:spec":{"f:replicas":{}}}},{"manager":"k","subresource":"scale","fieldsV1":{"f:spec":{"f:replicas":{}}},"time":"2026-01-02T03:04:05Z"}]}`
	for kind, rest := range []string{
		`"spec":{"nodeName":"\u0000","initContainers":[{"name":"i","restartPolicy":"Always"}]},"status":{"phase":"\u0002","conditions":[{"type":"PodScheduled","status":"False","reason":"\u0003","message":"\u0004"}],"initContainerStatuses":[{"name":"i","state":{"running":{}}}],"containerStatuses":[{"name":"\u0005","restartCount":2147483647,"state":{"terminated":{"exitCode":1,"reason":"\u0006","message":"\u0007"}}}]}`,
		`"spec":{"replicas":-1,"selector":{"matchLabels":{"\u0001":"\u0002"},"matchExpressions":[{"key":"\u0003","operator":"\u0004","values":["\u0005"]}]},"template":{"spec":{"containers":[{"image":"\u0006"}]}}},"status":{"conditions":[{"type":"\u0007"}]}`,
		`"spec":{"template":{}},"status":{"replicas":-5,"conditions":[{"reason":"\u0001"}]}`,
		`"spec":{"metrics":[{"type":"External","external":{"metric":{"name":"\u0001"},"target":{"type":"AverageValue","averageValue":"5e300"}}},{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":-7}}}],"behavior":{"scaleUp":{"selectPolicy":"\u0002","tolerance":"1n","policies":[{"type":"\u0003","value":-1,"periodSeconds":-1}]},"scaleDown":{"stabilizationWindowSeconds":-1}}},"status":{"currentMetrics":[{"type":"External","external":{"metric":{"name":"\u0001"},"current":{"averageValue":"-9223372036854775808m"}}}],"conditions":[{}]}`,
		`"involvedObject":{"kind":"\u0001","name":"\u0002"},"reason":"\u0003","message":"\u0004","source":{"component":"\u0005"},"count":-3,"series":{"count":2147483647}`,
		`"regarding":{"kind":"\u0001","namespace":"\u0002"},"reason":"\u0003","note":"\u0004","reportingController":"\u0005","deprecatedCount":-3`,
		`"spec":{"replicas":9223372036854775807},"status":{"replicas":-1,"selector":"a=b,c in (d,e),!f,g notin (h)"}`,
		`"spec":{"replicas":1.5},"status":{"selector":"a>1"}`,
	} {
		f.Add(byte(kind), "{"+odd+","+rest+"}")
	}
	f.Fuzz(func(t *testing.T, kind byte, text string) {
		var fact kscope.Fact
		var ok bool
		switch kind % 8 {
		case 0:
			fact, ok = observed(t, text, func(p *corev1.Pod) kscope.Fact { return observePod(p) })
		case 1:
			fact, ok = observed(t, text, func(d *appsv1.Deployment) kscope.Fact { return observeDeployment(d) })
		case 2:
			fact, ok = observed(t, text, func(s *appsv1.StatefulSet) kscope.Fact { return observeStatefulSet(s) })
		case 3:
			fact, ok = observed(t, text, func(h *autoscalingv2.HorizontalPodAutoscaler) kscope.Fact { return observeHPA(h) })
		case 4:
			fact, ok = observed(t, text, func(e *corev1.Event) kscope.Fact { return observeCoreEvent(e) })
		case 5:
			fact, ok = observed(t, text, func(e *eventsv1.Event) kscope.Fact { return observeEvent(e) })
		default:
			u := &unstructured.Unstructured{}
			if ok = kjson.UnmarshalCaseSensitivePreserveInts([]byte(text), &u.Object) == nil; ok {
				fact = observeScale(observeTarget(scaleKind{"example.com/v1", "Thing"}, u), u)
			}
		}
		if !ok {
			return
		}
		texttest.Clean(t, fact)
		sensible(t, fact)
	})
}

// sensible: numbers are such as can be reckoned with.
func sensible(t *testing.T, fact kscope.Fact) {
	switch f := fact.(type) {
	case kscope.Pod:
		if f.Ready && (f.Reason != "" || f.Message != "") || f.Node != "" && !f.Scheduled || f.State().String() == "" {
			t.Errorf("%+v", f)
		}
	case kscope.HPA:
		for _, m := range f.Metrics {
			if math.IsNaN(m.Target) || math.Abs(m.Target) >= nonsense || m.Current != nil && (math.IsNaN(*m.Current) || math.Abs(*m.Current) >= nonsense) {
				t.Errorf("%+v", m)
			}
		}
	case kscope.Event:
		if f.Count < 1 || f.First.After(f.Last) && !f.Last.IsZero() {
			t.Errorf("%+v", f)
		}
	case kscope.Workload:
		if f.APIVersion == "example.com/v1" && (f.Desired < 0 || f.Current < 0) {
			t.Errorf("%+v", f)
		}
	}
}

// leanly is what is kept of an object that client-go decoded.
func leanly(o map[string]any) map[string]any {
	keep := func(from map[string]any, names ...string) map[string]any {
		out := map[string]any{}
		for _, name := range names {
			if v, ok := from[name]; ok && v != nil {
				out[name] = v
			}
		}
		return out
	}
	out := keep(o, "apiVersion", "kind", "spec", "status")
	m, _ := o["metadata"].(map[string]any)
	out["metadata"] = keep(m, "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "labels", "annotations")
	return out
}

// FuzzLean: of any bytes the lean decoders make what client-go makes of them.
func FuzzLean(f *testing.F) {
	for _, o := range real(f) {
		f.Add(o)
		f.Add([]byte(`{"apiVersion":"keda.sh/v1alpha1","items":[` + string(o) + `],"kind":"ScaledObjectList","metadata":{"resourceVersion":"77"}}`))
		f.Add([]byte(`{"type":"MODIFIED","object":` + string(o) + `}`))
	}
	for _, s := range []string{
		`{"apiVersion":"keda.sh/v1","kind":"A","metadata":"x"}`, `{"apiVersion":"keda.sh/v1","kind":"A","items":[]}`, `{"apiVersion":"keda.sh/v1","kind":"AList","items":[{"metadata":{"name":"a"}}]}`,
		`{"apiVersion":"keda.sh/v1","kind":"A","apiVersion":null}`, `{"apiVersion":"keda.sh/v1","kind":"A","kind":7}`, `{"apiVersion":"keda.sh/v1","kind":"AList","items":[null,{"items":[1]}]}`,
		`{"apiVersion":"keda.sh/v1","kind":"A","Spec":1,"spec":2,"spec":{}}`, `{"type":"A","object":{},"x":1}`, `{"type":"A","object":{},"object":{"a":1}}`, `{"type":"ERROR","object":null}`, "{\"type\":\"\\u0041\",\"object\":1}\n",
	} {
		f.Add([]byte(s))
	}
	find := func(c *rest.Config) runtime.SerializerInfo {
		types := c.NegotiatedSerializer.SupportedMediaTypes()
		return types[slices.IndexFunc(types, func(i runtime.SerializerInfo) bool { return i.MediaType == runtime.ContentTypeJSON })]
	}
	ours, theirs := find(withLeanDecoders(&rest.Config{})), find(dynamic.ConfigFor(&rest.Config{}))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, empty := range []func() runtime.Object{
			func() runtime.Object { return nil }, func() runtime.Object { return &unstructured.Unstructured{} }, func() runtime.Object { return &unstructured.UnstructuredList{} },
		} {
			got, gvk, err := ours.Serializer.Decode(slices.Clone(data), nil, empty())
			want, wantGVK, wantErr := theirs.Serializer.Decode(slices.Clone(data), nil, empty())
			if (err == nil) != (wantErr == nil) {
				t.Fatalf("%T: %v, client-go %v", empty(), err, wantErr)
			}
			if err != nil {
				continue
			}
			if reflect.TypeOf(got) != reflect.TypeOf(want) || *gvk != *wantGVK {
				t.Fatalf("%T: %T %v, client-go %T %v", empty(), got, gvk, want, wantGVK)
			}
			switch want := want.(type) {
			case *unstructured.Unstructured:
				if d := cmp.Diff(leanly(want.Object), leanly(got.(*unstructured.Unstructured).Object)); d != "" {
					t.Error(d)
				}
			case *unstructured.UnstructuredList:
				got := got.(*unstructured.UnstructuredList)
				if want.GetResourceVersion() != got.GetResourceVersion() || want.GetContinue() != got.GetContinue() || len(want.Items) != len(got.Items) {
					t.Fatalf("%v, client-go %v", got, want)
				}
				for i := range want.Items {
					if d := cmp.Diff(leanly(want.Items[i].Object), leanly(got.Items[i].Object)); d != "" {
						t.Error(d)
					}
				}
			}
		}
		if !json.Valid(data) {
			return // nothing of the kind comes out of a stream
		}
		var got, want metav1.WatchEvent
		_, _, err := ours.StreamSerializer.Decode(slices.Clone(data), nil, &got)
		_, _, wantErr := theirs.StreamSerializer.Decode(slices.Clone(data), nil, &want)
		if err == nil && json.Valid(got.Object.Raw) && (wantErr != nil || got.Type != want.Type || strings.TrimSpace(string(got.Object.Raw)) != strings.TrimSpace(string(want.Object.Raw))) {
			t.Errorf("the event %q %s, client-go %v %q %s", got.Type, got.Object.Raw, wantErr, want.Type, want.Object.Raw)
		}
		if err != nil && wantErr == nil {
			t.Errorf("no event: %v", err)
		}
	})
}

// longExponent is one that the library takes for what is left of it in 32 bits.
var longExponent = regexp.MustCompile(`[eE][+-]?0*[1-9][0-9]{9}`)

// FuzzQuantities: a quantity is the number that its digits and its suffix say.
func FuzzQuantities(f *testing.F) {
	for _, s := range []string{"5", "1500m", "1k", "2Gi", "1e3", "0.1", "-3", "1n", "9E", "99999999999999999999", "5e300"} {
		f.Add(s)
	}
	factors := map[string]float64{"": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
		"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "Pi": 1 << 50, "Ei": 1 << 60}
	f.Fuzz(func(t *testing.T, text string) {
		if longExponent.MatchString(text) {
			return // over some of these the library computes for minutes, as in the API server before
		}
		var target autoscalingv2.MetricTarget
		quoted, _ := json.Marshal(text)
		if json.Unmarshal([]byte(`{"type":"AverageValue","averageValue":`+string(quoted)+`}`), &target) != nil || target.AverageValue == nil {
			return
		}
		digits := strings.TrimRight(text, "numkKMGTPEi")
		factor, known := factors[text[len(digits):]]
		var number float64
		if json.Unmarshal([]byte(strings.TrimPrefix(digits, "+")), &number) != nil || !known {
			return // written in a way that JSON does not know
		}
		want, got := number*factor, pick(target.Type, target.AverageValue, nil, nil)
		near := func(v float64) bool { return math.Abs(v-want) <= 1e-9+1e-12*math.Abs(want) } // it is rounded up to billionths
		switch {
		case math.Abs(want) >= nonsense*1.001 && got != nil, math.Abs(want) < nonsense*0.999 && (got == nil || !near(*got)):
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	})
}
