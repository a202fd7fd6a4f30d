package perf

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A reading is what a process has used so far.
type reading struct {
	at            time.Time
	cpu           time.Duration
	bytes, frames int
}

func read(pid int, written func() (bytes, frames int)) (reading, error) {
	cpu, err := cpuOf(pid)
	bytes, frames := written()
	return reading{time.Now(), cpu, bytes, frames}, err
}

// usage is what a process used in a while.
type usage struct {
	cpu    float64 // of a core, in percent
	bytes  float64 // a second
	frames float64 // a minute
}

func (r reading) since(before reading) usage {
	seconds := r.at.Sub(before.at).Seconds()
	return usage{
		cpu:    100 * (r.cpu - before.cpu).Seconds() / seconds,
		bytes:  float64(r.bytes-before.bytes) / seconds,
		frames: 60 * float64(r.frames-before.frames) / seconds,
	}
}

// idle measures what the dashboard costs while nobody touches anything, its
// memory, and what kubectl get -w costs at the same time. It does so twice:
// soon after the start, and when the charts have filled and stand still.
func (r *runner) idle(ctx context.Context) error {
	k, err := startKubectl(r.c, "deployments", r.everything()...)
	if err != nil {
		return err
	}
	defer k.close()
	first, err := k.firstLine(ctx, patience)
	if err != nil {
		return err
	}
	t, err := r.dashboard(ctx)
	if err != nil {
		return err
	}
	defer t.close()
	pid, kpid := t.pid, k.cmd.Process.Pid
	of := func() (reading, error) { return read(pid, t.written) }
	kof := func() (reading, error) {
		return read(kpid, func() (int, int) { return int(k.bytes.Load()), 0 })
	}
	fresh, _, err := r.use(ctx, r.plan.settle, of, kof)
	if err != nil {
		return err
	}
	r.idles("fresh", fresh)
	if err := r.eachPod(pid); err != nil {
		return err
	}
	filled, beside, err := r.use(ctx, r.plan.fill, of, kof)
	if err != nil {
		return err
	}
	r.idles("idle", filled)
	m, err := memoryOf(kpid)
	if err != nil {
		return err
	}
	r.put("kubectl", 0, fmt.Sprintf("%s, %.2f %%, %.1f B/s, %s", ms(first), beside.cpu, beside.bytes, mib(m.rss)))
	return r.memory(pid)
}

func (r *runner) idles(id string, u usage) {
	r.put(id+"-cpu", u.cpu, fmt.Sprintf("%.2f %%", u.cpu))
	r.put(id+"-bytes", u.bytes, fmt.Sprintf("%.1f B/s", u.bytes))
	r.put(id+"-frames", u.frames, fmt.Sprintf("%.1f a minute", u.frames))
}

// use lets time pass, then gives what two processes use.
func (r *runner) use(ctx context.Context, before time.Duration, of, beside func() (reading, error)) (usage, usage, error) {
	if err := pause(ctx, before); err != nil {
		return usage{}, usage{}, err
	}
	a, err1 := of()
	b, err2 := beside()
	if err := errors.Join(err1, err2); err != nil {
		return usage{}, usage{}, err
	}
	if err := pause(ctx, r.plan.idle); err != nil {
		return usage{}, usage{}, err
	}
	a2, err1 := of()
	b2, err2 := beside()
	return a2.since(a), b2.since(b), errors.Join(err1, err2)
}

// everything is how kubectl is asked for what the dashboard shows.
func (r *runner) everything() []string {
	if r.size != small {
		return []string{"-A"}
	}
	return []string{"-n", target.Namespace}
}

func mib(bytes int64) string { return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20)) }

// memory is that of a dashboard that has been open for a while.
func (r *runner) memory(pid int) error {
	m, err := memoryOf(pid)
	if err != nil {
		return err
	}
	r.put("memory", float64(m.rss)/(1<<20), fmt.Sprintf("%s, peak %s", mib(m.rss), mib(m.peak)))
	r.put("memory-anon", float64(m.anon)/(1<<20), mib(m.anon))
	return nil
}

// fewer is the part of the pods of the large size that growth is counted from.
const fewer = 5

// few reads the memory of a dashboard over as many objects as at the large size
// with fewer pods, at the age at which it is read with all of them.
func (r *runner) few(ctx context.Context) error {
	pods := r.objects() * r.o.Load.Each / fewer
	r.say("%s: bringing up %d ScaledObjects with %d pods in all", r.size, r.objects(), pods)
	if err := r.o.Load.Fill(ctx, r.c, r.objects(), pods); err != nil {
		return err
	}
	t, err := r.dashboard(ctx)
	if err != nil {
		return err
	}
	defer t.close()
	if err := pause(ctx, r.plan.settle+r.plan.idle); err != nil {
		return err
	}
	m, err := memoryOf(t.pid)
	r.anonFew = m.anon
	return err
}

// eachPod is what a pod costs: what grew since few. Garbage not yet collected is
// in both readings, a few hundred kilobytes more in one or the other.
func (r *runner) eachPod(pid int) error {
	if r.size != large || r.anonFew == 0 {
		return nil
	}
	m, err := memoryOf(pid)
	if err != nil {
		return err
	}
	all := r.objects() * r.o.Load.Each
	each := float64(m.anon-r.anonFew) / float64(all-all/fewer) / 1000
	r.put("memory-pod", each, fmt.Sprintf("%.1f kB", each))
	return nil
}

// asks counts the requests of an idle dashboard, through a proxy.
func (r *runner) asks(ctx context.Context) error {
	p, err := newProxy(r.c.Config, r.dir)
	if err != nil {
		return err
	}
	defer p.close()
	direct := r.c.Kubeconfig
	r.c.Kubeconfig = p.kubeconfig
	t, err := r.dashboard(ctx)
	r.c.Kubeconfig = direct
	if err != nil {
		return err
	}
	defer t.close()
	if err := pause(ctx, r.plan.settle); err != nil {
		return err
	}
	opened, others, lines := p.requests()
	r.say("to start, kscope opened %d watches and made %d other requests:", opened, others)
	for _, l := range lines {
		r.say("  %s", l)
	}
	began := time.Now()
	if err := pause(ctx, r.plan.idle); err != nil {
		return err
	}
	watches, others, lines := p.requests()
	for _, l := range lines {
		r.say("  idle: %s", l)
	}
	minutes := time.Since(began).Minutes()
	r.put("requests", float64(others)/minutes, fmt.Sprintf("%.1f a minute", float64(others)/minutes))
	r.put("watches", 0, fmt.Sprintf("%d open, %d opened again", opened, watches))
	return nil
}
