package cluster_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/kscope/kscope/e2e/cluster"
)

// starterEnv makes the test binary the starter that TestNothingOutlivesACrash
// kills. It holds the directory for the log.
const starterEnv = "KSCOPE_E2E_STARTER"

// startAndHang starts a process, says which, and waits to be killed.
func startAndHang() {
	p := &cluster.Program{Name: "sleep", Path: "/bin/sleep", Args: []string{"600"}}
	if err := cluster.StartTied(p, filepath.Join(os.Getenv(starterEnv), "sleep.log")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(p); err != nil {
		os.Exit(1)
	}
	select {}
}

// A test process that is killed cannot stop its cluster; the kernel does it.
func TestNothingOutlivesACrash(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // nothing of the kind is promised elsewhere
	}
	starter := exec.Command(os.Args[0])
	starter.Env = append(os.Environ(), starterEnv+"="+t.TempDir())
	starter.Stderr = t.Output()
	out, err := starter.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := starter.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var p cluster.Program
	if err := json.Unmarshal(line, &p); err != nil {
		t.Fatal(err)
	}
	if !p.Alive() {
		t.Fatal("the process did not start")
	}
	if err := starter.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = starter.Wait() // killed, as we know
	waitFor(t, 5*time.Second, "the process to die", func(context.Context) error {
		if p.Alive() {
			return errors.New("it lives")
		}
		return nil
	})
}
