package rabbitmq

import (
	"context"
	"errors"
	"net"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/kscope/kscope"
)

// wire is what a connection runs over. It remembers what ended it, of which the library
// keeps no more than words.
type wire struct {
	net.Conn
	mu     sync.Mutex
	err    error
	closed bool
}

func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	return n, w.note(err)
}

func (w *wire) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	return n, w.note(err)
}

func (w *wire) note(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil && w.err == nil && !w.closed {
		w.err = err
	}
	return err
}

// Close is this side's own doing.
func (w *wire) Close() error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	return w.Conn.Close()
}

func (w *wire) ended() (err error, here bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err, w.closed
}

// cause is what an error of the library comes from: what the server said, or what became
// of the connection.
func (l *line) cause(ctx context.Context, err error) error {
	ended, here := l.wire.ended()
	e, ok := errors.AsType[*amqp.Error](err)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, amqp.ErrCredentials) && !errors.Is(ctx.Err(), context.Canceled):
		return refused(l.user) // RabbitMQ keeps silent for three seconds, and hangs up
	case ctx.Err() != nil:
		return ctx.Err()
	case ok && e.Server:
		return l.refusal(e)
	case ended != nil:
		return ended
	case errors.Is(err, amqp.ErrSASL):
		return &kscope.Trouble{Message: "RabbitMQ does not take the way to log in that KEDA would use", Hint: "with cert and key and no password it takes the plugin rabbitmq_auth_mechanism_ssl and EXTERNAL among auth_mechanisms"}
	case errors.Is(err, amqp.ErrClosed) || here && l.conn != nil:
		return net.ErrClosed
	case ok:
		return errNotRabbit
	}
	return err
}

// refusal is what the server says no to, in words.
func (l *line) refusal(e *amqp.Error) error {
	switch {
	case e.Code == amqp.AccessRefused && l.conn == nil:
		if len(l.mechanisms) > 0 && l.user == "" {
			return &kscope.Trouble{Message: "RabbitMQ knows no user for the client certificate", Hint: "a user of its name is to be there: ssl_cert_login_from says which of its names counts"}
		}
		return refused(l.user)
	case e.Code == amqp.NotAllowed && l.conn == nil:
		if e.Reason == "NOT_ALLOWED - vhost "+l.vhost+" not found" {
			return noVhost(l.vhost)
		}
		return &kscope.Trouble{Message: said(e.Reason), Hint: "check the end of host, or vhostName; rabbitmqctl set_permissions gives access"}
	case e.Code == amqp.ConnectionForced:
		return net.ErrClosed // it restarts, or somebody hung up
	}
	return &kscope.Trouble{Message: said(e.Reason)}
}
