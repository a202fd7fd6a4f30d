package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/kscope/kscope/e2e/cluster"
	"github.com/kscope/kscope/e2e/workers"
)

// playVerb is how up starts this program again, as the process that plays what
// the nodes lack: the programs in the pods, and someone who starts KEDA again
// when it crashes.
const playVerb = "play"

func up(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	var o cluster.Options
	flags.DurationVar(&o.HPASyncPeriod, "hpa-sync", 15*time.Second, "how often the HPA controller looks at each HPA")
	flags.IntVar(&o.Nodes, "nodes", 5, "number of pretended nodes, with room for 4,000 pods each")
	if err := parse(flags, args); err != nil {
		return err
	}
	if c, err := running(); err == nil {
		fmt.Fprintln(out, "the cluster is already running")
		printUse(out, c)
		return nil
	}
	dir, err := stateDir()
	if err != nil {
		return err
	}
	o.Dir, o.Detached, o.Progress = dir, true, out
	c, err := cluster.Start(ctx, o)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err == nil {
		err = c.Run(ctx, &cluster.Program{
			Name: playVerb, Path: self,
			Args: []string{playVerb},
		})
	}
	if err != nil {
		return errors.Join(err, c.Stop())
	}
	printUse(out, c)
	return nil
}

func printUse(out io.Writer, c *cluster.Cluster) {
	fmt.Fprintf(out, `
  export KUBECONFIG=%s
  kubectl:      %s
  redis:        %s
  KEDA metrics: %s
  logs:         %s/*.log

  go run . demo    applies the demo manifests
  go run . down    stops it all
`, c.Kubeconfig, c.Kubectl(), c.RedisAddr, c.KEDAMetrics, c.Dir)
}

func play(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	if err := parse(flags, args); err != nil {
		return err
	}
	c, err := running()
	if err != nil {
		return err
	}
	var keeping sync.WaitGroup
	defer keeping.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	keeping.Go(func() { c.Keep(ctx, out) })
	return workers.Run(ctx, workers.Options{Client: c.Client, Redis: c.RedisAddr, Log: out})
}

func down(_ context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	if err := parse(flags, args); err != nil {
		return err
	}
	c, err := running()
	if err != nil {
		fmt.Fprintln(out, "no cluster is running")
		return nil
	}
	if err := c.Stop(); err != nil {
		return err
	}
	fmt.Fprintln(out, "the cluster is stopped; its logs are still in", c.Dir)
	return nil
}

func build(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	if err := parse(flags, args); err != nil {
		return err
	}
	dir, err := cluster.Build(ctx, false, out)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "the programs are in", dir)
	return nil
}
