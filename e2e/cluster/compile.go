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

// A group is programs that are compiled together, from the versions in one go.mod.
type group struct {
	module   string   // the folder of the go.mod, from this module's
	flags    []string // of the linker
	programs []source
}

// source is where a program is compiled from, and the name it gets; go build would call
// etcd "server".
type source struct{ path, name string }

// ownHosts has a program look names up in a file hosts of the directory that it is
// started in, which is the cluster's, and not in that of the machine: it dials Services by
// their names, which no machine knows.
const ownHosts = "-X net.hostsFilePath=" + hostsFile

var (
	controlPlane = group{module: ".", programs: []source{
		{"go.etcd.io/etcd/server/v3", Etcd},
		{"k8s.io/kubernetes/cmd/kube-apiserver", APIServer},
		{"k8s.io/kubernetes/cmd/kube-controller-manager", ControllerManager},
		{"k8s.io/kubernetes/cmd/kube-scheduler", Scheduler},
		{"k8s.io/kubernetes/cmd/kubectl", "kubectl"},
		{"sigs.k8s.io/kwok/cmd/kwok", Kwok},
		{"github.com/kedacore/keda/v2/cmd/adapter", KEDAAdapter},
		{"github.com/kedacore/keda/v2/cmd/webhooks", KEDAWebhooks},
	}}
	operator = group{module: ".", flags: []string{ownHosts}, programs: []source{
		{"github.com/kedacore/keda/v2/cmd/operator", KEDAOperator},
	}}
	addOn = group{module: "httpaddon", flags: []string{ownHosts}, programs: []source{
		{addOnModule + "/interceptor", Interceptor},
		{addOnModule + "/scaler", AddOnScaler},
	}}
)

// groupsOf is what is compiled: the add-on only where nothing is measured, which needs
// none.
func groupsOf(asReleased bool) []group {
	if asReleased {
		return []group{controlPlane, operator}
	}
	return []group{controlPlane, operator, addOn}
}

// quick compiles in half the time: nothing is inlined into its callers, and
// nothing is noted for a debugger. The programs stay optimized otherwise.
const quick = "-gcflags=all=-l -dwarf=false"

func compile(ctx context.Context, root, dir string, groups []group, how []string, progress io.Writer) error {
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
	fmt.Fprintf(progress, "compiling Kubernetes %s, KEDA with its HTTP add-on, etcd and kwok into %s\n", k8s, dir)
	fmt.Fprintln(progress, "the first time takes about 12 minutes on two idle cores, and 7 GB of disk; later runs take seconds")
	stop := report(dir, groups, progress)
	defer stop()
	for _, g := range groups {
		began := time.Now()
		args := slices.Concat([]string{"build", "-ldflags", strings.Join(append([]string{flags}, g.flags...), " "), "-o", dir + string(filepath.Separator)}, how)
		for _, p := range g.programs {
			args = append(args, p.path)
		}
		if _, err := goCommand(ctx, filepath.Join(root, g.module), args...); err != nil {
			return err
		}
		for _, p := range g.programs {
			if base := filepath.Base(strings.TrimSuffix(p.path, "/v3")); base != p.name {
				if err := os.Rename(filepath.Join(dir, base), filepath.Join(dir, p.name)); err != nil {
					return err
				}
			}
		}
		fmt.Fprintf(progress, "compiled %s and what goes with it in %s\n", g.programs[0].name, time.Since(began).Round(time.Second))
	}
	return nil
}

// report says every ten seconds how far go build is, which itself says nothing.
func report(dir string, groups []group, progress io.Writer) (stop func()) {
	all := 0
	for _, g := range groups {
		all += len(g.programs)
	}
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
					time.Since(began).Round(time.Second), len(linked), all)
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
