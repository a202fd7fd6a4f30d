package query

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/kscope/kscope/sources/protocol"
)

// line is the connection below a driver, which drivers keep to themselves: it ends with
// the context of who waits, and remembers what ended it.
type line struct {
	dial protocol.Dial

	mu   sync.Mutex
	to   string   // host:port
	conn net.Conn // nil before the first
	err  error    // that reading or writing failed with
}

// open dials, for a driver. Ctx bounds what follows too, until the next [line.until].
func (l *line) open(ctx context.Context, network, address string) (net.Conn, error) {
	l.mu.Lock()
	l.to = address
	l.mu.Unlock()
	conn, err := l.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.conn, l.err = conn, nil
	l.mu.Unlock()
	end, _ := ctx.Deadline()
	_ = conn.SetDeadline(end)
	if ctx.Err() != nil {
		l.stop()
	}
	return &wire{Conn: conn, line: l}, nil
}

// until has the connection end with a context.
func (l *line) until(ctx context.Context) (done func()) {
	end, _ := ctx.Deadline()
	l.limit(end)
	cancel := context.AfterFunc(ctx, l.stop)
	return func() { cancel() }
}

func (l *line) stop() { l.limit(time.Unix(1, 0)) }

func (l *line) limit(end time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		_ = l.conn.SetDeadline(end)
	}
}

// close hangs up, if nobody did.
func (l *line) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		_ = l.conn.Close()
	}
}

// ended is what ended the connection, nil where nothing did.
func (l *line) ended() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// address is where it leads to.
func (l *line) address() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to
}

// wire is the connection as a driver sees it.
type wire struct {
	net.Conn
	line *line
}

func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	w.line.saw(err)
	return n, err
}

func (w *wire) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	w.line.saw(err)
	return n, err
}

func (l *line) saw(err error) {
	if err == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
}
