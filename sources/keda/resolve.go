package keda

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/triggers/params"
)

// Access is how a Redis trigger's server is reached, as KEDA would resolve it.
// It holds secrets, and prints none of them.
type Access struct {
	Addresses                                          []string // host:port, at least one
	Username, Password                                 string
	SentinelMaster, SentinelUsername, SentinelPassword string
	TLS, Unsafe                                        bool   // Unsafe: certificates are not verified
	CA, Cert, Key, KeyPassword                         string // PEM, but for the password

	// From says in words where each parameter above came from, by KEDA's name
	// of it: "Secret demo/redis key password, by TriggerAuthentication redis".
	From map[string]string
	// Missing says what was named and is not there, which KEDA takes for an
	// empty value: "Secret demo/redis has no key password".
	Missing []string
	// PerWorkload is set when an authentication object took values from the
	// environment of this trigger's own workload, so that they are nobody else's.
	PerWorkload bool
}

// String is the addresses alone.
func (a Access) String() string { return strings.Join(a.Addresses, ",") }

// GoString is String, so that %#v does not print secrets either.
func (a Access) GoString() string { return "keda.Access(" + a.String() + ")" }

// Resolver resolves the parameters of triggers as KEDA does:
// metadata, the environment of the target's container, TriggerAuthentication
// and ClusterTriggerAuthentication with their ConfigMaps and Secrets. Each is
// read when a parameter needs it and not otherwise, and nothing read is kept,
// so that asking again brings what is there then.
//
// Its errors and the words of its results hold names of objects, keys and
// variables, and never a value.
type Resolver struct {
	client  kubernetes.Interface
	dynamic dynamic.Interface

	mu     sync.Mutex
	addOns map[string]interceptors // of the HTTP add-on, by the Service of their admin ports
	keda   string                  // the namespace of ClusterTriggerAuthentications' Secrets, once known
}

// NewResolver makes a resolver; nothing is asked of the API before Resolve.
func NewResolver(client kubernetes.Interface, dynamic dynamic.Interface) *Resolver {
	return &Resolver{client: client, dynamic: dynamic}
}

// resolution is the resolving of one trigger.
type resolution struct {
	*Resolver
	ctx      context.Context
	ref      kscope.Ref // of the object
	typ      string
	metadata map[string]string
	auth     *authentication // nil where there is none
	env      environment
	out      Access
	read     map[string]map[string]string // Secrets and ConfigMaps, for as long as this takes
}

// Resolve reads how to reach the server of a Redis trigger. It fails with an
// [*kscope.Trouble] where KEDA would fail too, where something may not be
// read, and where a value is kept by what only KEDA can ask, such as a vault.
func (r *Resolver) Resolve(ctx context.Context, t kscope.TriggerRef) (Access, error) {
	x, err := r.begin(ctx, t)
	if err != nil {
		return Access{}, err
	}
	for _, step := range []func() error{x.addresses, x.credentials, x.security} {
		if err := step(); err != nil {
			return Access{}, err
		}
	}
	return x.out, nil
}

// Parameters reads what KEDA would use of a trigger of any type, Redis aside, for which
// there is Resolve. It fails as that does.
func (r *Resolver) Parameters(ctx context.Context, t kscope.TriggerRef) (triggers.Parameters, error) {
	x, err := r.begin(ctx, t)
	if err != nil {
		return triggers.Parameters{}, err
	}
	out, err := params.Resolve(x.typ, x.metadata, func(place triggers.Place, name string) (string, string, error) {
		value, from, err := x.at(place, name)
		return value, kscope.Clean(from), err
	})
	if err != nil {
		return triggers.Parameters{}, err
	}
	out.Missing, out.PerWorkload = x.out.Missing, x.out.PerWorkload
	if err := x.route(out); err != nil {
		return triggers.Parameters{}, err
	}
	if x.auth != nil {
		out.Identity = x.auth.identity
	}
	return out, nil
}

// begin reads what belongs to a trigger.
func (r *Resolver) begin(ctx context.Context, t kscope.TriggerRef) (*resolution, error) {
	x := &resolution{Resolver: r, ctx: ctx, ref: t.Object.Ref, read: map[string]map[string]string{}}
	x.out.From = map[string]string{}
	spec, err := x.object(t)
	if err != nil {
		return nil, err
	}
	all := spec.list("triggers")
	if t.Index < 0 || t.Index >= len(all) {
		return nil, &kscope.Trouble{Message: fmt.Sprintf("%s has no trigger %d", t.Object, t.Index)}
	}
	m, _ := all[t.Index].(map[string]any)
	trigger := fields(m)
	x.typ, x.metadata = trigger.raw("type"), trigger.metadata()
	x.env = environment{resolution: x, spec: spec, job: t.Object.Kind == kscope.ScaledJobs}
	ref := trigger.at("authenticationRef")
	if ref.raw("name") == "" {
		return x, nil
	}
	x.auth, err = x.authenticate(orElse(ref.raw("kind"), "TriggerAuthentication"), ref.raw("name"))
	return x, err
}

// isRedis reports whether the trigger is one of Redis, whose server can be named by a flag.
func (x *resolution) isRedis() bool { return strings.HasPrefix(x.typ, "redis") }

// parameter is the first value that is not blank, place by place and in each
// name by name, with the words for where it was found; "" where there is none.
// All names have the same places.
func (x *resolution) parameter(names ...string) (string, error) {
	for _, place := range triggers.Places(names[0]) {
		for _, name := range names {
			value, from, err := x.at(place, name)
			if err != nil {
				return "", err
			}
			if value = strings.TrimSpace(value); value != "" {
				x.out.From[names[0]] = kscope.Clean(from)
				return value, nil
			}
		}
	}
	return "", nil
}

func (x *resolution) at(place triggers.Place, name string) (value, from string, err error) {
	switch place {
	case triggers.Metadata:
		return x.metadata[name], "the trigger itself", nil
	case triggers.Authentication:
		if x.auth == nil {
			return "", "", nil
		}
		return x.auth.value(name)
	}
	variable := x.metadata[name+"FromEnv"]
	if variable == "" {
		return "", "", nil
	}
	return x.env.variable(variable)
}

// refuse is an error for what KEDA would refuse too. What is missing is the
// likely cause of it.
func (x *resolution) refuse(format string, args ...any) error {
	return &kscope.Trouble{Message: kscope.Clean(fmt.Sprintf(format, args...)), Hint: kscope.Clean(strings.Join(x.out.Missing, "; "))}
}

// missing notes something that KEDA takes for empty.
func (x *resolution) missing(format string, args ...any) {
	x.out.Missing = append(x.out.Missing, kscope.Clean(fmt.Sprintf(format, args...)))
}
