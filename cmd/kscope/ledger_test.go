package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBook: a file that cannot be written is refused before anything opens; what is
// in one that can stays until the end, and then goes; - is stdout.
func TestBook(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "no", "such"), "/dev/null/ledger"} {
		if _, err := openBook(path, nil); err == nil || !strings.Contains(err.Error(), "--ledger") {
			t.Errorf("%s: got %v, want to be refused by name", path, err)
		}
	}
	path := filepath.Join(dir, "ledger.jsonl")
	if err := os.WriteFile(path, []byte("what was there before, and is longer\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := openBook(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if was, _ := os.ReadFile(path); len(was) == 0 {
		t.Error("a file is emptied before there is anything to write")
	}
	lines := [][]byte{[]byte(`{"a":1}`), []byte(`{"b":2}`)}
	if err := b.write(lines); err != nil {
		t.Fatal(err)
	}
	const want = "{\"a\":1}\n{\"b\":2}\n"
	if got, _ := os.ReadFile(path); string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var out bytes.Buffer
	if b, err = openBook("-", &out); err != nil || b.write(lines) != nil || out.String() != want {
		t.Errorf("got %q and %v, want %q on stdout", out.String(), err, want)
	}
	if b, err = openBook("", &out); b != nil || err != nil || b.write(lines) != nil {
		t.Error("without a name nothing is written")
	}
	if full, err := openBook("/dev/full", nil); err == nil {
		if err := full.write(lines); err == nil || !strings.Contains(err.Error(), "--ledger") {
			t.Errorf("a full disk: got %v", err)
		}
	}
}
