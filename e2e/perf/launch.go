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

// A beside is what is timed right before each start: what makes one slow makes
// the other slow, so that a ratio holds on a busy machine.
type beside func(context.Context) (time.Duration, error)

// launches starts kscope again and again, and gives how long the first frame and
// the screen that ok describes took; ok may be nil. Before each start it times
// kscope version. It notes the first frames under an id, the slowest of them with
// "-max", where its time went with "-why" and the yardstick with "-version".
func (r *runner) launches(ctx context.Context, id, kubeconfig string, ok func(string) bool, yardstick beside, args ...string) (data, beside times, err error) {
	var frame, version times
	var slowest turns
	for range r.plan.launches {
		v, err := r.version(ctx)
		if err != nil {
			return nil, nil, err
		}
		version = append(version, v)
		if yardstick != nil {
			k, err := yardstick(ctx)
			if err != nil {
				return nil, nil, err
			}
			beside = append(beside, k)
		}
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
		if frame = append(frame, at.Sub(t.began)); err == nil && frame.max() == at.Sub(t.began) {
			slowest, err = turnsOf(t.pid)
		}
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
	r.put(id+"-version", version.median(), medianMax(version))
	r.put(id+"-version-max", version.max(), ms(version.max()))
	r.put(id, frame.median(), medianMax(frame))
	r.put(id+"-max", frame.max(), ms(frame.max()))
	r.put(id+"-why", 0, fmt.Sprintf("%s and %s", ms(slowest.ran), ms(slowest.waited)))
	return data, beside, nil
}

// starts measures first frames and the wanted data, beside kubectl's first line
// of the same: of one Deployment, or of all pods.
func (r *runner) starts(ctx context.Context) error {
	one := func(ctx context.Context) (time.Duration, error) {
		return timeKubectl(ctx, r.c, "deployments", "-n", target.Namespace, target.Name)
	}
	data, beside, err := r.launches(ctx, "frame", r.c.Kubeconfig, detailComplete, one, "-n", target.Namespace, target.Name)
	if err != nil {
		return err
	}
	r.put("one", data.median(), medianMax(data))
	r.put("one-kubectl", beside.median(), medianMax(beside))
	if r.size != small {
		all := func(ctx context.Context) (time.Duration, error) { return timeKubectl(ctx, r.c, "pods", "-A") }
		data, beside, err := r.launches(ctx, "frame-all", r.c.Kubeconfig, overviewComplete(r.objects()), all, "-A")
		if err != nil {
			return err
		}
		r.put("all", data.median(), medianMax(data))
		r.put("all-kubectl", beside.median(), medianMax(beside))
		if smaller, ok := r.report.figures[large]["all"]; ok && r.size == huge {
			r.put("huge", data.median(), ms(data.median()))
			r.put("huge-large", smaller.judged, smaller.text)
		}
	}
	return r.unreachable(ctx)
}

// version is what it takes to start and end the program without doing anything,
// which says how fast the machine is just now.
func (r *runner) version(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	if err := exec.CommandContext(ctx, r.binary, "version").Run(); err != nil {
		return 0, fmt.Errorf("kscope version: %w", err)
	}
	return time.Since(began), nil
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
		if _, _, err := r.launches(ctx, id, path, nil, nil, "-n", target.Namespace); err != nil {
			return err
		}
	}
	return nil
}
