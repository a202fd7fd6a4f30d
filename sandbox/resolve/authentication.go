package resolve

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// OperatorNamespace is where KEDA looks for what a ClusterTriggerAuthentication refers to,
// unless it was told otherwise.
const OperatorNamespace = "keda"

// Reference is a trigger's authenticationRef.
type Reference struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

// authenticationSpec is that of a TriggerAuthentication or a
// ClusterTriggerAuthentication.
type authenticationSpec struct {
	Env                      []struct{ Parameter, Name, ContainerName string }
	ConfigMapTargetRef       []targetRef
	SecretTargetRef          []targetRef
	FilePath                 string
	HashiCorpVault           stored
	AzureKeyVault            stored
	GCPSecretManager         stored
	AwsSecretManager         stored
	BoundServiceAccountToken []struct{ Parameter string }
}

type targetRef struct{ Parameter, Name, Key string }

// stored is what only KEDA, with its identity, can ask.
type stored struct{ Secrets []struct{ Parameter string } }

// Unasked stands for a value of a parameter that nobody here could ask.
const Unasked = "unasked"

// Authentication is the parameters that an authentication object gives, by their names.
// One that is not there gives none, and what it refers to and is not there is empty, as
// it is to KEDA. The error is KEDA's.
func (find Find) Authentication(ref *Reference, pod *corev1.PodSpec, namespace string) (map[string]string, error) {
	out := map[string]string{}
	if ref == nil || ref.Name == "" {
		return out, nil
	}
	home, at := namespace, namespace
	switch ref.Kind {
	case "", "TriggerAuthentication":
	case "ClusterTriggerAuthentication":
		home, at = OperatorNamespace, ""
	default:
		return out, nil
	}
	kind := "TriggerAuthentication"
	if at == "" {
		kind = ref.Kind
	}
	u, ok := find(kind, at, ref.Name).(*unstructured.Unstructured)
	if !ok {
		return out, nil
	}
	var spec authenticationSpec
	if part, err := json.Marshal(u.Object["spec"]); err == nil {
		_ = json.Unmarshal(part, &spec) // it was checked on the way in
	}
	if spec.FilePath != "" && kind == "TriggerAuthentication" {
		return nil, fmt.Errorf("filePath is only supported for ClusterTriggerAuthentication, got kind: %s", ref.Kind)
	}
	for _, e := range spec.Env {
		out[e.Parameter] = ""
		if pod != nil {
			env, _ := find.Environment(pod, e.ContainerName, namespace) // what KEDA cannot read is empty
			out[e.Parameter] = env[e.Name]
		}
	}
	for _, r := range spec.ConfigMapTargetRef {
		data, _ := find.data("ConfigMap", home, r.Name)
		out[r.Parameter] = data[r.Key]
	}
	for _, r := range spec.SecretTargetRef {
		data, _ := find.data("Secret", home, r.Name)
		out[r.Parameter] = data[r.Key]
	}
	for _, store := range []stored{spec.HashiCorpVault, spec.AzureKeyVault, spec.GCPSecretManager, spec.AwsSecretManager, {spec.BoundServiceAccountToken}} {
		for _, s := range store.Secrets {
			out[s.Parameter] = Unasked
		}
	}
	return out, nil
}
