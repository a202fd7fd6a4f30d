package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestFilesWithoutAnEnd: what is too large to be read whole is refused before it is,
// wherever it is named, by every command that reads a kubeconfig.
func TestFilesWithoutAnEnd(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, []byte("a: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, 1<<34); err != nil { // sparse: it takes no room on the disk
		t.Fatal(err)
	}
	files := []string{large}
	if runtime.GOOS == "linux" {
		files = append(files, "/dev/zero")
	}
	for _, file := range files {
		for _, command := range [][]string{{}, {"doctor"}, {"demo", "down"}} {
			for _, flag := range []string{"--kubeconfig", "--certificate-authority", "--client-certificate", "--client-key"} {
				kubeconfig(t, oneCluster)
				refuses(t, file, append(command, flag, file)...)
			}
			for _, text := range []string{
				strings.Replace(oneCluster, "user: {}", "user: {tokenFile: "+file+"}", 1), strings.Replace(oneCluster, "user: {}", "user: {client-key: "+file+"}", 1),
				strings.Replace(oneCluster, "server:", "certificate-authority: "+file+", server:", 1),
			} {
				kubeconfig(t, text)
				refuses(t, file, command...)
			}
		}
		t.Setenv("KUBECONFIG", file)
		if out, _, _ := cli(t, "__complete", "--context", ""); strings.Contains(out, "here") {
			t.Errorf("completion: %s", out)
		}
	}
}

func refuses(t *testing.T, file string, args ...string) {
	t.Helper()
	want := 1
	if slices.Contains(args, "doctor") { // who has no verdict
		want = 2
	}
	if _, stderr, code := cli(t, args...); code != want || !strings.Contains(stderr, file+" holds more than 16 MiB") {
		t.Errorf("%q: status %d, %s", args, code, stderr)
	}
}

// TestFilesWithAnEnd: an empty device is as good as an empty file.
func TestFilesWithAnEnd(t *testing.T) {
	if err := haveEnds(os.DevNull, kubeconfig(t, oneCluster), "", filepath.Join(t.TempDir(), "none"), t.TempDir()); err != nil {
		t.Error(err)
	}
}
