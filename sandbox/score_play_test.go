package sandbox

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/explain/score"
	"github.com/kscope/kscope/sandbox/world"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
)

// record is a story as it went, with all that was done in it.
type record struct {
	score.Record
	story
	rig   *rig
	deeds []world.Deed
}

// slack is how far from the times it gives a forecast may come true.
const slack = 500 * time.Millisecond

// tell plays a story, in a bubble, and records it.
func tell(t *testing.T, s story) *record {
	t.Helper()
	out := &record{story: s, Record: score.Record{Family: s.family, Name: s.name(), About: s.about, Slack: slack}}
	if s.bare { // what is not in the HPA's status, which tells at each sync
		out.Unseen = scaling.SyncPeriod
	}
	var err error
	if s.options.Manifests, err = strictly([]string{"-"}, strings.NewReader(s.text)); err != nil {
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
	out.Began = begin.Add(s.skew)
	for _, b := range s.beats {
		out.Beats = append(out.Beats, score.Beat{At: out.Began.Add(b.at), Words: b.words, Settings: b.do != nil, Turns: b.turns})
	}
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
	out.Ended = r.Now().Add(s.skew)
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
func (out *record) look(s *store.Store, at time.Time) score.Glance {
	g := score.Glance{At: at, Replicas: -1}
	p, ok := explain.Look(s, kscope.ID{Kind: kscope.ScaledObjects, Ref: hero})
	if !ok {
		return g
	}
	if g.Decision = p.Decision; p.Workload != nil {
		g.Replicas = p.Workload.Desired
	}
	return g
}

// enter notes the phase, if it is another.
func (out *record) enter(s *store.Store) { out.Enter(s.Now(), out.look(s, s.Now()).Phase) }

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
	out.Changes = append(out.Changes, score.Change{At: d.At, By: by, From: d.From, To: d.To, Stood: out.look(s, d.At).Decision})
}

// glance notes what is said at a whole second, and asks whose the changes of some
// time ago are said to be.
func (out *record) glance(r *rig) {
	at := r.Now().Add(out.skew)
	r.mu.Lock()
	defer r.mu.Unlock()
	out.enter(r.store)
	out.Glances = append(out.Glances, out.look(r.store, at))
	var entries []explain.Entry
	for i := range out.Changes {
		c := &out.Changes[i]
		if c.Author != "" || at.Sub(c.At) < score.Enough {
			continue
		}
		if entries == nil {
			entries = explain.Timeline(r.store, kscope.ID{Kind: kscope.ScaledObjects, Ref: hero})
		}
		c.Name(entries)
	}
}

// reread looks whether any change is given to another one in the end.
func (out *record) reread(r *rig) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entries := explain.Timeline(r.store, kscope.ID{Kind: kscope.ScaledObjects, Ref: hero})
	for i := range out.Changes {
		out.Changes[i].Reread(entries)
	}
}
