package brokers

import (
	"context"
	"net"
	"sync"
	"testing"
)

// gate is a way to a server which others use too, so that for one of them it can be gone.
type gate struct {
	at, to string
	still  sync.RWMutex // locked while nothing passes, as through a server that is stopped

	mu    sync.Mutex
	away  bool // nobody is let in
	conns map[net.Conn]bool
}

// gateTo opens one until the test ends.
func gateTo(t *testing.T, to string) *gate {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{at: l.Addr().String(), to: to, conns: map[net.Conn]bool{}}
	t.Cleanup(func() {
		_ = l.Close()
		g.drop()
	})
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := new(net.Dialer).DialContext(context.Background(), "tcp", to)
			if err != nil || !g.keep(in, out) {
				_ = in.Close()
				continue
			}
			go g.copy(in, out)
			go g.copy(out, in)
		}
	}()
	return g
}

// keep takes down two ends of a connection; false where nobody is let in.
func (g *gate) keep(in, out net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.away {
		_ = out.Close()
		return false
	}
	g.conns[in], g.conns[out] = true, true
	return true
}

// copy passes on what comes, until one end is closed.
func (g *gate) copy(to, from net.Conn) {
	defer func() {
		_, _ = from.Close(), to.Close()
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.conns, from)
	}()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		g.still.RLock()
		if n > 0 {
			_, _ = to.Write(b[:n]) // the other direction finds out
		}
		g.still.RUnlock()
		if err != nil {
			return
		}
	}
}

// drop ends what is connected.
func (g *gate) drop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for conn := range g.conns {
		_ = conn.Close()
	}
}

// stop and goOn are a server that is stopped, with its connections, and goes on.
func (g *gate) stop() error { g.still.Lock(); return nil }
func (g *gate) goOn() error { g.still.Unlock(); return nil }

// shut and open are a server that hangs up on everybody, and lets in again.
func (g *gate) shut() error { g.set(true); g.drop(); return nil }
func (g *gate) open() error { g.set(false); return nil }

func (g *gate) set(away bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.away = away
}
