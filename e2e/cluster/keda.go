package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// installKEDA applies KEDA's types, roles and service account, writes the
// kubeconfig that its programs run with, and returns those objects that may
// only be applied once the programs answer.
func (c *Cluster) installKEDA(ctx context.Context) (late []*unstructured.Unstructured, err error) {
	objs, err := readManifests(c.Bin)
	if err != nil {
		return nil, err
	}
	var namespaces, now, crds []*unstructured.Unstructured
	for _, o := range objs {
		switch o.GetKind() {
		case "Namespace":
			namespaces = append(namespaces, o)
		case "APIService", "ValidatingWebhookConfiguration":
			late = append(late, o)
		case "CustomResourceDefinition":
			crds = append(crds, o)
		default:
			now = append(now, o)
		}
	}
	if err := c.applyAll(ctx, namespaces); err != nil {
		return nil, err
	}
	if err := c.applyAll(ctx, append(crds, now...)); err != nil {
		return nil, err
	}
	if _, err := c.tokenKubeconfig(ctx, "keda", "keda", "keda-operator"); err != nil {
		return nil, err
	}
	return late, c.waitForTypes(ctx, crds)
}

// announceKEDA tells the API server about KEDA's metrics and webhooks, and
// waits until the metrics are served. It comes after the programs are ready:
// an APIService that is first seen down is not looked at again for seconds.
//
// The API server reaches both through Services, as in any cluster. These are of
// type ExternalName, the one kind that needs no cluster network: their name,
// localhost, is where the request goes.
func (c *Cluster) announceKEDA(ctx context.Context, p *parts, late []*unstructured.Unstructured) error {
	ca, err := os.ReadFile(filepath.Join(c.pkiDir(), "keda", "ca.crt"))
	if err != nil {
		return err
	}
	for name, port := range map[string]int{"keda-metrics-apiserver": p.adapterPort, "keda-admission-webhooks": p.webhooksPort} {
		_, err := c.Client.CoreV1().Services("keda").Create(ctx, &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: corev1.ServiceSpec{
				Type:         corev1.ServiceTypeExternalName,
				ExternalName: "localhost",
				Ports:        []corev1.ServicePort{{Name: "https", Port: int32(port)}},
			},
		}, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("create service %s: %w", name, err)
		}
	}
	for _, o := range late {
		if err := point(o, p, ca); err != nil {
			return fmt.Errorf("point %s %s to its program: %w", o.GetKind(), o.GetName(), err)
		}
	}
	if err := c.applyAll(ctx, late); err != nil {
		return err
	}
	return WaitFor(ctx, time.Minute, "external metrics", func(ctx context.Context) error {
		return c.Client.Discovery().RESTClient().Get().AbsPath("/apis/external.metrics.k8s.io/v1beta1").Do(ctx).Error()
	})
}

// point puts port and certificate authority into an APIService or webhook
// configuration, which KEDA's manifests leave to be filled in.
func point(o *unstructured.Unstructured, p *parts, ca []byte) error {
	if o.GetKind() == "APIService" {
		if err := unstructured.SetNestedField(o.Object, int64(p.adapterPort), "spec", "service", "port"); err != nil {
			return err
		}
		return unstructured.SetNestedField(o.Object, encode(ca), "spec", "caBundle")
	}
	hooks, _, err := unstructured.NestedSlice(o.Object, "webhooks")
	if err != nil {
		return err
	}
	for _, h := range hooks {
		h, ok := h.(map[string]any)
		if !ok {
			return fmt.Errorf("webhook is a %T", h)
		}
		if err := unstructured.SetNestedField(h, int64(p.webhooksPort), "clientConfig", "service", "port"); err != nil {
			return err
		}
		if err := unstructured.SetNestedField(h, encode(ca), "clientConfig", "caBundle"); err != nil {
			return err
		}
	}
	return unstructured.SetNestedSlice(o.Object, hooks, "webhooks")
}
