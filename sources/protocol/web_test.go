package protocol_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kscope/kscope/sources/protocol"
)

// heard is all that a server was told.
type heard struct {
	mu  sync.Mutex
	all string
}

func (h *heard) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	_ = r.Write(&b)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all += b.String()
}

// TestRedirectsTakeNoLoginAlong has a server send on whoever asks: to another host, in the
// open, and to itself.
func TestRedirectsTakeNoLoginAlong(t *testing.T) {
	type send struct {
		method, from, to string
		header           http.Header
		user             *url.Userinfo
		body             string
		arrives, leaks   bool // who asks comes there, with what is secret
	}
	own := http.Header{"X-Api-Key": {"SECRET"}}
	for name, s := range map[string]send{
		"a header of its own":     {method: "GET", from: "http://one.test/", to: "http://two.test/", header: own},
		"user and password":       {method: "GET", from: "http://one.test/", to: "http://two.test/", user: url.UserPassword("keda", "SECRET")},
		"a password in the URL":   {method: "GET", from: "http://keda:SECRET@one.test/", to: "http://two.test/"},
		"to a host below":         {method: "GET", from: "http://one.test/", to: "http://a.one.test/", header: http.Header{"Authorization": {"Bearer SECRET"}}},
		"in the open":             {method: "GET", from: "https://one.test/", to: "http://one.test/", header: http.Header{"Authorization": {"Bearer SECRET"}}},
		"what is posted":          {method: "POST", from: "http://one.test/", to: "http://two.test/", body: "password=SECRET"},
		"what is posted, to it":   {method: "POST", from: "http://one.test/", to: "http://one.test/x", body: "password=SECRET"},
		"no login, but the query": {method: "GET", from: "http://one.test/?key=SECRET", to: "http://two.test/", arrives: true},
		"to another path of it":   {method: "GET", from: "http://one.test/", to: "http://one.test/x", header: own, arrives: true, leaks: true},
		"to another port of it":   {method: "GET", from: "http://one.test/", to: "http://one.test:8080/", header: own, arrives: true, leaks: true},
		"to TLS of it":            {method: "GET", from: "http://one.test/", to: "https://one.test/", header: own, arrives: true, leaks: true},
	} {
		t.Run(name, func(t *testing.T) {
			var there heard
			sends := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, s.to, http.StatusTemporaryRedirect)
			})
			secure := httptest.NewUnstartedServer(nil)
			secure.StartTLS()
			defer secure.Close()
			plain := httptest.NewServer(nil)
			defer plain.Close()
			serve := func(w http.ResponseWriter, r *http.Request) {
				at := "http://" + r.Host + r.URL.Path
				if r.TLS != nil {
					at = "https://" + r.Host + r.URL.Path
				}
				if at == s.to {
					there.ServeHTTP(w, r)
				} else {
					sends(w, r)
				}
			}
			secure.Config.Handler, plain.Config.Handler = http.HandlerFunc(serve), http.HandlerFunc(serve)
			config := secure.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
			config.InsecureSkipVerify = true // its certificate is for other names
			w := protocol.NewWeb(func(ctx context.Context, network, address string) (net.Conn, error) {
				to := plain.Listener.Addr()
				if strings.HasSuffix(address, ":443") {
					to = secure.Listener.Addr()
				}
				return new(net.Dialer).DialContext(ctx, network, to.String())
			}, config)
			defer w.Close()
			w.User = s.user
			_, _, err := w.Do(t.Context(), s.method, s.from, strings.NewReader(s.body), s.header)
			if arrives := there.all != ""; arrives != s.arrives || (err == nil) != s.arrives {
				t.Errorf("arrives %v: %q (%v)", arrives, there.all, err)
			}
			if strings.Contains(there.all, "SECRET") != s.leaks {
				t.Errorf("it was told %q", there.all)
			}
			if err != nil && strings.Contains(err.Error(), "SECRET") {
				t.Error(err)
			}
		})
	}
}

// TestWhoSpeaksFirst has a server that speaks before it is asked: however soon, the same is
// said of it.
func TestWhoSpeaksFirst(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = conn.Write([]byte("INFO {}\r\n"))
				_, _ = conn.Read(make([]byte, 1024))
				_ = conn.Close()
			}()
		}
	}()
	for late := range 5 {
		w := protocol.NewWeb(func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return &tardy{conn, time.Duration(late) * time.Millisecond}, err
		}, nil)
		_, _, err := w.Do(t.Context(), http.MethodGet, "http://"+l.Addr().String(), nil, nil)
		w.Close()
		if err == nil {
			t.Fatal("no error")
		}
		if says, _ := protocol.Explain(err, "it"); !strings.Contains(says, "does not speak HTTP") {
			t.Fatalf("%s (%v)", says, err)
		}
	}
}

// tardy is a connection that is written to late.
type tardy struct {
	net.Conn
	by time.Duration
}

func (c *tardy) Write(b []byte) (int, error) {
	time.Sleep(c.by)
	return c.Conn.Write(b)
}
