package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
)

// A cast is a few objects that refer to each other in every way there is, in
// as many versions as matter.
type cast struct {
	rnd   *rand.Rand
	alive map[string]kscope.Fact // what is there by now, by what it is
	n     int
	pods  int // how many there are at most
}

// next is something that comes, changes or goes.
func (c *cast) next() kscope.Fact {
	one := c.rnd.IntN
	c.n++
	name, uid := fmt.Sprint("x", one(2)), fmt.Sprint("uid-", c.n)
	ref := kscope.Ref{Namespace: "demo", Name: name}
	var is kscope.Fact
	kind := [...]kscope.Kind{kscope.Pods, kscope.Pods, kscope.Pods, kscope.Deployments, kscope.StatefulSets, kscope.HPAs, kscope.ScaledObjects}[one(7)]
	if kind == kscope.Pods {
		ref.Name = fmt.Sprint("p", one(c.pods))
	}
	key := fmt.Sprint(kind, ref)
	was, there := c.alive[key]
	if there && one(3) == 0 {
		delete(c.alive, key)
		return kscope.Gone{Kind: kind, Ref: ref, UID: uidOf(was)}
	}
	if there && one(4) > 0 {
		uid = uidOf(was) // the same, changed
	}
	n, label := int32(one(3)), [...]string{"a", "b", "c"}[one(3)]
	selector := []kscope.Selector{
		{{Key: "app", Operator: kscope.In, Values: []string{label}}},
		{{Key: "app", Operator: kscope.NotIn, Values: []string{label}}}, nil,
	}[one(3)]
	switch kind {
	case kscope.Pods:
		p := pod(ref.Name, label, one(2) == 0)
		p.UID, p.OwnerUID = uid, [...]string{"", c.uidOf(kscope.StatefulSets, "x0"), c.uidOf(kscope.StatefulSets, "x1")}[one(3)]
		if one(3) == 0 {
			p.Reason = [...]string{"CrashLoopBackOff", "ErrImagePull"}[one(2)]
		}
		is = p
	case kscope.Deployments:
		is = kscope.Workload{Ref: ref, Kind: "Deployment", UID: uid, Desired: n, Selector: selector}
	case kscope.StatefulSets:
		is = kscope.Workload{Ref: ref, Kind: "StatefulSet", UID: uid, Desired: n, Selector: selector}
	case kscope.HPAs:
		is = kscope.HPA{Ref: ref, UID: uid, OwnerUID: [...]string{"", "so-x0", "so-x1", "nobody"}[one(4)], MaxReplicas: n,
			ScaleTarget: kscope.TargetRef{Kind: [...]string{"Deployment", "StatefulSet"}[one(2)], Name: fmt.Sprint("x", one(2))}}
	case kscope.ScaledObjects:
		so := orderWorker()
		so.Ref, so.UID, so.HPAName = ref, "so-"+name, [...]string{"", "x0", "x1"}[one(3)]
		so.ScaleTarget.Kind, so.ScaleTarget.Name = [...]string{"Deployment", "StatefulSet"}[one(2)], fmt.Sprint("x", one(2))
		is = so
	}
	c.alive[key] = is
	return is
}

func (c *cast) uidOf(kind kscope.Kind, name string) string {
	return uidOf(c.alive[fmt.Sprint(kind, kscope.Ref{Namespace: "demo", Name: name})])
}

func uidOf(f kscope.Fact) string {
	switch f := f.(type) {
	case kscope.Pod:
		return f.UID
	case kscope.Workload:
		return f.UID
	case kscope.HPA:
		return f.UID
	case kscope.ScaledObject:
		return f.UID
	}
	return ""
}

// watched is a store that is told batches of facts, each fact a second later.
type watched struct {
	*store.Store
	second float64
}

func (w *watched) see(facts []kscope.Fact) {
	var all []kscope.Observation
	for _, f := range facts {
		w.second++
		all = append(all, kscope.Observation{At: at(w.second), Source: "k8s", Fact: f})
	}
	w.Apply(all...)
}

// known is all that a store says of the objects, but since when.
func known(s *store.Store) (out []any) {
	for _, id := range s.Objects() {
		c, _ := s.Chain(id)
		out = append(out, id, c.HPA, c.Workload, c.Counts, c.Ready, c.Ailing, s.Pods(id))
	}
	return out
}

// However objects came, changed and went, in whichever order and however many
// at a time, and whenever somebody looked: what is known is what there is in the end, no more and no less.
func TestComingsAndGoings(t *testing.T) {
	var synced []kscope.Fact
	for _, k := range []kscope.Kind{kscope.Deployments, kscope.StatefulSets, kscope.Pods, kscope.HPAs, kscope.ScaledObjects} {
		synced = append(synced, kscope.Status{Kind: k, State: kscope.Synced})
	}
	for seed := range uint64(4000) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		c := &cast{rnd: rnd, alive: map[string]kscope.Fact{}, pods: 1 + rnd.IntN(6)}
		x := &watched{Store: store.New()}
		x.see(synced)
		steps := 5 + rnd.IntN(60)
		for batch := 1 + rnd.IntN(12); steps > 0; steps -= batch {
			var facts []kscope.Fact
			for range rnd.IntN(batch + 1) {
				facts = append(facts, c.next())
			}
			x.see(facts)
			if rnd.IntN(3) == 0 {
				known(x.At(at(x.second - float64(rnd.IntN(5)))))
			}
		}
		names := make([]string, 0, len(c.alive))
		for name := range c.alive {
			names = append(names, name)
		}
		slices.Sort(names) // workloads come before pods
		want := &watched{Store: store.New()}
		want.see(synced)
		for _, name := range names {
			want.see([]kscope.Fact{c.alive[name]})
		}
		if diff := cmp.Diff(known(want.Store), known(x.Store)); diff != "" {
			t.Fatalf("seed %d (- what there is, + what is known):\n%s", seed, diff)
		}
	}
}
