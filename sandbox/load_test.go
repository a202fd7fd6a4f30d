package sandbox

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/golden"
	"github.com/kscope/kscope/notes"
)

// TestRefused holds what is said of every bad manifest in testdata/refused
// against one golden file.
func TestRefused(t *testing.T) {
	files, err := filepath.Glob("testdata/refused/*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var got strings.Builder
	for _, path := range files {
		_, err := strictly([]string{path}, nil)
		if err == nil {
			t.Errorf("%s is accepted", path)
			continue
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than one line: %q", path, err)
		}
		fmt.Fprintln(&got, strings.ReplaceAll(err.Error(), "testdata/refused/", ""))
		if hint := kscope.HintOf(err); hint != "" {
			fmt.Fprintln(&got, "    hint:", hint)
		}
	}
	golden.Compare(t, "refused.golden", got.String())
}

// TestRefusedPaths covers what is wrong with the paths themselves.
func TestRefusedPaths(t *testing.T) {
	for _, test := range []struct {
		paths []string
		want  string
	}{
		{[]string{"testdata/nothing.yaml"}, "read manifests: stat testdata/nothing.yaml: no such file or directory"},
		{[]string{"-"}, "no manifests in -"},
		{[]string{"testdata/refused/empty-directory"}, "no manifests in the directory testdata/refused/empty-directory"},
	} {
		if _, err := strictly(test.paths, strings.NewReader("# nothing\n")); err == nil || err.Error() != test.want {
			t.Errorf("%v:\ngot  %v\nwant %v", test.paths, err, test.want)
		}
	}
	if _, err := strictly([]string{"-"}, nil); err == nil {
		t.Error("a missing standard input is read")
	}
}

// strictly is Load where whatever is refused is an error.
func strictly(paths []string, stdin io.Reader) (Manifests, error) {
	m, err := Load(paths, stdin)
	if err == nil && len(m.Refused) > 0 {
		err = m.Refused[0]
	}
	return m, err
}

// load reads one text as if it came through a pipe.
func read(t *testing.T, text string) Manifests {
	t.Helper()
	m, err := strictly([]string{"-"}, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// unasked is what a text has in it on a cluster without KEDA's webhooks.
func unasked(text string) Manifests {
	var all contents
	file{"-", []byte(text)}.read(&all)
	return arrange(all, func(found []loaded) ([]loaded, []error) { return found, nil })
}

func titles(m Manifests) (out []string) {
	for _, obj := range m.Objects {
		out = append(out, title(obj))
	}
	return out
}

// said is notes in lines.
func said(m Manifests) (out []string) {
	for _, n := range m.Notes {
		out = append(out, n.String())
	}
	return out
}

func TestLoadDirectory(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"b.yml":         configMap("b"),
		"a.yaml":        configMap("a") + "---\n" + configMap("a2") + "---\n",
		"c.json":        `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}`,
		"readme.md":     "not this",
		"sub/deep.yaml": configMap("deep"),
		"list.yaml":     "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: l1}}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: l2, namespace: other}}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m, err := strictly([]string{dir, filepath.Join(dir, "a.yaml"), "-"}, strings.NewReader(configMap("piped")))
	if err != nil {
		t.Fatal(err)
	}
	want := "ConfigMap default/a, ConfigMap default/a2, ConfigMap default/b, ConfigMap default/c, ConfigMap default/l1, ConfigMap other/l2, ConfigMap default/piped"
	if got := strings.Join(titles(m), ", "); got != want {
		t.Errorf("\ngot  %s\nwant %s", got, want)
	}
	if got := fmt.Sprint(m.missingNamespaces()); got != "[default other]" {
		t.Error(got)
	}
}

func configMap(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\n"
}

// TestLoadDemo: the order in which things have to be there, and a worker
// without replicas, as `kscope demo up` makes it.
func TestLoadDemo(t *testing.T) {
	m, err := Load(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Namespace demo", "ConfigMap demo/queue-worker", "Service demo/redis", "Deployment demo/queue-worker",
		"Deployment demo/redis-master", "ScaledObject demo/worker-scaler"}
	if diff := cmp.Diff(want, titles(m)); diff != "" {
		t.Error(diff)
	}
	if len(m.Notes) > 0 {
		t.Errorf("the demo has notes: %q", m.Notes)
	}
	for _, obj := range m.Objects {
		if d, ok := obj.(*appsv1.Deployment); ok && (*d.Spec.Replicas == 0) != (d.Name == "queue-worker") {
			t.Errorf("%s begins with %d replicas", d.Name, *d.Spec.Replicas)
		}
	}
}

const shop = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker, namespace: shop}
spec:
  selector: {matchLabels: {app: w}}
  template:
    metadata: {labels: {app: w}}
    spec:
      containers:
        - name: w
          image: example/worker
          readinessProbe: {exec: {command: [a]}, periodSeconds: 3}
          resources: {limits: {cpu: 1}}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: orders, namespace: shop}
spec:
  scaleTargetRef: {name: worker}
  triggers:
    - type: redis
      metadata: {address: "redis.shop:6379", listName: orders, listLength: "5"}
`

func TestDefaults(t *testing.T) {
	m := read(t, shop+`---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: h}
spec:
  scaleTargetRef: {kind: Deployment, name: x, apiVersion: apps/v1}
  maxReplicas: 3
  behavior: {scaleUp: {policies: [{type: Pods, value: 1, periodSeconds: 60}]}}
---
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {password: hunter2}
`)
	var got strings.Builder
	for _, obj := range m.Objects {
		switch o := obj.(type) {
		case *appsv1.Deployment:
			c := o.Spec.Template.Spec.Containers[0]
			fmt.Fprintln(&got, o.Spec.Replicas == nil, o.Spec.Strategy.Type, o.Spec.Strategy.RollingUpdate.MaxSurge, *o.Spec.Template.Spec.TerminationGracePeriodSeconds,
				c.ImagePullPolicy, c.ReadinessProbe.PeriodSeconds, c.ReadinessProbe.FailureThreshold, c.Resources.Requests.Cpu())
		case *autoscalingv2.HorizontalPodAutoscaler:
			b := o.Spec.Behavior
			fmt.Fprintln(&got, *o.Spec.MinReplicas, o.Spec.Metrics[0].Type, *b.ScaleUp.StabilizationWindowSeconds, len(b.ScaleUp.Policies),
				*b.ScaleDown.SelectPolicy, b.ScaleDown.StabilizationWindowSeconds == nil, b.ScaleDown.Policies)
		case *corev1.Secret:
			fmt.Fprintln(&got, o.Type, string(o.Data["password"]), o.StringData == nil)
		}
	}
	want := `Opaque hunter2 true
true RollingUpdate 25% 30 Always 3 3 1
1 Resource 0 1 Max true [{Percent 100 15}]
`
	if got.String() != want {
		t.Errorf("\ngot\n%s\nwant\n%s", got.String(), want)
	}
}

func TestNotes(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"nothing to say", shop, ""},
		{"no target", strings.Replace(shop, "scaleTargetRef: {name: worker}", "scaleTargetRef: {name: wroker}", 1),
			"Deployment shop/worker: its pods start, but what they would run does not\n" +
				"ScaledObject shop/orders: its target Deployment shop/wroker is not among the manifests; KEDA will say so (add it to the manifests; -f may be given several times)"},
		{"kinds not played", shop + "---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: nightly}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: sa}\n",
			"CronJob default/nightly: accepted, but objects of this kind are not played\n" +
				"ServiceAccount default/sa: accepted, and without effect in the sandbox"},
		{"two servers", shop + "---" + strings.NewReplacer("name: orders,", "name: more,", "redis.shop:6379", "redis.other:6379", "name: worker", "name: worker2").Replace(shop),
			"redis.other:6379 and redis.shop:6379 are one and the same Redis here"},
	} {
		if got := strings.Join(said(read(t, test.text)), "\n"); got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.name, got, test.want)
		}
	}
}

// TestSomethingElse: what is no text, or has no end, is refused by its beginning and
// in a word, wherever it comes from.
func TestSomethingElse(t *testing.T) {
	dir := t.TempDir()
	huge := filepath.Join(dir, "huge.yaml") // which takes no room on a disk
	if err := os.WriteFile(huge, []byte("\x7fELF"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, 1<<40); err != nil {
		t.Fatal(err)
	}
	image := filepath.Join(dir, "image.json")
	if err := os.WriteFile(image, append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), make([]byte, 1<<20)...), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		path  string
		stdin io.Reader
		want  string
	}{
		{huge, nil, huge + ":1: this is something binary, not YAML or JSON"},
		{image, nil, image + ":1: this is something binary, not YAML or JSON"},
		{dir, nil, huge + ":1: this is something binary, not YAML or JSON"},
		{"/dev/zero", nil, "/dev/zero:1: this is something binary, not YAML or JSON"},
		{"-", endless(0), "standard input:1: this is something binary, not YAML or JSON"},
		{"-", endless('a'), "standard input:1: more than 64 MB are no manifests"},
		{"-", endless('\n'), "standard input:1: more than 64 MB are no manifests"},
		{"-", strings.NewReader("\x00"), "standard input:1: this is something binary, not YAML or JSON"},
	} {
		_, err := strictly([]string{test.path}, test.stdin)
		if err == nil || err.Error() != test.want || kscope.HintOf(err) != wanted {
			t.Errorf("%s: got %v, hint %q, want %s", test.path, err, kscope.HintOf(err), test.want)
		}
	}
	if _, err := strictly([]string{"-"}, strings.NewReader(strings.Repeat("# a comment that is long\n", 400)+shop)); err != nil {
		t.Errorf("a long beginning: %v", err)
	}
}

// endless is a file that has no end.
type endless byte

func (e endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(e)
	}
	return len(b), nil
}

// FuzzPlay: whatever is taken is played.
func FuzzPlay(f *testing.F) {
	paths, _ := filepath.Glob("testdata/*.yaml")
	refused, _ := filepath.Glob("testdata/refused/*.*")
	for _, path := range append(paths, refused...) {
		if text, err := os.ReadFile(path); err == nil {
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := strictly([]string{"-"}, strings.NewReader(text))
		if err != nil {
			return
		}
		at := time.Unix(0, 0)
		s, err := New(Options{Manifests: m, Wall: func() time.Time { return at }, Speed: 1, NoPort: true})
		if err != nil {
			return
		}
		defer s.Close()
		for range 5 {
			at = at.Add(7 * time.Second)
			if _, err := s.advance(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestTheRestOpens: what is wrong with one object, or is for another program, is told of
// and keeps nothing else.
func TestTheRestOpens(t *testing.T) {
	const whole = "ScaledObject shop/orders"
	for _, test := range []struct {
		name, file, text string // beside a good file, or within it where file is ""
		says             string // the beginning of the only note, or of what is refused
		hint             string // "" of notes
	}{
		{"kustomize", "kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n", "DIR/kustomization.yaml:1: this is for kustomize (kubectl kustomize DIR | kscope sandbox -f -)", ""},
		{"kustomize without a type", "kustomization.yml", "resources: [a.yaml]\n", "DIR/kustomization.yml:1: this is for kustomize (kubectl kustomize DIR", ""},
		{"kind", "kind.yaml", "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes: [{role: control-plane}]\n", "DIR/kind.yaml:1: this is a configuration of kind", ""},
		{"values", "values-prod.yaml", "replicaCount: 1\n", "DIR/values-prod.yaml:1: these are values of a Helm chart (helm template CHART -f DIR/values-prod.yaml", ""},
		{"chart", "Chart.yaml", "apiVersion: v2\nname: packer\nversion: 0.1.0\n", "DIR/Chart.yaml:1: this is a Helm chart (helm template DIR | kscope sandbox -f -)", ""},
		{"compose", "docker-compose.yml", "services: {redis: {image: redis}}\n", "DIR/docker-compose.yml:1: this is for docker compose", ""},
		{"linter", ".yamllint.yaml", "extends: default\n", "DIR/.yamllint.yaml:1: this is a configuration of another program", ""},
		{"a template", "so.yaml", "{{- if .Values.x }}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n{{- end }}\n---\nkind: {{ .Kind }}\n", "DIR/so.yaml:1: this is a Helm template", "helm template CHART"},
		{"another operator's", "", "---\napiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: a, namespace: shop}\n", "ServiceMonitor shop/a: accepted, but objects of monitoring.coreos.com are not played", ""},
		{"a definition", "crd.yaml", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a.example.com}\n", "CustomResourceDefinition a.example.com: accepted, but objects of apiextensions.k8s.io are not played", ""},
		{"an APIService", "", "---\napiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: v1beta1.external.metrics.k8s.io}\n", "APIService v1beta1.external.metrics.k8s.io: accepted", ""},
		{"KEDA 1", "", "---\napiVersion: keda.k8s.io/v1alpha1\nkind: ScaledObject\nmetadata: {name: a}\n", `no matches for kind "ScaledObject" in version "keda.k8s.io/v1alpha1"`, "that is KEDA 1"},
		{"two ScaledObjects", "", strings.Replace(shop[strings.Index(shop, "---"):], "name: orders", "name: returns", 1), "ScaledObject shop/returns: KEDA's webhook refuses it: the workload 'worker' of type 'apps/v1.Deployment' is already managed by the ScaledObject 'orders'", "put all into it"},
		{"a field that is none", "", "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndatum: {}\n", `ConfigMap default/a: unknown field "datum"`, "spelt"},
		{"broken in the middle", "", "---\na: b: c\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: last}\n", "mapping values are not allowed in this context", "indentation"},
		{"something binary", "image.json", "\x89PNG\r\n\x1a\n\x00\x00", "DIR/image.json:1: this is something binary", "the sandbox plays"},
		{"given twice", "again.yaml", strings.Replace(shop, "listLength: \"5\"", "listLength: \"6\"", 1), "ScaledObject shop/orders: it is given twice, and differently", ""},
	} {
		dir := t.TempDir()
		write := func(name, text string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("a.yaml", shop)
		if test.file == "" {
			write("a.yaml", shop+test.text)
		} else {
			write(test.file, test.text)
		}
		m, err := Load([]string{dir}, nil)
		for _, err := range m.Refused {
			if hint := kscope.HintOf(err); !strings.Contains(hint, test.hint) {
				t.Errorf("%s: the hint is %q, want %q", test.name, hint, test.hint)
			}
		}
		got := said(m)
		if len(m.Refused) > 0 { // of which the note says where it is beside what it is
			got[0] = m.Refused[0].Error()
		}
		if err != nil || !slices.Contains(titles(m), whole) || len(got) != 1 || !strings.Contains(strings.ReplaceAll(got[0], dir, "DIR"), test.says) {
			t.Errorf("%s: %v, %s\ngot  %q\nwant %s", test.name, err, titles(m), got, test.says)
		}
		if n := m.Notes[0]; (n.Weight == notes.LeftOut) != (len(m.Refused) == 1) || !strings.HasPrefix(strings.ReplaceAll(n.Place, dir, "DIR"), "DIR/") {
			t.Errorf("%s: the note is %+v", test.name, n)
		}
		if test.name == "broken in the middle" && !slices.Contains(titles(m), "ConfigMap default/last") {
			t.Errorf("what follows it is gone: %s", titles(m))
		}
	}
}

// TestNothingOpens: where nothing that scales is left, all that is wrong is told.
func TestNothingOpens(t *testing.T) {
	m, err := Load([]string{"-"}, strings.NewReader("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n---\na: b: c\n---\nkind: X\n---\nx: 1\nx: 2\n"))
	if err == nil || len(m.Refused) != 3 || err.Error() != m.Refused[0].Error() {
		t.Errorf("got %v and %q", err, m.Refused)
	}
	m, err = Load([]string{"-"}, strings.NewReader(shop+strings.Repeat("---\na: b: c\n", 100_000)))
	if n := len(m.Refused); err != nil || n != mostWrong+1 || !strings.Contains(m.Refused[n-1].Error(), "the rest is not read") {
		t.Errorf("of very many: %v, %d", err, n)
	}
}

// TestOlderHPA: an HPA of autoscaling/v1, which every API server takes, is what it is in
// the newer version.
func TestOlderHPA(t *testing.T) {
	const text = "kind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n  maxReplicas: 4\n"
	older := read(t, "apiVersion: autoscaling/v1\n"+text+"  targetCPUUtilizationPercentage: 60\n").Objects
	newer := read(t, "apiVersion: autoscaling/v2\n"+text+"  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}]\n").Objects
	if !equality.Semantic.DeepEqual(older, newer) {
		t.Errorf("got  %+v\nwant %+v", older[0], newer[0])
	}
}
