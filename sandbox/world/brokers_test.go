package world

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kscope/kscope/sandbox/brokers"
	"github.com/kscope/kscope/triggers"
)

// scaledBy makes a ScaledObject with one trigger, of metadata written as "a=b c=d", and
// the queue that stands in for its source.
func scaledBy(typ, metadata string, more map[string]any) (obj any, q triggers.Redis) {
	values := map[string]any{}
	for _, pair := range strings.Fields(metadata) {
		name, value, _ := strings.Cut(pair, "=")
		values[name] = value
	}
	spec := map[string]any{"pollingInterval": int64(5), "maxReplicaCount": int64(10), "triggers": []any{map[string]any{"type": typ, "metadata": values}}}
	for name, value := range more {
		spec[name] = value
	}
	return object(spec), brokers.StandIn("shop", "so", 0, typ)
}

// TestBrokers: six jobs of four minutes come to a queue of each kind, one a pod. KEDA goes
// from zero to as many pods as its formula calls for: where what is in hand does not count,
// the job that the first pod has taken does not. When all is done it goes to zero, and not
// before where what is in hand counts; else pods are taken away from the sixth job.
func TestBrokers(t *testing.T) {
	const kafka = "bootstrapServers=k:9092 consumerGroup=g topic=orders lagThreshold=1 "
	for _, c := range []struct {
		typ, metadata string
		pods, busy    int  // at the most
		inHand        bool // counts
	}{
		{"prometheus", "serverAddress=http://p:9090 query=q threshold=1", 5, 5, false},
		{"kafka", kafka, 4, 4, true},
		{"kafka", kafka + "partitionLimitation=0-9", 6, 6, true},
		{"kafka", kafka + "allowIdleConsumers=true", 6, 4, true},
		{"kafka", kafka + "limitToPartitionsWithLag=true partitionLimitation=0-4", 5, 5, true},
		{"kafka", kafka + "ensureEvenDistributionOfPartitions=true partitionLimitation=0-7", 8, 6, true},
		{"kafka", kafka + "excludePersistentLag=true", 1, 1, true},
		{"apache-kafka", kafka, 4, 4, true},
		{"rabbitmq", "queueName=q mode=QueueLength value=1 host=amqp://guest:guest@r/", 5, 5, false},
		{"rabbitmq", "queueName=q mode=QueueLength value=1 host=http://guest:guest@r:15672/", 6, 6, true},
		{"rabbitmq", "queueName=q mode=QueueLength value=1 host=http://guest:guest@r:15672/ excludeUnacknowledged=true", 5, 5, false},
		{"aws-sqs-queue", "queueURL=https://sqs.eu-west-1.amazonaws.com/1/q queueLength=1 awsRegion=eu-west-1 identityOwner=operator", 6, 6, true},
		{"aws-sqs-queue", "queueURL=https://sqs.eu-west-1.amazonaws.com/1/q queueLength=1 awsRegion=eu-west-1 identityOwner=operator scaleOnInFlight=false", 5, 5, false},
		{"azure-servicebus", "queueName=q messageCount=1 connectionFromEnv=BUS", 6, 6, true},
		{"nats-jetstream", "natsServerMonitoringEndpoint=n:8222 account=$G stream=s consumer=c lagThreshold=1", 6, 6, true},
		{"beanstalkd", "server=b:11300 tube=t value=1", 6, 6, true},
		{"artemis-queue", "managementEndpoint=a:8161 queueName=q brokerName=b brokerAddress=x username=u password=p queueLength=1 activationQueueLength=0", 6, 6, true},
		{"gcp-pubsub", "subscriptionName=s value=1 credentialsFromEnv=BUS", 6, 6, true},
		{"external-push", "scalerAddress=h:9090 interceptorRoute=web", 6, 6, true},
	} {
		t.Run(c.typ+" "+c.metadata, func(t *testing.T) {
			so, q := scaledBy(c.typ, c.metadata, nil)
			d := deployment("worker", 0)
			d.Spec.Template.Spec.Containers[0].Env = append(d.Spec.Template.Spec.Containers[0].Env, corev1.EnvVar{Name: "BUS", Value: "Endpoint=sb://bus.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=YQ=="})
			w, l := play(t, Options{ServiceTime: 4 * time.Minute}, d, so)
			run(w, 90*time.Second)
			if s := w.so(t).conditions.get("Ready"); s.status != "True" || w.workload(t, "Deployment").replicas() != 0 {
				t.Fatalf("at rest: %+v, %d replicas", s, w.workload(t, "Deployment").replicas())
			}
			l.push(q, 6)
			pods, busy := 0, 0
			for range 45 * 60 {
				run(w, time.Second)
				now := 0
				for _, p := range w.allPods() {
					if p.work != nil {
						now++
					}
				}
				pods, busy = max(pods, int(w.workload(t, "Deployment").replicas())), max(busy, now)
				if c.inHand && w.workload(t, "Deployment").replicas() == 0 && now > 0 {
					t.Fatal("it went to zero with a job in hand")
				}
			}
			if pods != c.pods || busy != c.busy {
				t.Errorf("%d pods, %d of them at work, want %d and %d", pods, busy, c.pods, c.busy)
			}
			if n := w.workload(t, "Deployment").replicas(); n != 0 || l.n[q] != 0 || len(w.left) != 0 || w.lost > 0 && w.queue(q).Keeps {
				t.Errorf("in the end %d replicas, %d jobs in the list, %d lost, %d left", n, l.n[q], w.lost, len(w.left))
			}
		})
	}
}

// TestComesAgain: a job whose worker is taken away is lost from a list, and is the broker's
// again where that keeps it: over amqp KEDA does not count what workers have, so it takes
// them away from their work again and again.
func TestComesAgain(t *testing.T) {
	const amqp = "queueName=q mode=QueueLength value=1 host=amqp://guest:guest@r/"
	for _, c := range []struct {
		typ, metadata string
		lost          int
		wakes         bool
	}{
		{"rabbitmq", amqp, 0, true},
		{"rabbitmq", strings.Replace(amqp, "amqp:", "http:", 1), 0, false},
		{"prometheus", "serverAddress=http://p:9090 query=q threshold=1", 1, false},
	} {
		so, q := scaledBy(c.typ, c.metadata, map[string]any{"cooldownPeriod": int64(30)})
		w, l := play(t, Options{ServiceTime: 10 * time.Minute}, deployment("worker", 0), so)
		run(w, 30*time.Second)
		l.push(q, 1)
		wakes, was := 0, int32(0)
		for range 9 * 60 {
			run(w, time.Second)
			is := w.workload(t, "Deployment").replicas()
			if was == 0 && is > 0 {
				wakes++
			}
			was = is
		}
		d, told := w.Depth(q)
		if w.lost != c.lost || wakes > 1 != c.wakes {
			t.Errorf("%s: %d lost, woken %d times; %+v", c.metadata, w.lost, wakes, d)
		}
		if told && d.Parts[0].N+d.Parts[1].N != 1 {
			t.Errorf("%s: the one job has become %+v", c.metadata, d.Parts)
		}
	}
}

// TestSampled: of Pub/Sub KEDA and the screen know what was so at the last minute but one,
// however often they look.
func TestSampled(t *testing.T) {
	so, q := scaledBy("gcp-pubsub", "subscriptionName=s value=1 credentialsFromEnv=KEY", nil)
	d := deployment("worker", 0)
	d.Spec.Template.Spec.Containers[0].Env = append(d.Spec.Template.Spec.Containers[0].Env, corev1.EnvVar{Name: "KEY", Value: "{}"})
	w, l := play(t, Options{NoWorkers: true}, d, so)
	run(w, 90*time.Second)
	l.push(q, 6)
	pushed, woke := w.Now(), time.Time{}
	for range 180 {
		run(w, time.Second)
		is, _ := w.Depth(q)
		if age := w.Now().Sub(is.Sampled); age > 2*time.Minute || is.N != 0 && is.Sampled.Before(pushed) {
			t.Fatalf("%v: %v of %v", w.Now(), is.N, is.Sampled)
		}
		if woke.IsZero() && w.workload(t, "Deployment").replicas() > 0 {
			woke = w.Now()
		}
	}
	if after := woke.Sub(pushed); after < time.Minute || after > 2*time.Minute+10*time.Second {
		t.Error("it woke after", after)
	}
}

// TestDepth: what the screen is told and what KEDA goes by are of the same jobs.
func TestDepth(t *testing.T) {
	so, q := scaledBy("kafka", "bootstrapServers=k:9092 consumerGroup=g topic=orders lagThreshold=5", nil)
	w, l := play(t, Options{ServiceTime: time.Hour}, deployment("worker", 0), so)
	if run(w, 30*time.Second); w.workload(t, "Deployment").replicas() != 0 {
		t.Fatal("awake")
	}
	l.push(q, 200700)
	run(w, 2*time.Minute)
	d, ok := w.Depth(q)
	value, active, err := w.value("shop", w.so(t).built[0], w.Now())
	if want := "200700 20 20 200700 4 partitions x 5"; !ok || err != nil || fmt.Sprintf("%.0f %.0f %.0f %.0f %s", d.N, d.Scaled.N, value, active, d.Scaled.How) != want || value != d.Scaled.N {
		t.Errorf("%+v, KEDA has %v and %v, %v; want %s", d, value, active, err, want)
	}
	if n := w.workload(t, "Deployment").replicas(); n != 4 || d.Note != "4 members on 4 partitions" {
		t.Errorf("%d replicas, %s", n, d.Note)
	}
	if _, ok := w.Depth(orders); ok {
		t.Error("a list of Redis tells more than its length")
	}
	l.err = errRefused
	if _, ok := w.Depth(q); ok {
		t.Error("something is told while the server is away")
	}
}
