package score

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
)

// restless is how long a phase must last between two of another kind.
const restless = 5 * time.Second

// key is what a tally counts.
type key struct {
	family  Family
	measure string // forecast, zero, size, sentence, author, said, broken, flip
	who     string
	rule    string
	calm    bool
	verdict Verdict
}

// Tally is what was counted of stories.
type Tally map[key]int

// Add counts another one's as well.
func (t Tally) Add(o Tally) {
	for k, n := range o {
		t[k] += n
	}
}

// Weigh judges all that was said in a story.
func (r *Record) Weigh() Tally {
	t := Tally{}
	count := func(k key) { k.family = r.Family; t[k]++ }
	for i := range r.Glances {
		g := &r.Glances[i]
		for _, j := range r.judged(g) {
			count(key{measure: "forecast", who: who(j.Forecast), rule: g.Rule, calm: j.calm, verdict: j.Verdict})
		}
		if !g.Zero.IsZero() {
			v, calm := r.judgeZero(g)
			count(key{measure: "zero", who: "KEDA", rule: g.Rule, calm: calm, verdict: v})
		}
		count(key{measure: "said", verdict: saying(g.Ahead)})
		if g.Phase == explain.Broken {
			count(key{measure: "broken", rule: g.Rule})
		}
	}
	for i := range r.Changes {
		c := &r.Changes[i]
		way := string(c.By)
		if c.By == store.TheHPA {
			way = map[bool]string{true: "HPA up", false: "HPA down"}[c.Up()]
			if g := r.lastGlance(c.At); g != nil {
				count(key{measure: "size", who: way, rule: g.Rule, calm: r.calm(g.At, c.At, conditionOf(g.Ahead)), verdict: judgeSize(g.Ahead, c)})
			}
		}
		if c.By != store.Someone {
			count(key{measure: "sentence", who: way, rule: c.Stood.Rule, calm: r.calm(c.At, c.At, conditionOf(c.Stood.Ahead)), verdict: judgeSentence(c.Stood.Ahead, c)})
		}
		if c.Author != "" {
			count(key{measure: "author", who: string(c.By), rule: string(c.Named), verdict: c.Author})
		}
	}
	for i := 2; i < len(r.Phases); i++ {
		a, b, c := r.Phases[i-2], r.Phases[i-1], r.Phases[i]
		if a.Phase == c.Phase && c.At.Sub(b.At) < restless {
			count(key{measure: "flip", who: string(a.Phase), rule: string(b.Phase)})
		}
	}
	return t
}

// count is the sum of what a filter lets through.
func (t Tally) count(ok func(key) bool) int {
	sum := 0
	for k, n := range t {
		if ok(k) {
			sum += n
		}
	}
	return sum
}

func (t Tally) only(ok func(key) bool) Tally {
	out := Tally{}
	for k, n := range t {
		if ok(k) {
			out[k] = n
		}
	}
	return out
}

// list names what there is most of.
func (t Tally) list() string {
	sums := map[string]int{}
	for k, n := range t {
		name := k.rule
		if k.who != "" {
			name = k.who + ">" + k.rule
		}
		sums[name] += n
	}
	if len(sums) == 0 {
		return ""
	}
	names := sortedNames(sums)
	slices.SortStableFunc(names, func(a, b string) int { return sums[b] - sums[a] })
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, sums[name])
	}
	return "(" + strings.Join(names[:min(6, len(names))], ", ") + ")"
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func whatever(key) bool { return true }

func with(these ...Verdict) func(key) bool {
	return func(k key) bool { return slices.Contains(these, k.verdict) }
}
