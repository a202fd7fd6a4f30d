package tui

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// withQueues makes an object one of so many queues.
func withQueues(t *tale, names ...string) *tale {
	t.so.Triggers = nil
	var all []kscope.Depth
	for i, name := range names {
		q := triggers.Redis{Address: "redis.demo.svc.cluster.local:6379", Key: name}.Backlog()
		t.so.Triggers = append(t.so.Triggers, kscope.Trigger{Type: "redis", MetricType: "AverageValue", Backlog: &q, Metadata: map[string]string{"listLength": "5"}})
		all = append(all, kscope.Depth{Backlog: q, N: float64(i * i), Type: "list"})
	}
	t.say(t.so, kscope.Depths{Server: t.queue.Server, All: all})
	return t
}

// Whatever the card holds and the screen shows, each of its rows can be reached, a
// mark says where there are more, and no key leads past either end.
func TestCardScrolls(t *testing.T) {
	for _, n := range []int{1, 2, 4, 9} {
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("queue-number-%d", i))
		}
		for _, size := range [][2]int{{80, 24}, {120, 35}, {200, 55}, {60, 20}, {40, 10}, {40, 12}} {
			m := tell(withQueues(phase("asleep").reachedBy(tunnelled), names...), size[0], size[1])
			press(m, "C")
			seen := map[string]bool{}
			note := func() {
				for _, name := range names {
					seen[name] = seen[name] || strings.Contains(m.grid.Plain(), name+",")
				}
			}
			note()
			more := strings.Contains(m.grid.Plain(), " below ")
			if says := strings.Contains(m.grid.Plain(), "j k scroll"); says != more {
				t.Errorf("%d queues, %v: more below %v, j k named %v", n, size, more, says)
			}
			p, _ := m.picture()
			limit := cardLimit(len(m.connectionRows(p, size[0])), size[1])
			if more != (limit > 0) {
				t.Errorf("%d queues, %v: more below %v, the limit is %d", n, size, more, limit)
			}
			for range limit {
				press(m, "j")
				note()
			}
			for _, name := range names {
				if !seen[name] {
					t.Errorf("%d queues, %v: %s was never shown", n, size, name)
				}
			}
			end := m.grid.Plain()
			for _, k := range []string{"j", "G", "pgdown", "down"} {
				if press(m, k); m.grid.Plain() != end {
					t.Fatalf("%d queues, %v: %s goes past the end:\n%s", n, size, k, m.grid.Plain())
				}
			}
			if strings.Contains(end, " below ") || !strings.Contains(end, "last error") {
				t.Errorf("%d queues, %v: the end is\n%s", n, size, end)
			}
			if press(m, "g", "k"); !strings.Contains(m.grid.Plain(), names[0]) {
				t.Errorf("%d queues, %v: g does not lead to the start", n, size)
			}
		}
	}
}
