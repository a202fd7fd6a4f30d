package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/notes"
	"github.com/kscope/kscope/sandbox/dump"
	kedaschema "github.com/kscope/kscope/sandbox/schema"
)

// olderHPA is the version of HPAs that goes by cpu alone, which every API server takes.
var olderHPA = autoscalingv1.SchemeGroupVersion.WithKind("HorizontalPodAutoscaler")

func (d document) olderHPA() (runtime.Object, error) {
	return d.strictly(&autoscalingv1.HorizontalPodAutoscaler{}, olderHPA.Kind)
}

// newerHPA is an HPA as the API server shows it in the newer version.
func newerHPA(old *autoscalingv1.HorizontalPodAutoscaler) *autoscalingv2.HorizontalPodAutoscaler {
	out := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: old.ObjectMeta}
	out.SetGroupVersionKind(autoscalingv2.SchemeGroupVersion.WithKind(olderHPA.Kind))
	out.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference(old.Spec.ScaleTargetRef)
	out.Spec.MinReplicas, out.Spec.MaxReplicas = old.Spec.MinReplicas, old.Spec.MaxReplicas
	if share := old.Spec.TargetCPUUtilizationPercentage; share != nil { // without any, 80 % is the default of both
		out.Spec.Metrics = []autoscalingv2.MetricSpec{{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
			Name: corev1.ResourceCPU, Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: share},
		}}}
	}
	return out
}

// elsewhere notes what a document is that is for another program than kubectl, and how
// that makes manifests of it; nothing of any other.
func (d document) elsewhere(gvk schema.GroupVersionKind) notes.Note {
	var keys map[string]json.RawMessage
	if json.Unmarshal(d.json, &keys) != nil {
		if d.within == "" && bytes.HasPrefix(d.json, []byte("[")) {
			return d.unplayed("this is a list, for another program than kubectl", begins)
		}
		return notes.Note{}
	}
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return keys[n] == nil })
	}
	base, dir := filepath.Base(d.file), filepath.Dir(d.file)
	typeless := !has("apiVersion") && !has("kind")
	is, next := "", ""
	switch {
	case gvk.Group == kustomizes, typeless && strings.HasPrefix(base, "kustomization."):
		is, next = forKustomize, kustomize(dir)
	case strings.HasSuffix(gvk.Group, "kind.x-k8s.io"):
		is, next = "this is a configuration of kind, of which a cluster is made", "kind create cluster --config "+d.file
	case base == "Chart.yaml" && has("name", "version") && !has("kind"):
		is, next = "this is a Helm chart", helm(dir, "")
	case typeless && strings.HasPrefix(base, "values"):
		is, next = "these are values of a Helm chart", helm(chartOf(d.file), "-f "+d.file+" ")
	case typeless && has("services"):
		is = "this is for docker compose, which knows no KEDA"
	case typeless && strings.HasPrefix(base, "."):
		is = "this is a configuration of another program"
	case gvk.Version == "v1" && gvk.Group == "" && gvk.Kind == "Config" && !has("metadata"):
		is = "this is a kubeconfig"
	case typeless && !has("metadata") && !has("spec") && !has("items") && d.within == "" && len(keys) > 0,
		gvk.Group != "" && gvk.Kind != "" && !has("metadata") && gvk.Group != kedaGroup && !scheme.Scheme.IsGroupRegistered(gvk.Group):
		is, next = "this is for another program than kubectl", begins
	case slices.Contains(played, gvk.Kind) && templated.Match(d.json):
		is, next = ofHelm, helm(chartOf(d.file), "")
	}
	return d.unplayed(is, next)
}

const (
	kustomizes   = "kustomize.config.k8s.io"
	forKustomize = "this is for kustomize"
	begins       = "every object begins with apiVersion, kind and metadata"
	ofHelm       = "this is a Helm template, and no manifest yet"
)

// templated is what only Helm fills in.
var templated = regexp.MustCompile(`\{\{-? *(\.Values|\.Release|\.Chart|include|tpl|toYaml)\b`)

// isTemplate reports whether what is wrong with a file is that Helm has to fill it in first.
func isTemplate(err error) (*Refusal, bool) {
	r, ok := errors.AsType[*Refusal](err)
	return r, ok && r.Text == ofHelm
}

// patches are the files by which a kustomization changes objects.
func (d document) patches() (out []string) {
	var k struct {
		Patches, PatchesJSON6902 []struct{ Path string }
		PatchesStrategicMerge    []string
	}
	_ = json.Unmarshal(d.json, &k) // kustomize will say what is wrong with it
	for _, p := range append(k.Patches, k.PatchesJSON6902...) {
		k.PatchesStrategicMerge = append(k.PatchesStrategicMerge, p.Path)
	}
	for _, path := range k.PatchesStrategicMerge {
		if path != "" && !strings.Contains(path, "\n") { // else it is the patch itself
			out = append(out, filepath.Join(filepath.Dir(d.file), path))
		}
	}
	return out
}

// kustomize is what makes manifests of a kustomization.
func kustomize(dir string) string { return "kubectl kustomize " + dir + " | kscope sandbox -f -" }

// helm is what makes manifests of a chart.
func helm(dir, options string) string {
	return "helm template " + dir + " " + options + "| kscope sandbox -f -"
}

// chartOf is the folder of the chart that a file is of: the next above it with a
// Chart.yaml, as far as folders are named, or CHART.
func chartOf(file string) string {
	for dir := filepath.Dir(file); ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(filepath.Join(dir, "Chart.yaml")); err == nil && info.Mode().IsRegular() {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return "CHART"
		}
	}
}

// unplayed notes that nothing comes of a document, or of an object in it.
func (d document) unplayed(says, next string, objects ...kscope.ObjectRef) notes.Note {
	return notes.Note{Weight: notes.Unplayed, Objects: objects, Place: d.place(), Says: says, Next: next}
}

// leaves reports whether an object is left out although an API server gave it, and notes
// what it tells of the dump that it is from.
func (c *contents) leaves(d *document) bool {
	var head metav1.PartialObjectMetadata
	if json.Unmarshal(d.json, &head) != nil || head.Kind == "" || !dump.Written(&head) {
		return false
	}
	d.dumped = true
	if at := dump.Newest(d.json); at.After(c.taken) {
		c.taken = at
	}
	gvk := head.GroupVersionKind()
	_, kedas := kedaschema.Of(gvk.Kind)
	switch {
	case kedas && gvk.GroupVersion().String() == kedaVersion, dump.Runs(d.json), gvk == olderHPA,
		slices.Contains(played, gvk.Kind) && scheme.Scheme.Recognizes(gvk) && preferred(gvk.GroupKind()) == gvk.GroupVersion().String():
		return false
	}
	if c.left == nil {
		c.left = map[string]int{}
	}
	c.left[gvk.Kind]++
	return true
}

// withoutStatus is an object without its status.
func (d document) withoutStatus() []byte {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(d.json, &fields) // it is an object, or has been refused
	delete(fields, "status")
	out, _ := json.Marshal(fields) // of which each was valid before
	return out
}

// stays notes an object of a dump that was on its way out, and keeps it.
func (d document) stays(obj runtime.Object) []notes.Note {
	m, err := meta.Accessor(obj)
	if err != nil || m.GetDeletionTimestamp() == nil {
		return nil
	}
	m.SetDeletionTimestamp(nil)
	m.SetDeletionGracePeriodSeconds(nil)
	return []notes.Note{{Weight: notes.Unplayed, Objects: []kscope.ObjectRef{refOf(obj)}, Place: d.place(), Says: "it was being deleted; here it stays"}}
}

// goesOn says what a dump is taken for, and what of it is not.
func (m Manifests) goesOn(left map[string]int) []notes.Note {
	var out []notes.Note
	say := func(w notes.Weight, format string, args ...any) {
		out = append(out, notes.Note{Weight: w, Says: fmt.Sprintf(format, args...)})
	}
	if !m.taken.IsZero() {
		say(notes.Unplayed, "a dump of a cluster: it goes on as if it were %s UTC, the newest time in it", m.taken.UTC().Format("2006-01-02 15:04:05"))
	}
	if len(left) > 0 {
		var kinds []string
		for _, kind := range slices.Sorted(maps.Keys(left)) {
			kinds = append(kinds, fmt.Sprintf("%s (%d)", kind, left[kind]))
		}
		say(notes.Unplayed, "not taken from the dump: %s; pods are made anew, as many and as ready as their workloads say", strings.Join(kinds, ", "))
	}
	for _, obj := range m.Objects {
		if h, ok := obj.(*autoscalingv2.HorizontalPodAutoscaler); ok && dump.Owner(h) != "" && m.scaledObject(h.Namespace, dump.Owner(h)) == nil {
			say(notes.Fails, "its ScaledObject %s is not among the manifests, so nobody answers for its metrics", dump.Owner(h))
			out[len(out)-1].Objects = []kscope.ObjectRef{refOf(h)}
		}
	}
	var filled []string
	for _, w := range m.queued {
		filled = append(filled, fmt.Sprintf("%d into %s", w.jobs, w.queue.Key))
	}
	if filled != nil {
		say(notes.Unplayed, "no dump has what waits in queues, so as much as the HPAs measured last is put in: %s", strings.Join(filled, ", "))
	}
	return out
}
