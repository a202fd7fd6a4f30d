package rabbitmq

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers/params"
)

// TestScaled: what KEDA 2.21 makes of what it read, by its rabbitmq_scaler.go,
// GetMetricsAndActivity.
func TestScaled(t *testing.T) {
	c := counts{messages: 10, ready: 6, published: 8, delivered: 4}
	idle, stuck, drained := counts{}, counts{messages: 10, ready: 10, published: 8}, counts{published: 1, delivered: 4}
	for _, x := range []struct {
		name      string
		rule      rule
		of        counts
		n, active float64
		how       string
	}{
		{"by default", rule{mode: "Unknown"}, c, 10, 10, ""},
		{"length", rule{mode: queueLength}, c, 10, 10, ""},
		{"ready only", rule{mode: queueLength, readyOnly: true}, c, 6, 6, "ready only"},
		{"rate, active by either", rule{mode: messageRate}, c, 8, 10, "published a second"},
		{"rate above what waits", rule{mode: messageRate, readyOnly: true}, c, 8, 8, "published a second, ready only"},
		{"delivered", rule{mode: deliverGetRate}, c, 4, 4, "delivered a second"},
		{"ratio", rule{mode: ratio, activation: 3}, c, 2, 2, "published per delivered"},
		{"ratio of nothing", rule{mode: ratio, activation: 3}, idle, 0, 0, "published per delivered"},
		{"ratio, nothing delivered", rule{mode: ratio, activation: 3}, stuck, 3, 4, "published per delivered, nothing is delivered: activationValue"},
		{"time", rule{mode: consumptionTime}, c, (8.-4)/4 + 10./4, (8.-4)/4 + 10./4, "seconds to empty it"},
		{"time of what is ready", rule{mode: consumptionTime, readyOnly: true}, c, 2.5, 2.5, "seconds to empty it, ready only"},
		{"time, empty", rule{mode: consumptionTime, activation: 3}, drained, 0, 0, "seconds to empty it"},
		{"time, nothing delivered", rule{mode: consumptionTime, activation: 3}, stuck, 3, 4, "seconds to empty it, nothing is delivered: activationValue"},
		{"time, below zero", rule{mode: consumptionTime}, counts{messages: 1, delivered: 10}, 0, -0.9, "seconds to empty it"},
	} {
		got := x.rule.scaled(x.of)
		if !got.Is || got.N != x.n || math.Abs(got.Active-x.active) > 1e-9 || got.How != x.how {
			t.Errorf("%s: got %+v, want %v, %v, %q", x.name, got, x.n, x.active, x.how)
		}
	}
}

// TestComposed: of several queues, by getComposedQueue there; the average of messages is
// a whole number.
func TestComposed(t *testing.T) {
	all := []counts{{10, 5, 1, 4}, {1, 0, 2, 0.5}}
	for _, x := range []struct {
		operation string
		of        []counts
		want      counts
		how       string
	}{
		{"sum", all, counts{11, 5, 3, 4.5}, ""},
		{"avg", all, counts{5, 2, 1.5, 2.25}, "average of 2 queues"},
		{"max", all, counts{10, 5, 2, 4}, "largest of 2 queues"},
		{"avg", nil, counts{}, ""},
		{"max", nil, counts{}, "largest of 0 queues"},
	} {
		if got, how := composed(x.operation, x.of); got != x.want || how != x.how {
			t.Errorf("%s of %v: got %v %q, want %v %q", x.operation, x.of, got, how, x.want, x.how)
		}
	}
}

// TestReading: what an answer of the API becomes.
func TestReading(t *testing.T) {
	const full = `{"name":"q","type":"classic","state":"running","messages":10,"messages_ready":6,"messages_unacknowledged":4,"consumers":1,
		"message_stats":{"publish_details":{"rate":1.5},"deliver_get_details":{"rate":0.5}},"arguments":{"x-max-length":50,"x-dead-letter-exchange":"dead"},"effective_policy_definition":{"max-length":20,"overflow":"reject-publish"}}`
	const quiet = `{"name":"r","type":"quorum","state":"minority","messages":2,"messages_ready":2,"messages_unacknowledged":0,"consumers":0,"message_stats":[],"arguments":{},"effective_policy_definition":[]}`
	const fresh = `{"name":"f","arguments":{"x-max-length":"many"}}`
	parts := func(ready, unacked float64, more ...kscope.Part) (all [kscope.MaxParts]kscope.Part) {
		all[0], all[1] = kscope.Part{Name: "ready", N: ready}, kscope.Part{Name: "unacked", N: unacked}
		copy(all[2:], more)
		return all
	}
	rates := []kscope.Part{{Name: "in/s", N: 1.5}, {Name: "out/s", N: 0.5}}
	for _, x := range []struct {
		name    string
		of      []string
		trigger map[string]string
		n       float64
		typ     string
		note    string
		parts   [kscope.MaxParts]kscope.Part
		scaled  kscope.Scaled
	}{
		{"a queue", []string{full}, nil, 10, "classic queue", "1 consumer; holds 20 at most", parts(6, 4, rates...), kscope.Scaled{}},
		{"one without rates", []string{quiet}, nil, 2, "quorum queue", "no consumers; state minority", parts(2, 0), kscope.Scaled{}},
		{"ready only", []string{full}, map[string]string{"excludeUnacknowledged": "true"}, 10, "classic queue", "1 consumer; holds 20 at most", parts(6, 4, rates...), kscope.Scaled{Is: true, N: 6, Active: 6, How: "ready only"}},
		{"two", []string{full, quiet}, map[string]string{"useRegex": "true", "operation": "avg"}, 12, "classic queue", "2 queues match; 1 consumer", parts(8, 4, rates...), kscope.Scaled{Is: true, N: 6, Active: 6, How: "average of 2 queues"}},
		{"none", nil, map[string]string{"useRegex": "true"}, 0, "none", "0 queues match", [kscope.MaxParts]kscope.Part{}, kscope.Scaled{}},
	} {
		trigger := map[string]string{"host": "http://h", "queueName": "q"}
		for name, value := range x.trigger {
			trigger[name] = value
		}
		got := reading(parse(t, x.of...), params.Written("rabbitmq", trigger))
		if got.Err != nil || got.N != x.n || got.Type != x.typ || got.Note != x.note || got.Parts != x.parts || got.Scaled != x.scaled {
			t.Errorf("%s: got %+v", x.name, got)
		}
	}
	if got := reading(parse(t, fresh), params.Written("rabbitmq", nil)); got.Err == nil || !got.Own {
		t.Errorf("a queue that nothing is known of: %+v", got)
	}
	uncounted := parse(t, full)
	uncounted[0].uncounted = true
	if got := reading(uncounted, params.Written("rabbitmq", nil)); got.N != 10 || !got.Scaled.Is || got.Scaled.N != 0 || got.Scaled.How != "no statistics: taken for 0" {
		t.Errorf("a queue without statistics: %+v", got)
	}
	if name, ok := parse(t, full)[0].deadLetters(); name != "dead" || !ok {
		t.Errorf("dead letters go to %q, %v", name, ok)
	}
}

func parse(t *testing.T, all ...string) []queue {
	t.Helper()
	out := make([]queue, len(all))
	for i, text := range all {
		if err := json.Unmarshal([]byte(text), &out[i]); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// FuzzQueue: whatever JSON the API answers, a reading has a number that is one, or an
// error.
func FuzzQueue(f *testing.F) {
	for _, text := range []string{`{"name":"q","messages":1,"message_stats":[],"arguments":{"x-max-length":1e400}}`, `{"messages":-1,"message_stats":{"publish_details":{"rate":"x"}}}`, `[]`, `null`} {
		f.Add(text, "ExpectedQueueConsumptionTime")
	}
	f.Fuzz(func(t *testing.T, text, mode string) {
		var q queue
		if json.Unmarshal([]byte(text), &q) != nil {
			return
		}
		r := reading([]queue{q}, params.Written("rabbitmq", map[string]string{"mode": mode, "value": "5", "queueName": "q"}))
		if r.Err == nil && (math.IsNaN(r.N) || math.IsInf(r.N, 0) || math.IsNaN(r.Scaled.N)) {
			t.Errorf("%s: %+v", text, r)
		}
		q.deadLetters()
	})
}
