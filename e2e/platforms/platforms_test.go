package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPlatforms: what keeps a program from being compiled on one platform is
// found there, and on no other.
func TestPlatforms(t *testing.T) {
	tests := []struct{ name, file, source, platform, want string }{
		{"file of an OS", "a_windows.go", "package a\n\nvar a int = `one`", "windows/amd64", "cannot use `one`"},
		{"file of an arch", "a_arm64.go", "package a\n\nfunc f() int { return g() }", "linux/arm64", "undefined: g"},
		{"build tag", "a.go", "//go:build darwin && arm64\n\npackage a\n\nimport \"os\"", "darwin/arm64", `"os" imported and not used`},
		{"name that an OS lacks", "a.go", "package a\n\nimport \"syscall\"\n\nvar _ = syscall.Kill", "windows/arm64", "undefined: syscall.Kill"},
		{"function without a body", "a_arm64.go", "package a\n\nfunc f() int", "darwin/arm64", "f has no body"},
		{"package that excludes an OS", "b/b.go", "//go:build !windows\n\npackage b", "windows/amd64", "build constraints exclude all Go files"},
	}
	shared := newFiles()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := module(t, tt.file, tt.source)
			if err := check(dir, "linux/amd64", shared); err != nil {
				t.Errorf("linux/amd64: %v", err)
			}
			err := check(dir, tt.platform, shared)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: got %v, want %s", tt.platform, err, tt.want)
			}
		})
	}
}

// TestAllPlatforms: one is wrong, and it is named.
func TestAllPlatforms(t *testing.T) {
	dir := module(t, "a_darwin.go", "package a\n\nvar a = b")
	err := run(dir, []string{"linux/amd64", "darwin/amd64", "windows/arm64", "plan9"})
	want := "darwin/amd64: " + filepath.Join(dir, "a_darwin.go") + ":3:9: undefined: b\nplan9: not of the form os/arch"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// module is a program with one more file, and a package b that it needs.
func module(t *testing.T, name, source string) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range map[string]string{
		"go.mod":  "module a\n\ngo 1.26\n",
		"main.go": "package a\n\nimport _ \"a/b\"",
		"b/b.go":  "package b",
		name:      source,
	} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
