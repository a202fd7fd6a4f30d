package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"

	"github.com/kscope/kscope/demo"
)

func newDemo(f *flags, stdout io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Install or remove the demo: a queue, a worker, a ScaledObject",
		Args:  oneOf,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var o demo.Options
	up := &cobra.Command{
		Use:   "up",
		Short: "Apply the demo manifests in the current context and wait until KEDA has accepted them",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := f.demo(&o)
			if err != nil {
				return err
			}
			return demo.Up(cmd.Context(), config, o, stdout)
		},
	}
	down := &cobra.Command{
		Use:   "down",
		Short: "Remove what demo up installed",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := f.demo(&o)
			if err != nil {
				return err
			}
			return demo.Down(cmd.Context(), config, o, stdout)
		},
	}
	up.Flags().BoolVar(&o.ForceConflicts, "force-conflicts", false, "take over fields that another manager owns")
	for _, c := range []*cobra.Command{up, down} {
		c.Flags().DurationVar(&o.Timeout, "timeout", 2*time.Minute, "how long to wait in all")
	}
	cmd.AddCommand(up, down)
	return cmd
}

// demo is what the demo is put into or taken out of.
func (f *flags) demo(o *demo.Options) (*rest.Config, error) {
	if o.Timeout <= 0 {
		return nil, usageError{fmt.Errorf("--timeout %s: must be positive", o.Timeout)}
	}
	config, _, _, err := f.connect()
	return config, err
}
