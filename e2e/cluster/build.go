package cluster

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const modulePath = "github.com/kscope/kscope/e2e"

// packages are the programs compiled from the versions in go.mod, each with
// the name it gets; go build would call etcd "server".
var packages = []struct{ path, name string }{
	{"go.etcd.io/etcd/server/v3", "etcd"},
	{"k8s.io/kubernetes/cmd/kube-apiserver", "kube-apiserver"},
	{"k8s.io/kubernetes/cmd/kube-controller-manager", "kube-controller-manager"},
	{"k8s.io/kubernetes/cmd/kube-scheduler", "kube-scheduler"},
	{"k8s.io/kubernetes/cmd/kubectl", "kubectl"},
	{"sigs.k8s.io/kwok/cmd/kwok", "kwok"},
	{"github.com/kedacore/keda/v2/cmd/operator", "keda-operator"},
	{"github.com/kedacore/keda/v2/cmd/adapter", "keda-adapter"},
	{"github.com/kedacore/keda/v2/cmd/webhooks", "keda-webhooks"},
}

// quick compiles in half the time: nothing is inlined into its callers, and
// nothing is noted for a debugger. The programs stay optimized otherwise.
const quick = "-gcflags=all=-l -dwarf=false"

// Build returns the directory with the programs and KEDA's manifests,
// compiling them if no earlier run has: as a release is, or quickly. It must be called with the working
// directory inside this module. The directory is outside the checkout and its
// name depends on go.mod and go.sum, so that it outlives a checkout and never
// holds other versions than those pinned. It appears complete or not at all,
// and of several processes that need it at once one builds and the others wait.
func Build(ctx context.Context, asReleased bool, progress io.Writer) (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	var how []string
	if !asReleased {
		how = []string{quick}
	}
	key, err := moduleKey(root, how)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, key)
	if exists(dir) {
		now := time.Now()
		return dir, os.Chtimes(dir, now, now) // in use, see prune
	}
	unlock, err := lock(ctx, dir+".lock", progress)
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(dir) { // another process built it while we waited
		return dir, nil
	}
	tmp := dir + ".tmp"
	if err := os.RemoveAll(tmp); err != nil {
		return "", err
	}
	if err := compile(ctx, root, tmp, how, progress); err != nil {
		return "", err
	}
	if err := writeManifests(ctx, root, tmp); err != nil {
		return "", fmt.Errorf("prepare KEDA's manifests: %w", err)
	}
	if err := os.Rename(tmp, dir); err != nil {
		return "", err
	}
	return dir, prune(cache)
}

// prune removes programs, 800 MB for each version of go.mod, that nobody has
// used for a month.
func prune(cache string) error {
	entries, err := os.ReadDir(cache)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !e.IsDir() || time.Since(info.ModTime()) < 30*24*time.Hour {
			continue
		}
		if dir := filepath.Join(cache, e.Name()); exists(filepath.Join(dir, manifestsFile)) {
			if err := os.RemoveAll(dir); err != nil {
				return fmt.Errorf("remove old programs: %w", err)
			}
		}
	}
	return nil
}

// CacheDir returns the directory under the user's cache that holds compiled
// programs, and the state of the cluster that the e2e command starts.
func CacheDir() (string, error) {
	d, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	d = filepath.Join(d, "kscope-e2e")
	return d, os.MkdirAll(d, 0o755)
}

func compile(ctx context.Context, root, dir string, how []string, progress io.Writer) error {
	k8s, err := goCommand(ctx, root, "list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes")
	if err != nil {
		return err
	}
	v := strings.Split(strings.TrimPrefix(k8s, "v"), ".")
	if len(v) != 3 {
		return fmt.Errorf("version of Kubernetes: %q", k8s)
	}
	// Without these the API server would report a placeholder at /version.
	const vars = "k8s.io/component-base/version."
	flags := fmt.Sprintf("-s -w -X %sgitVersion=%s -X %sgitMajor=%s -X %sgitMinor=%s", vars, k8s, vars, v[0], vars, v[1])
	args := slices.Concat([]string{"build", "-ldflags", flags, "-o", dir + string(filepath.Separator)}, how)
	for _, p := range packages {
		args = append(args, p.path)
	}
	fmt.Fprintf(progress, "compiling Kubernetes %s, KEDA, etcd and kwok into %s\n", k8s, dir)
	fmt.Fprintln(progress, "the first time takes about 10 minutes on two idle cores, and 7 GB of disk; later runs take seconds")
	stop := report(dir, progress)
	began := time.Now()
	_, err = goCommand(ctx, root, args...)
	stop()
	if err != nil {
		return err
	}
	fmt.Fprintf(progress, "compiled in %s\n", time.Since(began).Round(time.Second))
	for _, p := range packages {
		if base := filepath.Base(strings.TrimSuffix(p.path, "/v3")); base != p.name {
			if err := os.Rename(filepath.Join(dir, base), filepath.Join(dir, p.name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// report says every ten seconds how far go build is, which itself says nothing.
func report(dir string, progress io.Writer) (stop func()) {
	began := time.Now()
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(10 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				linked, _ := os.ReadDir(dir)
				fmt.Fprintf(progress, "  compiling, %s: %d of %d programs done\n",
					time.Since(began).Round(time.Second), len(linked), len(packages))
			}
		}
	}()
	return func() { close(quit); <-done }
}

func goCommand(ctx context.Context, root string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOWORK=off") // the pinned versions, whatever workspace surrounds us
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, strings.TrimSpace(errs.String()))
	}
	return strings.TrimSpace(out.String()), nil
}

// moduleRoot looks for this module from the working directory upwards.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for d := dir; ; d = filepath.Dir(d) {
		b, err := os.ReadFile(filepath.Join(d, "go.mod"))
		if err == nil && bytes.HasPrefix(b, []byte("module "+modulePath+"\n")) {
			return d, nil
		}
		if d == filepath.Dir(d) {
			return "", fmt.Errorf("%s is not inside module %s", dir, modulePath)
		}
	}
}

func moduleKey(root string, how []string) (string, error) {
	h := sha256.New()
	for _, name := range []string{"go.mod", "go.sum"} {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return "", err
		}
		h.Write(b)
	}
	fmt.Fprint(h, strings.Join(how, " "))
	return fmt.Sprintf("%x", h.Sum(nil))[:16], nil
}

// lock takes a lock that the kernel drops when its holder dies, and says so
// once if it has to wait.
func lock(ctx context.Context, path string, progress io.Writer) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	try := func(context.Context) error {
		return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err := try(ctx); errors.Is(err, syscall.EWOULDBLOCK) {
		fmt.Fprintln(progress, "another process is compiling the cluster's programs; waiting for it")
		err = WaitFor(ctx, time.Hour, "the lock "+path, try)
		if err != nil {
			f.Close()
			return nil, err
		}
	} else if err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
