package perf

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/kscope/kscope/e2e/cluster"
)

// frame is what a redraw showed. It is of the reads that make it up the last.
type frame struct {
	at    time.Time
	ready int // pods, -1 if it does not say
}

// storm scales from nothing to very many pods and looks at every redraw.
func (r *runner) storm(ctx context.Context, t *terminal) error {
	if err := r.settleAt(ctx, 0); err != nil {
		return err
	}
	if _, err := t.await(ctx, patience, "no pods", showsReady(0)); err != nil {
		return err
	}
	count, err := r.countReady(ctx, r.plan.storm)
	if err != nil {
		return err
	}
	defer count.end()
	var frames []frame
	t.watchFrames(func(at time.Time, first bool, text string) {
		f := frame{at, shownReady(text)}
		if first || len(frames) == 0 {
			frames = append(frames, f)
		} else {
			frames[len(frames)-1] = f
		}
	})
	defer t.watchFrames(nil)
	began := time.Now()
	before, err := turnsOf(t.pid)
	if err != nil {
		return err
	}
	if err := r.settleAt(ctx, r.plan.storm); err != nil {
		return err
	}
	took := time.Since(began)
	if _, err := t.await(ctx, patience, "all pods", showsReady(r.plan.storm)); err != nil {
		return err
	}
	t.watchFrames(nil)
	after, err := turnsOf(t.pid)
	if err != nil {
		return err
	}
	steps, err := count.wait(ctx)
	if err != nil {
		return err
	}
	late := lags(steps, frames)
	if len(late) < r.plan.storm {
		return fmt.Errorf("of %d pods the watch told of %d and the screen of %d", r.plan.storm, len(steps), len(late))
	}
	r.put("storm-rate", float64(busiest(frames)), fmt.Sprint(busiest(frames)))
	r.put("storm-lag", late.max(), fmt.Sprintf("%s, median %s", ms(late.max()), ms(late.median())))
	spent := after.since(before)
	r.put("storm-why", 0, fmt.Sprintf("%s and %s", ms(spent.ran), ms(spent.waited)))
	r.put("storm-took", 0, fmt.Sprintf("%d pods in %s, %d frames", r.plan.storm, ms(took), len(frames)))
	return r.settleAt(ctx, r.o.Load.Each)
}

// readyCount counts the target's ready pods by a watch of the harness's own. In
// a storm the API server closes watches that it takes for too slow, so it is
// one that begins again where it was cut.
type readyCount struct {
	all   chan struct{} // closed when all are ready, or when the watch has ended
	steps []time.Time   // when there was one more, the first time for each
	err   error
	end   context.CancelFunc
}

func (r *runner) countReady(ctx context.Context, want int) (*readyCount, error) {
	ctx, cancel := context.WithCancel(ctx)
	selected := metav1.ListOptions{LabelSelector: "app=" + target.Name}
	pods := r.c.Client.CoreV1().Pods(target.Namespace)
	before, err := pods.List(ctx, selected)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("list pods: %w", err)
	}
	stream, err := watchtools.NewRetryWatcherWithContext(ctx, before.ResourceVersion, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.LabelSelector = selected.LabelSelector
			return pods.Watch(ctx, o)
		},
	})
	if err != nil {
		cancel()
		return nil, fmt.Errorf("watch pods: %w", err)
	}
	c := &readyCount{all: make(chan struct{}), end: cancel}
	go func() {
		defer close(c.all)
		defer stream.Stop()
		ready := map[string]bool{}
		for e := range stream.ResultChan() {
			at := time.Now()
			p, ok := e.Object.(*corev1.Pod)
			if !ok {
				c.err = fmt.Errorf("watch pods: %w", apierrors.FromObject(e.Object))
				return
			}
			delete(ready, p.Name)
			if e.Type != watch.Deleted && isReady(p) {
				ready[p.Name] = true
			}
			if len(ready) > len(c.steps) {
				c.steps = append(c.steps, at)
			}
			if len(c.steps) == want {
				return
			}
		}
		if c.err = ctx.Err(); c.err == nil {
			c.err = errors.New("watch pods: ended")
		}
	}()
	return c, nil
}

// wait gives the steps when there are as many as were wanted: on a busy
// machine the screen may be ahead of this watch.
func (c *readyCount) wait(ctx context.Context) ([]time.Time, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c.all:
		return c.steps, c.err
	case <-timer.C:
		return nil, fmt.Errorf("the watch of pods did not tell of all within %s", patience)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func isReady(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue && p.DeletionTimestamp == nil
		}
	}
	return false
}

// settleAt scales the target and waits until all its pods are as they should.
func (r *runner) settleAt(ctx context.Context, n int) error {
	if err := r.scale(ctx, n); err != nil {
		return err
	}
	return cluster.WaitFor(ctx, 3*time.Minute, fmt.Sprintf("%d ready pods", n), func(ctx context.Context) error {
		d, err := r.c.Client.AppsV1().Deployments(target.Namespace).Get(ctx, target.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		return settled(d, n)
	})
}

func settled(d *appsv1.Deployment, n int) error {
	if int(d.Status.Replicas) != n || int(d.Status.ReadyReplicas) != n || d.Status.ObservedGeneration < d.Generation {
		return fmt.Errorf("%d of %d pods are ready", d.Status.ReadyReplicas, d.Status.Replicas)
	}
	return nil
}

var (
	aLane  = regexp.MustCompile(`(?m)^.Pods (.*)$`)
	aReady = regexp.MustCompile(`([0-9,]+) ready`)
)

// shownReady is how many ready pods the lane of the detail counts, -1 if there
// is none. It is not the number in the chain, which is the Deployment's own and
// lags behind as the Deployment controller does.
func shownReady(text string) int {
	lane := aLane.FindStringSubmatch(text)
	if lane == nil {
		return -1
	}
	n := 0
	if m := aReady.FindStringSubmatch(lane[1]); m != nil {
		n, _ = number(m[1])
	}
	return n
}

func showsReady(n int) func(string) bool {
	return func(text string) bool { return shownReady(text) == n }
}

// lags is, for every pod that became ready, how long it took until a frame
// counted it. A pod that comes and goes is counted once.
func lags(steps []time.Time, frames []frame) times {
	var out times
	next := 0
	for i, at := range steps {
		for next < len(frames) && frames[next].ready <= i {
			next++
		}
		if next == len(frames) {
			break
		}
		out = append(out, max(frames[next].at.Sub(at), 0))
	}
	return out
}

// busiest is the largest number of frames within one second.
func busiest(frames []frame) int {
	most, from := 0, 0
	for i, f := range frames {
		for f.at.Sub(frames[from].at) >= time.Second {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}
