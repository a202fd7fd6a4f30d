package dashboard_test

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"

	"github.com/kscope/kscope/e2e/screen"
)

// mayLag is how long ago a number on the screen may have been true, and how long
// it may be there before the witness hears of it. On a quiet machine a number
// comes some 0.3 s late for queues, which are polled, and less for all else;
// test machines are not quiet.
const mayLag = 2 * time.Second

// A witness notes what the cluster and Redis say, all the time, and holds every
// number on a screen against it: each must have been true a moment ago.
type witness struct {
	mu     sync.Mutex
	facts  map[string][]fact // by link, oldest first
	doubts map[string]doubt  // by link: what is on the screen and not known to be so
	wrong  string            // the first doubt that stayed
	seen   map[string]bool   // every timeline entry that was ever on the screen
	checks int
}

type fact struct {
	at    time.Time
	value string
}

// A doubt is a number on the screen that is not known to be true. The screen
// may have heard of it before the witness did.
type doubt struct {
	since time.Time
	shown string
}

// watch begins to hold a screen against the Deployment, its HPA and its list,
// until the test ends, and fails the test if a number was wrong.
func watch(t *testing.T, s *screen.Screen, namespace, deployment, hpa, list string) *witness {
	t.Helper()
	w := &witness{facts: map[string][]fact{}, doubts: map[string]doubt{}, seen: map[string]bool{}}
	ctx, cancel := context.WithCancel(context.Background())
	only := func(name string) informers.SharedInformerOption {
		return informers.WithTweakListOptions(func(o *metav1.ListOptions) {
			o.FieldSelector = fields.OneTermEqualSelector("metadata.name", name).String()
		})
	}
	deployments := informers.NewSharedInformerFactoryWithOptions(c.Client, 0, informers.WithNamespace(namespace), only(deployment))
	hpas := informers.NewSharedInformerFactoryWithOptions(c.Client, 0, informers.WithNamespace(namespace), only(hpa))
	w.follow(t, deployments.Apps().V1().Deployments().Informer())
	w.follow(t, hpas.Autoscaling().V2().HorizontalPodAutoscalers().Informer())
	deployments.Start(ctx.Done())
	hpas.Start(ctx.Done())
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			if n, err := queues.LLen(ctx, list).Result(); err == nil {
				w.note("queue", strconv.FormatInt(n, 10))
			}
			w.check(s.Text())
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
		deployments.Shutdown()
		hpas.Shutdown()
		if w.wrong != "" {
			t.Error(w.wrong)
		}
		t.Logf("%d screens held against the cluster", w.checks)
	})
	return w
}

func (w *witness) follow(t *testing.T, informer cache.SharedIndexInformer) {
	t.Helper()
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    w.see,
		UpdateFunc: func(_, o any) { w.see(o) },
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *witness) see(o any) {
	switch o := o.(type) {
	case *appsv1.Deployment:
		w.note("target", fmt.Sprintf("%d/%d", o.Status.Replicas, *o.Spec.Replicas))
		w.note("pods", fmt.Sprintf("%d ready", o.Status.ReadyReplicas))
	case *autoscalingv2.HorizontalPodAutoscaler:
		w.note("hpa", fmt.Sprintf("wants %d", o.Status.DesiredReplicas))
	}
}

func (w *witness) note(link, value string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fs := w.facts[link]
	if n := len(fs); n > 0 && fs[n-1].value == value {
		return
	}
	w.facts[link] = append(fs, fact{time.Now(), value})
}

// check holds the numbers of one screen against what is known.
func (w *witness) check(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range timeline(text) {
		w.seen[e] = true
	}
	l, ok := chain(text)
	if !ok {
		return
	}
	w.checks++
	w.hold(text, "queue", l.queue)
	w.hold(text, "target", l.target)
	w.hold(text, "pods", l.pods)
	if strings.HasPrefix(l.hpa, "wants ") {
		w.hold(text, "hpa", l.hpa)
	}
}

func (w *witness) hold(text, link, shown string) {
	recent := w.recent(link)
	if shown == "?" || len(recent) == 0 || w.wasTrue(link, shown, recent) { // unknown is not wrong
		delete(w.doubts, link)
		return
	}
	d, ok := w.doubts[link]
	if !ok || d.shown != shown {
		w.doubts[link] = doubt{time.Now(), shown}
		return
	}
	if time.Since(d.since) > mayLag && w.wrong == "" {
		w.wrong = fmt.Sprintf("the screen has said %s %q for %s, which was not so: %q\n%s", link, shown, mayLag, recent, text)
	}
}

// wasTrue reports whether a number is among those that were true lately.
func (w *witness) wasTrue(link, shown string, recent []string) bool {
	low, high := math.MaxInt, 0
	for _, v := range recent {
		if v == shown {
			return true
		}
		low, high = min(low, count(v)), max(high, count(v))
	}
	n := count(shown)
	return link == "queue" && low <= n && n <= high // between two looks of ours it may have had any length between
}

// recent lists what was true of a link at any time within mayLag.
func (w *witness) recent(link string) []string {
	fs := w.facts[link]
	var out []string
	for i := len(fs) - 1; i >= 0; i-- {
		out = append(out, fs[i].value)
		if time.Since(fs[i].at) > mayLag {
			break
		}
	}
	return out
}

// count reads a number as the screen writes it: 1,234.
func count(s string) int {
	n, err := strconv.Atoi(strings.ReplaceAll(s, ",", ""))
	if err != nil {
		return -1
	}
	return n
}

// saw waits until the timeline has had an entry that begins with these words,
// and returns it.
func (w *witness) saw(t *testing.T, s *screen.Screen, words string) string {
	t.Helper()
	var found string
	s.WaitFor(patience, "timeline entry "+strconv.Quote(words), func(string) bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		for e := range w.seen {
			if strings.HasPrefix(e, words) {
				found = e
			}
		}
		return found != ""
	})
	return found
}
