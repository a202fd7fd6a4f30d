package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/notes"
	"github.com/kscope/kscope/sandbox"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/keda"
	"github.com/kscope/kscope/sources/redis"
	"github.com/kscope/kscope/tui"
)

// play is the dashboard over a sandbox: live's sources, another opening.
func play(ctx context.Context, f *sandboxFlags, namespace, name string, p process) error {
	o, err := f.screen.options()
	if err != nil {
		return err
	}
	so, err := f.manifests(ctx, p)
	if err != nil {
		return err
	}
	if slices.Contains(f.files, "-") { // the keys come from the terminal itself
		in, out, err := tea.OpenTTY()
		if err != nil {
			return &kscope.Trouble{Cause: fmt.Errorf("-f - takes stdin, and there is no terminal for the keys: %w", err), Hint: "give the manifests as a file"}
		}
		defer func() { _, _ = in.Close(), out.Close() }()
		p.stdin = in
	}
	if err := needTerminal(p.stdin, p.stdout); err != nil {
		return err
	}
	closeLog, err := logTo(f.screen.log)
	if err != nil {
		return err
	}
	defer closeLog()
	ledger, err := openBook(f.screen.ledger, p.stdout)
	if err != nil {
		return err
	}
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
	o.Notes = notes.Grouped(f.withReal(so.Manifests.Notes))
	defer tell(o.Notes, p.stderr)()
	if namespace == "" {
		namespace = soleNamespace(so.Manifests)
	}
	o.Mode, o.Namespace, o.Name, o.LocalCluster, o.Teach = "SANDBOX", namespace, name, true, len(f.files) == 0
	o.Armed = true
	o.Context = "redis-cli -p " + port(s.Redis())
	if user, asked := s.User(); asked { // for the password that the triggers have
		if user != "" {
			o.Context += " --user " + kscope.Clean(user)
		}
		o.Context += " --askpass"
	}
	o.Pace = func() string { return pace(s.Speed()) }
	o.Actions = func() []tui.Action { return actions(s) }
	queues := queuesIn(s, f.real, broker.Options{Interval: pollEvery(f.speed), ReadOnly: f.screen.readOnly})
	return show(ctx, o, queues, s.Now, func(ctx context.Context) (<-chan kscope.Observation, error) {
		return openSandbox(ctx, s, namespace, queues), nil
	}, ledger, p)
}

// tell writes notes to stderr: at once where that is a file, and otherwise, by what it
// gives, once the screen has closed, since what is written to a terminal before lies
// under it.
func tell(all []notes.Note, stderr io.Writer) (later func()) {
	write := func() {
		for _, n := range all {
			place := ""
			if n.Where() != "" {
				place = n.Where() + ": "
			}
			fmt.Fprintf(stderr, "note: %s: %s%s\n", n.Weight, place, n)
		}
	}
	if f, ok := stderr.(*os.File); ok && term.IsTerminal(f.Fd()) {
		return write
	}
	write()
	return func() {}
}

// manifests are the options with what was read, which may be without end: from
// stdin, or from a file that is a pipe.
func (f *sandboxFlags) manifests(ctx context.Context, p process) (sandbox.Options, error) {
	slow := time.AfterFunc(waitOpenly, func() {
		end := ""
		if slices.Contains(f.files, "-") {
			end = " on stdin ^D is the end,"
		}
		fmt.Fprintf(p.stderr, "kscope: waiting for the end of the manifests;%s ^C leaves\n", end)
	})
	defer slow.Stop()
	return await(ctx, func() (sandbox.Options, error) { return f.options(p.stdin) })
}

// waitOpenly is how long manifests may be read before a word is said about it.
const waitOpenly = time.Second

// openSandbox is the stream of a sandbox, whose KEDA hears what was measured in it.
func openSandbox(ctx context.Context, s *sandbox.Sandbox, namespace string, queues *broker.Source) <-chan kscope.Observation {
	typed, dynamic := s.Clients()
	of := cluster{typed: typed, dynamic: dynamic, namespace: namespace, clock: s.Now, wrap: s.StandIns, others: []kscope.Source{world{s}}}
	return kscope.Tap(of.open(ctx, queues), func(o kscope.Observation) {
		if d, ok := o.Fact.(kscope.Depths); ok {
			s.Measured(d)
		}
	})
}

// accessOf resolves how a server of the sandbox's is reached: with the user and the
// password that a real one would get. The rest does not matter to it, so that what
// cannot be resolved, as by a vault, is done without.
func accessOf(s *sandbox.Sandbox) func(context.Context, kscope.TriggerRef) (redis.Server, error) {
	resolver := keda.NewResolver(s.Clients())
	return func(ctx context.Context, t kscope.TriggerRef) (redis.Server, error) {
		a, err := resolver.Resolve(ctx, t)
		if err != nil {
			return redis.Server{Address: s.Redis()}, nil
		}
		if len(a.Addresses) == 0 {
			a.Addresses = []string{s.Redis()}
		}
		server, err := redis.Access{Addresses: a.Addresses[:1], Username: a.Username, Password: a.Password, TLS: a.TLS, From: a.From, Missing: a.Missing}.Server()
		return server.WithoutTLS(), err
	}
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

func (w world) Run(ctx context.Context, emit func(kscope.Fact)) error {
	if err := w.Sandbox.Run(ctx, emit); err != nil && !errors.Is(err, context.Canceled) {
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
		out = append(out, tui.Action{Name: b.Title, About: b.Effect, Also: b.Name, On: b.Broken, Run: func() error { return do(b.Name) }})
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
