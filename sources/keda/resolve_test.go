package keda

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kscope/kscope"
)

// The values that must never be seen. Every Secret here holds nothing else.
const shh = "s3cret-"

func secret(namespace, name string, keys ...string) *corev1.Secret {
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string][]byte{}}
	for _, key := range keys {
		s.Data[key] = []byte(shh + namespace + "-" + name + "-" + key + " \n")
	}
	return s
}

func configMap(name string, data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "demo", Name: name}, Data: data}
}

func fromJSON(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(text), &u.Object); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return u
}

// asked is a ScaledObject with one trigger, and the objects around it.
type asked struct {
	metadata  string // of the trigger, as JSON
	auth      string // spec of the authentication, "" for none
	cluster   bool   // it is a ClusterTriggerAuthentication
	container string // what the target's container has beside its name
	source    string // envSourceContainerName
}

func (a asked) resolver(t *testing.T) (*Resolver, *fake.Clientset) {
	t.Helper()
	ref, kind, namespace := "", "TriggerAuthentication", `"namespace":"demo",`
	if a.cluster {
		kind, namespace = "ClusterTriggerAuthentication", ""
	}
	if a.auth != "" {
		ref = fmt.Sprintf(`,"authenticationRef":{"name":"auth","kind":%q}`, kind)
	}
	objects := []runtime.Object{
		fromJSON(t, fmt.Sprintf(`{"apiVersion":"keda.sh/v1alpha1","kind":"ScaledObject","metadata":{"namespace":"demo","name":"orders"},
			"spec":{"scaleTargetRef":{"name":"worker","envSourceContainerName":%q},"triggers":[{"type":"cron"},{"type":"redis","metadata":%s%s}]}}`,
			a.source, a.metadata, ref)),
		fromJSON(t, `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"namespace":"demo","name":"worker"},"spec":{"template":{"spec":{
			"initContainers":[{"name":"init","env":[{"name":"ADDR","value":"init:1"}]}],
			"containers":[{"name":"main"`+a.container+`},{"name":"side","env":[{"name":"ADDR","value":"side:1"}]}]}}}}`),
		fromJSON(t, `{"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"v1beta1.external.metrics.k8s.io"},
			"spec":{"service":{"namespace":"autoscaling","name":"keda"}}}`),
	}
	if a.auth != "" && a.auth != "absent" {
		objects = append(objects, fromJSON(t, fmt.Sprintf(`{"apiVersion":"keda.sh/v1alpha1","kind":%q,"metadata":{%s"name":"auth"},"spec":%s}`, kind, namespace, a.auth)))
	}
	client := fake.NewClientset(
		secret("demo", "redis", "user", "pw", "PW", "ca.crt", "tls.crt", "tls.key", "kpw"), secret("autoscaling", "redis", "pw"), secret("keda", "redis", "pw"),
		configMap("conf", map[string]string{"address": "conf:1", "HOST": "redis.demo", "PORT": "6379"}),
	)
	return NewResolver(client, dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{
		scaledObjects: "ScaledObjectList", triggerAuthentications: "TriggerAuthenticationList",
		clusterTriggerAuthentications: "ClusterTriggerAuthenticationList", apiServices: "APIServiceList",
	}, objects...)), client
}

var redisTrigger = kscope.TriggerRef{Object: kscope.ID{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "demo", Name: "orders"}}, Index: 1}

func refs(list string, of ...string) string {
	var all []string
	for _, r := range of {
		f := strings.Split(r, "=")
		all = append(all, fmt.Sprintf(`{"parameter":%q,"name":"redis","key":%q}`, f[0], f[1]))
	}
	return fmt.Sprintf(`%q:[%s]`, list, strings.Join(all, ","))
}

func TestResolve(t *testing.T) {
	const at = `"address":"a:1"`
	env := func(entries string) string { return `,"env":[` + entries + `]` }
	inDemo := func(key string) string { return shh + "demo-redis-" + key }
	for _, tt := range []struct {
		name  string
		asked asked
		want  Access // but for From, Missing
		from  string // of it, all in one
	}{
		{"an address", asked{metadata: `{"address":" a:1 , b:2 "}`}, Access{Addresses: []string{"a:1", "b:2"}}, "address=the trigger itself"},
		{"addresses, then hosts with ports", asked{metadata: `{"addresses":"a:1","hosts":"h,i","ports":"1, 2"}`}, Access{Addresses: []string{"a:1", "h:1", "i:2"}},
			"address=the trigger itself; host=the trigger itself; port=the trigger itself"},
		{"address: the trigger before the authentication", asked{metadata: `{` + at + `,"addressFromEnv":"ADDR"}`, auth: `{` + refs("secretTargetRef", "address=pw") + `}`},
			Access{Addresses: []string{"a:1"}}, "address=the trigger itself"},
		{"address: the authentication before the environment", asked{metadata: `{"addressFromEnv":"ADDR"}`, auth: `{` + refs("secretTargetRef", "address=pw") + `}`, container: env(`{"name":"ADDR","value":"env:1"}`)},
			Access{Addresses: []string{inDemo("pw")}}, "address=Secret demo/redis key pw, by TriggerAuthentication auth"},
		{"address: any name in one place before the next place", asked{metadata: `{"addresses":"b:2","addressFromEnv":"ADDR"}`, container: env(`{"name":"ADDR","value":"env:1"}`)},
			Access{Addresses: []string{"b:2"}}, "address=the trigger itself"},
		{"host: the environment before the authentication", asked{metadata: `{"hostFromEnv":"H","portFromEnv":"P"}`, auth: `{` + refs("secretTargetRef", "host=pw", "port=user") + `}`,
			container: env(`{"name":"H","value":"h"},{"name":"P","value":"1"}`)}, Access{Addresses: []string{"h:1"}},
			"host=variable H of Deployment demo/worker container main; port=variable P of Deployment demo/worker container main"},
		{"password: the trigger first", asked{metadata: `{` + at + `,"password":"s3cret-inline","passwordFromEnv":"PW"}`, container: env(`{"name":"PW","value":"s3cret-env"}`)},
			Access{Addresses: []string{"a:1"}, Password: "s3cret-inline"}, "address=the trigger itself; password=the trigger itself"},
		{"password: the environment second", asked{metadata: `{` + at + `,"passwordFromEnv":"PW"}`, auth: `{` + refs("secretTargetRef", "password=pw") + `}`,
			container: env(`{"name":"PW","valueFrom":{"secretKeyRef":{"name":"redis","key":"PW"}}}`)},
			Access{Addresses: []string{"a:1"}, Password: inDemo("PW")}, "address=the trigger itself; password=variable PW of Deployment demo/worker container main"},
		{"password: the authentication last", asked{metadata: `{` + at + `}`, auth: `{` + refs("secretTargetRef", "password=pw", "username=user") + `}`},
			Access{Addresses: []string{"a:1"}, Username: inDemo("user"), Password: inDemo("pw")},
			"address=the trigger itself; password=Secret demo/redis key pw, by TriggerAuthentication auth; username=Secret demo/redis key user, by TriggerAuthentication auth"},
		{"a cluster's authentication looks in KEDA's namespace", asked{metadata: `{` + at + `}`, auth: `{` + refs("secretTargetRef", "password=pw") + `}`, cluster: true},
			Access{Addresses: []string{"a:1"}, Password: shh + "autoscaling-redis-pw"}, "address=the trigger itself; password=Secret autoscaling/redis key pw, by ClusterTriggerAuthentication auth"},
		{"a Secret counts more than a ConfigMap, which counts more than env", asked{metadata: `{` + at + `}`,
			auth:      `{` + refs("secretTargetRef", "password=pw") + `,"configMapTargetRef":[{"parameter":"password","name":"conf","key":"address"},{"parameter":"username","name":"conf","key":"address"}],"env":[{"parameter":"username","name":"ADDR"},{"parameter":"sentinelMaster","name":"ADDR","containerName":"side"}]}`,
			container: env(`{"name":"ADDR","value":"env:1"}`)},
			Access{Addresses: []string{"a:1"}, Username: "conf:1", Password: inDemo("pw"), SentinelMaster: "side:1", PerWorkload: true},
			"address=the trigger itself; password=Secret demo/redis key pw, by TriggerAuthentication auth; sentinelMaster=variable ADDR of Deployment demo/worker container side, by TriggerAuthentication auth; username=ConfigMap demo/conf key address, by TriggerAuthentication auth"},
		{"sentinels", asked{metadata: `{` + at + `,"sentinelMaster":"m","sentinelUsernameFromEnv":"U","sentinelPasswordFromEnv":"P"}`, auth: `{` + refs("secretTargetRef", "sentinelPassword=pw") + `}`,
			container: env(`{"name":"U","value":"u"},{"name":"P","value":"s3cret-env"}`)},
			Access{Addresses: []string{"a:1"}, SentinelMaster: "m", SentinelUsername: "u", SentinelPassword: inDemo("pw")},
			"address=the trigger itself; sentinelMaster=the trigger itself; sentinelPassword=Secret demo/redis key pw, by TriggerAuthentication auth; sentinelUsername=variable U of Deployment demo/worker container main"},
		{"TLS by the trigger", asked{metadata: `{` + at + `,"enableTLS":"true","unsafeSsl":"true"}`}, Access{Addresses: []string{"a:1"}, TLS: true, Unsafe: true},
			"address=the trigger itself; enableTLS=the trigger itself; unsafeSsl=the trigger itself"},
		{"TLS by the authentication", asked{metadata: `{` + at + `}`, auth: `{` + refs("secretTargetRef", "ca=ca.crt", "Cert=tls.crt", "key=tls.key", "keyPassword=kpw") + `,"configMapTargetRef":[{"parameter":"tls","name":"tls","key":"on"}]}`},
			Access{Addresses: []string{"a:1"}, TLS: true, CA: inDemo("ca.crt"), Cert: inDemo("tls.crt"), Key: inDemo("tls.key"), KeyPassword: inDemo("kpw")},
			"address=the trigger itself; ca=Secret demo/redis key ca.crt, by TriggerAuthentication auth; cert=Secret demo/redis key tls.crt, by TriggerAuthentication auth; key=Secret demo/redis key tls.key, by TriggerAuthentication auth; keyPassword=Secret demo/redis key kpw, by TriggerAuthentication auth; tls=ConfigMap demo/tls key on, by TriggerAuthentication auth"},
		{"envFrom, with a prefix; the last counts", asked{metadata: `{"hostFromEnv":"REDIS_HOST","portFromEnv":"REDIS_PORT"}`,
			container: `,"envFrom":[{"configMapRef":{"name":"gone","optional":true}},{"prefix":"REDIS_","configMapRef":{"name":"conf"}},{"secretRef":{"name":"redis"}}]` + env(`{"name":"REDIS_PORT","value":"7000"}`)},
			Access{Addresses: []string{"redis.demo:7000"}}, "host=variable REDIS_HOST of Deployment demo/worker container main; port=variable REDIS_PORT of Deployment demo/worker container main"},
		{"variables of variables", asked{metadata: `{"addressFromEnv":"ADDR"}`,
			container: `,"envFrom":[{"configMapRef":{"name":"conf"}}]` + env(`{"name":"NS","value":"b"},{"name":"ADDR","value":"$(HOST).$(NS)$$x$(LATER)$y:$(PORT)$"},{"name":"LATER","value":"no"}`)},
			Access{Addresses: []string{"redis.demo.b$x$(LATER)$y:6379$"}}, "address=variable ADDR of Deployment demo/worker container main"},
		{"the last entry of a name counts, and sees the one before", asked{metadata: `{"addressFromEnv":"ADDR"}`, container: env(`{"name":"ADDR","value":"a"},{"name":"ADDR","value":"$(ADDR):1"}`)},
			Access{Addresses: []string{"a:1"}}, "address=variable ADDR of Deployment demo/worker container main"},
		{"another container", asked{metadata: `{"addressFromEnv":"ADDR"}`, source: "side"}, Access{Addresses: []string{"side:1"}}, "address=variable ADDR of Deployment demo/worker container side"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, client := tt.asked.resolver(t)
			if err := client.Tracker().Add(configMap("tls", map[string]string{"on": "enable"})); err != nil {
				t.Fatal(err)
			}
			got, err := r.Resolve(t.Context(), redisTrigger)
			if err != nil {
				t.Fatal(err)
			}
			var from []string
			for name, where := range got.From {
				from = append(from, name+"="+where)
			}
			slices.Sort(from)
			if d := cmp.Diff(tt.from, strings.Join(from, "; ")); d != "" {
				t.Error("from:", d)
			}
			if strings.Contains(fmt.Sprint(from, got.Missing), shh) {
				t.Errorf("the words hold a secret: %q %q", from, got.Missing)
			}
			for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
				if text := fmt.Sprintf(format, got); strings.Contains(text, shh) && !strings.Contains(strings.Join(got.Addresses, ""), shh) {
					t.Errorf("%s prints %s", format, text)
				}
			}
			got.From, got.Missing = nil, nil
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestResolveSaysWhatItCannot(t *testing.T) {
	const at = `"address":"a:1"`
	for _, tt := range []struct {
		name          string
		asked         asked
		message, hint string
	}{
		{"nothing", asked{metadata: `{}`}, "the trigger has neither an address nor a host and port", ""},
		{"no such authentication", asked{metadata: `{}`, auth: `absent`}, "neither an address", "TriggerAuthentication auth does not exist"},
		{"no such key", asked{metadata: `{}`, auth: `{` + refs("secretTargetRef", "address=nope") + `}`}, "neither an address", "Secret demo/redis has no key nope"},
		{"unequal lists", asked{metadata: `{"hosts":"a,b","ports":"1"}`}, "the trigger names 2 hosts and 1 ports", ""},
		{"a vault", asked{metadata: `{` + at + `}`, auth: `{` + refs("secretTargetRef", "password=pw") + `,"hashiCorpVault":{"secrets":[{"parameter":"password","path":"p","key":"k"}]}}`},
			"TriggerAuthentication auth takes what is needed to connect from HashiCorp Vault, which kscope cannot read", "--redis"},
		{"Azure", asked{metadata: `{` + at + `}`, auth: `{"azureKeyVault":{"secrets":[{"parameter":"password","name":"n"}]}}`}, "from Azure Key Vault", "--redis"},
		{"GCP", asked{metadata: `{` + at + `}`, auth: `{"gcpSecretManager":{"secrets":[{"parameter":"password","id":"n"}]}}`}, "from GCP Secret Manager", "--redis"},
		{"AWS", asked{metadata: `{` + at + `}`, auth: `{"awsSecretManager":{"secrets":[{"parameter":"username","name":"n"}]}}`}, "from AWS Secrets Manager", "--redis"},
		{"a token", asked{metadata: `{` + at + `}`, auth: `{"boundServiceAccountToken":[{"parameter":"password","serviceAccountName":"n"}]}`}, "from a service account's token", "--redis"},
		{"a file", asked{metadata: `{` + at + `}`, auth: `{"filePath":"x"}`, cluster: true}, "from a file in the KEDA operator's pod", "--redis"},
		{"TLS twice", asked{metadata: `{` + at + `,"enableTLS":"true"}`, auth: `{"env":[{"parameter":"tls","name":"TLS"}]}`, container: `,"env":[{"name":"TLS","value":"enable"}]`}, "exclude each other", ""},
		{"TLS perhaps", asked{metadata: `{` + at + `,"enableTLS":"s3cret-perhaps"}`}, "enableTLS is neither true nor false", ""},
		{"no such Secret for a variable", asked{metadata: `{` + at + `,"passwordFromEnv":"PW"}`, container: `,"env":[{"name":"PW","valueFrom":{"secretKeyRef":{"name":"gone","key":"k"}}}]`},
			"Secret demo/gone, which Deployment demo/worker container main takes its environment from, does not exist", "optional"},
		{"no such container", asked{metadata: `{"addressFromEnv":"ADDR"}`, source: "other"}, "Deployment demo/worker has no container other", ""},
		{"no such variable", asked{metadata: `{"addressFromEnv":"NOPE"}`}, "neither an address", "has no variable NOPE that KEDA can read"},
		{"variables without end", asked{metadata: `{"addressFromEnv":"V"}`, container: `,"env":[` + strings.Repeat(`{"name":"V","value":"$(V)"},`, 40) + `{"name":"V","value":"$(V)"}]`}, "too deeply", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := tt.asked.resolver(t)
			got, err := r.Resolve(t.Context(), redisTrigger)
			var u *kscope.Trouble
			if !errors.As(err, &u) {
				t.Fatalf("got %v, error %v", got, err)
			}
			if !strings.Contains(u.Error(), tt.message) || !strings.Contains(u.Hint, tt.hint) || (tt.hint == "") != (u.Hint == "") {
				t.Errorf("got %q, hint %q, want %q, %q", u, u.Hint, tt.message, tt.hint)
			}
			if strings.Contains(u.Error()+u.Hint, shh) {
				t.Error("it holds a secret")
			}
		})
	}
}

// Secrets are read when a parameter needs them and not otherwise, and read
// again each time.
func TestResolveReadsNoMoreThanNeeded(t *testing.T) {
	count := func(client *fake.Clientset) (n int) {
		for _, a := range client.Actions() {
			if a.GetResource().Resource == "secrets" {
				n++
			}
		}
		client.ClearActions()
		return n
	}
	plain := asked{metadata: `{"address":"a:1","passwordFromEnv":"PW"}`,
		container: `,"envFrom":[{"secretRef":{"name":"redis"}}],"env":[{"name":"X","valueFrom":{"secretKeyRef":{"name":"redis","key":"pw"}}},{"name":"PW","value":"s3cret-x"}]`}
	r, client := plain.resolver(t)
	if _, err := r.Resolve(t.Context(), redisTrigger); err != nil || count(client) != 0 {
		t.Errorf("a Secret was read that no parameter needs, error %v", err)
	}
	r, client = asked{metadata: `{"address":"a:1"}`, auth: `{` + refs("secretTargetRef", "password=pw", "username=user") + `}`}.resolver(t)
	for range 2 {
		if _, err := r.Resolve(t.Context(), redisTrigger); err != nil {
			t.Fatal(err)
		}
		if n := count(client); n != 1 {
			t.Errorf("the Secret was read %d times, want once", n)
		}
	}
	client.PrependReactor("get", "secrets", func(a clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(a.GetResource().GroupResource(), "redis", errors.New("no"))
	})
	_, err := r.Resolve(t.Context(), redisTrigger)
	if err == nil || err.Error() != "you may not read Secret demo/redis, which says how to reach Redis" {
		t.Errorf("got %v", err)
	}
}

func TestResolveScaledJob(t *testing.T) {
	r, _ := asked{metadata: `{}`}.resolver(t)
	job := fromJSON(t, `{"apiVersion":"keda.sh/v1alpha1","kind":"ScaledJob","metadata":{"namespace":"demo","name":"job"},"spec":{"envSourceContainerName":"b",
		"jobTargetRef":{"template":{"spec":{"containers":[{"name":"a"},{"name":"b","env":[{"name":"ADDR","value":"job:1"}]}]}}},
		"triggers":[{"type":"redis","metadata":{"addressFromEnv":"ADDR"}}]}}`)
	jobs := schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledjobs"}
	if _, err := r.dynamic.Resource(jobs).Namespace("demo").Create(t.Context(), job, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	ref := kscope.TriggerRef{Object: kscope.ID{Kind: kscope.ScaledJobs, Ref: kscope.Ref{Namespace: "demo", Name: "job"}}}
	got, err := r.Resolve(t.Context(), ref)
	if err != nil || got.String() != "job:1" || got.From["address"] != "variable ADDR of ScaledJob demo/job container b" {
		t.Errorf("got %v %q, error %v", got, got.From, err)
	}
	for _, ref := range []kscope.TriggerRef{{Object: ref.Object, Index: 1}, {Object: kscope.ID{Kind: kscope.ScaledObjects, Ref: ref.Object.Ref}}} {
		if got, err := r.Resolve(t.Context(), ref); err == nil {
			t.Errorf("%v: got %v", ref, got)
		}
	}
}
