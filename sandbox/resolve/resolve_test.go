package resolve_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/kscope/kscope/sandbox/resolve"
)

func find(kind, namespace, name string) runtime.Object {
	switch kind + " " + namespace + "/" + name {
	case "Secret shop/login":
		return &corev1.Secret{Data: map[string][]byte{"password": []byte("secret"), "user": []byte("u")}}
	case "Secret keda/login":
		return &corev1.Secret{StringData: map[string]string{"password": "keda's"}}
	case "ConfigMap shop/where":
		return &corev1.ConfigMap{Data: map[string]string{"HOST": "redis", "PORT": "6379"}}
	case "TriggerAuthentication shop/auth":
		return authentication("{env: [{parameter: username, name: USER}, {parameter: port, name: PORT, containerName: other}], secretTargetRef: [{parameter: password, name: login, key: password}, {parameter: ca, name: none, key: ca}], hashiCorpVault: {secrets: [{parameter: token}]}}")
	case "ClusterTriggerAuthentication /auth":
		return authentication("{secretTargetRef: [{parameter: password, name: login, key: password}]}")
	case "TriggerAuthentication shop/file":
		return authentication("{filePath: a}")
	}
	return nil
}

func authentication(spec string) *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: map[string]any{}}
	var s any
	if err := yaml.Unmarshal([]byte(spec), &s); err != nil {
		panic(err)
	}
	u.Object["spec"] = s
	return u
}

func pod(t *testing.T, containers string) *corev1.PodSpec {
	t.Helper()
	var p corev1.PodSpec
	if err := yaml.Unmarshal([]byte("containers: "+containers), &p); err != nil {
		t.Fatal(err)
	}
	return &p
}

// TestEnvironment: what a container's environment comes to, and what KEDA says where it
// cannot be read.
func TestEnvironment(t *testing.T) {
	for _, tt := range []struct {
		name, containers, container string
		want                        map[string]string
		err                         string
	}{
		{"values", `[{name: a, env: [{name: A, value: x}, {name: B, value: "$(A):$$1 $(C) $"}, {name: C}]}]`, "", map[string]string{"A": "x", "B": "x:$1 $(C) $", "C": ""}, ""},
		{"references", `[{name: a, env: [{name: P, valueFrom: {secretKeyRef: {name: login, key: password}}}, {name: H, valueFrom: {configMapKeyRef: {name: where, key: HOST}}}, {name: N, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]}]`, "", map[string]string{"P": "secret", "H": "redis"}, ""},
		{"all of them", `[{name: a, envFrom: [{configMapRef: {name: where}}, {prefix: R_, secretRef: {name: login}}, {configMapRef: {name: none, optional: true}}]}]`, "", map[string]string{"HOST": "redis", "PORT": "6379", "R_password": "secret", "R_user": "u"}, ""},
		{"another container", `[{name: a}, {name: b, env: [{name: A, value: z}]}]`, "b", map[string]string{"A": "z"}, ""},
		{"a key that is not there", `[{name: a, env: [{name: P, valueFrom: {secretKeyRef: {name: login, key: none}}}]}]`, "", map[string]string{"P": ""}, ""},
		{"optional", `[{name: a, env: [{name: P, valueFrom: {secretKeyRef: {name: none, key: k, optional: true}}}]}]`, "", map[string]string{}, ""},
		{"no such container", `[{name: a}]`, "b", nil, "couldn't find container with name b on Target object"},
		{"none at all", `[]`, "", nil, "target object doesn't have containers"},
		{"no Secret", `[{name: a, envFrom: [{secretRef: {name: none}}]}]`, "", nil, `error reading secret ref &SecretEnvSource{LocalObjectReference:LocalObjectReference{Name:none,},Optional:nil,} on namespace shop: Secret "none" not found`},
		{"no ConfigMap", `[{name: a, env: [{name: P, valueFrom: {configMapKeyRef: {name: none, key: k}}}]}]`, "", nil, `error resolving config &ConfigMapKeySelector{LocalObjectReference:LocalObjectReference{Name:none,},Key:k,Optional:nil,} for env P in namespace shop`},
	} {
		got, err := resolve.Find(find).Environment(pod(t, tt.containers), tt.container, "shop")
		text := ""
		if err != nil {
			text = err.Error()
		}
		if d := cmp.Diff(tt.want, got); d != "" || text != tt.err {
			t.Errorf("%s: %s\n%q, want %q", tt.name, d, text, tt.err)
		}
	}
}

// TestAuthentication: what an authentication object gives; what it names and is not there
// is empty, and what nobody here can ask is there.
func TestAuthentication(t *testing.T) {
	p := pod(t, `[{name: a, env: [{name: USER, value: u}]}, {name: other, env: [{name: PORT, value: "1"}]}]`)
	for _, tt := range []struct {
		ref  *resolve.Reference
		want map[string]string
		err  string
	}{
		{nil, map[string]string{}, ""},
		{&resolve.Reference{Name: "none"}, map[string]string{}, ""},
		{&resolve.Reference{Name: "auth"}, map[string]string{"username": "u", "port": "1", "password": "secret", "ca": "", "token": resolve.Unasked}, ""},
		{&resolve.Reference{Name: "auth", Kind: "ClusterTriggerAuthentication"}, map[string]string{"password": "keda's"}, ""},
		{&resolve.Reference{Name: "auth", Kind: "Other"}, map[string]string{}, ""},
		{&resolve.Reference{Name: "file"}, nil, "filePath is only supported for ClusterTriggerAuthentication, got kind: "},
	} {
		got, err := resolve.Find(find).Authentication(tt.ref, p, "shop")
		text := ""
		if err != nil {
			text = err.Error()
		}
		if d := cmp.Diff(tt.want, got); d != "" || text != tt.err {
			t.Errorf("%+v: %s\n%q, want %q", tt.ref, d, text, tt.err)
		}
	}
}
