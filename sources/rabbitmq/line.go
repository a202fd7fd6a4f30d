package rabbitmq

import (
	"context"
	"crypto/tls"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
)

// line is a connection over amqp.
type line struct {
	where
	secured string // in words
	wire    *wire
	conn    *amqp.Connection
	lanes   []*amqp.Channel        // of Measure; nil where one is to be opened
	out     *outlet                // of Push; nil until there is one
	blocked atomic.Pointer[string] // why the server lets no messages in; nil while it does
	news    chan struct{}          // blocked is another
}

// heartbeat is how often both sides show that they are there; after three times that
// the other is taken for gone.
const heartbeat = 10 * time.Second

// frame is how large one may be, which is what RabbitMQ proposes too.
const frame = 128 << 10 // bytes

// connect dials and logs in.
func connect(ctx context.Context, w where, config *tls.Config, dial protocol.Dial) (*line, error) {
	conn, err := dial(ctx, "tcp", w.address)
	if err != nil {
		return nil, err
	}
	if w.tls {
		c := tls.Client(conn, config)
		if err := c.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		conn = c
	}
	l := &line{where: w, secured: w.secured(config), wire: &wire{Conn: conn}, news: make(chan struct{}, 1)}
	stop := l.until(ctx)
	opened, err := amqp.Open(l.wire, amqp.Config{
		SASL: w.logins(), Vhost: w.vhost, Heartbeat: heartbeat, FrameSize: frame, Locale: "en_US",
		Properties: amqp.Table{"product": "kscope", "connection_name": "kscope"},
	})
	stop()
	if err != nil {
		err = l.cause(ctx, err)
		_ = l.wire.Close()
		return nil, err
	}
	l.conn = opened
	go l.listen(l.conn.NotifyBlocked(make(chan amqp.Blocking, 1)))
	return l, nil
}

// logins are the ways to log in, in order.
func (w where) logins() (all []amqp.Authentication) {
	for _, name := range w.mechanisms {
		switch name {
		case "EXTERNAL", "external":
			all = append(all, &amqp.ExternalAuth{})
		case "AMQPLAIN", "amqplain":
			all = append(all, &amqp.AMQPlainAuth{Username: w.user, Password: w.password})
		case "PLAIN", "plain":
			all = append(all, &amqp.PlainAuth{Username: w.user, Password: w.password})
		}
	}
	if all == nil {
		all = append(all, &amqp.PlainAuth{Username: w.user, Password: w.password})
	}
	return all
}

// listen keeps whether the server lets messages in, until the connection ends.
func (l *line) listen(news <-chan amqp.Blocking) {
	for is := range news {
		if is.Active {
			l.blocked.Store(&is.Reason)
		} else {
			l.blocked.Store(nil)
		}
		select {
		case l.news <- struct{}{}:
		default: // it is to be looked at anyway
		}
	}
}

// until has the connection end with a context.
func (l *line) until(ctx context.Context) (stop func()) {
	cancel := context.AfterFunc(ctx, func() { _ = l.wire.Close() })
	return func() { cancel() }
}

// Describe says what the server said of itself.
func (l *line) Describe() kscope.Connection {
	c := kscope.Connection{Address: l.address, TLS: l.secured, User: kscope.Clean(l.user)}
	product, _ := l.conn.Properties["product"].(string)
	version, _ := l.conn.Properties["version"].(string)
	c.Version = kscope.Clean(product + " " + version)
	return c
}

// goodbye is how long the server may take to hear that the connection ends.
const goodbye = 200 * time.Millisecond

// Close hangs up, in a way that RabbitMQ does not warn of in its log.
func (l *line) Close() {
	_ = l.conn.CloseDeadline(time.Now().Add(goodbye)) // of what is over
	_ = l.wire.Close()
}
