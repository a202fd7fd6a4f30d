package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"

	"github.com/kscope/kscope"
)

// Options says how long to wait and how hard to insist. The zero value is what most people want.
type Options struct {
	// Timeout bounds the whole of Up or Down. Zero means two minutes.
	Timeout time.Duration
	// Reaction is how long KEDA may leave a new ScaledObject without a word before Up concludes
	// that no operator is running. Zero means 30 seconds.
	Reaction time.Duration
	// ForceConflicts takes over fields of the demo's objects that somebody else has changed.
	ForceConflicts bool
}

// errTimeout is the end of Options.Timeout, as opposed to an interruption from outside.
var errTimeout = errors.New("timed out")

const (
	defaultTimeout  = 2 * time.Minute
	defaultReaction = 30 * time.Second
	pollEvery       = 500 * time.Millisecond
	stillEvery      = 30 // polls without news until a line says that the wait goes on
)

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Reaction <= 0 {
		o.Reaction = defaultReaction
	}
	return o
}

// hint is an error with the next thing to try.
func hint(text, format string, args ...any) error {
	return &kscope.Trouble{Cause: fmt.Errorf(format, args...), Hint: text}
}

// A cluster is what Up and Down need of one: a client for any kind, and which kinds there are.
type cluster struct {
	client dynamic.Interface
	mapper meta.RESTMapper
	out    io.Writer
	opts   Options
}

// within is the context of Up or Down, and of their parts.
func within(ctx context.Context, o Options) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, o.withDefaults().Timeout, errTimeout)
}

// connect asks the API server what it serves, until ctx is done. cfg is not
// changed.
func connect(ctx context.Context, cfg *rest.Config, o Options, out io.Writer) (*cluster, error) {
	cfg = rest.CopyConfig(cfg)
	// client-go would print the API server's warnings to standard error.
	cfg.WarningHandler = warnings{out}
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("create a client: %w", err)
	}
	asking := rest.CopyConfig(cfg)
	asking.Wrap(func(next http.RoundTripper) http.RoundTripper { return during{ctx, next} })
	disco, err := discovery.NewDiscoveryClientForConfig(asking)
	if err != nil {
		return nil, fmt.Errorf("create a discovery client: %w", err)
	}
	groups, err := restmapper.GetAPIGroupResources(disco)
	switch {
	case err != nil && errors.Is(context.Cause(ctx), errTimeout):
		return nil, hint("is the cluster up, and is this the right context? try: kubectl cluster-info",
			"%s did not say within %s what it serves", cfg.Host, o.withDefaults().Timeout)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, hint("is the cluster up, and is this the right context? try: kubectl cluster-info",
			"ask %s what it serves: %w", cfg.Host, err)
	}
	return &cluster{client: client, mapper: restmapper.NewDiscoveryRESTMapper(groups), out: out, opts: o.withDefaults()}, nil
}

// during ends requests with a context: those of discovery, which takes none.
type during struct {
	ctx  context.Context
	next http.RoundTripper
}

func (d during) RoundTrip(r *http.Request) (*http.Response, error) {
	return d.next.RoundTrip(r.WithContext(d.ctx))
}

type warnings struct{ out io.Writer }

func (w warnings) HandleWarningHeader(code int, _, text string) {
	if code == 299 && text != "" {
		fmt.Fprintf(w.out, "warning: %s\n", clean(text))
	}
}

// say writes one line of progress. Progress that cannot be written is no reason to stop.
func (c *cluster) say(format string, args ...any) {
	fmt.Fprintln(c.out, kscope.Clean(fmt.Sprintf(format, args...)))
}

// resource returns the client for the kind of obj, in its namespace.
func (c *cluster) resource(obj *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	gvk := obj.GroupVersionKind()
	m, err := c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return nil, err
	}
	if m.Scope.Name() == meta.RESTScopeNameNamespace {
		return c.client.Resource(m.Resource).Namespace(obj.GetNamespace()), nil
	}
	return c.client.Resource(m.Resource), nil
}

// live returns the cluster's version of obj, nil if it has none.
func (c *cluster) live(ctx context.Context, obj *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	r, err := c.resource(obj)
	if err != nil {
		return nil, err
	}
	got, err := r.Get(ctx, obj.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for %s: %w", title(obj), err)
	}
	return got, nil
}

// wait calls check until it says done, and prints what it found whenever that changes. When ctx ends
// first, wait returns the last finding and the reason.
func (c *cluster) wait(ctx context.Context, what string, check func(context.Context) (done bool, found string)) (string, error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	last, silent := "", 0
	for {
		done, found := check(ctx)
		if done {
			return found, nil
		}
		if ctx.Err() != nil { // what was found is then only the echo of that
			return last, context.Cause(ctx)
		}
		silent++
		if found != last {
			c.say("waiting for %s: %s", what, found)
			last, silent = found, 0
		} else if silent >= stillEvery {
			c.say("still waiting for %s", what)
			silent = 0
		}
		select {
		case <-ctx.Done():
			return last, context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// waitGone waits until the cluster no longer has obj.
func (c *cluster) waitGone(ctx context.Context, obj *unstructured.Unstructured) (string, error) {
	return c.wait(ctx, title(obj)+" to go", func(ctx context.Context) (bool, string) {
		got, err := c.live(ctx, obj)
		switch {
		case err != nil:
			return false, clean(err.Error())
		case got == nil:
			return true, ""
		}
		return false, whyStillThere(got)
	})
}

// whyStillThere says what holds up a deletion, as far as the object itself tells.
func whyStillThere(obj *unstructured.Unstructured) string {
	if obj.GetKind() == "Namespace" {
		for _, typ := range []string{
			"NamespaceDeletionDiscoveryFailure", "NamespaceDeletionContentFailure",
			"NamespaceFinalizersRemaining", "NamespaceContentRemaining",
		} {
			if k, ok := findCondition(obj, typ); ok && k.status == "True" {
				return k.message
			}
		}
		return "its contents are being removed"
	}
	if f := obj.GetFinalizers(); len(f) > 0 {
		return "held by " + clean(strings.Join(f, ", "))
	}
	return "being removed"
}

// title names an object as kubectl does: deployment.apps/queue-worker.
func title(obj *unstructured.Unstructured) string {
	gk := obj.GroupVersionKind().GroupKind()
	return strings.ToLower(gk.String()) + "/" + obj.GetName()
}

func ours(obj *unstructured.Unstructured) bool { return obj.GetLabels()[partOfLabel] == partOfDemo }

// A condition of an object's status. KEDA's have no times.
type condition struct{ status, reason, message string }

// findCondition returns a condition with text that is safe to print.
func findCondition(obj *unstructured.Unstructured, typ string) (condition, bool) {
	list, _, _ := unstructured.NestedSlice(obj.Object, "status", "conditions")
	for _, item := range list {
		m, ok := item.(map[string]any)
		if !ok || m["type"] != typ {
			continue
		}
		text := func(key string) string { s, _ := m[key].(string); return clean(s) }
		return condition{text("status"), text("reason"), text("message")}, true
	}
	return condition{}, false
}

// clean makes text from the cluster safe for a terminal and fit for one line.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
