package k8s

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kscope/kscope"
)

// soon is how soon a fault must be on the screen, and its end; leaving is how long
// ending may take, whatever hangs.
const (
	soon    = 10 * time.Second
	leaving = time.Second
)

// api is an API server with one pod, reached by the very clients of the program
// over HTTP/2, through a line that can go dead.
type api struct {
	*httptest.Server
	dead  atomic.Bool // nothing passes the line any more, and nobody hears of it
	fault atomic.Pointer[http.HandlerFunc]
	open  chan bool // a token for each watch that was opened
}

func startAPI(t *testing.T) *api {
	a := &api{open: make(chan bool, 1000)}
	a.Server = httptest.NewUnstartedServer(http.HandlerFunc(a.serve))
	a.EnableHTTP2 = true
	a.StartTLS()
	t.Cleanup(func() { a.CloseClientConnections(); a.Close() })
	return a
}

func (a *api) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if f := a.fault.Load(); f != nil {
		(*f)(w, r)
		return
	}
	if r.URL.Query().Get("watch") != "" {
		w.(http.Flusher).Flush()
		a.open <- true
		<-r.Context().Done()
		return
	}
	_, _ = io.WriteString(w, `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":[{"metadata":{"namespace":"shop","name":"p","uid":"u","resourceVersion":"4"}}]}`)
}

// authority is what vouches for a server, as a kubeconfig has it.
func authority(s *httptest.Server) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

func (a *api) config() *rest.Config {
	return &rest.Config{Host: a.URL, TLSClientConfig: rest.TLSClientConfig{CAData: authority(a.Server)},
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if a.dead.Load() {
				ctx, cancel := context.WithTimeout(ctx, dialPatience)
				defer cancel()
				<-ctx.Done()
				return nil, ctx.Err()
			}
			c, err := (&net.Dialer{}).DialContext(ctx, network, address)
			return &line{Conn: c, dead: &a.dead}, err
		}}
}

// line is a connection that swallows what is sent while it is dead.
type line struct {
	net.Conn
	dead *atomic.Bool
}

func (l *line) Write(b []byte) (int, error) {
	if l.dead.Load() {
		return len(b), nil
	}
	return l.Conn.Write(b)
}

// watchPods watches the pods of a cluster until the test ends. What it gives
// waits for a status of a state with words in its message or hint, and tells how
// long that took.
func watchPods(t *testing.T, cfg *rest.Config) func(state kscope.State, words string) time.Duration {
	client, _, err := Clients(cfg)
	if err != nil {
		t.Fatal(err)
	}
	said := make(chan kscope.Status, 1000)
	ctx, cancel := context.WithCancel(t.Context())
	var work sync.WaitGroup
	work.Go(func() {
		kind(kscope.Pods, client.CoreV1().Pods(""), only(observePod)).Run(ctx, func(f kscope.Fact) {
			if s, ok := f.(kscope.Status); ok {
				said <- s
			}
		})
	})
	t.Cleanup(func() {
		began := time.Now()
		cancel()
		if work.Wait(); time.Since(began) > leaving {
			t.Errorf("it takes %v to leave", time.Since(began))
		}
	})
	return func(state kscope.State, words string) time.Duration {
		t.Helper()
		began := time.Now()
		late := time.After(soon)
		var last kscope.Status
		for {
			select {
			case s := <-said:
				if last = s; s.State == state && strings.Contains(s.Message+" ("+s.Hint+")", words) {
					took := time.Since(began)
					t.Logf("%s %q after %v", state, words, took.Round(time.Millisecond))
					return took
				}
			case <-late:
				t.Fatalf("no %s with %q within %v; the last was %+v", state, words, soon, last)
			}
		}
	}
}

// What goes wrong on the way to an API server, or in what it answers, is said
// within ten seconds and mends itself: as the library that is between lets it
// be seen.
func TestAPIServerFails(t *testing.T) {
	t.Parallel() // it waits more than it computes
	status := func(code int, header, value string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if header != "" {
				w.Header().Set(header, value)
			}
			w.WriteHeader(code)
			_ = json.NewEncoder(w).Encode(metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: "Failure", Message: "not now", Code: int32(code), Reason: map[int]metav1.StatusReason{401: metav1.StatusReasonUnauthorized, 429: metav1.StatusReasonTooManyRequests}[code]})
		}
	}
	say := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, text) }
	}
	hang := func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, tt := range map[string]struct {
		fault http.HandlerFunc
		says  string
	}{
		"401":              {status(401, "", ""), "log in to the cluster again"},
		"429 for a minute": {status(429, "Retry-After", "60"), "not now (the API server asks for patience)"},
		"503 for a minute": {status(503, "Retry-After", "60"), "not now"},
		"500":              {status(500, "", ""), "not now"},
		"silence":          {hang, "no answer from the API server for"},
		"garbage":          {say("\x00\x01garbage"), ""},
		"a web page": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html>log in</html>")
		}, ""},
		"half an event, again":        {say(`{"type":"ADDED","object":{"kind":"Pod","apiVer`), ""},
		"an event that is no object":  {say(`{"type":"ADDED","object":{"hello":"world"}}`), ""},
		"the watch ends at once":      {say(""), ""},
		"the connection breaks again": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it waits more than it computes
			a := startAPI(t)
			until := watchPods(t, a.config())
			until(kscope.Synced, "")
			<-a.open
			a.fault.Store(&tt.fault)
			a.CloseClientConnections()
			until(kscope.Failing, tt.says)
			a.fault.Store(nil)
			if name == "silence" {
				a.CloseClientConnections()
			}
			until(kscope.Synced, "")
		})
	}
}

// A line that went dead without a word, as after a laptop slept or a VPN
// dropped, is noticed by a ping that nobody answers.
func TestLineGoesDead(t *testing.T) {
	t.Parallel() // it waits more than it computes
	a := startAPI(t)
	until := watchPods(t, a.config())
	until(kscope.Synced, "")
	<-a.open
	a.dead.Store(true)
	until(kscope.Failing, "")
	a.dead.Store(false)
	until(kscope.Synced, "")
}

// Nobody is let in who is not known, and what the other side is has to be known
// as well.
func TestNoWayIn(t *testing.T) {
	t.Parallel() // it waits more than it computes
	plugin := func(script string) func(*rest.Config) {
		return func(c *rest.Config) {
			c.ExecProvider = &clientcmdapi.ExecConfig{APIVersion: "client.authentication.k8s.io/v1", Command: "/bin/sh", Args: []string{"-c", script}, InteractiveMode: clientcmdapi.NeverExecInteractiveMode}
		}
	}
	expired := fmt.Sprintf(`{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"old","expirationTimestamp":"%s"}}`, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
	for name, tt := range map[string]struct {
		change func(*rest.Config)
		says   string
	}{
		"plugin fails":        {plugin("echo token has expired >&2; exit 1"), "the credential plugin of the kubeconfig failed: log in to the cluster again"},
		"plugin says nothing": {plugin("true"), "the credential plugin of the kubeconfig failed"},
		"plugin hangs":        {plugin("exec sleep 20 2>&-"), "sh has not answered for 4s (the credential plugin of the kubeconfig failed"},
		"plugin hangs later": {func(c *rest.Config) {
			plugin(`[ -e "$0" ] && exec sleep 20 2>&-; touch "$0"; echo '` + expired + `'`)(c)
			c.ExecProvider.Args = append(c.ExecProvider.Args, filepath.Join(t.TempDir(), "once"))
		}, "sh has not answered for 4s"},
		"plugin asks somebody": {func(c *rest.Config) {
			plugin("read x")(c)
			c.ExecProvider.InteractiveMode = clientcmdapi.AlwaysExecInteractiveMode
		}, "cannot support interactive mode: standard input is"},
		"plugin is not there":     {func(c *rest.Config) { plugin("")(c); c.ExecProvider.Command = "/nowhere/login" }, "the credential plugin of the kubeconfig failed"},
		"plugin gives an old one": {plugin("echo '" + expired + "'"), "log in to the cluster again"},
		"unknown authority":       {func(c *rest.Config) { c.CAData = nil }, "check certificate-authority in the kubeconfig"},
		"another name":            {func(c *rest.Config) { c.ServerName = "elsewhere.test" }, "elsewhere.test"},
		"no TLS there":            {func(c *rest.Config) { c.Host = strings.Replace(c.Host, "https:", "http:", 1) }, ""},
		"no such host": {func(c *rest.Config) {
			c.Dial = func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}}
			}
		}, "check the server's name in the kubeconfig"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it waits more than it computes
			a := startAPI(t)
			unauthorized := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") == "Bearer old" {
					w.WriteHeader(http.StatusUnauthorized)
				}
			})
			if strings.HasPrefix(name, "plugin") {
				a.fault.Store(&unauthorized)
			}
			cfg := a.config()
			tt.change(cfg)
			watchPods(t, cfg)(kscope.Failing, tt.says)
		})
	}
}

// An answer that does not end is not read for ever, neither a list nor an event, packed
// or not; one that is long and ends is read.
func TestAnswersEnd(t *testing.T) {
	t.Parallel()
	a := startAPI(t)
	var sent atomic.Int64
	endless := func(begin string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, begin)
			for chunk := []byte(strings.Repeat("x", 1<<20)); r.Context().Err() == nil; {
				n, err := w.Write(chunk)
				if sent.Add(int64(n)); err != nil {
					return
				}
			}
		}
	}
	client, _, err := Clients(a.config())
	if err != nil {
		t.Fatal(err)
	}
	for name, ask := range map[string]func() error{
		"a list": func() error {
			_, err := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
			return err
		},
		"an event": func() error {
			w, err := client.CoreV1().Pods("").Watch(t.Context(), metav1.ListOptions{})
			if err != nil {
				return err
			}
			defer w.Stop()
			if e, more := <-w.ResultChan(); more {
				return fmt.Errorf("%s %v", e.Type, e.Object)
			}
			return fmt.Errorf("it ended")
		},
	} {
		sent.Store(0)
		fault := endless(`{"type":"ADDED","object":{"kind":"`)
		a.fault.Store(&fault)
		began := time.Now()
		if err := ask(); err == nil {
			t.Errorf("%s without an end is no error", name)
		} else if name == "a list" && !strings.Contains(err.Error(), "more than 64 MiB") {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(began); took > soon || sent.Load() > 2*mostAnswer {
			t.Errorf("%s: %v, %d MiB were read", name, took, sent.Load()>>20)
		}
	}
	long := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"p","annotations":{"a":"`)
		_, _ = io.WriteString(w, strings.Repeat("x", mostAnswer/2)+`"}}}]}`)
	})
	a.fault.Store(&long)
	if list, err := client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{}); err != nil || len(list.Items) != 1 {
		t.Errorf("half as long: %v", err)
	}
}
