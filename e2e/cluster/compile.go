package cluster

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

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

const modulePath = "github.com/kscope/kscope/e2e"

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
