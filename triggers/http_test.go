package triggers

import (
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
