package dashboard_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// A proxy stands between one kscope and the API server. It counts requests and
// can answer some itself.
type proxy struct {
	kubeconfig string

	mu       sync.Mutex
	requests []string // but for watches
}

// newProxy starts a proxy. It passes on, as the administrator, what answer does
// not answer; answer may be nil.
func newProxy(t *testing.T, answer func(w http.ResponseWriter, r *http.Request) bool) *proxy {
	t.Helper()
	target, err := url.Parse(c.Host)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := rest.TransportFor(c.Config)
	if err != nil {
		t.Fatal(err)
	}
	pass := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     transport,
		FlushInterval: -1, // watches
	}
	p := &proxy{kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("watch") == "" {
			p.mu.Lock()
			p.requests = append(p.requests, r.Method+" "+r.URL.String())
			p.mu.Unlock()
		}
		if answer == nil || !answer(w, r) {
			pass.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	k := clientcmdapi.NewConfig()
	k.Clusters["proxied"] = &clientcmdapi.Cluster{Server: server.URL}
	k.Contexts["proxied"] = &clientcmdapi.Context{Cluster: "proxied"}
	k.CurrentContext = "proxied"
	if err := clientcmd.WriteToFile(*k, p.kubeconfig); err != nil {
		t.Fatal(err)
	}
	return p
}

// asked lists the requests so far that were not watches.
func (p *proxy) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.requests...)
}

// withoutKEDA answers as an API server does in whose cluster KEDA was never
// installed.
func withoutKEDA(w http.ResponseWriter, r *http.Request) bool {
	if !strings.HasPrefix(r.URL.Path, "/apis/keda.sh") {
		return false
	}
	http.Error(w, "404 page not found", http.StatusNotFound)
	return true
}
