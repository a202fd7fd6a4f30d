package httpaddon

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// mostUnderWay is how many requests are under way at most; each has a connection.
const mostUnderWay = 256

// mostRead is how much of an answer is read, in bytes. Longer ones end there, and cost
// their connection.
const mostRead = 1 << 20

// sender sends requests to the proxy of an add-on.
type sender struct {
	proxy string // host:port
	dial  protocol.Dial
	web   http.Client
	room  chan struct{} // holds a token for each request under way
	spare chan net.Conn // that was dialled to see whether somebody is there

	mu     sync.Mutex
	broken error // why the last connection did not come about
	proved bool  // one did
}

func newSender(dial protocol.Dial, proxy string) *sender {
	s := &sender{proxy: proxy, dial: dial, room: make(chan struct{}, mostUnderWay), spare: make(chan net.Conn, 1)}
	s.web.CheckRedirect = stay
	s.web.Transport = &http.Transport{DialContext: s.connect, MaxIdleConnsPerHost: mostUnderWay, IdleConnTimeout: 30 * time.Second, DisableCompression: true}
	return s
}

// stay follows no redirect: it leads to others than the route.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// connect dials, unless there is a spare connection.
func (s *sender) connect(ctx context.Context, network, address string) (net.Conn, error) {
	select {
	case conn := <-s.spare:
		return conn, nil
	default:
	}
	conn, err := s.dial(ctx, network, address)
	if ctx.Err() == nil {
		s.mu.Lock()
		s.broken = err
		s.mu.Unlock()
	}
	return conn, err
}

// there is why nobody seems to be there: before the first request somebody is looked for,
// and then the last connection tells.
func (s *sender) there(ctx context.Context) error {
	s.mu.Lock()
	proved, broken := s.proved, s.broken
	s.mu.Unlock()
	if proved {
		return broken
	}
	conn, err := s.dial(ctx, "tcp", s.proxy)
	if err != nil {
		return err
	}
	s.spare <- conn // nobody else has put one there: a client belongs to one goroutine
	s.proved = true
	return nil
}

// Push sends a GET request to the proxy for each job, and does not wait for the answers:
// those are told to the batch's Answers. Accepted is how many were sent, Full that the
// rest was not, since 256 are under way. A request is sent once at the most, also where
// the connection broke under it; it follows no redirect, and goes on until it is answered
// or its load is over, for a pod may take long to start. Nothing of a job is in it but its
// id, as the header Kscope.
func (c *client) Push(ctx context.Context, q protocol.Queue, b *broker.Batch) (did broker.Outcome) {
	to, err := targetOf(q.Parameters)
	if err == nil {
		err = c.there(ctx)
	}
	if err != nil {
		return broker.Outcome{Err: err}
	}
	for i := range b.Jobs {
		select {
		case c.room <- struct{}{}:
		default:
			did.Full = true
			return did
		}
		id := b.ID(i)
		b.Answers.Go(b.At, func(ctx context.Context) broker.Answer {
			defer func() { <-c.room }()
			return c.send(ctx, to, id)
		})
		did.Accepted++
	}
	return did
}

// send sends one request and reads the answer.
func (s *sender) send(ctx context.Context, to target, id string) (a broker.Answer) {
	req, err := to.request(ctx, s.proxy, id)
	if err != nil {
		return broker.Answer{}
	}
	resp, err := s.web.Do(req)
	if trouble, ok := errors.AsType[*kscope.Trouble](err); ok { // as of a port-forward to nobody
		return broker.Answer{Why: trouble.Message}
	} else if err != nil {
		return broker.Answer{}
	}
	begin, _ := io.ReadAll(io.LimitReader(resp.Body, int64(len(notRouted))+1))
	_, err = io.CopyN(io.Discard, resp.Body, mostRead)
	_ = resp.Body.Close()
	if err != nil && err != io.EOF { //nolint:errorlint // CopyN says it as it is
		return broker.Answer{} // it broke off
	}
	a = broker.Answer{Class: resp.StatusCode / 100, Cold: resp.Header.Get(coldStart) == "true"}
	if resp.StatusCode == http.StatusNotFound && resp.Header.Get(coldStart) == "" && string(begin) == notRouted {
		a.Why = "the interceptor has no rule for " + to.host
	}
	return a
}

const (
	// coldStart is the header by which an interceptor says whether a pod had to start.
	coldStart = "X-KEDA-HTTP-Cold-Start"
	// notRouted is what an interceptor answers to what none of its rules takes, without that
	// header, which says of others' answers that they are such.
	notRouted = "Not Found\n"
)

// nothing is a body without anything in it, which net/http does not know to be so, and
// therefore sends once only: one that it knew it would send again by a new connection
// where the old one broke, though the first may have arrived.
type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, io.EOF }
func (nothing) Close() error             { return nil }

// hangUp closes what is not in use.
func (s *sender) hangUp() {
	s.web.CloseIdleConnections()
	select {
	case conn := <-s.spare:
		_ = conn.Close()
	default:
	}
}

// target is what a request has to look like for a route.
type target struct {
	host, path string
	header     http.Header
}

// anyHost stands for what a wildcard takes.
const anyHost = "kscope"

// targetOf is that of the first host, path and headers of the first rule of a route.
func targetOf(p triggers.Parameters) (target, error) {
	name := triggers.HTTPRoute(p.Values)
	hosts := p.List("hosts")
	switch {
	case len(hosts) == 0 && p.Text("targetService") == "":
		return target{}, &kscope.Trouble{Message: "route " + name + " was not read, so it is not known where requests have to go", Hint: "get permission to read interceptorroutes and httpscaledobjects of http.keda.sh"}
	case len(hosts) == 0:
		return target{}, &kscope.Trouble{Message: "route " + name + " has no rules, so no request reaches it", Hint: "give it a rule with hosts"}
	}
	to := target{path: "/", header: http.Header{"User-Agent": {"kscope"}}}
	to.host, _, _ = strings.Cut(hosts[0], ":")
	to.host = strings.Replace(to.host, "*", anyHost, 1)
	if prefixes := p.List("pathPrefixes"); len(prefixes) > 0 {
		to.path = "/" + strings.TrimLeft(prefixes[0], "/")
	}
	for line := range strings.Lines(p.Text("headers")) {
		name, value, given := strings.Cut(strings.TrimSpace(line), ":")
		if value = strings.TrimSpace(value); !given {
			value = "kscope"
		}
		if name = strings.TrimSpace(name); name != "" {
			to.header.Set(name, value)
		}
	}
	return to, to.wrong(name)
}

// request is one to a proxy.
func (to target) request(ctx context.Context, proxy, id string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, (&url.URL{Scheme: "http", Host: proxy, Path: to.path}).String(), nothing{})
	if err == nil {
		req.Host, req.Header = to.host, to.header.Clone()
		req.Header.Set("Kscope", id)
	}
	return req, err
}

// wrong is what of a request cannot be sent; a route may have it, and then nobody can use
// it.
func (to target) wrong(name string) error {
	if !httpguts.ValidHostHeader(to.host) || !isASCII(to.host) {
		return &kscope.Trouble{Message: "route " + name + " has a host that cannot be asked for: " + to.host, Hint: "check its rules"}
	}
	for header, values := range to.header {
		if !httpguts.ValidHeaderFieldName(header) || !httpguts.ValidHeaderFieldValue(values[0]) {
			return &kscope.Trouble{Message: "route " + name + " wants a header that cannot be sent: " + header, Hint: "check its rules"}
		}
	}
	return nil
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}
