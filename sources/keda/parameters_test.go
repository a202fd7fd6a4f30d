package keda

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kscope/kscope"
)

// TestParameters: what KEDA would use of a trigger of any type is found in its order, with
// its defaults, and nothing that is secret is in what is printed.
func TestParameters(t *testing.T) {
	const auth = `{"podIdentity":{"provider":"none"},"secretTargetRef":[{"parameter":"host","name":"rabbit","key":"host"},{"parameter":"password","name":"rabbit","key":"password"}]}`
	for _, tt := range []struct {
		name, typ, metadata, auth string
		want, from                map[string]string
		missing                   string
	}{
		{
			name: "metadata before the authentication", typ: "rabbitmq", metadata: `{"host":" amqp://mq:5672 ","queueName":"orders","protocol":"auto"}`, auth: auth,
			want: map[string]string{"host": "amqp://mq:5672", "queueName": "orders", "protocol": "auto", "password": shh + "demo-rabbit-password"},
			from: map[string]string{"host": "the trigger itself", "queueName": "the trigger itself", "protocol": "the trigger itself", "password": "Secret demo/rabbit key password, by TriggerAuthentication auth"},
		},
		{
			name: "the environment last", typ: "rabbitmq", metadata: `{"hostFromEnv":"ADDR","queueName":"orders"}`,
			want: map[string]string{"host": "main:1", "queueName": "orders", "protocol": "auto"},
			from: map[string]string{"host": "variable ADDR of Deployment demo/worker container main", "queueName": "the trigger itself"},
		},
		{
			name: "a list from the environment", typ: "kafka", metadata: `{"bootstrapServersFromEnv":"NONE","consumerGroup":"g","topic":"t"}`,
			want: map[string]string{"consumerGroup": "g", "topic": "t"}, missing: "Deployment demo/worker container main has no variable NONE that KEDA can read",
		},
		{
			name: "what KEDA reads by other means", typ: "aws-sqs-queue", metadata: `{"queueURL":"http://sqs/1/orders","awsAccessKeyIDFromEnv":"ADDR"}`,
			want: map[string]string{"queueURL": "http://sqs/1/orders", "awsAccessKeyID": "main:1", "scaleOnInFlight": "true"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := parametersOf(t, tt.typ, tt.metadata, tt.auth)
			got, err := r.Parameters(t.Context(), kscope.TriggerRef{Object: kscope.ID{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "demo", Name: "orders"}}})
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range tt.want {
				if got.Text(name) != want {
					t.Errorf("%s is %q, want %q", name, got.Text(name), want)
				}
			}
			if tt.from != nil {
				if d := cmp.Diff(tt.from, got.From); d != "" {
					t.Error(d)
				}
			}
			if strings.Join(got.Missing, "; ") != tt.missing {
				t.Errorf("missing %v", got.Missing)
			}
			if text := fmt.Sprintf("%v %+v %#v", got, got, got); strings.Contains(text, shh) {
				t.Errorf("a secret is printed: %s", text)
			}
		})
	}
}

// TestParametersElsewhere: what only KEDA can ask is said, and an identity is named.
func TestParametersElsewhere(t *testing.T) {
	ref := kscope.TriggerRef{Object: kscope.ID{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "demo", Name: "orders"}}}
	r := parametersOf(t, "rabbitmq", `{"queueName":"orders"}`, `{"hashiCorpVault":{"secrets":[{"parameter":"host"}]}}`)
	if _, err := r.Parameters(t.Context(), ref); err == nil || !strings.Contains(err.Error(), "HashiCorp Vault") || strings.Contains(kscope.HintOf(err), "redis") {
		t.Errorf("got %v; %s", err, kscope.HintOf(err))
	}
	r = parametersOf(t, "aws-sqs-queue", `{"queueURL":"u"}`, `{"podIdentity":{"provider":"aws"}}`)
	if got, err := r.Parameters(t.Context(), ref); err != nil || got.Identity != "aws" {
		t.Errorf("got %+v, %v", got, err)
	}
	ref.Index = 7
	if _, err := r.Parameters(t.Context(), ref); err == nil || errors.As(err, new(*kscope.Trouble)) != true {
		t.Errorf("got %v", err)
	}
}

func parametersOf(t *testing.T, typ, metadata, auth string) *Resolver {
	t.Helper()
	ref := ""
	if auth != "" {
		ref = `,"authenticationRef":{"name":"auth"}`
	}
	objects := []runtime.Object{
		fromJSON(t, fmt.Sprintf(`{"apiVersion":"keda.sh/v1alpha1","kind":"ScaledObject","metadata":{"namespace":"demo","name":"orders"},
			"spec":{"scaleTargetRef":{"name":"worker"},"triggers":[{"type":%q,"metadata":%s%s}]}}`, typ, metadata, ref)),
		fromJSON(t, `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"namespace":"demo","name":"worker"},"spec":{"template":{"spec":{
			"containers":[{"name":"main","env":[{"name":"ADDR","value":"main:1"}]}]}}}}`),
	}
	if auth != "" {
		objects = append(objects, fromJSON(t, `{"apiVersion":"keda.sh/v1alpha1","kind":"TriggerAuthentication","metadata":{"namespace":"demo","name":"auth"},"spec":`+auth+`}`))
	}
	lists := map[schema.GroupVersionResource]string{apiServices: "APIServiceList", triggerAuthentications: "TriggerAuthenticationList", clusterTriggerAuthentications: "ClusterTriggerAuthenticationList"}
	return NewResolver(fake.NewClientset(secret("demo", "rabbit", "host", "password")), dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists, objects...))
}

// TestRoute: what the HTTP add-on reads beside a trigger is read too.
func TestRoute(t *testing.T) {
	objects := []runtime.Object{
		fromJSON(t, `{"apiVersion":"keda.sh/v1alpha1","kind":"ScaledObject","metadata":{"namespace":"demo","name":"orders"},"spec":{"scaleTargetRef":{"name":"worker"},"triggers":[
			{"type":"external-push","metadata":{"scalerAddress":"http-add-on-external-scaler.keda:9090","interceptorRoute":"web"}},
			{"type":"external-push","metadata":{"scalerAddress":"http-add-on-external-scaler.keda:9090","httpScaledObject":"old"}},
			{"type":"external-push","metadata":{"scalerAddress":"elsewhere:9090","interceptorRoute":"none"}}]}}`),
		fromJSON(t, `{"apiVersion":"http.keda.sh/v1beta1","kind":"InterceptorRoute","metadata":{"namespace":"demo","name":"web"},"spec":{"target":{"service":"web","port":8080},
			"rules":[{"hosts":["a.example","b.example"],"paths":[{"value":"/api"}],"headers":[{"name":"X-Tenant","value":"blue"},{"name":"X-Any"}]}],
			"scalingMetric":{"concurrency":{"targetValue":10},"requestRate":{"targetValue":20,"window":"30s","granularity":"2s"}}}}`),
		fromJSON(t, `{"apiVersion":"http.keda.sh/v1alpha1","kind":"HTTPScaledObject","metadata":{"namespace":"demo","name":"old"},"spec":{"hosts":["old.example"],"pathPrefixes":["/v1"],
			"scaleTargetRef":{"service":"old","port":80},"targetPendingRequests":7}}`),
	}
	ready, not, port := true, false, int32(9090)
	pod := func(name string) *corev1.ObjectReference { return &corev1.ObjectReference{Kind: "Pod", Name: name} }
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Namespace: "keda", Name: "x", Labels: map[string]string{"kubernetes.io/service-name": "http-add-on-interceptor-admin"}},
		Ports:      []discoveryv1.EndpointPort{{Port: &port}},
		Endpoints: []discoveryv1.Endpoint{
			{Addresses: []string{"10.0.0.2"}, TargetRef: pod("b"), Conditions: discoveryv1.EndpointConditions{Ready: &ready}}, {Addresses: []string{"10.0.0.1"}, TargetRef: pod("a")},
			{Addresses: []string{"10.0.0.3"}, TargetRef: pod("c"), Conditions: discoveryv1.EndpointConditions{Ready: &not}}, {Addresses: []string{"10.0.0.4"}},
		},
	}
	lists := map[schema.GroupVersionResource]string{apiServices: "APIServiceList", interceptorRoutes: "InterceptorRouteList", httpScaledObjects: "HTTPScaledObjectList"}
	r := NewResolver(fake.NewClientset(slice), dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists, objects...))
	ref := kscope.TriggerRef{Object: kscope.ID{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "demo", Name: "orders"}}}
	const interceptors = "10.0.0.4:9090,a.http-add-on-interceptor-admin.keda:9090,b.http-add-on-interceptor-admin.keda:9090"
	for i, want := range []map[string]string{
		{
			"scalerAddress": "http-add-on-external-scaler.keda:9090", "interceptorRoute": "web", "routeNamespace": "demo", "interceptors": interceptors, "targetService": "web", "targetPort": "8080",
			"hosts": "a.example,b.example", "pathPrefixes": "/api", "headers": "X-Tenant: blue\nX-Any", "scalingConcurrency": "10", "scalingRate": "20", "scalingWindow": "30s", "scalingGranularity": "2s",
		},
		{
			"scalerAddress": "http-add-on-external-scaler.keda:9090", "httpScaledObject": "old", "routeNamespace": "demo", "interceptors": interceptors, "targetService": "old", "targetPort": "80",
			"hosts": "old.example", "pathPrefixes": "/v1", "headers": "", "scalingConcurrency": "7",
		},
	} {
		ref.Index = i
		got, err := r.Parameters(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		for name := range want {
			if got.Values[name] != want[name] {
				t.Errorf("%d: %s is %q, want %q", i, name, got.Values[name], want[name])
			}
		}
	}
	ref.Index = 2
	if _, err := r.Parameters(t.Context(), ref); err == nil || err.Error() != "InterceptorRoute demo/none does not exist" {
		t.Errorf("got %v", err)
	}
}
