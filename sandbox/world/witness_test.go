package world

import (
	"fmt"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/kscope/kscope"
)

// TestWitness: in a quarter of an hour with everything in it, whoever writes the
// replicas is told of with the number that shows afterwards, and before it shows;
// every sync with what its HPA's status then says, and every poll in its time.
func TestWitness(t *testing.T) {
	var deeds []Deed
	told := 0 // of them when changes were last collected
	have := map[kscope.Ref]int32{}
	w := busyWith(t, Options{Seed: 4, Witness: func(d Deed) { deeds = append(deeds, d) }}, func(c Change) {
		if d, ok := c.Object.(*appsv1.Deployment); ok {
			have[refOf(d)] = *d.Spec.Replicas
		}
		told = len(deeds)
	})
	is := map[kscope.Ref]int32{}
	by := map[string]int{}
	syncs, polls := map[kscope.Ref][]Deed{}, map[kscope.Ref][]Deed{}
	for _, d := range deeds {
		switch d.What {
		case Wrote:
			if is[d.Of] != d.From {
				t.Errorf("%v: %s was told to write %s %d to %d, which was at %d", d.At, d.By, d.Of, d.From, d.To, is[d.Of])
			}
			is[d.Of] = d.To
			by[d.By]++
		case Synced:
			syncs[d.Of] = append(syncs[d.Of], d)
		case Polled:
			polls[d.Of] = append(polls[d.Of], d)
		}
	}
	for ref, n := range have {
		if is[ref] != n {
			t.Errorf("%s has %d replicas, and the last that was told is %d", ref, n, is[ref])
		}
	}
	if by[hpaManager] == 0 || by[kedaManager] == 0 || by["somebody"] == 0 || told == 0 {
		t.Errorf("writers %v", by)
	}
	for ref, h := range w.hpas {
		last := syncs[ref][len(syncs[ref])-1]
		if s := h.obj.Status; s.CurrentReplicas != last.From || last.Computed && s.DesiredReplicas != last.To {
			t.Errorf("%s: status %d to %d, told of %+v", ref, s.CurrentReplicas, s.DesiredReplicas, last)
		}
		if got := h.condition(autoscalingv2.ScalingActive).Status == corev1.ConditionTrue; got && last.From > 0 && !last.Computed {
			t.Errorf("%s: a sync that read its metrics is told of as %+v", ref, last)
		}
		for i, d := range syncs[ref][2:] {
			if gap := d.At.Sub(syncs[ref][i+1].At); gap < 15*time.Second || gap > 15100*time.Millisecond {
				t.Errorf("%s: syncs %v apart", ref, gap)
			}
		}
	}
	for ref, all := range polls {
		for i := range all[1:] {
			if gap := all[i+1].At.Sub(all[i].At); gap != 5*time.Second && i > 0 {
				t.Errorf("%s: polls %v apart", ref, gap)
			}
		}
	}
	if len(polls) != 5 || len(syncs) != 5 {
		t.Errorf("%d ScaledObjects polled, %d HPAs synced", len(polls), len(syncs))
	}
}

// TestWitnessStabilized: what a sync asked for and what its memory made of it are
// both told.
func TestWitnessStabilized(t *testing.T) {
	var got []string
	w, l := play(t, Options{Witness: func(d Deed) {
		if d.What == Synced && d.From > 0 {
			got = append(got, fmt.Sprintf("%d raw %d held %d to %d", d.From, d.Raw, d.Stabilized, d.To))
		}
	}}, deployment("worker", 2), object(map[string]any{"minReplicaCount": int64(2), "maxReplicaCount": int64(9)}))
	l.push(orders, 40)
	run(w, time.Second)
	l.n[orders] = 0
	run(w, 16*time.Second)
	if want := []string{"2 raw 8 held 8 to 4", "4 raw 0 held 8 to 8"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
