package world

import (
	"container/heap"
	"math/rand/v2"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope/sandbox/meter"
)

// timer is something that will happen.
type timer struct {
	at    time.Time
	seq   uint64 // orders what is due at the same moment
	run   func()
	index int // in the heap; -1 once it has happened or was stopped
}

// timers is a heap: the next due first.
type timers []*timer

func (t timers) Len() int { return len(t) }
func (t timers) Less(i, j int) bool {
	if !t[i].at.Equal(t[j].at) {
		return t[i].at.Before(t[j].at)
	}
	return t[i].seq < t[j].seq
}
func (t timers) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].index, t[j].index = i, j
}
func (t *timers) Push(x any) {
	e := x.(*timer)
	e.index = len(*t)
	*t = append(*t, e)
}
func (t *timers) Pop() any {
	last := len(*t) - 1
	e := (*t)[last]
	(*t)[last] = nil
	*t = (*t)[:last]
	e.index = -1
	return e
}

// at plans something for a moment; a moment that has passed means now.
func (w *World) at(when time.Time, run func()) *timer {
	if when.Before(w.now) {
		when = w.now
	}
	w.seq++
	t := &timer{at: when, seq: w.seq, run: run}
	heap.Push(&w.due, t)
	return t
}

// after plans something for later.
func (w *World) after(d time.Duration, run func()) *timer { return w.at(w.now.Add(d), run) }

// stop takes back what was planned; nil and what has happened are ignored.
func (w *World) stop(t *timer) {
	if t != nil && t.index >= 0 {
		heap.Remove(&w.due, t.index)
		t.index = -1
	}
}

// delay is how long the control plane takes for one small step: 5 to 50 ms
// with jitter, else nothing.
func (w *World) delay() time.Duration {
	if !w.o.Jitter {
		return 0
	}
	return 5*time.Millisecond + time.Duration(w.delays.Int64N(int64(45*time.Millisecond)))
}

// spread varies a duration by a fraction of itself, uniformly in both
// directions.
func spread(r *rand.Rand, d time.Duration, fraction float64) time.Duration {
	if fraction <= 0 || d <= 0 {
		return max(d, 0)
	}
	return max(0, time.Duration(float64(d)*(1+min(fraction, 1)*(2*r.Float64()-1))))
}

// stamp is the present as the API server stores it: in whole seconds.
func (w *World) stamp() metav1.Time { return metav1.NewTime(w.now.Truncate(time.Second)) }

// microstamp is the present with the precision of eventTime.
func (w *World) microstamp() metav1.MicroTime {
	return metav1.NewMicroTime(w.now.Truncate(time.Microsecond))
}

// bucket is a token bucket, as client-go limits a controller's requests.
type bucket struct {
	rate, burst float64 // per second; at once
	tokens      float64
	at          time.Time
}

// take uses one token; when there is none it says how long to wait instead.
func (b *bucket) take(now time.Time) time.Duration {
	b.tokens = min(b.burst, b.tokens+b.rate*now.Sub(b.at).Seconds())
	b.at = now
	if b.tokens >= 1-1e-6 { // whoever waited may come a nanosecond early
		b.tokens--
		return 0
	}
	return time.Duration((1 - b.tokens) / b.rate * float64(time.Second))
}

// backoff doubles from first to most.
type backoff struct {
	first, most time.Duration
	failures    int
}

// peek is how long to wait after so many failures.
func (b backoff) peek() time.Duration {
	d := b.first
	for range b.failures {
		if d *= 2; d >= b.most {
			return b.most
		}
	}
	return d
}

// next is how long to wait after one more failure.
func (b *backoff) next() time.Duration {
	d := b.peek()
	b.failures++
	return d
}

// followUse has the metrics-server look, once there is an HPA that asks it.
func (w *World) followUse(h *hpa) {
	if !h.goesByUse() {
		return
	}
	w.crewsChanged()
	if w.scraper == nil {
		w.scrape()
	}
}

func (w *World) scrape() {
	for _, wl := range w.workloads {
		wl.eachPod(func(p *pod) {
			if p.stage == running {
				p.meter.Look(w.now)
			}
		})
	}
	w.scraper = w.after(meter.Every, w.scrape)
}
