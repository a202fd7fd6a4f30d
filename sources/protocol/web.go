package protocol

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/kscope/kscope"
)

// most is how much of an answer is read: more than any broker has to say.
const most = 16 << 20 // bytes

// Web is HTTP with one server. A login goes to no other host, and no further in the open
// than it was to: see [Web.redirect]. It keeps connections for who asks again.
type Web struct {
	http.Client
	Header http.Header // of every request
	User   *url.Userinfo

	babbles atomic.Bool // what was last dialled does not speak HTTP
}

// NewWeb makes one that dials as it is told, and speaks TLS as config has it where the
// address asks for TLS; nil is the system's way.
func NewWeb(dial Dial, config *tls.Config) *Web {
	w := &Web{Header: http.Header{}}
	w.Transport = &http.Transport{
		DialContext: w.listening(dial), TLSClientConfig: config, MaxIdleConnsPerHost: 8, IdleConnTimeout: 90 * time.Second,
		TLSHandshakeTimeout: 5 * time.Second, ForceAttemptHTTP2: true,
	}
	w.CheckRedirect = w.redirect
	return w
}

// Answer is what a server answered with another status than the one wanted: its words
// may be anything, so they are for the eyes of a parser, or cut short.
type Answer struct {
	Status int
	Body   string
}

// Error is the status, and the beginning of what stands below it.
func (a *Answer) Error() string {
	body := strings.TrimSpace(a.Body)
	if strings.HasPrefix(body, "<") { // a page for people
		body = ""
	}
	if len(body) > 200 {
		body = body[:200] + "…"
	}
	return strings.TrimSpace(fmt.Sprintf("the server answers %d %s %s", a.Status, http.StatusText(a.Status), kscope.Clean(body)))
}

// Do sends a request and reads the answer. Any status from 300 on is an [*Answer].
func (w *Web) Do(ctx context.Context, method, at string, body io.Reader, header http.Header) ([]byte, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, method, at, body)
	if err != nil {
		return nil, nil, &kscope.Trouble{Message: "the address of the server is no URL", Hint: "check it in the trigger"}
	}
	for _, h := range []http.Header{w.Header, header} {
		for name, values := range h {
			req.Header[name] = values
		}
	}
	if w.User != nil {
		password, _ := w.User.Password()
		req.SetBasicAuth(w.User.Username(), password)
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	resp, err := w.Client.Do(req)
	if err != nil && w.babbles.Load() && !TimedOut(err) {
		err = fmt.Errorf("%w: %w", errBabble, err)
	}
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	b, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil {
		return nil, nil, err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return nil, resp.Header, &Answer{resp.StatusCode, string(b)}
	}
	return b, resp.Header, nil
}

// JSON gets an address and reads what it answers.
func (w *Web) JSON(ctx context.Context, at string, into any) error {
	b, _, err := w.Do(ctx, http.MethodGet, at, nil, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return &kscope.Trouble{Message: "what answers there is not what was expected: no JSON", Hint: "check the address: a page for people, or something else, may be there"}
	}
	return nil
}

// Close hangs up.
func (w *Web) Close() { w.CloseIdleConnections() }
