package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope/e2e/cluster"
)

const (
	loadLabel    = "kscope-e2e-load" // on each namespace of a load
	loadList     = "load:"           // before the name of each list
	jobsPerPod   = 5
	loadParallel = 16 // requests under way at once, as much as two cores can use
)

// load fills lists that nobody consumes, so that the HPAs bring the pods up
// and keep them.
func load(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	objects := flags.Int("scaledobjects", 500, "ScaledObjects, each with a Deployment and a list of its own")
	pods := flags.Int("pods", 5000, "pods, shared out evenly among them")
	spaces := flags.Int("namespaces", 5, "namespaces, likewise")
	patience := flags.Duration("timeout", 15*time.Minute, "how long to wait until all pods are ready")
	if err := parse(flags, args); err != nil {
		return err
	}
	if *objects < 1 || *pods < 0 || *spaces < 1 {
		return errors.New("-scaledobjects and -namespaces must be at least 1, -pods at least 0")
	}
	c, err := running()
	if err != nil {
		return err
	}
	began := time.Now()
	for i := range *spaces {
		if err := c.EnsureNamespace(ctx, loadNamespace(i), map[string]string{loadLabel: "true"}); err != nil {
			return err
		}
	}
	lists := redis.NewClient(&redis.Options{Addr: c.RedisAddr})
	defer lists.Close()
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(loadParallel)
	var applied atomic.Int64
	for i := range *objects {
		g.Go(func() error {
			share := *pods / *objects
			if i < *pods%*objects {
				share++
			}
			err := loadOne(gctx, c, lists, i, loadNamespace(i%*spaces), share)
			if n := applied.Add(1); err == nil && n%100 == 0 {
				fmt.Fprintf(out, "%5.0fs  %d of %d ScaledObjects applied\n", time.Since(began).Seconds(), n, *objects)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return waitForLoad(ctx, c, *objects, *pods, *patience, began, out)
}

func loadNamespace(i int) string { return fmt.Sprintf("load-%d", i) }

func loadOne(ctx context.Context, c *cluster.Cluster, lists *redis.Client, i int, namespace string, pods int) error {
	name := fmt.Sprintf("load-%04d", i)
	list := loadList + name
	// The list is filled first, so that KEDA's first look at it is enough.
	jobs := make([]any, pods*jobsPerPod)
	for j := range jobs {
		jobs[j] = j
	}
	if err := lists.Del(ctx, list).Err(); err != nil {
		return fmt.Errorf("empty %s: %w", list, err)
	}
	if len(jobs) > 0 {
		if err := lists.LPush(ctx, list, jobs...).Err(); err != nil {
			return fmt.Errorf("fill %s: %w", list, err)
		}
	}
	replicas := int32(0)
	labels := map[string]string{"app": name}
	_, err := c.Client.AppsV1().Deployments(namespace).Create(ctx, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				// No QUEUE, so that package workers leaves these pods alone.
				Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "worker", Image: "worker:1"}}},
			},
		},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create deployment %s: %w", name, err)
	}
	return c.Apply(ctx, namespace, loadScaledObject(c, name, list, max(pods, 1)))
}

func loadScaledObject(c *cluster.Cluster, name, list string, pods int) *unstructured.Unstructured {
	policy := map[string]any{"type": "Pods", "value": int64(pods), "periodSeconds": int64(1)}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
		"metadata": map[string]any{"name": name},
		"spec": map[string]any{
			"scaleTargetRef":  map[string]any{"name": name},
			"pollingInterval": int64(30),
			"maxReplicaCount": int64(pods),
			"advanced": map[string]any{"horizontalPodAutoscalerConfig": map[string]any{"behavior": map[string]any{
				// All the pods at once instead of doubling every 15 seconds.
				"scaleUp": map[string]any{"policies": []any{policy}},
			}}},
			"triggers": []any{map[string]any{
				"type": "redis",
				"metadata": map[string]any{
					"address": c.RedisAddr, "listName": list, "listLength": fmt.Sprint(jobsPerPod),
				},
			}},
		},
	}}
}

// waitForLoad waits until the ScaledObjects and pods are ready, and tells how
// many are. It looks every few seconds only: to list hundreds of objects more
// often would slow down what it is waiting for.
func waitForLoad(ctx context.Context, c *cluster.Cluster, objects, pods int, patience time.Duration, began time.Time, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(3 * time.Second)
	defer tick.Stop()
	for {
		o, p, err := countReady(ctx, c)
		if err == nil {
			fmt.Fprintf(out, "%5.0fs  %d ScaledObjects and %d pods are ready\n", time.Since(began).Seconds(), o, p)
			if o >= objects && p >= pods {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			if err == nil {
				err = ctx.Err()
			}
			return fmt.Errorf("wait for %d scaledobjects and %d pods: %w", objects, pods, err)
		case <-tick.C:
		}
	}
}

// countReady counts pods by what their Deployments say of them, of which there
// are fewer.
func countReady(ctx context.Context, c *cluster.Cluster) (objects, pods int, err error) {
	spaces, err := c.Client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{LabelSelector: loadLabel})
	if err != nil {
		return 0, 0, err
	}
	for _, ns := range spaces.Items {
		ds, err := c.Client.AppsV1().Deployments(ns.Name).List(ctx, metav1.ListOptions{})
		if err != nil {
			return 0, 0, err
		}
		for _, d := range ds.Items {
			pods += int(d.Status.ReadyReplicas)
		}
		os, err := c.Dynamic.Resource(scaledObjects).Namespace(ns.Name).List(ctx, metav1.ListOptions{})
		if err != nil {
			return 0, 0, err
		}
		for i := range os.Items {
			if isReady(&os.Items[i]) == nil {
				objects++
			}
		}
	}
	return objects, pods, nil
}
