package k8s

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"

	"github.com/kscope/kscope"
)

// forwarder is an API server and kubelets, as far as a tunnel needs them.
type forwarder struct {
	*httptest.Server
	sockets atomic.Bool // takes WebSockets
	shut    atomic.Bool // nobody may forward

	mu      sync.Mutex
	objects map[string]any    // by path
	pods    map[string]string // what listens at "pod:port"
	mute    map[string]bool   // pods that take a connection and answer nothing
	broken  map[string]bool   // pods whose connection ends at once
	open    []io.Closer
	asked   []string // pods, in order
	how     string   // the last protocol
}

func startForwarder(t *testing.T) *forwarder {
	f := &forwarder{objects: map[string]any{}, pods: map[string]string{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(func() { f.cut(); f.Close() })
	return f
}

func (f *forwarder) tunnel(t *testing.T) *Tunnel {
	t.Helper()
	cfg := &rest.Config{Host: f.URL}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return NewTunnel(cfg, client, func(context.Context) string { return "keda" })
}

func (f *forwarder) put(path string, object any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.objects[path] = object
}

// cut ends every connection, as when the API server goes.
func (f *forwarder) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.open {
		c.Close()
	}
	f.open = nil
}

func (f *forwarder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, forward := strings.CutSuffix(r.URL.Path, "/portforward")
	if forward {
		f.forward(w, r, path[strings.LastIndex(path, "/")+1:])
		return
	}
	if q := r.URL.Query().Get("fieldSelector"); q != "" {
		path += "?" + q
	}
	f.mu.Lock()
	object := f.objects[path]
	f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if object == nil {
		object = apierrors.NewNotFound(schema.GroupResource{}, path)
	}
	if err, ok := object.(*apierrors.StatusError); ok {
		w.WriteHeader(int(err.ErrStatus.Code))
		object = err.ErrStatus
	}
	json.NewEncoder(w).Encode(object)
}

func (f *forwarder) forward(w http.ResponseWriter, r *http.Request, pod string) {
	if f.shut.Load() {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		json.NewEncoder(w).Encode(apierrors.NewForbidden(schema.GroupResource{Resource: "pods/portforward"}, pod, errors.New("no")).ErrStatus)
		return
	}
	f.mu.Lock()
	mute, broken := f.mute[pod], f.broken[pod]
	f.mu.Unlock()
	streams := make(chan httpstream.Stream, 2)
	take := func(s httpstream.Stream, _ <-chan struct{}) error {
		if mute {
			<-r.Context().Done()
		}
		streams <- s
		return nil
	}
	var conn httpstream.Connection
	how := "SPDY"
	if websocket.IsWebSocketUpgrade(r) {
		if !f.sockets.Load() {
			http.Error(w, "no such protocol", http.StatusBadRequest)
			return
		}
		how = "WebSocket"
		up := websocket.Upgrader{Subprotocols: []string{"SPDY/3.1+portforward.k8s.io"}}
		ws, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		if conn, err = spdy.NewServerConnection(portforward.NewTunnelingConnection("server", ws), take); err != nil {
			return
		}
	} else {
		if _, err := httpstream.Handshake(r, w, []string{portforward.PortForwardProtocolV1Name}); err != nil {
			return
		}
		if conn = spdy.NewResponseUpgrader().UpgradeResponse(w, r, take); conn == nil {
			return
		}
	}
	f.mu.Lock()
	f.open, f.how, f.asked = append(f.open, conn), how, append(f.asked, pod)
	f.mu.Unlock()
	if broken {
		conn.Close()
		return
	}
	errs, data := <-streams, <-streams
	if errs.Headers().Get("streamType") != "error" {
		errs, data = data, errs
	}
	f.mu.Lock()
	at := f.pods[pod+":"+data.Headers().Get("port")]
	f.mu.Unlock()
	inner, err := net.Dial("tcp", at)
	if at == "" || err != nil {
		fmt.Fprint(errs, "error forwarding port: dial tcp4 127.0.0.1: connect: connection refused")
		errs.Close()
		data.Close()
		return
	}
	errs.Close()
	go func() { io.Copy(inner, data); inner.Close() }()
	go func() { io.Copy(data, inner); data.Close(); conn.Close() }()
	<-conn.CloseChan()
	inner.Close()
}

// echo answers every line with its name and that line.
func echo(t *testing.T, name string) (address string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				lines := bufio.NewReader(c)
				for {
					line, err := lines.ReadString('\n')
					if err != nil {
						c.Close()
						return
					}
					fmt.Fprint(c, name, " ", line)
				}
			}()
		}
	}()
	return l.Addr().String()
}

// ask is one line to and fro.
func ask(c net.Conn) (string, error) {
	c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := fmt.Fprint(c, "hello\n"); err != nil {
		return "", err
	}
	return bufio.NewReader(c).ReadString('\n')
}

func service(name string, port int32, target string) *corev1.Service {
	return &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "demo", Name: name}, Spec: corev1.ServiceSpec{
		ClusterIP: "10.96.0.7", Selector: map[string]string{"app": name},
		Ports: []corev1.ServicePort{{Name: "metrics", Port: 9121}, {Name: "redis", Port: port, TargetPort: intstr.FromString(target)}},
	}}
}

// behind is the EndpointSlice of ready pods, and one that is not ready.
func behind(port int32, pods ...string) *discoveryv1.EndpointSliceList {
	name, ready, not := "redis", true, false
	s := discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: "demo"}, Ports: []discoveryv1.EndpointPort{{Name: &name, Port: &port}}}
	s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{Conditions: discoveryv1.EndpointConditions{Ready: &not}, TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: "starting"}})
	for _, p := range pods {
		s.Endpoints = append(s.Endpoints, discoveryv1.Endpoint{Conditions: discoveryv1.EndpointConditions{Ready: &ready}, TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: p}})
	}
	return &discoveryv1.EndpointSliceList{Items: []discoveryv1.EndpointSlice{s}}
}

const (
	demoPath   = "/api/v1/namespaces/demo/"
	slicesPath = "/apis/discovery.k8s.io/v1/namespaces/demo/endpointslices"
	inCluster  = "redis.demo.svc.example.invalid:6379" // a cluster domain of one's own
)

func TestTunnel(t *testing.T) {
	for _, how := range []string{"WebSocket", "SPDY"} {
		t.Run(how, func(t *testing.T) {
			f := startForwarder(t)
			f.sockets.Store(how == "WebSocket")
			f.put(demoPath+"services/redis", service("redis", 6379, "redis"))
			f.put(slicesPath, behind(7000, "redis-0", "redis-1"))
			f.pods["redis-0:7000"], f.pods["redis-1:7000"] = echo(t, "zero"), echo(t, "one")
			tunnel := f.tunnel(t)
			c, err := tunnel.DialContext(t.Context(), "tcp", inCluster)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := ask(c); got != "zero hello\n" || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
			if got := c.(interface{ Through() string }).Through(); got != "by a port-forward to pod demo/redis-0" || f.how != how {
				t.Errorf("got %q by %s", got, f.how)
			}
			c.SetReadDeadline(time.Now().Add(-time.Second))
			if _, err := c.Read(make([]byte, 1)); !isTimeout(err) {
				t.Errorf("after the deadline: got %v", err)
			}
			f.cut() // the API server, or the pod, goes
			if got, err := ask(c); err == nil {
				t.Errorf("got %q over a connection that was cut", got)
			}
			c.Close()

			f.mu.Lock()
			delete(f.pods, "redis-0:7000")
			f.mu.Unlock()
			if c, err = tunnel.DialContext(t.Context(), "tcp", inCluster); err != nil {
				t.Fatal(err)
			}
			var told *kscope.Trouble
			if got, err := ask(c); !errors.As(err, &told) || told.Error() != "nothing listens on port 7000 in pod demo/redis-0" || told.Hint == "" {
				t.Errorf("got %q, %v", got, err)
			}
			c.Close()
			if c, err = tunnel.DialContext(t.Context(), "tcp", inCluster); err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if got, err := ask(c); got != "one hello\n" || err != nil {
				t.Errorf("got %q, %v, want another pod's answer", got, err)
			}
		})
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func TestTunnelFindsTheWay(t *testing.T) {
	t.Parallel() // it waits more than it computes
	f := startForwarder(t)
	at := echo(t, "pod")
	for _, p := range []string{"redis-0:7000", "redis-0:6379", "by-ip:6379"} {
		f.pods[p] = at
	}
	f.put(demoPath+"services/redis", service("redis", 6379, "redis"))
	headless := service("nodes", 1, "")
	headless.Spec.ClusterIP = corev1.ClusterIPNone
	f.put(demoPath+"services/nodes", headless)
	f.put("/api/v1/namespaces/keda/services/redis", service("redis", 6379, "redis"))
	f.put(slicesPath, behind(7000, "redis-0"))
	f.put(demoPath+"pods/redis-0", &corev1.Pod{})
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "demo", Name: "by-ip"}, Status: corev1.PodStatus{PodIP: "192.0.2.7"}}
	f.put("/api/v1/pods?status.podIP=192.0.2.7", &corev1.PodList{Items: []corev1.Pod{pod}})
	f.put("/api/v1/services?spec.clusterIP=192.0.2.8", &corev1.ServiceList{Items: []corev1.Service{func() corev1.Service {
		s := *service("redis", 6379, "redis")
		s.Spec.ClusterIP = "192.0.2.8"
		return s
	}()}})
	tunnel := f.tunnel(t)
	for host, want := range map[string]backend{
		"redis:6379":                              {"demo", "redis-0", 7000}, // in KEDA's own namespace; the slices here are demo's
		"redis.demo:6379":                         {"demo", "redis-0", 7000},
		"redis.demo.svc:6379":                     {"demo", "redis-0", 7000},
		"redis.demo.svc.cluster.local.:6379":      {"demo", "redis-0", 7000},
		"nodes.demo.svc:6379":                     {"demo", "redis-0", 6379},
		"redis-0.nodes.demo.svc.example.com:6379": {"demo", "redis-0", 6379},
		"192.0.2.7:6379":                          {"demo", "by-ip", 6379},
		"192.0.2.8:6379":                          {"demo", "redis-0", 7000},
	} {
		h, p, _ := net.SplitHostPort(host)
		if h == "redis" {
			f.put("/apis/discovery.k8s.io/v1/namespaces/keda/endpointslices", behind(7000, "redis-0"))
			s := service("redis", 6379, "redis")
			s.Namespace = "keda"
			f.put("/api/v1/namespaces/keda/services/redis", s)
		}
		var port uint16
		fmt.Sscan(p, &port)
		got, err := tunnel.behind(t.Context(), h, port)
		if err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %v, %v, want %v", host, got, err, want)
		}
	}
}

func TestTunnelSaysWhyNot(t *testing.T) {
	f := startForwarder(t)
	forbidden := func() *apierrors.StatusError {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "services"}, "x", errors.New("no"))
	}
	f.put(demoPath+"services/redis", service("redis", 6379, "redis"))
	f.put(demoPath+"services/secret", forbidden())
	f.put("/api/v1/namespaces/com/services/example", forbidden())
	outside := service("outside", 6379, "")
	outside.Spec.Type, outside.Spec.ExternalName = corev1.ServiceTypeExternalName, "redis.example.com"
	f.put(demoPath+"services/outside", outside)
	f.put(slicesPath, behind(7000))
	tunnel := f.tunnel(t)
	for host, want := range map[string]string{
		"none.demo.svc":    "there is no Service demo/none",
		"secret.demo.svc":  "you may not read Service demo/secret, through which Redis would be reached",
		"outside.demo.svc": "Service demo/outside stands for redis.example.com, outside of the cluster",
		"redis.demo.svc":   "no pod behind Service demo/redis is ready",
		"example.com":      errElsewhere.Error(),
		"none.demo":        errElsewhere.Error(),
		"192.0.2.9":        errElsewhere.Error(),
		"a.b.c.d":          errElsewhere.Error(),
	} {
		if got, err := tunnel.behind(t.Context(), host, 6379); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, %v, want %q", host, got, err, want)
		}
	}
	if _, err := tunnel.behind(t.Context(), "redis.demo.svc", 6380); err == nil || err.Error() != "Service demo/redis has no port 6380" {
		t.Errorf("got %v", err)
	}
	f.put(slicesPath, behind(7000, "redis-0", "redis-1"))
	f.shut.Store(true)
	_, err := tunnel.DialContext(t.Context(), "tcp", inCluster)
	var told *kscope.Trouble
	if !errors.As(err, &told) || told.Error() != "you may not port-forward to pods in namespace demo" || !strings.Contains(told.Hint, "pods/portforward") {
		t.Errorf("got %v", err)
	}
	if len(tunnel.failed) > 0 {
		t.Errorf("pods were blamed for a permission that is missing: %v", tunnel.failed)
	}
}

// Who may list pods but not EndpointSlices gets there too.
func TestTunnelWithoutEndpointSlices(t *testing.T) {
	f := startForwarder(t)
	f.put(demoPath+"services/redis", service("redis", 6379, "redis"))
	f.put(slicesPath, apierrors.NewForbidden(schema.GroupResource{Resource: "endpointslices"}, "", errors.New("no")))
	pod := func(name string, ready corev1.ConditionStatus) corev1.Pod {
		return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "demo", Name: name},
			Spec:   corev1.PodSpec{Containers: []corev1.Container{{Ports: []corev1.ContainerPort{{Name: "redis", ContainerPort: 7000}}}}},
			Status: corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}}}
	}
	f.put(demoPath+"pods", &corev1.PodList{Items: []corev1.Pod{pod("a", corev1.ConditionFalse), pod("b", corev1.ConditionTrue)}})
	got, err := f.tunnel(t).behind(t.Context(), "redis.demo", 6379)
	if err != nil || len(got) != 1 || got[0] != (backend{"demo", "b", 7000}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// An address that the network reaches is not tunnelled to, and one that
// refuses is not either.
func TestTunnelGoesDirectlyWhereItCan(t *testing.T) {
	f := startForwarder(t)
	tunnel := f.tunnel(t)
	c, err := tunnel.DialContext(t.Context(), "tcp", echo(t, "direct"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, tunnelled := c.(*forwarded); tunnelled || len(f.asked) > 0 {
		t.Error("it was tunnelled")
	}
	if _, err := tunnel.DialContext(t.Context(), "tcp", "127.0.0.1:1"); err == nil || errors.As(err, new(*kscope.Trouble)) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tunnel.DialContext(ctx, "tcp", inCluster); err == nil {
		t.Error("it was dialled though nobody waits")
	}
}

// A pod that leaves the tunnel hanging, or whose connection ends at once, costs
// neither the time that there is nor the way through another pod, and is not
// the first to be tried again.
func TestTunnelPastAPodThatHangs(t *testing.T) {
	t.Parallel() // it waits more than it computes
	for _, how := range []string{"WebSocket", "SPDY"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			f := startForwarder(t)
			f.sockets.Store(how == "WebSocket")
			f.put(demoPath+"services/redis", service("redis", 6379, "redis"))
			f.put(slicesPath, behind(7000, "mute", "broken", "well"))
			f.mute, f.broken = map[string]bool{"mute": true}, map[string]bool{"broken": true}
			f.pods["well:7000"] = echo(t, "well")
			tunnel := f.tunnel(t)
			dial := func(patience time.Duration) (net.Conn, error) {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				return tunnel.DialContext(ctx, "tcp", inCluster)
			}
			for range 2 {
				c, err := dial(6 * time.Second)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := ask(c); got != "well hello\n" || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
				c.Close()
			}
			f.mu.Lock()
			asked := slices.Clone(f.asked)
			f.mu.Unlock()
			if want := []string{"mute", "broken", "well", "well"}; !slices.Equal(asked, want) {
				t.Errorf("the pods were asked in the order %v, want %v", asked, want)
			}

			f.put(slicesPath, behind(7000, "mute"))
			var told *kscope.Trouble
			if _, err := dial(2 * time.Second); !errors.As(err, &told) || told.Error() != "the port-forward to pod demo/mute did not come about in time" {
				t.Errorf("got %v", err)
			}
			f.put(slicesPath, behind(7000, "broken"))
			if _, err := dial(time.Minute); !errors.As(err, &told) || !strings.Contains(told.Error(), "demo/broken") {
				t.Errorf("got %v", err)
			}
		})
	}
}
