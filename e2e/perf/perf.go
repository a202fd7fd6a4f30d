package perf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kscope/kscope/e2e/cluster"
)

// Options say what to measure.
type Options struct {
	Small, Large, Huge bool // which sizes
	Quick              bool // few samples, to see that everything works
	Load               Load
	Beside             string    // another kscope to measure this one beside, and nothing else; "" for none
	Out                string    // a Markdown file for the table; "" for none
	Stdout             io.Writer // for the table
	Progress           io.Writer
}

// A Load is what is measured over.
type Load struct {
	Objects int // at the large size
	Each    int // pods of each of them
	// Fill brings so many ScaledObjects and pods up in a cluster, or more in
	// one where there are some, and returns when all are ready. The first
	// ScaledObject is the target.
	Fill func(ctx context.Context, c *cluster.Cluster, objects, pods int) error
}

// object is a ScaledObject with the Deployment of the same name that it
// scales, and its list.
type object struct{ Namespace, Name, List string }

// target is the ScaledObject that is looked at and changed, at both sizes.
var target = object{"load-0", "load-0000", "load:load-0000"}

var scaledObjects = schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}

// plan is how much is measured.
type plan struct {
	launches     int
	changes      int
	settle, idle time.Duration
	fill         time.Duration // until the charts have filled
	storm        int           // pods
}

var (
	thorough = plan{launches: 20, changes: 80, settle: 15 * time.Second, idle: time.Minute, fill: 2 * time.Minute, storm: 500}
	hasty    = plan{launches: 3, changes: 6, settle: 3 * time.Second, idle: 10 * time.Second, fill: 3 * time.Second, storm: 50}
)

// limit is how long everything may take, so that nothing hangs for ever.
const limit = 3 * time.Hour

// size is one of the sizes that the limits are given for.
type size int

const (
	small size = iota
	large
	huge
	sizes
)

func (s size) String() string { return [...]string{"small", "large", "huge"}[s] }

// hugeBy is by how much huge is larger than large.
const hugeBy = 4

type runner struct {
	o      Options
	plan   plan
	c      *cluster.Cluster
	dir    string // temporary
	binary string
	report *report
	began  time.Time

	size    size
	anonFew int64 // with a fifth of the pods of the large size, at the age of the later reading
}

// Run measures. That a limit is missed is a result, and no error.
func Run(ctx context.Context, o Options) (err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	dir, err := os.MkdirTemp("", "kscope-perf-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	r := &runner{o: o, plan: thorough, dir: dir, began: time.Now()}
	if o.Quick {
		r.plan = hasty
	}
	r.report = newReport(r.plan, o)
	if r.binary, err = build(ctx, dir); err != nil {
		return err
	}
	if r.c, err = cluster.Start(ctx, cluster.Options{AsReleased: true, Progress: o.Progress}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.c.Stop()) }()
	if o.Beside != "" {
		fmt.Fprint(o.Stdout, "| size | what | this | beside | ratio |\n|---|---|---|---|---|\n")
	}
	for s, wanted := range []bool{o.Small, o.Large, o.Huge} {
		if !wanted {
			continue
		}
		if err := r.measure(ctx, size(s)); err != nil {
			return fmt.Errorf("%s: %w", size(s), err)
		}
	}
	r.report.finish()
	if o.Beside != "" {
		return nil
	}
	fmt.Fprintf(o.Stdout, "\n%s\n%s", r.report.markdown(), r.report.misses())
	if o.Out == "" {
		return nil
	}
	r.say("the table goes into %s", o.Out)
	return write(o.Out, r.report.markdown())
}

// measure does everything at one size.
func (r *runner) measure(ctx context.Context, s size) error {
	r.size = s
	objects := r.objects()
	if s == large && r.o.Beside == "" {
		if err := r.few(ctx); err != nil {
			return err
		}
	}
	r.say("%s: bringing up %d ScaledObjects with %d pods each", s, objects, r.o.Load.Each)
	if err := r.o.Load.Fill(ctx, r.c, objects, objects*r.o.Load.Each); err != nil {
		return err
	}
	if err := pause(ctx, r.plan.settle); err != nil { // what the load has set off
		return err
	}
	if r.o.Beside != "" {
		return r.compare(ctx)
	}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"starts", r.starts}, {"idle and memory", r.idle}, {"keys", r.keys}, {"requests", r.asks}, {"changes and the storm", r.changes},
	} {
		if s == huge && step.what == "requests" {
			break // usable is what it has to be there
		}
		r.say("%s: %s (load average %.1f)", s, step.what, r.report.load())
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

func (r *runner) objects() int {
	switch r.size {
	case large:
		return r.o.Load.Objects
	case huge:
		return hugeBy * r.o.Load.Objects
	}
	return 1
}

// kscope starts the program that is measured.
func (r *runner) kscope(kubeconfig string, args ...string) (*terminal, error) {
	return run(kubeconfig, r.dir, append([]string{r.binary}, args...)...)
}

// put notes a figure.
func (r *runner) put(id string, judged any, text string) {
	r.say("  %-14s %s", id, text)
	r.report.put(r.size, id, judged, text)
}

// say is a line of progress.
func (r *runner) say(format string, args ...any) {
	fmt.Fprintf(r.o.Progress, "%5.0fs  %s\n", time.Since(r.began).Seconds(), fmt.Sprintf(format, args...))
}

// build compiles kscope as it lies in the checkout, as make install does.
// KSCOPE_BINARY names a finished program to measure instead.
func build(ctx context.Context, dir string) (string, error) {
	if b := os.Getenv("KSCOPE_BINARY"); b != "" {
		return filepath.Abs(b)
	}
	path := filepath.Join(dir, "kscope")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "./cmd/kscope")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/kscope: %w\n%s", err, out)
	}
	return path, nil
}

// pause lets time pass: some of what is measured is what happens in it.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
