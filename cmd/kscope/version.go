package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion(stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say what this kscope is",
		Args:  noArgs,
		RunE:  func(*cobra.Command, []string) error { return sayVersion(stdout) },
	}
}

func sayVersion(stdout io.Writer) error {
	_, err := fmt.Fprintln(stdout, version())
	return err
}

// version says what the binary was built from, as the Go tool recorded it.
func version() string {
	v, commit, dirty := "unknown", "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		v = info.Main.Version
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = " commit " + s.Value[:min(12, len(s.Value))]
			case s.Key == "vcs.modified" && s.Value == "true":
				dirty = " with changes"
			}
		}
	}
	return fmt.Sprintf("kscope %s%s%s %s %s/%s", v, commit, dirty, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
