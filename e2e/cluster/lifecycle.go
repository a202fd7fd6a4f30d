package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// Names of the programs, for StopProgram and StartProgram.
const (
	Redis             = "redis"
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Kwok              = "kwok"
	KEDAOperator      = "keda-operator"
	KEDAAdapter       = "keda-adapter"
	KEDAWebhooks      = "keda-webhooks"
	Interceptor       = "http-interceptor" // of [Cluster.StartAddOn], as the next
	AddOnScaler       = "http-scaler"
)

// Stop kills every program of the cluster that still runs and, if Start chose
// the directory, removes it. The cluster is not usable afterwards. A second
// call does nothing.
func (c *Cluster) Stop() error {
	if c.stopKeeping != nil {
		c.stopKeeping()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	// Backwards, so that nothing complains about what it depends on, and a
	// keeper goes before those it would start again.
	var errs []error
	for _, p := range slices.Backward(c.Programs) {
		errs = append(errs, kill(p))
	}
	// What another process has started meanwhile.
	if saved, err := read(c.Dir); err == nil {
		for _, p := range slices.Backward(saved.Programs) {
			errs = append(errs, kill(p))
		}
	}
	if c.spawner != nil {
		c.spawner.close()
		c.spawner = nil
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if c.temporary {
		return os.RemoveAll(c.Dir)
	}
	return nil
}

// StopProgram kills one program, as a crash would, and returns when it is gone.
// It stays away until StartProgram.
func (c *Cluster) StopProgram(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.program(name)
	if err != nil {
		return err
	}
	p.Stopped = true
	if err := c.save(); err != nil { // before, or a keeper would take it for a crash
		return err
	}
	return kill(p)
}

// StartProgram starts a stopped program again, on the address and over the
// state it had, and returns when it is ready. It does nothing to a running one.
func (c *Cluster) StartProgram(ctx context.Context, name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.program(name)
	if err != nil || p.Alive() {
		return err
	}
	return c.run(ctx, p)
}

// HaltProgram stops a program where it is, as when its machine hangs: what is
// connected stays so, and nothing answers. ResumeProgram lets it go on.
func (c *Cluster) HaltProgram(name string) error { return c.signal(name, syscall.SIGSTOP) }

// ResumeProgram lets a halted program go on, and does nothing to others.
func (c *Cluster) ResumeProgram(name string) error { return c.signal(name, syscall.SIGCONT) }

func (c *Cluster) signal(name string, sig syscall.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, err := c.program(name)
	if err != nil {
		return err
	}
	if !p.Alive() {
		return fmt.Errorf("%s is not running", name)
	}
	return syscall.Kill(p.PID, sig)
}

// StopRedis kills the Redis server; its data is lost with it.
func (c *Cluster) StopRedis() error { return c.StopProgram(Redis) }

// StartRedis starts the Redis server again, empty, on the same port.
func (c *Cluster) StartRedis(ctx context.Context) error { return c.StartProgram(ctx, Redis) }

// StopAPIServer kills the API server; everything in etcd stays.
func (c *Cluster) StopAPIServer() error { return c.StopProgram(APIServer) }

// StartAPIServer starts the API server again on the same port over the same
// etcd, so that every client recovers. Controller manager and scheduler are started
// anew: by themselves they look for it again each in its own time, which grows with
// the outage to a minute and more, and what comes next would wait for that. (kwok
// would first wait for the leases of its nodes to run out.)
func (c *Cluster) StartAPIServer(ctx context.Context) error {
	if err := c.StartProgram(ctx, APIServer); err != nil {
		return err
	}
	for _, name := range []string{ControllerManager, Scheduler} {
		if err := c.StopProgram(name); err != nil {
			return err
		}
		if err := c.StartProgram(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// Run adds programs of the caller's to the cluster: they are started like the
// others, log into Dir and are killed by Stop.
func (c *Cluster) Run(ctx context.Context, programs ...*Program) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.run(ctx, programs...)
}

func (c *Cluster) program(name string) (*Program, error) {
	for _, p := range c.Programs {
		if p.Name == name {
			return p, nil
		}
	}
	return nil, fmt.Errorf("no program %q in this cluster", name)
}

// run starts programs and waits until all of them are ready.
func (c *Cluster) run(ctx context.Context, programs ...*Program) error {
	for _, p := range programs {
		p.Stopped = false
		if err := c.spawn(p); err != nil {
			return err
		}
		if _, err := c.program(p.Name); err != nil {
			c.Programs = append(c.Programs, p)
		}
		// At once, so that even a starter that is killed now leaves a trace of
		// what it started.
		if err := c.save(); err != nil {
			return err
		}
	}
	for _, p := range programs {
		if err := c.waitForProgram(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) spawn(p *Program) error {
	if c.spawner == nil {
		c.spawner = newSpawner(c.tied)
	}
	return c.spawner.start(p, c.logFile(p))
}

func (c *Cluster) logFile(p *Program) string { return filepath.Join(c.Dir, p.Name+".log") }

func (c *Cluster) waitForProgram(ctx context.Context, p *Program) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err := WaitFor(ctx, 2*time.Minute, p.Name, func(ctx context.Context) error {
		if !p.Alive() {
			cancel(errors.New("it exited"))
		}
		return probe(ctx, p.Ready)
	})
	if err != nil {
		return fmt.Errorf("%w\nend of its log:\n%s", err, logTail(c.logFile(p)))
	}
	return nil
}
