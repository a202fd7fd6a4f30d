package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// A Program is one process of the cluster: how it is started and, while it
// runs, which process it is. Started goes with PID, so that a process which
// got the same pid later is never taken for ours.
type Program struct {
	Name    string
	Path    string
	Args    []string
	Env     []string // added to the environment
	Ready   string   // address to ask whether it is ready, see probe; "" for none
	Restart bool     // start it again when it ends by itself
	Stopped bool     // by StopProgram, so not to be started again
	PID     int
	Started string
}

// Alive reports whether the program's process is running.
func (p *Program) Alive() bool {
	return p.PID > 0 && p.Started != "" && startTime(p.PID) == p.Started
}

// A spawner starts processes from one thread that lives as long as it does.
// The kernel kills a child with Pdeathsig when the thread that forked it ends,
// and the Go runtime may end any other thread.
type spawner struct {
	work chan func()
	tied bool // children die with this process
}

func newSpawner(tied bool) *spawner {
	s := &spawner{work: make(chan func()), tied: tied}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		for f := range s.work {
			f()
		}
	}()
	return s
}

func (s *spawner) close() { close(s.work) }

// start runs p in a process group of its own, its output appended to logFile.
func (s *spawner) start(p *Program, logFile string) error {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.Path, p.Args...)
	cmd.Env = append(os.Environ(), p.Env...)
	cmd.Dir = filepath.Dir(logFile)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = processAttributes(s.tied)
	done := make(chan error)
	s.work <- func() { done <- cmd.Start() }
	if err := <-done; err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	p.PID = cmd.Process.Pid
	p.Started = startTime(p.PID)
	go func() { _ = cmd.Wait() }() // reaps it; how it ended is in its log
	return nil
}

// kill ends p's process group at once and returns when the process is gone.
// There is nothing worth saving in any of them, and a control plane asked
// politely takes a minute to close its watches.
func kill(p *Program) error {
	if !p.Alive() {
		return nil
	}
	if err := syscall.Kill(-p.PID, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill %s: %w", p.Name, err)
	}
	return WaitFor(context.Background(), 10*time.Second, p.Name+" to die", func(context.Context) error {
		if p.Alive() {
			return fmt.Errorf("process %d still runs", p.PID)
		}
		return nil
	})
}

// logTail returns the end of a log, to go into an error.
func logTail(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	if len(lines) > 15 {
		lines = lines[len(lines)-15:]
	}
	return string(bytes.Join(lines, []byte("\n")))
}
