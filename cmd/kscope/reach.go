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
	"github.com/kscope/kscope/sources/k8s"
	"github.com/kscope/kscope/sources/keda"
	"github.com/kscope/kscope/sources/redis"
)

// reachWait is how long a connection to Redis may take to come about: directly,
// then through the API server. With an answer that does not come it is nearly
// all of the ten seconds within which trouble should be said.
const reachWait = 7 * time.Second

// reach is the way to the queues' servers, which the source of queues takes
// from the start and which leads through the cluster once there is one.
type reach struct {
	mu       sync.Mutex
	resolver *keda.Resolver
	tunnel   *k8s.Tunnel
}

// into opens the way through a cluster.
func (r *reach) into(cfg *rest.Config, typed kubernetes.Interface, dynamic dynamic.Interface) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.resolver = keda.NewResolver(typed, dynamic)
	r.tunnel = k8s.NewTunnel(cfg, typed, r.resolver.KEDANamespace)
}

var errNoCluster = errors.New("there is no connection to a cluster yet")

// resolve is what KEDA would use to connect for a trigger.
func (r *reach) resolve(ctx context.Context, t kscope.TriggerRef) (redis.Server, error) {
	r.mu.Lock()
	resolver := r.resolver
	r.mu.Unlock()
	if resolver == nil {
		return redis.Server{}, errNoCluster
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
