package watch

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiwatch "k8s.io/apimachinery/pkg/watch"
)

// soon is how long it may take until a fault is said, and until its end is seen.
const (
	soon = 4 * time.Second
	well = 4 * time.Second
)

var things = schema.GroupResource{Resource: "things"}

// tooLarge is what a server answers whose data was put back to an earlier time.
func tooLarge() error {
	err := apierrors.NewTimeoutError("Too large resource version: 9, current: 3", 1)
	err.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: metav1.CauseTypeResourceVersionTooLarge, Message: "Too large resource version"}}
	return err
}

// Whatever keeps a watch from being opened again is said soon and once, and when
// it is over the watch goes on: with what happened meanwhile, however it has to
// be found out.
func TestWatchIsRefused(t *testing.T) {
	dial := func(err error) error {
		return &url.Error{Op: "Get", URL: "https://api.example.com/x", Err: &net.OpError{Op: "dial", Net: "tcp", Err: err}}
	}
	for name, tt := range map[string]struct {
		err  error
		says string
	}{
		"token expired":        {apierrors.NewUnauthorized("Unauthorized"), "Unauthorized (the credentials were refused: log in to the cluster again)"},
		"too many requests":    {apierrors.NewTooManyRequestsError("slow down"), "slow down"},
		"internal error":       {apierrors.NewInternalError(errors.New("etcd is away")), "Internal error occurred: etcd is away"},
		"unavailable":          {apierrors.NewServiceUnavailable("apiserver is shutting down"), "apiserver is shutting down"},
		"a proxy's 502":        {apierrors.NewGenericServerResponse(http.StatusBadGateway, "get", things, "", "bad gateway", 0, true), "an error on the server"},
		"no such host":         {dial(&net.DNSError{Err: "no such host", Name: "api.example.com", IsNotFound: true}), "check the server's name in the kubeconfig"},
		"connection reset":     {dial(syscall.ECONNRESET), "connection reset by peer"},
		"no route":             {dial(syscall.EHOSTUNREACH), "no route to host"},
		"handshake timed out":  {&url.Error{Op: "Get", URL: "u", Err: errors.New("net/http: TLS handshake timeout")}, "TLS handshake timeout"},
		"version of elsewhere": {apierrors.NewBadRequest("invalid resource version"), ""},
		"version too large":    {tooLarge(), ""},
		"410 Gone":             {apierrors.NewResourceExpired("too old resource version"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer("a", "b")
				seen := watchServer(t, s)
				seen()
				time.Sleep(time.Minute)
				s.refuse(tt.err)
				if tt.says == "" {
					s.fail(nil, nil)
				} else {
					s.fail(tt.err, nil)
				}
				s.drop("b")
				time.Sleep(soon)
				if got := seen(); !strings.Contains(got, tt.says) || (tt.says == "") != (strings.Contains(got, "-b/1")) {
					t.Errorf("after %v: got %q, want %q", soon, got, tt.says)
				}
				time.Sleep(10 * time.Minute)
				if got := seen(); got != "" && tt.says != "" {
					t.Errorf("said again: %q", got)
				}
				s.refuse(nil)
				s.fail(nil, nil)
				s.put("c", "1")
				time.Sleep(well)
				if got := seen(); tt.says == "" && !strings.Contains(got, "c/1") || tt.says != "" && !strings.Contains(got, "synced") {
					t.Errorf("afterwards: got %q", got)
				}
			})
		})
	}
}

// A server that says how long to wait is obeyed, within reason.
func TestServerSaysWhenToComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a")
		s.err = apierrors.NewTooManyRequests("slow down", 10)
		seen := watchServer(t, s)
		expect(t, seen(), "connecting, failing: slow down (the API server asks for patience)")
		time.Sleep(time.Hour)
		expect(t, seen(), "")
		if s.lists < 300 || s.lists > 400 {
			t.Errorf("%d lists in an hour, want one in 10 seconds", s.lists)
		}
		s.fail(apierrors.NewTooManyRequests("slow down", 3600), nil)
		time.Sleep(11 * time.Second)
		s.fail(nil, nil)
		time.Sleep(35 * time.Second)
		expect(t, seen(), "a/1, synced")
	})
}

// A server that was put back to an earlier time gives versions that are lower
// than those that were seen. They are believed: only a difference counts.
func TestVersionsGoBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a", "b", "c")
		seen := watchServer(t, s)
		seen()
		s.refuse(tooLarge())
		s.fail(nil, nil) // the stream ends, and b and c were never made
		s.mu.Lock()
		s.version = 1
		delete(s.objects, "b")
		delete(s.objects, "c")
		s.mu.Unlock()
		s.put("a", "1") // changed, at version 2, which b had
		time.Sleep(soon)
		s.refuse(nil)
		time.Sleep(soon)
		if got := seen(); !strings.Contains(got, "a/1") || !strings.Contains(got, "-b/1") || !strings.Contains(got, "-c/1") {
			t.Errorf("got %q", got)
		}
		s.put("d", "1")
		expect(t, seen(), "d/1")
	})
}

// A bookmark is no news, and the watch goes on from there.
func TestBookmarks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a")
		seen := watchServer(t, s)
		seen()
		for minute := range 60 {
			time.Sleep(time.Minute)
			s.send(apiwatch.Bookmark, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{ResourceVersion: fmt.Sprint(2 + minute)}})
		}
		s.fail(nil, nil)
		expect(t, seen(), "")
		if last := s.since[len(s.since)-1]; last != 61 || s.lists != 1 {
			t.Errorf("watched again from %d after %d lists, want from 61 after 1", last, s.lists)
		}
	})
}

// What is no object of the kind costs that object, or nothing.
func TestGarbageInAStream(t *testing.T) {
	for name, tt := range map[string]struct {
		event apiwatch.EventType
		obj   runtime.Object
		says  string
	}{
		"another kind":        {apiwatch.Modified, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "s", ResourceVersion: "7"}}, "ns/s cannot be read because of a defect"},
		"no metadata":         {apiwatch.Added, &metav1.Status{Message: "what?"}, ""},
		"nothing":             {apiwatch.Modified, nil, ""},
		"an unknown event":    {"MAYBE", &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{ResourceVersion: "1"}}, ""},
		"bytes":               {apiwatch.Error, &metav1.Status{Status: "Failure", Message: "unable to decode an event from the watch stream", Code: 500}, ""},
		"an odd error":        {apiwatch.Error, &corev1.ConfigMap{}, ""},
		"an error of nothing": {apiwatch.Error, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer("a")
				seen := watchServer(t, s)
				seen()
				time.Sleep(time.Minute)
				s.send(tt.event, tt.obj)
				time.Sleep(soon)
				if got := seen(); !strings.Contains(got, tt.says) {
					t.Errorf("got %q, want %q", got, tt.says)
				}
				s.put("b", "1")
				time.Sleep(well)
				if got := seen(); !strings.Contains(got, "b/1") {
					t.Errorf("afterwards: got %q, want the next object", got)
				}
			})
		})
	}
}

// A list whose answer never comes is said, and given up when the user leaves.
func TestListHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a")
		s.slow = 24 * time.Hour
		seen := watchServer(t, s)
		time.Sleep(listPatience)
		expect(t, seen(), "connecting, failing: no answer from the API server for 5s (check the network, a VPN or a proxy)")
	})
}

// A watch whose answer never comes is said, the first one included: what was
// listed grows old. A proxy that holds answers back until something happens is
// complained of once, and then has as long as a bookmark takes.
func TestWatchHangs(t *testing.T) {
	const hangs = "failing: no answer from the API server for 5s (check the network, a VPN or a proxy)"
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a")
		s.hold = 24 * time.Hour
		seen := watchServer(t, s)
		expect(t, seen(), "connecting, a/1, synced")
		time.Sleep(soon + 2*time.Second)
		expect(t, seen(), hangs)
		time.Sleep(time.Hour)
		expect(t, seen(), "")
	})
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a")
		s.hold = 50 * time.Second
		seen := watchServer(t, s)
		time.Sleep(time.Minute)
		expect(t, seen(), "connecting, a/1, synced, "+hangs+", synced")
		s.fail(nil, nil) // the stream ends, as they do
		time.Sleep(time.Minute)
		s.put("b", "1")
		expect(t, seen(), "b/1")
		s.mu.Lock()
		s.hold = time.Hour
		s.mu.Unlock()
		s.fail(nil, nil)
		time.Sleep(2 * time.Minute)
		expect(t, seen(), "failing: no answer from the API server for 1m30s (check the network, a VPN or a proxy)")
	})
}

// A list that is out of date before it is complete, again and again.
func TestListExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a")
		s.err = apierrors.NewResourceExpired("the continue token is too old")
		seen := watchServer(t, s)
		time.Sleep(9 * time.Second)
		expect(t, seen(), "connecting, failing: the continue token is too old")
		time.Sleep(time.Hour)
		expect(t, seen(), "")
		if s.lists > 1400 {
			t.Errorf("%d lists in an hour, want one in 3 seconds", s.lists)
		}
		s.fail(nil, nil)
		time.Sleep(well)
		expect(t, seen(), "a/1, synced")
	})
}

// A list of which no page says that it is the last.
func TestListWithoutAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a", "b", "c")
		s.page, s.endless = 2, true
		seen := watchServer(t, s)
		time.Sleep(9 * time.Second)
		expect(t, seen(), "connecting, a/1, b/1, failing: the API server's list has page after page with nothing new in them")
		time.Sleep(time.Hour)
		if seen(); s.lists > 1400*(idlePages+1) {
			t.Errorf("%d pages in an hour", s.lists)
		}
		s.mu.Lock()
		s.endless = false
		s.mu.Unlock()
		time.Sleep(well)
		expect(t, seen(), "c/1, synced")
	})
}
