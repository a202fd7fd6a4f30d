package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kscope/kscope/e2e/cluster"
)

var scaledObjects = schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}

func applyDemo(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	dir := flags.String("manifests", filepath.Join("..", "demo", "manifests"), "directory of YAML files")
	if err := parse(flags, args); err != nil {
		return err
	}
	c, err := running()
	if err != nil {
		return err
	}
	objs, err := readDir(*dir)
	if err != nil {
		return err
	}
	// Namespaces come first and ScaledObjects last, whatever file they are in:
	// KEDA refuses a ScaledObject whose target is not there yet.
	slices.SortStableFunc(objs, func(a, b *unstructured.Unstructured) int { return rank(a) - rank(b) })
	for _, o := range objs {
		if o.GetKind() == "ScaledObject" {
			if err := pointAtRedis(o, c.RedisAddr); err != nil {
				return fmt.Errorf("scaledobject %s: %w", o.GetName(), err)
			}
		}
		if err := c.Apply(ctx, "default", o); err != nil {
			return err
		}
		if o.GetKind() == "Namespace" {
			if err := c.WaitForNamespace(ctx, o.GetName()); err != nil {
				return err
			}
		}
		fmt.Fprintf(out, "applied %s %s\n", o.GetKind(), o.GetName())
	}
	for _, o := range objs {
		if o.GetKind() != "ScaledObject" {
			continue
		}
		err := cluster.WaitFor(ctx, time.Minute, "scaledobject "+o.GetName(), func(ctx context.Context) error {
			return scaledObjectReady(ctx, c, o.GetNamespace(), o.GetName())
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "ScaledObject %s is ready\n", o.GetName())
	}
	return nil
}

func readDir(dir string) ([]*unstructured.Unstructured, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no YAML files in %s", dir)
	}
	var objs []*unstructured.Unstructured
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		found, err := cluster.Decode(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		objs = append(objs, found...)
	}
	return objs, nil
}

func rank(o *unstructured.Unstructured) int {
	switch o.GetKind() {
	case "Namespace":
		return 0
	case "ScaledObject":
		return 2
	}
	return 1
}

// pointAtRedis gives the Redis triggers of a ScaledObject the address of the
// Redis on loopback. It is the only change that the demo needs here: KEDA runs
// outside any pod and cannot resolve the name of a Service.
func pointAtRedis(o *unstructured.Unstructured, addr string) error {
	triggers, _, err := unstructured.NestedSlice(o.Object, "spec", "triggers")
	if err != nil {
		return err
	}
	for _, t := range triggers {
		t, ok := t.(map[string]any)
		if !ok || t["type"] != "redis" {
			continue
		}
		if err := unstructured.SetNestedField(t, addr, "metadata", "address"); err != nil {
			return err
		}
	}
	return unstructured.SetNestedSlice(o.Object, triggers, "spec", "triggers")
}

func scaledObjectReady(ctx context.Context, c *cluster.Cluster, namespace, name string) error {
	o, err := c.Dynamic.Resource(scaledObjects).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	return isReady(o)
}

// isReady returns nil, or an error that says what KEDA says.
func isReady(o *unstructured.Unstructured) error {
	conditions, _, err := unstructured.NestedSlice(o.Object, "status", "conditions")
	if err != nil {
		return err
	}
	for _, c := range conditions {
		if c, ok := c.(map[string]any); ok && c["type"] == "Ready" {
			if c["status"] == "True" {
				return nil
			}
			return fmt.Errorf("ready is %v: %v", c["status"], c["message"])
		}
	}
	return errors.New("KEDA has not looked at it yet")
}
