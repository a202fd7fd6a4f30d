package sandbox

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/sandbox/brokers"
	"github.com/kscope/kscope/triggers"
)

// TestStandInNames: whatever the type of a trigger, its queue is called as its
// owner calls it, and what is measured and filled is the list that stands in.
func TestStandInNames(t *testing.T) {
	ref := kscope.Ref{Namespace: "shop", Name: "billing"}
	stand := 0
	for _, typ := range triggers.Types() {
		known, _ := triggers.TypeOf(typ)
		metadata := map[string]string{}
		want := "people's name"
		if parameter, _, _ := strings.Cut(known.Queue, "|"); parameter != "" {
			want = "the own \x1b[31mname"
			metadata[parameter] = want
			if parameter == "queueURL" {
				metadata[parameter] = "https://sqs.eu-west-1.amazonaws.com/1/" + want
			}
		}
		list, ok := brokers.TriggerQueue("shop", "billing", 1, typ, metadata)
		if !ok || list.Address != brokers.StandInAddress {
			continue
		}
		stand++
		got := standIn(ref, []kscope.Trigger{{Type: "cron"}, {Type: typ, Name: "people's name", Metadata: metadata}})[1].Backlog
		if got == nil || got.Name != kscope.Clean(want) {
			t.Errorf("%s: got %+v, want it called %q", typ, got, want)
			continue
		}
		if q := triggers.RedisOf(*got); q.Key != list.Key || q.Address != list.Address || q.Backlog() != *got {
			t.Errorf("%s: %+v is not the list %+v", typ, q, list)
		}
		got = standIn(ref, []kscope.Trigger{{Type: "cron"}, {Type: typ}})[1].Backlog
		if got == nil || got.Name != typ {
			t.Errorf("%s without any name: got %+v", typ, got)
		}
	}
	if stand != 68 { // all but those of Redis, and what looks at no queue
		t.Errorf("%d types have a stand-in", stand)
	}
	own := kscope.Trigger{Type: "redis", Backlog: &kscope.Backlog{Broker: "redis", Server: "r:6379", Name: "orders"}}
	if got := standIn(ref, []kscope.Trigger{own})[0].Backlog; *got != *own.Backlog {
		t.Errorf("a list of Redis: got %+v", got)
	}
}

// billing is a Deployment that a topic of Kafka scales.
const billing = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: billing, namespace: shop}
spec:
  replicas: 0
  selector: {matchLabels: {app: billing}}
  template:
    metadata: {labels: {app: billing}}
    spec: {containers: [{name: worker, image: example/worker}]}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: billing, namespace: shop}
spec:
  scaleTargetRef: {name: billing}
  pollingInterval: 5
  cooldownPeriod: 30
  maxReplicaCount: 10
  triggers:
  - type: kafka
    metadata: {bootstrapServers: "kafka:9092", consumerGroup: billing, topic: invoices, lagThreshold: "5"}
`

// TestKafkaOnScreen: of a topic the screen says what waits and what KEDA counts of it, in
// one sentence, and the replicas follow the latter from zero to the partitions and back.
func TestKafkaOnScreen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := Load([]string{"-"}, strings.NewReader(billing))
		if err != nil {
			t.Fatal(err)
		}
		r := run(t, Options{Manifests: m, Seed: 4, Speed: 10, ServiceTime: time.Second, StartTime: time.Second})
		ref := kscope.Ref{Namespace: "shop", Name: "billing"}
		rest := r.until(ref, time.Minute, "asleep", asleep).Reading()
		if rest.Name() != "invoices" || rest.Jobs() != 0 {
			t.Errorf("%+v", rest)
		}
		r.push(ref, *rest.Trigger.Backlog, 1200)
		var sentences []string
		hear := func(c explain.Picture) {
			if s := c.Why; len(sentences) == 0 || sentences[len(sentences)-1] != s {
				sentences = append(sentences, s)
			}
		}
		var most int32
		c := r.until(ref, 2*time.Minute, "a pod a partition", func(c explain.Picture) bool {
			hear(c)
			most = max(most, replicas(c))
			return ready(c) == 4
		})
		if is := c.Reading(); is.Value != 20 || is.Waits < 900 || is.Scaled.How != "4 partitions x 5" || is.Scaled.Cap != 20 || is.Type != "topic" {
			t.Errorf("%+v", is)
		}
		r.until(ref, 15*time.Minute, "asleep again", func(c explain.Picture) bool {
			hear(c)
			most = max(most, replicas(c))
			return asleep(c) && replicas(c) == 0
		})
		if most != 4 {
			t.Errorf("%d replicas at the most, want one a partition", most)
		}
		all := strings.Join(sentences, "\n")
		if !strings.Contains(all, "of which KEDA counts 20 (4 partitions x 5)") {
			t.Errorf("nobody says what KEDA counts:\n%s", all)
		}
	})
}

// TestRealBroker: the triggers of a broker that is a real one keep their queues, KEDA goes
// by what was measured there, and pods take nothing from it nor from the list that would
// stand in for it.
func TestRealBroker(t *testing.T) {
	m, err := Load([]string{"-"}, strings.NewReader(billing))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)
	now := start
	s, err := New(Options{Manifests: m, NoPort: true, Speed: 1, Wall: func() time.Time { return now }, Start: start, ServiceTime: time.Second, Brokers: []string{"kafka"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	topic := kscope.Backlog{Broker: "kafka", Server: "kafka:9092", Name: "invoices"}
	mine := kscope.ScaledObject{Ref: kscope.Ref{Namespace: "shop", Name: "billing"}, Triggers: []kscope.Trigger{
		{Type: "kafka", Metadata: map[string]string{"topic": "invoices"}, Backlog: &topic},
		{Type: "rabbitmq", Metadata: map[string]string{"queueName": "q"}, Backlog: &kscope.Backlog{Broker: "rabbitmq"}},
	}}
	var got kscope.ScaledObject
	if err := s.StandIns(one{mine}).Run(t.Context(), func(f kscope.Fact) { got, _ = f.(kscope.ScaledObject) }); err != nil {
		t.Fatal(err)
	}
	if b := got.Triggers[0].Backlog; b == nil || *b != topic {
		t.Fatalf("the topic is %+v", b)
	}
	if b := got.Triggers[1].Backlog; b == nil || b.Broker != "redis" || b.Name != "q" {
		t.Fatalf("a queue of a broker that is played is %+v", b)
	}
	play := func(d time.Duration) int32 {
		t.Helper()
		for end := now.Add(d); now.Before(end); {
			now = now.Add(time.Second)
			if _, err := s.advance(); err != nil {
				t.Fatal(err)
			}
		}
		d2, err := s.typed.AppsV1().Deployments("shop").Get(t.Context(), "billing", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return *d2.Spec.Replicas
	}
	list := brokers.StandIn("shop", "billing", 0, "kafka")
	if _, err := s.redis.Ask(0, "RPUSH", list.Key, "a", "b"); err != nil {
		t.Fatal(err)
	}
	if n := play(time.Minute); n != 0 {
		t.Errorf("%d replicas for a list that nobody goes by", n)
	}
	depth := kscope.Depth{Backlog: topic, N: 200, Scaled: kscope.Scaled{Is: true, N: 15, Active: 200, How: "3 partitions x 5"}}
	s.Measured(kscope.Depths{All: []kscope.Depth{{Backlog: kscope.Backlog{Broker: "kafka", Name: "another"}, N: 9}, depth}})
	if n := play(time.Minute); n != 3 {
		t.Errorf("%d replicas, want 3 for a measured 15 at 5", n)
	}
	if n, err := s.redis.Len(list); n != 2 || err != nil {
		t.Errorf("%d in the list, %v: pods took of it", n, err)
	}
	s.Measured(kscope.Depths{All: []kscope.Depth{{Backlog: topic, Err: "nothing listens there"}}})
	if n := play(time.Minute); n != 3 {
		t.Errorf("%d replicas while nothing is known", n)
	}
	so, err := s.dynamic.Resource(kinds[11].gvr).Namespace("shop").Get(t.Context(), "billing", metav1.GetOptions{})
	if err != nil || !strings.Contains(fmt.Sprint(so.Object["status"]), "TriggerError") {
		t.Errorf("%v: KEDA complains of nothing: %v", err, so.Object["status"])
	}
	s.Measured(kscope.Depths{All: []kscope.Depth{{Backlog: topic}}})
	if n := play(7 * time.Minute); n != 0 {
		t.Errorf("%d replicas for nothing", n)
	}
}

// one is a source of one fact.
type one struct{ fact kscope.Fact }

func (one) Name() string { return "one" }

func (o one) Run(_ context.Context, emit func(kscope.Fact)) error {
	emit(o.fact)
	return nil
}
