package cluster

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Keep starts programs again that ended by themselves, until ctx is done. In a
// cluster with real nodes the kubelet does that for KEDA, which now and then
// needs it: its operator crashes when it is asked to scale an object whose
// status it has not read back yet. Programs that StopProgram has stopped, in
// this process or in another, stay away, and so does the control plane.
//
// Start keeps a cluster itself unless it is detached.
func (c *Cluster) Keep(ctx context.Context, log io.Writer) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		c.mu.Lock()
		for _, p := range c.Programs {
			if !p.Restart || p.Stopped || p.Alive() {
				continue
			}
			if err := c.restart(p); err != nil {
				fmt.Fprintln(log, err)
			} else {
				fmt.Fprintf(log, "%s had ended and was started again\n", p.Name)
			}
		}
		c.mu.Unlock()
	}
}

// restart starts a dead program, unless the saved state says that another
// process has stopped it or started it again meanwhile.
func (c *Cluster) restart(p *Program) error {
	saved, err := read(c.Dir)
	if err != nil {
		return err
	}
	c.Programs = saved.Programs
	if p, err = c.program(p.Name); err != nil || p.Stopped || p.Alive() {
		return err
	}
	if err := c.spawn(p); err != nil {
		return err
	}
	return c.save()
}
