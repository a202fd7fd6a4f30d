package cluster

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// Apply creates or changes an object by server-side apply, in its own namespace
// or else in the one given. A type that the cluster does not have yet is looked
// up once more.
func (c *Cluster) Apply(ctx context.Context, namespace string, o *unstructured.Unstructured) error {
	r, err := c.resource(namespace, o)
	if err != nil {
		return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
	}
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	force := true
	_, err = r.Patch(ctx, o.GetName(), types.ApplyPatchType, b, metav1.PatchOptions{FieldManager: "kscope-e2e", Force: &force})
	if err != nil {
		return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
	}
	return nil
}

// ApplyYAML applies all objects of a manifest in their order.
func (c *Cluster) ApplyYAML(ctx context.Context, namespace, manifest string) error {
	objs, err := Decode([]byte(manifest))
	if err != nil {
		return err
	}
	for _, o := range objs {
		if err := c.Apply(ctx, namespace, o); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) resource(namespace string, o *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	gvk := o.GroupVersionKind()
	m, err := c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return nil, err
	}
	r := c.Dynamic.Resource(m.Resource)
	if m.Scope.Name() == meta.RESTScopeNameRoot {
		return r, nil
	}
	if o.GetNamespace() != "" {
		namespace = o.GetNamespace()
	}
	return r.Namespace(namespace), nil
}

// applyAll applies objects at once. Some of the control plane's own namespaces
// appear only a moment after it is ready, hence the second chances.
func (c *Cluster) applyAll(ctx context.Context, objs []*unstructured.Unstructured) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, o := range objs {
		g.Go(func() error {
			return WaitFor(ctx, 30*time.Second, o.GetKind()+" "+o.GetName(), func(ctx context.Context) error {
				return c.Apply(ctx, "", o)
			})
		})
	}
	return g.Wait()
}

// NewNamespace creates a namespace with a name of its own that begins with
// prefix, and waits until pods can be created in it.
func (c *Cluster) NewNamespace(ctx context.Context, prefix string) (string, error) {
	ns, err := c.Client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: prefix + "-"},
	}, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("create namespace: %w", err)
	}
	return ns.Name, c.WaitForNamespace(ctx, ns.Name)
}

// WaitForNamespace waits until pods can be created in a new namespace, which is
// when its default service account is there.
func (c *Cluster) WaitForNamespace(ctx context.Context, name string) error {
	return WaitFor(ctx, 30*time.Second, "service account of "+name, func(ctx context.Context) error {
		_, err := c.Client.CoreV1().ServiceAccounts(name).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

// EnsureNamespace creates a namespace unless it is there.
func (c *Cluster) EnsureNamespace(ctx context.Context, name string, labels map[string]string) error {
	_, err := c.Client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create namespace %s: %w", name, err)
	}
	return c.WaitForNamespace(ctx, name)
}

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
