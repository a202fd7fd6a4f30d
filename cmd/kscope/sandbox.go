package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox"
	"github.com/kscope/kscope/sources/k8s"
	"github.com/kscope/kscope/sources/keda"
	"github.com/kscope/kscope/sources/redis"
	"github.com/kscope/kscope/tui"
)

// sandboxFlags are the raw flags of the sandbox.
type sandboxFlags struct {
	files     []string
	speed     float64
	redisPort int
	seed      uint64
	service   time.Duration
	start     time.Duration
	spread    float64
	noWorkers bool
	broken    []string
	screen    screenFlags
}

const sandboxExample = `  kscope sandbox                            the demo, with nothing installed
  kscope sandbox -f ./deploy --speed 10     your own manifests, ten times as fast as life
  kscope sandbox --redis-port 6399          then redis-cli -p 6399 lpush orders a b c
  kscope sandbox --break image              see what a bad image looks like`

func newSandbox(cluster *flags, stdin io.Reader, stdout, stderr io.Writer) *cobra.Command {
	f := &sandboxFlags{}
	cmd := &cobra.Command{
		Use:   "sandbox [NAME]",
		Short: "Open the dashboard on a cluster in memory: nothing to install, nothing to break",
		Long: "The same screen over a cluster in memory that plays KEDA, the HPA, Deployments, pods\n" +
			"and workers by their own rules, with a Redis server that any program can connect to.\n" +
			"It runs the demo, or the manifests given with -f. The palette (:) breaks things.",
		Example: sandboxExample,
		Args:    atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := onlyNamespace(cmd); err != nil {
				return err
			}
			name := ""
			if len(args) > 0 {
				name = args[0]
			}
			return play(cmd.Context(), f, cluster.cluster.Context.Namespace, name, stdin, stdout, stderr)
		},
	}
	fs := cmd.Flags()
	fs.StringArrayVarP(&f.files, "filename", "f", nil, "manifests to run: a file, a directory, or - for stdin; may be repeated")
	fs.Float64Var(&f.speed, "speed", 1, fmt.Sprintf("how many times as fast as life, %v to %v", sandbox.MinSpeed, sandbox.MaxSpeed))
	fs.IntVar(&f.redisPort, "redis-port", 0, "the port of 127.0.0.1 for the queues; 0 takes a free one")
	fs.Uint64Var(&f.seed, "seed", 1, "what is left to chance: the same seed plays the same")
	fs.DurationVar(&f.service, "service-time", 2*time.Second, "what a worker takes for a job")
	fs.DurationVar(&f.start, "start-time", 3*time.Second, "what a pod takes to start")
	fs.Float64Var(&f.spread, "spread", 0.2, "by which part of them these times vary, 0 to 1")
	fs.BoolVar(&f.noWorkers, "no-workers", false, "pods take no jobs: leave them to a program of your own")
	fs.StringSliceVar(&f.broken, "break", nil, "begin with this broken: "+strings.Join(sandbox.BreakageNames(), ", "))
	f.screen.bind(fs)
	_ = cmd.RegisterFlagCompletionFunc("break", cobra.FixedCompletions(sandbox.BreakageNames(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("theme", completeTheme)
	return cmd
}

// onlyNamespace refuses the flags that choose a cluster: whoever gives one
// should not believe that it had an effect.
func onlyNamespace(cmd *cobra.Command) (err error) {
	cmd.InheritedFlags().VisitAll(func(fl *pflag.Flag) {
		if fl.Changed && fl.Name != "namespace" && err == nil {
			err = usageError{fmt.Errorf("--%s means nothing in the sandbox, which touches no cluster", fl.Name)}
		}
	})
	return err
}

// options turns flags into what they mean, manifests included.
func (f *sandboxFlags) options(stdin io.Reader) (sandbox.Options, error) {
	var none sandbox.Options
	if f.service <= 0 || f.start < 0 {
		return none, usageError{fmt.Errorf("--service-time %s, --start-time %s: must be positive", f.service, f.start)}
	}
	if f.spread < 0 || f.spread > 1 {
		return none, usageError{fmt.Errorf("--spread %g: want 0 to 1", f.spread)}
	}
	if f.speed < sandbox.MinSpeed || f.speed > sandbox.MaxSpeed {
		return none, usageError{fmt.Errorf("--speed %g: want %v to %v", f.speed, sandbox.MinSpeed, sandbox.MaxSpeed)}
	}
	if f.redisPort < 0 || f.redisPort > 65535 {
		return none, usageError{fmt.Errorf("--redis-port %d: want 1 to 65535, or 0", f.redisPort)}
	}
	for _, name := range f.broken {
		if !slices.Contains(sandbox.BreakageNames(), name) {
			return none, usageError{fmt.Errorf("--break %q: want %s", name, strings.Join(sandbox.BreakageNames(), ", "))}
		}
	}
	m, err := sandbox.Load(f.files, stdin)
	if err != nil {
		return none, err
	}
	return sandbox.Options{
		Manifests: m, Wall: time.Now, Speed: f.speed, Seed: f.seed, RedisPort: f.redisPort,
		ServiceTime: f.service, ServiceSpread: f.spread, StartTime: f.start, StartSpread: f.spread, NoWorkers: f.noWorkers,
	}, nil
}

// play is the dashboard over a sandbox: live's sources, another opening.
func play(ctx context.Context, f *sandboxFlags, namespace, name string, stdin io.Reader, stdout, stderr io.Writer) error {
	o, err := f.screen.options()
	if err != nil {
		return err
	}
	so, err := f.options(stdin)
	if err != nil {
		return err
	}
	if slices.Contains(f.files, "-") { // the keys come from the terminal itself
		in, out, err := tea.OpenTTY()
		if err != nil {
			return &kscope.Trouble{Cause: fmt.Errorf("-f - takes stdin, and there is no terminal for the keys: %w", err), Hint: "give the manifests as a file"}
		}
		defer func() { _, _ = in.Close(), out.Close() }()
		stdin = in
	}
	if err := needTerminal(stdin, stdout); err != nil {
		return err
	}
	closeLog, err := logTo(f.screen.log)
	if err != nil {
		return err
	}
	defer closeLog()
	s, err := sandbox.New(so)
	if err != nil {
		return err
	}
	defer s.Close()
	for _, name := range f.broken {
		if err := s.Break(name); err != nil {
			return err
		}
	}
	for _, note := range so.Manifests.Notes {
		fmt.Fprintln(stderr, "note:", kscope.Clean(note))
	}
	if namespace == "" {
		namespace = soleNamespace(so.Manifests)
	}
	o.Mode, o.Namespace, o.Name, o.LocalCluster, o.Teach = "SANDBOX", namespace, name, true, len(f.files) == 0
	o.Armed = true
	o.Context = "redis-cli -p " + port(s.Redis())
	o.Pace = func() string { return pace(s.Speed()) }
	o.Actions = func() []tui.Action { return actions(s) }
	if n := so.Manifests.Notes; len(n) > 0 {
		o.Notice = n[0]
		if len(n) > 1 {
			o.Notice = fmt.Sprintf("%s  (and %d more, on stderr)", n[0], len(n)-1)
		}
	}
	queues := redis.New(redis.Options{Interval: pollEvery(f.speed), ReadOnly: f.screen.readOnly, Dial: s.Dial})
	return show(ctx, o, queues, s.Now, func(ctx context.Context) (<-chan kscope.Observation, error) {
		return openSandbox(ctx, s, namespace, queues), nil
	}, stdin, stdout)
}

// openSandbox is the stream of a sandbox. It ends when the sandbox has.
func openSandbox(ctx context.Context, s *sandbox.Sandbox, namespace string, queues *redis.Source) <-chan kscope.Observation {
	typed, dynamic := s.Clients()
	watched := k8s.New(k8s.Options{Client: typed, Dynamic: dynamic, Namespace: namespace})
	scaled := sandbox.StandIns(keda.New(keda.Options{Dynamic: dynamic, Namespace: namespace}))
	return kscope.Tap(kscope.Merge(ctx, s.Now, watched, scaled, queues, world{s}), func(o kscope.Observation) {
		queues.Follow(o)
		watched.Follow(o)
	})
}

// soleNamespace is that of all ScaledObjects, "" if they have several.
func soleNamespace(m sandbox.Manifests) string {
	name, found := "", false
	for _, obj := range m.Objects {
		u, ok := obj.(*unstructured.Unstructured)
		switch {
		case !ok || !strings.HasPrefix(u.GetKind(), "Scaled"):
		case found && u.GetNamespace() != name:
			return ""
		default:
			name, found = u.GetNamespace(), true
		}
	}
	return name
}

// world is what moves the sandbox, run beside the sources so that its failure
// shows like one of theirs.
type world struct{ *sandbox.Sandbox }

func (world) Name() string { return "sandbox" }

func (w world) Run(ctx context.Context, _ func(kscope.Fact)) error {
	if err := w.Sandbox.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// pollEvery keeps measurements at most a few seconds of the sandbox apart.
func pollEvery(speed float64) time.Duration {
	return max(time.Duration(float64(redis.DefaultInterval)/max(speed, 1)), 50*time.Millisecond)
}

// paces are the speeds that the palette offers.
var paces = []float64{1, 5, 20, 60}

// actions is the palette of the sandbox.
func actions(s *sandbox.Sandbox) []tui.Action {
	var out []tui.Action
	for _, b := range s.Breakages() {
		do := s.Break
		if b.Broken {
			do = s.Mend
		}
		out = append(out, tui.Action{Name: b.Title, About: b.Effect, On: b.Broken, Run: func() error { return do(b.Name) }})
	}
	for _, speed := range paces {
		about := "time passes as in life"
		if speed != 1 {
			about = fmt.Sprintf("time passes %g times as fast as in life", speed)
		}
		out = append(out, tui.Action{Name: fmt.Sprintf("speed %gx", speed), About: about, Run: func() error { return s.SetSpeed(speed) }})
	}
	return out
}

func pace(speed float64) string {
	if speed == 1 {
		return ""
	}
	return fmt.Sprintf("%gx", speed)
}

func port(address string) string {
	_, p, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return p
}
