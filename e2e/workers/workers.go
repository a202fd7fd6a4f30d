// Package workers plays the programs inside the pods of a cluster whose nodes
// are only pretended: for each pod that says which queue it consumes, it takes
// jobs from that Redis list and spends the time on them that a real worker
// would. So a queue shrinks exactly as fast as there are ready pods to work on
// it.
//
// It reads the environment of a pod's first container:
//
//	QUEUE        name of the list; pods without it are ignored
//	JOB_SECONDS  how long one job takes, 2 by default; fractions are allowed
//	POP          BRPOP (the default: first in, first out for whoever fills the
//	             list with LPUSH) or LPOP (last in, first out)
//
// Pods may also say where their Redis is (REDIS_HOST, REDIS_PORT), but that
// name means nothing outside a cluster network, so the address comes from
// Options instead.
//
// A pod works on one job at a time. When it is asked to terminate it takes no
// further job.
package workers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// Options say whose pods to play.
type Options struct {
	Client    kubernetes.Interface
	Redis     string    // host:port
	Namespace string    // empty for all
	Log       io.Writer // told when Redis goes away and comes back; may be nil
}

// Run plays the workers until ctx is done. It survives a Redis and an API
// server that go away and come back.
func Run(ctx context.Context, o Options) error {
	if o.Log == nil {
		o.Log = io.Discard
	}
	f := &floor{
		redis:  redis.NewClient(&redis.Options{Addr: o.Redis, PoolSize: 16, MaxRetries: -1}),
		log:    o.Log,
		pods:   map[string]job{},
		queues: map[job]*queue{},
	}
	defer f.redis.Close()
	// Queues are joined before the client they use is closed.
	defer f.running.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	factory := informers.NewSharedInformerFactoryWithOptions(o.Client, 0, informers.WithNamespace(o.Namespace))
	pods := factory.Core().V1().Pods().Informer()
	if err := pods.SetTransform(strip); err != nil {
		return err
	}
	_, err := pods.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { f.see(ctx, o.(*corev1.Pod)) },
		UpdateFunc: func(_, o any) { f.see(ctx, o.(*corev1.Pod)) },
		DeleteFunc: func(o any) {
			if gone, ok := o.(cache.DeletedFinalStateUnknown); ok {
				o = gone.Obj
			}
			if pod, ok := o.(*corev1.Pod); ok {
				f.leave(ctx, key(pod))
			}
		},
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	<-ctx.Done()
	factory.Shutdown()
	return nil
}

// A job is what a pod says about its work. Pods that say the same share a queue.
type job struct {
	list    string
	fromTop bool // LPOP
	takes   time.Duration
}

// The floor is where pods come and go. It is used by the informer's one
// goroutine only.
type floor struct {
	redis   *redis.Client
	log     io.Writer
	pods    map[string]job // the ready ones
	queues  map[job]*queue
	running sync.WaitGroup
}

func (f *floor) see(ctx context.Context, pod *corev1.Pod) {
	j, ok := jobOf(pod)
	if !ok || !ready(pod) {
		f.leave(ctx, key(pod))
		return
	}
	if old, working := f.pods[key(pod)]; working && old == j {
		return
	}
	f.leave(ctx, key(pod))
	f.pods[key(pod)] = j
	q, ok := f.queues[j]
	if !ok {
		q = newQueue(j)
		f.queues[j] = q
		f.running.Go(func() { q.run(ctx, f.take(j), f.log) })
	}
	q.tell(ctx, event{joined, key(pod)})
}

// take returns how to remove jobs from j's list.
func (f *floor) take(j job) func(context.Context, int) (int, error) {
	pop := f.redis.RPopCount
	if j.fromTop {
		pop = f.redis.LPopCount
	}
	return func(ctx context.Context, n int) (int, error) {
		jobs, err := pop(ctx, j.list, n).Result()
		if errors.Is(err, redis.Nil) {
			err = nil
		}
		return len(jobs), err
	}
}

func (f *floor) leave(ctx context.Context, pod string) {
	if j, ok := f.pods[pod]; ok {
		delete(f.pods, pod)
		f.queues[j].tell(ctx, event{left, pod})
	}
}

// jobOf reads a pod's environment.
func jobOf(pod *corev1.Pod) (j job, ok bool) {
	j.takes = 2 * time.Second
	if len(pod.Spec.Containers) == 0 {
		return j, false
	}
	for _, e := range pod.Spec.Containers[0].Env {
		switch e.Name {
		case "QUEUE":
			j.list = e.Value
		case "POP":
			j.fromTop = strings.EqualFold(e.Value, "LPOP") || strings.EqualFold(e.Value, "BLPOP")
		case "JOB_SECONDS":
			if s, err := strconv.ParseFloat(e.Value, 64); err == nil && s >= 0 {
				j.takes = time.Duration(s * float64(time.Second))
			}
		}
	}
	return j, j.list != ""
}

func ready(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil || pod.Status.Phase != corev1.PodRunning {
		return false
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// strip forgets all of a pod that is not looked at here, for thousands of them
// stay in memory.
func strip(o any) (any, error) {
	pod, ok := o.(*corev1.Pod)
	if !ok {
		return o, nil
	}
	small := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID,
			ResourceVersion: pod.ResourceVersion, DeletionTimestamp: pod.DeletionTimestamp,
		},
		Status: corev1.PodStatus{Phase: pod.Status.Phase, Conditions: pod.Status.Conditions},
	}
	if len(pod.Spec.Containers) > 0 {
		small.Spec.Containers = []corev1.Container{{Env: pod.Spec.Containers[0].Env}}
	}
	return small, nil
}

func key(pod *corev1.Pod) string {
	return fmt.Sprintf("%s/%s/%s", pod.Namespace, pod.Name, pod.UID)
}
