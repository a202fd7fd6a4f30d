package protocol

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
)

// errBabble is for what does not speak HTTP, in the words of net/http. It has these only
// where it comes to reading an answer: where the other side speaks first, and hangs up,
// it may say no more than that the connection is closed.
var errBabble = errors.New("malformed HTTP response")

// listening is a dial by whose connections it is heard what the other side speaks.
func (w *Web) listening(dial Dial) Dial {
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		w.babbles.Store(false)
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &listened{Conn: conn, babbles: &w.babbles}, nil
	}
}

// listened is a connection of which the first byte is looked at.
type listened struct {
	net.Conn
	babbles *atomic.Bool
	heard   bool
}

// An answer of HTTP begins with its name, and one of TLS with a handshake or an alert.
const (
	handshake = 0x16
	alert     = 0x15
)

func (l *listened) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if n > 0 && !l.heard {
		l.heard = true
		l.babbles.Store(b[0] != 'H' && b[0] != handshake && b[0] != alert)
	}
	return n, err
}
