// Package httpaddon measures the requests that are inside KEDA's HTTP add-on, by the
// triggers whose scaler that is, and sends it requests. It reads what the scaler of the
// add-on reads, which is what each interceptor counts, and not the scaler.
package httpaddon

import (
	"cmp"
	"context"
	"net"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// New is the protocol of the HTTP add-on. Beside what triggers say, it takes these
// parameters from who reads the InterceptorRoute or HTTPScaledObject that a trigger names,
// all optional but the first:
//
//	routeNamespace      the namespace of the route; needed where the backlog does not tell
//	interceptors        host:port of the admin port of each interceptor that is ready, by
//	                    commas; without it one of them is asked, by the Service
//	interceptorAdmin    host:port of the Service of these
//	interceptorProxy    host:port of the Service that takes requests
//	hosts               of the first rule, by commas; "*" where the rule names none; absent
//	                    where there is no rule
//	pathPrefixes        of the first rule, by commas
//	headers             of the first rule, a line each: "name: value", or the name alone
//	targetService       that the route leads to; absent while the route was not read
//	targetPort          of that
//	scalingConcurrency  target of its concurrency; for an HTTPScaledObject its
//	                    targetPendingRequests, or 100, where it names neither metric
//	scalingRate         target of its requestRate
//	scalingWindow       of that; 1m where absent
//	scalingGranularity  of that; 1s where absent
func New() protocol.Protocol { return routes{} }

type routes struct{}

// Pace is that of the add-on's own scaler.
func (routes) Pace(triggers.Parameters) time.Duration { return 500 * time.Millisecond }

// Renew says how soon another interceptor is seen, and a change of a route.
func (routes) Renew(triggers.Parameters) time.Duration { return 15 * time.Second }

// Key is the add-on. Which interceptors it has may change, and is not part of it.
func (routes) Key(p triggers.Parameters) (string, error) {
	if triggers.HTTPRoute(p.Values) == "" {
		return "", &kscope.Trouble{Message: "the trigger names no route of the HTTP add-on", Hint: "give it interceptorRoute, or httpScaledObject"}
	}
	if p.Text("scalerAddress") == "" && (p.Text("interceptorAdmin") == "" || p.Text("interceptorProxy") == "") {
		return "", &kscope.Trouble{Message: "the trigger names no scaler", Hint: "give it scalerAddress: keda-add-ons-http-external-scaler.keda:9090"}
	}
	return p.Key("scalerAddress", "interceptorAdmin", "interceptorProxy"), nil
}

// Connect makes a client, which connects when asked.
func (routes) Connect(_ context.Context, p triggers.Parameters, dial protocol.Dial) (protocol.Client, error) {
	c := &client{pods: map[string]*pod{}, routes: map[string]*route{}, sender: newSender(dial, proxyOf(p))}
	c.admin = protocol.NewWeb(func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err == nil {
			c.dialled(address)
		}
		return conn, err
	}, nil)
	c.admin.CheckRedirect = stay
	return c, nil
}

// The names that the chart of the add-on gives its Services, but for what is in front.
const (
	scalerName = "-external-scaler"
	adminName  = "-interceptor-admin:9090"
	proxyName  = "-interceptor-proxy:8080"
	chartName  = "keda-add-ons-http"
)

// adminOf is where interceptors tell what they count, proxyOf where they take requests. A
// trigger knows the scaler alone; they are in its namespace, as the add-on wants it.
func adminOf(p triggers.Parameters) string {
	return cmp.Or(p.Text("interceptorAdmin"), beside(p.Text("scalerAddress"), adminName))
}

func proxyOf(p triggers.Parameters) string {
	return cmp.Or(p.Text("interceptorProxy"), beside(p.Text("scalerAddress"), proxyName))
}

// beside is another Service of the installation that the scaler is of. The scaler is
// NAME.NAMESPACE:PORT, perhaps with a scheme, and with a domain behind.
func beside(scaler, service string) string {
	if _, after, ok := strings.Cut(scaler, "://"); ok {
		scaler = strings.TrimLeft(after, "/") // dns:///NAME
	}
	if host, _, err := net.SplitHostPort(scaler); err == nil {
		scaler = host
	}
	name, rest, dotted := strings.Cut(scaler, ".")
	front, ok := strings.CutSuffix(name, scalerName)
	if !ok {
		front = chartName
	}
	suffix, port, _ := strings.Cut(service, ":")
	if dotted {
		suffix += "." + strings.TrimSuffix(rest, ".")
	}
	return net.JoinHostPort(front+suffix, port)
}

// routeOf is what interceptors call the route of a trigger.
func routeOf(q protocol.Queue) (string, error) {
	namespace := cmp.Or(q.Text(triggers.RouteNamespace), triggers.WorkOf(q.Backlog).Metadata[triggers.RouteNamespace])
	if namespace == "" {
		return "", &kscope.Trouble{Message: "the namespace of the route is not known"}
	}
	return namespace + "/" + triggers.HTTPRoute(q.Values), nil
}

var (
	_ protocol.Renewing = routes{}
	_ protocol.Pusher   = (*client)(nil)
)
