package httpaddon

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// interceptor is a small one of the add-on's: its admin port tells what it counts, its
// proxy counts requests by their host, and answers each as it is told.
type interceptor struct {
	mu     sync.Mutex
	counts map[string]count
	served []*http.Request
	hosts  map[string]string // the route of each
	answer func(n int, w http.ResponseWriter, r *http.Request)
}

func newInterceptor() *interceptor {
	return &interceptor{counts: map[string]count{"demo/web": {}}, hosts: map[string]string{"web.example.com": "demo/web"}}
}

// add counts requests that are inside, or so many less, and those that have come.
func (i *interceptor) add(name string, inside, came int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	n := i.counts[name]
	i.counts[name] = count{n.Concurrency + inside, n.RequestCount + came}
}

func (i *interceptor) admin(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/queue" {
		http.NotFound(w, r)
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(i.counts)
}

func (i *interceptor) proxy(w http.ResponseWriter, r *http.Request) {
	name, ok := i.hosts[r.Host]
	if !ok {
		http.Error(w, http.StatusText(http.StatusNotFound), http.StatusNotFound)
		return
	}
	i.mu.Lock()
	n := len(i.served)
	i.served = append(i.served, r)
	i.mu.Unlock()
	i.add(name, 1, 1)
	defer i.add(name, -1, 0)
	if i.answer != nil {
		i.answer(n, w, r)
	}
}

func (i *interceptor) requests() []*http.Request {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.served)
}

// serve has a handler serve a listener until the test ends.
func serve(t testing.TB, l net.Listener, handler http.HandlerFunc) string {
	t.Helper()
	s := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return l.Addr().String()
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// start has an interceptor listen on the loopback address, and gives the parameters that
// lead there.
func start(t testing.TB, i *interceptor) map[string]string {
	t.Helper()
	return map[string]string{
		"interceptorRoute": "web", "routeNamespace": "demo", "scalerAddress": "keda-add-ons-http-external-scaler.keda:9090",
		"interceptorAdmin": serve(t, listen(t), i.admin), "interceptorProxy": serve(t, listen(t), i.proxy),
		"hosts": "web.example.com,other.example.com", "targetService": "web", "targetPort": "80", "scalingConcurrency": "10",
	}
}

// memory is a network in memory, which a bubble of virtual time can wait for: what is
// dialled by a name is served by who listens there.
type memory struct {
	mu   sync.Mutex
	list map[string]*pipes
}

// pipes is a listener of that network.
type pipes struct {
	address string
	conns   chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func (m *memory) listen(address string) net.Listener {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.list == nil {
		m.list = map[string]*pipes{}
	}
	p := &pipes{address: address, conns: make(chan net.Conn), closed: make(chan struct{})}
	m.list[address] = p
	return p
}

func (m *memory) dial(ctx context.Context, network, address string) (net.Conn, error) {
	m.mu.Lock()
	p := m.list[address]
	m.mu.Unlock()
	if p == nil {
		host, _, _ := strings.Cut(address, ":")
		return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Name: host, IsNotFound: true}}
	}
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: p.address, Net: "memory"} }
