package perf

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// patience is for everything that should take milliseconds.
const patience = time.Minute

// launches starts kscope n times and gives how long the first frame and the
// screen that ok describes took; ok may be nil.
func (r *runner) launches(ctx context.Context, n int, kubeconfig string, ok func(string) bool, args ...string) (frame, data times, err error) {
	for range n {
		t, err := r.kscope(kubeconfig, args...)
		if err != nil {
			return nil, nil, err
		}
		f := t.expect("first frame", firstFrame)
		var d *expectation
		if ok != nil {
			d = t.expect("data", ok)
		}
		at, err := f.wait(ctx, patience)
		frame = append(frame, at.Sub(t.began))
		if err == nil && d != nil {
			at, err = d.wait(ctx, patience)
			data = append(data, at.Sub(t.began))
		}
		t.close()
		if err != nil {
			return nil, nil, fmt.Errorf("kscope %q: %w", args, err)
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil { // its connections are closed
			return nil, nil, err
		}
	}
	return frame, data, nil
}

// starts measures first frames and the wanted data.
func (r *runner) starts(ctx context.Context) error {
	n := r.plan.launches
	if err := r.version(ctx, n); err != nil {
		return err
	}
	detail := []string{"-n", target.Namespace, target.Name}
	frame, data, err := r.launches(ctx, n, r.c.Kubeconfig, detailComplete, detail...)
	if err != nil {
		return err
	}
	r.put("frame", frame.max(), medianMax(frame))
	if r.size == small {
		r.put("data", data.median(), medianMax(data))
	} else {
		r.put("detail", data.median(), medianMax(data))
		frame, data, err := r.launches(ctx, n, r.c.Kubeconfig, overviewComplete(r.objects()), "-A")
		if err != nil {
			return err
		}
		r.put("frame-all", frame.max(), medianMax(frame))
		r.put("data", data.median(), medianMax(data))
	}
	return r.unreachable(ctx)
}

// version measures what it takes to start and end the program without doing
// anything, which says how busy the machine is.
func (r *runner) version(ctx context.Context, n int) error {
	var all times
	for range n {
		began := time.Now()
		if err := exec.CommandContext(ctx, r.binary, "version").Run(); err != nil {
			return fmt.Errorf("kscope version: %w", err)
		}
		all = append(all, time.Since(began))
	}
	r.put("version", 0, medianMax(all))
	return nil
}

// unreachable measures first frames over an API server that does not answer:
// one that takes connections and says nothing, and a port that nobody listens
// on.
func (r *runner) unreachable(ctx context.Context) error {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var held sync.WaitGroup
	held.Go(func() {
		for {
			conn, err := silent.Accept()
			if err != nil {
				return
			}
			held.Go(func() {
				_, _ = conn.Read(make([]byte, 1<<10))
				_, _ = conn.Read(make([]byte, 1<<10)) // until the program goes
				_ = conn.Close()
			})
		}
	})
	defer held.Wait()
	defer silent.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_ = closed.Close()
	for id, addr := range map[string]net.Addr{"frame-silent": silent.Addr(), "frame-closed": closed.Addr()} {
		path := filepath.Join(r.dir, id+".kubeconfig")
		if err := writeKubeconfig(path, "https://"+addr.String()); err != nil {
			return err
		}
		frame, _, err := r.launches(ctx, r.plan.launches, path, nil, "-n", target.Namespace)
		if err != nil {
			return err
		}
		r.put(id, frame.max(), medianMax(frame))
	}
	return nil
}
