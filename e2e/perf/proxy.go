package perf

import (
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// A proxy stands between a program and the API server and counts requests.
type proxy struct {
	kubeconfig string // for the program
	server     *http.Server
	served     chan struct{}
	cancel     context.CancelFunc // of the requests under way

	mu     sync.Mutex
	counts map[string]int // by verb and path
}

// newProxy serves plain HTTP on loopback, with the administrator's credentials
// towards the API server.
func newProxy(c *rest.Config, dir string) (*proxy, error) {
	upstream, err := url.Parse(c.Host)
	if err != nil {
		return nil, err
	}
	transport, err := rest.TransportFor(c)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &proxy{cancel: cancel, counts: map[string]int{}, served: make(chan struct{})}
	forward := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
		Transport:     transport,
		FlushInterval: -1, // watches are streams
		ErrorLog:      log.New(io.Discard, "", 0),
	}
	p.server = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p.count(r)
			forward.ServeHTTP(w, r)
		}),
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    log.New(io.Discard, "", 0),
	}
	go func() {
		defer close(p.served)
		_ = p.server.Serve(l) // it ends with close
	}()
	p.kubeconfig = filepath.Join(dir, "proxy.kubeconfig")
	if err := writeKubeconfig(p.kubeconfig, "http://"+l.Addr().String()); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// count notes a request: WATCH, or the method of HTTP, and its path.
func (p *proxy) count(r *http.Request) {
	verb := r.Method
	if w := r.URL.Query().Get("watch"); verb == http.MethodGet && (w == "true" || w == "1") {
		verb = "WATCH"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[verb+" "+r.URL.Path]++
}

// requests gives what was counted since it was last called: how many watches
// were opened, and all other requests by verb and path.
func (p *proxy) requests() (watches, others int, lines []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, what := range slices.Sorted(maps.Keys(p.counts)) {
		n := p.counts[what]
		lines = append(lines, fmt.Sprintf("%d x %s", n, what))
		if strings.HasPrefix(what, "WATCH ") {
			watches += n
		} else {
			others += n
		}
	}
	clear(p.counts)
	return watches, others, lines
}

func (p *proxy) close() {
	p.cancel()
	_ = p.server.Close()
	<-p.served
}

// writeKubeconfig writes one without credentials.
func writeKubeconfig(path, server string) error {
	k := clientcmdapi.NewConfig()
	k.Clusters["perf"] = &clientcmdapi.Cluster{Server: server, InsecureSkipTLSVerify: strings.HasPrefix(server, "https:")}
	k.Contexts["perf"] = &clientcmdapi.Context{Cluster: "perf", Namespace: "default"}
	k.CurrentContext = "perf"
	return clientcmd.WriteToFile(*k, path)
}
