package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/words"
)

// strict makes all commands refuse what cannot be meant, in one way.
func strict(root *cobra.Command) {
	root.PersistentPreRunE = func(cmd *cobra.Command, args []string) error {
		if strings.HasPrefix(cmd.Name(), "__") { // a shell completes what is not there yet
			return nil
		}
		if err := noBlanks(cmd.Flags()); err != nil {
			return err
		}
		if slices.ContainsFunc(args, blank) {
			return usageError{fmt.Errorf("an argument is empty")}
		}
		return nil
	}
	root.InitDefaultCompletionCmd()
	root.SetHelpCommand(newHelp(root))
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			cmd.Args = oneOf
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
			for _, shell := range cmd.Commands() {
				shell.Args = noArgs
			}
		}
	}
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }

// noBlanks refuses flags with a text that says nothing: mostly a variable of a
// script that is not set.
func noBlanks(fs *pflag.FlagSet) (err error) {
	fs.Visit(func(f *pflag.Flag) {
		var values []string
		switch v := f.Value.(type) {
		case pflag.SliceValue:
			if values = v.GetSlice(); len(values) == 0 {
				values = []string{""}
			}
		default:
			if f.Value.Type() != "string" {
				return
			}
			values = []string{f.Value.String()}
		}
		if err == nil && slices.ContainsFunc(values, blank) {
			err = usageError{fmt.Errorf("--%s is empty: give it a value, or leave it out", f.Name)}
		}
	})
	return err
}

// newHelp is cobra's own, but for a command that does not exist.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd := root
			for _, name := range args {
				next := find(cmd, name)
				if next == nil {
					return unknown(cmd, name)
				}
				cmd = next
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			cmd := root
			for _, name := range args {
				if cmd = find(cmd, name); cmd == nil {
					return nil, cobra.ShellCompDirectiveNoFileComp
				}
			}
			return names(cmd), cobra.ShellCompDirectiveNoFileComp
		},
	}
}

func find(cmd *cobra.Command, name string) *cobra.Command {
	for _, c := range cmd.Commands() {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

// names are those of the commands within a command.
func names(cmd *cobra.Command) []string {
	var out []string
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			out = append(out, c.Name())
		}
	}
	return out
}

// oneOf refuses what is no command of a command that has some.
func oneOf(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return unknown(cmd, args[0])
	}
	return nil
}

// unknown is the error for a command that there is not.
func unknown(cmd *cobra.Command, name string) error {
	hint := fmt.Sprintf("%s has %s", cmd.CommandPath(), strings.Join(names(cmd), ", "))
	if near := nearest(cmd, name); near != "" {
		hint = fmt.Sprintf("did you mean: %s %s", cmd.CommandPath(), near)
	}
	return usageError{&kscope.Trouble{Cause: fmt.Errorf("%s has no command %q", cmd.CommandPath(), name), Hint: hint}}
}

// aName is at most one NAME, which is not a command with a slip of the finger.
// One that looks like it comes after --.
func aName(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if near := nearest(cmd, args[0]); near != "" && cmd.ArgsLenAtDash() != 0 {
		return usageError{&kscope.Trouble{
			Cause: fmt.Errorf("there is no command %q", args[0]),
			Hint:  fmt.Sprintf("did you mean: %s %s - and if it is a NAME: %s -- %s", cmd.CommandPath(), near, cmd.CommandPath(), args[0]),
		}}
	}
	return atMostOne(cmd, args)
}

// noFiles refuses arguments that are files or folders, which a shell makes of -f *.yaml,
// and says how they are given; all else is for then. Where NAMEs are taken, what can be
// one is one, and no file.
func noFiles(names bool, then cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		file := func(arg string) bool {
			_, err := os.Stat(arg)
			return err == nil && (!names || strings.ContainsAny(arg, `./\`))
		}
		if i := slices.IndexFunc(args, file); i >= 0 && cmd.ArgsLenAtDash() < 0 {
			return usageError{&kscope.Trouble{Cause: fmt.Errorf("%s takes manifests after -f, and %q stands without it", cmd.CommandPath(), args[i]), Hint: byFilename(cmd, args, args[i])}}
		}
		return then(cmd, args)
	}
}

// byFilename is how a file among some arguments is given.
func byFilename(cmd *cobra.Command, args []string, file string) string {
	if len(args) == 1 && !cmd.Flags().Changed("filename") {
		return fmt.Sprintf("did you mean: %s -f %s", cmd.CommandPath(), inShell(file))
	}
	return fmt.Sprintf("repeat -f before each file, or give their folder: %s -f %s", cmd.CommandPath(), inShell(filepath.Dir(file)))
}

// inShell is a word as a shell takes it.
func inShell(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(`-_./\:`, r)
	}) {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}

// flagError is the error for flags that cannot be read, with the flag that was
// nearly typed.
func flagError(cmd *cobra.Command, err error) error {
	none, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return usageError{err}
	}
	var flags []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { // those of the commands above it, too
		if !f.Hidden {
			flags = append(flags, f.Name)
		}
	})
	near := nearestOf(flags, none.GetSpecifiedName())
	if len(near) == 0 {
		return usageError{err}
	}
	return usageError{&kscope.Trouble{Cause: err, Hint: fmt.Sprintf("did you mean: --%s - %s --help lists all flags", strings.Join(near, " or --"), cmd.CommandPath())}}
}

// nearest is the command that was nearly typed, "" for none.
func nearest(cmd *cobra.Command, typed string) string {
	if strings.ContainsFunc(typed, func(r rune) bool { return !unicode.IsLetter(r) }) {
		return "" // no slip makes demo-2 of demo
	}
	if near := nearestOf(names(cmd), typed); len(near) > 0 {
		return near[0]
	}
	return ""
}

// nearestOf is those of some names that were nearly typed, all as nearly.
func nearestOf(all []string, typed string) (best []string) {
	at := 3
	for _, name := range all {
		// One slip in a short word, two in a long one.
		switch d := words.Slips(strings.ToLower(typed), name); {
		case d > (len(name)+2)/4:
		case d < at:
			best, at = []string{name}, d
		case d == at && d < 3:
			best = append(best, name)
		}
	}
	return best
}
