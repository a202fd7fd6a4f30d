package cluster

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// WaitFor calls f until it returns nil, and gives up after the timeout with
// f's last error. It is how everything here waits: for a condition, never for
// a length of time.
func WaitFor(ctx context.Context, timeout time.Duration, what string, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		err := f(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err // not the one that only says the time is up
		}
		select {
		case <-ctx.Done():
			if last == nil {
				return fmt.Errorf("wait for %s: %w", what, context.Cause(ctx))
			}
			return fmt.Errorf("wait for %s: %w; last: %w", what, context.Cause(ctx), last)
		case <-tick.C:
		}
	}
}

// waitForTypes waits until the API server serves the types of all the CRDs.
func (c *Cluster) waitForTypes(ctx context.Context, crds []*unstructured.Unstructured) error {
	g, all := errgroup.WithContext(ctx)
	for _, crd := range crds {
		group, _, _ := unstructured.NestedString(crd.Object, "spec", "group")
		plural, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "plural")
		gvr := schema.GroupVersionResource{Group: group, Version: versionOf(crd), Resource: plural}
		g.Go(func() error {
			return WaitFor(all, time.Minute, plural, func(ctx context.Context) error {
				_, err := c.Dynamic.Resource(gvr).List(ctx, metav1.ListOptions{Limit: 1})
				return err
			})
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	// A type is served a moment before it is among those that the API server lists.
	return WaitFor(ctx, time.Minute, "types of KEDA", func(context.Context) error {
		c.mapper.Reset()
		for _, crd := range crds {
			group, _, _ := unstructured.NestedString(crd.Object, "spec", "group")
			kind, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "kind")
			if _, err := c.mapper.RESTMapping(schema.GroupKind{Group: group, Kind: kind}, versionOf(crd)); err != nil {
				return err
			}
		}
		return nil
	})
}

// versionOf is the first version of a CRD.
func versionOf(crd *unstructured.Unstructured) string {
	versions, _, _ := unstructured.NestedSlice(crd.Object, "spec", "versions")
	for _, v := range versions {
		if v, ok := v.(map[string]any); ok {
			name, _, _ := unstructured.NestedString(v, "name")
			return name
		}
	}
	return ""
}
