package redis

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/kscope/kscope"
)

// How long to wait for a connection and for an answer.
const (
	dialTimeout = 2 * time.Second
	readTimeout = 2 * time.Second
)

// directly is how a server is reached that needs no tunnel.
const directly = "directly"

const clientName = "kscope" // what CLIENT LIST shows

var (
	errNoAddress  = errors.New("no address")
	errClosed     = errors.New("closed by the server")
	errUnanswered = errors.New("not answered")
)

// connectError is a failure to get as far as a connection.
type connectError struct {
	err  error
	wait time.Duration // how long it was tried for at most; 0 for the usual
}

func (e *connectError) Error() string { return "connect: " + e.err.Error() }
func (e *connectError) Unwrap() error { return e.err }

// handshakeError is a connection over which TLS did not come about.
type handshakeError struct{ err error }

func (e *handshakeError) Error() string { return "TLS: " + e.err.Error() }
func (e *handshakeError) Unwrap() error { return e.err }

// link is one connection to a server, as a client that has no other and gets
// no other: the client's own pool would redial behind our back, wait, and log.
// Whoever sees it fail closes it and connects anew.
type link struct {
	client  *goredis.Client
	conn    net.Conn
	server  Server
	release func() bool
	named   bool
	reached string       // what led to the server, in words
	hello   *goredis.Cmd // what the server said of itself; has an error until it has, and if it will not
}

// connect opens a link. It is cut when ctx is done, whatever it is waiting for.
// Passwords are tried with the first command, so that is when they fail.
func connect(ctx context.Context, server Server, db int, o Options) (*link, error) {
	if server.Address == "" {
		return nil, errNoAddress
	}
	wait := cmp.Or(o.DialTimeout, dialTimeout)
	dctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	conn, err := o.Dial(dctx, "tcp", server.Address)
	if err != nil {
		return nil, &connectError{err, wait}
	}
	reached := directly
	if t, ok := conn.(interface{ Through() string }); ok {
		reached = kscope.Clean(t.Through())
	}
	if server.TLS {
		secure := tls.Client(conn, server.tlsConfig())
		if err := secure.HandshakeContext(dctx); err != nil {
			_ = conn.Close()
			return nil, &connectError{&handshakeError{err}, wait}
		}
		conn = secure
	}
	var taken atomic.Bool
	conn = bound(conn)
	return &link{
		conn:    conn,
		server:  server,
		reached: reached,
		release: context.AfterFunc(ctx, func() { _ = conn.Close() }),
		client: goredis.NewClient(&goredis.Options{
			Addr:     server.Address,
			Username: server.Username, Password: server.password, DB: db,
			Dialer: func(context.Context, string, string) (net.Conn, error) {
				if taken.Swap(true) {
					return nil, errClosed
				}
				return conn, nil
			},
			DialerRetries: 1, MaxRetries: -1,
			PoolSize: 1, PipelinePoolSize: -1, ConnMaxIdleTime: -1,
			ReadTimeout: readTimeout, WriteTimeout: readTimeout, ContextTimeoutEnabled: true,
			Protocol:        2, // nothing is pushed to us, and RESP2 costs less to read
			DisableIdentity: true,
			// Left to itself, the library looks the name up a second time, just
			// to guess what kind of address a managed service should hand out.
			MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		}),
	}, nil
}

func (l *link) close() {
	if l == nil {
		return
	}
	l.release()
	_ = l.client.Close()
	_ = l.conn.Close() // the client never had it if it sent nothing
}

// exec sends commands in one pipeline. It fails when the server did not take
// them or did not answer them all; then the commands say which ones it did.
// An error that the server answered is left at its command.
func (l *link) exec(ctx context.Context, cmds ...goredis.Cmder) error {
	for _, c := range cmds { // they are used again and again: old answers must not pass for new
		c.SetErr(errUnanswered)
	}
	pipe := l.client.Pipeline()
	if !l.named { // these ride along; the name may be forbidden, and old servers know no HELLO
		_ = pipe.Process(ctx, goredis.NewStatusCmd(ctx, "client", "setname", clientName))
		l.hello = goredis.NewCmd(ctx, "hello")
		_ = pipe.Process(ctx, l.hello)
	}
	_ = pipe.BatchProcess(ctx, cmds...)
	_, err := pipe.Exec(ctx)
	for _, c := range cmds {
		switch e := c.Err(); {
		case e == nil || refused(e):
		case errors.Is(e, errUnanswered) && err != nil: // refused before it was sent
			return err
		default:
			return e
		}
	}
	l.named = true
	return nil
}

// ping waits for a sign of life: any answer will do.
func (l *link) ping(ctx context.Context) error {
	return l.exec(ctx, goredis.NewStatusCmd(ctx, "ping"))
}

// refused reports whether an error is the server's own answer.
func refused(err error) bool {
	var e goredis.Error
	return errors.As(err, &e)
}

// LogTo sends what the Redis client library has to say about itself to f, nil
// for nowhere, instead of to standard error, where it would garble a screen.
// The setting is the process's; call it before the first Run.
func LogTo(f func(ctx context.Context, format string, args ...any)) {
	if f == nil {
		f = func(context.Context, string, ...any) {}
	}
	goredis.SetLogger(logger(f))
}

type logger func(ctx context.Context, format string, args ...any)

func (f logger) Printf(ctx context.Context, format string, args ...any) {
	f(ctx, "%s", kscope.Clean(fmt.Sprintf(format, args...)))
}
