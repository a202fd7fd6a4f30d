package demo

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

// scaledObject has the fields the demo uses, spelt as in KEDA's API. Read strictly, it refuses any other.
type scaledObject struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        metav1.ObjectMeta `json:"metadata"`
	Spec            struct {
		ScaleTargetRef struct {
			Name string `json:"name"`
		} `json:"scaleTargetRef"`
		MinReplicaCount *int32 `json:"minReplicaCount"`
		MaxReplicaCount *int32 `json:"maxReplicaCount"`
		PollingInterval *int32 `json:"pollingInterval"`
		CooldownPeriod  *int32 `json:"cooldownPeriod"`
		Advanced        struct {
			HorizontalPodAutoscalerConfig struct {
				Behavior *autoscalingv2.HorizontalPodAutoscalerBehavior `json:"behavior"`
			} `json:"horizontalPodAutoscalerConfig"`
		} `json:"advanced"`
		Triggers []struct {
			Type     string            `json:"type"`
			Metadata map[string]string `json:"metadata"`
		} `json:"triggers"`
	} `json:"spec"`
}

// story is the manifests as typed objects.
type story struct {
	namespace    corev1.Namespace
	service      corev1.Service
	code         corev1.ConfigMap
	redis        appsv1.Deployment
	worker       appsv1.Deployment
	scaledObject scaledObject
}

func readStory(t *testing.T) story {
	t.Helper()
	var s story
	into := map[string]any{
		"namespace/demo":                     &s.namespace,
		"service/redis":                      &s.service,
		"configmap/queue-worker":             &s.code,
		"deployment.apps/redis-master":       &s.redis,
		"deployment.apps/queue-worker":       &s.worker,
		"scaledobject.keda.sh/worker-scaler": &s.scaledObject,
	}
	for _, obj := range objects(t) {
		typed, ok := into[title(obj)]
		if !ok {
			t.Fatalf("manifests hold %s, which is not part of the story", title(obj))
		}
		delete(into, title(obj))
		data, err := yaml.Marshal(obj.Object)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(data, typed); err != nil {
			t.Errorf("%s: %v", title(obj), err)
		}
	}
	for missing := range into {
		t.Errorf("manifests lack %s", missing)
	}
	return s
}

func objects(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	objs, err := Objects(Default)
	if err != nil {
		t.Fatal(err)
	}
	return objs
}

func TestFileNames(t *testing.T) {
	got, err := fs.Glob(Default.Files(), "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"consumer.yaml", "namespace.yaml", "redis-master.yaml", "scaledobject.yaml"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestObjectsAreInOrderOfCreation(t *testing.T) {
	var got []string
	for _, obj := range objects(t) {
		got = append(got, title(obj))
	}
	want := []string{
		"namespace/demo", "configmap/queue-worker", "service/redis",
		"deployment.apps/queue-worker", "deployment.apps/redis-master", "scaledobject.keda.sh/worker-scaler",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
}

// kubectl apply -f takes the files by name and their documents from top to bottom, and creates
// nothing in a namespace that is not there yet.
func TestFilesApplyInOneGo(t *testing.T) {
	names, err := fs.Glob(Default.Files(), "*.yaml") // sorted by name
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, name := range names {
		data, err := fs.ReadFile(Default.Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		objs, err := parse(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, obj := range objs {
			if obj.GetKind() == "Namespace" {
				there[obj.GetName()] = true
			} else if !there[obj.GetNamespace()] {
				t.Errorf("%s: %s comes before its namespace %q", name, title(obj), obj.GetNamespace())
			}
		}
	}
}

func TestDifferentVersionsOfOneObjectAreRefused(t *testing.T) {
	objs, err := parse([]byte("kind: Namespace\napiVersion: v1\nmetadata: {name: a}\n---\n" +
		"kind: Namespace\napiVersion: v1\nmetadata: {name: a, labels: {x: y}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unique(objs); err == nil {
		t.Error("two versions of one namespace: got no error")
	}
	if got, err := unique([]*unstructured.Unstructured{objs[0], objs[0].DeepCopy()}); err != nil || len(got) != 1 {
		t.Errorf("the same namespace twice: got %d objects, error %v, want 1", len(got), err)
	}
}

func TestParseRefusesAKeyGivenTwice(t *testing.T) {
	_, err := parse([]byte("kind: Namespace\napiVersion: v1\nmetadata: {name: a}\nkind: Pod\n"))
	if err == nil {
		t.Error("got no error")
	}
}

func TestScaledObjectTellsTheStory(t *testing.T) {
	s := readStory(t)
	spec := s.scaledObject.Spec
	for _, n := range []struct {
		name string
		got  *int32
		want int32
	}{
		{"minReplicaCount", spec.MinReplicaCount, 0},
		{"maxReplicaCount", spec.MaxReplicaCount, 10},
		{"pollingInterval", spec.PollingInterval, 5},
		{"cooldownPeriod", spec.CooldownPeriod, 30},
	} {
		if n.got == nil || *n.got != n.want {
			t.Errorf("%s: got %v, want %d", n.name, n.got, n.want)
		}
	}
	if got := s.scaledObject.Metadata.Annotations["kscope.dev/inject"]; got != "allow" {
		t.Errorf("annotation kscope.dev/inject: got %q, want allow", got)
	}
	if len(spec.Triggers) != 1 || spec.Triggers[0].Type != "redis" {
		t.Fatalf("triggers: got %+v, want one of type redis", spec.Triggers)
	}
	want := map[string]string{"address": "redis.demo.svc.cluster.local:6379", "listName": "orders", "listLength": "5"}
	if diff := cmp.Diff(want, spec.Triggers[0].Metadata); diff != "" {
		t.Errorf("trigger (-want +got):\n%s", diff)
	}
}

// With a shorter window the HPA may cut down before KEDA goes to zero, and the story ends
// differently from one time to the next: the HPA's last high recommendation can be one sync old when
// the queue runs empty, and KEDA acts at the first poll after the cooldown, counted from a poll that
// may itself have come up to one interval late.
func TestScaleDownWindowOutlastsKEDAsStepToZero(t *testing.T) {
	s := readStory(t)
	const hpaSync = 15 * time.Second
	behavior := s.scaledObject.Spec.Advanced.HorizontalPodAutoscalerConfig.Behavior
	if behavior == nil || behavior.ScaleDown == nil || behavior.ScaleDown.StabilizationWindowSeconds == nil {
		t.Fatal("no scale-down stabilization window")
	}
	window := time.Duration(*behavior.ScaleDown.StabilizationWindowSeconds) * time.Second
	poll := time.Duration(*s.scaledObject.Spec.PollingInterval) * time.Second
	cooldown := time.Duration(*s.scaledObject.Spec.CooldownPeriod) * time.Second
	if slowest := hpaSync + cooldown + poll; window <= slowest {
		t.Errorf("window %s, want more than %s", window, slowest)
	}
	if window > 2*time.Minute {
		t.Errorf("window %s, want the story over in a couple of minutes", window)
	}
}

// Every name that one object uses for another is right.
func TestObjectsFitTogether(t *testing.T) {
	s := readStory(t)
	ns := s.namespace.Name
	for _, obj := range objects(t) {
		if !ours(obj) {
			t.Errorf("%s lacks the label by which Down knows it", title(obj))
		}
		if obj.GetKind() != "Namespace" && obj.GetNamespace() != ns {
			t.Errorf("%s: got namespace %q, want %q", title(obj), obj.GetNamespace(), ns)
		}
	}
	if got := s.scaledObject.Spec.ScaleTargetRef.Name; got != s.worker.Name {
		t.Errorf("scale target: got %q, want %q", got, s.worker.Name)
	}
	port := s.service.Spec.Ports[0]
	address := fmt.Sprintf("%s.%s.svc.cluster.local:%d", s.service.Name, ns, port.Port)
	if got := s.scaledObject.Spec.Triggers[0].Metadata["address"]; got != address {
		t.Errorf("trigger address: got %q, want %q", got, address)
	}
	wantEnv := map[string]string{
		"QUEUE":      s.scaledObject.Spec.Triggers[0].Metadata["listName"],
		"REDIS_HOST": s.service.Name, "REDIS_PORT": fmt.Sprint(port.Port), "JOB_SECONDS": "2",
		"READY_FILE": "/run/worker/ready",
	}
	worker := s.worker.Spec.Template.Spec.Containers[0]
	if worker.Name != "worker" {
		t.Errorf("first container: got %q, want worker", worker.Name)
	}
	if diff := cmp.Diff(wantEnv, environment(worker)); diff != "" {
		t.Errorf("environment of the worker (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"test", "-f", wantEnv["READY_FILE"]}, worker.ReadinessProbe.Exec.Command); diff != "" {
		t.Errorf("readiness probe (-want +got):\n%s", diff)
	}

	pods := labels.Set(s.redis.Spec.Template.Labels)
	if !labels.SelectorFromSet(s.service.Spec.Selector).Matches(pods) {
		t.Errorf("service selects %v, pods of redis-master have %v", s.service.Spec.Selector, pods)
	}
	if labels.SelectorFromSet(s.service.Spec.Selector).Matches(labels.Set(s.worker.Spec.Template.Labels)) {
		t.Error("service also selects the workers")
	}
	ports := s.redis.Spec.Template.Spec.Containers[0].Ports
	if len(ports) != 1 || ports[0].Name != port.TargetPort.StrVal || ports[0].ContainerPort != port.Port {
		t.Errorf("port of the redis container: got %+v, want %s on %d", ports, port.TargetPort.StrVal, port.Port)
	}
	for _, v := range s.worker.Spec.Template.Spec.Volumes {
		if v.ConfigMap != nil && v.ConfigMap.Name != s.code.Name {
			t.Errorf("volume %s: got config map %q, want %q", v.Name, v.ConfigMap.Name, s.code.Name)
		}
	}
}

func environment(c corev1.Container) map[string]string {
	env := map[string]string{}
	for _, e := range c.Env {
		env[e.Name] = e.Value
	}
	return env
}

func TestWorkerLeavesReplicasToKEDA(t *testing.T) {
	s := readStory(t)
	if got := s.worker.Spec.Replicas; got != nil {
		t.Errorf("replicas of the worker: got %d, want none", *got)
	}
	if got := s.redis.Spec.Replicas; got == nil || *got != 1 {
		t.Errorf("replicas of redis: got %v, want 1", got)
	}
}

func TestPodsAreSmallAndHarmless(t *testing.T) {
	s := readStory(t)
	pinned := regexp.MustCompile(`^[a-z]+:\d+\.\d+\.\d+-(alpine|slim)$`)
	for _, d := range []appsv1.Deployment{s.redis, s.worker} {
		pod := d.Spec.Template.Spec
		if !labels.SelectorFromSet(d.Spec.Selector.MatchLabels).Matches(labels.Set(d.Spec.Template.Labels)) {
			t.Errorf("%s does not select its own pods", d.Name)
		}
		if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
			t.Errorf("%s mounts a service account token", d.Name)
		}
		if c := pod.SecurityContext; c == nil || c.RunAsNonRoot == nil || !*c.RunAsNonRoot || c.RunAsUser == nil || *c.RunAsUser == 0 {
			t.Errorf("%s may run as root", d.Name)
		}
		for _, c := range pod.Containers {
			if !pinned.MatchString(c.Image) {
				t.Errorf("%s: image %s is not pinned to a patch version", d.Name, c.Image)
			}
			if c.ReadinessProbe == nil || c.ReadinessProbe.Exec == nil {
				t.Errorf("%s: no readiness probe by command", d.Name)
			}
			for _, r := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
				request, limit := c.Resources.Requests[r], c.Resources.Limits[r]
				if request.IsZero() || limit.IsZero() || request.Cmp(limit) > 0 {
					t.Errorf("%s: %s request %s, limit %s", d.Name, r, &request, &limit)
				}
			}
			sc := c.SecurityContext
			if sc == nil || sc.AllowPrivilegeEscalation == nil || *sc.AllowPrivilegeEscalation {
				t.Errorf("%s: privilege escalation is not ruled out", d.Name)
			}
			if sc == nil || sc.ReadOnlyRootFilesystem == nil || !*sc.ReadOnlyRootFilesystem {
				t.Errorf("%s: root file system is writable", d.Name)
			}
			for _, m := range c.VolumeMounts {
				if !slices.ContainsFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name }) {
					t.Errorf("%s: no volume %s", d.Name, m.Name)
				}
			}
		}
	}
}

func TestWorkerHasTimeToFinish(t *testing.T) {
	s := readStory(t)
	pod := s.worker.Spec.Template.Spec
	job, err := time.ParseDuration(environment(pod.Containers[0])["JOB_SECONDS"] + "s")
	if err != nil {
		t.Fatal(err)
	}
	if pod.TerminationGracePeriodSeconds == nil {
		t.Fatal("no terminationGracePeriodSeconds")
	}
	// A SIGTERM that comes just as the worker asks for a job: the longest wait for the answer, then the job.
	if got, want := time.Duration(*pod.TerminationGracePeriodSeconds)*time.Second, 2*(3*time.Second+job); got < want {
		t.Errorf("grace: got %s, want at least %s", got, want)
	}
	if pod.ShareProcessNamespace == nil || !*pod.ShareProcessNamespace {
		t.Error("the worker is process 1 and deaf to an early SIGTERM")
	}
}
