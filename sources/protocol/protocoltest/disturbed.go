package protocoltest

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
)

// disturbed: what is in the way is said, and passes.
func (s *Suite) disturbed(t *testing.T) {
	r := s.New(t, nil)
	before, err := r.Measure()
	if err != nil {
		t.Fatal(err)
	}
	says := func(what string, parts ...string) {
		t.Helper()
		_, err := r.Measure()
		if err == nil {
			t.Fatalf("%s: no error", what)
		}
		if !slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(err.Error(), part) }) {
			t.Errorf("%s: %v", what, err)
		}
		t.Logf("%s: %v; %s", what, err, kscope.HintOf(err))
	}
	back := func(what string) {
		t.Helper()
		until := time.Now().Add(10 * time.Second)
		for {
			got, err := r.Measure()
			if err == nil {
				if got.N != before.N {
					t.Errorf("after %s: %v, before it %v", what, got.N, before.N)
				}
				return
			}
			if time.Now().After(until) {
				t.Fatalf("after %s: %v", what, err)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	r.way.Set(func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	})
	says("gone", "refused", "nothing listens")
	r.way.Set(nil)
	back("it was gone")

	silent := listen(t, func(conn net.Conn) {
		b := make([]byte, 1024)
		for {
			if _, err := conn.Read(b); err != nil {
				return
			}
		}
	})
	r.way.Set(to(silent))
	says("silent", "no answer in time", "gave no answer", "in time")
	r.way.Set(nil)
	back("it was silent")

	babble := listen(t, func(conn net.Conn) {
		_, _ = conn.Write([]byte("+220 what is it that you want of \x1b[31mme\r\n\r\n"))
		time.Sleep(50 * time.Millisecond)
		_ = conn.Close()
	})
	r.way.Set(to(babble))
	says("something else", "")
	for _, said := range r.said {
		if strings.Contains(said, "\x1b") {
			t.Errorf("an escape sequence is said: %q", said)
		}
	}
	r.way.Set(nil)
	back("something else was there")
	s.cancelled(t)
}

// cancelled: who no longer wants to know does not wait.
func (s *Suite) cancelled(t *testing.T) {
	r := s.New(t, nil)
	silent := listen(t, func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)); select {} })
	r.way.Set(to(silent))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	began := time.Now()
	_, _ = r.meter.Measure(ctx, r.ask, make([]broker.Reading, 1))
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %v to give up", took)
	}
}

// Way is a network that can be disturbed.
type Way struct {
	mu    sync.Mutex
	other protocol.Dial
	open  []net.Conn
}

// Set leads elsewhere from now on, nil for the network itself, and ends what is open.
func (w *Way) Set(d protocol.Dial) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.other = d
	for _, c := range w.open {
		_ = c.Close()
	}
	w.open = nil
}

// Dial is the network.
func (w *Way) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	dial := w.other
	w.mu.Unlock()
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	conn, err := dial(ctx, network, address)
	if err == nil {
		w.mu.Lock()
		w.open = append(w.open, conn)
		w.mu.Unlock()
	}
	return conn, err
}

func to(l net.Listener) protocol.Dial {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, l.Addr().String())
	}
}

// listen gives every connection to who serves it.
func listen(t *testing.T, serve func(net.Conn)) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			go serve(conn)
		}
	}()
	return l
}
