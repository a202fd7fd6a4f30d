package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/sources/redis"
	"github.com/kscope/kscope/tui"
)

// flags are the raw flags of the live dashboard; settings turns them into what
// they mean.
type flags struct {
	kubeconfig    string
	cluster       clientcmd.ConfigOverrides
	allNamespaces bool
	selector      string
	redis         []string
	redisPassword []string
	redisInterval time.Duration
	kedaMetrics   string
	screen        screenFlags
}

// screenFlags are those of every command that opens the screen.
type screenFlags struct {
	readOnly bool
	log      string
	ledger   string
	theme    string
	ascii    bool
	noColor  bool

	load     string
	payload  string
	pushSide string
	maxRate  float64
	maxTotal int64
}

func (f *screenFlags) bind(fs *pflag.FlagSet) {
	fs.BoolVar(&f.readOnly, "read-only", false, "never write: no load by keypress")
	fs.StringVar(&f.log, "log", "", "write a log to this file")
	fs.StringVar(&f.ledger, "ledger", "", "in the end, write what each episode took to this file, as lines of JSON; - is stdout")
	fs.StringVar(&f.theme, "theme", "", "dark or light; by default the terminal is asked")
	fs.BoolVar(&f.ascii, "ascii", false, "draw with ASCII only; by default where the locale is not UTF-8")
	fs.BoolVar(&f.noColor, "no-color", false, "draw without colours, as NO_COLOR does")
	fs.StringVar(&f.load, "load", "", "begin with this load, if the queue is armed: "+load.ProfileUsage)
	fs.StringVar(&f.payload, "payload", "", "what a job looks like: text with "+load.PayloadUsage+"; by default "+load.DefaultPayload)
	fs.StringVar(&f.pushSide, "push-side", string(load.Head), "the command that puts jobs into a list: lpush, or rpush for workers that pop the head")
	fs.Float64Var(&f.maxRate, "max-rate", load.DefaultLimits.Rate, "jobs a second that no load may exceed")
	fs.Int64Var(&f.maxTotal, "max-total", load.DefaultLimits.Total, "jobs that no load may exceed")
}

// options are the screen's, as far as these flags and the environment decide.
func (f *screenFlags) options() (tui.Options, error) {
	if f.theme != "" && f.theme != "dark" && f.theme != "light" {
		return tui.Options{}, usageError{fmt.Errorf("--theme %q: want dark or light", f.theme)}
	}
	load, err := f.loads()
	return tui.Options{
		ReadOnly: f.readOnly, Theme: f.theme, ASCII: f.ascii || !utf8Locale(), NoColor: f.noColor || os.Getenv("NO_COLOR") != "",
		Load: load,
	}, err
}

// loads is what the flags say about load.
func (f *screenFlags) loads() (o tui.LoadOptions, err error) {
	if f.maxRate <= 0 || f.maxTotal <= 0 {
		return o, usageError{fmt.Errorf("--max-rate %v, --max-total %d: must be positive", f.maxRate, f.maxTotal)}
	}
	o.Limits = load.Limits{Rate: f.maxRate, Total: f.maxTotal}
	if err := o.Limits.Check(); err != nil {
		return o, usageError{fmt.Errorf("--max-rate, --max-total: %w", err)}
	}
	if o.Side, err = load.ParseSide(f.pushSide); err != nil {
		return o, usageError{fmt.Errorf("--push-side: %w", err)}
	}
	if f.payload != "" {
		if o.Payload, err = load.ParsePayload(f.payload); err != nil {
			return o, usageError{fmt.Errorf("--payload: %w", err)}
		}
	}
	if f.load == "" {
		return o, nil
	}
	if f.readOnly {
		return o, usageError{errors.New("--load puts jobs into a queue, and --read-only forbids it")}
	}
	if o.Start, err = load.ParseProfile(f.load); err == nil {
		_, err = o.Start.Within(o.Limits)
	}
	if err != nil {
		return o, usageError{fmt.Errorf("--load: %w", err)}
	}
	return o, nil
}

const example = `  kscope sandbox                 a cluster in memory: nothing to install
  kscope -n demo                 the dashboard over a namespace
  kscope -n demo worker-scaler   one ScaledObject
  kscope -A                      every namespace
  kscope demo up                 install the demo in the current context
  kscope -n demo --redis 127.0.0.1:6379   read the queues there`

func newRoot(p process) *cobra.Command {
	f := &flags{}
	root := &cobra.Command{
		Use:   "kscope [NAME]",
		Short: "Watch event-driven scaling live: queue, KEDA, HPA, pods",
		Long: "kscope draws queue depth against replicas on one time axis, says why there are as\n" +
			"many pods as there are and what comes next, and puts load on the queue by keypress.\n\n" +
			"Without a NAME it shows what scales in the namespace: a ScaledObject, a ScaledJob or\n" +
			"an HPA without KEDA, or a table of them.",
		Example:           example,
		Args:              aName,
		SilenceErrors:     true,
		SilenceUsage:      true,
		ValidArgsFunction: completeNames(f),
		RunE: func(cmd *cobra.Command, args []string) error {
			if say, _ := cmd.Flags().GetBool("version"); say {
				return sayVersion(p.stdout)
			}
			name := ""
			if len(args) > 0 {
				name = args[0]
			}
			return live(cmd.Context(), f, name, p)
		},
	}
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetFlagErrorFunc(flagError)
	f.bindCluster(root.PersistentFlags())
	fs := root.Flags()
	f.bindWhere(fs)
	fs.Bool("version", false, "say what this kscope is")
	f.screen.bind(fs)
	_ = root.RegisterFlagCompletionFunc("context", completeContexts(f))
	_ = root.RegisterFlagCompletionFunc("namespace", completeNamespaces(f))
	_ = root.RegisterFlagCompletionFunc("theme", completeTheme)
	root.AddCommand(newSandbox(f, p), newDoctor(f, p), newDemo(f, p.stdout), newVersion(p.stdout))
	strict(root)
	return root
}

func atMostOne(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageError{fmt.Errorf("one NAME at most, got %d: %q", len(args), args)}
	}
	return nil
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("%s takes no arguments, got %q", cmd.CommandPath(), args)}
	}
	return nil
}

// bindWhere adds what chooses objects, and the way to their queues.
func (f *flags) bindWhere(fs *pflag.FlagSet) {
	fs.BoolVarP(&f.allNamespaces, "all-namespaces", "A", false, "watch every namespace")
	fs.StringVarP(&f.selector, "selector", "l", "", "only ScaledObjects and ScaledJobs with these labels, as in kubectl")
	fs.StringArrayVar(&f.redis, "redis", nil, "read every queue at this server instead of where the triggers say: HOST:PORT or redis://[USER@]HOST[:PORT][/DB]; with ADDRESS= before it only the queues of that address; may be repeated. The password comes from KSCOPE_REDIS_PASSWORD")
	fs.StringArrayVar(&f.redisPassword, "redis-password-file", nil, "read the password for --redis from this file; with ADDRESS= before it only for the queues of that address; may be repeated")
	fs.StringVar(&f.kedaMetrics, "keda-metrics", "", "read what KEDA's operator measures at this URL instead of through its pod: http://127.0.0.1:8080/metrics")
	fs.DurationVar(&f.redisInterval, "redis-interval", redis.DefaultInterval, "how often queues are measured, 50ms at least")
}

// bindCluster adds kubectl's flags for choosing a cluster and an identity.
// They come from client-go, whose flags they are: k8s.io/cli-runtime has the
// same ones, but brings kustomize and templates along, which make the binary
// and what it keeps resident more than twice as large.
func (f *flags) bindCluster(fs *pflag.FlagSet) {
	fs.StringVar(&f.kubeconfig, clientcmd.RecommendedConfigPathFlag, "", "the kubeconfig file to use")
	names := clientcmd.RecommendedConfigOverrideFlags("")
	names.ClusterOverrideFlags.APIServer.ShortName = "s" // as in kubectl
	clientcmd.BindOverrideFlags(&f.cluster, fs, names)
}

// loader reads the kubeconfig as kubectl does.
func (f *flags) loader() clientcmd.ClientConfig {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.kubeconfig
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &f.cluster)
}

func newVersion(stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say what this kscope is",
		Args:  noArgs,
		RunE:  func(*cobra.Command, []string) error { return sayVersion(stdout) },
	}
}

func sayVersion(stdout io.Writer) error {
	_, err := fmt.Fprintln(stdout, version())
	return err
}

// version says what the binary was built from, as the Go tool recorded it.
func version() string {
	v, commit, dirty := "unknown", "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		v = info.Main.Version
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = " commit " + s.Value[:min(12, len(s.Value))]
			case s.Key == "vcs.modified" && s.Value == "true":
				dirty = " with changes"
			}
		}
	}
	return fmt.Sprintf("kscope %s%s%s %s %s/%s", v, commit, dirty, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
