package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
)

const manifestsFile = "keda.json"

// writeManifests collects what KEDA's own installation applies, out of the
// module that the programs are compiled from: all but the Deployments, whose
// programs run as processes here. The CRDs go through kustomize, for their
// bases alone lack KEDA's patches. The result is JSON because megabytes of
// YAML would take longer to read at each start than etcd takes to start.
func writeManifests(ctx context.Context, root, dir string) error {
	keda, err := goCommand(ctx, root, "list", "-m", "-f", "{{.Dir}}", "github.com/kedacore/keda/v2")
	if err != nil {
		return err
	}
	config := filepath.Join(keda, "config")
	all, err := exec.CommandContext(ctx, filepath.Join(dir, "kubectl"), "kustomize", filepath.Join(config, "crd")).Output()
	if err != nil {
		return fmt.Errorf("kubectl kustomize: %w", err)
	}
	for _, f := range []string{
		"general/namespace.yaml",
		"service_account/service_account.yaml",
		"rbac/role.yaml",
		"rbac/role_binding.yaml",
		"rbac/aggregate_cluster_roles.yaml",
		"metrics-server/role.yaml",
		"metrics-server/role_binding.yaml",
		"metrics-server/api_service.yaml",
		"webhooks/validation_webhooks.yaml",
	} {
		b, err := os.ReadFile(filepath.Join(config, f))
		if err != nil {
			return err
		}
		all = append(append(all, "\n---\n"...), b...)
	}
	objs, err := Decode(all)
	if err != nil {
		return err
	}
	b, err := json.Marshal(objs)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, manifestsFile), b, 0o644)
}

func readManifests(bin string) ([]*unstructured.Unstructured, error) {
	b, err := os.ReadFile(filepath.Join(bin, manifestsFile))
	if err != nil {
		return nil, err
	}
	var objs []*unstructured.Unstructured
	return objs, json.Unmarshal(b, &objs)
}

// Decode reads the objects of a YAML file with one or more documents.
func Decode(manifests []byte) ([]*unstructured.Unstructured, error) {
	var objs []*unstructured.Unstructured
	d := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifests), 4096)
	for {
		var raw runtime.RawExtension
		err := d.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return objs, nil
		}
		u := &unstructured.Unstructured{}
		if err == nil {
			if len(raw.Raw) == 0 || string(raw.Raw) == "null" {
				continue // a document of comments only
			}
			err = u.UnmarshalJSON(raw.Raw)
		}
		if err != nil {
			return nil, fmt.Errorf("decode manifests: %w", err)
		}
		objs = append(objs, u)
	}
}
