package triggers

import (
	"strconv"
	"strings"

	"github.com/kscope/kscope"
)

// Description is what there is to say of a backlog to people.
type Description struct {
	Address string      // as its trigger says; "" where that comes from elsewhere
	Holds   string      // what holds it, where its broker's own word is not known: "key"
	Counts  string      // what of it is counted: "length of the key"
	Played  bool        // the sandbox plays it, by a list
	Part    bool        // that is only some of what is in it
	Loads   string      // how jobs go into it, where that is not plain
	Group   string      // of consumers, whose part that is; "" for none
	Place   [][2]string // what else says where it is: {"database", "0"}
}

// StandInAddress is the address of every list that the sandbox has in the place of a
// broker: a name that no DNS has.
const StandInAddress = "stand-in.sandbox:6379"

// Describe says what is known of a backlog from its trigger.
func Describe(b kscope.Backlog) Description {
	if p, ok := CountedPods(b); ok {
		if p.ByNode {
			return Description{Holds: "selector", Counts: "nodes that such pods are on"}
		}
		return Description{Holds: "selector", Counts: "pods that have not ended"}
	}
	if b.Broker != RedisBroker {
		return WorkOf(b).describe()
	}
	r := RedisOf(b)
	if r.Address == StandInAddress {
		return Description{Address: r.Address, Holds: "queue", Played: true}
	}
	d := Description{Address: r.Address, Holds: "key", Counts: "length of the key", Group: r.Group}
	switch r.Measure {
	case StreamLag:
		d.Counts, d.Part = "entries not yet delivered to the group", true
	case StreamPending:
		d.Counts, d.Part = "entries taken and not acknowledged", true
	case StreamLength:
		d.Counts = "entries of the stream"
	}
	if r.Topology != Cluster { // which has no other
		d.Place = [][2]string{{"database", strconv.Itoa(r.DB)}}
	}
	return d
}

// describe says what is known of it from its trigger.
func (w Work) describe() Description {
	d := Description{Address: w.Address(), Holds: "queue", Counts: types[w.Type].Unit}
	if mode := w.Metadata["mode"]; mode != "" {
		d.Counts = "mode " + mode
	}
	d.Loads = w.loads()
	for _, name := range []string{"consumerGroup", "consumer", "subscriptionName"} {
		if v := w.Metadata[name]; v != "" {
			d.Group = v
		}
	}
	return d
}

// names are what people call brokers.
var names = map[string]string{
	"activemq": "ActiveMQ", "artemis": "Artemis", "beanstalkd": "beanstalkd", "http": "the HTTP add-on", KEDABroker: "KEDA", "kafka": "Kafka", "mysql": "MySQL", "nats": "NATS", PodsBroker: "the pods",
	"postgresql": "PostgreSQL", "prometheus": "Prometheus", "pubsub": "Pub/Sub", "rabbitmq": "RabbitMQ", RedisBroker: "Redis", "servicebus": "Service Bus", "sqs": "SQS",
}

// BrokerName is what people call a broker.
func BrokerName(broker string) string {
	if name, ok := names[broker]; ok {
		return name
	}
	return broker
}

// Host is the name of the first host in an address, a list of such, or a URL; "" where
// there is none.
func Host(address string) string {
	address, _, _ = strings.Cut(address, ",")
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address, _, _ = strings.Cut(rest, "/")
	}
	if at := strings.LastIndexByte(address, '@'); at >= 0 {
		address = address[at+1:]
	}
	host, _, _ := strings.Cut(address, ":")
	return strings.TrimSpace(host)
}

// loads is how kscope puts jobs in, where somebody who says yes to that should know.
func (w Work) loads() string {
	switch readers[w.Type].broker {
	case "kafka":
		return "as messages without a key, spread over the partitions"
	case "rabbitmq":
		return "straight into the queue, past the exchange and its other bindings"
	case "nats":
		return "to the subject that the consumer takes"
	case "pubsub":
		return "to the topic of the subscription"
	case "servicebus":
		if w.Metadata["topicName"] != "" {
			return "to the topic, for every subscription whose filter takes them"
		}
	case "sqs":
		if strings.HasSuffix(w.Metadata["queueURL"], ".fifo") {
			return "in several message groups"
		}
	case "http":
		return "as GET requests with the host of the route"
	}
	return ""
}
