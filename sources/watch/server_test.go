package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	apiwatch "k8s.io/apimachinery/pkg/watch"

	"github.com/kscope/kscope"
)

// server is an API server of one kind whose answers a test decides.
type server struct {
	mu      sync.Mutex
	objects map[string]*corev1.ConfigMap
	version int
	page    int           // objects per page; all if zero
	slow    time.Duration // to answer
	hold    time.Duration // until a watch is answered
	err     error         // of lists and watches
	// watchErr is of watches alone.
	watchErr error
	streams  []*apiwatch.FakeWatcher
	since    []int // versions that watches were asked for
	lists    int
	endless  bool // each page of a list says that there is another
}

func (s *server) put(name, uid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	_, had := s.objects[name]
	o := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, UID: types.UID(uid), ResourceVersion: fmt.Sprint(s.version)}}
	s.objects[name] = o
	for _, w := range s.open() {
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
	for _, w := range s.open() {
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

// refuse makes watches fail, but not lists.
func (s *server) refuse(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchErr = err
}

// send puts an event into the open streams.
func (s *server) send(what apiwatch.EventType, obj runtime.Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.open() {
		w.Action(what, obj)
	}
}

// open are the streams that nobody has given up.
func (s *server) open() []*apiwatch.FakeWatcher {
	s.streams = slices.DeleteFunc(s.streams, (*apiwatch.FakeWatcher).IsStopped)
	return s.streams
}

func (s *server) list(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
	if err := pause(ctx, s.slow); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists++
	if s.err != nil {
		return nil, s.err
	}
	out := &corev1.ConfigMapList{ListMeta: metav1.ListMeta{ResourceVersion: fmt.Sprint(s.version)}}
	for _, o := range s.objects {
		out.Items = append(out.Items, *o)
	}
	slices.SortFunc(out.Items, func(a, b corev1.ConfigMap) int { return strings.Compare(a.Name, b.Name) })
	if s.page > 0 {
		var from int
		_, _ = fmt.Sscan(o.Continue, &from) // empty on the first page
		out.Items = out.Items[from:]
		if len(out.Items) > s.page {
			out.Items = out.Items[:s.page]
			out.Continue = fmt.Sprint(from + s.page)
		}
	}
	if s.endless {
		out.Continue = fmt.Sprint(len(s.objects))
	}
	return out, nil
}

func (s *server) watch(ctx context.Context, o metav1.ListOptions) (apiwatch.Interface, error) {
	s.mu.Lock()
	hold := s.hold
	s.mu.Unlock()
	if err := pause(ctx, hold); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := cmp.Or(s.watchErr, s.err); err != nil {
		return nil, err
	}
	var since int
	if _, err := fmt.Sscan(o.ResourceVersion, &since); err != nil {
		return nil, err
	}
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
