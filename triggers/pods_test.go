package triggers

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/kscope/kscope"
)

// podLabels are those that selectors are tried on.
var podLabels = []map[string]string{
	nil, {"app": "x"}, {"app": "y", "tier": "1"}, {"tier": "7"}, {"app": "", "tier": "a"}, {"example.com/app": "x", "in": "in"},
}

// sameAsAPI fails where a selector is read otherwise than by the API's own parser.
func sameAsAPI(t *testing.T, text string) {
	t.Helper()
	if strings.TrimSpace(text) == "" { // it finds all there, and KEDA takes none
		return
	}
	want, wantErr := labels.Parse(text)
	got, err := parseSelector(text)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%q: %v, by the API %v", text, err, wantErr)
	}
	for _, on := range podLabels {
		if err == nil && got.Matches(on) != want.Matches(labels.Set(on)) {
			t.Errorf("%q finds %v: %v, by the API %v", text, on, got.Matches(on), want.Matches(labels.Set(on)))
		}
	}
}

var selectors = []string{
	"app", "!app", "! app", "app=x", "app==x", "app = x", "app!=x", "app=", "app in (x)", "app in(x, y)", "app in ()", "app in (x,)", "app in (,x)", "app in (x,,y)",
	"app notin (x,y),tier", "tier>1", "tier<2", "tier>a", "tier>", "app=x,tier=1", "app=x,", ",app=x", "app=x tier=1", "app in x", "app notinx (x)", "app in (x", "app in x)",
	"example.com/app=x", "Example.com/app=x", "app=-x", "app=x y", "!app=x", "in in (in)", "in", "app in (x) y", "app=(x)", "a/b/c=d", "app=x,!tier,in notin (a)", "app=>x", "tier > 1",
}

func TestSelector(t *testing.T) {
	for _, text := range selectors {
		sameAsAPI(t, text)
	}
}

func FuzzSelector(f *testing.F) {
	for _, text := range selectors {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if kscope.Clean(text) != text || len(text) > 60 { // the rest is no key's or value's length any more
			return
		}
		sameAsAPI(t, text)
	})
}

func TestPodsOf(t *testing.T) {
	trigger := func(metadata ...string) kscope.Trigger {
		out := kscope.Trigger{Type: "kubernetes-workload", Metadata: map[string]string{}}
		for i := 0; i < len(metadata); i += 2 {
			out.Metadata[metadata[i]] = metadata[i+1]
		}
		return out
	}
	p, selector, ok := PodsOf("demo", trigger("podSelector", " app=x ", "value", "2", "groupByNode", "true"))
	if want := (Pods{"demo", "app=x", true}); !ok || p != want || len(selector) != 1 {
		t.Errorf("%+v, %v, %v", p, selector, ok)
	}
	if back, ok := CountedPods(p.Backlog()); !ok || back != p {
		t.Errorf("there and back: %+v, %v", back, ok)
	}
	for _, refused := range []kscope.Trigger{
		trigger("podSelector", "app=x"), trigger("podSelector", "app=x", "value", "0"), trigger("podSelector", "app=", "value", "-1"),
		trigger("podSelector", "", "value", "1"), trigger("podSelector", "app in", "value", "1"), trigger("podSelector", "app", "value", "1", "groupByNode", "yes"), {Type: "cron"},
	} {
		if p, _, ok := PodsOf("demo", refused); ok {
			t.Errorf("%v counts %+v", refused.Metadata, p)
		}
	}
	if _, ok := CountedPods(kscope.Backlog{Broker: "redis"}); ok {
		t.Error("a list counts pods")
	}
}
