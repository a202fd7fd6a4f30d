package rabbitmq

import (
	"fmt"
	"math"
	"strings"

	"github.com/kscope/kscope"
)

// counts is what KEDA takes from RabbitMQ of a queue, or of several taken together:
// messages, and rates in messages a second over the last interval of the statistics.
// Zero is also what KEDA takes for what the answer does not have.
type counts struct {
	messages  float64 // ready and unacknowledged
	ready     float64
	published float64 // a second
	delivered float64 // a second, as to consumers as to who gets one
}

// modes that KEDA knows.
const (
	queueLength     = "QueueLength"
	messageRate     = "MessageRate"
	deliverGetRate  = "DeliverGetRate"
	ratio           = "PublishedToDeliveredRatio"
	consumptionTime = "ExpectedQueueConsumptionTime"
)

// rule is what a trigger asks for of counts.
type rule struct {
	mode       string // one of the above; any other is QueueLength
	activation float64
	readyOnly  bool // excludeUnacknowledged
}

// scaled is what KEDA makes of counts; see GetMetricsAndActivity of its rabbitmq scaler.
// It tells the HPA no less than zero. Where it says active by rule, whatever the
// activation target, the number that is compared is one more than that.
func (r rule) scaled(c counts) kscope.Scaled {
	messages, how := c.messages, []string{}
	if r.readyOnly {
		messages, how = c.ready, []string{"ready only"}
	}
	s := kscope.Scaled{Is: true, N: messages, Active: messages}
	switch stuck := c.delivered == 0; r.mode {
	case messageRate:
		s.N, s.Active = c.published, max(c.published, messages)
		how = append([]string{"published a second"}, how...)
	case deliverGetRate:
		s.N, s.Active = c.delivered, c.delivered
		how = []string{"delivered a second"}
	case ratio:
		how = []string{"published per delivered"}
		switch {
		case c.published <= 0:
			s.N, s.Active = 0, 0
		case stuck:
			s.N, s.Active = r.activation, r.activation+1
			how = append(how, "nothing is delivered: activationValue")
		default:
			s.N = c.published / c.delivered
			s.Active = s.N
		}
	case consumptionTime:
		how = append([]string{"seconds to empty it"}, how...)
		switch {
		case messages == 0:
			s.N, s.Active = 0, 0
		case stuck:
			s.N, s.Active = r.activation, r.activation+1
			how = append(how, "nothing is delivered: activationValue")
		default:
			s.N = (c.published-c.delivered)/c.delivered + messages/c.delivered
			s.Active = s.N
		}
	}
	s.N = max(s.N, 0)
	s.How = strings.Join(how, ", ")
	return s
}

// composed is what KEDA makes of the queues that a regular expression matches: see
// getComposedQueue there. Messages are whole numbers, also on average. How says it in
// words, "" for the sum.
func composed(operation string, all []counts) (c counts, how string) {
	for _, q := range all {
		if operation == "max" {
			c = counts{max(c.messages, q.messages), max(c.ready, q.ready), max(c.published, q.published), max(c.delivered, q.delivered)}
			continue
		}
		c = counts{c.messages + q.messages, c.ready + q.ready, c.published + q.published, c.delivered + q.delivered}
	}
	n := float64(len(all))
	switch {
	case operation == "max":
		how = fmt.Sprintf("largest of %d queues", len(all))
	case operation == "avg" && n > 0:
		c = counts{math.Trunc(c.messages / n), math.Trunc(c.ready / n), c.published / n, c.delivered / n}
		how = fmt.Sprintf("average of %d queues", len(all))
	}
	return c, how
}
