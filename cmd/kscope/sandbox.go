package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/demo"
	"github.com/kscope/kscope/notes"
	"github.com/kscope/kscope/sandbox"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/every"
	"github.com/kscope/kscope/sources/keda"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/sources/redis"
	"github.com/kscope/kscope/triggers"
)

// sandboxFlags are the raw flags of the sandbox.
type sandboxFlags struct {
	files     []string
	demo      string
	deep      bool
	speed     float64
	redisPort int
	seed      uint64
	service   time.Duration
	start     time.Duration
	spread    float64
	noWorkers bool
	broken    []string
	brokers   []string
	real      map[string]string // the addresses of brokers, by name, as brokers has them
	screen    screenFlags
}

const sandboxExample = `  kscope sandbox                            the demo, with nothing installed
  kscope sandbox --demo kafka               the same with another broker
  kscope sandbox -f ./deploy --speed 10     your own manifests, ten times as fast as life
  kubectl get deploy,so,hpa -o yaml | kscope sandbox -f -
                                            a cluster as it is, and how it goes on
  kscope sandbox --redis-port 6399          then redis-cli -p 6399 lpush orders a b c
  kscope sandbox --break image              see what a bad image looks like`

func newSandbox(cluster *flags, p process) *cobra.Command {
	f := &sandboxFlags{}
	cmd := &cobra.Command{
		Use:   "sandbox [NAME]",
		Short: "Open the dashboard on a cluster in memory: nothing to install, nothing to break",
		Long: "The same screen over a cluster in memory that plays KEDA, the HPA, Deployments, pods\n" +
			"and workers by their own rules, with a Redis server that any program can connect to.\n" +
			"It runs the demo, or the manifests given with -f. The palette (:) breaks things.",
		Example: sandboxExample,
		Args:    noFiles(true, atMostOne),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := onlyNamespace(cmd); err != nil {
				return err
			}
			if cmd.Flags().Changed("demo") && len(f.files) > 0 {
				return usageError{errors.New("--demo and --filename: give one of them")}
			}
			name := ""
			if len(args) > 0 {
				name = args[0]
			}
			return play(cmd.Context(), f, cluster.cluster.Context.Namespace, name, p)
		},
	}
	fs := cmd.Flags()
	fs.StringArrayVarP(&f.files, "filename", "f", nil, "manifests to run: a file, a directory, or - for stdin; may be repeated")
	fs.StringVar(&f.demo, "demo", demo.Default.Broker, "which demo to run, where there is no -f: "+strings.Join(demo.Brokers(), ", "))
	fs.BoolVarP(&f.deep, "recursive", "R", false, "read the manifests of folders in a directory, too")
	fs.Float64Var(&f.speed, "speed", 1, fmt.Sprintf("how many times as fast as life, %v to %v", sandbox.MinSpeed, sandbox.MaxSpeed))
	fs.IntVar(&f.redisPort, "redis-port", 0, "the port of 127.0.0.1 for the queues; 0 takes a free one")
	fs.Uint64Var(&f.seed, "seed", 1, "what is left to chance: the same seed plays the same")
	fs.DurationVar(&f.service, "service-time", 2*time.Second, "what a worker takes for a job")
	fs.DurationVar(&f.start, "start-time", 3*time.Second, "what a pod takes to start")
	fs.Float64Var(&f.spread, "spread", 0.2, "by which part of them these times vary, 0 to 1")
	fs.BoolVar(&f.noWorkers, "no-workers", false, "pods take no jobs: leave them to a program of your own")
	fs.StringSliceVar(&f.broken, "break", nil, "begin with this broken: "+strings.Join(sandbox.BreakageNames(), ", "))
	fs.StringArrayVar(&f.brokers, "broker", nil, "a real broker, such as kafka=127.0.0.1:9092: KEDA and you go by what it holds; pods take nothing from it, that is for consumers of your own; may be repeated")
	f.screen.bind(fs)
	_ = cmd.RegisterFlagCompletionFunc("break", cobra.FixedCompletions(sandbox.BreakageNames(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("demo", completeBroker)
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
	if !(f.spread >= 0 && f.spread <= 1) { // nor no number at all
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
	if err := f.readBrokers(); err != nil {
		return none, err
	}
	m, err := f.load(stdin)
	if err != nil {
		return none, severally(err, m.Refused)
	}
	return sandbox.Options{
		Manifests: m, Wall: time.Now, Speed: f.speed, Seed: f.seed, RedisPort: f.redisPort,
		ServiceTime: f.service, ServiceSpread: f.spread, StartTime: f.start, StartSpread: f.spread, NoWorkers: f.noWorkers,
		Brokers: slices.Sorted(maps.Keys(f.real)),
	}, nil
}

// load reads the manifests that are given, or those of the demo.
func (f *sandboxFlags) load(stdin io.Reader) (sandbox.Manifests, error) {
	if len(f.files) == 0 {
		d, err := demoOf("demo", f.demo)
		if err != nil {
			return sandbox.Manifests{}, err
		}
		return sandbox.LoadDemo(d)
	}
	if f.deep {
		f.files = sandbox.Folders(f.files)
	}
	return sandbox.Load(f.files, stdin)
}

// readBrokers reads which brokers are real ones, and where.
func (f *sandboxFlags) readBrokers() error {
	known := every.Protocols()
	delete(known, "http") // nothing waits there for consumers of anybody's
	f.real = map[string]string{}
	for _, text := range f.brokers {
		name, address, _ := strings.Cut(text, "=")
		if known[name] == nil {
			all := slices.Sorted(maps.Keys(known))
			hint := "" // kscope sandbox --help lists its flags
			if near := nearestOf(all, name); len(near) > 0 && address != "" {
				hint = "did you mean: --broker " + near[0] + "=" + address
			} else if name == triggers.RedisBroker {
				hint = "Redis is the sandbox's own, at the port that --redis-port names"
			}
			return usageError{&kscope.Trouble{Cause: fmt.Errorf("--broker %q: want NAME=HOST:PORT, with one of %s", text, strings.Join(all, ", ")), Hint: hint}}
		}
		if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
			return usageError{&kscope.Trouble{Cause: fmt.Errorf("--broker %q: %q is not HOST:PORT", text, address), Hint: "write --broker " + name + "=HOST:PORT, such as 127.0.0.1 and the port of that broker here"}}
		}
		f.real[name] = address
	}
	return nil
}

// withReal are the notes with what is different about each real broker, and without
// those that it is played.
func (f *sandboxFlags) withReal(all []notes.Note) []notes.Note {
	used := map[string]bool{}
	out := slices.DeleteFunc(slices.Clone(all), func(n notes.Note) bool {
		used[n.Plays] = true
		return n.Plays != "" && f.real[n.Plays] != ""
	})
	for _, name := range slices.Sorted(maps.Keys(f.real)) {
		n := notes.Note{Weight: notes.Differs, Says: fmt.Sprintf("%s is the one at %s and is not played: KEDA goes by what it holds, and pods take nothing from it", name, f.real[name]), Next: "run consumers of your own"}
		if !used[name] {
			n.Says, n.Next = fmt.Sprintf("the %s at %s is not asked: no trigger here is of it", name, f.real[name]), "give manifests with such a trigger, by -f or --demo"
		}
		out = append(out, n)
	}
	return out
}

// queuesIn is the source of the queues of a sandbox: those in its Redis, and those of
// real brokers, by name, at the addresses given, whatever address their triggers name.
func queuesIn(s *sandbox.Sandbox, real map[string]string, o broker.Options) *broker.Source {
	lists := redis.Technology(redis.Options{Interval: o.Interval, Dial: s.Dial, Resolve: accessOf(s)})
	all := map[string]broker.Technology{triggers.RedisBroker: broker.Amended(lists, s.Tell)}
	protocols, resolver := every.Protocols(), keda.NewResolver(s.Clients())
	for name, address := range real {
		all[name] = protocol.New(protocols[name], protocol.Options{Resolve: resolver.Parameters, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			conn, err := (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext(ctx, network, address)
			switch {
			case errors.Is(err, syscall.ECONNREFUSED): // the address that the trigger names is not the one that was tried
				return nil, &kscope.Trouble{Message: "nothing listens at " + address + ", which --broker names (connection refused)", Hint: "start the broker there, or leave and name another port", Cause: err}
			case err != nil:
				return nil, err
			}
			return namedConn{conn, address}, nil
		}})
	}
	return broker.New(all, o)
}

// namedConn is a connection to a broker that --broker names.
type namedConn struct {
	net.Conn
	at string
}

// Through says what leads there.
func (c namedConn) Through() string { return "--broker, which names " + c.at }
