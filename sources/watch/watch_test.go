package watch

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope"
)

const isRefused = "failing: dial tcp 127.0.0.1:6443: connection refused (is the API server running, and is this the right context?)"

func TestListThenWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a", "b", "c", "unwanted")
		s.page = 2
		seen := watchServer(t, s)
		expect(t, seen(), "connecting, a/1, b/1, c/1, synced")
		s.put("d", "1")
		s.put("a", "1")
		s.drop("b")
		s.drop("unwanted")
		expect(t, seen(), "d/1, a/1, -b/1")
		if s.lists != 2 {
			t.Errorf("lists: got %d, want 2 pages", s.lists)
		}
	})
}

// A stream ends after some minutes as a matter of course.
func TestStreamEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a")
		seen := watchServer(t, s)
		seen()
		s.put("b", "1")
		time.Sleep(5 * time.Minute)
		s.fail(nil, nil)
		expect(t, seen(), "b/1")
		s.put("c", "1")
		expect(t, seen(), "c/1")
		if want := []int{1, 2}; !slices.Equal(s.since, want) {
			t.Errorf("watched from: got %v, want %v", s.since, want)
		}
	})
}

func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a", "b", "c")
		seen := watchServer(t, s)
		seen()
		time.Sleep(time.Minute)
		s.fail(refused, nil)
		expect(t, seen(), isRefused)
		time.Sleep(10 * time.Minute)
		expect(t, seen(), "") // said once
		s.fail(nil, nil)
		time.Sleep(4 * time.Second)
		expect(t, seen(), "synced")
		if s.lists != 1 {
			t.Errorf("lists: got %d, want 1: the watch goes on where it was", s.lists)
		}
	})
}

// After a long outage the versions in between are gone, and nobody tells about
// what was deleted.
func TestDeletedDuringOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a", "b", "c")
		seen := watchServer(t, s)
		seen()
		time.Sleep(time.Minute)
		s.fail(refused, nil)
		expect(t, seen(), isRefused)
		s.drop("b")
		s.put("c", "2") // another object of that name
		expired := apierrors.NewResourceExpired("too old")
		s.fail(expired, nil)
		time.Sleep(4 * time.Second)
		s.fail(nil, nil)
		time.Sleep(4 * time.Second)
		expect(t, seen(), "-c/1, c/2, -b/1, synced") // and a, which has not changed, not again
	})
}

func TestExpiredStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a")
		seen := watchServer(t, s)
		seen()
		time.Sleep(time.Minute)
		status := apierrors.NewResourceExpired("too old resource version: 1 (2)").ErrStatus
		s.drop("a")
		seen()
		s.fail(nil, &status)
		expect(t, seen(), "")
		if s.lists != 2 {
			t.Errorf("lists: got %d, want 2", s.lists)
		}
	})
}

// A connection that breaks once is no news if the next one holds.
func TestBrokenStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a")
		seen := watchServer(t, s)
		seen()
		time.Sleep(time.Minute)
		status := apierrors.NewInternalError(errors.New("http2: client connection lost")).ErrStatus
		s.fail(nil, &status)
		time.Sleep(time.Second)
		expect(t, seen(), "")
		s.fail(refused, &status)
		expect(t, seen(), isRefused)
	})
}

// client-go gives an empty stream for some errors of the connection.
func TestStreamEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a")
		seen := watchServer(t, s)
		seen()
		time.Sleep(time.Minute)
		s.fail(nil, nil)
		synctest.Wait()
		s.fail(nil, nil)
		expect(t, seen(), "")
		time.Sleep(600 * time.Millisecond)
		s.fail(nil, nil)
		expect(t, seen(), "failing: the API server ended the watch at once")
		time.Sleep(5 * time.Second)
		expect(t, seen(), "synced")
	})
}

func TestForbidden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a")
		s.err = forbidden
		seen := watchServer(t, s)
		expect(t, seen(), `connecting, forbidden: you may not watch them (ask for permission to get, list and watch; kscope looks again every 30 s)`)
		time.Sleep(time.Hour)
		expect(t, seen(), "")
		if s.lists > 130 {
			t.Errorf("%d lists in an hour", s.lists)
		}
		s.fail(nil, nil)
		time.Sleep(35 * time.Second)
		expect(t, seen(), "a/1, synced")
	})
}

func TestAbsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a")
		s.err = absent
		seen := watchServer(t, s)
		expect(t, seen(), `connecting, absent: things "" not found (install it)`)
		s.fail(nil, nil)
		time.Sleep(12 * time.Second)
		expect(t, seen(), "a/1, synced")
	})
}

func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a")
		s.slow = 8 * time.Second
		seen := watchServer(t, s)
		time.Sleep(6 * time.Second)
		expect(t, seen(), "connecting, failing: no answer from the API server for 5s (check the network, a VPN or a proxy)")
		time.Sleep(3 * time.Second)
		expect(t, seen(), "a/1, synced")
	})
}

// A list that fails half way is begun again, and what it brought is not
// repeated.
func TestListFailsHalfWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a", "b", "c")
		s.page, s.slow = 2, time.Second
		seen := watchServer(t, s)
		time.Sleep(1500 * time.Millisecond)
		expect(t, seen(), "connecting, a/1, b/1")
		s.fail(refused, nil)
		time.Sleep(time.Second)
		expect(t, seen(), isRefused)
		s.fail(nil, nil)
		time.Sleep(10 * time.Second)
		expect(t, seen(), "c/1, synced")
	})
}

func TestOddObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("a", "odd", "z")
		seen := watchServer(t, s)
		why := "partly: ns/odd cannot be read because of a defect: no idea (the other objects are current; please report this)"
		expect(t, seen(), "connecting, a/1, z/1, "+why)
		s.put("a", "1")
		expect(t, seen(), "a/1")
		s.drop("odd")
		expect(t, seen(), "synced")
		s.put("odd", "2")
		expect(t, seen(), why)
	})
}

func TestPanickingClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var last kscope.Fact
		Kind{List: func(context.Context, metav1.ListOptions) (runtime.Object, error) { panic("oh") }}.Run(ctx, func(f kscope.Fact) { last = f })
		if s, _ := last.(kscope.Status); s.Message != "stopped by a defect: oh" {
			t.Errorf("got %v", last)
		}
	})
}
