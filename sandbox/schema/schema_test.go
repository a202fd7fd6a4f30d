package schema_test

import (
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kscope/kscope/sandbox/schema"
)

// TestCheck: what KEDA's schemas refuse, in the API server's words.
func TestCheck(t *testing.T) {
	const trigger, pod = "triggers: [{type: redis, metadata: {a: b}}]", "containers: [{name: c, image: i}]"
	job := func(more, pod, trigger string) string {
		return "spec: {jobTargetRef: {template: {" + more + "spec: {" + pod + "}}}, " + trigger + "}"
	}
	so := func(more string) string { return "spec: {scaleTargetRef: {name: w}, " + more + trigger + "}" }
	for _, tt := range []struct{ kind, text, want string }{
		{"ScaledObject", so(""), ""},
		{"ScaledObject", so("maxReplicaCount: 0, "), "spec.maxReplicaCount: Invalid value: 0: spec.maxReplicaCount in body should be greater than or equal to 1"},
		{"ScaledObject", so("minReplicaCount: 5, maxReplicaCount: 3, "), "spec: Invalid value: minReplicaCount must be less than or equal to maxReplicaCount"},
		{"ScaledObject", so("cooldown: 5, "), `unknown field "spec.cooldown"`},
		{"ScaledObject", so("advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleDown: {stabilizationWindowSeconds: 4000}}}}, "), "spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 4000: spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.stabilizationWindowSeconds in body should be less than or equal to 3600"},
		{"ScaledObject", "spec: {scaleTargetRef: {name: w}, triggers: [{type: redis, metadata: {listLength: 5}}]}", `spec.triggers[0].metadata.listLength: Invalid value: "integer": spec.triggers[0].metadata.listLength in body must be of type string: "integer"`},
		{"ScaledJob", job("", pod, trigger), ""},
		{"ScaledJob", job("metadata: {annotations: {a: b}, anything: {at: all}}, ", pod, trigger), ""},
		{"ScaledJob", job("", "restartPolicy: Never", trigger), "spec.jobTargetRef.template.spec.containers: Required value"},
		{"ScaledJob", job("", "containers: [{image: i}]", trigger), "spec.jobTargetRef.template.spec.containers[0].name: Required value"},
		{"ScaledJob", job("", "containers: [{name: c, ports: [{containerPort: 80}]}]", trigger), "spec.jobTargetRef.template.spec.containers[0].ports[0].protocol: Required value"},
		{"ScaledJob", job("", "containers: [{name: c, resources: {limits: {cpu: 1, memory: 1Gi}}}]", trigger), ""},
		{"ScaledJob", job("", "containers: [{name: c, resources: {limits: {memory: 1 GB}}}]", trigger), `spec.jobTargetRef.template.spec.containers[0].resources.limits.memory: Invalid value: "1 GB": spec.jobTargetRef.template.spec.containers[0].resources.limits.memory in body should match '^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$'`},
		{"ScaledJob", job("", pod, "triggers: [{type: redis, metricType: Value, metadata: {}}]"), `unknown field "spec.triggers[0].metricType"`},
		{"TriggerAuthentication", "spec: {secretTargetRef: [{parameter: p, name: s, key: k}]}", ""},
		{"TriggerAuthentication", "spec: {hashiCorpVault: {address: a, authentication: token, secrets: [{parameter: p, path: x}]}}", "spec.hashiCorpVault.secrets[0].key: Required value"},
		{"ClusterTriggerAuthentication", "spec: {podIdentity: {provider: nobody}}", `spec.podIdentity.provider: Unsupported value: "nobody": supported values: "azure-workload", "gcp", "aws", "aws-eks", "none"`},
	} {
		var obj map[string]any
		if err := yaml.Unmarshal([]byte("kind: "+tt.kind+"\nmetadata: {name: a}\nstatus: {any: thing}\n"+tt.text), &obj); err != nil {
			t.Fatal(err)
		}
		shape, ok := schema.Of(tt.kind)
		if !ok {
			t.Fatalf("no schema of a %s", tt.kind)
		}
		got := ""
		if all := shape.Check(whole(obj).(map[string]any)); len(all) > 0 {
			got = all[0].Text
		}
		if got != tt.want {
			t.Errorf("%s\n%s\n%s, want\n%s", tt.kind, tt.text, got, tt.want)
		}
	}
	if _, ok := schema.Of("Deployment"); ok {
		t.Error("a Deployment is no kind of KEDA's")
	}
}

// whole is a value whose whole numbers are so, as they are in what the API server reads.
func whole(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = whole(v[k])
		}
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	case float64:
		return int64(v)
	}
	return v
}

func BenchmarkOf(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		shape, _ := schema.Of("ScaledJob")
		shape.Check(map[string]any{"kind": "ScaledJob", "spec": map[string]any{}})
	}
}
