package store_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
)

func plainHPA(name, owner string) kscope.HPA {
	return kscope.HPA{Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: "uid-" + name, OwnerUID: owner, MaxReplicas: 8,
		ScaleTarget: kscope.TargetRef{Kind: "Deployment", Name: name}}
}

// TestObjects is what is a row: the HPA of a ScaledObject is none, in whatever
// order the two are heard of.
func TestObjects(t *testing.T) {
	so := orderWorker()
	job := kscope.ScaledJob{Ref: so.Ref, UID: "job"}
	renamed := so
	renamed.HPAName = "web"
	elsewhere := so
	elsewhere.HPAName = "other"
	reborn := so
	reborn.UID = "so-2"
	gone := func(kind kscope.Kind, ref kscope.Ref) kscope.Gone { return kscope.Gone{Kind: kind, Ref: ref} }
	const object, hpas, jobs = "order-worker scaledobjects", "horizontalpodautoscalers", "order-worker scaledjobs"
	for _, tt := range []struct {
		name  string
		facts []kscope.Fact
		want  []string
	}{
		{"one of each of a name", []kscope.Fact{job, plainHPA("order-worker", ""), so}, []string{"order-worker " + hpas, jobs, object}},
		{"owned", []kscope.Fact{so, plainHPA("a", "so-1")}, []string{object}},
		{"owned, heard of before its owner", []kscope.Fact{plainHPA("a", "so-1"), so}, []string{object}},
		{"owned by something else", []kscope.Fact{so, plainHPA("a", "b")}, []string{"a " + hpas, object}},
		{"owned by nobody", []kscope.Fact{so, plainHPA("a", "")}, []string{"a " + hpas, object}},
		{"orphaned", []kscope.Fact{so, plainHPA("a", "so-1"), gone(kscope.ScaledObjects, so.Ref)}, []string{"a " + hpas}},
		{"orphaned by a new one of that name", []kscope.Fact{so, plainHPA("a", "so-1"), reborn}, []string{"a " + hpas, object}},
		{"taken over", []kscope.Fact{plainHPA("web", ""), so, renamed}, []string{object}},
		{"taken over and let go", []kscope.Fact{plainHPA("web", ""), renamed, elsewhere}, []string{object, "web " + hpas}},
		{"taken over by its owner", []kscope.Fact{so, plainHPA("a", ""), plainHPA("a", "so-1")}, []string{object}},
		{"named, and the ScaledObject goes", []kscope.Fact{renamed, plainHPA("web", ""), gone(kscope.ScaledObjects, so.Ref)}, []string{"web " + hpas}},
		{"gone", []kscope.Fact{plainHPA("a", ""), job, gone(kscope.HPAs, plainHPA("a", "").Ref), gone(kscope.ScaledJobs, job.Ref)}, nil},
	} {
		x := &world{Store: store.New()}
		for i, f := range tt.facts {
			x.See(float64(i), f)
		}
		for _, s := range []*store.Store{x.Store, x.At(at(float64(len(tt.facts) - 1)))} {
			var got []string
			for _, id := range s.Objects() {
				got = append(got, fmt.Sprint(id.Name, " ", id.Kind))
				if _, ok := s.Chain(id); !ok {
					t.Errorf("%s: %v has no chain", tt.name, id)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
		}
	}
}

// TestVersionsOfKinds is what each kind of fact changes of a ScaledJob and of an
// HPA without KEDA.
func TestVersionsOfKinds(t *testing.T) {
	x := newWorld(1)
	mails := kscope.Backlog{Broker: "redis", Server: "elsewhere:6379", Name: "mails"}
	job := kscope.ScaledJob{Ref: kscope.Ref{Namespace: "demo", Name: "j"}, UID: "j", Triggers: []kscope.Trigger{{Type: "redis", Backlog: &mails}}}
	web := plainHPA("web", "")
	work := kscope.Workload{Ref: web.Ref, Kind: "Deployment", UID: "w", Selector: kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"web"}}}}
	x.WatchEvents()
	x.See(0.5, job, web, work)
	of := func(kind kscope.Kind, ref kscope.Ref) kscope.ID { return kscope.ID{Kind: kind, Ref: ref} }
	event := func(uid, kind, name string) kscope.Event {
		return kscope.Event{UID: uid, Last: noon, Count: 1, Regarding: kscope.ObjectRef{Kind: kind, Namespace: "demo", Name: name}}
	}
	raised, bigger := job, web
	raised.MaxReplicaCount, bigger.MaxReplicas = 7, 9
	const none, all, row = "", "all", "all row"
	for i, tt := range []struct {
		name      string
		fact      kscope.Fact
		jobs, hpa string
	}{
		{"time passes", kscope.Heartbeat{}, none, none},
		{"the job's maximum", raised, row, none},
		{"the job's queue", kscope.Depths{Server: mails.Server, All: []kscope.Depth{{Backlog: mails, N: 3}}}, row, none},
		{"the same", kscope.Depths{Server: mails.Server, All: []kscope.Depth{{Backlog: mails, N: 3}}}, none, none},
		{"another's queue", kscope.Depths{Server: orders.Server, All: []kscope.Depth{{Backlog: orders, N: 3}}}, none, none},
		{"jobs put in", batch(mails, 1, 1, 1), row, none},
		{"its server", kscope.Status{Kind: kscope.Queues, Name: mails.Server, State: kscope.Failing}, row, none},
		{"an event on the job", event("1", "ScaledJob", "j"), all, none},
		{"the HPA's maximum", bigger, none, row},
		{"its workload", work, none, row},
		{"its pod", pod("p", "web", true), none, row},
		{"an event on it", event("2", "HorizontalPodAutoscaler", "web"), none, all},
		{"an event on its target", event("3", "Deployment", "web"), none, all},
		{"another's HPA", x.HPA, none, none},
		{"a watch breaks", kscope.Status{Kind: kscope.Pods, State: kscope.Failing}, row, row},
		{"the job goes", kscope.Gone{Kind: kscope.ScaledJobs, Ref: job.Ref}, row, none},
		{"the HPA is taken over", func() kscope.Fact { y := x.SO; y.HPAName = "web"; return y }(), row, row},
	} {
		jobs, hpa := x.VersionOf(of(kscope.ScaledJobs, job.Ref)), x.VersionOf(of(kscope.HPAs, web.Ref))
		x.See(1+float64(i), tt.fact)
		if got := changed(jobs, x.VersionOf(of(kscope.ScaledJobs, job.Ref))); got != tt.jobs {
			t.Errorf("%s: changes %q of the ScaledJob, want %q", tt.name, got, tt.jobs)
		}
		if got := changed(hpa, x.VersionOf(of(kscope.HPAs, web.Ref))); got != tt.hpa {
			t.Errorf("%s: changes %q of the HPA, want %q", tt.name, got, tt.hpa)
		}
	}
}

// TestLogOfKinds: what happens to a queue or a target is on the timeline of
// whatever has it.
func TestLogOfKinds(t *testing.T) {
	x := newWorld(1)
	job := kscope.ScaledJob{Ref: kscope.Ref{Namespace: "demo", Name: "j"}, UID: "j", Triggers: []kscope.Trigger{{Type: "redis", Backlog: &orders}}}
	web := plainHPA("order-worker", "")
	x.See(0.5, job, web)
	x.See(1, batch(orders, 1, 5, 5))
	x.Scale(2, "kube-controller-manager", 3)
	if log := x.Log(kscope.ID{Kind: kscope.ScaledJobs, Ref: job.Ref}); len(log) != 1 || log[0].Kind != store.Injected {
		t.Errorf("the ScaledJob's: %+v", log)
	}
	if log := x.Log(kscope.ID{Kind: kscope.HPAs, Ref: web.Ref}); len(log) != 1 || log[0].Kind != store.Scaled || log[0].To != 3 {
		t.Errorf("the HPA's: %+v", log)
	}
	job.MaxReplicaCount = 9
	x.See(3, job)
	if log := x.Log(kscope.ID{Kind: kscope.ScaledJobs, Ref: job.Ref}); len(log) != 1 {
		t.Errorf("after a change of it: %+v", log)
	}
}
