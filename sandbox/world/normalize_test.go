package world

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
)

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
func randomRules(r *rand.Rand) (*behavior, *[2]ruling) {
	if r.IntN(3) == 0 {
		return nil, nil
	}
	b, m := &behavior{}, &[2]ruling{}
	for i, d := range []*direction{&b.up, &b.down} {
		window := []int{0, 0, 15, 30, 60, 75, 300, 600}[r.IntN(8)]
		d.window, m[i].window = time.Duration(window)*time.Second, 1000*float64(window)
		d.choice = []string{"Max", "Max", "Min", "Disabled"}[r.IntN(4)]
		m[i].how = d.choice
		for range 1 + r.IntN(3) {
			p := modelPolicy{[]string{"Pods", "Percent"}[r.IntN(2)], 1 + r.IntN(12), float64(1000 * (1 + r.IntN(120)))}
			if p.unit == "Percent" {
				p.value = 1 + r.IntN(250)
			}
			m[i].policies = append(m[i].policies, p)
			d.policies = append(d.policies, policy{p.unit == "Percent", int32(p.value), time.Duration(p.ms) * time.Millisecond})
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
		var mem memory
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
			got := mem.normalize(at, rules, int32(cur), int32(raw), bounds{int32(low), int32(high)})
			stab, want, able, limited := m.decide(now, other, cur, raw, low, high)
			expected := verdict{int32(stab), int32(want), able, limited}
			if got != expected {
				t.Fatalf("seed %d, scenario %d at %.0f ms, %d replicas, raw %d, %d..%d, %+v: got %+v, want %+v", seed, scenario, now, cur, raw, low, high, rules, got, expected)
			}
			if want != cur {
				mem.rescaled(at, rules, int32(cur), int32(want))
				m.rescaled(now, other, cur, want)
				cur = want
			}
			syncs++
		}
	}
	t.Logf("%d syncs agree", syncs)
}

// TestProposalsAgreeWithTheExplainer holds the sandbox's arithmetic and the
// explainer's together.
func TestProposalsAgreeWithTheExplainer(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	for range 20000 {
		total, target, status := r.Int64N(200000), 1+r.Int64N(20000), int32(r.IntN(40))
		got, _ := perPod(total, target, status, tolerance{scaling.Tolerance, scaling.Tolerance})
		if want := scaling.WantReplicas(float64(total)/1000, float64(target)/1000, status); got != want {
			t.Fatalf("seed %d: total %d, target %d, %d pods: sandbox %d, explainer %d", seed, total, target, status, got, want)
		}
		rules, _ := randomRules(r)
		cur, high := int32(r.IntN(40)), int32(1+r.IntN(60))
		h := kscope.HPA{MaxReplicas: high, HasBehavior: rules != nil}
		if rules == nil {
			continue // the sandbox asks the explainer itself
		}
		h.ScaleUpSelect = rules.up.choice
		for _, p := range rules.up.policies {
			typ := "Pods"
			if p.percent {
				typ = "Percent"
			}
			h.ScaleUp = append(h.ScaleUp, kscope.ScalingPolicy{Type: typ, Value: p.value, Period: p.period})
		}
		var m memory
		if got, want := min(m.upLimit(epoch, rules.up, cur), high), scaling.UpLimit(h, cur); cur <= high && got != want {
			t.Fatalf("seed %d: %d replicas, %+v: sandbox %d, explainer %d", seed, cur, rules.up, got, want)
		}
	}
}

func TestPerPod(t *testing.T) {
	both := tolerance{0.1, 0.1}
	for _, c := range []struct {
		total, target int64
		status        int32
		t             tolerance
		want          int32
		shown         int64
	}{
		{44000, 5000, 10, both, 9, 4400},
		{45000, 5000, 10, both, 10, 4500},
		{55000, 5000, 10, both, 10, 5500},
		{56000, 5000, 10, both, 12, 5600},
		{100000, 5000, 3, both, 20, 33334},
		{0, 5000, 3, both, 0, 0},
		{10000, 5000, 0, both, 2, math.MinInt64},
		{0, 5000, 0, both, 0, math.MinInt64},
		{52000, 5000, 10, tolerance{0, 0.1}, 11, 5200},
		{46000, 5000, 10, tolerance{0.1, 0}, 10, 4600},
		{41000, 5000, 10, tolerance{0.1, 0.2}, 10, 4100},
	} {
		got, shown := perPod(c.total, c.target, c.status, c.t)
		if got != c.want || shown != c.shown {
			t.Errorf("%+v: got %d, shown %d", c, got, shown)
		}
	}
}

func TestWholly(t *testing.T) {
	both := tolerance{0.1, 0.1}
	for _, c := range []struct {
		total, target int64
		spec, ready   int32
		want          int32
	}{
		{20000, 10000, 0, 0, 2},
		{10500, 10000, 7, 3, 7},
		{20000, 10000, 7, 3, 6},
		{20000, 10000, 7, 0, 0},
		{1000, 10000, 7, 7, 1},
	} {
		if got := wholly(c.total, c.target, c.spec, c.ready, both); got != c.want {
			t.Errorf("%+v: got %d", c, got)
		}
	}
}

// The rule that 10 % of 100 is a little more than 10 in float64.
func TestPercentRoundsUp(t *testing.T) {
	var m memory
	d := direction{choice: "Max", policies: []policy{{percent: true, value: 10, period: time.Minute}}}
	if got := m.upLimit(epoch, d, 100); got != 111 {
		t.Errorf("got %d, want 111", got)
	}
	if got := m.downLimit(epoch, direction{choice: "Max", policies: []policy{{percent: true, value: 10, period: time.Minute}}}, 15); got != 13 {
		t.Errorf("got %d, want 13", got)
	}
	if got := fmt.Sprint(m.upLimit(epoch, direction{choice: "Disabled"}, 3)); got != "3" {
		t.Errorf("got %s, want 3", got)
	}
}
