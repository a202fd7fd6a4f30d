package k8s

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/kscope/kscope"
)

// Tunnel dials addresses that perhaps only the cluster can: directly first, and
// if that fails and the host looks like a Service, a pod or the address of one,
// by a port-forward through the API server to a ready pod. There is no local
// port: what DialContext returns is the connection itself.
//
// A Tunnel keeps no connection of its own; each is closed by whoever dialled
// it. It remembers which addresses it had to tunnel to, so as not to wait for
// the direct way again, and which pods did not answer, so as to take others.
type Tunnel struct {
	config    *rest.Config
	client    kubernetes.Interface
	namespace func(context.Context) string

	mu     sync.Mutex
	inside map[string]bool      // addresses that were reached by a tunnel last
	failed map[string]time.Time // pods, by namespace/name
	seen   []string             // namespaces that were tunnelled into, newest last
}

// directWait is how long the direct way may take where there is another.
const directWait = time.Second

// avoidFor is how long a pod that failed is tried after all others.
const avoidFor = 30 * time.Second

// triedPods is how many pods one call of DialContext tries.
const triedPods = 3

// NewTunnel makes a tunnel through the API server of cfg. Namespace says where
// names without a namespace are looked up, which is where KEDA runs; it is
// called when there is such a name. Cfg is not changed.
func NewTunnel(cfg *rest.Config, client kubernetes.Interface, namespace func(context.Context) string) *Tunnel {
	c := rest.CopyConfig(cfg)
	c.Timeout = 0
	c.WarningHandler = rest.NoWarnings{}
	return &Tunnel{config: c, client: client, namespace: namespace, inside: map[string]bool{}, failed: map[string]time.Time{}}
}

const useOverride = "or reach Redis by other means and name it with --redis"

// errElsewhere is for addresses that are none of the cluster's.
var errElsewhere = errors.New("not an address of the cluster")

// DialContext connects to host:port. It returns when ctx is done, if not
// before; ctx is not needed by the connection afterwards. The error is that of
// the direct way unless the address is one of the cluster's, and then a
// [*kscope.Trouble]. A connection through the cluster has a method Through that
// says in words what it goes through.
func (t *Tunnel) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || !perhapsInside(host) {
		return direct(ctx, network, address)
	}
	if t.isInside(address) {
		conn, err := t.forward(ctx, host, uint16(number))
		if err == nil {
			return conn, nil
		}
		t.remember(address, false) // both ways from the next time on
		if !errors.Is(err, errElsewhere) {
			return nil, err
		}
	}
	dctx, cancel := context.WithTimeout(ctx, directWait)
	defer cancel()
	conn, err := direct(dctx, network, address)
	if err == nil || ctx.Err() != nil || errors.Is(err, syscall.ECONNREFUSED) { // whoever refuses was reached
		return conn, err
	}
	tunnelled, terr := t.forward(ctx, host, uint16(number))
	switch {
	case terr == nil:
		t.remember(address, true)
		return tunnelled, nil
	case !errors.Is(terr, errElsewhere):
		return nil, terr
	case dctx.Err() != nil && ctx.Err() == nil: // it was cut short for nothing
		return direct(ctx, network, address)
	}
	return nil, err
}

func direct(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext(ctx, network, address)
}

func (t *Tunnel) isInside(address string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.inside[address]
}

func (t *Tunnel) remember(address string, inside bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if inside {
		t.inside[address] = true
	} else {
		delete(t.inside, address)
	}
}

// forward connects to a pod behind a host.
func (t *Tunnel) forward(ctx context.Context, host string, port uint16) (net.Conn, error) {
	pods, err := t.behind(ctx, host, port)
	if err != nil {
		return nil, err
	}
	t.sort(pods)
	pods = pods[:min(len(pods), triedPods)]
	for i, b := range pods {
		var conn net.Conn
		if conn, err = t.within(ctx, b, i == len(pods)-1); err == nil {
			return conn, nil
		}
		forbidden := forbids(err) // by its own text, which explain replaces
		err = t.explain(b, err)
		if forbidden || errors.Is(ctx.Err(), context.Canceled) { // not for anything that the pod did
			break
		}
		t.fail(b)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

// within opens a port-forward in as much time as there is, or in half of it
// where there are pods left that could be tried.
func (t *Tunnel) within(ctx context.Context, b backend, last bool) (net.Conn, error) {
	if end, ok := ctx.Deadline(); ok && !last {
		half, cancel := context.WithTimeout(ctx, time.Until(end)/2)
		defer cancel()
		ctx = half
	}
	return t.open(ctx, b)
}

// explain puts the failure of a port-forward into words.
func (t *Tunnel) explain(b backend, err error) error {
	switch {
	case forbids(err):
		return &kscope.Trouble{Message: "you may not port-forward to pods in namespace " + b.namespace, Hint: "get permission to create pods/portforward, " + useOverride, Cause: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &kscope.Trouble{Message: fmt.Sprintf("the port-forward to pod %s did not come about in time", b), Hint: "are the API server and the pod's node well?", Cause: err}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &kscope.Trouble{Message: "the API server, through which Redis is reached, refuses connections", Cause: err}
	}
	text := err.Error()
	var status *apierrors.StatusError
	if errors.As(err, &status) {
		text = status.ErrStatus.Message
	}
	return &kscope.Trouble{Message: kscope.Clean(fmt.Sprintf("no port-forward to pod %s: %s", b, text)), Cause: err}
}

// forbids reports whether a port-forward failed for want of permission. Not
// all of client-go's errors say so other than in their text.
func forbids(err error) bool {
	return apierrors.IsForbidden(err) || strings.Contains(err.Error(), "forbidden")
}

// open forwards a port of a pod.
func (t *Tunnel) open(ctx context.Context, b backend) (net.Conn, error) {
	dialer, err := t.dialer(b)
	if err != nil {
		return nil, err
	}
	streams, err := unlessOver(ctx, nil, func() (httpstream.Connection, error) {
		streams, _, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
		return streams, err
	})
	if err != nil {
		return nil, err
	}
	conn, err := unlessOver(ctx, streams.CloseChan(), func() (*forwarded, error) {
		return newForwarded(streams, b, func() { t.fail(b) })
	})
	if err != nil {
		_ = streams.Close()
		return nil, err
	}
	return conn, nil
}

// errBroken is for a connection to the API server that ended too early.
var errBroken = errors.New("the connection broke before it was there")

// unlessOver calls f, which can take longer than anyone waits: client-go's
// dialer takes no context, and a stream that is asked for waits half a minute
// for an answer even if the connection has ended. It returns at once when ctx or
// the connection is over; what f brings then is closed.
func unlessOver[T io.Closer](ctx context.Context, ended <-chan bool, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := f()
		done <- result{value, err}
	}()
	var err error
	select {
	case r := <-done:
		return r.value, r.err
	case <-ended:
		err = errBroken
	case <-ctx.Done():
		err = ctx.Err()
	}
	go func() {
		if r := <-done; r.err == nil {
			_ = r.value.Close()
		}
	}()
	var none T
	return none, err
}

// dialer speaks SPDY inside a WebSocket, or by itself with servers and proxies
// that take no WebSockets: as kubectl does.
func (t *Tunnel) dialer(b backend) (httpstream.Dialer, error) {
	url := t.client.CoreV1().RESTClient().Post().Resource("pods").Namespace(b.namespace).Name(b.pod).SubResource("portforward").URL()
	sockets, err := portforward.NewSPDYOverWebsocketDialerForStreaming(url, t.config)
	if err != nil {
		return nil, err
	}
	transport, upgrader, err := spdy.RoundTripperFor(t.config)
	if err != nil {
		return nil, err
	}
	plain := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, url)
	return portforward.NewFallbackDialerForStreaming(sockets, plain, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}), nil
}

// fail has a pod tried after the others for a while.
func (t *Tunnel) fail(b backend) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed[b.String()] = time.Now()
}

// streamHeaders are those of one of the two streams of a forwarded port.
func streamHeaders(kind string, port uint16) http.Header {
	h := http.Header{}
	h.Set(corev1.StreamType, kind)
	h.Set(corev1.PortHeader, strconv.Itoa(int(port)))
	h.Set(corev1.PortForwardRequestIDHeader, "0") // one connection each, so one request
	return h
}
