package sandbox

import (
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	apiwatch "k8s.io/apimachinery/pkg/watch"
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
