package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// AddOn is the ports of the loopback address that are kept for KEDA's HTTP add-on:
// where its interceptor takes requests and tells what it counts, and its scaler.
type AddOn struct{ Proxy, Admin, Scaler int }

const (
	addOnModule = "github.com/kedacore/http-add-on"
	addOnTypes  = "http-add-on.json"

	// The names that the add-on's chart gives its Services, in KEDA's namespace.
	addOnName       = "keda-add-ons-http"
	addOnScalerName = addOnName + "-external-scaler.keda"
)

// ScalerAddress is what a trigger names the add-on's scaler by, as in any cluster.
func (c *Cluster) ScalerAddress() string {
	return fmt.Sprintf("%s:%d", addOnScalerName, c.AddOn.Scaler)
}

// addOnObjects is what kscope finds of the add-on: its Services, and a pretended pod, whose
// ports are forwarded to the interceptor. The endpoint of the admin port has to be written,
// since the scaler asks there: no endpoint may have a loopback address, but a name may look
// like one.
const addOnObjects = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s-interceptor, namespace: keda}
spec:
  selector: {matchLabels: {app: %[1]s-interceptor}}
  template:
    metadata: {labels: {app: %[1]s-interceptor}}
    spec: {containers: [{name: interceptor, image: "interceptor:1", ports: [{name: proxy, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: %[1]s-interceptor-proxy, namespace: keda}
spec: {selector: {app: %[1]s-interceptor}, ports: [{name: proxy, port: 8080, targetPort: proxy}]}
---
apiVersion: v1
kind: Service
metadata: {name: %[1]s-interceptor-admin, namespace: keda}
spec: {ports: [{name: admin, port: 9090}]}
---
apiVersion: v1
kind: Service
metadata: {name: %[1]s-external-scaler, namespace: keda}
spec: {ports: [{name: grpc, port: %[2]d}]}
`

const adminEndpoint = `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: %[1]s-interceptor-admin, namespace: keda, labels: {kubernetes.io/service-name: %[1]s-interceptor-admin}}
addressType: FQDN
ports: [{name: admin, port: %[2]d}]
endpoints: [{addresses: ["127.0.0.1"], conditions: {ready: true}, targetRef: {kind: Pod, namespace: keda, name: %[3]s}}]
`

// StartAddOn starts the interceptor and the scaler of KEDA's HTTP add-on, and returns when
// both answer. Each Service, as NAME.NAMESPACE, that routes are to lead to is at the
// loopback address: its port is that of a program here. The add-on's operator is not
// there: it only makes a ScaledObject of an HTTPScaledObject.
func (c *Cluster) StartAddOn(ctx context.Context, services ...string) error {
	if err := c.name(services...); err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(c.Bin, addOnTypes))
	if err != nil {
		return err
	}
	var types []*unstructured.Unstructured
	if err := json.Unmarshal(b, &types); err != nil {
		return err
	}
	if err := c.applyAll(ctx, types); err != nil {
		return err
	}
	if err := c.waitForTypes(ctx, types); err != nil {
		return err
	}
	if err := c.ApplyYAML(ctx, "keda", fmt.Sprintf(addOnObjects, addOnName, c.AddOn.Scaler)); err != nil {
		return err
	}
	err = WaitFor(ctx, time.Minute, "the pretended interceptor", func(ctx context.Context) error {
		all, err := c.Client.DiscoveryV1().EndpointSlices("keda").List(ctx, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + addOnName + "-interceptor-proxy"})
		if err != nil {
			return err
		}
		for _, s := range all.Items {
			for _, e := range s.Endpoints {
				if ready := e.Conditions.Ready; ready != nil && *ready && e.TargetRef != nil {
					return c.ApplyYAML(ctx, "keda", fmt.Sprintf(adminEndpoint, addOnName, c.AddOn.Admin, e.TargetRef.Name))
				}
			}
		}
		return errors.New("it is not ready")
	})
	if err != nil {
		return err
	}
	common := []string{"KUBECONFIG=" + c.Kubeconfig, "OTEL_PROM_EXPORTER_ENABLED=false", ownNames}
	return c.Run(ctx, []*Program{{
		Name: Interceptor, Path: filepath.Join(c.Bin, Interceptor), Ready: "http://" + loopback(c.AddOn.Admin) + "/readyz",
		Env: append([]string{fmt.Sprintf("KEDA_HTTP_PROXY_PORT=%d", c.AddOn.Proxy), fmt.Sprintf("KEDA_HTTP_ADMIN_PORT=%d", c.AddOn.Admin)}, common...),
	}, {
		Name: AddOnScaler, Path: filepath.Join(c.Bin, AddOnScaler), Ready: "tcp://" + loopback(c.AddOn.Scaler),
		Env: append([]string{
			fmt.Sprintf("KEDA_HTTP_SCALER_PORT=%d", c.AddOn.Scaler), "KEDA_HTTP_SCALER_TARGET_ADMIN_NAMESPACE=keda",
			"KEDA_HTTP_SCALER_TARGET_ADMIN_SERVICE=" + addOnName + "-interceptor-admin",
			"KEDA_HTTP_SCALER_TARGET_ADMIN_DEPLOYMENT=" + addOnName + "-interceptor",
			fmt.Sprintf("KEDA_HTTP_SCALER_TARGET_ADMIN_PORT=%d", c.AddOn.Admin),
		}, common...),
	}}...)
}

// hostsFile is the hosts file of the programs with ownHosts, in the cluster's directory.
const hostsFile = "hosts"

// ownNames has a program look names up by Go's own means, which read that file.
const ownNames = "GODEBUG=netdns=go"

// name has names mean the loopback address, beside all that the machine knows.
func (c *Cluster) name(names ...string) error {
	path := filepath.Join(c.Dir, hostsFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		b, err = os.ReadFile("/etc/hosts")
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		b = fmt.Appendf(b, "\n127.0.0.1 %s\n", name)
	}
	return os.WriteFile(path, b, 0o600)
}

// writeAddOnTypes keeps the CRDs of the add-on.
func writeAddOnTypes(ctx context.Context, root, dir string) error {
	module, err := goCommand(ctx, filepath.Join(root, addOn.module), "list", "-m", "-f", "{{.Dir}}", addOnModule)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(module, "config", "crd", "bases", "*.yaml"))
	if err != nil {
		return err
	}
	var all []*unstructured.Unstructured
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		objs, err := Decode(b)
		if err != nil {
			return err
		}
		all = append(all, objs...)
	}
	b, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, addOnTypes), b, 0o644)
}
