package dashboard_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kscope/kscope/e2e/cluster"
)

var writeVerdicts = flag.Bool("verdicts", false, "TestAgreement writes what KEDA says of each case, in place of comparing it")

// agreement has the cases that the sandbox is held to, by its own tests.
const agreement = "../../sandbox/testdata/agreement"

// TestAgreement: what is written of each case, which the sandbox is held to, is what the
// real KEDA says: refused with which words, or with which condition Ready.
func TestAgreement(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(agreement, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	got := map[string]string{}
	t.Run("cases", func(t *testing.T) {
		for _, file := range files {
			name := strings.TrimSuffix(filepath.Base(file), ".yaml")
			if name == "common" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				verdict := judged(t, file)
				mu.Lock()
				defer mu.Unlock()
				got[name] = verdict
			})
		}
	})
	path := filepath.Join(agreement, "verdicts.tsv")
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(got)) {
		fmt.Fprintf(&text, "%s\t%s\n", name, got[name])
	}
	if *writeVerdicts {
		if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]string{}
	for line := range strings.Lines(string(want)) {
		name, verdict, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		written[name] = verdict
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	agree := 0
	for _, name := range slices.Sorted(maps.Keys(got)) {
		verdict, rest, _ := strings.Cut(got[name], "\t")
		mark := ""
		if sorted(got[name]) == sorted(written[name]) {
			agree++
		} else {
			mark = "DIFFERS"
			t.Errorf("%s: KEDA says\n%s\nwant\n%s", name, got[name], written[name])
		}
		fmt.Fprintf(table, "%s\t%s\t%.100s\t%s\n", name, verdict, strings.ReplaceAll(rest, "\t", " "), mark)
	}
	_ = table.Flush()
	fmt.Printf("%d of %d as written\n", agree, len(got))
}

// sorted is a verdict whose reasons are in some order: an API server goes through the
// fields of an object in any, and of KEDA's rules the webhook tries one before another by
// chance.
func sorted(verdict string) string {
	parts := strings.FieldsFunc(verdict, func(r rune) bool { return r == '[' || r == ']' || r == ',' })
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	slices.Sort(parts)
	return strings.Join(parts, "|")
}

// judged is what the cluster says of the last object of a file.
func judged(t *testing.T, file string) string {
	t.Helper()
	ns := newNamespace(t, "agree")
	host, port, err := net.SplitHostPort(c.RedisAddr)
	if err != nil {
		t.Fatal(err)
	}
	values := strings.NewReplacer("REDIS_HOST", "REDIS_HOST", "REDIS_ADDRESS", "REDIS_ADDRESS", "REDIS", c.RedisAddr, "HOST", host, "PORT", port)
	own, common := decoded(t, file, values), decoded(t, filepath.Join(agreement, "common.yaml"), values)
	subject := own[len(own)-1]
	all := own
	for _, o := range common {
		if !slices.ContainsFunc(own, func(u *unstructured.Unstructured) bool {
			return u.GetKind() == o.GetKind() && u.GetName() == o.GetName()
		}) {
			all = append(all, o)
		}
	}
	rank := func(o *unstructured.Unstructured) int {
		return slices.Index([]string{"", "Deployment", "StatefulSet", "HorizontalPodAutoscaler", "TriggerAuthentication", "ClusterTriggerAuthentication", "ScaledJob", "ScaledObject"}, o.GetKind())
	}
	slices.SortStableFunc(all, func(a, b *unstructured.Unstructured) int { return rank(a) - rank(b) })
	words := strings.NewReplacer(c.RedisAddr, "REDIS", host, "HOST", port, "PORT", ns, "default", "\n", " ")
	for _, o := range all {
		if err := create(t, ns, o); err != nil {
			return "refused\t\t" + words.Replace(bare(err))
		}
		if o != subject && (o.GetKind() == "ScaledObject" || o.GetKind() == "HorizontalPodAutoscaler") {
			settled(t, ns, o) // the webhook goes by a cache
		}
	}
	return words.Replace(settled(t, ns, subject))
}

func decoded(t *testing.T, file string, values *strings.Replacer) []*unstructured.Unstructured {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out, err := cluster.Decode([]byte(values.Replace(string(text))))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// create makes an object as kubectl does, which has the API server refuse fields that it
// does not know.
func create(t *testing.T, ns string, o *unstructured.Unstructured) error {
	t.Helper()
	gvr, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
	var said error
	_ = cluster.WaitFor(t.Context(), 10*time.Second, "the webhook's cache", func(ctx context.Context) error {
		_, said = c.Dynamic.Resource(gvr).Namespace(ns).Create(ctx, o, metav1.CreateOptions{FieldValidation: "Strict"})
		if said != nil && strings.HasSuffix(said.Error(), " not found") { // what was made before it a moment ago
			return said
		}
		return nil
	})
	return said
}

// heads are what stands before what an API server or a webhook says.
var heads = regexp.MustCompile(`^.*?(?: is invalid: | denied the request: |strict decoding error: )`)

func bare(err error) string { return heads.ReplaceAllString(err.Error(), "") }

// settled is the condition Ready of an object once it has been what it is for a while.
func settled(t *testing.T, ns string, o *unstructured.Unstructured) string {
	t.Helper()
	if o.GetKind() == "HorizontalPodAutoscaler" {
		time.Sleep(time.Second)
		return ""
	}
	gvr := schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: strings.ToLower(o.GetKind()) + "s"}
	var since time.Time
	last := ""
	err := cluster.WaitFor(t.Context(), time.Minute, "a verdict on "+o.GetName(), func(ctx context.Context) error {
		u, err := c.Dynamic.Resource(gvr).Namespace(ns).Get(ctx, o.GetName(), metav1.GetOptions{})
		if err != nil {
			return err
		}
		is := "none\t\t"
		all, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
		for _, v := range all {
			if c, ok := v.(map[string]any); ok && c["type"] == "Ready" {
				is = fmt.Sprintf("%v\t%v\t%v", c["status"], c["reason"], c["message"])
			}
		}
		if is != last {
			last, since = is, time.Now()
		}
		const still = 4 * time.Second // some polls of KEDA's, which looks every second here
		if time.Since(since) < still || strings.HasPrefix(is, "Unknown") {
			return fmt.Errorf("so far: %s", is)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return last
}
