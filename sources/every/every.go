// Package every is the list of the brokers that kscope reads by the parameters that KEDA
// would use: all but Redis, which has a source of its own.
package every

import (
	"github.com/kscope/kscope/sources/beanstalkd"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/httpaddon"
	"github.com/kscope/kscope/sources/jolokia"
	"github.com/kscope/kscope/sources/kafka"
	"github.com/kscope/kscope/sources/nats"
	"github.com/kscope/kscope/sources/prometheus"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/sources/pubsub"
	"github.com/kscope/kscope/sources/query"
	"github.com/kscope/kscope/sources/rabbitmq"
	"github.com/kscope/kscope/sources/servicebus"
	"github.com/kscope/kscope/sources/sqs"
)

// Protocols are those of all brokers, by the name that their backlogs have.
func Protocols() map[string]protocol.Protocol {
	return map[string]protocol.Protocol{
		"activemq":   jolokia.ActiveMQ(),
		"artemis":    jolokia.Artemis(),
		"beanstalkd": beanstalkd.New(),
		"http":       httpaddon.New(),
		"kafka":      kafka.New(),
		"mysql":      query.MySQL(),
		"nats":       nats.New(),
		"postgresql": query.PostgreSQL(),
		"prometheus": prometheus.New(),
		"pubsub":     pubsub.New(),
		"rabbitmq":   rabbitmq.New(),
		"servicebus": servicebus.New(),
		"sqs":        sqs.New(),
	}
}

// Technologies are what package broker measures and loads them by.
func Technologies(o protocol.Options) map[string]broker.Technology {
	out := map[string]broker.Technology{}
	for name, p := range Protocols() {
		out[name] = protocol.New(p, o)
	}
	return out
}
