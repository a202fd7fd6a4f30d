package triggers

import (
	"slices"
	"testing"

	"github.com/kscope/kscope"
)

// Routes are told apart by their namespaces, are at one server whatever they are, and are
// the same whoever's trigger names them; what another external scaler counts is nobody's.
func TestHTTPRoutes(t *testing.T) {
	of := func(typ, namespace, object string, metadata map[string]string) kscope.Backlog {
		metadata["scalerAddress"] = "keda-add-ons-http-external-scaler.keda:9090"
		b, _ := WorkBacklog(typ, metadata, metadata, Origin{Object: kscope.Ref{Namespace: namespace, Name: object}})
		return b
	}
	web := of("external-push", "demo", "a", map[string]string{"interceptorRoute": "web"})
	if web.Broker != "http" || web.Name != "web" || web.Server != "keda-add-ons-http-external-scaler.keda:9090" {
		t.Errorf("got %+v", web)
	}
	if w := WorkOf(web); !w.Resolve || w.Own != "demo/web" || w.Metadata[RouteNamespace] != "demo" {
		t.Errorf("got %+v", w)
	}
	if other := of("external-push", "shop", "a", map[string]string{"interceptorRoute": "web"}); other == web || other.Server != web.Server {
		t.Errorf("in another namespace: %+v", other)
	}
	if same := of("external-push", "demo", "b", map[string]string{"interceptorRoute": "web"}); same != web {
		t.Errorf("by another object: %+v", same)
	}
	if old := of("external", "demo", "a", map[string]string{"httpScaledObject": "shop"}); old.Name != "shop" {
		t.Errorf("of an HTTPScaledObject: %+v", old)
	}
	if none := of("external", "demo", "a", map[string]string{"queue": "web"}); none != (kscope.Backlog{}) {
		t.Errorf("of another scaler: %+v", none)
	}
}

// The metrics of a trigger are those of its position, of which a route has two.
func TestMetricNames(t *testing.T) {
	so := kscope.ScaledObject{ExternalMetricNames: []string{"s0-http_web_concurrency", "s0-http_web_rate", "s10-prometheus", "s1-http-demo_002Fshop"}}
	for i, want := range map[int][]string{0: {"s0-http_web_concurrency", "s0-http_web_rate"}, 1: {"s1-http-demo_002Fshop"}, 2: nil, 10: {"s10-prometheus"}} {
		if got := MetricNames(so, i); !slices.Equal(got, want) {
			t.Errorf("of trigger %d: %q, want %q", i, got, want)
		}
	}
}

// An external scaler names its metrics itself; those of the add-on are known.
func TestMetricOfARoute(t *testing.T) {
	push, _ := TypeOf("external-push")
	for want, metadata := range map[string]map[string]string{
		"s0-http_web-v2_concurrency": {"interceptorRoute": " web.v2 "},
		"s0-http-demo_002Fshop":      {"httpScaledObject": "shop", RouteNamespace: "demo"},
		"s0-external-push":           {"scalerAddress": "mine:9090"},
	} {
		if got := push.MetricFor(0, metadata); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
