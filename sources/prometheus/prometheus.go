// Package prometheus asks Prometheus, and what answers as it does, the queries that
// triggers of type prometheus name. A query is somebody's, and may be dear: it is asked
// no more often than KEDA asks it. Nothing can be put in: a metric has no queue.
package prometheus

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// New is the protocol of Prometheus.
func New() protocol.Protocol { return queries{} }

type queries struct{}

// Key is the server with all that says who asks.
func (queries) Key(p triggers.Parameters) (string, error) {
	if _, err := serverOf(p); err != nil {
		return "", err
	}
	return p.Key("serverAddress", "authModes", "unsafeSsl", "bearerToken", "username", "password", "ca", "cert", "key",
		"customAuthHeader", "customAuthValue", "oauthTokenURI", "clientID", "clientSecret", "scopes", "endpointParams"), allowed(p)
}

// Pace is KEDA's.
func (queries) Pace(p triggers.Parameters) time.Duration { return p.Polling }

// Connect gets ready; what connects is the first query.
func (queries) Connect(_ context.Context, p triggers.Parameters, dial protocol.Dial) (protocol.Client, error) {
	server, err := serverOf(p)
	if err != nil {
		return nil, err
	}
	config, err := tlsOf(p)
	if err != nil {
		return nil, err
	}
	c := &client{server: server, as: p}
	c.web = protocol.NewWeb(func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		c.away.Store(err != nil)
		return conn, err
	}, config)
	c.card = kscope.Connection{Address: hostPort(server), User: userOf(p)}
	if server.Scheme == "https" {
		c.card.TLS = protocol.TLSWords(config)
	}
	return c, nil
}

// serverOf is the server's address, to which KEDA appends the path of the API.
func serverOf(p triggers.Parameters) (*url.URL, error) {
	text := p.Text("serverAddress")
	if text == "" {
		return nil, &kscope.Trouble{Message: "the trigger names no server", Hint: "give it serverAddress: http://HOST:PORT"}
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, &kscope.Trouble{Message: "serverAddress is not a URL of http or https", Hint: "write it as http://HOST:PORT"}
	}
	return u, nil
}

func hostPort(u *url.URL) string {
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme]))
}

// together is how many queries are asked at a time.
const together = 4

// client is one server, as one user.
type client struct {
	server *url.URL
	web    *protocol.Web
	as     triggers.Parameters // of the first query, for who asks
	token  *oauth2.Token       // nil before the first
	card   kscope.Connection
	asked  bool        // for its version
	away   atomic.Bool // it was not reached
}

// Describe says what is known without asking.
func (c *client) Describe() kscope.Connection { return c.card }

// Close hangs up.
func (c *client) Close() { c.web.Close() }

// request is a query as it is sent, for all triggers that ask the same.
type request struct {
	at      string
	header  http.Header
	timeout time.Duration // zero for that of the look
	result  result
	err     error
}

// Measure asks each query once, some of them at a time.
func (c *client) Measure(ctx context.Context, queues []protocol.Queue, readings []broker.Reading) error {
	login, err := c.login(ctx)
	if err != nil {
		return err
	}
	requests := map[string]*request{}
	of := make([]*request, len(queues))
	for i, q := range queues {
		key := q.Key("query", "queryParameters", "namespace", "customHeaders", "timeout")
		if of[i] = requests[key]; of[i] == nil {
			of[i] = newRequest(q.Parameters, time.Now(), login)
			requests[key] = of[i]
		}
	}
	var all sync.WaitGroup
	turn := make(chan struct{}, together)
	var unreached atomic.Pointer[error] // which goes for all that were not asked yet
	for _, r := range requests {
		turn <- struct{}{}
		if err := unreached.Load(); err != nil {
			r.err = *err
			<-turn
			continue
		}
		all.Go(func() {
			if c.ask(ctx, r); r.err != nil && c.away.Load() && !errors.Is(r.err, errOwn) {
				unreached.Store(&r.err)
			}
			<-turn
		})
	}
	all.Wait()
	if err := refusal(of); err != nil {
		return err
	}
	for i, q := range queues {
		if r := of[i]; r.err != nil {
			readings[i] = broker.Reading{Err: r.err, Own: true}
		} else {
			readings[i] = reading(r.result, q.On("ignoreNullValues"))
		}
	}
	c.identify(ctx, login)
	return nil
}

// newRequest is what KEDA would send.
func newRequest(p triggers.Parameters, now time.Time, login http.Header) *request {
	r := &request{header: http.Header{}, timeout: p.Duration("timeout", 0)}
	parameters, err := pairs(p, "queryParameters")
	headers, err2 := pairs(p, "customHeaders")
	if r.err = cmp.Or(err, err2); r.err != nil {
		return r
	}
	values := url.Values{"query": {p.Text("query")}, "time": {now.UTC().Format(time.RFC3339)}}
	if namespace := p.Text("namespace"); namespace != "" {
		values.Add("namespace", namespace)
	}
	for name, value := range parameters {
		values.Add(name, value)
	}
	r.at = p.Text("serverAddress") + "/api/v1/query?" + values.Encode()
	for name, value := range headers {
		if http.CanonicalHeaderKey(name) != "Host" { // which KEDA's client does not send either
			r.header.Add(name, value)
		}
	}
	for name, values := range login {
		r.header[name] = values
	}
	return r
}

// pairs is a parameter of KEDA's that is a list of name=value.
func pairs(p triggers.Parameters, name string) (map[string]string, error) {
	out := map[string]string{}
	for _, pair := range p.List(name) {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || strings.Contains(value, "=") {
			return nil, &kscope.Trouble{Message: name + " is not a list of name=value", Hint: "KEDA takes no other = and no comma in it", Cause: errOwn}
		}
		out[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	return out, nil
}

// ask asks one query, for no longer than its trigger has KEDA wait.
func (c *client) ask(ctx context.Context, r *request) {
	if r.err != nil {
		return
	}
	within := ctx
	if r.timeout > 0 {
		var stop context.CancelFunc
		within, stop = context.WithTimeout(ctx, r.timeout)
		defer stop()
	}
	b, _, err := c.web.Do(within, http.MethodGet, r.at, nil, r.header)
	switch {
	case err != nil && ctx.Err() == nil && within.Err() != nil:
		r.err = &kscope.Trouble{Message: "the query is not answered within " + r.timeout.String() + ", the timeout of the trigger", Hint: "KEDA waits no longer either: make the query cheaper, or give it more", Cause: errOwn}
	case err != nil:
		r.err = c.worded(err)
	default:
		r.result, r.err = parse(b)
	}
}

// identify asks once what the server calls itself; that it does not say is no trouble.
func (c *client) identify(ctx context.Context, login http.Header) {
	if c.asked {
		return
	}
	c.asked = true
	ctx, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	b, _, err := c.web.Do(ctx, http.MethodGet, c.as.Text("serverAddress")+"/api/v1/status/buildinfo", nil, login)
	if err == nil {
		c.card.Version = versionIn(b)
	}
}
