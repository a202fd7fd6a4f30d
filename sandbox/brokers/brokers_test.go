package brokers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/triggers/params"
)

// shown is a depth in one line: what waits, its parts, what KEDA makes of it, the note.
func shown(d kscope.Depth) string {
	metric, active := Counted(d)
	out := fmt.Sprintf("%v %s", d.N, d.Type)
	for _, p := range d.Parts {
		if p.Name != "" {
			out += fmt.Sprintf(", %v %s", p.N, p.Name)
		}
	}
	out += fmt.Sprintf(" | KEDA %v", metric)
	if active != metric {
		out += fmt.Sprintf(", active by %v", active)
	}
	if d.Scaled.Cap > 0 {
		out += fmt.Sprintf(", up to %v", d.Scaled.Cap)
	}
	if d.Scaled.How != "" {
		out += " (" + d.Scaled.How + ")"
	}
	if d.Note != "" {
		out += " | " + d.Note
	}
	return out
}

// TestKinds: what each kind of broker tells of the same jobs, and what KEDA makes of it.
func TestKinds(t *testing.T) {
	some := Jobs{Waiting: 6, Held: 4, Workers: 4, Since: -1}
	many := Jobs{Waiting: 200696, Held: 4, Workers: 6, Since: -1}
	kafka := func(more string) string { return "topic=orders lagThreshold=5 " + more }
	for _, c := range []struct {
		typ, metadata string
		jobs          Jobs
		want          string
	}{
		{"redis", "listName=orders", some, "6 list | KEDA 6"},
		{"prometheus", "query=up", some, "6 list | KEDA 6"},
		{"postgresql", "query=q", some, "6 list | KEDA 6"},

		{"kafka", kafka(""), some, "10 topic, 4 partitions with lag, 3 in the fullest | KEDA 10, up to 20 | 4 members on 4 partitions"},
		{"kafka", kafka(""), many, "200700 topic, 4 partitions with lag, 50175 in the fullest | KEDA 20, active by 200700, up to 20 (4 partitions x 5) | 6 members on 4 partitions, so 2 idle"},
		{"apache-kafka", kafka(""), many, "200700 topic, 4 partitions with lag, 50175 in the fullest | KEDA 20, active by 200700, up to 20 (4 partitions x 5) | 6 members on 4 partitions, so 2 idle"},
		{"kafka", kafka("partitionLimitation=1,4-6,9"), many, "200700 topic, 5 partitions with lag, 40140 in the fullest | KEDA 25, active by 200700, up to 25 (5 partitions x 5) | 6 members on 5 partitions, so 1 idle"},
		{"kafka", kafka("partitionLimitation=3"), some, "10 topic, 1 partitions with lag, 10 in the fullest | KEDA 5, active by 10, up to 5 (1 partition x 5) | 4 members on 1 partition, so 3 idle"},
		{"kafka", "consumerGroup=g lagThreshold=5 partitionLimitation=1", Jobs{Since: -1}, "0 topic, 0 partitions with lag, 0 in the fullest | KEDA 0, up to 20 | no members on 4 partitions"},
		{"kafka", kafka("allowIdleConsumers=true"), many, "200700 topic, 4 partitions with lag, 50175 in the fullest | KEDA 200700 | 6 members on 4 partitions, so 2 idle"},
		{"kafka", "topic=t lagThreshold=1 limitToPartitionsWithLag=true", Jobs{Waiting: 2, Workers: 1, Since: -1}, "2 topic, 2 partitions with lag, 1 in the fullest | KEDA 2 | 1 member on 4 partitions"},
		{"kafka", kafka("ensureEvenDistributionOfPartitions=true"), Jobs{Waiting: 11, Since: -1}, "11 topic, 4 partitions with lag, 3 in the fullest | KEDA 20, active by 11 (4 x 5, to share 4 partitions evenly) | no members on 4 partitions"},
		{"kafka", kafka("excludePersistentLag=true"), some, "10 topic, 4 partitions with lag, 3 in the fullest | KEDA 10 (at most, without what stands still) | 4 members on 4 partitions"},
		{"kafka", kafka("excludePersistentLag=true"), Jobs{Waiting: 10, Workers: 1, Since: 0}, "10 topic, 4 partitions with lag, 3 in the fullest | KEDA 0, active by 10 (at most, without what stands still) | 1 member on 4 partitions"},
		{"kafka", kafka("excludePersistentLag=true"), Jobs{Waiting: 400, Workers: 2, Since: 2}, "400 topic, 4 partitions with lag, 100 in the fullest | KEDA 20, active by 400 (at most, without what stands still: 4 partitions x 5) | 2 members on 4 partitions"},

		{"rabbitmq", "queueName=q host=amqp://r/", some, "6 queue, 6 ready, 4 unacked | KEDA 6 | 4 consumers; over amqp KEDA counts what is ready"},
		{"rabbitmq", "queueName=q host=http://r:15672/", some, "10 queue, 6 ready, 4 unacked | KEDA 10 | 4 consumers"},
		{"rabbitmq", "queueName=q host=amqp://r/ protocol=http", some, "10 queue, 6 ready, 4 unacked | KEDA 10 | 4 consumers"},
		{"rabbitmq", "queueName=q host=https://r/ excludeUnacknowledged=true", some, "10 queue, 6 ready, 4 unacked | KEDA 6 (ready only) | 4 consumers"},
		{"aws-sqs-queue", "queueURL=q", some, "10 queue, 6 visible, 4 in flight, 0 delayed | KEDA 10"},
		{"aws-sqs-queue", "queueURL=q scaleOnInFlight=false", some, "6 queue, 6 visible, 4 in flight, 0 delayed | KEDA 6"},
		{"azure-servicebus", "queueName=q", some, "10 queue, 10 active, 4 locked | KEDA 10"},
		{"azure-servicebus", "topicName=t subscriptionName=s", some, "10 subscription, 10 active, 4 locked | KEDA 10"},
		{"nats-jetstream", "stream=s consumer=c", some, "10 stream, 6 pending, 4 unacked | KEDA 10"},
		{"beanstalkd", "tube=t", some, "10 tube, 6 ready, 4 reserved | KEDA 10"},
		{"artemis-queue", "queueName=q", some, "10 queue, 6 waiting, 4 in delivery | KEDA 10"},
		{"activemq", "destinationName=q", some, "10 queue, 6 waiting, 4 in delivery | KEDA 10"},
		{"gcp-pubsub", "subscriptionName=s", some, "10 subscription | KEDA 10"},
		{"external-push", "interceptorRoute=web", some, "10 route, 6 held, 4 being answered | KEDA 10"},
		{"external", "scalerAddress=mine:9090", some, "6 list | KEDA 6"},
	} {
		metadata := map[string]string{}
		for _, pair := range strings.Fields(c.metadata) {
			name, value, _ := strings.Cut(pair, "=")
			metadata[name] = value
		}
		if got := shown(Of(params.Written(c.typ, metadata)).Count(c.jobs)); got != c.want {
			t.Errorf("%s %s\ngot  %s\nwant %s", c.typ, c.metadata, got, c.want)
		}
	}
}

// TestEveryReader: whatever kscope reads at its broker has a kind here, or counts a number
// that a query gives.
func TestEveryReader(t *testing.T) {
	queries := map[string]bool{"mysql": true, "postgresql": true, "prometheus": true}
	for _, typ := range triggers.Types() {
		b, read := triggers.WorkBacklog(typ, map[string]string{"interceptorRoute": "r"}, nil, triggers.Origin{})
		metadata := map[string]string{"interceptorRoute": "r"}
		if is := !Of(params.Written(typ, metadata)).IsList(); is != (read && !queries[b.Broker]) {
			t.Errorf("%s: a kind of its own is %v, and it is read as %q", typ, is, b.Broker)
		}
	}
}

// TestQueue: what is in hand, what KEDA remembers, and what is known only from time to
// time.
func TestQueue(t *testing.T) {
	q := &Queue{}
	q.Anew(Of(params.Written("kafka", map[string]string{"topic": "t", "lagThreshold": "1", "excludePersistentLag": "true"})))
	metric := func() float64 { n, _ := Counted(q.Look(8, 1)); return n }
	if got := metric(); got != 4 {
		t.Errorf("at the first look: %v", got)
	}
	if got := metric(); got != 0 {
		t.Errorf("while nothing is committed: %v", got)
	}
	q.Take()
	q.Done()
	if n, _ := Counted(q.Tell(8, 1)); n != 4 {
		t.Errorf("to who is not KEDA: %v", n)
	}
	if got := metric(); got != 2 {
		t.Errorf("after one commit: %v", got)
	}
	q.Anew(q.Kind)
	if got := metric(); got != 4 {
		t.Errorf("by a new scaler: %v", got)
	}
	for range 4 {
		if q.Shared() {
			t.Error("a partition is left")
		}
		q.Take()
	}
	if !q.Shared() {
		t.Error("a fifth worker gets a job of four partitions")
	}
	if q.Drop(); q.Shared() {
		t.Error("a partition whose worker is gone is nobody's")
	}

	q = &Queue{Kind: Of(triggers.Parameters{Type: "gcp-pubsub"})}
	at := time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)
	q.Sample(at, 0)
	for minute, c := range []struct{ waits, want float64 }{{0, 0}, {30, 0}, {20, 30}, {0, 20}, {0, 0}} {
		if minute > 0 {
			q.Sample(at.Add(time.Duration(minute)*time.Minute), int64(c.waits))
		}
		d := q.Tell(99, 0)
		if seen := at.Add(time.Duration(max(0, minute-1)) * time.Minute); d.N != c.want || !d.Sampled.Equal(seen) {
			t.Errorf("after %d minutes: %v of %v, want %v of %v", minute, d.N, d.Sampled, c.want, seen)
		}
	}
}
