package parameters

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTable: the table that kscope goes by is what KEDA's source says. `go run . tables`
// writes it anew.
func TestTable(t *testing.T) {
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/kedacore/keda/v2").Output()
	if err != nil {
		t.Fatal(err)
	}
	want, err := Of(strings.TrimSpace(string(dir)))
	if err != nil {
		t.Fatal(err)
	}
	is, err := os.ReadFile("../../triggers/params/keda.tsv")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, string(is)); d != "" {
		t.Error(d)
	}
	if n := strings.Count(want, "\n\t"); n < 1000 {
		t.Errorf("%d parameters", n)
	}
}
