package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestErrorsAreOneLine: whatever text of a manifest or path has a second line,
// the error has not.
func TestErrorsAreOneLine(t *testing.T) {
	const whole = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"mill","namespace":"shop","labels":{"app":"mill"}},
"spec":{"selector":{"matchLabels":{"app":"mill"}},"template":{"metadata":{"labels":{"app":"mill"}},"spec":{"containers":[{"name":"mill","image":"m"}]}}}}
---
{"apiVersion":"keda.sh/v1alpha1","kind":"ScaledObject","metadata":{"name":"mill","namespace":"shop"},
"spec":{"scaleTargetRef":{"name":"mill"},"triggers":[{"type":"redis","metadata":{"address":"redis:6379","listName":"grain"}}]}}
`
	refused := 0
	check := func(path string) {
		t.Helper()
		if _, err := strictly([]string{path}, nil); err != nil {
			if refused++; strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("%q: the error has several lines: %q", path, err)
			}
		}
	}
	dir := t.TempDir()
	for i, part := range strings.Split(whole, `"`) {
		if i%2 == 0 || part == "" {
			continue
		}
		for _, add := range []string{`\n`, `\r\n`, `x\ny`} {
			path := filepath.Join(dir, "all.yaml")
			parts := strings.Split(whole, `"`)
			parts[i] += add
			text := strings.Join(parts, `"`)
			// Given twice, and differently, as well.
			for _, text := range []string{text, text + "---\n" + strings.Replace(text, `"image":"m"`, `"image":"n"`, 1)} {
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				check(path)
			}
		}
	}
	check("no\nsuch")
	check(dir + "/a\nb.yaml")
	if err := os.Mkdir(dir+"/c\nd", 0o700); err != nil {
		t.Fatal(err)
	}
	check(dir + "/c\nd")
	if refused < 50 {
		t.Errorf("only %d were refused", refused)
	}
}
