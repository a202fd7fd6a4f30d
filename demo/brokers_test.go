package demo

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// each runs a test for every demo, by its broker.
func each(t *testing.T, test func(t *testing.T, d Demo)) {
	t.Helper()
	for _, d := range demos {
		t.Run(d.Broker, func(t *testing.T) { test(t, d) })
	}
}

func of(t *testing.T, broker string) Demo {
	t.Helper()
	d, ok := Of(broker)
	if !ok {
		t.Fatalf("there is no demo of %s", broker)
	}
	return d
}

func objectsOf(t *testing.T, all ...Demo) []*unstructured.Unstructured {
	t.Helper()
	objs, err := Objects(all...)
	if err != nil {
		t.Fatal(err)
	}
	return objs
}

// typed reads the demo's object of a kind and name as what it is in Go, strictly.
func typed[T any](t *testing.T, d Demo, kind, name string) T {
	t.Helper()
	var out T
	for _, obj := range objectsOf(t, d) {
		if obj.GetKind() != kind || obj.GetName() != name {
			continue
		}
		data, err := yaml.Marshal(obj.Object)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(data, &out); err != nil {
			t.Errorf("%s: %v", title(obj), err)
		}
		return out
	}
	t.Fatalf("the manifests hold no %s %s", kind, name)
	return out
}

func deployments(t *testing.T, d Demo) []appsv1.Deployment {
	t.Helper()
	all := []appsv1.Deployment{typed[appsv1.Deployment](t, d, "Deployment", d.Workload)}
	if d.server != "" {
		all = append(all, typed[appsv1.Deployment](t, d, "Deployment", d.server))
	}
	return all
}

// All demos are the same story, and nothing is scaled in it but the workers.
func TestEveryDemoTellsTheStory(t *testing.T) {
	each(t, func(t *testing.T, d Demo) {
		var so *unstructured.Unstructured
		for _, obj := range objectsOf(t, d) {
			if obj.GetKind() == "ScaledObject" {
				so = obj
			}
			if !ours(obj) {
				t.Errorf("%s lacks the label by which Down knows it", title(obj))
			}
			if obj.GetKind() != "Namespace" && obj.GetNamespace() != Namespace {
				t.Errorf("%s is in namespace %q, want %q", title(obj), obj.GetNamespace(), Namespace)
			}
		}
		if so.GetName() != d.ScaledObject || so.GetAnnotations()["kscope.dev/inject"] != "allow" {
			t.Errorf("ScaledObject %s with annotations %v", so.GetName(), so.GetAnnotations())
		}
		for path, want := range map[string]any{
			"scaleTargetRef.name": d.Workload, "minReplicaCount": int64(0), "maxReplicaCount": int64(10),
			"pollingInterval": int64(5), "cooldownPeriod": int64(30),
			"advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.stabilizationWindowSeconds": int64(60),
		} {
			got, _, _ := unstructured.NestedFieldNoCopy(so.Object, append([]string{"spec"}, strings.Split(path, ".")...)...)
			if got != want {
				t.Errorf("%s: got %v, want %v", path, got, want)
			}
		}
		for _, deployment := range deployments(t, d) {
			if n := deployment.Spec.Replicas; (deployment.Name == d.Workload) != (n == nil) || n != nil && *n != 1 {
				t.Errorf("%s has replicas %v", deployment.Name, n)
			}
		}
	})
}

// Side by side in one namespace nothing of one demo is another's.
func TestDemosFitBesideEachOther(t *testing.T) {
	seen := map[string]string{}
	each(t, func(t *testing.T, d Demo) {
		for _, obj := range objectsOf(t, d) {
			if by := seen[title(obj)]; by != "" && obj.GetKind() != "Namespace" {
				t.Errorf("%s is %s's, too", title(obj), by)
			}
			seen[title(obj)] = d.Broker
		}
	})
	objectsOf(t, demos...) // or fails: two different versions
}

// As TestFilesApplyInOneGo, and a ScaledObject comes after what it scales, or
// KEDA's webhook refuses it.
func TestEveryFolderAppliesInOneGo(t *testing.T) {
	each(t, func(t *testing.T, d Demo) {
		names, err := fs.Glob(d.Files(), "*.yaml")
		if err != nil || len(names) == 0 {
			t.Fatalf("files %v, error %v", names, err)
		}
		there := map[string]bool{}
		for _, name := range names {
			data, err := fs.ReadFile(d.Files(), name)
			if err != nil {
				t.Fatal(err)
			}
			objs, err := parse(data)
			if err != nil {
				t.Fatal(err)
			}
			for _, obj := range objs {
				if obj.GetKind() != "Namespace" && !there["namespace/"+Namespace] {
					t.Errorf("%s: %s comes before its namespace", name, title(obj))
				}
				if obj.GetKind() == "ScaledObject" && !there["deployment.apps/"+d.Workload] {
					t.Errorf("%s: %s comes before what it scales", name, title(obj))
				}
				there[title(obj)] = true
			}
		}
	})
}

func TestEveryPodIsSmallAndHarmless(t *testing.T) {
	pinned := regexp.MustCompile(`^[a-z/]+:\d+\.\d+\.\d+(-management)?(-alpine)?$`)
	each(t, func(t *testing.T, d Demo) {
		for _, deployment := range deployments(t, d) {
			pod := deployment.Spec.Template.Spec
			if !labels.SelectorFromSet(deployment.Spec.Selector.MatchLabels).Matches(labels.Set(deployment.Spec.Template.Labels)) {
				t.Errorf("%s does not select its own pods", deployment.Name)
			}
			if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
				t.Errorf("%s mounts a service account token", deployment.Name)
			}
			if d.Broker != "redis" && (pod.EnableServiceLinks == nil || *pod.EnableServiceLinks) {
				t.Errorf("%s gets variables that are taken for settings", deployment.Name)
			}
			if c := pod.SecurityContext; c == nil || c.RunAsNonRoot == nil || !*c.RunAsNonRoot || c.RunAsUser == nil || *c.RunAsUser == 0 {
				t.Errorf("%s may run as root", deployment.Name)
			}
			for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
				if !pinned.MatchString(c.Image) {
					t.Errorf("%s: image %s is not pinned to a patch version", c.Name, c.Image)
				}
				if sc := c.SecurityContext; sc == nil || sc.AllowPrivilegeEscalation == nil || *sc.AllowPrivilegeEscalation ||
					sc.Capabilities == nil || !slices.Contains(sc.Capabilities.Drop, "ALL") {
					t.Errorf("%s may more than it needs", c.Name)
				}
				for _, r := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
					request, limit := c.Resources.Requests[r], c.Resources.Limits[r]
					if request.IsZero() || limit.IsZero() || request.Cmp(limit) > 0 {
						t.Errorf("%s: %s request %s, limit %s", c.Name, r, &request, &limit)
					}
				}
				for _, m := range c.VolumeMounts {
					if !slices.ContainsFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name }) {
						t.Errorf("%s: no volume %s", c.Name, m.Name)
					}
				}
			}
			for _, c := range pod.Containers {
				if c.ReadinessProbe == nil {
					t.Errorf("%s: no readiness probe", c.Name)
				}
			}
		}
	})
}

// A Service leads to its broker's pods, or the application's, by ports that these have.
func TestServicesLeadSomewhere(t *testing.T) {
	each(t, func(t *testing.T, d Demo) {
		for _, obj := range objectsOf(t, d) {
			if obj.GetKind() != "Service" {
				continue
			}
			service := typed[corev1.Service](t, d, "Service", obj.GetName())
			behind := 0
			for _, deployment := range deployments(t, d) {
				if !labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(deployment.Spec.Template.Labels)) {
					continue
				}
				behind++
				for _, port := range service.Spec.Ports {
					has := func(c corev1.Container) bool {
						return slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.Name == port.TargetPort.StrVal })
					}
					if !slices.ContainsFunc(deployment.Spec.Template.Spec.Containers, has) {
						t.Errorf("port %s leads to no port of %s", port.Name, deployment.Name)
					}
				}
			}
			if behind != 1 {
				t.Errorf("Service %s selects the pods of %d Deployments, want 1", service.Name, behind)
			}
		}
	})
}

// What is written in several places of one demo is the same there.
func TestNamesAgree(t *testing.T) {
	trigger := func(broker string) map[string]string {
		so := typed[struct {
			metav1.TypeMeta `json:",inline"`
			Metadata        metav1.ObjectMeta `json:"metadata"`
			Spec            map[string]any    `json:"spec"`
		}](t, of(t, broker), "ScaledObject", of(t, broker).ScaledObject)
		found := so.Spec["triggers"].([]any)[0].(map[string]any)
		all, _, _ := unstructured.NestedStringMap(found, "metadata")
		return all
	}
	worker := func(broker string) map[string]string {
		d := of(t, broker)
		return environment(typed[appsv1.Deployment](t, d, "Deployment", d.Workload).Spec.Template.Spec.Containers[0])
	}
	secret := typed[corev1.Secret](t, of(t, "rabbitmq"), "Secret", "rabbitmq").StringData
	for _, pair := range [][2]string{
		{trigger("nats")["stream"], worker("nats")["STREAM"]},
		{trigger("nats")["consumer"], worker("nats")["CONSUMER"]},
		{trigger("kafka")["topic"], worker("kafka")["TOPIC"]},
		{trigger("kafka")["consumerGroup"], worker("kafka")["GROUP"]},
		{trigger("kafka")["bootstrapServers"], worker("kafka")["BROKERS"]},
		{trigger("rabbitmq")["queueName"], worker("rabbitmq")["QUEUE"]},
		{"http://" + secret["username"] + ":" + secret["password"] + "@rabbitmq.demo.svc.cluster.local:15672/", secret["host"]},
		{"web", trigger("http")["interceptorRoute"]},
	} {
		if pair[0] != pair[1] || pair[0] == "" {
			t.Errorf("%q here is %q there", pair[0], pair[1])
		}
	}
}

// script writes one of the demo's programs into a file.
func script(t *testing.T, d Demo, name string) string {
	t.Helper()
	code := typed[corev1.ConfigMap](t, d, "ConfigMap", d.Workload).Data[name]
	if code == "" {
		t.Fatalf("ConfigMap %s has no %s", d.Workload, name)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(code), 0o444); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every program in the manifests can be read by what runs it.
func TestEveryScriptIsOne(t *testing.T) {
	each(t, func(t *testing.T, d Demo) {
		for _, deployment := range deployments(t, d) {
			for _, c := range deployment.Spec.Template.Spec.Containers {
				var cmd *exec.Cmd
				switch {
				case slices.Contains(c.Command, "python3"):
					cmd = exec.Command(program(t, "python3"), "-I", "-c", "import sys; compile(open(sys.argv[1]).read(), sys.argv[1], 'exec')",
						script(t, d, filepath.Base(c.Command[len(c.Command)-1])))
				case slices.Equal(c.Command, []string{"sh", "-c"}):
					cmd = exec.Command(program(t, "sh"), "-n", "-c", c.Args[0])
				default:
					continue
				}
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%s: %v\n%s", c.Name, err, out)
				}
			}
		}
	})
}

func TestEveryDemoGoesUpAndDown(t *testing.T) {
	each(t, func(t *testing.T, d Demo) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c := f.cluster(Options{})
			c.mapper = withAddOn()
			objs := objectsOf(t, d)
			if err := c.up(t.Context(), d, objs); err != nil {
				t.Fatal(err)
			}
			said := f.out.String()
			ready := strings.Index(said, d.Broker+" is ready\n")
			if created := strings.Index(said, d.ScaledObject+" created"); created < 0 || (d.server != "") != (ready >= 0) || ready > created {
				t.Errorf("KEDA was told before its broker was ready:\n%s", said)
			}
			if !slices.Contains(f.applied, "kscope deployments/"+d.Workload+" replicas 0") {
				t.Errorf("the workers do not begin at zero: %q", f.applied)
			}
			f.out.Reset()
			if err := c.down(t.Context(), objectsOf(t, demos...), nil); err != nil { // as without --broker
				t.Fatal(err)
			}
			if len(f.deleted) != len(objs) || f.deleted[0] != d.ScaledObject || f.deleted[len(objs)-1] != Namespace {
				t.Errorf("deleted %q of %d objects", f.deleted, len(objs))
			}
		})
	})
}

func withAddOn() meta.RESTMapper {
	m := mapper(true).(*meta.DefaultRESTMapper)
	m.Add(schema.GroupVersionKind{Group: "http.keda.sh", Version: "v1beta1", Kind: "InterceptorRoute"}, meta.RESTScopeNamespace)
	return m
}

// One of two demos goes, and the namespace stays for the other.
func TestDownOfOneLeavesTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := upped(t)
		nats, redis := objectsOf(t, of(t, "nats")), f.objs
		if err := f.cluster(Options{}).up(t.Context(), of(t, "nats"), nats); err != nil {
			t.Fatal(err)
		}
		f.out.Reset()
		if err := f.cluster(Options{}).down(t.Context(), nats, redis); err != nil {
			t.Fatal(err)
		}
		wantOutput(t, f.out.String(), `
waiting for scaledobject.keda.sh/nats-scaler to go: held by finalizer.keda.sh
scaledobject.keda.sh/nats-scaler deleted
deployment.apps/nats-worker deleted
deployment.apps/nats deleted
configmap/nats-worker deleted
service/nats deleted
namespace/demo stays: scaledobject.keda.sh/worker-scaler of another demo is in it
`)
		f.out.Reset()
		if err := f.cluster(Options{}).down(t.Context(), nats, redis); err != nil {
			t.Fatal(err)
		}
		wantOutput(t, f.out.String(), "nothing to remove\n")
		if err := f.cluster(Options{}).down(t.Context(), redis, nats); err != nil {
			t.Fatal(err)
		}
		if got := f.get(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}, "", Namespace); got != nil {
			t.Error("the namespace outlives the last demo in it")
		}
	})
}

// What somebody else calls as a demo does keeps no namespace.
func TestOnlyDemosKeepTheNamespace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		theirs := object(t, "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: nats, namespace: demo}\n")
		f := newFake(t, runtime.Object(theirs))
		if err := f.cluster(Options{}).up(t.Context(), Default, f.objs); err != nil {
			t.Fatal(err)
		}
		if err := f.cluster(Options{}).down(t.Context(), f.objs, objectsOf(t, of(t, "nats"))); err != nil {
			t.Fatal(err)
		}
		if last := f.deleted[len(f.deleted)-1]; last != Namespace {
			t.Errorf("deleted %q, want the namespace last", f.deleted)
		}
	})
}

func TestUpSaysWhatTheClusterLacks(t *testing.T) {
	f := newFake(t)
	d := of(t, "http")
	err := f.cluster(Options{Timeout: time.Minute}).up(t.Context(), d, objectsOf(t, d))
	wantFailure(t, err, "no InterceptorRoutes", "helm install http-add-on kedacore/keda-add-ons-http")
	c := f.cluster(Options{})
	c.mapper = mapper(false)
	wantFailure(t, c.up(t.Context(), d, objectsOf(t, d)), "KEDA is not installed", "helm install keda kedacore/keda")
	if len(f.applied) > 0 {
		t.Errorf("applied %q", f.applied)
	}
}

func TestBrokers(t *testing.T) {
	if diff := cmp.Diff([]string{"redis", "kafka", "rabbitmq", "nats", "http"}, Brokers()); diff != "" {
		t.Errorf("brokers (-want +got):\n%s", diff)
	}
	if d, ok := Of(""); ok {
		t.Errorf("of no broker there is a demo: %v", d)
	}
}

// What KEDA says of a broker that it does not reach names that broker in the hint.
func TestNextStepNamesTheBroker(t *testing.T) {
	for _, tt := range []struct{ broker, objection, want string }{
		{"kafka", "dial tcp: lookup kafka.demo.svc.cluster.local: no such host", "KEDA cannot reach Kafka from"},
		{"nats", "dial tcp 10.0.0.1:8222: connect: connection refused", "KEDA cannot reach NATS from"},
		{"http", "no metric specs returned from scalers for ScaledObject demo/web-scaler", "get deployment,service keda-add-ons-http-external-scaler"},
		{"rabbitmq", "something else", "describe scaledobject rabbitmq-scaler"},
	} {
		if got := of(t, tt.broker).nextStep(tt.objection); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s: got %q, want %q in it", tt.broker, tt.objection, got, tt.want)
		}
	}
}
