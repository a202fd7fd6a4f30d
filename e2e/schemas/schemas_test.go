package schemas

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSchemas: the schemas that the sandbox goes by are those of KEDA's CRDs. `go run .
// tables` writes them anew.
func TestSchemas(t *testing.T) {
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/kedacore/keda/v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	b, err := Of(strings.TrimSpace(string(dir)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open("../../sandbox/schema/keda.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var want, is map[string]any
	if err := json.NewDecoder(r).Decode(&is); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, is); d != "" {
		t.Error(d)
	}
	if len(want) != len(kinds) {
		t.Errorf("%d kinds, want %d", len(want), len(kinds))
	}
}
