package main

import (
	"context"
	"log/slog"
	"strings"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/k8s"
	"github.com/kscope/kscope/sources/keda"
	"github.com/kscope/kscope/sources/redis"
)

// cluster is what a stream is opened on: a real cluster or one in memory, which
// the same sources watch.
type cluster struct {
	typed     kubernetes.Interface
	dynamic   dynamic.Interface
	namespace string // "" for all
	selector  string // of ScaledObjects and ScaledJobs
	clock     kscope.Clock

	wrap    func(kscope.Source) kscope.Source // around those of objects; nil for none
	others  []kscope.Source                   // that run beside these
	metrics *keda.Operator                    // what KEDA's operator tells; nil for nothing
	answers *keda.External                    // what KEDA answers the HPA; nil for nothing
}

// open is the stream of a cluster and of the backlogs that are named there. It
// ends when its sources have.
func (c cluster) open(ctx context.Context, queues *redis.Source) <-chan kscope.Observation {
	watched := k8s.New(k8s.Options{Client: c.typed, Dynamic: c.dynamic, Namespace: c.namespace})
	var objects, scaled kscope.Source = watched, keda.New(keda.Options{Dynamic: c.dynamic, Namespace: c.namespace, Selector: c.selector})
	if c.wrap != nil {
		objects, scaled = c.wrap(objects), c.wrap(scaled)
	}
	all := append([]kscope.Source{objects, scaled, queues}, c.others...)
	if c.metrics != nil {
		all = append(all, c.metrics)
	}
	if c.answers != nil {
		all = append(all, c.answers)
	}
	in := kscope.Merge(ctx, c.clock, all...)
	return kscope.Tap(in, func(o kscope.Observation) {
		queues.Follow(o)
		if c.metrics != nil {
			c.metrics.Follow(o)
		}
		if c.answers != nil {
			c.answers.Follow(o)
		}
		watched.Follow(o)
		logDefect(o)
	})
}

// logDefect keeps the whole trace of what panicked, of which the screen has room
// for the first line.
func logDefect(o kscope.Observation) {
	if s, ok := o.Fact.(kscope.Status); ok && strings.Contains(s.Message, "\n") {
		slog.Error("defect", "source", o.Source, "trace", s.Message)
	}
}
