package dashboard_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/kscope/kscope/e2e/screen"
)

// secret begins every password of these tests, so that it can be searched for.
const secret = "s3cret"

// holdsNoSecret searches a file, or everything in a directory.
func holdsNoSecret(t *testing.T, path string) {
	t.Helper()
	err := filepath.WalkDir(path, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(secret)) {
			t.Errorf("%s holds a password", path)
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Error(err)
	}
}

// showsNoSecret searches everything that a program wrote to its terminal, as it
// came, without the codes for colours, and as it stands there.
func showsNoSecret(t *testing.T, s *screen.Screen) {
	t.Helper()
	raw := s.Raw()
	for what, text := range map[string]string{"bytes": string(raw), "text": ansi.Strip(string(raw)), "screen": s.Text()} {
		if strings.Contains(text, secret) {
			t.Errorf("there is a password in the %s of the terminal", what)
		}
	}
}
