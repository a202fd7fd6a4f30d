package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/kscope/kscope/demo"
)

func newDemo(f *flags, stdout io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Install or remove the demo: a queue, a worker, a ScaledObject",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	up := &cobra.Command{
		Use:   "up",
		Short: "Apply the demo manifests in the current context and wait until KEDA has accepted them",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, _, _, err := f.cluster()
			if err != nil {
				return err
			}
			return demo.Up(cmd.Context(), config, demo.Options{}, stdout)
		},
	}
	down := &cobra.Command{
		Use:   "down",
		Short: "Remove what demo up installed",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, _, _, err := f.cluster()
			if err != nil {
				return err
			}
			return demo.Down(cmd.Context(), config, demo.Options{}, stdout)
		},
	}
	cmd.AddCommand(up, down)
	return cmd
}
