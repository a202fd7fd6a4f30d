package demo

import (
	"context"
	"fmt"
	"io"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
)

const (
	fieldManager = "kscope"
	// seedManager owns the replicas a workload is born with. A second name, so that fieldManager
	// can go on without the field and KEDA takes it over without a conflict.
	seedManager = "kscope-seed"
)

// What a cluster may lack, by the kind that it then does not know.
var install = map[string]struct{ lacks, hint string }{
	"ScaledObject":          {"the cluster has no ScaledObjects: KEDA is not installed", installKEDA},
	"TriggerAuthentication": {"the cluster has no TriggerAuthentications: KEDA is not installed", installKEDA},
	"InterceptorRoute":      {"the cluster has no InterceptorRoutes: KEDA's HTTP add-on is not installed, or older than 0.14", installAddOn},
}

const installAddOn = "install the HTTP add-on beside KEDA: helm repo add kedacore https://kedacore.github.io/charts && " +
	"helm install http-add-on kedacore/keda-add-ons-http -n keda"

const installKEDA = "install KEDA: helm repo add kedacore https://kedacore.github.io/charts && " +
	"helm install keda kedacore/keda -n keda --create-namespace"

// Up puts a demo into the cluster and waits until KEDA has accepted its ScaledObject. It writes a
// line for each object and each change in what it waits for. It may be called again at any time and
// then changes only what differs; replicas are never among that.
//
// Nothing is applied if KEDA, or its HTTP add-on where that is the broker, is not installed, or if an
// object of the same name belongs to somebody else. A namespace that belongs to somebody else is used as it is. Errors that have a remedy
// are of type [*kscope.Trouble].
func Up(ctx context.Context, cfg *rest.Config, d Demo, o Options, out io.Writer) error {
	objs, err := Objects(d)
	if err != nil {
		return err
	}
	ctx, cancel := within(ctx, o)
	defer cancel()
	c, err := connect(ctx, cfg, o, out)
	if err != nil {
		return err
	}
	return c.up(ctx, d, objs)
}

func (c *cluster) up(ctx context.Context, d Demo, objs []*unstructured.Unstructured) error {
	ctx, cancel := within(ctx, c.opts)
	defer cancel()

	before, err := c.survey(ctx, objs)
	if err != nil {
		return err
	}
	for i, obj := range objs {
		if obj.GetKind() == "Namespace" && before[i] != nil && !ours(before[i]) {
			c.say("%s is there and not the demo's, left as it is", title(obj))
			continue
		}
		if obj.GetKind() == "ScaledObject" {
			// KEDA asks the broker before it accepts a ScaledObject, and after each failure
			// it leaves twice as much time before it tries again.
			if err := c.waitServer(ctx, d); err != nil {
				return err
			}
		}
		done, err := c.apply(ctx, obj, before[i])
		if err != nil {
			return applyFailure(obj, err)
		}
		c.say("%s %s", title(obj), done)
		if obj.GetKind() == "ScaledObject" {
			if err := c.waitAccepted(ctx, d, obj); err != nil {
				return err
			}
		}
	}
	return nil
}

// survey returns what the cluster has of objs, in the same order, nil where it has nothing. It fails
// if something stands in the way.
func (c *cluster) survey(ctx context.Context, objs []*unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	for _, obj := range slices.Backward(objs) { // ScaledObjects first: without KEDA nothing else matters
		_, err := c.resource(obj)
		if missing, known := install[obj.GetKind()]; known && meta.IsNoMatchError(err) {
			return nil, hint(missing.hint, "%s", missing.lacks)
		} else if err != nil {
			return nil, err
		}
	}
	before := make([]*unstructured.Unstructured, len(objs))
	for i, obj := range objs {
		got, err := c.live(ctx, obj)
		if err != nil {
			return nil, err
		}
		if got != nil && got.GetDeletionTimestamp() != nil {
			// Left over from a Down that nobody waited for.
			if found, err := c.waitGone(ctx, obj); err != nil {
				return nil, goneFailure(obj, found, err)
			}
			got = nil
		}
		if got != nil && !ours(got) && got.GetKind() != "Namespace" {
			return nil, hint("rename or remove it, or use another cluster",
				"%s in namespace %s is not the demo's: it lacks the label %s=%s",
				title(obj), obj.GetNamespace(), partOfLabel, partOfDemo)
		}
		before[i] = got
	}
	return before, nil
}

// apply makes the cluster's object what obj says and tells what that took.
func (c *cluster) apply(ctx context.Context, obj, before *unstructured.Unstructured) (string, error) {
	r, err := c.resource(obj)
	if err != nil {
		return "", err
	}
	if before == nil && obj.GetKind() == "Deployment" {
		if err := c.createAtZero(ctx, obj); err != nil {
			return "", err
		}
	}
	o := metav1.ApplyOptions{FieldManager: fieldManager, Force: c.opts.ForceConflicts}
	after, err := r.Apply(ctx, obj.GetName(), obj, o)
	switch {
	case err != nil:
		return "", err
	case before == nil:
		return "created", nil
	case equality.Semantic.DeepEqual(essence(before), essence(after)):
		return "unchanged", nil
	}
	return "configured", nil
}

// createAtZero creates a Deployment whose manifest leaves its replicas to KEDA. Without a number the
// API server would make it one, and a pod would come and go before the first job. The number is
// handed to seedManager at once: were it still fieldManager's when obj is applied without it, the
// API server would put the default back.
func (c *cluster) createAtZero(ctx context.Context, obj *unstructured.Unstructured) error {
	if _, ok, _ := unstructured.NestedFieldNoCopy(obj.Object, "spec", "replicas"); ok {
		return nil
	}
	r, err := c.resource(obj)
	if err != nil {
		return err
	}
	seed := obj.DeepCopy()
	if err := unstructured.SetNestedField(seed.Object, int64(0), "spec", "replicas"); err != nil {
		return err
	}
	if _, err := r.Apply(ctx, obj.GetName(), seed, metav1.ApplyOptions{FieldManager: fieldManager}); err != nil {
		return err
	}
	scale := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "autoscaling/v1",
		"kind":       "Scale",
		"metadata":   map[string]any{"name": obj.GetName(), "namespace": obj.GetNamespace()},
		"spec":       map[string]any{"replicas": int64(0)},
	}}
	// Forced, because a Scale leaves out a replicas of 0 and the same number so looks like another.
	_, err = r.Apply(ctx, obj.GetName(), scale, metav1.ApplyOptions{FieldManager: seedManager, Force: true}, "scale")
	return err
}

// essence is an object without what the API server and controllers keep writing into it.
func essence(obj *unstructured.Unstructured) map[string]any {
	e := obj.DeepCopy().Object
	delete(e, "status")
	for _, field := range []string{"managedFields", "resourceVersion", "generation"} {
		unstructured.RemoveNestedField(e, "metadata", field)
	}
	return e
}

func applyFailure(obj *unstructured.Unstructured, err error) error {
	switch {
	case apierrors.IsConflict(err):
		return hint("somebody else changed these fields; take them back with --force-conflicts, or start over with: kscope demo down",
			"apply %s: %w", title(obj), err)
	case apierrors.IsForbidden(err):
		return hint(fmt.Sprintf("ask for the right to create and patch it, or use another context; to see yours: kubectl auth can-i --list -n %s", Namespace),
			"apply %s: %w", title(obj), err)
	}
	return fmt.Errorf("apply %s: %w", title(obj), err)
}
