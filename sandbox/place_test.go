package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const placed1 = `# a comment
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: a, annotations: {autoscaling.keda.sh/paused: "true"}}
spec:
  scaleTargetRef: {name: w}
  triggers:
    - type: cron
      metadata: {timezone: UTC, start: 0 6 * * *, end: 0 20 * * *, desiredReplicas: "3"}
    -   metadata:
          listName: ä
          address: "redis:6379"
        type: redis
`

// TestAt: where a field of an object stands is known afterwards, whatever it came in.
func TestAt(t *testing.T) {
	list := "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a}\n- " +
		strings.ReplaceAll(strings.TrimSpace(placed1[len("# a comment\n"):]), "\n", "\n  ")
	json := `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a","annotations":{"x":"ä"}}} {"apiVersion":"v1","kind":"Namespace",` + "\n" + ` "metadata":{"name":"b"}}`
	for _, tt := range []struct{ name, text, object, path, want string }{
		{"the object", placed1, "a", "", "2:1"},
		{"a field", placed1, "a", "spec.scaleTargetRef", "6:3"},
		{"a field in braces", placed1, "a", "spec.scaleTargetRef.name", "6:20"},
		{"an annotation", placed1, "a", "metadata.annotations[autoscaling.keda.sh/paused]", "4:35"},
		{"an item", placed1, "a", "spec.triggers[1]", "10:9"},
		{"a field of an item", placed1, "a", "spec.triggers[1].metadata.address", "12:11"},
		{"what is not there", placed1, "a", "spec.triggers[1].metadata.listLength", "10:9"},
		{"what is not there at all", placed1, "a", "status.x", "2:1"},
		{"a later document", "---\n" + placed1 + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n", "b", "metadata.name", "18:12"},
		{"behind the marker", "--- {apiVersion: v1, kind: Namespace, metadata: {name: b}}\n", "b", "kind", "1:22"},
		{"an item of a list", list, "a", "", "7:3"},
		{"a field of an item of a list", list, "a", "spec.triggers[1].metadata.listName", "16:13"},
		{"JSON", json, "b", "metadata.name", "2:14"},
		{"JSON in the line of another", json, "b", "kind", "1:107"},
	} {
		m, err := Read([]string{"-"}, strings.NewReader(tt.text))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		got := "it is not there"
		for i, obj := range m.Objects {
			if identify(obj).name == tt.object {
				p := m.At(i, tt.path)
				got = fmt.Sprintf("%d:%d", p.Line, p.Column)
			}
		}
		if got != tt.want {
			t.Errorf("%s: %s is at %s, want %s", tt.name, tt.path, got, tt.want)
		}
	}
}

// TestRefusedAt: what is refused names its column, and nothing beyond the file.
func TestRefusedAt(t *testing.T) {
	files, err := filepath.Glob("testdata/refused/*.*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	columns := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		m, _ := Read([]string{name}, nil)
		for _, err := range m.Refused {
			r, ok := errors.AsType[*Refusal](err)
			if !ok || r.File != name || r.Line < 1 || r.Line > len(lines) || r.Column < 1 || r.Column > max(1, len([]rune(lines[r.Line-1]))) {
				t.Errorf("%s: %+v of %d lines", name, r, len(lines))
			} else if r.Column > 1 {
				columns++
			}
		}
	}
	if columns < 10 {
		t.Errorf("%d refusals name a column, want most", columns)
	}
}

// BenchmarkLoad is what a folder of 500 files costs, each with 20 Deployments and a
// ScaledObject for each.
func BenchmarkLoad(b *testing.B) {
	dir := b.TempDir()
	for i := range 500 {
		text := strings.ReplaceAll(fleet(20), "namespace: fleet", fmt.Sprintf("namespace: fleet-%d", i))
		b.SetBytes(int64(500 * len(text)))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.yaml", i)), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := Load([]string{dir}, nil); err != nil {
			b.Fatal(err)
		}
	}
}
