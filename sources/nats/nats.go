// Package nats measures the JetStream consumers that triggers of type nats-jetstream name,
// as KEDA does by the monitoring endpoint of the server, and puts jobs into their streams
// through the port for clients, which the endpoint tells.
package nats

import (
	"cmp"
	"context"
	"net"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// New is the protocol of NATS JetStream.
func New() protocol.Protocol { return consumers{} }

type consumers struct{}

// Key is the endpoint and the account: one answer has all consumers of one.
func (consumers) Key(p triggers.Parameters) (string, error) {
	at := p.Text("natsServerMonitoringEndpoint")
	switch {
	case at == "":
		return "", &kscope.Trouble{Message: "the trigger names no server", Hint: "give it natsServerMonitoringEndpoint: HOST:8222"}
	case strings.Contains(at, "://"):
		return "", &kscope.Trouble{Message: "natsServerMonitoringEndpoint is a URL, and KEDA takes host:port alone", Hint: "leave the scheme out; useHttps: \"true\" is for https"}
	case accountOf(p) == "":
		return "", &kscope.Trouble{Message: "the trigger names no account", Hint: "give it account, $G where the server has none of its own"}
	}
	return p.Key("natsServerMonitoringEndpoint", "useHttps", "account", "accountID"), nil
}

// accountOf is the account that is asked for: the id, else the name.
func accountOf(p triggers.Parameters) string { return cmp.Or(p.Text("accountID"), p.Text("account")) }

// Pace is about a second: the answer has every stream of the account in it.
func (consumers) Pace(triggers.Parameters) time.Duration { return time.Second }

// Connect asks the endpoint what it is.
func (consumers) Connect(ctx context.Context, p triggers.Parameters, dial protocol.Dial) (protocol.Client, error) {
	c := &client{endpoint: p.Text("natsServerMonitoringEndpoint"), scheme: "http", as: p, dial: dial, names: map[string]string{}, leads: map[string]string{}}
	if p.On("useHttps") {
		c.scheme, c.card.TLS = "https", "TLS"
	}
	config, err := protocol.Material{}.Config()
	if err != nil {
		return nil, err
	}
	c.web = protocol.NewWeb(dial, config)
	c.card.Address = c.endpoint
	if _, _, err := net.SplitHostPort(c.endpoint); err != nil {
		c.card.Address = net.JoinHostPort(c.endpoint, map[string]string{"http": "80", "https": "443"}[c.scheme])
	}
	if c.server, err = c.varz(ctx, c.home()); err != nil {
		c.web.Close()
		return nil, err
	}
	c.card.Version = "NATS " + kscope.Clean(c.server.Version)
	return c, nil
}

// client is one server or cluster, as one account. What measures and what puts jobs in are
// two of them.
type client struct {
	scheme, endpoint string
	as               triggers.Parameters // for the account
	web              *protocol.Web
	dial             protocol.Dial
	card             kscope.Connection
	server           varz // as the endpoint first told

	names   map[string]string // of the servers, by their ids
	nodes   []string          // where each server of the cluster is asked
	found   time.Time         // when they were last looked for
	leads   map[string]string // where the leader of a consumer was last found
	entered *entry            // through the port for clients; nil while that takes nobody
}

func (c *client) home() string { return c.scheme + "://" + c.endpoint }

// Describe says what is known without asking.
func (c *client) Describe() kscope.Connection { return c.card }

// Close hangs up.
func (c *client) Close() {
	c.leave()
	c.web.Close()
}

// Measure asks each server that leads some of the consumers once: in a cluster only the
// leader of a consumer knows its numbers.
func (c *client) Measure(ctx context.Context, queues []protocol.Queue, readings []broker.Reading) error {
	l := look{client: c, answers: map[string]answer{}}
	for i, q := range queues {
		_, is, err := l.find(ctx, q)
		switch {
		case err == nil:
			readings[i] = reading(is)
		case own(err):
			readings[i] = broker.Reading{Err: err, Own: true}
		default:
			return err
		}
	}
	return nil
}

// reading is what KEDA counts: what was not delivered yet, and what was and is not
// acknowledged (nats_jetstream_scaler.go, getMaxMsgLag).
func reading(c *consumer) broker.Reading {
	r := broker.Reading{Type: "stream", N: c.Pending + c.Unacked}
	r.Parts = [kscope.MaxParts]kscope.Part{{Name: "pending", N: c.Pending}, {Name: "unacked", N: c.Unacked}, {Name: "redelivered", N: c.Redelivered}, {Name: "waiting pulls", N: c.Waiting}}
	switch most := c.Config.MaxUnacked; {
	case c.Paused:
		r.Note = "the consumer is paused"
	case most > 0 && c.Unacked >= most && c.Pending > 0:
		r.Note = "as many are unacked as may be: no more is delivered"
	case c.Config.Deliver != "" && !c.Bound:
		r.Note = "nobody is subscribed"
	}
	return r
}
