package sandbox

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/sandbox/world"
	"github.com/kscope/kscope/store"
)

// record is a story as it went: what kscope said, and what was so. All times are
// by kscope's clock.
type record struct {
	story
	rig          *rig
	began, ended time.Time
	glances      []glance
	changes      []resize
	deeds        []world.Deed
	phases       []phase
}

// glance is what was said at a whole second.
type glance struct {
	at time.Time
	explain.Decision
	replicas int32 // as far as kscope knows; -1 if it does not
}

// resize is a change of the wanted replicas.
type resize struct {
	at       time.Time
	by       store.Actor
	from, to int32
	stood    explain.Decision // what was said in that moment
	author   verdict          // how the timeline names whoever it was, ten seconds later
	named    store.Actor
}

func (c resize) up() bool { return c.to > c.from }

// phase is when a phase began.
type phase struct {
	at time.Time
	explain.Phase
}

// enough is how long after a change the timeline has to know whose it was.
const enough = 10 * time.Second

// tell plays a story, in a bubble, and records it.
func tell(t *testing.T, s story) *record {
	t.Helper()
	out := &record{story: s}
	var err error
	if s.options.Manifests, err = Load([]string{"-"}, strings.NewReader(s.text)); err != nil {
		t.Fatal(err)
	}
	var version store.Version
	id := kscope.ID{Kind: kscope.ScaledObjects, Ref: hero}
	r := runWatched(t, s.options, watcher{skew: s.skew, bare: s.bare,
		seen: func(st *store.Store) {
			if v := st.VersionOf(id); v != version {
				version = v
				out.enter(st)
			}
		},
		witness: out.witness,
	})
	begin := r.Now()
	out.rig = r
	out.began = begin.Add(s.skew)
	next := 0
	for tick := time.Second; tick <= storyLength; tick += time.Second {
		for ; next < len(s.beats) && s.beats[next].at <= tick; next++ {
			time.Sleep(begin.Add(s.beats[next].at).Sub(r.Now()))
			if err := s.beats[next].happen(r); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(begin.Add(tick).Sub(r.Now()))
		synctest.Wait()
		out.glance(r)
	}
	out.ended = r.Now().Add(s.skew)
	out.reread(r)
	return out
}

// happen lets a beat happen. Nobody reaches a Redis that is lost, or puts a job into text.
func (b beat) happen(r *rig) error {
	if b.do != nil {
		return b.do(r)
	}
	if r.redis.isLost() {
		return nil
	}
	args := make([]string, 0, b.jobs+2)
	args = append(args, "LPUSH", b.queue.Key)
	for range b.jobs {
		args = append(args, "job")
	}
	_, err := r.redis.Ask(b.queue.DB, args...)
	r.onWrite()
	if r.isBroken("type") {
		return nil
	}
	return err
}

// look is what kscope says now.
func (out *record) look(s *store.Store, at time.Time) glance {
	g := glance{at: at, replicas: -1}
	p, ok := explain.Look(s, kscope.ID{Kind: kscope.ScaledObjects, Ref: hero})
	if !ok {
		return g
	}
	if g.Decision = p.Decision; p.Workload != nil {
		g.replicas = p.Workload.Desired
	}
	return g
}

// enter notes the phase, if it is another. One that is over in the moment in which
// it began was on no screen.
func (out *record) enter(s *store.Store) {
	g := out.look(s, s.Now())
	n := len(out.phases)
	if n > 0 && out.phases[n-1].at.Equal(g.at) {
		n--
		out.phases = out.phases[:n]
	}
	if g.Phase != "" && (n == 0 || out.phases[n-1].Phase != g.Phase) {
		out.phases = append(out.phases, phase{g.at, g.Phase})
	}
}

// witness hears what is done, and notes what is said in that moment.
func (out *record) witness(s *store.Store, d world.Deed) {
	d.At = d.At.Add(out.skew)
	out.deeds = append(out.deeds, d)
	if d.What != world.Wrote || d.From == d.To {
		return
	}
	by := store.Someone
	switch d.By {
	case "keda":
		by = store.KEDA
	case "kube-controller-manager":
		by = store.TheHPA
	}
	out.changes = append(out.changes, resize{at: d.At, by: by, from: d.From, to: d.To, stood: out.look(s, d.At).Decision})
}

// glance notes what is said at a whole second, and asks whose the changes of some
// time ago are said to be.
func (out *record) glance(r *rig) {
	at := r.Now().Add(out.skew)
	r.mu.Lock()
	defer r.mu.Unlock()
	out.enter(r.store)
	out.glances = append(out.glances, out.look(r.store, at))
	var entries []explain.Entry
	for i := range out.changes {
		c := &out.changes[i]
		if c.author != "" || at.Sub(c.at) < enough {
			continue
		}
		if entries == nil {
			entries = explain.Timeline(r.store, kscope.ID{Kind: kscope.ScaledObjects, Ref: hero})
		}
		c.name(entries)
	}
}

// reread looks whether any change is given to another one in the end.
func (out *record) reread(r *rig) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entries := explain.Timeline(r.store, kscope.ID{Kind: kscope.ScaledObjects, Ref: hero})
	for i := range out.changes {
		c := out.changes[i]
		if c.name(entries); c.author == wrong && out.changes[i].author != "" {
			out.changes[i] = c
		}
	}
}

// name finds out who the timeline says it was.
func (c *resize) name(entries []explain.Entry) {
	const near = 3 * time.Second
	best := near
	c.author = silent
	for _, e := range entries {
		away := e.At.Sub(c.at).Abs()
		if e.Kind != store.Scaled || e.To != c.to || e.From >= 0 && e.From != c.from || away >= best {
			continue
		}
		best, c.named = away, e.Actor
		switch {
		case e.Actor != c.by:
			c.author = wrong
		case e.Guess:
			c.author = guessed
		default:
			c.author = right
		}
	}
}
