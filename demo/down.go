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

// Down removes the demo from the cluster and waits until it is gone, with a line for each object.
//
// The ScaledObject goes first, while KEDA's operator can still finish it, then the rest, and last
// the namespace with whatever else was put into it. An object of the same name that lacks the demo's
// label stays, and so does a namespace without it. What is not there is no error.
func Down(ctx context.Context, cfg *rest.Config, o Options, out io.Writer) error {
	objs, err := Objects()
	if err != nil {
		return err
	}
	ctx, cancel := within(ctx, o)
	defer cancel()
	c, err := connect(ctx, cfg, o, out)
	if err != nil {
		return err
	}
	return c.down(ctx, objs)
}

func (c *cluster) down(ctx context.Context, objs []*unstructured.Unstructured) error {
	ctx, cancel := within(ctx, c.opts)
	defer cancel()

	seen := false
	// The reverse of the order of creation is the order wanted here.
	for _, obj := range slices.Backward(objs) {
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
