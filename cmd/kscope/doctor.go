package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/doctor"
	"github.com/kscope/kscope/doctor/manifests"
	"github.com/kscope/kscope/sandbox"
	"github.com/kscope/kscope/sources/k8s"
)

// doctorFlags are those of kscope doctor beside the dashboard's that it shares.
type doctorFlags struct {
	files  []string
	deep   bool
	output string
	failOn string
	least  time.Duration
	plain  screenFlags // of which it has a few
}

// The shortest and the longest that it looks: what is wrong with settings shows at
// once, and what takes longer is for who watches.
const (
	looksFor    = 3 * time.Second
	looksAtMost = 20 * time.Second
)

// checked is the exit status of a report.
type checked int

func (c checked) Error() string { return fmt.Sprintf("exit status %d", int(c)) }

// unjudged is an error for which there is no verdict, unlike one that something is wrong.
type unjudged struct{ error }

func (u unjudged) Unwrap() error { return u.error }

// verdict is what is left to say once a report has been made, or could not be.
func verdict(status int, err error) error {
	switch {
	case err != nil:
		return unjudged{err}
	case status != 0:
		return checked(status)
	}
	return nil
}

func newDoctor(f *flags, p process) *cobra.Command {
	d := &doctorFlags{}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is wrong with what scales here, and with the cluster under it",
		Long: "doctor looks once at what KEDA and kscope need (the API server, KEDA's parts, who serves\n" +
			"external metrics, permissions), at each object and at each server of queues, and says\n" +
			"what is wrong with it, the worst first, what that rests on, and what to do.\n\n" +
			"It changes nothing, and reads nothing that makes KEDA query a source. The exit status is\n" +
			"0 if all is well, 1 if something is wrong, 2 if nothing is but not all could be told,\n" +
			"or nothing at all: there is no kubeconfig, or no API server that answers.\n\n" +
			"With -f it judges manifests instead, and touches no cluster: what KEDA or the API server\n" +
			"would refuse (error), what will not scale as it was meant to (warning), and what is worth\n" +
			"knowing (note), each with its file, line and column. The exit status is then 1 for errors\n" +
			"and warnings, 2 if there are none but something could not be read, or nothing scales.\n\n" +
			"With --fail-on error it is not 1 for warnings, with --fail-on note for notes as well.",
		Example: doctorExample,
		Args:    noFiles(false, noArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if failsOn[d.failOn] == "" {
				return usageError{fmt.Errorf("--fail-on %q: want error, warning or note", d.failOn)}
			}
			if len(d.files) > 0 {
				return verdict(review(cmd.Flags(), d, p))
			}
			return verdict(examine(cmd.Context(), f, d, p))
		},
	}
	fs := cmd.Flags()
	f.bindWhere(fs)
	fs.StringArrayVarP(&d.files, "filename", "f", nil, "judge manifests and no cluster: a file, a directory, or - for stdin; may be repeated")
	fs.BoolVarP(&d.deep, "recursive", "R", false, "read the manifests of folders in a directory, too")
	fs.StringVarP(&d.output, "output", "o", "text", "text or json; with -f also sarif or github")
	fs.StringVar(&d.failOn, "fail-on", "warning", "exit with status 1 from this severity on: error, warning or note")
	fs.DurationVar(&d.least, "for", looksFor, "look for so long at least: some troubles show only with time")
	fs.BoolVar(&d.plain.ascii, "ascii", false, "write ASCII only; by default where the locale is not UTF-8")
	fs.BoolVar(&d.plain.noColor, "no-color", false, "write without colours, as NO_COLOR does")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json", "sarif", "github"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions([]string{"error", "warning", "note"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// failsOn are the severities of --fail-on, and the states of the cluster's that are as bad.
var failsOn = map[string]doctor.State{"error": doctor.Bad, "warning": doctor.Warning, "note": doctor.Note}

const doctorExample = `  kscope doctor -n demo                     what is wrong in a namespace, and with the cluster
  kscope doctor -f deploy/                  what is wrong with manifests, without a cluster
  helm template CHART | kscope doctor -f - -o github     the same in a pull request`

// review judges manifests and reports, and gives the exit status.
func review(given *pflag.FlagSet, d *doctorFlags, p process) (status int, err error) {
	given.Visit(func(fl *pflag.Flag) {
		if err == nil && !slices.Contains([]string{"filename", "recursive", "output", "fail-on", "no-color", "ascii"}, fl.Name) {
			err = usageError{fmt.Errorf("--%s means nothing with -f, which touches no cluster", fl.Name)}
		}
	})
	if err != nil {
		return 0, err
	}
	formats := map[string]func(*manifests.Report) error{
		"text":   func(r *manifests.Report) error { return r.Text(p.stdout, d.look(p).Colour) },
		"json":   func(r *manifests.Report) error { return r.JSON(p.stdout) },
		"sarif":  func(r *manifests.Report) error { return inRepository(r).SARIF(p.stdout, version()) },
		"github": func(r *manifests.Report) error { return inRepository(r).GitHub(p.stdout) },
	}
	write := formats[d.output]
	if write == nil {
		return 0, usageError{fmt.Errorf("--output %q: want text, json, sarif or github", d.output)}
	}
	if d.deep {
		d.files = sandbox.Folders(d.files)
	}
	r := manifests.Read(d.files, p.stdin)
	if err := write(&r); err != nil {
		return 0, fmt.Errorf("write to the standard output: %w", err)
	}
	return r.Status(manifests.Severity(d.failOn)), nil
}

// inRepository is a report for who knows files by their paths in a repository, from
// whatever folder of it a step of a workflow runs in.
func inRepository(r *manifests.Report) *manifests.Report {
	return r.Under(os.Getenv("GITHUB_WORKSPACE"))
}

// examine looks and reports, and gives the exit status.
func examine(ctx context.Context, f *flags, d *doctorFlags, p process) (int, error) {
	if d.output == "sarif" || d.output == "github" {
		return 0, usageError{fmt.Errorf("--output %s is for manifests, which have files and lines: give them with -f", d.output)}
	}
	if d.output != "text" && d.output != "json" {
		return 0, usageError{fmt.Errorf("--output %q: want text or json", d.output)}
	}
	if d.least < 0 || d.least > time.Hour {
		return 0, usageError{fmt.Errorf("--for %s: want up to an hour", d.least)}
	}
	s, err := f.understand("")
	if err != nil {
		return 0, err
	}
	report, err := diagnose(ctx, s, d.least)
	if err != nil {
		return 0, err
	}
	return report.Status(failsOn[d.failOn]), d.write(report, p)
}

// diagnose asks the cluster and watches it for a while.
func diagnose(ctx context.Context, s settings, least time.Duration) (doctor.Report, error) {
	way := &reach{}
	s.redis.ReadOnly = true
	queues := way.queues(s.redis)
	typed, dynamic, err := k8s.Clients(s.config)
	if err != nil {
		return doctor.Report{}, &kscope.Trouble{Cause: fmt.Errorf("use kubeconfig: %w", err), Hint: "kubectl config view shows what is there"}
	}
	way.into(s.config, typed, dynamic)
	facts := doctor.Ask(ctx, typed, dynamic, s.tui.Namespace, time.Now())
	if facts.Err != nil {
		return doctor.New(facts.At, s.tui.Context, s.tui.Namespace, doctor.Cluster(&facts, doctor.Needs{})).On(s.tui.Kubectl), ctx.Err()
	}
	watching, stop := context.WithCancel(ctx)
	in := kscope.Batch(cluster{typed: typed, dynamic: dynamic, namespace: s.tui.Namespace, selector: s.label, clock: time.Now, metrics: way.metrics(typed, s.metrics)}.open(watching, queues), gather)
	seen := doctor.Read(in, least, max(least, looksAtMost))
	stop()
	for range in { // whoever cancels drains
	}
	checks := append(doctor.Objects(seen), doctor.Cluster(&facts, doctor.NeedsOf(seen))...)
	return doctor.New(facts.At, s.tui.Context, s.tui.Namespace, checks).On(s.tui.Kubectl), ctx.Err()
}

func (d *doctorFlags) write(r doctor.Report, p process) error {
	if d.output == "json" {
		e := json.NewEncoder(p.stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(r)
	}
	return r.Text(p.stdout, d.look(p))
}

// look is how a report is written for people.
func (d *doctorFlags) look(p process) doctor.Look {
	look := doctor.Look{ASCII: d.plain.ascii || !utf8Locale()}
	if out, ok := p.stdout.(*os.File); ok && term.IsTerminal(out.Fd()) {
		look.Colour = !d.plain.noColor && os.Getenv("NO_COLOR") == ""
		if w, _, err := term.GetSize(out.Fd()); err == nil {
			look.Width = w
		}
	}
	return look
}
