// Command e2e runs a real Kubernetes control plane with a real KEDA on this
// machine, to develop kscope against and to try it out. It needs Go and a
// redis-server, and nothing else: no container runtime, no root.
//
//	go run . up      start it, compiling the programs the first time
//	go run . demo    apply the demo manifests to it
//	go run . load    bring up hundreds of ScaledObjects and thousands of pods
//	go run . down    stop it
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/kscope/kscope/e2e/cluster"
	"github.com/kscope/kscope/e2e/parameters"
	"github.com/kscope/kscope/e2e/schemas"
)

const usage = `usage: go run . VERB [flags]

  up          start the cluster (the first time compiles it: about 10 minutes)
  status      say what of it is running
  kubeconfig  print the path of its administrator's kubeconfig
  demo        apply ../demo/manifests to it and wait until KEDA has taken them up
  load        create ScaledObjects and pods by the thousand
  unload      remove what load created
  tables      write what is known of KEDA's triggers and kinds anew, from KEDA's source
  perf        measure the limits that kscope has to hold, on a cluster of its own
  down        stop the cluster
  build       only compile the programs

VERB -h shows the flags of a verb.
`

var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, errUsage):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return errUsage
	}
	verb := args[0]
	verbs := map[string]func(context.Context, *flag.FlagSet, []string, io.Writer) error{
		"up": up, "down": down, "status": status, "kubeconfig": kubeconfig, "build": build,
		"demo": applyDemo, "load": load, "unload": unload, "perf": measure,
		"tables": writeTables,
		playVerb: play,
	}
	do, ok := verbs[verb]
	if !ok {
		fmt.Fprint(stderr, usage)
		return errUsage
	}
	flags := flag.NewFlagSet("e2e "+verb, flag.ContinueOnError)
	flags.SetOutput(stderr)
	err := do(ctx, flags, args[1:], stdout)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	return err
}

// writeTables writes what packages triggers/params and sandbox/schema hold.
func writeTables(ctx context.Context, flags *flag.FlagSet, args []string, _ io.Writer) error {
	if err := parse(flags, args); err != nil {
		return err
	}
	dir, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/kedacore/keda/v2").Output()
	if err != nil {
		return err
	}
	keda := strings.TrimSpace(string(dir))
	table, err := parameters.Of(keda)
	if err != nil {
		return err
	}
	shapes, err := schemas.Of(keda)
	if err != nil {
		return err
	}
	var small bytes.Buffer
	w, err := gzip.NewWriterLevel(&small, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(shapes); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	const mode = 0o644 // they are part of the source
	if err := os.WriteFile("../triggers/params/keda.tsv", []byte(table), mode); err != nil {
		return err
	}
	return os.WriteFile("../sandbox/schema/keda.json.gz", small.Bytes(), mode)
}

// parse reads the flags of a verb, none of which takes arguments beside them.
func parse(flags *flag.FlagSet, args []string) error {
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage // flag has said what is wrong
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%s takes no argument %q", flags.Name(), flags.Arg(0))
	}
	return nil
}

// stateDir is where the one cluster of this command lives.
func stateDir() (string, error) {
	cache, err := cluster.CacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "cluster"), nil
}

// running opens the cluster that up has started.
func running() (*cluster.Cluster, error) {
	dir, err := stateDir()
	if err != nil {
		return nil, err
	}
	c, err := cluster.Open(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if err != nil || !anyAlive(c) {
		return nil, errors.New("no cluster is running; start it with: go run . up")
	}
	return c, nil
}

func anyAlive(c *cluster.Cluster) bool {
	for _, p := range c.Programs {
		if p.Alive() {
			return true
		}
	}
	return false
}
