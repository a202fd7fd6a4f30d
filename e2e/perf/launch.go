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
// screen that ok describes took; ok may be nil. It notes the first frames under
// an id, and where the time of the slowest went under that id with "-why".
func (r *runner) launches(ctx context.Context, id, kubeconfig string, ok func(string) bool, args ...string) (data times, err error) {
	var frame times
	var slowest turns
	for range r.plan.launches {
		t, err := r.kscope(kubeconfig, args...)
		if err != nil {
			return nil, err
		}
		f := t.expect("first frame", firstFrame)
		var d *expectation
		if ok != nil {
			d = t.expect("data", ok)
		}
		at, err := f.wait(ctx, patience)
		if frame = append(frame, at.Sub(t.began)); err == nil && frame.max() == at.Sub(t.began) {
			slowest, err = turnsOf(t.pid)
		}
		if err == nil && d != nil {
			at, err = d.wait(ctx, patience)
			data = append(data, at.Sub(t.began))
		}
		t.close()
		if err != nil {
			return nil, fmt.Errorf("kscope %q: %w", args, err)
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil { // its connections are closed
			return nil, err
		}
	}
	r.put(id, frame.max(), medianMax(frame))
	r.put(id+"-why", 0, fmt.Sprintf("%s and %s", ms(slowest.ran), ms(slowest.waited)))
	return data, nil
}

// starts measures first frames and the wanted data.
func (r *runner) starts(ctx context.Context) error {
	if err := r.version(ctx, r.plan.launches); err != nil {
		return err
	}
	detail := []string{"-n", target.Namespace, target.Name}
	data, err := r.launches(ctx, "frame", r.c.Kubeconfig, detailComplete, detail...)
	if err != nil {
		return err
	}
	if r.size == small {
		r.put("data", data.median(), medianMax(data))
	} else {
		r.put("detail", data.median(), medianMax(data))
		data, err := r.launches(ctx, "frame-all", r.c.Kubeconfig, overviewComplete(r.objects()), "-A")
		if err != nil {
			return err
		}
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
		if _, err := r.launches(ctx, id, path, nil, "-n", target.Namespace); err != nil {
			return err
		}
	}
	return nil
}
