package k8s

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// dialPatience is how long a server may take to accept a connection.
const dialPatience = 5 * time.Second

// Clients makes the clients of the sources for a cluster, both over one
// connection. They speak protobuf where the API has it, are not throttled (the
// sources make a handful of requests), keep warnings of the server to
// themselves, and notice within some seconds when the connection is dead. Of
// KEDA's objects the dynamic client gives no managed fields (see lean.go). cfg
// is not changed; a dialer or a throttle that it has is kept, a timeout is not.
//
// client-go reads how often to ping an idle connection from the environment
// only, so Clients sets HTTP2_READ_IDLE_TIMEOUT_SECONDS and
// HTTP2_PING_TIMEOUT_SECONDS for this process, unless they are set.
func Clients(cfg *rest.Config) (kubernetes.Interface, dynamic.Interface, error) {
	// With the pause before a watch is called silent: 9 s until a dead
	// connection shows.
	setenv("HTTP2_READ_IDLE_TIMEOUT_SECONDS", "4")
	setenv("HTTP2_PING_TIMEOUT_SECONDS", "3")

	c := rest.CopyConfig(cfg)
	c.UserAgent = "kscope/" + version()
	c.WarningHandler = rest.NoWarnings{}
	c.WarningHandlerWithContext = nil
	c.Timeout = 0 // it would cut every watch
	if c.QPS == 0 && c.RateLimiter == nil {
		c.QPS = -1
	}
	if c.Dial == nil {
		// The default waits 30 s for an answer, so a server that is back
		// would go unnoticed for as long.
		c.Dial = (&net.Dialer{Timeout: dialPatience, KeepAlive: 15 * time.Second}).DialContext
	}
	c.Wrap(func(next http.RoundTripper) http.RoundTripper { return atOnce{next} })
	bounded := withPlugin(c)
	client, err := rest.HTTPClientFor(c)
	if err != nil {
		return nil, nil, fmt.Errorf("client: %w", err)
	}
	client.Transport = bounded(client.Transport)
	typed := rest.CopyConfig(c)
	typed.ContentType = "application/vnd.kubernetes.protobuf"
	typed.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	k, err := kubernetes.NewForConfigAndClient(typed, client)
	if err != nil {
		return nil, nil, fmt.Errorf("client: %w", err)
	}
	others, err := rest.UnversionedRESTClientForConfigAndClient(withLeanDecoders(c), client)
	if err != nil {
		return nil, nil, fmt.Errorf("client: %w", err)
	}
	return k, dynamic.New(others), nil
}

// atOnce gives every refusal to who asked. Where a server says how long to wait
// client-go would, up to ten times, without a word to anybody, while what is on
// screen grows old; the sources say so and try again by themselves. And it reads no
// answer that does not end.
type atOnce struct{ next http.RoundTripper }

func (a atOnce) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := a.next.RoundTrip(r)
	if err != nil {
		return resp, err
	}
	resp.Header.Del("Retry-After")
	if resp.StatusCode != http.StatusSwitchingProtocols {
		resp.Body = &ending{ReadCloser: resp.Body, left: mostAnswer, watch: r.URL.Query().Has("watch")}
	}
	return resp, nil
}

// mostAnswer is how many bytes there may be in an answer, or in one event of a watch.
// A page is 500 objects, of which the API server takes none above 1.5 MiB, and nearly
// all have some kilobytes.
const mostAnswer = 64 << 20

// ending is an answer that ends. It is counted after it was unpacked.
type ending struct {
	io.ReadCloser
	left  int64
	watch bool
}

func (e *ending) Read(b []byte) (int, error) {
	n, err := e.ReadCloser.Read(b)
	if e.watch && bytes.IndexByte(b[:n], '\n') >= 0 { // JSON ends each event by it, and in protobuf it is the commonest tag
		e.left = mostAnswer
	}
	if e.left -= int64(n); e.left < 0 {
		return 0, fmt.Errorf("the API server's answer has more than %d MiB", mostAnswer>>20)
	}
	return n, err
}

func setenv(name, value string) {
	if _, ok := os.LookupEnv(name); !ok {
		_ = os.Setenv(name, value) // fails only for a malformed name
	}
}

// version is that of the build, "devel" where it has none.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
