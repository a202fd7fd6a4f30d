package servicebus

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/kscope/kscope/sources/protocol"
)

type tripper func(*http.Request) (*http.Response, error)

func (t tripper) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// TestEndlessList has a namespace that always has another page of queues.
func TestEndlessList(t *testing.T) {
	full := "<feed>" + strings.Repeat("<entry><title>q</title><content><QueueDescription/></content></entry>", page) + "</feed>"
	asked := 0
	c := &client{Web: protocol.NewWeb(nil, nil), connection: connection{host: "orders.example.net"}}
	c.Transport = tripper(func(*http.Request) (*http.Response, error) {
		if asked++; asked > 2*mostEntities/page {
			t.Fatal("it does not end")
		}
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(full))}, nil
	})
	if all, err := c.list(t.Context(), "/$Resources/Queues"); err == nil {
		t.Errorf("%d queues", len(all))
	}
}

// TestPageForPeople has something answer well that is not Service Bus: nothing is known to
// be in then.
func TestPageForPeople(t *testing.T) {
	c := &client{Web: protocol.NewWeb(nil, nil), connection: connection{host: "orders.example.net"}}
	c.Transport = tripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("<!doctype html>Sign in"))}, nil
	})
	if did := c.send(t.Context(), "/orders", make([]message, 3)); did.Accepted != 0 || did.Unknown != 3 || did.Err == nil {
		t.Errorf("got %+v", did)
	}
}
