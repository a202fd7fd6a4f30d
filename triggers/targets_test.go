package triggers

import (
	"slices"
	"testing"

	"github.com/kscope/kscope"
)

func TestTargets(t *testing.T) {
	type m = map[string]string
	for _, tt := range []struct {
		typ                string
		metadata           m
		target, activation float64
	}{
		{"redis", nil, 5, 0},
		{"redis-cluster", m{"listLength": " 7 ", "activationListLength": "3"}, 7, 3},
		{"redis", m{"listLength": "many", "activationListLength": "some"}, 5, 0}, // KEDA refuses both
		{"redis-streams", m{"stream": "s"}, 5, 0},
		{"redis-streams", m{"stream": "s", "streamLength": "9", "pendingEntriesCount": "3", "lagCount": "4"}, 9, 0}, // no group, so the length
		{"redis-streams", m{"stream": "s", "consumerGroup": "g", "pendingEntriesCount": "3", "streamLength": "9", "activationLagCount": "2"}, 3, 2},
		{"redis-cluster-streams", m{"stream": "s", "consumerGroup": "g"}, 5, 0},
		{"redis-sentinel-streams", m{"stream": "s", "consumerGroup": "g", "lagCount": "4", "activationLagCount": "1"}, 4, 1},
		{"redis-streams", m{"stream": "s", "consumerGroup": "g", "lagCount": "0", "pendingEntriesCount": "3"}, 3, 0},
		{"kafka", m{"activationLagThreshold": "7"}, 10, 7},
		{"rabbitmq", nil, 20, 0},
		{"rabbitmq", m{"mode": "QueueLength", "value": "8", "activationValue": "2"}, 8, 2},
		{"rabbitmq", m{"queueLength": "8"}, 8, 0}, // its old name
		{"datadog", m{"targetValue": "7", "activationTargetValue": "3"}, 7, 3},
		{"artemis-queue", nil, 10, 10},
		{"github-runner", m{"targetWorkflowQueueLength": "3"}, 3, 2}, // active from 3 on
		{"prometheus", m{"threshold": "0.5"}, 0.5, 0},
		{"prometheus", nil, 0, 0}, // required
		{"cron", m{"desiredReplicas": "3"}, 1, 0},
		{"cpu", m{"value": "80"}, 0, 0},
		{"external", m{"value": "80"}, 0, 0},
		{"no-such", m{"value": "80"}, 0, 0},
	} {
		target, activation := Targets(kscope.Trigger{Type: tt.typ, Metadata: tt.metadata})
		if target != tt.target || activation != tt.activation {
			t.Errorf("%s %v: %v, %v, want %v, %v", tt.typ, tt.metadata, target, activation, tt.target, tt.activation)
		}
	}
}

// TestTypes: all 79 are there, and none says what cannot be.
func TestTypes(t *testing.T) {
	if n := len(Types()); n != 79 {
		t.Errorf("%d types", n)
	}
	for _, name := range Types() {
		typ, _ := TypeOf(name)
		allowed, byDefault := typ.MetricTypes()
		if typ.Resource != slices.Contains(allowed, "Utilization") || byDefault != "" && !slices.Contains(allowed, byDefault) {
			t.Errorf("%s: metric types %v, %q", name, allowed, byDefault)
		}
		if typ.Activation == "" && typ.ActivationDefault != 0 {
			t.Errorf("%s: %+v", name, typ)
		}
	}
}

func TestMetricFor(t *testing.T) {
	typ, _ := TypeOf("aws-sqs-queue")
	if got := typ.MetricFor(3, map[string]string{"queueURL": "https://sqs.eu-west-1.amazonaws.com/1/jobs.fifo"}); got != "s3-aws-sqs-jobs-fifo" {
		t.Errorf("got %s", got)
	}
}

func TestPlaces(t *testing.T) {
	if got := Places("port"); !slices.Equal(got, []Place{Metadata, Environment, Authentication}) {
		t.Errorf("got %q", got)
	}
	if got := Places("listLength"); len(got) != 0 {
		t.Errorf("got %q", got)
	}
}

func TestUnit(t *testing.T) {
	for _, tt := range []struct{ typ, mode, want string }{
		{"redis", "", "items"}, {"redis-streams", "", "entries"}, {"kafka", "", "messages"}, {"rabbitmq", "QueueLength", "messages"},
		{"rabbitmq", "MessageRate", ""}, {"gcp-pubsub", "OldestUnackedMessageAge", ""}, {"prometheus", "", ""}, {"cpu", "", ""}, {"cron", "", ""},
		{"kubernetes-workload", "", ""}, {"of KEDA's future", "", "items"},
	} {
		if got := Unit(kscope.Trigger{Type: tt.typ, Metadata: map[string]string{"mode": tt.mode}}); got != tt.want {
			t.Errorf("%s %s: %q, want %q", tt.typ, tt.mode, got, tt.want)
		}
	}
}
