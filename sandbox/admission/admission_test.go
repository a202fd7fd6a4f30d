package admission_test

import (
	"strings"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kscope/kscope/sandbox/admission"
)

func parsed[T any](t *testing.T, text string) *T {
	t.Helper()
	var out T
	if err := yaml.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return &out
}

func object(t *testing.T, kind, name, more, spec string) *unstructured.Unstructured {
	t.Helper()
	all := parsed[map[string]any](t, "{apiVersion: keda.sh/v1alpha1, kind: "+kind+", metadata: {namespace: shop, name: "+name+more+"}, spec: "+spec+"}")
	return &unstructured.Unstructured{Object: *all}
}

const (
	list  = "{type: redis, metadata: {address: 'a:1', listName: l}}"
	byCPU = "{type: cpu, metricType: Utilization, metadata: {value: '50'}}"
)

func so(target, rest string) string { return "{scaleTargetRef: {name: " + target + "}, " + rest + "}" }

// TestLet: what KEDA's webhooks refuse, in their words. They were heard from KEDA 2.21.
func TestLet(t *testing.T) {
	bare := so("worker", "triggers: ["+list+"]")
	for _, tt := range []struct {
		name, kind, more, spec string
		says                   string // "" where it is let in
	}{
		{"a list", "ScaledObject", "", bare, ""},
		{"another one's target", "ScaledObject", "", so("taken", "triggers: ["+list+"]"), "the workload 'taken' of type 'apps/v1.Deployment' is already managed by the ScaledObject 'first'"},
		{"that of another kind", "ScaledObject", "", "{scaleTargetRef: {kind: StatefulSet, name: taken}, triggers: [" + list + "]}", ""},
		{"another one's HPA", "ScaledObject", "", so("worker", "advanced: {horizontalPodAutoscalerConfig: {name: keda-hpa-first}}, triggers: ["+list+"]"), "the HPA 'keda-hpa-first' is already managed by the ScaledObject 'first'"},
		{"an HPA's target", "ScaledObject", "", so("web", "triggers: ["+list+"]"), "the workload 'web' of type 'apps/v1.Deployment' is already managed by the hpa 'web'"},
		{"an HPA that is handed over without its name", "ScaledObject", ", annotations: {scaledobject.keda.sh/transfer-hpa-ownership: 'true'}", so("web", "triggers: ["+list+"]"), "the existing hpa 'web' for workload 'web' of type 'apps/v1.Deployment' must be specified by name in advanced settings to enable ownership transfer"},
		{"an HPA that is handed over", "ScaledObject", ", annotations: {scaledobject.keda.sh/transfer-hpa-ownership: 'true'}", so("web", "advanced: {horizontalPodAutoscalerConfig: {name: web}}, triggers: ["+list+"]"), ""},
		{"cpu without requests", "ScaledObject", "", so("worker", "minReplicaCount: 1, triggers: ["+byCPU+"]"), "the scaledobject has a cpu trigger but the container idle doesn't have the cpu request defined"},
		{"cpu of a container that has some", "ScaledObject", "", so("worker", "minReplicaCount: 1, triggers: [{type: cpu, metricType: Utilization, metadata: {value: '50', containerName: busy}}]"), ""},
		{"memory by default", "ScaledObject", "", so("worker", "minReplicaCount: 1, triggers: [{type: memory, metricType: Utilization, metadata: {value: '50'}}]"), ""},
		{"cpu of what is not there", "ScaledObject", "", so("nothing", "minReplicaCount: 1, triggers: ["+byCPU+"]"), ""},
		{"cpu and from zero", "ScaledObject", "", so("nothing", "triggers: ["+byCPU+"]"), "scaledobject has only cpu/memory triggers AND minReplica is 0 (scale to zero doesn't work in this case)"},
		{"cpu beside a list", "ScaledObject", "", so("nothing", "triggers: ["+byCPU+", "+list+"]"), ""},
		{"fewer than none", "ScaledObject", "", so("worker", "minReplicaCount: 5, maxReplicaCount: 3, triggers: ["+list+"]"), "MinReplicaCount=5 must be less than MaxReplicaCount=3"},
		{"idle as many as the least", "ScaledObject", "", so("worker", "minReplicaCount: 2, idleReplicaCount: 2, triggers: ["+list+"]"), "IdleReplicaCount=2 must be less than MinReplicaCount=2"},
		{"a fallback from cpu", "ScaledObject", "", so("nothing", "minReplicaCount: 1, fallback: {failureThreshold: 3, replicas: 2}, triggers: ["+byCPU+"]"), "at least one trigger (that is not cpu or memory) has to have the `AverageValue` type for the fallback to be enabled"},
		{"a fallback to no formula", "ScaledObject", "", so("worker", "fallback: {failureThreshold: 3, replicas: 2, behavior: scalingModifiers}, triggers: ["+list+"]"), "scalingModifiers fallback behavior requires scalingModifiers.formula to be defined"},
		{"a name for two triggers", "ScaledObject", "", so("worker", "triggers: [{type: cron, name: a, metadata: {}}, {type: cron, name: a, metadata: {}}]"), `triggerName "a" is defined multiple times in the ScaledObject/ScaledJob, but it must be unique`},
		{"cached cron", "ScaledObject", "", so("worker", "triggers: [{type: cron, useCachedMetrics: true, metadata: {}}]"), `property "useCachedMetrics" is not supported for "cron" scaler`},
		{"a formula without a target", "ScaledObject", "", so("worker", "advanced: {scalingModifiers: {formula: a + 1}}, triggers: [{type: cron, name: a, metadata: {}}]"), "formula is given but target is empty"},
		{"a name that is too long", "ScaledObject", "", "", "characters long; must be no more than 63"},
		{"a ScaledJob", "ScaledJob", "", "{triggers: [" + list + "], jobTargetRef: {template: {spec: {containers: [{name: c, image: i}]}}}}", ""},
		{"a ScaledJob with a name twice", "ScaledJob", "", "{triggers: [{type: cron, name: a, metadata: {}}, {type: cron, name: a, metadata: {}}]}", "is defined multiple times"},
		{"a login", "TriggerAuthentication", "", "{secretTargetRef: [{parameter: password, name: s, key: k}]}", ""},
		{"a principal without a secret", "ClusterTriggerAuthentication", "", "{azureServicePrincipal: {tenantId: t, clientId: c}}", "azureServicePrincipal requires either clientSecret or clientCertificate"},
		{"a role of the workload's", "TriggerAuthentication", "", "{podIdentity: {provider: aws, roleArn: a, identityOwner: workload}}", "roleArn of PodIdentity can't be set if KEDA isn't identityOwner"},
		{"an empty identity", "TriggerAuthentication", "", "{podIdentity: {provider: azure-workload, identityId: ''}}", "identityId of PodIdentity should not be empty"},
		{"a token from nowhere", "TriggerAuthentication", "", "{oauth2: {type: clientCredentials, clientId: c, tokenUrl: here}}", "oauth2.tokenUrl must be a valid http or https URL"},
	} {
		c := admission.Cluster{
			HPAs:        []*autoscalingv2.HorizontalPodAutoscaler{parsed[autoscalingv2.HorizontalPodAutoscaler](t, "{metadata: {namespace: shop, name: web}, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}}")},
			LimitRanges: []*corev1.LimitRange{parsed[corev1.LimitRange](t, "{metadata: {namespace: shop}, spec: {limits: [{type: Container, default: {memory: 1Gi}}]}}")},
			Pod: func(kind, namespace, name string) *corev1.PodSpec {
				if kind+namespace+name != "Deploymentshopworker" {
					return nil
				}
				return parsed[corev1.PodSpec](t, "{containers: [{name: busy, resources: {requests: {cpu: 1}}}, {name: idle}]}")
			},
		}
		if r := c.Let(object(t, "ScaledObject", "first", "", so("taken", "triggers: ["+list+"]"))); r != nil {
			t.Fatalf("the first: %s", r.Says)
		}
		name, spec := "second", tt.spec
		if spec == "" {
			name, spec = strings.Repeat("a", 64), bare
		}
		got := ""
		if r := c.Let(object(t, tt.kind, name, tt.more, spec)); r != nil {
			got = r.Says
		}
		if (got == "") != (tt.says == "") || !strings.Contains(got, tt.says) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.says)
		}
	}
}
