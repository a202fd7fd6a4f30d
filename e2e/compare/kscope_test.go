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
	// blink is how near to a change nothing is judged: kscope's watch and the one
	// that the changes are known from do not tell of it in the same moment.
	blink = 250 * time.Millisecond
)

// The sorts of stories.
const (
	ofKEDA score.Family = "ScaledObjects"
	plain  score.Family = "HPAs without KEDA"
	ofJobs score.Family = "ScaledJobs"
)

// bars are what must be held, a little below what was reached.
var bars = []score.Bar{
	score.AtLeast("KEDA's forecasts true, undisturbed, %", score.TrueOf(ofKEDA, true, "KEDA"), 0, 99),
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
	out := <-outcomes
	for _, s := range w.stories {
		s.finish(t, w.store, out, asked)
		apart = max(apart, s.apart)
		played = append(played, score.Played{Name: s.Name, Tally: s.Weigh()})
		if asked.Stories != "" {
			if err := os.WriteFile(filepath.Join(asked.Stories, s.Name+".txt"), []byte(s.Trace(nil)), 0o600); err != nil {
				t.Error(err)
			}
		}
	}
	fmt.Println(score.Table(out.Ended.Sub(out.Began).Round(time.Second), []score.Family{ofKEDA, plain, ofJobs}, played))
	fmt.Printf("The two watches told of the same change %d ms apart at the most; a forecast may be %v off.\n\n", apart.Milliseconds(), slack)
	report, ok := score.Held(bars, score.All(played), false, 0)
	fmt.Println(report)
	if !ok {
		t.Error("less comes true than the bars want")
	}
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
	heard    []heard
	made     map[kscope.Ref]bool // Jobs that were heard of
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
		s.Record = score.Record{Family: ofKEDA, Name: sc.Name, About: fmt.Sprintf("%+v", sc), Slack: slack}
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
		if g := s.look(st); g.Replicas >= 0 && g.Replicas != f.Desired {
			s.heard = append(s.heard, heard{Change: score.Change{At: o.At, From: g.Replicas, To: f.Desired, Stood: g.Decision}})
		}
	case kscope.Job:
		if !s.scenario.Jobs || f.ScaledJob != s.id.Name || s.made[f.Ref] {
			return
		}
		s.made[f.Ref] = true
		if n := len(s.heard); n == 0 || o.At.Sub(s.heard[n-1].At) > together {
			s.heard = append(s.heard, heard{Change: score.Change{At: o.At, Stood: s.look(st).Decision}})
		}
	}
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
	slices.SortStableFunc(out, func(a, b score.Beat) int { return a.At.Compare(b.At) })
	return out
}
