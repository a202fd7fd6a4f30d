package sandbox

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

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
