package perf

import (
	"context"
	"fmt"
	"time"
)

// A pair is one program and another over the same moments of the same cluster:
// what makes one slow makes the other slow, so that the ratio holds on a busy
// machine as well.
type pair [2]*terminal

// compare measures the program beside another one, at one size: starts by
// turns, then both open at once over the same minutes and the same changes.
func (r *runner) compare(ctx context.Context) error {
	if err := r.besideStarts(ctx, "named", detailComplete, "-n", target.Namespace, target.Name); err != nil {
		return err
	}
	args, ok := r.whole()
	if r.size == large {
		if err := r.besideStarts(ctx, "-A", ok, args...); err != nil {
			return err
		}
	}
	var open pair
	for i, binary := range r.pair() {
		t, err := run(r.c.Kubeconfig, r.dir, append([]string{binary}, args...)...)
		if err != nil {
			return err
		}
		defer t.close()
		if _, err := t.await(ctx, patience, "data", ok); err != nil {
			return err
		}
		open[i] = t
	}
	for _, phase := range []struct {
		what   string
		before time.Duration
	}{{"idle while the charts fill", r.plan.settle}, {"idle", r.plan.fill}} {
		if err := r.besideIdle(ctx, phase.what, open, phase.before); err != nil {
			return err
		}
	}
	return r.besideChanges(ctx, open)
}

func (r *runner) pair() [2]string { return [2]string{r.binary, r.o.Beside} }

// besideStarts starts one and the other by turns, each as often first.
func (r *runner) besideStarts(ctx context.Context, what string, ok func(string) bool, args ...string) error {
	var frame, data [2]times
	for n := range 2 * r.plan.launches {
		i := (n + n/2) % 2
		t, err := run(r.c.Kubeconfig, r.dir, append([]string{r.pair()[i]}, args...)...)
		if err != nil {
			return err
		}
		f, d := t.expect("first frame", firstFrame), t.expect("data", ok)
		first, err := f.wait(ctx, patience)
		var all time.Time
		if err == nil {
			all, err = d.wait(ctx, patience)
		}
		t.close()
		if err != nil {
			return fmt.Errorf("kscope %q: %w", args, err)
		}
		frame[i], data[i] = append(frame[i], first.Sub(t.began)), append(data[i], all.Sub(t.began))
		if err := pause(ctx, 100*time.Millisecond); err != nil { // its connections are closed
			return err
		}
	}
	r.beside(what+": first frame", medianMax(frame[0]), medianMax(frame[1]), ratio(frame))
	r.beside(what+": data", medianMax(data[0]), medianMax(data[1]), ratio(data))
	return nil
}

// besideIdle is what both use over the same minutes, and what memory they have
// at their end.
func (r *runner) besideIdle(ctx context.Context, what string, open pair, before time.Duration) error {
	of := func(t *terminal) func() (reading, error) {
		return func() (reading, error) { return read(t.pid, t.written) }
	}
	a, b, err := r.use(ctx, before, of(open[0]), of(open[1]))
	if err != nil {
		return err
	}
	r.beside(what+": of a core", fmt.Sprintf("%.2f %%", a.cpu), fmt.Sprintf("%.2f %%", b.cpu), a.cpu/b.cpu)
	r.beside(what+": to the terminal", fmt.Sprintf("%.1f B/s", a.bytes), fmt.Sprintf("%.1f B/s", b.bytes), a.bytes/b.bytes)
	var m [2]memory
	for i, t := range open {
		if m[i], err = memoryOf(t.pid); err != nil {
			return err
		}
	}
	for _, part := range []struct {
		what string
		of   func(memory) int64
	}{
		{"resident", func(m memory) int64 { return m.rss }}, {"of that anonymous", func(m memory) int64 { return m.anon }},
		{"peak", func(m memory) int64 { return m.peak }},
	} {
		a, b := part.of(m[0]), part.of(m[1])
		r.beside(what+": "+part.what, mib(a), mib(b), float64(a)/float64(b))
	}
	return nil
}

// besideChanges changes the replicas of the target, and looks at both screens.
func (r *runner) besideChanges(ctx context.Context, open pair) error {
	if err := r.pauseTarget(ctx, true); err != nil {
		return err
	}
	w, err := watchDeployment(ctx, r.c, target)
	if err != nil {
		return err
	}
	var late [2]times
	n := r.o.Load.Each
	for range r.plan.changes {
		if err := pause(ctx, r.between()); err != nil {
			return err
		}
		n = other(n, mostReplicas)
		var waiting [2]*expectation
		for i, t := range open {
			waiting[i] = t.expect(fmt.Sprintf("%d replicas", n), wants(target.Namespace+"/"+target.Name, n))
		}
		if err := r.scale(ctx, n); err != nil {
			return err
		}
		delivered, err := w.await(ctx, patience, n)
		if err != nil {
			return err
		}
		for i, e := range waiting {
			drawn, err := e.wait(ctx, patience)
			if err != nil {
				return err
			}
			late[i] = append(late[i], drawn.Sub(delivered))
		}
	}
	r.beside("change to pixel", medianP95(late[0]), medianP95(late[1]), ratio(late))
	if err := r.scale(ctx, r.o.Load.Each); err != nil {
		return err
	}
	return r.pauseTarget(ctx, false)
}

// ratio is that of the medians.
func ratio(ts [2]times) float64 { return float64(ts[0].median()) / float64(ts[1].median()) }

// beside prints a line of the comparison.
func (r *runner) beside(what, this, that string, ratio float64) {
	fmt.Fprintf(r.o.Stdout, "| %s | %s | %s | %s | %.2f |\n", r.size, what, this, that, ratio)
}
