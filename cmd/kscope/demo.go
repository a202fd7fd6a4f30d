package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"

	"github.com/kscope/kscope"
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
	var which, gone string
	up := &cobra.Command{
		Use:   "up",
		Short: "Apply the demo manifests in the current context and wait until KEDA has accepted them",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := demoOf("broker", which)
			if err != nil {
				return err
			}
			config, err := f.demo(&o)
			if err != nil {
				return err
			}
			return demo.Up(cmd.Context(), config, d, o, stdout)
		},
	}
	down := &cobra.Command{
		Use:   "down",
		Short: "Remove what demo up installed",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var of []demo.Demo // all
			if cmd.Flags().Changed("broker") {
				d, err := demoOf("broker", gone)
				if err != nil {
					return err
				}
				of = append(of, d)
			}
			config, err := f.demo(&o)
			if err != nil {
				return err
			}
			return demo.Down(cmd.Context(), config, o, stdout, of...)
		},
	}
	names := strings.Join(demo.Brokers(), ", ")
	up.Flags().StringVar(&which, "broker", demo.Default.Broker, "which demo: "+names)
	down.Flags().StringVar(&gone, "broker", "", "which demo: "+names+"; all that are there if not given")
	up.Flags().BoolVar(&o.ForceConflicts, "force-conflicts", false, "take over fields that another manager owns")
	for _, c := range []*cobra.Command{up, down} {
		c.Flags().DurationVar(&o.Timeout, "timeout", 2*time.Minute, "how long to wait in all")
		_ = c.RegisterFlagCompletionFunc("broker", completeBroker)
	}
	cmd.AddCommand(up, down)
	return cmd
}

// completeBroker is what there is a demo of.
var completeBroker = cobra.FixedCompletions(demo.Brokers(), cobra.ShellCompDirectiveNoFileComp)

// demoOf is the demo that a flag names, by its broker.
func demoOf(flag, broker string) (demo.Demo, error) {
	d, ok := demo.Of(broker)
	if ok {
		return d, nil
	}
	err := fmt.Errorf("--%s %q: want %s", flag, broker, strings.Join(demo.Brokers(), ", "))
	if near := nearestOf(demo.Brokers(), broker); len(near) > 0 {
		return d, usageError{&kscope.Trouble{Cause: err, Hint: fmt.Sprintf("did you mean: --%s %s", flag, strings.Join(near, " or "))}}
	}
	return d, usageError{err}
}

// demo is what the demo is put into or taken out of.
func (f *flags) demo(o *demo.Options) (*rest.Config, error) {
	if o.Timeout <= 0 {
		return nil, usageError{fmt.Errorf("--timeout %s: must be positive", o.Timeout)}
	}
	config, _, _, err := f.connect()
	return config, err
}
