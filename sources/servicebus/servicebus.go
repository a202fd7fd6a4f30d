// Package servicebus reads and loads the queues and subscriptions of Azure Service Bus
// over REST, as an azure-servicebus trigger names them, with its connection string.
package servicebus

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// New is Service Bus.
func New() protocol.Protocol { return serviceBus{} }

// serviceBus speaks TLS as tls has it, nil for the system's way.
type serviceBus struct{ tls *tls.Config }

// Key is one namespace, with one key.
func (serviceBus) Key(p triggers.Parameters) (string, error) {
	if p.Identity != "" {
		return "", protocol.OnlyKEDA("the Azure identity")
	}
	if _, err := connectionOf(p.Text("connection")); err != nil {
		return "", err
	}
	if _, err := entityOf(p); err != nil {
		return "", err
	}
	return p.Key("connection"), nil
}

// Pace is KEDA's: requests are paid for, and a namespace takes only so many.
func (serviceBus) Pace(p triggers.Parameters) time.Duration { return p.Polling }

// Connect makes a client, which connects when it is first asked.
func (s serviceBus) Connect(_ context.Context, p triggers.Parameters, dial protocol.Dial) (protocol.Client, error) {
	to, err := connectionOf(p.Text("connection"))
	if err != nil {
		return nil, err
	}
	c := &client{Web: protocol.NewWeb(dial, s.tls), connection: to}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // a token is for one host
	return c, nil
}

// entity is what a trigger counts: a queue, or a subscription of a topic.
type entity struct {
	queue, topic, subscription string
	pattern                    *regexp.Regexp // of its name, where it may be several; else nil
	operation                  string         // on several: sum, max or avg
}

// entityOf is that of a trigger, or in words what KEDA would not take of it.
func entityOf(p triggers.Parameters) (e entity, err error) {
	e = entity{queue: p.Text("queueName"), topic: p.Text("topicName"), subscription: p.Text("subscriptionName"), operation: p.Text("operation")}
	switch {
	case e.queue != "" && (e.topic != "" || e.subscription != ""):
		return e, &kscope.Trouble{Message: "the trigger names a queue and a topic or subscription", Hint: "give it either queueName, or topicName with subscriptionName"}
	case e.queue == "" && e.topic == "":
		return e, &kscope.Trouble{Message: "the trigger names neither a queue nor a topic", Hint: "give it queueName, or topicName with subscriptionName"}
	case e.queue == "" && e.subscription == "":
		return e, &kscope.Trouble{Message: "the trigger names a topic and no subscription", Hint: "give it subscriptionName"}
	}
	if !p.On("useRegex") {
		return e, nil
	}
	if e.pattern, err = regexp.Compile(e.name()); err != nil {
		return e, &kscope.Trouble{Message: "the name of the " + e.kind() + " is no regular expression, as useRegex says", Hint: "mend it, or leave useRegex out"}
	}
	e.pattern.Longest() // as KEDA matches: the longest match has to be the whole name
	return e, nil
}

func (e entity) kind() string {
	if e.queue != "" {
		return "queue"
	}
	return "subscription"
}

func (e entity) name() string { return e.queue + e.subscription } // one of them is empty

// path is where the entity is, all of its like where it is a pattern.
func (e entity) path() string {
	switch {
	case e.pattern == nil && e.queue != "":
		return "/" + e.queue
	case e.pattern == nil:
		return "/" + e.topic + "/Subscriptions/" + e.subscription
	case e.queue != "":
		return "/$Resources/Queues"
	}
	return "/" + e.topic + "/Subscriptions"
}

// client asks one namespace.
type client struct {
	*protocol.Web
	connection
}

// atOnce is how many requests are under way at a time.
const atOnce = 8

// Describe says which key is used.
func (c *client) Describe() kscope.Connection {
	return kscope.Connection{Version: "Azure Service Bus", User: kscope.Clean(c.keyName), TLS: "certificate verified"}
}

// Measure asks for every entity, and for those of a pattern by listing all.
func (c *client) Measure(ctx context.Context, queues []protocol.Queue, readings []broker.Reading) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, q := range queues {
		group.Go(func() error {
			r, err := c.measure(ctx, q)
			if protocol.IsAlone(err) {
				r, err = broker.Reading{Err: err, Own: true}, nil
			}
			readings[i] = r
			return err
		})
	}
	return group.Wait()
}

func (c *client) measure(ctx context.Context, q protocol.Queue) (broker.Reading, error) {
	e, err := entityOf(q.Parameters)
	if err != nil {
		return broker.Reading{}, protocol.Alone(err)
	}
	if e.pattern != nil {
		all, err := c.list(ctx, e.path())
		if err != nil {
			return broker.Reading{}, err
		}
		return several(e, all)
	}
	is, err := c.get(ctx, e)
	if err != nil {
		return broker.Reading{}, err
	}
	return one(e, is)
}

// one is the reading of one entity, of which KEDA counts the active messages alone.
func one(e entity, is description) (broker.Reading, error) {
	if is.Count.Active == nil {
		return broker.Reading{}, protocol.Alone(&kscope.Trouble{Message: "Service Bus does not say how many messages are in the " + e.kind()})
	}
	r := broker.Reading{Type: e.kind(), N: float64(*is.Count.Active), Parts: is.Count.parts()}
	if is.Status != "" && is.Status != "Active" {
		r.Note = "its status is " + kscope.Clean(is.Status)
	}
	return r, nil
}

// several is the reading of all entities that a pattern matches. The backlog is all that
// is in them; KEDA takes their sum, the largest, or the average in whole numbers.
func several(e entity, all []description) (broker.Reading, error) {
	r := broker.Reading{Type: e.kind()}
	var sum counts
	largest, matches := 0.0, 0
	for _, is := range all {
		if e.pattern.FindString(is.Title) != is.Title {
			continue
		}
		got, err := one(e, is)
		if err != nil {
			return broker.Reading{}, err
		}
		matches++
		r.N += got.N
		largest = max(largest, got.N)
		sum.add(is.Count)
	}
	r.Parts = sum.parts()
	r.Note = fmt.Sprintf("%d of %d match", matches, len(all))
	if matches == 0 {
		r.Type, r.Note = "none", "no "+e.kind()+" matches: KEDA takes it for 0"
		return r, nil
	}
	if scaled := operated(e.operation, r.N, largest, matches); scaled != r.N {
		r.Scaled = kscope.Scaled{Is: true, N: scaled, Active: scaled, How: fmt.Sprintf("%s of %d", e.operation, matches)}
	}
	return r, nil
}

// operated is performOperation of azure_servicebus_scaler.go, KEDA 2.21.
func operated(operation string, sum, largest float64, n int) float64 {
	switch operation {
	case "max":
		return largest
	case "avg":
		return float64(int64(sum) / int64(n))
	}
	return sum
}
