package perf

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/redis/go-redis/v9"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kscope/kscope/e2e/cluster"
)

// changes measures how long changes take to be seen, and the storm. For that
// the ScaledObject is paused, so that nobody else changes the replicas.
func (r *runner) changes(ctx context.Context) error {
	if err := r.pauseTarget(ctx, true); err != nil {
		return err
	}
	t, err := r.dashboard(ctx)
	if err != nil {
		return err
	}
	defer t.close()
	if r.size != small {
		if err := r.pixels(ctx, t, "row"); err != nil {
			return err
		}
		if err := t.Type("\r"); err != nil { // the target is the first row
			return err
		}
	}
	if _, err := t.await(ctx, patience, "detail", detailComplete); err != nil {
		return err
	}
	if err := r.pixels(ctx, t, "pixel"); err != nil {
		return err
	}
	if err := r.jobs(ctx, t); err != nil {
		return err
	}
	if err := r.storm(ctx, t); err != nil {
		return err
	}
	return r.pauseTarget(ctx, false)
}

// dashboard starts kscope as its user would at this size: over the namespace,
// which opens its only ScaledObject, or over everything.
func (r *runner) dashboard(ctx context.Context) (*terminal, error) {
	args, ok := r.whole()
	t, err := r.kscope(r.c.Kubeconfig, args...)
	if err != nil {
		return nil, err
	}
	if _, err := t.await(ctx, patience, "data", ok); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// whole is how kscope is asked for everything at this size, and when it is there.
func (r *runner) whole() (args []string, ok func(string) bool) {
	if r.size != small {
		return []string{"-A"}, overviewComplete(r.objects())
	}
	return []string{"-n", target.Namespace}, detailComplete
}

// between is the time from one change to the next.
func (r *runner) between() time.Duration { return 500*time.Millisecond + rand.N(time.Second) }

// latencies are of the same changes, each from two moments: when an
// independent watch delivered it, and when the API server had answered the
// request that made it.
type latencies struct{ watch, answer, kubectl times }

// mostReplicas is the largest number that the changes ask for: few enough that
// the pods of one are there before the next.
const mostReplicas = 10

// pixels changes the desired replicas again and again, at random moments.
func (r *runner) pixels(ctx context.Context, t *terminal, id string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := watchDeployment(ctx, r.c, target)
	if err != nil {
		return err
	}
	k, err := startKubectl(r.c, "deployments", "-n", target.Namespace, target.Name)
	if err != nil {
		return err
	}
	defer k.close()
	if _, err := k.firstLine(ctx, patience); err != nil {
		return err
	}
	var all latencies
	n := r.o.Load.Each
	for i := range r.plan.changes {
		if err := pause(ctx, r.between()); err != nil {
			return err
		}
		n = other(n, mostReplicas)
		if err := r.pixel(ctx, t, w, k, n, &all); err != nil {
			return fmt.Errorf("change %d: %w", i+1, err)
		}
	}
	if err := r.scale(ctx, r.o.Load.Each); err != nil {
		return err
	}
	r.put(id, all.watch.median(), medianP95(all.watch))
	r.put(id+"-p95", all.watch.p95(), ms(all.watch.p95()))
	r.put(id+"-answer", 0, medianP95(all.answer))
	r.put(id+"-kubectl", 0, medianP95(all.kubectl))
	return nil
}

// pixel is one change.
func (r *runner) pixel(ctx context.Context, t *terminal, w witness, k *kubectl, n int, all *latencies) error {
	e := t.expect(fmt.Sprintf("%d replicas", n), wants(target.Namespace+"/"+target.Name, n))
	if err := r.scale(ctx, n); err != nil {
		return err
	}
	answered := time.Now()
	drawn, err := e.wait(ctx, patience)
	if err != nil {
		return err
	}
	delivered, err := w.await(ctx, patience, n)
	if err != nil {
		return err
	}
	printed, err := k.await(ctx, patience, n)
	if err != nil {
		return err
	}
	all.watch = append(all.watch, drawn.Sub(delivered))
	all.answer = append(all.answer, drawn.Sub(answered))
	all.kubectl = append(all.kubectl, printed.Sub(delivered))
	return nil
}

// other is another number from 1 to most.
func other(n, most int) int {
	m := 1 + rand.IntN(most-1)
	if m >= n {
		m++
	}
	return m
}

// jobs pushes jobs one by one and waits for each to be counted on the screen.
func (r *runner) jobs(ctx context.Context, t *terminal) error {
	lists := redis.NewClient(&redis.Options{Addr: r.c.RedisAddr})
	defer lists.Close()
	n, err := lists.LLen(ctx, target.List).Result()
	if err != nil {
		return err
	}
	var all times
	for range r.plan.changes {
		if err := pause(ctx, 300*time.Millisecond+rand.N(500*time.Millisecond)); err != nil {
			return err
		}
		n++
		e := t.expect(fmt.Sprintf("queue of %d", n), queueIs(int(n)))
		if err := lists.LPush(ctx, target.List, "job").Err(); err != nil {
			return err
		}
		answered := time.Now()
		drawn, err := e.wait(ctx, patience)
		if err != nil {
			return err
		}
		all = append(all, drawn.Sub(answered))
	}
	r.put("queue", all.median(), medianP95(all))
	r.put("queue-p95", all.p95(), ms(all.p95()))
	return nil
}

// scale sets the desired replicas of the target.
func (r *runner) scale(ctx context.Context, n int) error {
	patch := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, n)
	_, err := r.c.Client.AppsV1().Deployments(target.Namespace).Patch(ctx, target.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// pauseTarget has KEDA take its hands off the target, or back on. It waits
// until the HPA is gone, or there.
func (r *runner) pauseTarget(ctx context.Context, paused bool) error {
	value := "null"
	if paused {
		value = `"true"`
	}
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{"autoscaling.keda.sh/paused":%s}}}`, value)
	_, err := r.c.Dynamic.Resource(scaledObjects).Namespace(target.Namespace).Patch(ctx, target.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return err
	}
	return cluster.WaitFor(ctx, patience, "KEDA to take note of the pause", func(ctx context.Context) error {
		_, err := r.c.Client.AutoscalingV2().HorizontalPodAutoscalers(target.Namespace).Get(ctx, "keda-hpa-"+target.Name, metav1.GetOptions{})
		if paused && err == nil {
			return errors.New("the HPA is still there")
		}
		if paused && apierrors.IsNotFound(err) {
			return nil
		}
		return err
	})
}
