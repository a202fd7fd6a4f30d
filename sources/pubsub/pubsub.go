// Package pubsub reads what waits in a subscription of Google Cloud Pub/Sub where KEDA
// reads it, in Cloud Monitoring, which is some minutes behind, and loads its topic, as a
// gcp-pubsub trigger names them and with its service account's key.
package pubsub

import (
	"context"
	"crypto/tls"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/triggers/params"
)

// New is Pub/Sub.
func New() protocol.Protocol { return pubSub{} }

// pubSub finds the services of Google below a URL, "" for where they are; it speaks TLS
// as tls has it, nil for the system's way.
type pubSub struct {
	base string
	tls  *tls.Config
}

// Key is one service account.
func (pubSub) Key(p triggers.Parameters) (string, error) {
	if _, err := accountOf(p); err != nil {
		return "", err
	}
	if _, err := resourceOf(p, ""); err != nil {
		return "", err
	}
	return p.Key("GoogleApplicationCredentials", "credentials"), nil
}

// accountOf is who asks, by the rules of KEDA's GetGCPAuthorization, with which this
// scaler reads no key from a file.
func accountOf(p triggers.Parameters) (*account, error) {
	text := p.Text("GoogleApplicationCredentials")
	switch {
	case p.Identity != "":
		return nil, protocol.OnlyKEDA("the Google identity")
	case text != "":
	case p.Text("credentials") != "" && p.From["credentials"] != params.OfTrigger:
		text = p.Text("credentials")
	case p.Text("credentials") != "":
		return nil, &kscope.Trouble{Message: "credentials stand in the trigger itself, where KEDA does not look", Hint: "name the variable that has them by credentialsFromEnv, or give GoogleApplicationCredentials by authenticationRef"}
	case p.Text("credentialsFromEnvFile") != "":
		return nil, &kscope.Trouble{Message: "the trigger has its key in a file of KEDA's operator, which this scaler of KEDA's does not read", Hint: "use credentialsFromEnv, or GoogleApplicationCredentials by authenticationRef"}
	default:
		return nil, &kscope.Trouble{Message: "the trigger has no key of a service account", Hint: "give it credentialsFromEnv, or GoogleApplicationCredentials by authenticationRef"}
	}
	return readAccount(text)
}

// Pace is KEDA's: a number is taken once a minute anyway.
func (pubSub) Pace(p triggers.Parameters) time.Duration { return p.Polling }

// Connect makes a client, which connects when it is first asked.
func (s pubSub) Connect(_ context.Context, p triggers.Parameters, dial protocol.Dial) (protocol.Client, error) {
	who, err := accountOf(p)
	if err != nil {
		return nil, err
	}
	c := &client{Web: protocol.NewWeb(dial, s.tls), account: who, base: s.base, topics: map[resource]subscription{}}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // a token is for Google alone
	return c, nil
}

// resource is a subscription, or a topic.
type resource struct{ kind, project, name string }

// path is how the REST API names it.
func (r resource) path() string { return "projects/" + r.project + "/" + r.kind + "s/" + r.name }

var (
	composite = later(`projects/[a-z][a-zA-Z0-9-]*[a-zA-Z0-9]/(subscriptions|topics)/[a-zA-Z][a-zA-Z0-9-_~%+.]*`)
	plain     = later(`^[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}$`)
)

// later is a regular expression that is compiled when it is first needed: most never need
// it, and the large ones take half a megabyte.
func later(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// resourceOf is what a trigger counts, by gcp_pubsub_scaler.go of KEDA 2.21: a whole path
// names its project, a name alone is one of the service account's.
func resourceOf(p triggers.Parameters, project string) (resource, error) {
	r := resource{"subscription", project, p.Text("subscriptionName")}
	topic := p.Text("topicName")
	switch {
	case (r.name == "") == (topic == ""):
		return r, &kscope.Trouble{Message: "the trigger has to name either a subscription or a topic", Hint: "give it subscriptionName; topicName counts what happens to a topic"}
	case topic != "":
		r.kind, r.name = "topic", topic
	}
	if composite().MatchString(r.name) {
		parts := strings.SplitN(r.name, "/", 5)
		r.project, r.name = parts[1], parts[3]
	}
	if !plain().MatchString(r.name) || strings.HasPrefix(strings.ToLower(r.name), "goog") {
		return r, &kscope.Trouble{Message: kscope.Clean(r.name) + " cannot be the name of a " + r.kind, Hint: "write it alone, or as projects/PROJECT/" + r.kind + "s/NAME"}
	}
	return r, nil
}

// client asks as one service account.
type client struct {
	*protocol.Web
	*account
	base   string
	token  string // "" for none
	until  time.Time
	topics map[resource]subscription // of those that jobs were put in for
}

// atOnce is how many requests are under way at a time.
const atOnce = 4

// at is the URL of a service.
func (c *client) at(service string) string {
	if c.base != "" {
		return c.base + "/" + service
	}
	return "https://" + service + "." + c.Universe
}

// Describe says who asks.
func (c *client) Describe() kscope.Connection {
	return kscope.Connection{Address: "monitoring." + c.Universe + ":443", Version: "Google Cloud Pub/Sub, by Cloud Monitoring", User: kscope.Clean(c.Email), TLS: "certificate verified"}
}

// Measure asks Cloud Monitoring what KEDA asks it, for each queue.
func (c *client) Measure(ctx context.Context, queues []protocol.Queue, readings []broker.Reading) error {
	if err := c.login(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, q := range queues {
		group.Go(func() error {
			r, err := c.measure(ctx, q.Parameters)
			if protocol.IsAlone(err) {
				r, err = broker.Reading{Err: err, Own: true}, nil
			}
			readings[i] = r
			return err
		})
	}
	return group.Wait()
}
