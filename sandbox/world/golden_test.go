package world

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/kscope/kscope/triggers"
)

// steps writes down a row of scalings by the HPA, one a sync.
func steps(from float64, every float64, counts ...int) []string {
	var out []string
	for i := 1; i < len(counts); i++ {
		out = append(out, fmt.Sprintf("%.1f hpa %d->%d", from+every*float64(i-1), counts[i-1], counts[i]))
	}
	return out
}

func concat(lists ...[]string) []string {
	var out []string
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// trace is one of the traces: what is measured, and the scalings that follow.
type trace struct {
	name         string
	replicas     int32
	spec         map[string]any
	load         func(t float64) float64
	polls, syncs time.Duration
	until        float64
	want         []string
}

// world is the trace's, before anything is applied to it.
func (c trace) world(t *testing.T) (*World, *lists) {
	w, l := play(t, Options{NoWorkers: true})
	w.firstPoll, w.firstSync = c.polls, c.syncs
	l.at = func(triggers.Redis) int64 { return c.measured(w.Now().Sub(epoch)) }
	return w, l
}

func (c trace) measured(since time.Duration) int64 { return int64(1000 * c.load(since.Seconds())) }

func (c trace) object() any {
	spec := map[string]any{"maxReplicaCount": int64(20), "triggers": []any{listTrigger("orders", "5000")}}
	maps.Copy(spec, c.spec)
	return object(spec)
}

// traces are A to H: target 5, polls and syncs exactly spaced, pods that are
// there at once. The load is in thousandths, so that it may be a fraction.
func traces() []trace {
	const polls, syncs = 500 * time.Millisecond, 7500 * time.Millisecond
	burst := func(t float64) float64 { return 100 }
	drain := func(t float64) float64 {
		if t < 20 {
			return 100
		}
		return 0
	}
	memory := func(t float64) float64 {
		switch {
		case t < 60:
			return 100
		case t < 200:
			return 0
		}
		return 1
	}
	hump := func(t float64) float64 {
		if t >= 50 && t < 120 {
			return 33
		}
		return 0
	}
	empty := map[string]any{}
	return []trace{
		{"A", 0, nil, burst, polls, syncs, 200, concat([]string{"0.5 keda 0->1"}, steps(7.5, 15, 1, 4, 8, 16, 20))},
		{"A with behavior", 0, map[string]any{"advanced": behaviorOf(empty)}, burst, polls, syncs, 200,
			concat([]string{"0.5 keda 0->1"}, steps(7.5, 15, 1, 5, 10, 20))},
		{"B 300", 20, map[string]any{"cooldownPeriod": int64(300)}, drain, polls, 12500 * time.Millisecond, 700, []string{"300.5 keda 20->0"}},
		{"B 60", 20, map[string]any{"cooldownPeriod": int64(60)}, drain, polls, 12500 * time.Millisecond, 700, []string{"60.5 keda 20->0"}},
		{"B 45", 20, map[string]any{"cooldownPeriod": int64(45)}, drain, polls, 12500 * time.Millisecond, 700, []string{"60.5 keda 20->0"}},
		{"B 600", 20, map[string]any{"cooldownPeriod": int64(600)}, drain, polls, 12500 * time.Millisecond, 700,
			[]string{"327.5 hpa 20->1", "600.5 keda 1->0"}},
		{"C", 0, map[string]any{"cooldownPeriod": int64(30)}, memory, polls, syncs, 360,
			concat([]string{"0.5 keda 0->1"}, steps(7.5, 15, 1, 4, 8, 16, 20), []string{"60.5 keda 20->0", "210.5 keda 0->1"}, steps(217.5, 15, 1, 4, 8, 16, 20))},
		{"C with behavior", 0, map[string]any{"cooldownPeriod": int64(30), "advanced": behaviorOf(empty)}, memory, polls, syncs, 360,
			concat([]string{"0.5 keda 0->1"}, steps(7.5, 15, 1, 5, 10, 20), []string{"60.5 keda 20->0", "210.5 keda 0->1"})},
		{"D", 0, map[string]any{"cooldownPeriod": int64(600), "advanced": behaviorOf(map[string]any{
			"scaleUp":   map[string]any{"policies": []any{map[string]any{"type": "Pods", "value": int64(2), "periodSeconds": int64(30)}}},
			"scaleDown": map[string]any{"stabilizationWindowSeconds": int64(0), "policies": []any{map[string]any{"type": "Pods", "value": int64(1), "periodSeconds": int64(60)}}},
		})}, func(t float64) float64 {
			if t < 150 {
				return 60
			}
			return 0
		}, polls, syncs, 530,
			concat([]string{"0.5 keda 0->1"}, steps(7.5, 30, 1, 3, 5, 7, 9, 11), []string{"157.5 hpa 11->8"}, steps(217.5, 60, 8, 7, 6, 5, 4, 3, 2))},
		{"E", 0, map[string]any{"advanced": behaviorOf(map[string]any{"scaleUp": map[string]any{"stabilizationWindowSeconds": int64(60)}})},
			func(t float64) float64 {
				if t < 40 {
					return 25
				}
				return 60
			}, polls, syncs, 200, []string{"0.5 keda 0->1", "67.5 hpa 1->5", "97.5 hpa 5->10", "112.5 hpa 10->12"}},
		{"F", 0, map[string]any{"minReplicaCount": int64(2), "maxReplicaCount": int64(10)}, hump, polls, syncs, 600,
			[]string{"0.5 keda 0->2", "52.5 hpa 2->4", "67.5 hpa 4->7", "427.5 hpa 7->2"}},
		{"G", 0, map[string]any{"idleReplicaCount": int64(0), "minReplicaCount": int64(3), "maxReplicaCount": int64(10), "cooldownPeriod": int64(60)}, hump, polls, syncs, 600,
			[]string{"60.5 keda 0->3", "67.5 hpa 3->6", "82.5 hpa 6->7", "150.5 keda 7->0"}},
		{"H", 20, nil, func(t float64) float64 { return max(0, 100-t/2) }, polls, syncs, 600,
			concat(steps(322.5, 15, 20, 18, 17, 15, 14, 12, 11, 9, 8, 6, 5, 3), []string{"480.5 keda 3->0"})},
	}
}

// TestGoldenTraces reproduces the traces.
func TestGoldenTraces(t *testing.T) {
	for _, c := range traces() {
		t.Run(c.name, func(t *testing.T) {
			w, _ := c.world(t)
			apply(t, w, deployment("worker", c.replicas))
			apply(t, w, c.object())
			got := scalings{last: c.replicas}
			for w.Now().Sub(epoch).Seconds() < c.until {
				w.Advance(w.Now().Add(500 * time.Millisecond))
				got.collect(w)
			}
			same(t, c.name, got.list, c.want)
		})
	}
}
