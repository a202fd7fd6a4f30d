package dashboard_test

import (
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
)

// A gate stands before the API server and passes bytes on as they are, so that
// who comes through it is who the kubeconfig says. It can cut what goes
// through it, let nobody in, and let everybody hang.
type gate struct {
	to string // host:port
	l  net.Listener

	mu      sync.Mutex
	changed *sync.Cond
	state   gateState
	conns   map[net.Conn]bool
	running sync.WaitGroup
}

type gateState int

const (
	open    gateState = iota
	shut              // who is in is thrown out, who knocks is sent away
	hanging           // what is connected stays so, and nothing moves
	gone              // for good
)

// newGate opens a gate to the API server until the test ends.
func newGate(t *testing.T) *gate {
	t.Helper()
	to, err := url.Parse(c.Host)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{to: to.Host, l: l, conns: map[net.Conn]bool{}}
	g.changed = sync.NewCond(&g.mu)
	g.running.Go(g.serve)
	t.Cleanup(func() {
		_ = l.Close()
		g.set(gone)
		g.running.Wait()
	})
	return g
}

// through is a kubeconfig like another one, whose API server is behind the gate.
func (g *gate) through(t *testing.T, kubeconfig string) string {
	t.Helper()
	config, err := clientcmd.LoadFromFile(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	for _, cluster := range config.Clusters {
		cluster.Server = "https://" + g.l.Addr().String()
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func (g *gate) set(state gateState) {
	g.mu.Lock()
	g.state = state
	g.changed.Broadcast()
	g.mu.Unlock()
	if state == shut || state == gone {
		g.cut()
	}
}

// cut ends every connection there is.
func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for conn := range g.conns {
		_ = conn.Close()
	}
}

func (g *gate) serve() {
	for {
		in, err := g.l.Accept()
		if err != nil {
			return
		}
		g.running.Go(func() { g.carry(in) })
	}
}

// carry passes bytes both ways until one end closes, and then closes both.
func (g *gate) carry(in net.Conn) {
	defer in.Close()
	if !g.enter(in) {
		return
	}
	defer g.leave(in)
	out, err := net.Dial("tcp", g.to)
	if err != nil {
		return
	}
	defer out.Close()
	if !g.enter(out) {
		return
	}
	defer g.leave(out)
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(held{in, g}, out)
		_ = in.Close()
	})
	_, _ = io.Copy(held{out, g}, in)
	_ = out.Close()
	back.Wait()
}

// enter notes a connection, unless nobody is let in.
func (g *gate) enter(conn net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state == shut || g.state == gone {
		return false
	}
	g.conns[conn] = true
	return true
}

func (g *gate) leave(conn net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, conn)
}

// held is an end to which nothing is written while the gate hangs.
type held struct {
	io.Writer
	g *gate
}

func (h held) Write(b []byte) (int, error) {
	h.g.mu.Lock()
	for h.g.state == hanging {
		h.g.changed.Wait()
	}
	h.g.mu.Unlock()
	return h.Writer.Write(b)
}
