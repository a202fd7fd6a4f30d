package sandbox

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// testdata/agreement has small files, each with one object of KEDA's to be judged, the
// last in it, and in verdicts.tsv what the real KEDA 2.21 and Kubernetes say of each:
// e2e applies them to a cluster and writes that.
const agreement = "testdata/agreement"

// TestAgreement: the sandbox judges every file as KEDA does: refused with which words,
// or with which condition Ready.
func TestAgreement(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(agreement, "verdicts.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, verdict, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		want[name] = verdict
	}
	files, err := filepath.Glob(filepath.Join(agreement, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if name == "common" {
			continue
		}
		cases++
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got := judge(t, file); agree(got, want[name]) != (differs[name] == "") {
					t.Errorf("%s\nwant\n%s", got, want[name])
				}
			})
		})
	}
	if cases < 80 || cases != len(want) {
		t.Errorf("%d cases, and the verdicts of %d", cases, len(want))
	}
}

// differs is where the sandbox says something else than KEDA, and why.
var differs = map[string]string{
	"target-rollout": "the webhook knows which kinds a cluster has; with a kind that only others have, the object is there to be explained",
}

// agree reports whether two verdicts are the same. A refusal may have more in it on a
// cluster, which says all that is wrong with an object.
func agree(ours, keda string) bool {
	refused, says := "refused\t\t", strings.TrimPrefix(ours, "refused\t\t")
	if strings.HasPrefix(ours, refused) && strings.HasPrefix(keda, refused) {
		return says != "" && strings.Contains(keda, says)
	}
	return ours == keda
}

var beforeSays = regexp.MustCompile(`^[^:]*:\d+: \w+ [^:]*: `)

// judge is what the sandbox says of the last object of a file: "refused" and why, or the
// status, reason and message of its condition Ready.
func judge(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	common, err := os.ReadFile(filepath.Join(agreement, "common.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var own contents
	values := strings.NewReplacer("REDIS_HOST", "REDIS_HOST", "REDIS_ADDRESS", "REDIS_ADDRESS", "REDIS", "redis:6379", "HOST", "redis", "PORT", "6379")
	src := textFile(values.Replace(string(text)))
	src.read(&own)
	subject := last(string(text))
	there := map[identity]bool{}
	for _, l := range own.found {
		there[identify(l.obj)] = true
	}
	var beside contents
	textFile(values.Replace(string(common))).read(&beside)
	for _, l := range beside.found {
		if !there[identify(l.obj)] {
			own.found = append(own.found, l)
		}
	}
	m := arrange(own, admit)
	if len(m.Refused) > 0 {
		says := beforeSays.ReplaceAllString(m.Refused[0].Error(), "")
		return "refused\t\t" + strings.ReplaceAll(strings.TrimPrefix(says, "KEDA's webhook refuses it: "), "\n", " ")
	}
	s, err := New(Options{Manifests: m, Wall: time.Now, Speed: 1, NoPort: true, NoWorkers: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 60 {
		time.Sleep(100 * time.Millisecond)
		if _, err := s.advance(); err != nil {
			t.Fatal(err)
		}
	}
	_, dynamic := s.Clients()
	kind, name, _ := strings.Cut(subject, " ")
	u, err := dynamic.Resource(schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: strings.ToLower(kind) + "s"}).Namespace("default").Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("redis:6379", "REDIS", "\n", " ").Replace(readiness(u))
}

func textFile(text string) file { return file{"-", []byte(text)} }

// last is the kind and name of the last object of a text.
func last(text string) string {
	kinds := regexp.MustCompile(`(?m)^kind: (\w+)\nmetadata: \{name: ([\w-]+)`).FindAllStringSubmatch(text, -1)
	m := kinds[len(kinds)-1]
	return m[1] + " " + m[2]
}

func readiness(u *unstructured.Unstructured) string {
	all, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
	for _, v := range all {
		if c, ok := v.(map[string]any); ok && c["type"] == "Ready" {
			return fmt.Sprintf("%v\t%v\t%v", c["status"], c["reason"], c["message"])
		}
	}
	return "none\t\t"
}
