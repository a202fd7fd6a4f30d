package main

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/every"
	"github.com/kscope/kscope/sources/k8s"
	"github.com/kscope/kscope/sources/keda"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/sources/redis"
	"github.com/kscope/kscope/triggers"
)

// reachWait is how long a connection to Redis may take to come about: directly,
// then through the API server. With an answer that does not come it is nearly
// all of the ten seconds within which trouble should be said.
const reachWait = 7 * time.Second

// reach is the way to the queues' servers, which the source of queues takes
// from the start and which leads through the cluster once there is one.
type reach struct {
	mu       sync.Mutex
	typed    kubernetes.Interface
	resolver *keda.Resolver
	tunnel   *k8s.Tunnel
}

// into opens the way through a cluster.
func (r *reach) into(cfg *rest.Config, typed kubernetes.Interface, dynamic dynamic.Interface) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.typed, r.resolver = typed, keda.NewResolver(typed, dynamic)
	r.tunnel = k8s.NewTunnel(cfg, typed, r.resolver.KEDANamespace)
}

var errNoCluster = errors.New("there is no connection to a cluster yet")

// queuesOf is the source of the queues of all brokers.
func queuesOf(o redis.Options, others protocol.Options) *broker.Source {
	all := every.Technologies(others)
	all[triggers.RedisBroker] = redis.Technology(o)
	return broker.New(all, broker.Options{Interval: o.Interval, ReadOnly: o.ReadOnly})
}

// queues is that source for what this leads to.
func (r *reach) queues(o redis.Options) *broker.Source {
	o.Resolve, o.Dial, o.DialTimeout = r.resolve, r.dial, reachWait
	return queuesOf(o, protocol.Options{Resolve: r.parameters, Dial: r.dial, Wait: reachWait})
}

// metrics is what KEDA's operator tells, from the leader's pod or from where the user says.
func (r *reach) metrics(typed kubernetes.Interface, at string) *keda.Operator {
	return keda.NewOperator(keda.OperatorOptions{Client: typed, Namespace: r.resolver.KEDANamespace, URL: at})
}

// answers is what KEDA answers the HPA.
func (r *reach) answers() *keda.External {
	return keda.NewExternal(func() kubernetes.Interface {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.typed
	})
}

// resolverNow is who finds out what KEDA would use, once there is a cluster.
func (r *reach) resolverNow() (*keda.Resolver, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.resolver == nil {
		return nil, errNoCluster
	}
	return r.resolver, nil
}

// parameters is what KEDA would use of a trigger.
func (r *reach) parameters(ctx context.Context, t kscope.TriggerRef) (triggers.Parameters, error) {
	resolver, err := r.resolverNow()
	if err != nil {
		return triggers.Parameters{}, err
	}
	return resolver.Parameters(ctx, t)
}

// resolve is what KEDA would use to connect for a trigger.
func (r *reach) resolve(ctx context.Context, t kscope.TriggerRef) (redis.Server, error) {
	resolver, err := r.resolverNow()
	if err != nil {
		return redis.Server{}, err
	}
	access, err := resolver.Resolve(ctx, t)
	if err != nil {
		return redis.Server{}, err
	}
	return redis.Access(access).Server()
}

func (r *reach) dial(ctx context.Context, network, address string) (net.Conn, error) {
	r.mu.Lock()
	tunnel := r.tunnel
	r.mu.Unlock()
	if tunnel == nil {
		return nil, errNoCluster
	}
	return tunnel.DialContext(ctx, network, address)
}
