package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	yamlnode "go.yaml.in/yaml/v3"
	corev1 "k8s.io/api/core/v1"

	"github.com/google/go-cmp/cmp"

	"github.com/kscope/kscope"
)

// flow is a ConfigMap on one line, which is YAML and JSON alike.
func flow(name string) string {
	return `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"` + name + `"}}`
}

// TestDocuments: wherever one document ends and the next begins, both are read,
// as they stand.
func TestDocuments(t *testing.T) {
	a, b := configMap("a"), configMap("b")
	bom := "\ufeff"
	for name, text := range map[string]string{
		"a line":                 a + "---\n" + b,
		"a line with blanks":     a + "---  \t\n" + b,
		"a line with a comment":  a + "--- # two\n" + b,
		"end and beginning":      a + "...\n---\n" + b,
		"many of both":           "---\n---\n" + a + "...\n...\n---\n---\n" + b + "---\n...\n",
		"content after the line": a + "--- " + flow("b") + "\n",
		"block after the line":   a + "--- !!map\n" + b,
		"anchor after the line":  a + "--- &x\n" + b,
		"directives":             "%YAML 1.1\n---\n" + a + "...\n%YAML 1.1\n---\n" + b,
		"Windows":                strings.ReplaceAll(a+"---\n"+b, "\n", "\r\n"),
		"old Macs":               strings.ReplaceAll(a+"---\n"+b, "\n", "\r"),
		"BOM":                    bom + a + "---\n" + b,
		"BOM in the middle":      a + "---\n" + bom + b,
		"BOM before the line":    a + bom + "---\n" + b,
		"comments":               "# one\n" + a + "# two\n---\n# three\n\n---\n" + b + "# four",
		"two JSON values":        flow("a") + "\n" + flow("b"),
		"on one line":            flow("a") + flow("b"),
		"JSON and a line":        flow("a") + "\n---\n" + flow("b") + "\n",
		"JSON, then YAML":        flow("a") + "\n---\n" + b,
		"YAML, then JSON":        a + "---\n" + flow("b"),
		"JSON with a comma":      strings.Replace(flow("a"), `}}`, `},}`, 1) + "\n---\n" + b,
		"JSON with tabs":         strings.ReplaceAll(flow("a"), ":", ":\t") + "\n\t" + flow("b"),
		"JSON with surrogates":   strings.Replace(flow("a"), `{"name`, `{"annotations":{"x":"\ud83d\ude00"},"name`, 1) + flow("b"),
		"a list":                 `{"apiVersion":"v1","kind":"List","items":[` + flow("a") + "," + flow("b") + "]}",
		"a list in a list":       `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"List","items":[` + flow("a") + "]}," + flow("b") + "]}",
		"a list of one kind":     "apiVersion: v1\nkind: ConfigMapList\nitems:\n- metadata: {name: a}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n",
		"a line in a text":       "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: |\n    ---\n    kind: none\n    ...\n  y: \"one\n\n    ---\"\n---\n" + b,
		"UTF-16":                 utf16(a + "---\n" + b),
		"unindented list":        "apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(strings.TrimSpace(a), "\n", "\n  ") + "\n- " + strings.ReplaceAll(strings.TrimSpace(b), "\n", "\n  "),
	} {
		m, err := strictly([]string{"-"}, strings.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := strings.Join(titles(m), ", "); got != "ConfigMap default/a, ConfigMap default/b" || len(m.Notes) > 0 {
			t.Errorf("%s: got %s, notes %q", name, got, said(m))
		}
	}
}

func utf16(s string) string {
	out := "\xff\xfe"
	for _, c := range s {
		out += string([]byte{byte(c), byte(c >> 8)})
	}
	return out
}

// TestDocumentsRefused: what is not read is refused, with the line and what to do.
func TestDocumentsRefused(t *testing.T) {
	a, b := configMap("a"), configMap("b")
	for _, test := range []struct{ text, want, hint string }{
		{a + "---\n" + flow("b") + "\n" + flow("c"), "6: did not find expected <document start>", "---"},
		{a + "more\n", "4: could not find expected ':'", "colon"},
		{flow("a") + ",\n" + flow("b"), "1: did not find expected node content", "colon"},
		{flow("a") + " and more", "1: this is not a Kubernetes object", "begins with"},
		{a + "---\n  x: 1\n y: 2\n", "6: did not find expected <document start>", "---"},
		{a + "---\nx: {1: a, \"1\": b}\n", `5: key "1" already set in map`, ""},
		{a + "...\n" + b, "5: did not find expected <document start>", "---"},
		{a + "...\n---\nx: 1\nx: 2\n", `7: key "x" already set in map`, "has to go"},
		{flow("a") + "\n" + strings.Replace(flow("b"), `{"name"`, `{"name":"x","name"`, 1), `2: duplicate field "metadata.name"`, "has to go"},
		{a + "---\nx: .nan\n", "5: json: unsupported value: NaN", ""},
		{a + "---\nx:\n\t- 1\n", "6: found character that cannot start any token", "blanks"},
		{a + "---\nx: a\x01b\n", "5: control characters are not allowed", "UTF-8"},
		{a + "---\nx: a\xffb\n", "5: invalid leading UTF-8 octet", "UTF-8"},
		{a + "---\n\ufeffx: 1\n\ufeffkind: X\n", "5: this is not a Kubernetes object", "begins with"},
		{a + "---\n{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n" + flow("b") + ",\nnull]}", "7: this is not a Kubernetes object", "begins with"},
		{a + "...\r\r# old\r---\rkind: X\r", "8: this is not a Kubernetes object", "begins with"},
	} {
		m, err := strictly([]string{"-"}, strings.NewReader(test.text))
		if err == nil || !strings.HasPrefix(err.Error(), "standard input:"+test.want) || !strings.Contains(kscope.HintOf(err), test.hint) {
			t.Errorf("%q:\ngot  %v, hint %q, %v\nwant %s, %s", test.text, err, kscope.HintOf(err), titles(m), test.want, test.hint)
		}
	}
	m, err := strictly([]string{"-"}, strings.NewReader(a+"---\napiVersion: v1\nkind: List\nitems: []\n---\napiVersion: apps/v1\nkind: DeploymentList\n"))
	if got := strings.Join(said(m), "\n"); err != nil || got != "standard input:5: the List is empty\nstandard input:9: the DeploymentList is empty" {
		t.Errorf("empty lists: %v, %q", err, got)
	}
}

// kinds counts the objects of a text by a reader of its own: JSON values, or YAML
// documents, that say what they are.
func countKinds(text string) (names []string) {
	add := func(decode func(any) error) bool {
		for {
			var head struct {
				APIVersion any `yaml:"apiVersion"`
				Kind       any
				Metadata   struct{ Name any }
			}
			var any any
			switch err := decode(&any); {
			case errors.Is(err, io.EOF):
				return true
			case err != nil:
				return false
			}
			text, err := yamlnode.Marshal(any)
			if err == nil && yamlnode.Unmarshal(text, &head) == nil && head.Kind != nil {
				names = append(names, fmt.Sprint(head.Metadata.Name))
			}
		}
	}
	if dec := json.NewDecoder(strings.NewReader(text)); !add(dec.Decode) {
		names = nil
		if dec := yamlnode.NewDecoder(strings.NewReader(text)); !add(dec.Decode) {
			return nil
		}
	}
	return names
}

var placeOfError = regexp.MustCompile(`^[^\n]+:\d+: [^\n]+$|^no manifests in [^\n]+$|^[^\n]+ is given twice, and differently at [^\n]+$`)

// checkLoad: what is read is loaded, noted, or refused in one line that says
// where.
func checkLoad(t *testing.T, text string, want []string) Manifests {
	t.Helper()
	m, err := strictly([]string{"-"}, strings.NewReader(text))
	if err != nil {
		if !placeOfError.MatchString(err.Error()) {
			t.Errorf("not a line that says where: %q", err)
		}
		return Manifests{}
	}
	said := strings.Join(append(titles(m), said(m)...), "\n")
	for _, name := range want {
		if !strings.Contains(said, name) {
			t.Errorf("nothing is said of %q:\n%s", name, said)
		}
	}
	return m
}

// FuzzLoad: every document with a kind is loaded, noted or refused.
func FuzzLoad(f *testing.F) {
	paths, _ := filepath.Glob("testdata/*.yaml")
	refused, _ := filepath.Glob("testdata/refused/*.*")
	for _, path := range append(paths, refused...) {
		if text, err := os.ReadFile(path); err == nil {
			f.Add(string(text))
		}
	}
	f.Add(configMap("a") + "...\n" + configMap("b"))
	f.Add(configMap("a") + "--- " + flow("b"))
	f.Add(flow("a") + "\n" + flow("b"))
	f.Fuzz(func(t *testing.T, text string) { checkLoad(t, text, countKinds(text)) })
}

// FuzzDocuments: objects are put one after the other in every form that YAML and
// JSON know, with anything between them.
func FuzzDocuments(f *testing.F) {
	between := []string{"---\n", "...\n", "--- ", "\n", "# x\n", "\ufeff", "---\r\n", "\t", " ", "---\r", "--- &a\n", "--- !!map\n", "%YAML 1.1\n---\n", "~\n", "--- ~\n", ",", "--- |\n ---\n"}
	forms := []func(string) string{
		configMap, flow,
		func(name string) string { return strings.ReplaceAll(configMap(name), "\n", "\r\n") },
		func(name string) string { return strings.ReplaceAll(configMap(name), "\n", "\r") },
		func(name string) string { return "  " + strings.ReplaceAll(configMap(name), "\n", "\n  ") + "\n" },
		func(name string) string { return strings.Replace(flow(name), "}}", "},}", 1) },
		func(name string) string { return `{"apiVersion":"v1","kind":"List","items":[` + flow(name) + "]}" },
		func(name string) string { return configMap(name) + "data:\n  x: |\n    ---\n    kind: none\n" },
	}
	f.Add([]byte{0, 0, 1, 1})
	f.Add([]byte{1, 3, 1, 0, 2, 8, 5, 12, 6})
	f.Fuzz(func(t *testing.T, recipe []byte) {
		var text strings.Builder
		var want []string
		for i, b := range recipe[:min(len(recipe), 40)] {
			if i%2 == 1 || slices.Contains([]byte{254, 255}, b) {
				text.WriteString(between[int(b)%len(between)])
				continue
			}
			name := fmt.Sprintf("object-%d-end", i)
			want = append(want, name)
			text.WriteString(forms[int(b)%len(forms)](name))
		}
		checkLoad(t, text.String(), want)
	})
}

// TestMergeKeys: what is merged into a map may be set again in it, as kubectl reads it;
// what is set twice without that may not.
func TestMergeKeys(t *testing.T) {
	m := read(t, `apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data:
  <<: &base {host: redis, port: "6379"}
  port: "6380"
---
apiVersion: v1
kind: ConfigMap
metadata: {name: b}
data:
  first: &x "1"
  second: *x
`)
	for i, want := range []map[string]string{{"host": "redis", "port": "6380"}, {"first": "1", "second": "1"}} {
		if diff := cmp.Diff(want, m.Objects[i].(*corev1.ConfigMap).Data); diff != "" {
			t.Error(diff)
		}
	}
	_, err := Load([]string{"-"}, strings.NewReader("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: \"1\"\n  b: \"2\"\n  a: \"3\"\n"))
	if err == nil || err.Error() != `standard input:7: key "a" already set in map` {
		t.Errorf("got %v", err)
	}
}
