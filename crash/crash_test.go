//go:build unix

package crash

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// keptIn has Keep called by a process of its own whose disk takes so many blocks of
// 512 bytes.
func keptIn(t *testing.T, dir, blocks, trace string) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", "trap '' XFSZ; ulimit -f "+blocks+" && exec \"$0\" -test.run '^TestKeeper$'", os.Args[0])
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "KEEP="+trace)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	line, _, _ := strings.Cut(string(out), "\nPASS")
	return line
}

// TestKeeper is that process.
func TestKeeper(*testing.T) {
	if trace := os.Getenv("KEEP"); trace != "" {
		_, _ = os.Stdout.WriteString(Keep([]byte(strings.ReplaceAll(trace, `\e`, "\x1b"))))
	}
}

// TestKeep: a trace that can be kept is in the file that is named; one that cannot
// is shown as far as it matters, and no file is left that holds nothing.
func TestKeep(t *testing.T) {
	const trace = `kscope devel
panic: about \e]0;text\a` + "\n\ngoroutine 1:\nmain.main()"
	for name, tt := range map[string]struct {
		dir, blocks string
		kept        bool
	}{
		"room": {t.TempDir(), "unlimited", true}, "a full disk": {t.TempDir(), "0", false}, "no directory": {filepath.Join(t.TempDir(), "none"), "unlimited", false},
	} {
		t.Run(name, func(t *testing.T) {
			line := keptIn(t, tt.dir, tt.blocks, trace)
			files, _ := filepath.Glob(filepath.Join(tt.dir, "*"))
			if !tt.kept {
				if len(files) > 0 || !strings.Contains(line, "cannot be kept") || !strings.Contains(line, "goroutine 1:\nmain.main()") {
					t.Errorf("%q, left %q", line, files)
				}
				if strings.ContainsFunc(line, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
					t.Errorf("%q", line)
				}
				return
			}
			if len(files) != 1 || !strings.Contains(line, files[0]) {
				t.Fatalf("%q, left %q", line, files)
			}
			if b, err := os.ReadFile(files[0]); err != nil || !strings.HasSuffix(string(b), "main.main()") {
				t.Errorf("%q, %v", b, err)
			}
		})
	}
}
