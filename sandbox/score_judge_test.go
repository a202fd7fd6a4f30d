package sandbox

import (
	"testing"
	"time"

	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/explain/outlook"
	"github.com/kscope/kscope/sandbox/world"
	"github.com/kscope/kscope/store"
)

// verdict is what came of something that was said.
type verdict string

const (
	right    verdict = "right"
	near     verdict = "near"     // a size that is off by 1 or 10 %, or a range that holds it; of a sentence: the direction
	wrong    verdict = "wrong"    // of a sentence: the opposite
	silent   verdict = "silent"   // nothing of the kind was said
	guessed  verdict = "guessed"  // right, and marked as a guess
	pending  verdict = "pending"  // the story ended before
	said     verdict = "said"     // a change was foretold
	saidNone verdict = "saidNone" // that nothing changes was
)

const (
	// slack is how far from the times it gives a forecast may come true.
	slack = 500 * time.Millisecond
	// unseen is how old news may be of which kscope cannot know yet: it asks Redis
	// every 250 ms.
	unseen = 500 * time.Millisecond
	// settling is what a new rate takes to be told from the one before.
	settling = 20 * time.Second
)

// next is the first change after a time, nil if there is none.
func (out *record) next(after time.Time) *resize {
	for i := range out.changes {
		if out.changes[i].at.After(after) {
			return &out.changes[i]
		}
	}
	return nil
}

// judge holds a forecast that was made at a time against the change that it is
// about, nil if none came, and says when that was decided.
func judge(f outlook.Forecast, c *resize, ended time.Time) (verdict, time.Time) {
	first, last := f.Earliest.Add(-slack), f.Latest.Add(slack)
	if f.Stays {
		last = f.Latest
	}
	switch {
	case c == nil || c.at.After(last) || f.Stays && c.at.Equal(last):
		switch {
		case ended.Before(last):
			return pending, ended
		case f.Stays:
			return right, last
		}
		return wrong, last
	case !f.Stays && c.by == f.By && f.Low <= c.to && c.to <= f.High && !c.at.Before(first):
		return right, c.at
	}
	return wrong, c.at
}

// judgeSize holds the number that was said to be next against the one that the
// HPA made it.
func judgeSize(ahead []outlook.Forecast, c resize) verdict {
	if len(ahead) == 0 {
		return silent
	}
	f := ahead[0]
	if f.Stays || f.By != store.TheHPA {
		return wrong
	}
	off := max(f.Low-c.to, c.to-f.High, 0)
	switch {
	case off == 0 && f.Low == f.High:
		return right
	case off <= max(1, c.to/10):
		return near
	}
	return wrong
}

// judgeSentence holds what was said in the moment of a change against it: the
// number, or at least the direction.
func judgeSentence(ahead []outlook.Forecast, c resize) verdict {
	if len(ahead) == 0 {
		return silent
	}
	f := ahead[0]
	switch {
	case f.Stays:
		return wrong
	case f.By == c.by && f.Low <= c.to && c.to <= f.High:
		return right
	case c.up() && f.High > c.from, !c.up() && f.Low < c.from:
		return near
	}
	return wrong
}

// calm reports whether, from what kscope could not know yet to a time, all was as
// a condition assumes.
func (out *record) calm(from, to time.Time, on outlook.Condition) bool {
	from, to = from.Add(-unseen), to.Add(time.Millisecond)
	for _, b := range out.beats {
		at := out.began.Add(b.at)
		if at.After(to) {
			break
		}
		switch {
		case b.do != nil: // settings and pods are assumed to stay as they are
			if at.After(from) {
				return false
			}
		case on == outlook.NoMoreJobs:
			if at.After(from) {
				return false
			}
		case on == outlook.PresentRate && b.turns:
			if at.After(from.Add(-settling)) {
				return false
			}
		}
	}
	return true
}

// restless is how long a phase must last between two of another kind.
const restless = 5 * time.Second

// key is what a tally counts.
type key struct {
	family  family
	measure string // forecast, zero, size, sentence, author, said, broken, flip
	who     string
	rule    string
	calm    bool
	verdict verdict
}

type tally map[key]int

func (t tally) add(o tally) {
	for k, n := range o {
		t[k] += n
	}
}

// count is the sum of what a filter lets through.
func (t tally) count(ok func(key) bool) int {
	sum := 0
	for k, n := range t {
		if ok(k) {
			sum += n
		}
	}
	return sum
}

// weigh judges all that was said in a story.
func (out *record) weigh() tally {
	t := tally{}
	count := func(k key) { k.family = out.family; t[k]++ }
	for i := range out.glances {
		g := &out.glances[i]
		for _, j := range out.judged(g) {
			count(key{measure: "forecast", who: who(j.Forecast), rule: g.Rule, calm: j.calm, verdict: j.verdict})
		}
		if !g.Zero.IsZero() {
			v, calm := out.judgeZero(g)
			count(key{measure: "zero", who: "KEDA", rule: g.Rule, calm: calm, verdict: v})
		}
		count(key{measure: "said", verdict: saying(g.Ahead)})
		if g.Phase == explain.Broken {
			count(key{measure: "broken", rule: g.Rule})
		}
	}
	for i := range out.changes {
		c := &out.changes[i]
		way := string(c.by)
		if c.by == store.TheHPA {
			way = map[bool]string{true: "HPA up", false: "HPA down"}[c.up()]
			if g := out.lastGlance(c.at); g != nil {
				count(key{measure: "size", who: way, rule: g.Rule, calm: out.calm(g.at, c.at, conditionOf(g.Ahead)), verdict: judgeSize(g.Ahead, *c)})
			}
		}
		if c.by != store.Someone {
			count(key{measure: "sentence", who: way, rule: c.stood.Rule, calm: out.calm(c.at, c.at, conditionOf(c.stood.Ahead)), verdict: judgeSentence(c.stood.Ahead, *c)})
		}
		if c.author != "" {
			count(key{measure: "author", who: string(c.by), rule: string(c.named), verdict: c.author})
		}
	}
	for i := 2; i < len(out.phases); i++ {
		a, b, c := out.phases[i-2], out.phases[i-1], out.phases[i]
		if a.Phase == c.Phase && c.at.Sub(b.at) < restless {
			count(key{measure: "flip", who: string(a.Phase), rule: string(b.Phase)})
		}
	}
	return t
}

// judgedForecast is one of what a glance foretold, judged.
type judgedForecast struct {
	outlook.Forecast
	calm bool
	verdict
}

// judged judges what a glance foretold: the first of it by the first change that
// came, what it says of later by what its actor did after that.
func (out *record) judged(g *glance) []judgedForecast {
	var all []judgedForecast
	c := out.next(g.at)
	for _, f := range g.Ahead {
		v, decided := judge(f, c, out.ended)
		all = append(all, judgedForecast{f, out.calm(g.at, decided, f.If), v})
		if v != right || f.Stays {
			break
		}
		c = out.next(decided)
		if len(all) == len(g.Ahead) || g.Ahead[len(all)].Stays {
			continue
		}
		for c != nil && c.by != g.Ahead[len(all)].By {
			c = out.next(c.at)
		}
	}
	return all
}

// aboutZero is how far from the truth a countdown to zero may be.
const aboutZero = 2 * time.Second

// judgeZero holds the countdown to zero against when KEDA next changes the replicas,
// whatever the HPA does before.
func (out *record) judgeZero(g *glance) (v verdict, calm bool) {
	c := out.next(g.at)
	for c != nil && c.by != store.KEDA {
		c = out.next(c.at)
	}
	f := outlook.Forecast{By: store.KEDA, High: max(g.replicas-1, 0), Earliest: g.Zero.Add(-aboutZero), Latest: g.Zero.Add(aboutZero)}
	v, decided := judge(f, c, out.ended)
	return v, out.calm(g.at, decided, outlook.NoMoreJobs)
}

// lastGlance is the last at a whole second before a time, nil if there is none.
func (out *record) lastGlance(before time.Time) *glance {
	for i := len(out.glances) - 1; i >= 0; i-- {
		if out.glances[i].at.Before(before) {
			return &out.glances[i]
		}
	}
	return nil
}

// who a forecast is about.
func who(f outlook.Forecast) string {
	if f.Stays {
		return "nobody"
	}
	return string(f.By)
}

func conditionOf(ahead []outlook.Forecast) outlook.Condition {
	if len(ahead) == 0 {
		return outlook.NoMoreJobs
	}
	return ahead[0].If
}

func saying(ahead []outlook.Forecast) verdict {
	switch {
	case len(ahead) == 0:
		return silent
	case ahead[0].Stays:
		return saidNone
	}
	return said
}

// TestJudge: each verdict, by hand.
func TestJudge(t *testing.T) {
	at := func(s float64) time.Time { return time.Unix(0, 0).Add(time.Duration(s * float64(time.Second))) }
	hpa := func(when float64, from, to int32) *resize {
		return &resize{at: at(when), by: store.TheHPA, from: from, to: to}
	}
	to8 := outlook.Forecast{By: store.TheHPA, Low: 8, High: 8, Earliest: at(5), Latest: at(10)}
	stays := outlook.Forecast{Stays: true, Latest: at(10)}
	for _, tt := range []struct {
		name    string
		f       outlook.Forecast
		c       *resize
		want    verdict
		decided float64
	}{
		{"true", to8, hpa(7, 4, 8), right, 7},
		{"a little early", to8, hpa(4.6, 4, 8), right, 4.6},
		{"too early", to8, hpa(4.4, 4, 8), wrong, 4.4},
		{"a little late", to8, hpa(10.5, 4, 8), right, 10.5},
		{"too late", to8, hpa(10.6, 4, 8), wrong, 10.5},
		{"another number", to8, hpa(7, 4, 9), wrong, 7},
		{"somebody else", to8, &resize{at: at(7), by: store.KEDA, from: 4, to: 8}, wrong, 7},
		{"never", to8, nil, wrong, 10.5},
		{"nothing changes", stays, nil, right, 10},
		{"something does", stays, hpa(9.9, 4, 8), wrong, 9.9},
		{"only then", stays, hpa(10, 4, 8), right, 10},
	} {
		got, decided := judge(tt.f, tt.c, at(60))
		if got != tt.want || !decided.Equal(at(tt.decided)) {
			t.Errorf("%s: got %s at %v, want %s at %v", tt.name, got, decided.Sub(at(0)), tt.want, tt.decided)
		}
	}
	for _, f := range []outlook.Forecast{to8, stays} {
		if got, _ := judge(f, nil, at(9)); got != pending {
			t.Errorf("a story that ends before: got %s", got)
		}
	}
	about := outlook.Forecast{By: store.TheHPA, Low: 6, High: 9}
	kedas := outlook.Forecast{By: store.KEDA}
	for _, tt := range []struct {
		name           string
		ahead          []outlook.Forecast
		c              resize
		size, sentence verdict
	}{
		{"the number", []outlook.Forecast{to8}, *hpa(7, 4, 8), right, right},
		{"one less", []outlook.Forecast{to8}, *hpa(7, 4, 7), near, near},
		{"far more", []outlook.Forecast{to8}, *hpa(7, 4, 16), wrong, near},
		{"a tenth more", []outlook.Forecast{{By: store.TheHPA, Low: 40, High: 40}}, *hpa(7, 4, 44), near, near},
		{"within a range", []outlook.Forecast{about}, *hpa(7, 4, 8), near, right},
		{"the other way", []outlook.Forecast{about}, *hpa(7, 10, 12), wrong, wrong},
		{"KEDA's", []outlook.Forecast{kedas}, *hpa(7, 4, 3), wrong, near},
		{"KEDA's the other way", []outlook.Forecast{kedas}, *hpa(7, 4, 8), wrong, wrong},
		{"nothing changes", []outlook.Forecast{stays}, *hpa(7, 4, 8), wrong, wrong},
		{"nothing is said", nil, *hpa(7, 4, 8), silent, silent},
	} {
		if got := judgeSize(tt.ahead, tt.c); got != tt.size {
			t.Errorf("%s: size %s, want %s", tt.name, got, tt.size)
		}
		if got := judgeSentence(tt.ahead, tt.c); got != tt.sentence {
			t.Errorf("%s: sentence %s, want %s", tt.name, got, tt.sentence)
		}
	}
}

// TestJudgeStory: a story by hand, in which of two forecasts in a row the second is
// about what its own actor does, and jobs excuse only what assumes that none come.
func TestJudgeStory(t *testing.T) {
	began := time.Unix(0, 0)
	at := func(s float64) time.Time { return began.Add(time.Duration(s * float64(time.Second))) }
	hpa := outlook.Forecast{By: store.TheHPA, Low: 4, High: 4, Earliest: at(0), Latest: at(15), If: outlook.NoMoreJobs}
	zero := outlook.Forecast{By: store.KEDA, Earliest: at(25), Latest: at(35), If: outlook.NoMoreJobs}
	out := record{
		story: story{family: healthy, beats: []beat{{at: 20 * time.Second, jobs: 1}}}, began: began, ended: at(60),
		glances: []glance{{at: at(1), Decision: explain.Decision{Rule: "cooling", Ahead: []outlook.Forecast{hpa, zero}}}},
		changes: []resize{
			{at: at(10), by: store.TheHPA, from: 8, to: 4, author: right},
			{at: at(12), by: store.TheHPA, from: 4, to: 3, author: wrong},
			{at: at(30), by: store.KEDA, from: 3, to: 0, author: right},
		},
		phases: []phase{{at(0), explain.Draining}, {at(10), explain.Asleep}, {at(11), explain.Draining}, {at(30), explain.Asleep}},
		deeds:  []world.Deed{},
	}
	got := out.weigh()
	for k, n := range map[key]int{
		{healthy, "forecast", "HPA", "cooling", true, right}:   1,
		{healthy, "forecast", "KEDA", "cooling", false, right}: 1,
		{healthy, "size", "HPA down", "cooling", true, right}:  1,
		{healthy, "size", "HPA down", "cooling", true, near}:   1,
		{healthy, "author", "HPA", "", false, right}:           1,
		{healthy, "author", "HPA", "", false, wrong}:           1,
		{healthy, "author", "KEDA", "", false, right}:          1,
		{healthy, "flip", "draining", "asleep", false, ""}:     1,
		{healthy, "said", "", "", false, said}:                 1,
	} {
		if got[k] != n {
			t.Errorf("%+v: got %d, want %d", k, got[k], n)
		}
	}
}
