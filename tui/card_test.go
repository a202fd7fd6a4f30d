package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/golden"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// reachedBy adds how the queue is reached.
func (t *tale) reachedBy(c kscope.Connection) *tale {
	c.Server = t.queue.Server
	t.say(c)
	return t
}

var tunnelled = kscope.Connection{
	Address: "redis.demo.svc:6379", Reached: "by a port-forward to pod demo/redis-6f7d9c8b54-x2x9z", User: "kscope", TLS: "certificate verified by the trigger's ca",
	Credentials: "user: the trigger itself; password: Secret demo/redis key password, by TriggerAuthentication redis",
	Version:     "Redis 7.0.15", Role: "master", RTT: 1400 * time.Microsecond,
}

func TestConnectionCard(t *testing.T) {
	for _, s := range [][2]int{{80, 24}, {120, 35}, {40, 10}} {
		m := tell(phase("asleep").reachedBy(tunnelled), s[0], s[1])
		press(m, "C")
		golden.Compare(t, fmt.Sprintf("connection/tunnel-%dx%d.txt", s[0], s[1]), m.grid.Plain())
	}
	m := tell(phase("asleep").reachedBy(tunnelled), 200, 55)
	golden.Compare(t, "connection/side-200x55.txt", m.grid.Plain())

	ta := phase("asleep")
	failing := kscope.Connection{
		Address: "redis.demo.svc:6379", Credentials: "Secret demo/redis key password, by TriggerAuthentication redis",
		Failing: true, Err: "redis.demo.svc:6379 refused the password", Hint: "check Secret demo/redis key password, by TriggerAuthentication redis", ErrAt: ta.at.Add(-12 * time.Second), Retry: 3 * time.Second,
	}
	m = tell(ta.reachedBy(failing), 80, 24)
	press(m, "C")
	golden.Compare(t, "connection/failing-80x24.txt", m.grid.Plain())
	press(m, "q")
	if m.view.card || strings.Contains(m.grid.Plain(), "How the queue is reached") {
		t.Error("q does not close the card")
	}

	m = tell(phase("asleep"), 80, 24)
	press(m, "C")
	if text := m.grid.Plain(); !strings.Contains(text, "not tried yet") {
		t.Errorf("nothing is known yet, but the screen says\n%s", text)
	}
	press(m, "G", "G", "down", "up", "esc")
	if m.view.card {
		t.Error("esc does not close the card")
	}
}

func TestCardOfStreams(t *testing.T) {
	m := tell(phase("asleep"), 80, 24)
	q := triggers.Redis{Address: "a:1", Key: "orders", Measure: triggers.StreamLag, Group: "workers", Topology: triggers.Cluster}.Backlog()
	var words []string
	for _, l := range m.card(namedBy(&store.Reading{Trigger: kscope.Trigger{Type: "redis-cluster-streams", Backlog: &q}}), q) {
		words = append(words, l.label+" "+l.text)
	}
	if text := strings.Join(words, "\n"); !strings.Contains(text, "entries not yet delivered to the group") || strings.Contains(text, "database") {
		t.Errorf("got\n%s", text)
	}
}

// A server that is known by more than its address is watched over too.
func TestTroubleOfAResolvedServer(t *testing.T) {
	ta := phase("asleep")
	q := triggers.Redis{Via: "TriggerAuthentication demo/redis", Key: "orders"}.Backlog()
	ta.so.Triggers[0].Backlog = &q
	ta.say(ta.so)
	ta.say(kscope.Status{Kind: kscope.Queues, Name: q.Server, State: kscope.Failing, Message: "you may not read Secret demo/redis"})
	m := tell(ta, 120, 35)
	text := m.grid.Plain()
	if !strings.Contains(text, "PARTLY BLIND") || !strings.Contains(text, "× Redis: you may not read Secret demo/redis (TriggerAuthentication demo/redis)") {
		t.Errorf("got\n%s", text)
	}
}

// TestAskKEDA: a value that nobody has is asked for by a key of the card, which says what that
// does, and the screen says that it was asked for.
func TestAskKEDA(t *testing.T) {
	ta := phase("asleep")
	ta.so.Triggers = []kscope.Trigger{{Type: "datadog", MetricType: "AverageValue", Metadata: map[string]string{"query": "q", "queryValue": "5"}}}
	ta.say(ta.so)
	m := tell(ta, 120, 35)
	var asked []kscope.ID
	answer := ""
	press(m, "C", "e")
	if strings.Contains(m.grid.Plain(), "asks KEDA") {
		t.Error("an offer without anybody to ask")
	}
	press(m, "esc")
	m.o.Ask = func(id kscope.ID) string { asked = append(asked, id); return answer }
	press(m, "e")
	if asked != nil {
		t.Error("asked outside the card")
	}
	press(m, "C")
	if text := m.grid.Plain(); !strings.Contains(text, "e asks KEDA now: it will query the source") {
		t.Errorf("no offer in\n%s", text)
	}
	press(m, "e")
	if len(asked) != 1 || asked[0] != m.view.id || m.view.notice != "KEDA is asked, and queries the source for it." || !m.view.card {
		t.Errorf("asked %v: %q", asked, m.view.notice)
	}
	answer = "Asked 2 s ago."
	press(m, "e")
	if m.view.notice != answer {
		t.Errorf("said %q", m.view.notice)
	}
	b := triggers.ThroughExternal(ta.so.Triggers[0], kscope.TriggerRef{Object: m.view.id})
	m.Update(Observed{All: []kscope.Observation{{At: ta.at.Add(time.Second), Source: "x", Fact: kscope.Depths{Server: b.Server, All: []kscope.Depth{{Backlog: b, N: 7.5, Note: "asked for from here"}}}},
		{At: ta.at.Add(time.Second), Source: "x", Fact: kscope.Connection{Server: b.Server, Reached: "through the API server"}},
		{At: ta.at.Add(4 * time.Second), Source: "x", Fact: kscope.Heartbeat{}}}})
	m.View()
	if text := m.grid.Plain(); !strings.Contains(text, "asked for from here") {
		t.Errorf("the card does not say so:\n%s", text)
	}
	press(m, "esc")
	if text := m.grid.Plain(); !strings.Contains(text, "datadog, asked for 3s ago") {
		t.Errorf("the screen does not say so:\n%s", text)
	}
	m.o.ReadOnly = true
	press(m, "C")
	if strings.Contains(m.grid.Plain(), "asks KEDA") {
		t.Error("an offer with --read-only")
	}
}
