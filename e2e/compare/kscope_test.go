//go:build ignore

// This file is compiled by its name, in the module above; see the documentation
// of the package.

package compare

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/explain/score"
	"github.com/kscope/kscope/sources/k8s"
	kkeda "github.com/kscope/kscope/sources/keda"
	kredis "github.com/kscope/kscope/sources/redis"
	"github.com/kscope/kscope/store"
)

const (
	// slack is how far from the times it gives a forecast may come true on a real
	// cluster: the sandbox's 500 ms, and as much for what lies between a write and
	// the watch that tells of it, and for syncs of the HPA that a busy machine delays.
	slack = time.Second
	// drift is how much farther it may be off for each second that it is ahead. The
	// HPA controller waits 15 s from the end of a sync to the next, so each one puts
	// all that follow off: by 50 to 400 ms where the machine is busy, of which kscope
	// can know no more than the middle.
	drift = 0.01
	// blink is how near to a change nothing is judged: kscope's watch and the one
	// that the changes are known from do not tell of it in the same moment.
	blink = 250 * time.Millisecond
	// overtaken is how much sooner than the replicas kscope may hear of what was written
	// after them, such as the HPA's status: what it says of the past then is no forecast.
	overtaken = 50 * time.Millisecond
)

// unheard is how many percent of the changes may come before kscope can have heard of
// the jobs that they are for. It asks Redis every 250 ms and KEDA every 5 s, so one in
// twenty of KEDA's first looks at a beat comes first; scenarios share their beats and
// nearly their phases, so that in a run it is none of 118 changes or several.
const unheard = 5

// slacks are what else the forecasts are judged by, to see what they lack.
var slacks = []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second}

// The sorts of stories.
const (
	ofKEDA score.Family = "ScaledObjects"
	plain  score.Family = "HPAs without KEDA"
	ofJobs score.Family = "ScaledJobs"
)

// bars are what must be held: what was reached, less a little, and of the HPA's
// forecasts less as many percent as of its syncs were late.
func bars(late float64) []score.Bar {
	return []score.Bar{
		score.AtLeast("KEDA's forecasts true, undisturbed, %", score.TrueOf(ofKEDA, true, "KEDA"), 97, 99),
		score.AtLeast("the HPA's forecasts true, undisturbed, %", score.TrueOf(ofKEDA, true, "HPA"), 93-late, 95),
		score.AtLeast("that nothing changes true, undisturbed, %", score.TrueOf(ofKEDA, true, "nobody"), 97, 95),
		score.AtLeast("countdowns to zero true, undisturbed, %", score.Part("zero", ofKEDA, true, score.Right), 97, 99),
		score.AtLeast("the HPA's next size exact, undisturbed, %", score.Part("size", ofKEDA, true, score.Right), 83, 95),
		score.AtMost("changes against the sentence, undisturbed, %", score.Part("sentence", ofKEDA, true, score.Wrong), 1, 0),
		score.AtMost("changes against the sentence, disturbed or not, %", score.Part("sentence", ofKEDA, false, score.Wrong), unheard, 0),
		score.AtMost("changes given to the wrong one, %", score.Part("author", ofKEDA, false, score.Wrong), 1, 0),
		score.AtMost("without KEDA: changes given to the wrong one, %", score.Part("author", plain, false, score.Wrong), 0, 0),
		score.AtLeast("Jobs foretold, undisturbed, %", score.TrueOf(ofJobs, true, "KEDA"), 80, 99),
	}
}

// lateSyncs is how many percent of the HPA's syncs came at another time than 15 s
// after the one before, by more than the slack: a yardstick for the machine. They are
// known where two in a row changed the replicas.
func lateSyncs(stories []*story) float64 {
	all, late := 0, 0
	for _, s := range stories {
		for i := 1; i < len(s.Changes); i++ {
			a, b := s.Changes[i-1], s.Changes[i]
			apart := b.At.Sub(a.At)
			if a.By != store.TheHPA || b.By != store.TheHPA || (apart-HPASyncPeriod).Abs() > HPASyncPeriod/3 {
				continue
			}
			all++
			if (apart - HPASyncPeriod).Abs() > slack {
				late++
			}
		}
	}
	return 100 * float64(late) / float64(max(all, 1))
}

// TestKscope watches the cluster as the dashboard does while it is played on, and
// judges what is said at every second by what then happened.
func TestKscope(t *testing.T) {
	in := json.NewDecoder(os.Stdin)
	var asked Watching
	if err := in.Decode(&asked); err != nil {
		t.Fatal(err)
	}
	observed, stop := observe(t, asked)
	w := newWitness(asked)
	outcomes := make(chan Outcome, 1)
	go func() {
		defer stop() // also when the other half is gone
		var out Outcome
		if err := in.Decode(&out); err != nil {
			t.Error(err)
		}
		outcomes <- out
	}()
	for o := range observed {
		w.see(o)
	}
	var played []score.Played
	var apart time.Duration
	lax := map[time.Duration]score.Tally{}
	out := <-outcomes
	for _, s := range w.stories {
		s.finish(t, w.store, out, asked)
		apart = max(apart, s.apart)
		s.Drift = 0
		for _, s.Slack = range slacks {
			if lax[s.Slack] == nil {
				lax[s.Slack] = score.Tally{}
			}
			lax[s.Slack].Add(s.Weigh())
		}
		s.Slack, s.Drift = slack, drift
		played = append(played, score.Played{Name: s.Name, Tally: s.Weigh()})
		if asked.Stories != "" {
			if err := os.WriteFile(filepath.Join(asked.Stories, s.Name+".txt"), []byte(s.Trace(nil)), 0o600); err != nil {
				t.Error(err)
			}
		}
	}
	for _, s := range w.stories {
		fmt.Print(s.against())
	}
	fmt.Println(score.Table(out.Ended.Sub(out.Began).Round(time.Second), []score.Family{ofKEDA, plain, ofJobs}, played))
	fmt.Printf("The two watches told of the same change %d ms apart at the most; a forecast may be %v off, and %g %% of how far it is ahead.\n\n", apart.Milliseconds(), slack, 100*drift)
	for _, d := range slacks {
		kedas, _ := score.TrueOf(ofKEDA, true, "KEDA")(lax[d])
		hpas, _ := score.TrueOf(ofKEDA, true, "HPA")(lax[d])
		fmt.Printf("With %v off instead, undisturbed, %.2f %% of KEDA's and %.2f %% of the HPA's are true.\n", d, kedas, hpas)
	}
	late := lateSyncs(w.stories)
	fmt.Printf("Of the HPA's syncs %.1f %% came more than %v early or late.\n\n", late, slack)
	report, ok := score.Held(bars(late), score.All(played), false, 0)
	fmt.Println(report)
	if !ok {
		t.Error("less comes true than the bars want")
	}
}

// against is what a story's trace says around each change that went against the sentence.
func (s *story) against() string {
	var b strings.Builder
	lines := strings.Split(s.Trace(nil), "\n")
	for i, line := range lines {
		if strings.Contains(line, "AGAINST") {
			fmt.Fprintf(&b, "%s:\n%s\n", s.Name, strings.Join(lines[max(i-3, 0):min(i+3, len(lines))], "\n"))
		}
	}
	return b.String()
}

// observe opens the stream that the dashboard has of a cluster.
func observe(t *testing.T, asked Watching) (<-chan kscope.Observation, context.CancelFunc) {
	cfg, err := clientcmd.BuildConfigFromFlags("", asked.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	typed, dynamic, err := k8s.Clients(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	resolver := kkeda.NewResolver(typed, dynamic)
	queues := kredis.New(kredis.Options{Resolve: func(ctx context.Context, ref kscope.TriggerRef) (kredis.Server, error) {
		access, err := resolver.Resolve(ctx, ref)
		if err != nil {
			return kredis.Server{}, err
		}
		return kredis.Access(access).Server()
	}})
	watched := k8s.New(k8s.Options{Client: typed, Dynamic: dynamic, Namespace: asked.Namespace})
	scaled := kkeda.New(kkeda.Options{Dynamic: dynamic, Namespace: asked.Namespace})
	return kscope.Tap(kscope.Merge(ctx, time.Now, watched, scaled, queues), func(o kscope.Observation) {
		queues.Follow(o)
		watched.Follow(o)
	}), cancel
}

// witness notes what is said of each story.
type witness struct {
	store   *store.Store
	stories []*story
}

// story is a scenario as kscope sees it.
type story struct {
	score.Record
	scenario Scenario
	id       kscope.ID
	version  store.Version
	lately   []score.Glance // what was said in the last second, whenever something changed
	heard    []heard
	ended    []time.Time         // when Jobs did
	made     map[kscope.Ref]bool // Jobs that were heard of, and whether they have ended
	apart    time.Duration       // how far from a change kscope heard of it, at the most
}

// heard is a change as kscope heard of it.
type heard struct {
	score.Change
	named []explain.Entry // the timeline, some time later; nil before
}

func newWitness(asked Watching) *witness {
	w := &witness{store: store.New()}
	for _, sc := range asked.Scenarios {
		s := &story{scenario: sc, made: map[kscope.Ref]bool{}, id: kscope.ID{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: asked.Namespace, Name: sc.Name}}}
		s.Record = score.Record{Family: ofKEDA, Name: sc.Name, About: fmt.Sprintf("%+v", sc), Slack: slack, Drift: drift}
		switch {
		case sc.HPAOf != "":
			s.Family, s.id.Kind = plain, kscope.HPAs
		case sc.Jobs:
			s.Family, s.id.Kind = ofJobs, kscope.ScaledJobs
		}
		w.stories = append(w.stories, s)
	}
	return w
}

// see folds an observation, and notes what is said before it, after it and at every
// second.
func (w *witness) see(o kscope.Observation) {
	for _, s := range w.stories {
		s.hear(w.store, o)
	}
	w.store.Apply(o)
	_, second := o.Fact.(kscope.Heartbeat)
	for _, s := range w.stories {
		v := w.store.VersionOf(s.id)
		if v == s.version && !second {
			continue
		}
		s.version = v
		g := s.look(w.store)
		s.Enter(g.At, g.Phase)
		s.lately = append(s.lately, g)
		if second {
			s.Glances = append(s.Glances, g)
			s.name(w.store)
		}
	}
}

// look is what kscope says now.
func (s *story) look(st *store.Store) score.Glance {
	g := score.Glance{At: st.Now(), Replicas: -1}
	p, ok := explain.Look(st, s.id)
	if !ok {
		return g
	}
	if g.Decision = p.Decision; p.Workload != nil {
		g.Replicas = p.Workload.Desired
	}
	return g
}

// hear notes what is said of a story when its replicas are about to be known to be
// others, or a Job to be made.
func (s *story) hear(st *store.Store, o kscope.Observation) {
	switch f := o.Fact.(type) {
	case kscope.Workload:
		if f.Ref != s.id.Ref || s.scenario.Jobs {
			return
		}
		if now := s.look(st).Replicas; now >= 0 && now != f.Desired {
			s.heard = append(s.heard, heard{Change: score.Change{At: o.At, From: now, To: f.Desired, Stood: s.before(o.At)}})
		}
	case kscope.Job:
		if !s.scenario.Jobs || f.ScaledJob != s.id.Name {
			return
		}
		ended, known := s.made[f.Ref]
		if s.made[f.Ref] = !f.Ended.IsZero(); s.made[f.Ref] && !ended {
			s.ended = append(s.ended, o.At)
		}
		if known {
			return
		}
		if n := len(s.heard); n == 0 || o.At.Sub(s.heard[n-1].At) > together {
			s.heard = append(s.heard, heard{Change: score.Change{At: o.At, Stood: s.before(o.At)}})
		}
	}
}

// before is what was said a moment ago.
func (s *story) before(now time.Time) explain.Decision {
	for len(s.lately) > 1 && !s.lately[1].At.After(now.Add(-overtaken)) {
		s.lately = s.lately[1:]
	}
	if len(s.lately) == 0 {
		return explain.Decision{}
	}
	return s.lately[0].Decision
}

// name asks the timeline whose the changes of some time ago were.
func (s *story) name(st *store.Store) {
	for i := range s.heard {
		if h := &s.heard[i]; h.named == nil && st.Now().Sub(h.At) >= score.Enough {
			h.named = explain.Timeline(st, s.id)
		}
	}
}

// finish adds what happened to what was said.
func (s *story) finish(t *testing.T, st *store.Store, out Outcome, asked Watching) {
	s.Began, s.Ended = out.Began, out.Ended
	s.Beats = s.beats(asked.Scenarios)
	late := explain.Timeline(st, s.id)
	trace := out.Traces[s.Name]
	for i := 1; i < len(trace); i++ {
		c := score.Change{At: out.Began.Add(trace[i].At), From: trace[i-1].Replicas, To: trace[i].Replicas, By: store.Someone}
		switch cmp.Or(trace[i].By, trace[i].Owner) {
		case keda:
			c.By = store.KEDA
		case hpa:
			c.By = store.TheHPA
		}
		if s.scenario.Jobs { // how many were made, and not how many there were
			c.From, c.To = 0, c.To-c.From
		}
		s.match(t, &c, late)
		s.Changes = append(s.Changes, c)
	}
	s.Glances = slices.DeleteFunc(s.Glances, func(g score.Glance) bool {
		return g.At.Before(out.Began) || g.At.After(out.Ended) || slices.ContainsFunc(s.Changes, func(c score.Change) bool { return g.At.Sub(c.At).Abs() < blink })
	})
	s.Phases = slices.DeleteFunc(s.Phases, func(p score.Phase) bool { return p.At.Before(out.Began) || p.At.After(out.Ended) })
}

// match adds what was said of a change that happened.
func (s *story) match(t *testing.T, c *score.Change, late []explain.Entry) {
	var is *heard
	away := 3 * time.Second
	for i := range s.heard {
		h := &s.heard[i]
		if d := h.At.Sub(c.At).Abs(); d < away && (s.scenario.Jobs || h.From == c.From && h.To == c.To) {
			is, away = h, d
		}
	}
	if is == nil {
		t.Errorf("%s: kscope has not heard of %d to %d", s.Name, c.From, c.To)
		return
	}
	s.apart = max(s.apart, away)
	c.Stood = is.Stood
	if s.scenario.Jobs { // the timeline has no replicas of them
		return
	}
	if is.named != nil {
		c.Name(is.named)
		c.Reread(late)
	}
}

// beats are the changes of the load that a story is put to.
func (s *story) beats(scenarios []Scenario) []score.Beat {
	from := s.scenario
	if i := slices.IndexFunc(scenarios, func(o Scenario) bool { return o.Name == from.HPAOf }); i >= 0 {
		from = scenarios[i]
	}
	var out []score.Beat
	for _, l := range slices.Concat(from.Load, from.Second) {
		words := fmt.Sprintf("%d jobs wait in a list", l.Jobs)
		if from.Worked {
			words = fmt.Sprintf("%d jobs come", l.Jobs)
		}
		out = append(out, score.Beat{At: s.Began.Add(l.At), Words: words, Turns: l.Turns || !from.Worked})
	}
	for _, at := range s.ended {
		out = append(out, score.Beat{At: at, Words: "a Job ends", Settings: true})
	}
	slices.SortStableFunc(out, func(a, b score.Beat) int { return a.At.Compare(b.At) })
	return out
}
