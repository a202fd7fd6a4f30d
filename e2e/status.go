package main

import (
	"context"
	"flag"
	"fmt"
	"io"
)

func status(_ context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	if err := parse(flags, args); err != nil {
		return err
	}
	c, err := running()
	if err != nil {
		return err
	}
	for _, p := range c.Programs {
		state := "running"
		if !p.Alive() {
			state = "dead"
		}
		fmt.Fprintf(out, "  %-24s %-8s pid %d\n", p.Name, state, p.PID)
	}
	printUse(out, c)
	return nil
}

// kubeconfig prints a path and nothing else, for scripts.
func kubeconfig(_ context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	if err := parse(flags, args); err != nil {
		return err
	}
	c, err := running()
	if err != nil {
		return err
	}
	fmt.Fprintln(out, c.Kubeconfig)
	return nil
}
