package scaling

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/kscope/kscope"
)

var epoch = time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)

// model is a second implementation of the HPA's normalization, written from
// the prose of the rules and not from the first: it works in milliseconds, keeps
// every proposal for ever, and tests each against the window when it is asked.
type model struct {
	said    []saying
	rescale map[bool][]saying // up: true
}

type saying struct {
	t float64
	n int
}

type ruling struct {
	window   float64
	how      string
	policies []modelPolicy
}

type modelPolicy struct {
	unit  string
	value int
	ms    float64
}

func (m *model) moved(up bool, ms, now float64) (sum int) {
	for _, s := range m.rescale[up] {
		if now-s.t < ms {
			sum += s.n
		}
	}
	return sum
}

// furthest is where the policies of one direction let the count go.
func (m *model) furthest(up bool, r ruling, now float64, cur int) int {
	if r.how == "Disabled" {
		return cur
	}
	var ends []int
	for _, p := range r.policies {
		began := float64(cur - m.moved(true, p.ms, now) + m.moved(false, p.ms, now))
		sign := 1.0
		if !up {
			sign = -1
		}
		switch p.unit {
		case "Pods":
			ends = append(ends, int(began+sign*float64(p.value)))
		default:
			to := began * (1 + sign*float64(p.value)/100)
			if up {
				to = math.Ceil(to)
			}
			ends = append(ends, int(to)) // towards zero
		}
	}
	slices.Sort(ends)
	most, least := ends[len(ends)-1], ends[0]
	switch {
	case up && r.how == "Min":
		return max(least, cur)
	case up:
		return max(most, cur)
	case r.how == "Min":
		return min(most, cur)
	}
	return min(least, cur)
}

func (m *model) decide(now float64, rules *[2]ruling, cur, raw, low, high int) (stab, want int, able, limited string) {
	able, limited = "ReadyForNewScale", "DesiredWithinRange"
	defer func() { m.said = append(m.said, saying{now, raw}) }()
	if rules == nil {
		stab = raw
		for _, s := range m.said {
			if now-s.t <= 300e3 && s.n > stab {
				stab = s.n
				able = "ScaleDownStabilized"
			}
		}
		cap, why := max(4, cur*2), "ScaleUpLimit"
		if high <= cap {
			cap, why = high, "TooManyReplicas"
		}
		if stab < low {
			return stab, low, able, "TooFewReplicas"
		}
		if stab > cap {
			return stab, cap, able, why
		}
		return stab, stab, able, limited
	}
	up, down := rules[0], rules[1]
	floor, ceiling := raw, raw
	for _, s := range m.said {
		if now-s.t < up.window {
			floor = min(floor, s.n)
		}
		if now-s.t < down.window {
			ceiling = max(ceiling, s.n)
		}
	}
	switch {
	case cur < floor:
		stab = floor
	case cur > ceiling:
		stab = ceiling
	default:
		stab = cur
	}
	if stab != raw {
		able = map[bool]string{true: "ScaleUpStabilized", false: "ScaleDownStabilized"}[raw >= cur]
	}
	want = stab
	if stab > cur {
		top := m.furthest(true, up, now, cur)
		if want > min(top, high) {
			want, limited = min(top, high), "TooManyReplicas"
			if top < high {
				limited = "ScaleUpLimit"
			}
		}
	} else if stab < cur {
		bottom := m.furthest(false, down, now, cur)
		if want < max(bottom, low) {
			want, limited = max(bottom, low), "TooFewReplicas"
			if bottom > low {
				limited = "ScaleDownLimit"
			}
		}
	}
	return stab, want, able, limited
}

func (m *model) rescaled(now float64, rules *[2]ruling, from, to int) {
	if rules == nil {
		return
	}
	up := to > from
	r := rules[1]
	if up {
		r = rules[0]
	}
	longest := 0.0
	for _, p := range r.policies {
		longest = max(longest, p.ms)
	}
	list := m.rescale[up]
	entry := saying{now, max(to-from, from-to)}
	for i := len(list) - 1; i >= 0; i-- {
		if now-list[i].t > longest {
			list[i] = entry
			return
		}
	}
	m.rescale[up] = append(list, entry)
}

// randomRules are the same rules in both forms; nil in both now and then.
func randomRules(r *rand.Rand) (*kscope.Behavior, *[2]ruling) {
	if r.IntN(3) == 0 {
		return nil, nil
	}
	b, m := &kscope.Behavior{}, &[2]ruling{}
	for i, d := range []*kscope.Direction{&b.Up, &b.Down} {
		window := []int{0, 0, 15, 30, 60, 75, 300, 600}[r.IntN(8)]
		d.Window, m[i].window = time.Duration(window)*time.Second, 1000*float64(window)
		d.Select = []string{"Max", "Max", "Min", "Disabled"}[r.IntN(4)]
		m[i].how = d.Select
		for range 1 + r.IntN(3) {
			p := modelPolicy{[]string{"Pods", "Percent"}[r.IntN(2)], 1 + r.IntN(12), float64(1000 * (1 + r.IntN(120)))}
			if p.unit == "Percent" {
				p.value = 1 + r.IntN(250)
			}
			m[i].policies = append(m[i].policies, p)
			d.Policies = append(d.Policies, kscope.ScalingPolicy{Type: p.unit, Value: int32(p.value), Period: time.Duration(p.ms) * time.Millisecond})
		}
	}
	return b, m
}

// TestNormalizeAgainstASecondImplementation plays thousands of random
// histories through both, with replicas that somebody else changes and syncs
// that come exactly or roughly on time.
func TestNormalizeAgainstASecondImplementation(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	syncs := 0
	for scenario := range 5000 {
		rules, other := randomRules(r)
		m := model{rescale: map[bool][]saying{}}
		var mem Memory
		low := r.IntN(4)
		high := low + 1 + r.IntN(40)
		cur, now := r.IntN(high+1), 0.0
		raw := r.IntN(50)
		for range 60 {
			now += 15000
			if r.IntN(3) == 0 {
				now += float64(r.IntN(8000))
			}
			if r.IntN(10) == 0 {
				cur = low + r.IntN(high-low+1) // somebody else
			}
			if r.IntN(2) == 0 {
				raw = max(0, raw+r.IntN(21)-10)
			}
			at := epoch.Add(time.Duration(now) * time.Millisecond)
			got := mem.Normalize(at, rules, int32(cur), int32(raw), Bounds{int32(low), int32(high)})
			stab, want, able, limited := m.decide(now, other, cur, raw, low, high)
			expected := Verdict{int32(stab), int32(want), able, limited}
			if got != expected {
				t.Fatalf("seed %d, scenario %d at %.0f ms, %d replicas, raw %d, %d..%d, %+v: got %+v, want %+v", seed, scenario, now, cur, raw, low, high, rules, got, expected)
			}
			if want != cur {
				mem.Rescaled(at, rules, int32(cur), int32(want))
				m.rescaled(now, other, cur, want)
				cur = want
			}
			syncs++
		}
	}
	t.Logf("%d syncs agree", syncs)
}

// The rule that 10 % of 100 is a little more than 10 in float64.
func TestPercentRoundsUp(t *testing.T) {
	var m Memory
	d := kscope.Direction{Select: "Max", Policies: []kscope.ScalingPolicy{{Type: "Percent", Value: 10, Period: time.Minute}}}
	if got := m.upLimit(epoch, d, 100); got != 111 {
		t.Errorf("got %d, want 111", got)
	}
	if got := m.downLimit(epoch, d, 15); got != 13 {
		t.Errorf("got %d, want 13", got)
	}
	if got := fmt.Sprint(m.upLimit(epoch, kscope.Direction{Select: "Disabled"}, 3)); got != "3" {
		t.Errorf("got %s, want 3", got)
	}
}
