package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
)

// Down removes some demos from the cluster, all where none is named, and waits until they are gone,
// with a line for each object.
//
// The ScaledObjects go first, while KEDA's operator can still finish them, then the rest, and last
// the namespace with whatever else was put into it, unless another demo is in it. An object of the same
// name that lacks the demo's label stays, and so does a namespace without it. What is not there is no
// error.
func Down(ctx context.Context, cfg *rest.Config, o Options, out io.Writer, of ...Demo) error {
	if len(of) == 0 {
		of = demos
	}
	objs, err := Objects(of...)
	if err != nil {
		return err
	}
	others, err := Objects(slices.DeleteFunc(slices.Clone(demos), func(d Demo) bool { return slices.Contains(of, d) })...)
	if err != nil {
		return err
	}
	ctx, cancel := within(ctx, o)
	defer cancel()
	c, err := connect(ctx, cfg, o, out)
	if err != nil {
		return err
	}
	return c.down(ctx, objs, others)
}

func (c *cluster) down(ctx context.Context, objs, others []*unstructured.Unstructured) error {
	ctx, cancel := within(ctx, c.opts)
	defer cancel()

	seen := false
	// The reverse of the order of creation is the order wanted here.
	for _, obj := range slices.Backward(objs) {
		if obj.GetKind() == "Namespace" {
			if stays, err := c.inUse(ctx, others); err != nil {
				return err
			} else if stays != nil {
				if seen {
					c.say("%s stays: %s of another demo is in it", title(obj), title(stays))
				}
				continue
			}
		}
		found, err := c.remove(ctx, obj)
		if err != nil {
			return err
		}
		seen = seen || found
	}
	if !seen {
		c.say("nothing to remove")
	}
	return nil
}

// inUse is one of some demos' objects that is there, nil for none. Only those that run or scale
// something count: whoever may look at nothing else may still take a demo down.
func (c *cluster) inUse(ctx context.Context, objs []*unstructured.Unstructured) (*unstructured.Unstructured, error) {
	for _, obj := range slices.Backward(objs) {
		if !slices.Contains([]string{"ScaledObject", "Deployment"}, obj.GetKind()) {
			continue
		}
		got, err := c.live(ctx, obj)
		switch {
		case meta.IsNoMatchError(err):
		case err != nil:
			return nil, err
		case got != nil && ours(got):
			return got, nil
		}
	}
	return nil, nil
}

// remove deletes one object, if it is the demo's, and waits until it is gone. It reports whether
// there was one.
func (c *cluster) remove(ctx context.Context, obj *unstructured.Unstructured) (bool, error) {
	got, err := c.live(ctx, obj)
	switch {
	case meta.IsNoMatchError(err): // KEDA has been uninstalled, and its objects with it
		return false, nil
	case err != nil:
		return false, err
	case got == nil:
		return false, nil
	case !ours(got):
		c.say("%s is not the demo's, left as it is", title(obj))
		return true, nil
	}
	r, err := c.resource(obj)
	if err != nil {
		return true, err
	}
	if got.GetDeletionTimestamp() == nil {
		// Exactly the object whose label was read, not one that has taken its place meanwhile.
		uid := got.GetUID()
		err := r.Delete(ctx, obj.GetName(), metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
		if err != nil && !apierrors.IsNotFound(err) {
			return true, fmt.Errorf("delete %s: %w", title(obj), err)
		}
	}
	if found, err := c.waitGone(ctx, obj); err != nil {
		return true, goneFailure(obj, found, err)
	}
	c.say("%s deleted", title(obj))
	return true, nil
}

func goneFailure(obj *unstructured.Unstructured, found string, err error) error {
	if !errors.Is(err, errTimeout) {
		return fmt.Errorf("wait for %s to go: %w", title(obj), err)
	}
	next := "it goes on in the cluster; look again with: kscope demo down"
	switch obj.GetKind() {
	case "ScaledObject":
		next = fmt.Sprintf("KEDA's operator has to let it go; if KEDA is no longer there: "+
			`kubectl -n %s patch scaledobject %s --type merge -p '{"metadata":{"finalizers":null}}'`,
			obj.GetNamespace(), obj.GetName())
	case "Namespace":
		next = fmt.Sprintf("see what holds it: kubectl get namespace %s -o yaml", obj.GetName())
	}
	return hint(next, "%s is still there: %s", title(obj), found)
}
