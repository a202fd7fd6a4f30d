package k8s

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"
)

// How long a credential plugin may take until that is said. It may take longer, as
// where somebody has to log in: what it gives then is used by the next request.
const pluginPatience = 4 * time.Second

// mostStuck is how many requests wait for a plugin that is late.
const mostStuck = 8

// withPlugin keeps the plugin of a kubeconfig, if it has one, from the terminal,
// which is the screen's, and bounds what it can hold up: client-go runs it in the
// middle of a request and waits for it whatever the request's context says. What it
// gives wraps the transport that comes of the config.
func withPlugin(c *rest.Config) func(http.RoundTripper) http.RoundTripper {
	if c.ExecProvider == nil {
		return func(t http.RoundTripper) http.RoundTripper { return t }
	}
	of := *c.ExecProvider
	of.StdinUnavailable, of.StdinUnavailableMessage = true, "the screen has the terminal; log in before, as by any kubectl command"
	c.ExecProvider = &of
	c.Wrap(func(next http.RoundTripper) http.RoundTripper { return beyond{next} })
	return func(t http.RoundTripper) http.RoundTripper {
		return &plugin{next: t, name: filepath.Base(of.Command)}
	}
}

// plugin is a transport with a credential plugin within.
type plugin struct {
	next  http.RoundTripper
	name  string
	stuck atomic.Int32 // requests that were given up and still wait
}

// way tells where a request is: with the plugin, or beyond it, with the server.
type way struct{ in, out chan struct{} }

type wayKey struct{}

// RoundTrip returns when the context is done, and when the plugin is late.
func (p *plugin) RoundTrip(r *http.Request) (*http.Response, error) {
	if p.stuck.Load() >= mostStuck {
		return nil, p.late()
	}
	type answer struct {
		resp *http.Response
		err  error
	}
	var (
		at     = way{make(chan struct{}, 1), make(chan struct{}, 1)}
		came   = make(chan answer)
		gaveUp = make(chan struct{})
		leave  = sync.OnceFunc(func() { close(gaveUp) })
	)
	defer leave()
	go func() {
		resp, err := p.next.RoundTrip(r.WithContext(context.WithValue(r.Context(), wayKey{}, at)))
		select {
		case came <- answer{resp, err}:
		case <-gaveUp:
			p.stuck.Add(-1)
			if err == nil {
				_ = resp.Body.Close()
			}
		}
	}()
	patience := time.NewTimer(pluginPatience)
	defer patience.Stop()
	for {
		select {
		case a := <-came:
			return a.resp, a.err
		case <-at.in:
			patience.Stop()
		case <-at.out: // it may be asked for another one
			patience.Reset(pluginPatience)
		case <-patience.C:
			p.stuck.Add(1)
			return nil, p.late()
		case <-r.Context().Done():
			p.stuck.Add(1)
			return nil, r.Context().Err()
		}
	}
}

func (p *plugin) late() error {
	return fmt.Errorf("getting credentials: %s has not answered for %v", p.name, pluginPatience)
}

// WrappedRoundTripper lets client-go see what is within.
func (p *plugin) WrappedRoundTripper() http.RoundTripper { return p.next }

// beyond is what a request passes when it has its credentials.
type beyond struct{ next http.RoundTripper }

func (b beyond) RoundTrip(r *http.Request) (*http.Response, error) {
	if at, ok := r.Context().Value(wayKey{}).(way); ok {
		at.in <- struct{}{}
		defer func() { at.out <- struct{}{} }()
	}
	return b.next.RoundTrip(r)
}
