package rabbitmq

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/triggers"
)

// queue is what the management API tells of one. What it did not tell is nil.
type queue struct {
	Name      string
	Type      string // classic, quorum, stream
	State     string
	Messages  *float64
	Ready     *float64 `json:"messages_ready"`
	Unacked   *float64 `json:"messages_unacknowledged"`
	Consumers *int
	Rates     object[rates]  `json:"message_stats"`
	Arguments object[limits] `json:"arguments"`
	Policy    object[limits] `json:"effective_policy_definition"`

	uncounted bool // the counts are not those of the statistics, which have none
}

// rates are messages a second.
type rates struct {
	In  object[rate] `json:"publish_details"`
	Out object[rate] `json:"deliver_get_details"`
}

type rate struct{ Rate *float64 }

// limits are what a queue is declared with, or what a policy adds.
type limits struct {
	MaxLength   *float64 `json:"max-length"`
	MaxBytes    *float64 `json:"max-length-bytes"`
	Overflow    string   `json:"overflow"`
	DeadLetters *string  `json:"dead-letter-exchange"`
}

// object is a JSON object, which RabbitMQ writes as an empty list where it is empty. The
// x- that arguments begin with is taken off.
type object[T any] struct{ Is T }

// UnmarshalJSON takes anything that is no object for an empty one.
func (o *object[T]) UnmarshalJSON(b []byte) error {
	if !bytes.HasPrefix(b, []byte("{")) {
		return nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return err
	}
	plain := make(map[string]json.RawMessage, len(fields))
	for name, value := range fields {
		plain[strings.TrimPrefix(name, "x-")] = value
	}
	b, err := json.Marshal(plain)
	if err != nil {
		return err
	}
	_ = json.Unmarshal(b, &o.Is) // of a field that is of another kind nothing is known
	return nil
}

// lacks reports whether statistics have no count.
func (q queue) lacks() bool { return q.Messages == nil }

// value is a number, zero where it is unknown, as KEDA takes it.
func value(n *float64) float64 {
	if n == nil {
		return 0
	}
	return *n
}

// counts are what KEDA takes of it.
func (q queue) counts() counts {
	c := counts{published: value(q.Rates.Is.In.Is.Rate), delivered: value(q.Rates.Is.Out.Is.Rate)}
	if !q.uncounted {
		c.messages, c.ready = value(q.Messages), value(q.Ready)
	}
	return c
}

var errUncounted = &kscope.Trouble{
	Message: "the management API does not say how many messages there are, which KEDA takes for 0",
	Hint:    "some seconds after a queue was declared it does; else statistics are off: management_agent.disable_metrics_collector",
}

// reading is what some queues hold together, and what KEDA makes of it: one, or those
// that a regular expression matches.
func reading(all []queue, p triggers.Parameters) broker.Reading {
	_, activation := p.Target()
	keda := rule{p.Text("mode"), activation, p.On("excludeUnacknowledged")}
	r := broker.Reading{Type: "none"}
	if len(all) > 0 {
		r.Type = strings.TrimSpace(kscope.Clean(all[0].Type) + " queue")
	}
	var sum [4]*float64
	taken := make([]counts, len(all))
	uncounted := false
	for i, q := range all {
		if q.lacks() {
			return broker.Reading{Err: errUncounted, Own: true}
		}
		r.N += *q.Messages
		taken[i] = q.counts()
		uncounted = uncounted || q.uncounted
		for at, n := range []*float64{q.Ready, q.Unacked, q.Rates.Is.In.Is.Rate, q.Rates.Is.Out.Is.Rate} {
			if n != nil {
				more := value(sum[at]) + *n
				sum[at] = &more
			}
		}
	}
	at := 0
	for i, name := range []string{"ready", "unacked", "in/s", "out/s"} {
		if sum[i] != nil {
			r.Parts[at] = kscope.Part{Name: name, N: *sum[i]}
			at++
		}
	}
	together, how := composed(p.Text("operation"), taken)
	if !p.On("useRegex") {
		together, how = taken[0], ""
	}
	s := keda.scaled(together)
	if how != "" {
		s.How = strings.TrimPrefix(s.How+", "+how, ", ")
	}
	if uncounted && s.N != r.N {
		s.How = strings.TrimPrefix(s.How+", no statistics: taken for 0", ", ")
	}
	if s.How != "" || s.N != r.N {
		r.Scaled = s
	}
	r.Note = note(all, p.On("useRegex"))
	if strings.Contains(p.Text("queueName"), " ") && !p.On("useRegex") {
		r.Note += "; over http KEDA writes + for a blank in queueName, and finds no such queue"
	}
	return r
}

// note is what else is worth knowing.
func note(all []queue, regex bool) string {
	var notes []string
	if regex {
		notes = append(notes, fmt.Sprintf("%d queues match", len(all)))
	}
	readers, known := 0, len(all) > 0
	for _, q := range all {
		if q.Consumers == nil {
			known = false
			break
		}
		readers += *q.Consumers
	}
	if known {
		notes = append(notes, consumers(readers))
	}
	if len(all) == 1 {
		q := all[0]
		if q.State != "" && q.State != "running" && q.State != "idle" && q.State != "live" {
			notes = append(notes, "state "+kscope.Clean(q.State))
		}
		if most, _ := q.most(); most > 0 {
			notes = append(notes, fmt.Sprintf("holds %.0f at most", most))
		}
	}
	return strings.Join(notes, "; ")
}

// consumers says how many there are.
func consumers(n int) string {
	switch n {
	case 0:
		return "no consumers"
	case 1:
		return "1 consumer"
	}
	return fmt.Sprintf("%d consumers", n)
}

// most is how many messages a queue holds at most, the lower of what it was declared with
// and what a policy says, and what is done with more; 0 for any number.
func (q queue) most() (n float64, overflow string) {
	n = math.Inf(1)
	for _, l := range []limits{q.Arguments.Is, q.Policy.Is} {
		if l.MaxLength != nil {
			n = min(n, *l.MaxLength)
		}
		if overflow == "" {
			overflow = l.Overflow
		}
	}
	if math.IsInf(n, 1) {
		n = 0
	}
	return n, overflow
}

// deadLetters is the exchange that gets what is rejected, too old or too much; false
// where there is none.
func (q queue) deadLetters() (string, bool) {
	for _, l := range []limits{q.Arguments.Is, q.Policy.Is} {
		if l.DeadLetters != nil {
			return *l.DeadLetters, true
		}
	}
	return "", false
}
