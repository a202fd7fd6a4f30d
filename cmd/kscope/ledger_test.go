package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
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
	out.Reset()
	if full, err := openBook("/dev/full", &out); err == nil {
		if err := full.write(lines); err == nil || !strings.Contains(err.Error(), "--ledger") || out.String() != want {
			t.Errorf("a full disk: got %v, and %q on stdout", err, out.String())
		}
	}
}

// TestBookMoved: what has the name in the end is the ledger, whatever became of the
// file that was opened; where nothing can have it, the lines are on stdout.
func TestBookMoved(t *testing.T) {
	lines := [][]byte{[]byte(`{"a":1}`)}
	const want = "{\"a\":1}\n"
	for name, tt := range map[string]struct {
		do    func(dir, path string) error
		lost  bool
		stays string // what is there of others
	}{
		"removed": {do: func(_, path string) error { return os.Remove(path) }},
		"moved":   {do: func(_, path string) error { return os.Rename(path, path+".1") }},
		"rotated": {do: func(_, path string) error {
			_ = os.Rename(path, path+".1")
			return os.WriteFile(path, nil, 0o600)
		}},
		"another's": {do: func(_, path string) error {
			_ = os.Remove(path)
			return os.WriteFile(path, []byte("theirs\n"), 0o600)
		}, lost: true, stays: "theirs\n"},
		"a link to another's": {do: func(dir, path string) error {
			_ = os.Remove(path)
			_ = os.WriteFile(filepath.Join(dir, "victim"), []byte("theirs\n"), 0o600)
			return os.Symlink("victim", path)
		}, lost: true, stays: "theirs\n"},
		"a link to nothing": {do: func(_, path string) error {
			_ = os.Remove(path)
			return os.Symlink("nothing", path)
		}, lost: true},
		"directory":    {do: func(dir, _ string) error { return os.RemoveAll(dir) }, lost: true},
		"in its place": {do: func(_, path string) error { _ = os.Remove(path); return os.Mkdir(path, 0o700) }, lost: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "d")
			path := filepath.Join(dir, "ledger.jsonl")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			b, err := openBook(path, &out)
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.do(dir, path); err != nil {
				t.Fatal(err)
			}
			err = b.write(lines)
			got, _ := os.ReadFile(path)
			if !tt.lost && (err != nil || string(got) != want || out.Len() > 0) {
				t.Errorf("got %q and %v", got, err)
			}
			if tt.lost && string(got) != tt.stays {
				t.Errorf("%q has become %q", tt.stays, got)
			}
			if tt.lost && (err == nil || !strings.Contains(err.Error(), "--ledger") || out.String() != want) {
				t.Errorf("got %v, and %q on stdout", err, out.String())
			}
		})
	}
}

// disk is a file on one that has room for so many bytes.
type disk struct {
	data []byte
	room int
}

func (d *disk) WriteAt(p []byte, off int64) (n int, err error) {
	end := int(off) + len(p)
	if end > d.room {
		p, end, err = p[:max(d.room-int(off), 0)], d.room, syscall.ENOSPC
	}
	if end > len(d.data) {
		d.data = append(d.data, make([]byte, end-len(d.data))...)
	}
	return copy(d.data[min(int(off), len(d.data)):], p), err
}

func (d *disk) Truncate(size int64) error {
	d.data = d.data[:size]
	return nil
}

// TestBookOnAFullDisk: what was in the file is there where there is no room for the
// ledger, and nothing of it where there is.
func TestBookOnAFullDisk(t *testing.T) {
	for _, old := range []string{"", "old", "what was here before"} {
		for _, text := range []string{"", "new", "the ledger of a session"} {
			for room := len(old); room < 30; room++ {
				d := &disk{data: []byte(old), room: room}
				err := replace(d, int64(len(old)), []byte(text))
				want := text
				if len(text) > room {
					want = old
				}
				if is := string(d.data); is != want || (err != nil) != (want != text) {
					t.Errorf("%q over %q with room for %d: %q, %v", text, old, room, is, err)
				}
			}
		}
	}
}
