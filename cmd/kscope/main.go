// Command kscope shows event-driven scaling live in a terminal: queue depth
// against replicas on one time axis, why there are as many pods as there are,
// and what comes next.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/crash"
)

func main() {
	ctx, leaving := newLeaving(os.Exit)
	leaving.listen()
	err := run(ctx, os.Args[1:], process{os.Stdin, os.Stdout, os.Stderr, leaving})
	if err != nil {
		if status := leaving.interrupted(); status != 0 {
			os.Exit(status) // the error is only the echo
		}
	}
	os.Exit(exitCode(os.Stderr, err))
}

// process is what the program has of the process around it.
type process struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	leaving        *leaving
}

// run is the whole program but for the process around it. A panic where there is no
// screen yet, or no more, is an error that says where its trace is, as one of the
// screen is.
func run(ctx context.Context, args []string, p process) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &kscope.Trouble{Message: crash.Keep(traceOf(v))}
		}
	}()
	if err := quiet(); err != nil {
		return err
	}
	root := newRoot(p)
	helps := &unwritten{Writer: p.stdout}
	root.SetOut(helps)
	root.SetArgs(append([]string{}, args...)) // nil would mean the process's own
	cmd, err := root.ExecuteContextC(ctx)
	if _, usage := errors.AsType[usageError](err); usage && cmd != root && kscope.HintOf(err) == "" {
		err = usageError{&kscope.Trouble{Cause: err, Hint: cmd.CommandPath() + " --help lists its flags"}}
	}
	if err == nil && helps.err != nil {
		return fmt.Errorf("write to the standard output: %w", helps.err)
	}
	return err
}

// unwritten remembers the first error of a writer, for who writes and does not look:
// cobra, of its help.
type unwritten struct {
	io.Writer
	err error
}

func (u *unwritten) Write(b []byte) (int, error) {
	n, err := u.Writer.Write(b)
	if u.err == nil {
		u.err = err
	}
	return n, err
}

// several is an error with others that came before it, to be told of as well.
type several struct {
	error
	others []error
}

func (s several) Unwrap() error { return s.error }

// severally is all that is wrong, in its order, where that is more than an error.
func severally(err error, all []error) error {
	if len(all) < 2 {
		return err
	}
	return several{all[len(all)-1], all[:len(all)-1]}
}

// exitCode reports an error as one line and, where something can be done about
// it, a hint, and gives the exit status: 2 for a command that was typed wrong, and for a
// doctor that could not judge, 1 for what went wrong afterwards.
func exitCode(stderr io.Writer, err error) int {
	if err == nil {
		return 0
	}
	if status, ok := errors.AsType[checked](err); ok {
		return int(status) // all has been said
	}
	if errors.Is(err, context.Canceled) {
		return 130 // as a shell reports an interrupted command
	}
	if all, ok := errors.AsType[several](err); ok {
		for _, other := range all.others {
			exitCode(stderr, other)
		}
	}
	fmt.Fprintln(stderr, kscope.Clean("kscope: "+err.Error())) // it may quote the cluster
	_, usage := errors.AsType[usageError](err)
	hint := kscope.HintOf(err)
	if usage && hint == "" {
		hint = "kscope --help lists the commands and flags"
	}
	if hint != "" {
		fmt.Fprintln(stderr, kscope.Clean("hint: "+hint))
	}
	if _, unknown := errors.AsType[unjudged](err); usage || unknown {
		return 2
	}
	return 1
}

// usageError is a command line that cannot be meant.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }
