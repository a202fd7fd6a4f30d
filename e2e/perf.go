package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/kscope/kscope/e2e/cluster"
	"github.com/kscope/kscope/e2e/perf"
)

// measure runs package perf on a cluster of its own, whatever up has started.
func measure(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	table := filepath.Join("..", "docs", "performance.md")
	o := perf.Options{Stdout: out, Progress: out}
	flags.BoolVar(&o.Small, "small", false, "measure at one ScaledObject only")
	flags.BoolVar(&o.Large, "large", false, "measure at hundreds of ScaledObjects only")
	flags.BoolVar(&o.Huge, "huge", false, "measure at four times as many as well, which takes an hour to bring up")
	flags.BoolVar(&o.Quick, "quick", false, "few samples, and small unless -large is given: to see that it works")
	flags.IntVar(&o.Load.Objects, "scaledobjects", 500, "ScaledObjects at the large size")
	flags.IntVar(&o.Load.Each, "pods", 10, "pods of each ScaledObject")
	flags.StringVar(&o.Beside, "beside", "", "another kscope: measure this one beside it, and nothing else")
	flags.StringVar(&o.Out, "out", "", "Markdown file to write the table into; without any flag but -huge it is "+table)
	if err := parse(flags, args); err != nil {
		return err
	}
	if o.Load.Objects < 1 || o.Load.Each < 1 {
		return errors.New("-scaledobjects and -pods must be at least 1")
	}
	whole := flags.NFlag() == 0 || o.Huge && flags.NFlag() == 1
	if whole {
		o.Out = table
	}
	if !o.Small && !o.Large {
		o.Small, o.Large = true, !o.Quick
	}
	o.Load.Fill = func(ctx context.Context, c *cluster.Cluster, objects, pods int) error {
		return fill(ctx, c, objects, pods, out)
	}
	return perf.Run(ctx, o)
}

// fill is what load does, in any cluster. It may be called again for more.
func fill(ctx context.Context, c *cluster.Cluster, objects, pods int, out io.Writer) error {
	const spaces = 5
	began := time.Now()
	for i := range min(spaces, objects) {
		if err := c.EnsureNamespace(ctx, loadNamespace(i), map[string]string{loadLabel: "true"}); err != nil {
			return err
		}
		if err := c.WaitForNamespace(ctx, loadNamespace(i)); err != nil {
			return err
		}
	}
	lists := redis.NewClient(&redis.Options{Addr: c.RedisAddr})
	defer lists.Close()
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(loadParallel)
	for i := range objects {
		g.Go(func() error {
			return loadOne(gctx, c, lists, i, loadNamespace(i%spaces), pods/objects)
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("bring up the load: %w", err)
	}
	return waitForLoad(ctx, c, objects, pods, 2*time.Hour, began, out)
}
