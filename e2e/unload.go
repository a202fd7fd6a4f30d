package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope/e2e/cluster"
)

// unload removes what load made. Deleting the namespaces would be enough, but
// take minutes: every pod would first be asked to terminate.
func unload(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	if err := parse(flags, args); err != nil {
		return err
	}
	c, err := running()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := dropLists(ctx, c); err != nil {
		return err
	}
	spaces, err := c.Client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: loadLabel})
	if err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	for _, ns := range spaces.Items {
		g.Go(func() error {
			// Again if it fails: deleting so much at once can take an API server
			// longer than it allows itself for a request.
			return cluster.WaitFor(gctx, 10*time.Minute, ns.Name+" to be emptied", func(ctx context.Context) error {
				return clear(ctx, c, ns.Name)
			})
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	tick := time.NewTicker(3 * time.Second)
	defer tick.Stop()
	for {
		left, err := c.Client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: loadLabel})
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%5.0fs  %d namespaces left\n", time.Since(began).Seconds(), len(left.Items))
		if len(left.Items) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func dropLists(ctx context.Context, c *cluster.Cluster) error {
	r := redis.NewClient(&redis.Options{Addr: c.RedisAddr})
	defer r.Close()
	keys := r.Scan(ctx, 0, loadList+"*", 1000).Iterator()
	for keys.Next(ctx) {
		if err := r.Unlink(ctx, keys.Val()).Err(); err != nil {
			return fmt.Errorf("remove list: %w", err)
		}
	}
	return keys.Err()
}

func clear(ctx context.Context, c *cluster.Cluster, namespace string) error {
	now := int64(0)
	whole := metav1.ListOptions{}
	if err := c.Dynamic.Resource(scaledObjects).Namespace(namespace).DeleteCollection(ctx, metav1.DeleteOptions{}, whole); err != nil {
		return fmt.Errorf("delete scaledobjects of %s: %w", namespace, err)
	}
	background := metav1.DeletePropagationBackground
	if err := c.Client.AppsV1().Deployments(namespace).DeleteCollection(ctx, metav1.DeleteOptions{PropagationPolicy: &background}, whole); err != nil {
		return fmt.Errorf("delete deployments of %s: %w", namespace, err)
	}
	// ReplicaSets too, or they would replace the pods.
	if err := c.Client.AppsV1().ReplicaSets(namespace).DeleteCollection(ctx, metav1.DeleteOptions{PropagationPolicy: &background}, whole); err != nil {
		return fmt.Errorf("delete replicasets of %s: %w", namespace, err)
	}
	if err := c.Client.CoreV1().Pods(namespace).DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: &now}, whole); err != nil {
		return fmt.Errorf("delete pods of %s: %w", namespace, err)
	}
	err := c.Client.CoreV1().Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
