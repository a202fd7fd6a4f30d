package sandbox

import (
	"fmt"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	apiwatch "k8s.io/apimachinery/pkg/watch"

	"github.com/kscope/kscope/triggers"
)

// stream is one open watch. It never holds up the world: what the reader has
// not taken waits, however much that is.
type stream struct {
	selection selection
	convert   func(runtime.Object) runtime.Object
	leave     func(*stream) // takes it off the list of those to tell

	out     chan apiwatch.Event
	stopped chan struct{}
	once    sync.Once

	mu     sync.Mutex
	queue  []apiwatch.Event
	ending bool
	wake   chan struct{} // holds one: the queue has grown, or is at its end
}

func newStream(s selection, convert func(runtime.Object) runtime.Object, backlog []apiwatch.Event, leave func(*stream)) *stream {
	st := &stream{
		selection: s, convert: convert, leave: leave, queue: backlog,
		out: make(chan apiwatch.Event), stopped: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	st.nudge()
	go st.pump()
	return st
}

// ResultChan closes when the stream has been stopped or has come to its end.
func (s *stream) ResultChan() <-chan apiwatch.Event { return s.out }

// Stop ends the stream; its goroutine ends with it.
func (s *stream) Stop() {
	s.once.Do(func() {
		close(s.stopped)
		s.leave(s)
	})
}

func (s *stream) add(e apiwatch.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ending {
		s.queue = append(s.queue, e)
		s.nudge()
	}
}

// end lets the stream say why it ends, after all that it still has to say.
func (s *stream) end(why *metav1.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, apiwatch.Event{Type: apiwatch.Error, Object: why})
	s.ending = true
	s.nudge()
}

func (s *stream) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// pump hands out what is queued, as copies, until the end.
func (s *stream) pump() {
	defer close(s.out)
	for {
		events, last := s.take()
		for _, e := range events {
			if e.Type != apiwatch.Error {
				e.Object = s.convert(e.Object.DeepCopyObject())
			}
			select {
			case s.out <- e:
			case <-s.stopped:
				return
			}
		}
		if last {
			return
		}
		select {
		case <-s.wake:
		case <-s.stopped:
			return
		}
	}
}

func (s *stream) take() (events []apiwatch.Event, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	events, s.queue = s.queue, nil
	return events, s.ending
}

// lenOf measures a stream as KEDA's streams trigger does, and fails as it does.
func (r *redis) lenOf(q triggers.Redis) (int64, error) {
	switch q.Measure {
	case triggers.StreamPending:
		reply, err := r.Ask(q.DB, "XPENDING", q.Key, q.Group)
		if summary, ok := reply.([]any); ok && len(summary) > 0 {
			reply = summary[0]
		}
		return number(reply), err
	case triggers.StreamLag:
		reply, err := r.Ask(q.DB, "XINFO", "GROUPS", q.Key)
		if err != nil && strings.HasPrefix(err.Error(), "ERR no such key") {
			return 0, nil
		}
		groups, _ := reply.([]any)
		for _, g := range groups {
			if of := pairs(g); of["name"] == q.Group {
				return number(of["lag"]), nil
			}
		}
		if err != nil {
			return 0, err
		}
	}
	reply, err := r.Ask(q.DB, "XLEN", q.Key) // without a group, all that there is
	return number(reply), err
}

func number(reply any) int64 {
	n, _ := reply.(int)
	return int64(n)
}

// pairs are the fields of an answer that is a list of names and values.
func pairs(reply any) map[string]any {
	list, _ := reply.([]any)
	out := make(map[string]any, len(list)/2)
	for i := 0; i+1 < len(list); i += 2 {
		out[fmt.Sprint(list[i])] = list[i+1]
	}
	return out
}

// next takes the oldest entry of a stream that nobody has: for the group, which is made
// where there is none, as workers do. Without a group, whoever takes it deletes it.
func (r *redis) next(q triggers.Redis) (id string, ok bool, err error) {
	if q.Group == "" {
		reply, err := r.Ask(q.DB, "XRANGE", q.Key, "-", "+", "COUNT", "1")
		if id, ok = first(reply); !ok || err != nil {
			return "", false, err
		}
		gone, err := r.Ask(q.DB, "XDEL", q.Key, id)
		return "", gone == 1, err
	}
	read := []string{"XREADGROUP", "GROUP", q.Group, "worker", "COUNT", "1", "STREAMS", q.Key, ">"}
	reply, err := r.Ask(q.DB, read...)
	if err != nil && strings.HasPrefix(err.Error(), "NOGROUP") {
		if _, err = r.Ask(q.DB, "XGROUP", "CREATE", q.Key, q.Group, "0", "MKSTREAM"); err != nil {
			return "", false, err
		}
		reply, err = r.Ask(q.DB, read...)
	}
	if streams, is := reply.([]any); is && len(streams) > 0 {
		if of, is := streams[0].([]any); is && len(of) == 2 {
			id, ok = first(of[1])
		}
	}
	return id, ok, err
}

// first is the ID of the first of some entries.
func first(entries any) (id string, ok bool) {
	list, _ := entries.([]any)
	if len(list) == 0 {
		return "", false
	}
	entry, _ := list[0].([]any)
	if len(entry) == 0 {
		return "", false
	}
	id, ok = entry[0].(string)
	return id, ok
}

// Done says that a worker has done what it took: an entry of a stream is acknowledged and
// deleted.
func (r *redis) Done(q triggers.Redis, id string) {
	if id == "" || r.isLost() {
		return
	}
	_, _ = r.Ask(q.DB, "XACK", q.Key, q.Group, id)
	_, _ = r.Ask(q.DB, "XDEL", q.Key, id)
}
