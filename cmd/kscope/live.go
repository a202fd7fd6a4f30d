package main

import (
	"context"
	"fmt"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/k8s"
	"github.com/kscope/kscope/sources/redis"
)

// live is the dashboard over a cluster.
func live(ctx context.Context, f *flags, name string, p process) error {
	s, err := f.understand(name)
	if err != nil {
		return err
	}
	if err := needTerminal(p.stdin, p.stdout); err != nil {
		return err
	}
	closeLog, err := logTo(f.screen.log)
	if err != nil {
		return err
	}
	defer closeLog()
	ledger, err := openBook(f.screen.ledger, p.stdout)
	if err != nil {
		return err
	}

	way := &reach{}
	s.redis.Resolve, s.redis.Dial, s.redis.DialTimeout = way.resolve, way.dial, reachWait
	queues := redis.New(s.redis)
	open := func(ctx context.Context) (<-chan kscope.Observation, error) {
		typed, dynamic, err := k8s.Clients(s.config)
		if err != nil {
			return nil, &kscope.Trouble{Cause: fmt.Errorf("use kubeconfig: %w", err), Hint: "kubectl config view shows what is there"}
		}
		way.into(s.config, typed, dynamic)
		return cluster{typed: typed, dynamic: dynamic, namespace: s.tui.Namespace, selector: s.label, clock: time.Now}.open(ctx, queues), nil
	}
	return show(ctx, s.tui, queues, time.Now, open, ledger, p)
}
