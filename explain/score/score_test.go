package score

import (
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/explain/outlook"
	"github.com/kscope/kscope/store"
)

// TestJudge: each verdict, by hand.
func TestJudge(t *testing.T) {
	at := func(s float64) time.Time { return time.Unix(0, 0).Add(time.Duration(s * float64(time.Second))) }
	hpa := func(when float64, from, to int32) *Change {
		return &Change{At: at(when), By: store.TheHPA, From: from, To: to}
	}
	to8 := outlook.Forecast{By: store.TheHPA, Low: 8, High: 8, Earliest: at(5), Latest: at(10)}
	stays := outlook.Forecast{Stays: true, Latest: at(10)}
	for _, tt := range []struct {
		name    string
		f       outlook.Forecast
		c       *Change
		want    Verdict
		decided float64
	}{
		{"true", to8, hpa(7, 4, 8), Right, 7},
		{"a little early", to8, hpa(4.6, 4, 8), Right, 4.6},
		{"too early", to8, hpa(4.4, 4, 8), Wrong, 4.4},
		{"a little late", to8, hpa(10.5, 4, 8), Right, 10.5},
		{"too late", to8, hpa(10.6, 4, 8), Wrong, 10.5},
		{"another number", to8, hpa(7, 4, 9), Wrong, 7},
		{"somebody else", to8, &Change{At: at(7), By: store.KEDA, From: 4, To: 8}, Wrong, 7},
		{"never", to8, nil, Wrong, 10.5},
		{"nothing changes", stays, nil, Right, 10},
		{"something does", stays, hpa(9.9, 4, 8), Wrong, 9.9},
		{"only then", stays, hpa(10, 4, 8), Right, 10},
	} {
		got, decided := judge(tt.f, tt.c, 500*time.Millisecond, at(60))
		if got != tt.want || !decided.Equal(at(tt.decided)) {
			t.Errorf("%s: got %s at %v, want %s at %v", tt.name, got, decided.Sub(at(0)), tt.want, tt.decided)
		}
	}
	for _, f := range []outlook.Forecast{to8, stays} {
		if got, _ := judge(f, nil, 500*time.Millisecond, at(9)); got != Pending {
			t.Errorf("a story that ends before: got %s", got)
		}
	}
	about := outlook.Forecast{By: store.TheHPA, Low: 6, High: 9}
	kedas := outlook.Forecast{By: store.KEDA}
	for _, tt := range []struct {
		name           string
		ahead          []outlook.Forecast
		c              *Change
		size, sentence Verdict
	}{
		{"the number", []outlook.Forecast{to8}, hpa(7, 4, 8), Right, Right},
		{"one less", []outlook.Forecast{to8}, hpa(7, 4, 7), Near, Near},
		{"far more", []outlook.Forecast{to8}, hpa(7, 4, 16), Wrong, Near},
		{"a tenth more", []outlook.Forecast{{By: store.TheHPA, Low: 40, High: 40}}, hpa(7, 4, 44), Near, Near},
		{"within a range", []outlook.Forecast{about}, hpa(7, 4, 8), Near, Right},
		{"the other way", []outlook.Forecast{about}, hpa(7, 10, 12), Wrong, Wrong},
		{"KEDA's", []outlook.Forecast{kedas}, hpa(7, 4, 3), Wrong, Near},
		{"KEDA's the other way", []outlook.Forecast{kedas}, hpa(7, 4, 8), Wrong, Wrong},
		{"nothing changes", []outlook.Forecast{stays}, hpa(7, 4, 8), Wrong, Wrong},
		{"nothing is said", nil, hpa(7, 4, 8), Silent, Silent},
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
	const healthy = Family("healthy")
	r := Record{
		Family: healthy, Name: "healthy-0", About: "by hand", Beats: []Beat{{At: at(20), Words: "a job"}},
		Began: began, Ended: at(60), Slack: 500 * time.Millisecond,
		Glances: []Glance{{At: at(1), Replicas: 8, Decision: explain.Decision{Rule: "cooling", Ahead: []outlook.Forecast{hpa, zero}}}},
		Changes: []Change{
			{At: at(10), By: store.TheHPA, From: 8, To: 4, Author: Right, Stood: explain.Decision{Rule: "cooling", Next: "4 next", Ahead: []outlook.Forecast{hpa}}},
			{At: at(12), By: store.TheHPA, From: 4, To: 3, Author: Wrong},
			{At: at(30), By: store.KEDA, From: 3, To: 0, Author: Right, Stood: explain.Decision{Rule: "steady", Ahead: []outlook.Forecast{{Stays: true, Latest: at(40)}}}},
		},
	}
	for _, p := range []Phase{{at(0), explain.Draining}, {at(10), explain.Asleep}, {at(11), explain.Steady}, {at(11), explain.Draining}, {at(20), explain.Draining}, {at(30), explain.Asleep}} {
		r.Enter(p.At, p.Phase)
	}
	got := r.Weigh()
	for k, n := range map[key]int{
		{healthy, "forecast", "HPA", "cooling", true, Right}:   1,
		{healthy, "forecast", "KEDA", "cooling", false, Right}: 1,
		{healthy, "size", "HPA down", "cooling", true, Right}:  1,
		{healthy, "size", "HPA down", "cooling", true, Near}:   1,
		{healthy, "author", "HPA", "", false, Right}:           1,
		{healthy, "author", "HPA", "", false, Wrong}:           1,
		{healthy, "author", "KEDA", "", false, Right}:          1,
		{healthy, "flip", "draining", "asleep", false, ""}:     1,
		{healthy, "said", "", "", false, Said}:                 1,
	} {
		if got[k] != n {
			t.Errorf("%+v: got %d, want %d", k, got[k], n)
		}
	}
	const trace = `healthy-0: by hand
✓ came true  ✗ did not  ~ did not, but jobs or settings came between  ? the story ended before
  0:00.000   # draining
  0:01.000                 8  cooling      ✓ HPA to 4 in -1.0..14.0s, then ✓ KEDA to 0 in 24.0..34.0s |  
  0:05.000   · KEDA polls
  0:10.000   # asleep
  0:10.000   » HPA 8 to 4: as said (cooling: 4 next)
  0:11.000   # draining
  0:12.000   » HPA 4 to 3: nothing was said (: ); the timeline says it was ""
  0:20.000   + a job
  0:30.000   # asleep
  0:30.000   » KEDA 3 to 0: AGAINST what was said (steady: )
`
	if got := r.Trace([]Line{{at(5), "KEDA polls"}}); got != trace {
		t.Errorf("got\n%s\nwant\n%s", got, trace)
	}
}

// TestSlack: what is far ahead may be farther off, where a record says so.
func TestSlack(t *testing.T) {
	at := func(s float64) time.Time { return time.Unix(0, 0).Add(time.Duration(s * float64(time.Second))) }
	f := outlook.Forecast{By: store.TheHPA, Low: 4, High: 4, Earliest: at(200), Latest: at(200)}
	for _, tt := range []struct {
		drift float64
		comes float64
		want  Verdict
	}{{0, 201, Right}, {0, 201.1, Wrong}, {0.01, 203, Right}, {0.01, 203.1, Wrong}, {0.01, 197, Right}, {0.01, 196.9, Wrong}} {
		r := Record{Slack: time.Second, Drift: tt.drift, Began: at(0), Ended: at(300),
			Glances: []Glance{{At: at(0), Decision: explain.Decision{Ahead: []outlook.Forecast{f}}}},
			Changes: []Change{{At: at(tt.comes), By: store.TheHPA, From: 8, To: 4}}}
		if got := r.Weigh(); got[key{measure: "forecast", who: "HPA", calm: true, verdict: tt.want}] != 1 {
			t.Errorf("%+v: got %v", tt, got)
		}
	}
}

// TestName: whose a change is said to be, and that another name in the end counts.
func TestName(t *testing.T) {
	at := time.Unix(100, 0)
	entry := func(after time.Duration, by store.Actor, from, to int32, guess bool) explain.Entry {
		return explain.Entry{Entry: store.Entry{At: at.Add(after), Kind: store.Scaled, Actor: by, From: from, To: to, Guess: guess}}
	}
	for _, tt := range []struct {
		name    string
		entries []explain.Entry
		want    Verdict
		named   store.Actor
	}{
		{"the one", []explain.Entry{entry(0, store.KEDA, 0, 1, false)}, Right, store.KEDA},
		{"a guess", []explain.Entry{entry(time.Second, store.KEDA, -1, 1, true)}, Guessed, store.KEDA},
		{"another", []explain.Entry{entry(0, store.TheHPA, 0, 1, false)}, Wrong, store.TheHPA},
		{"the nearest", []explain.Entry{entry(2*time.Second, store.TheHPA, 0, 1, false), entry(-time.Second, store.KEDA, 0, 1, false)}, Right, store.KEDA},
		{"another change", []explain.Entry{entry(0, store.KEDA, 1, 0, false)}, Silent, ""},
		{"too far away", []explain.Entry{entry(3*time.Second, store.KEDA, 0, 1, false)}, Silent, ""},
	} {
		c := Change{At: at, By: store.KEDA, From: 0, To: 1}
		if c.Name(tt.entries); c.Author != tt.want || c.Named != tt.named {
			t.Errorf("%s: got %s, %q, want %s, %q", tt.name, c.Author, c.Named, tt.want, tt.named)
		}
	}
	c := Change{At: at, By: store.KEDA, From: 0, To: 1, Author: Right, Named: store.KEDA}
	if c.Reread(nil); c.Author != Right {
		t.Errorf("forgotten since: got %s", c.Author)
	}
	if c.Reread([]explain.Entry{entry(0, store.Someone, 0, 1, false)}); c.Author != Wrong || c.Named != store.Someone {
		t.Errorf("given to another one since: got %s, %q", c.Author, c.Named)
	}
}

// TestHeld: a bar above and one below, shares with and without something to spare.
func TestHeld(t *testing.T) {
	const f = Family("healthy")
	all := Tally{
		{f, "forecast", "KEDA", "cooling", true, Right}: 90, {f, "forecast", "KEDA", "cooling", true, Wrong}: 10,
		{f, "forecast", "KEDA", "cooling", false, Wrong}: 100, {f, "forecast", "HPA", "cooling", true, Pending}: 5,
		{f, "size", "HPA up", "cooling", true, Near}: 3, {f, "size", "HPA up", "cooling", true, Right}: 1,
		{f, "said", "", "", false, Said}: 1800, {f, "flip", "asleep", "steady", false, ""}: 2,
	}
	for _, tt := range []struct {
		name  string
		bar   Bar
		few   bool
		miss  float64
		now   float64
		known bool
		want  bool
	}{
		{"reached", Bar{Now: TrueOf(f, true, "KEDA"), Bar: 90}, false, 0, 90, true, true},
		{"not reached", Bar{Now: TrueOf(f, true, "KEDA"), Bar: 90.1}, false, 0, 90, true, false},
		{"missed by little", Bar{Now: TrueOf(f, true, "KEDA"), Bar: 90.1}, false, 1, 90, true, true},
		{"of few no share", Bar{Now: TrueOf(f, true, "KEDA"), Bar: 90.1}, true, 0, 90, true, true},
		{"disturbed too", Bar{Now: TrueOf(f, false, "KEDA", "HPA"), Bar: 45}, false, 0, 45, true, true},
		{"nothing to count", Bar{Now: TrueOf(f, true, "HPA"), Bar: 1}, false, 0, 0, false, true},
		{"at most", Bar{Now: Part("size", f, true, Near), Most: true, Bar: 75}, false, 0, 75, true, true},
		{"more than that", Bar{Now: Part("size", f, true, Near), Most: true, Bar: 74}, false, 0, 75, true, false},
		{"not even by little", Bar{Now: Part("size", f, true, Near), Most: true, Bar: 74}, false, 0.5, 75, true, false},
		{"a number, of few", Bar{Now: Seconds("flip", f), Most: true, Bar: 1, Each: true}, true, 9, 2, true, false},
		{"an hour", Bar{Now: Hourly("flip", f), Most: true, Bar: 4}, false, 0, 4, true, true},
	} {
		if now, known := tt.bar.Now(all); now != tt.now || known != tt.known {
			t.Errorf("%s: got %v, %t, want %v, %t", tt.name, now, known, tt.now, tt.known)
		}
		report, ok := Held([]Bar{tt.bar}, all, tt.few, tt.miss)
		if ok != tt.want || ok == strings.Contains(report, "FAILS") {
			t.Errorf("%s: got %t, want %t:\n%s", tt.name, ok, tt.want, report)
		}
	}
}
