package watch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kscope/kscope"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	apiwatch "k8s.io/apimachinery/pkg/watch"
)

// server is an API server of one kind whose answers a test decides.
type server struct {
	mu      sync.Mutex
	objects map[string]*corev1.ConfigMap
	version int
	page    int           // objects per page; all if zero
	slow    time.Duration // to answer
	err     error         // of lists and watches
	listErr error
	streams []*apiwatch.FakeWatcher
	since   []int // versions that watches were asked for
	lists   int
}

func (s *server) put(name, uid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	_, had := s.objects[name]
	o := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, UID: types.UID(uid), ResourceVersion: fmt.Sprint(s.version)}}
	s.objects[name] = o
	for _, w := range s.streams {
		if had {
			w.Modify(o)
		} else {
			w.Add(o)
		}
	}
}

func (s *server) drop(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	o := s.objects[name]
	delete(s.objects, name)
	for _, w := range s.streams {
		w.Delete(o)
	}
}

// fail makes lists and watches fail, and ends the open streams: with an error
// event if there is one.
func (s *server) fail(err error, event *metav1.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
	for _, w := range s.streams {
		if event != nil {
			w.Error(event)
		}
		w.Stop()
	}
	s.streams = nil
}

func (s *server) list(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
	if err := pause(ctx, s.slow); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists++
	if err := errors.Join(s.err, s.listErr); err != nil {
		return nil, firstOf(s.err, s.listErr)
	}
	out := &corev1.ConfigMapList{ListMeta: metav1.ListMeta{ResourceVersion: fmt.Sprint(s.version)}}
	for _, o := range s.objects {
		out.Items = append(out.Items, *o)
	}
	slices.SortFunc(out.Items, func(a, b corev1.ConfigMap) int { return strings.Compare(a.Name, b.Name) })
	if s.page > 0 {
		var from int
		fmt.Sscan(o.Continue, &from)
		out.Items = out.Items[from:]
		if len(out.Items) > s.page {
			out.Items = out.Items[:s.page]
			out.Continue = fmt.Sprint(from + s.page)
		}
	}
	return out, nil
}

func (s *server) watch(ctx context.Context, o metav1.ListOptions) (apiwatch.Interface, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, s.err
	}
	var since int
	fmt.Sscan(o.ResourceVersion, &since)
	s.since = append(s.since, since)
	w := apiwatch.NewFakeWithChanSize(100, false)
	s.streams = append(s.streams, w)
	return w, nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// watchServer watches s in a bubble. What it gives tells, in words, what was emitted
// since it was last called.
func watchServer(t *testing.T, s *server) func() string {
	var mu sync.Mutex
	var said []string
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		Kind{
			Kind: "things", List: s.list, Watch: s.watch, AbsentHint: "install it",
			Observe: func(obj runtime.Object) (kscope.Fact, bool) {
				o := obj.(*corev1.ConfigMap)
				if o.Name == "odd" {
					panic("no idea")
				}
				return kscope.Event{UID: string(o.UID), Reason: o.Name}, !strings.HasPrefix(o.Name, "unwanted")
			},
		}.Run(ctx, func(f kscope.Fact) {
			mu.Lock()
			defer mu.Unlock()
			switch f := f.(type) {
			case kscope.Event:
				said = append(said, f.Reason+"/"+f.UID)
			case kscope.Gone:
				said = append(said, "-"+f.Ref.Name+"/"+f.UID)
			case kscope.Status:
				text := string(f.State)
				if f.Message != "" {
					text += ": " + f.Message
				}
				if f.Hint != "" {
					text += " (" + f.Hint + ")"
				}
				said = append(said, text)
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return func() string {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		out := strings.Join(said, ", ")
		said = nil
		return out
	}
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("\ngot  %s\nwant %s", got, want)
	}
}

func newServer(names ...string) *server {
	s := &server{objects: map[string]*corev1.ConfigMap{}}
	for _, name := range names {
		s.put(name, "1")
	}
	return s
}

var (
	refused   = &url.Error{Op: "Get", URL: "https://127.0.0.1:6443/x", Err: &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 6443}, Err: syscall.ECONNREFUSED}}
	forbidden = apierrors.NewForbidden(schema.GroupResource{Resource: "things"}, "", errors.New("no"))
	absent    = apierrors.NewNotFound(schema.GroupResource{Resource: "things"}, "")
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
		expect(t, seen(), `connecting, forbidden: things is forbidden: no (ask for permission to get, list and watch it; kscope looks again every 30 s)`)
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
		why := "failing: ns/odd cannot be read because of a defect: no idea (the other objects are current; please report this)"
		expect(t, seen(), "connecting, a/1, "+why+", z/1")
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

func TestExplain(t *testing.T) {
	lost := func(port int) error {
		return &url.Error{Op: "Get", URL: fmt.Sprintf("https://x?rv=%d", port), Err: &net.OpError{Op: "read", Net: "tcp",
			Source: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: port}, Addr: &net.TCPAddr{IP: net.IPv4(10, 0, 0, 2), Port: 443}, Err: syscall.ECONNRESET}}
	}
	if a, b := Explain(lost(4000)), Explain(lost(4001)); a != b {
		t.Errorf("two attempts make two statuses: %v, %v", a, b)
	}
	for _, test := range []struct {
		err     error
		state   kscope.State
		message string
		hint    string
	}{
		{forbidden, kscope.Forbidden, "things is forbidden: no", "permission"},
		{absent, kscope.Absent, `things "" not found`, ""},
		{apierrors.NewGenericServerResponse(http.StatusNotFound, "list", schema.GroupResource{Group: "keda.sh", Resource: "scaledobjects"}, "", "404 page not found", 0, true),
			kscope.Absent, "the server could not find the requested resource (list scaledobjects.keda.sh)", ""},
		{apierrors.NewUnauthorized("Unauthorized"), kscope.Failing, "Unauthorized", "log in"},
		{&url.Error{Op: "Get", URL: "u", Err: errors.New("getting credentials: exec: executable aws not found")}, kscope.Failing, "getting credentials: exec: executable aws not found", "credential plugin"},
		{&net.DNSError{Err: "no such host", Name: "x", IsNotFound: true}, kscope.Failing, "lookup x: no such host", "name"},
		{apierrors.NewServiceUnavailable("etcd is \x1b[31mdown"), kscope.Failing, "etcd is down", ""},
		{context.DeadlineExceeded, kscope.Failing, "context deadline exceeded", "network"},
	} {
		got := Explain(test.err)
		if got.State != test.state || got.Message != test.message || !strings.Contains(got.Hint, test.hint) || test.hint == "" && got.Hint != "" {
			t.Errorf("%v:\ngot  %+v\nwant %v %q %q", test.err, got, test.state, test.message, test.hint)
		}
	}
}
