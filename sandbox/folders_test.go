package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kscope/kscope"
)

// beside is what people have beside their manifests: objects of Kubernetes' own that are
// not played, objects of other operators, and files for other programs.
func beside() map[string]string {
	out := map[string]string{}
	for _, gvk := range strings.Fields(`monitoring.coreos.com/v1/ServiceMonitor monitoring.coreos.com/v1/PodMonitor monitoring.coreos.com/v1/PrometheusRule
		autoscaling.k8s.io/v1/VerticalPodAutoscaler argoproj.io/v1alpha1/Rollout argoproj.io/v1alpha1/AnalysisTemplate argoproj.io/v1alpha1/Application
		argoproj.io/v1alpha1/ApplicationSet argoproj.io/v1alpha1/CronWorkflow kafka.strimzi.io/v1beta2/Kafka kafka.strimzi.io/v1beta2/KafkaTopic
		gateway.kyma-project.io/v1beta1/APIRule eventing.kyma-project.io/v1alpha2/Subscription serverless.kyma-project.io/v1alpha2/Function
		route.openshift.io/v1/Route apps.openshift.io/v1/DeploymentConfig build.openshift.io/v1/BuildConfig networking.istio.io/v1/VirtualService
		networking.istio.io/v1/DestinationRule security.istio.io/v1/PeerAuthentication cert-manager.io/v1/Certificate cert-manager.io/v1/ClusterIssuer
		external-secrets.io/v1/ExternalSecret bitnami.com/v1alpha1/SealedSecret secrets-store.csi.x-k8s.io/v1/SecretProviderClass
		helm.toolkit.fluxcd.io/v2/HelmRelease kustomize.toolkit.fluxcd.io/v1/Kustomization serving.knative.dev/v1/Service eventing.keda.sh/v1alpha1/CloudEventSource
		kyverno.io/v1/ClusterPolicy templates.gatekeeper.sh/v1/ConstraintTemplate velero.io/v1/Backup karpenter.sh/v1/NodePool rabbitmq.com/v1beta1/RabbitmqCluster
		redis.redis.opstreelabs.in/v1beta2/Redis postgresql.cnpg.io/v1/Cluster traefik.io/v1alpha1/IngressRoute gateway.networking.k8s.io/v1/HTTPRoute
		http.keda.sh/v1alpha1/HTTPScaledObject crossplane.io/v1/Provider tekton.dev/v1/Pipeline dapr.io/v1alpha1/Component
		batch/v1/Job batch/v1/CronJob apps/v1/DaemonSet apps/v1/ReplicaSet v1/Pod v1/ReplicationController v1/PersistentVolumeClaim v1/ServiceAccount
		policy/v1/PodDisruptionBudget networking.k8s.io/v1/NetworkPolicy networking.k8s.io/v1/Ingress rbac.authorization.k8s.io/v1/Role rbac.authorization.k8s.io/v1/ClusterRoleBinding
		scheduling.k8s.io/v1/PriorityClass storage.k8s.io/v1/StorageClass coordination.k8s.io/v1/Lease v1/LimitRange v1/ResourceQuota
		apiextensions.k8s.io/v1/CustomResourceDefinition apiregistration.k8s.io/v1/APIService admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration`) {
		i := strings.LastIndexByte(gvk, '/')
		out[strings.ToLower(gvk[i+1:])+fmt.Sprint(len(out))+".yaml"] = fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: beside, namespace: shop}\n", gvk[:i], gvk[i+1:])
	}
	for name, text := range map[string]string{
		"kustomization.yaml": "resources: [a.yaml]\n", "kustomization.yml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamePrefix: a-\n",
		"component.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: a.yaml}]\n",
		"kind.yaml":      "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n", "k3d.yaml": "apiVersion: k3d.io/v1alpha5\nkind: Simple\nmetadata: {name: c}\nservers: 1\n",
		"values.yaml": "replicaCount: 1\nimage: {tag: a}\n", "values-prod.yaml": "keda: {enabled: true}\n", "Chart.yaml": "apiVersion: v2\nname: c\nversion: 0.1.0\n",
		"values.schema.json": `{"$schema": "https://json-schema.org/draft-07/schema#", "type": "object"}`, "helmfile.yaml": "releases: [{name: a, chart: b}]\n",
		"docker-compose.yml": "services: {redis: {image: redis}}\n", "compose.yaml": "services: {a: {build: .}}\n", "playbook.yml": "- hosts: all\n  tasks: []\n",
		"requirements.yml": "collections: [{name: kubernetes.core}]\n", ".yamllint.yaml": "extends: default\n", ".pre-commit-config.yaml": "repos: []\n", "mkdocs.yml": "site_name: a\n",
		"skaffold.yaml": "apiVersion: skaffold/v4beta6\nkind: Config\nbuild: {}\n", "package.json": `{"name": "a", "version": "1.0.0"}`, "tsconfig.json": `{"compilerOptions": {}}`,
		"renovate.json": `{"extends": ["config:base"]}`, "openapi.yaml": "openapi: 3.0.0\ninfo: {title: a}\n", "dashboard.json": `{"panels": [], "title": "a"}`,
		"azure-pipelines.yml": "trigger: [main]\npool: {vmImage: a}\n", ".gitlab-ci.yml": "stages: [build]\n", "cloudbuild.yaml": "steps: []\n", "serverless.yml": "service: a\n",
		"workflow.yaml": "name: ci\non: push\njobs: {a: {runs-on: b}}\n", "dependabot.yml": "version: 2\nupdates: []\n", "codecov.yml": "coverage: {}\n", "devfile.yaml": "schemaVersion: 2.2.0\n",
		"template.yaml": "{{- if .Values.a }}\nkind: ConfigMap\n{{- end }}\n", "template2.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n",
		"empty.yaml": "", "comments.yaml": "# nothing\n---\n# here\n", "list.json": "[]", "scalar.yaml": "just words\n", "loadtest.json": `{"scenarios": {}}`,
		"emptylist.yaml": "apiVersion: v1\nkind: List\nitems: []\n", "oldscaled.yaml": "apiVersion: keda.k8s.io/v1alpha1\nkind: ScaledObject\nmetadata: {name: old}\n",
		"broken.yaml": "a: b: c\n", "tabs.yaml": "a:\n\t- b\n", "twice.yaml": "a: 1\na: 2\n", "otel.yaml": "receivers: {otlp: {}}\n", "prometheus.yml": "scrape_configs: []\n",
	} {
		out[name] = text
	}
	return out
}

// TestFolders: whatever stands beside a manifest in its folder, it opens, and what is not
// played is told of.
func TestFolders(t *testing.T) {
	all := beside()
	if len(all) < 96 {
		t.Fatalf("%d kinds", len(all))
	}
	silent := []string{"empty.yaml", "comments.yaml"}
	wrong := []string{"broken.yaml", "tabs.yaml", "twice.yaml", "oldscaled.yaml", "scalar.yaml"}
	whole := t.TempDir()
	for name, text := range all {
		dir := t.TempDir()
		for _, in := range []string{dir, whole} {
			for file, text := range map[string]string{"shop.yaml": shop, name: text} {
				if err := os.WriteFile(filepath.Join(in, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		m, err := Load([]string{dir}, nil)
		if err != nil || !slices.ContainsFunc(m.Objects, scales) {
			t.Errorf("%s: does not open: %v", name, err)
		}
		if (len(m.Notes) == 0) != slices.Contains(silent, name) {
			t.Errorf("%s: %v", name, m.Notes)
		}
		if (len(m.Refused) > 0) != slices.Contains(wrong, name) {
			t.Errorf("%s: refused: %v", name, m.Refused)
		}
		if len(m.Notes) > 2 {
			t.Errorf("%s: told %d times: %v", name, len(m.Notes), m.Notes)
		}
	}
	if m, err := Load([]string{whole}, nil); err != nil || !slices.ContainsFunc(m.Objects, scales) {
		t.Errorf("all of them: %v", err)
	}
}

// TestPatches: what a kustomization changes objects by is none; and what is no file in a
// folder, such as a pipe, is not read.
func TestPatches(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"shop.yaml": shop,
		"kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [shop.yaml]\n" +
			"patches:\n- path: ./max.yaml\n  target: {kind: ScaledObject}\n- patch: |-\n    - {op: remove, path: /spec}\n" +
			"patchesStrategicMerge: [more.yaml, \"apiVersion: v1\\nkind: Service\\n\"]\npatchesJson6902: [{path: six.json}]\n",
		"max.yaml":  "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: orders}\nspec: {maxReplicaCount: 7}\n",
		"more.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: worker}\nspec: {replicas: 2}\n",
		"six.json":  `[{"op": "remove", "path": "/spec"}]`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(dir, "linked.yaml")); err != nil {
		t.Fatal(err)
	}
	m, err := Load([]string{dir}, nil)
	if err != nil || len(m.Refused) > 0 || len(m.Objects) != 2 {
		t.Errorf("%v, %v, %d objects", err, m.Refused, len(m.Objects))
	}
	patches := 0
	for _, n := range m.Notes {
		if strings.Contains(n.Says, "changes objects") && n.Next == "kubectl kustomize "+dir+" | kscope sandbox -f -" {
			patches++
		}
	}
	if patches != 3 {
		t.Errorf("%d patches are told of: %v", patches, m.Notes)
	}
}

// TestUnread: folders in a folder are told of, and read where they are asked for; hidden
// ones never.
func TestUnread(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"shop.yaml", "a/b/map.yaml", "c/readme.md", ".git/map.yaml", "node_modules/x/map.yaml"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		text := configMap("a")
		if name == "shop.yaml" {
			text = shop
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err := Load([]string{dir + "/"}, nil)
	if err != nil || len(m.Objects) != 2 || len(m.Notes) != 1 || m.Notes[0].Says != "1 folder in it left unread: "+filepath.Join("a", "b") {
		t.Errorf("%v, %d objects, %v", err, len(m.Objects), m.Notes)
	}
	if m, err = Load(Folders([]string{dir}), nil); err != nil || len(m.Objects) != 3 || len(m.Notes) != 0 {
		t.Errorf("%v, %d objects, %v", err, len(m.Objects), m.Notes)
	}
	if m, err = Load([]string{filepath.Join(dir, "c")}, nil); err == nil || !strings.Contains(kscope.HintOf(err), "-R") {
		t.Errorf("%v, %d objects", err, len(m.Objects))
	}
	if got := Folders([]string{"nowhere", "-"}); !slices.Equal(got, []string{"nowhere", "-"}) {
		t.Error(got)
	}
}
