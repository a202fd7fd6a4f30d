package tui

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/load"
)

// twoLists is a ScaledObject with two lists, orders first and returns the
// heavier, measured for half a minute.
func twoLists(orders, returns int64) (*tale, kscope.Backlog) {
	ta := newTale("demo", "worker")
	other := ta.queue
	other.Name = "returns"
	ta.so.Triggers = append(ta.so.Triggers, kscope.Trigger{Type: "redis", MetricType: "AverageValue", Backlog: &other, Metadata: map[string]string{"listName": "returns", "listLength": "5"}})
	ta.so.MaxReplicaCount, ta.hpa.MaxReplicas = 100, 100
	ta.begin()
	for range 120 {
		ta.at = ta.at.Add(250 * time.Millisecond)
		ta.say(kscope.Depths{Server: ta.queue.Server, All: []kscope.Depth{{Backlog: ta.queue, N: float64(orders), Type: "list"}, {Backlog: other, N: float64(returns), Type: "list"}}})
	}
	return ta, other
}

// TestTwoListsAreOneQuestion: the number, the legend, the area with its peak
// and scale, the sentence and what i fills are of one and the same queue.
func TestTwoListsAreOneQuestion(t *testing.T) {
	ta, returns := twoLists(3, 900)
	var into []kscope.Backlog
	m := tell(ta, 120, 35, func(o *Options) {
		o.Load.Run = func(_ context.Context, l load.Load) error { into = append(into, l.Backlog); return nil }
	})
	screen := m.grid.Plain()
	if want := "900 jobs wait in returns"; !strings.Contains(screen, want) {
		t.Errorf("no sentence %q", want)
	}
	for _, what := range []string{`(?m)^ +returns `, `peak 900`, `▇ returns, heaviest of 2`} {
		if !regexp.MustCompile(what).MatchString(screen) {
			t.Errorf("nothing like %q on\n%s", what, screen)
		}
	}
	p, _ := m.picture()
	if top, _ := p.history.Queue.Max(ta.at.Add(-time.Minute), ta.at.Add(time.Second)); top != 900 {
		t.Errorf("the area is of a queue that reaches %v, want 900", top)
	}
	run(m, press(m, "i"))
	if len(into) != 1 || into[0] != returns {
		t.Errorf("i fills %v, want %v", into, returns)
	}
}

// TestOneTimeToZero: the number over KEDA and the sentence tell one time to
// zero, wherever the cluster's clock stands.
func TestOneTimeToZero(t *testing.T) {
	number, sentence := regexp.MustCompile(`~(\d+)`), regexp.MustCompile(`KEDA goes (?:straight )?to 0 in about (\d+)s`)
	for _, skew := range []time.Duration{0, 20 * time.Second, -20 * time.Second} {
		ta := newTale("demo", "worker").begin()
		ta.skew = skew
		ta.push(2).run(24 * time.Second)
		m := tell(ta, 120, 35)
		p, _ := m.picture()
		if p.Phase != explain.CoolingDown {
			t.Fatalf("skew %v: %s", skew, p.Phase)
		}
		says := sentence.FindStringSubmatch(p.Next)
		value := m.face(p, p.Links[explain.LinkKEDA]).text
		shows := number.FindStringSubmatch(value)
		if says == nil || shows == nil || says[1] != shows[1] {
			t.Errorf("cluster %v ahead: the chain says %q, the sentence %q", skew, value, p.Next)
		}
	}
}
