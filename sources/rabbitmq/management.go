package rabbitmq

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// management is a server's management API.
type management struct {
	where
	*protocol.Web
	secured string // in words
	version string // "" until it was asked
}

func newManagement(w where, config *tls.Config, p triggers.Parameters, dial protocol.Dial) (protocol.Client, error) {
	m := &management{where: w, Web: protocol.NewWeb(dial, config), secured: w.secured(config)}
	if p.Text("oauthTokenURI") == "" {
		if w.user != "" {
			m.User = url.UserPassword(w.user, w.password)
		}
		return m, nil
	}
	more, err := url.ParseQuery(p.Text("endpointParams"))
	if err != nil {
		return nil, &kscope.Trouble{Message: "endpointParams are not written as in a URL", Hint: "NAME=VALUE&NAME=VALUE"}
	}
	login := clientcredentials.Config{ClientID: p.Text("clientID"), ClientSecret: p.Text("clientSecret"), TokenURL: p.Text("oauthTokenURI"), Scopes: p.List("scopes"), EndpointParams: more}
	plain := m.Client
	plain.Timeout = tokenWait
	m.Transport = &oauth2.Transport{Base: plain.Transport, Source: login.TokenSource(context.WithValue(context.Background(), oauth2.HTTPClient, &plain))}
	return m, nil
}

// tokenWait is how long a token may take, which is had outside of any context.
const tokenWait = 4 * time.Second

// Close hangs up.
func (m *management) Close() {
	if t, ok := m.Transport.(*oauth2.Transport); ok {
		m.Transport = t.Base
	}
	m.Web.Close()
}

// Describe says what the server said of itself.
func (m *management) Describe() kscope.Connection {
	return kscope.Connection{Address: m.address, TLS: m.secured, User: kscope.Clean(m.user), Version: m.version}
}

// Measure asks for the queues of each virtual host with one request, and with one more
// for each regular expression.
func (m *management) Measure(ctx context.Context, queues []protocol.Queue, readings []broker.Reading) error {
	if err := m.greet(ctx); err != nil {
		return err
	}
	named := map[string][]string{} // by virtual host
	for _, q := range queues {
		if !q.On("useRegex") {
			vhost := m.vhostOf(q)
			named[vhost] = append(named[vhost], q.Text("queueName"))
		}
	}
	known := map[string]answers{}
	for vhost, names := range named {
		a, err := m.named(ctx, vhost, names)
		if err != nil {
			return err
		}
		known[vhost] = a
	}
	for i, q := range queues {
		var err error
		if vhost := m.vhostOf(q); q.On("useRegex") {
			readings[i], err = m.matching(ctx, vhost, q)
		} else {
			readings[i] = known[vhost].reading(q)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// vhostOf is the virtual host of a queue, which may be another than that of the client.
func (m *management) vhostOf(q protocol.Queue) string {
	if w, err := find(q.Parameters); err == nil {
		return w.vhost
	}
	return m.vhost
}

// greet asks once who answers there.
func (m *management) greet(ctx context.Context) error {
	if m.version != "" {
		return nil
	}
	var is struct {
		Product string `json:"product_name"`
		Version string `json:"rabbitmq_version"`
	}
	err := m.get(ctx, &is, "/overview?columns=product_name,rabbitmq_version")
	if status(err) == http.StatusNotFound {
		return &kscope.Trouble{Message: "there is no management API of RabbitMQ at host", Hint: "in a path the last part is the virtual host: http://HOST:15672/VHOST"}
	}
	if err != nil {
		return m.explained(err)
	}
	if is.Version == "" {
		return errNotRabbit
	}
	if is.Product == "" {
		is.Product = "RabbitMQ"
	}
	m.version = kscope.Clean(is.Product + " " + is.Version)
	return nil
}

// reason is what the API says beside a status, "" if that is nothing.
func reason(a *protocol.Answer) string {
	var is struct {
		Reason string `json:"reason"`
	}
	_ = json.Unmarshal([]byte(a.Body), &is) // anything may answer
	return is.Reason
}

// status is that of an answer to a request, 0 if there was none.
func status(err error) int {
	if a, ok := errors.AsType[*protocol.Answer](err); ok {
		return a.Status
	}
	return 0
}

// get asks the API for something under /api.
func (m *management) get(ctx context.Context, into any, format string, args ...any) error {
	return m.JSON(ctx, m.base+"/api"+fmt.Sprintf(format, args...), into)
}

// explained is an error about the server in words.
func (m *management) explained(err error) error {
	a, ok := errors.AsType[*protocol.Answer](err)
	token, isToken := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case isToken:
		return &kscope.Trouble{Message: "who gives tokens at oauthTokenURI refuses: " + token.ErrorCode, Hint: "check clientID, clientSecret and scopes"}
	case ok && isDenied(a):
		return denied(reason(a), m.user)
	case ok && reason(a) != "":
		return &kscope.Trouble{Message: said(reason(a))}
	case strings.Contains(err.Error(), "malformed HTTP"):
		return &kscope.Trouble{Message: "what answers there does not speak HTTP, or expects TLS", Hint: "the management API is at port 15672 if nobody changed that; for 5672 host begins with amqp://"}
	}
	return m.untold(err)
}
