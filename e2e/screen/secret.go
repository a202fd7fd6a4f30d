package screen

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// Secret is how every password of a test begins. Wherever it turns up in what a
// program wrote, the test fails: everything that was sent to a terminal, and the
// files in the home that [Start] gave it, are searched when the program has
// ended. Other files are for [HoldsNoSecret].
const Secret = "s3cret"

// HoldsNoSecret fails a test if a file, or one in a directory, has a password
// in it. What is not there holds none.
func HoldsNoSecret(t testing.TB, path string) {
	t.Helper()
	err := filepath.WalkDir(path, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(Secret)) {
			t.Errorf("%s holds a password", path)
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Error(err)
	}
}

// showsNoSecret searches what was written as it came, without the codes for
// colours, and as it stands there.
func (s *Screen) showsNoSecret() {
	s.t.Helper()
	raw := s.Raw()
	for what, text := range map[string]string{"bytes": string(raw), "text": ansi.Strip(string(raw)), "screen": s.Text()} {
		if strings.Contains(text, Secret) {
			s.t.Errorf("there is a password in the %s of the terminal", what)
		}
	}
}
