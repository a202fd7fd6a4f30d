package nats

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
)

// entry is the way in for clients. It never comes back by itself: who needs it again
// enters anew.
type entry struct {
	*nats.Conn
	js      jetstream.JetStream
	targets map[string]*target // by stream and consumer
	refused chan struct{}      // closed once the server forbade something
	denied  string             // what that was, in its words
	ended   chan struct{}      // closed with the connection
}

// target is where jobs for a consumer go.
type target struct {
	stream  jetstream.Stream
	subject string
	filters []string // of the consumer
}

// How long entering may take, and a question to JetStream.
const (
	enterWait = 5 * time.Second
	askWait   = 5 * time.Second
)

// enter connects to the port for clients at the host of the endpoint, as nobody: the
// trigger has no login for it.
func (c *client) enter(ctx context.Context) (*entry, error) {
	if c.entered != nil && c.entered.IsConnected() {
		return c.entered, nil
	}
	c.leave()
	host, _, err := net.SplitHostPort(c.endpoint)
	if err != nil {
		host = c.endpoint
	}
	at := net.JoinHostPort(host, strconv.Itoa(c.server.Port))
	e := &entry{targets: map[string]*target{}, refused: make(chan struct{}), ended: make(chan struct{})}
	d := &dialer{ctx: ctx, dial: c.dial}
	var once sync.Once
	options := []nats.Option{
		nats.Name("kscope"), nats.NoReconnect(), nats.SkipHostLookup(), nats.IgnoreDiscoveredServers(),
		nats.Timeout(enterWait), nats.FlusherTimeout(enterWait), nats.SetCustomDialer(d),
		nats.ClosedHandler(func(*nats.Conn) { close(e.ended) }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { // which would be printed
			if errors.Is(err, nats.ErrPermissionViolation) {
				once.Do(func() { e.denied = err.Error(); close(e.refused) })
			}
		}),
	}
	if c.server.Certificates {
		return nil, &kscope.Trouble{Message: "NATS wants a certificate from those who put jobs in, and a nats-jetstream trigger has none", Hint: measureOnly}
	}
	if c.server.TLS {
		config, err := protocol.Material{}.Config()
		if err != nil {
			return nil, err
		}
		options = append(options, nats.Secure(config))
	}
	e.Conn, err = nats.Connect("nats://"+at, options...)
	if d.stop != nil {
		d.stop()
	}
	if d.err != nil {
		message, _ := protocol.Explain(d.err, at)
		return nil, &kscope.Trouble{Message: "the port for clients is not reached: " + message, Hint: "NATS says that its clients come in at port " + strconv.Itoa(c.server.Port) + "; kscope looks for it at the host of the monitoring endpoint"}
	}
	if err != nil {
		return nil, wordedEntry(err)
	}
	if e.js, err = jetstream.New(e.Conn); err != nil {
		e.Close()
		return nil, err
	}
	c.entered = e
	return e, nil
}

// leave hangs up at the port for clients.
func (c *client) leave() {
	if c.entered != nil {
		c.entered.Close()
		c.entered = nil
	}
}

// dialer is a dial as nats.go takes one, for one connection.
type dialer struct {
	ctx  context.Context
	dial protocol.Dial
	err  error
	stop func() bool // once connected the context has no say
}

// Dial opens the connection.
func (d *dialer) Dial(network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(d.ctx, enterWait)
	defer cancel()
	conn, err := d.dial(ctx, network, address)
	if d.err = err; err == nil {
		d.stop = context.AfterFunc(d.ctx, func() { _ = conn.Close() })
	}
	return conn, err
}

// asking is a context for a question to JetStream: a server that forbids one leaves it
// without an answer.
func (e *entry) asking(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := context.WithTimeout(ctx, askWait)
	go func() {
		select {
		case <-e.refused:
			stop()
		case <-ctx.Done():
		}
	}()
	return ctx, stop
}

// forbids reports whether the server forbade to publish a subject.
func (e *entry) forbids(subject string) bool {
	select {
	case <-e.refused:
		return strings.Contains(strings.ToLower(e.denied), "publish to "+strconv.Quote(strings.ToLower(subject)))
	default:
		return false
	}
}

// target finds where jobs for a consumer go, and makes sure that it is there: without a
// login a server may lead into another account, which has a stream of the same name.
func (c *client) target(ctx context.Context, q protocol.Queue) (*entry, *target, error) {
	key := q.Key("stream", "consumer")
	if e := c.entered; e != nil && e.IsConnected() && e.targets[key] != nil {
		return e, e.targets[key], nil
	}
	l := look{client: c, answers: map[string]answer{}}
	s, is, err := l.find(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	subject, err := subjectFor(s.Config.Subjects, is.filters())
	if err != nil {
		return nil, nil, err
	}
	e, err := c.enter(ctx)
	if err != nil {
		return nil, nil, err
	}
	ctx, stop := e.asking(ctx)
	defer stop()
	there, err := e.js.Stream(ctx, s.Name)
	if err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) && !errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
		return nil, nil, e.worded(err)
	}
	if err != nil || !there.CachedInfo().Created.Equal(s.Created) {
		return nil, nil, &kscope.Trouble{Message: fmt.Sprintf("without a login NATS leads into another account than %s, and the trigger has no login", accountOf(q.Parameters)), Hint: measureOnly}
	}
	t := &target{there, subject, is.filters()}
	e.targets[key] = t
	return e, t, nil
}

const measureOnly = "kscope can only measure here: the monitoring endpoint asks for no login"

// wordedEntry says in plain words why nobody is let in.
func wordedEntry(err error) error {
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked):
		return &kscope.Trouble{Message: "NATS wants a login from those who put jobs in, and a nats-jetstream trigger has none", Hint: measureOnly}
	case errors.Is(err, nats.ErrNoInfoReceived), errors.Is(err, nats.ErrNoServers):
		return &kscope.Trouble{Message: "what answers at the port for clients is not NATS, or wants TLS from the first byte on", Hint: "kscope looks for it at the host of the monitoring endpoint"}
	}
	if cert, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return &kscope.Trouble{Message: "the certificate of the port for clients is not trusted: " + cert.Err.Error(), Hint: "the trigger can name no authority; kscope trusts those of this machine"}
	}
	if protocol.TimedOut(err) || errors.Is(err, nats.ErrTimeout) {
		return &kscope.Trouble{Message: "NATS gave no answer in time at the port for clients"}
	}
	return err
}

// worded says in plain words what JetStream refuses.
func (e *entry) worded(err error) error {
	select {
	case <-e.refused:
		return &kscope.Trouble{Message: "NATS does not let those without a login do that, and a nats-jetstream trigger has none", Hint: measureOnly}
	default:
	}
	if api, ok := errors.AsType[*jetstream.APIError](err); ok {
		return &kscope.Trouble{Message: "JetStream refuses: " + api.Description}
	}
	switch {
	case errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders):
		return &kscope.Trouble{Message: "no stream answers: its leader may be away", Hint: "are enough servers of the cluster up?"}
	case errors.Is(err, nats.ErrMaxPayload):
		return &kscope.Trouble{Message: "the job is larger than NATS takes", Hint: "its max_payload raises that"}
	case errors.Is(err, nats.ErrConnectionClosed), errors.Is(err, nats.ErrDisconnected):
		return &kscope.Trouble{Message: "NATS closed the connection"}
	case protocol.TimedOut(err), errors.Is(err, nats.ErrTimeout):
		return &kscope.Trouble{Message: "JetStream gave no answer in time", Hint: "it may be busy, or let those without a login ask nothing"}
	}
	return err
}
