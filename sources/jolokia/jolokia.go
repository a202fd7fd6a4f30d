// Package jolokia measures the queues of ActiveMQ Artemis and of ActiveMQ Classic as
// triggers of type artemis-queue and activemq do, by asking the Jolokia agent of their
// consoles for attributes of the queues' MBeans; and puts jobs in by having the MBean of
// the queue itself send them, which takes no other port and copies them nowhere else.
package jolokia

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// kind is what the two brokers do not share: the names of things.
type kind struct {
	name     string // of the broker
	template string // the parameter that names it all
	usual    func(triggers.Parameters) (string, error)
	domain   string // of its MBeans
	broker   string // the key property that names a broker
	queue    string // that names a queue
	version  string // the attribute of a broker
	// attributes of a queue: all that it holds, what consumers have, what waits for
	// its time ("" where there is none), how many take.
	count, delivering, scheduled, consumers string
}

var artemis = kind{
	name: "ActiveMQ Artemis", template: "restApiTemplate", usual: usualArtemis, domain: "org.apache.activemq.artemis", broker: "broker", queue: "queue", version: "Version",
	count: "MessageCount", delivering: "DeliveringCount", scheduled: "ScheduledCount", consumers: "ConsumerCount",
}

var classic = kind{
	name: "ActiveMQ", template: "restAPITemplate", usual: usualActiveMQ, domain: "org.apache.activemq", broker: "brokerName", queue: "destinationName", version: "BrokerVersion",
	count: "QueueSize", delivering: "InFlightCount", consumers: "ConsumerCount",
}

// Artemis is the protocol of triggers of type artemis-queue.
func Artemis() protocol.Protocol { return agents{&artemis} }

// ActiveMQ is the protocol of triggers of type activemq.
func ActiveMQ() protocol.Protocol { return agents{&classic} }

type agents struct{ *kind }

// Key is the agent, and who asks it.
func (a agents) Key(p triggers.Parameters) (string, error) {
	at, err := a.place(p)
	if err != nil {
		return "", err
	}
	for _, name := range []string{"username", "password"} {
		if p.Text(name) == "" {
			return "", &kscope.Trouble{Message: "the trigger has no " + name, Hint: "KEDA needs one: give it by a TriggerAuthentication"}
		}
	}
	return at.agent + " " + p.Key("username", "password", "corsHeader", "managementEndpoint", "unsafeSsl", "ca", "cert", "key", "keyPassword"), nil
}

// Pace is a second: the console answers by HTTP, and has other things to do.
func (agents) Pace(triggers.Parameters) time.Duration { return time.Second }

// Connect makes ready to ask.
func (a agents) Connect(_ context.Context, p triggers.Parameters, dial protocol.Dial) (protocol.Client, error) {
	at, err := a.place(p)
	if err != nil {
		return nil, err
	}
	material := protocol.MaterialOf(p)
	config, err := material.Config()
	if err != nil {
		return nil, err
	}
	c := &client{kind: a.kind, agent: newAgent(at, p, protocol.NewWeb(dial, config))}
	c.card.User = kscope.Clean(p.Text("username"))
	if strings.HasPrefix(at.agent, "https:") {
		c.card.TLS = protocol.TLSWords(config)
	}
	if a.kind == &artemis {
		return &emptied{c}, nil
	}
	return c, nil
}

// client asks one agent.
type client struct {
	*kind
	*agent
	card kscope.Connection
}

// Describe says what the broker says of itself.
func (c *client) Describe() kscope.Connection { return c.card }

// Close hangs up.
func (c *client) Close() { c.web.Close() }

// Measure reads what every queue holds, in one request where the agent takes that.
func (c *client) Measure(ctx context.Context, queues []protocol.Queue, readings []broker.Reading) error {
	var asked []request
	var places []place
	for _, q := range queues {
		at, err := c.place(q.Parameters)
		if err != nil {
			return err // which cannot be: it had a key
		}
		places, asked = append(places, at), append(asked, request{Type: "read", MBean: at.mbean, Attribute: c.attributes(at), Path: at.path, Config: lenient})
	}
	if c.card.Version == "" {
		asked = append(asked, request{Type: "read", MBean: c.domain + ":" + c.brokerOf(places[0]), Attribute: names{c.version, "Uptime"}, Config: lenient})
	}
	answers, err := c.call(ctx, asked)
	if err != nil {
		return err
	}
	for i, at := range places {
		readings[i] = c.reading(at, answers[i])
		if answers[i].Status == notThere && readings[i].Err != nil {
			readings[i].Err = c.missing(ctx, at, readings[i].Err)
		}
	}
	if c.card.Version == "" {
		text, _ := answers[len(places)].attribute(c.version).(string)
		c.card.Version = kscope.Clean(c.name + " " + text)
		if text == "" || strings.HasPrefix(text, failed) {
			c.card.Version = c.name
		}
	}
	return nil
}

// brokerOf is the key properties of the broker that a queue is of.
func (k *kind) brokerOf(at place) string {
	name := k.broker + "=" + cmp.Or(at.property(k.broker), "*")
	if k == &classic {
		name = "type=Broker," + name
	}
	return name
}

// attributes are those to be read: that which KEDA reads, and what tells more.
func (k *kind) attributes(at place) names {
	all := names{at.attribute}
	if at.path != "" || at.property(k.queue) == "" { // some other MBean
		return all
	}
	for _, name := range []string{k.count, k.delivering, k.scheduled, k.consumers} {
		if name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// reading is what an agent's answer says of a queue. Both brokers count in all that is
// there what consumers hold and have not acknowledged. KEDA takes the attribute that the
// trigger's template names, which need not be that.
func (k *kind) reading(at place, a answer) broker.Reading {
	if a.Status != fine {
		return broker.Reading{Err: k.refused(at, a), Own: true}
	}
	number := func(name string) float64 {
		if n, ok := a.attribute(name).(float64); ok {
			return n
		}
		return math.NaN()
	}
	taken := number(at.attribute)
	if n, ok := a.Value.(float64); ok { // it was asked for alone
		taken = n
	}
	if math.IsNaN(taken) {
		return broker.Reading{Err: &kscope.Trouble{Message: fmt.Sprintf("%s is no number there", kscope.Clean(at.attribute)), Hint: "check the attribute at the end of " + k.template}, Own: true}
	}
	r := broker.Reading{N: taken, Type: strings.TrimSpace(strings.Trim(at.property("routing-type"), `"`) + " queue")}
	all := number(k.count)
	if math.IsNaN(all) {
		r.Type = ""
		return r
	}
	if at.attribute != k.count {
		r.N, r.Scaled = all, kscope.Scaled{Is: true, N: taken, Active: taken, How: kscope.Clean(at.attribute)}
	}
	delivering, scheduled := number(k.delivering), number(k.scheduled)
	if k.scheduled == "" {
		scheduled = 0
	}
	if !math.IsNaN(delivering) && !math.IsNaN(scheduled) {
		r.Parts[0] = kscope.Part{Name: "waiting", N: max(0, all-delivering-scheduled)}
		r.Parts[1] = kscope.Part{Name: "in delivery", N: delivering}
		if k.scheduled != "" {
			r.Parts[2] = kscope.Part{Name: "scheduled", N: scheduled}
		}
	}
	switch n := number(k.consumers); {
	case n == 0:
		r.Note = "no consumers"
	case n == 1:
		r.Note = "1 consumer"
	case n > 1:
		r.Note = fmt.Sprintf("%.0f consumers", n)
	}
	return r
}
