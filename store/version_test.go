package store_test

import (
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// another is a second ScaledObject, with a queue, an HPA and a workload of its
// own, beside order-worker.
func another(x *world) (kscope.ScaledObject, kscope.Backlog) {
	q := triggers.Redis{Address: "elsewhere:6379", Key: "mails"}.Backlog()
	so := orderWorker()
	so.Ref.Name, so.UID, so.ScaleTarget.Name, so.HPAName = "mailer", "so-2", "mailer", "keda-hpa-mailer"
	so.Triggers = []kscope.Trigger{{Type: "redis", Backlog: &q}}
	app := func(name string) kscope.Selector {
		return kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{name}}}
	}
	x.Work.Selector = app("w")
	x.See(0.1, so, x.Work, kscope.Workload{Ref: so.Ref, Kind: "Deployment", UID: "d-2", Selector: app("m")})
	return so, q
}

// TestVersions is what each kind of fact changes: of the ScaledObject that it is
// about, of its row in a table, of another one, of who there is and of statuses.
func TestVersions(t *testing.T) {
	x := newWorld(1)
	other, mails := another(x)
	x.WatchEvents()
	depth := func(q kscope.Backlog, n float64) kscope.Fact {
		return kscope.Depths{Server: q.Server, All: []kscope.Depth{{Backlog: q, N: n}}}
	}
	gone := func(kind kscope.Kind, ref kscope.Ref) kscope.Fact { return kscope.Gone{Kind: kind, Ref: ref} }
	about := func(uid, kind, name string) kscope.Fact {
		return kscope.Event{UID: uid, Last: noon, Count: 1, Regarding: kscope.ObjectRef{Kind: kind, Namespace: "demo", Name: name}}
	}
	seen, raised, owned := x.SO, x.SO, kscope.HPA{Ref: kscope.Ref{Namespace: "demo", Name: "x"}, UID: "x", OwnerUID: "so-1"}
	seen.LastActiveTime = at(1)
	raised.LastActiveTime, raised.MaxReplicaCount = at(1), 77
	job := kscope.ScaledJob{Ref: kscope.Ref{Namespace: "demo", Name: "j"}}
	server := mails.Server
	const none, all, row = "", "all", "all row"
	for i, tt := range []struct {
		name          string
		fact          kscope.Fact
		mine, its     string
		who, statuses bool
	}{
		{"time passes", kscope.Heartbeat{}, none, none, false, false},
		{"its queue", depth(orders, 7), row, none, false, false},
		{"its queue, the same", depth(orders, 7), none, none, false, false},
		{"another's queue", depth(mails, 8), none, row, false, false},
		{"nobody's queue", depth(triggers.Redis{Key: "x"}.Backlog(), 8), none, none, false, false},
		{"KEDA saw work again", seen, all, none, false, false},
		{"another maximum", raised, row, none, false, false},
		{"its workload", x.Work, row, none, false, false},
		{"its HPA", x.HPA, row, none, false, false},
		{"another HPA that it owns", owned, row, none, false, false},
		{"that is gone", gone(kscope.HPAs, owned.Ref), row, none, false, false},
		{"an HPA that another names", kscope.HPA{Ref: kscope.Ref{Namespace: "demo", Name: other.HPAName}, UID: "y"}, none, row, false, false},
		{"its pod", pod("a", "w", false), row, none, false, false},
		{"its pod is ready", pod("a", "w", true), row, none, false, false},
		{"its pod becomes another's", pod("a", "m", true), row, row, false, false},
		{"another's pod changes", pod("a", "m", false), none, row, false, false},
		{"nobody's pod", pod("b", "nobody", false), none, none, false, false},
		{"another's pod is gone", gone(kscope.Pods, pod("a", "m", true).Ref), none, row, false, false},
		{"a pod that nobody knew is gone", gone(kscope.Pods, kscope.Ref{Name: "never seen"}), none, none, false, false},
		{"an event on it", about("1", "ScaledObject", "order-worker"), all, none, false, false},
		{"the same event again", about("1", "ScaledObject", "order-worker"), none, none, false, false},
		{"an event on its HPA", about("2", "HorizontalPodAutoscaler", "keda-hpa-order-worker"), all, none, false, false},
		{"an event on its target", about("3", "Deployment", "order-worker"), all, none, false, false},
		{"an event on another", about("4", "ScaledObject", "mailer"), none, all, false, false},
		{"an event on another of that name", about("5", "Job", "order-worker"), none, none, false, false},
		{"an event is forgotten", gone(kscope.Events, kscope.Ref{}), none, none, false, false},
		{"how its server is reached", kscope.Connection{Server: orders.Server, Version: "8"}, all, none, false, false},
		{"how another's server is reached", kscope.Connection{Server: server, Version: "8"}, none, all, false, false},
		{"jobs put in", batch(orders, 0.5, 1, 1), row, none, false, false},
		{"a load", loading(1, 0, 0, kscope.LoadRunning), row, none, false, false},
		{"the load, late", loading(1, 0, 0, kscope.LoadRunning), row, none, false, false},
		{"emptied", kscope.Purged{Backlog: orders}, row, none, false, false},
		{"another's is emptied", kscope.Purged{Backlog: mails}, none, row, false, false},
		{"a watch breaks", kscope.Status{Kind: kscope.Pods, State: kscope.Failing}, row, row, false, true},
		{"and says so again", kscope.Status{Kind: kscope.Pods, State: kscope.Failing}, none, none, false, false},
		{"the list breaks", kscope.Status{Kind: kscope.ScaledObjects, State: kscope.Failing}, row, row, true, true},
		{"another's server breaks", kscope.Status{Kind: kscope.Queues, Name: server, State: kscope.Failing}, none, row, false, true},
		{"nobody names that server", gone(kscope.Queues, kscope.Ref{Name: server}), none, row, false, true},
		{"a ScaledJob comes", job, none, none, true, false},
		{"and is there", job, none, none, false, false},
		{"and goes", gone(kscope.ScaledJobs, job.Ref), none, none, true, false},
		{"its workload is gone", gone(kscope.Deployments, x.SO.Ref), row, none, false, false},
		{"it is gone", gone(kscope.ScaledObjects, x.SO.Ref), row, none, true, false},
		{"and back", func() kscope.Fact { y := x.SO; y.UID = "so-3"; return y }(), row, none, true, false},
	} {
		mine, its, total, who, statuses := x.VersionOf(x.ID()), x.VersionOf(idOf(other.Ref)), x.Total(), x.Members(), x.Health()
		x.See(1+float64(i), tt.fact)
		if got := changed(mine, x.VersionOf(x.ID())); got != tt.mine {
			t.Errorf("%s: changes %q of it, want %q", tt.name, got, tt.mine)
		}
		if got := changed(its, x.VersionOf(idOf(other.Ref))); got != tt.its {
			t.Errorf("%s: changes %q of another, want %q", tt.name, got, tt.its)
		}
		if (x.Members() != who) != tt.who || (x.Health() != statuses) != tt.statuses {
			t.Errorf("%s: changes who there is %v, statuses %v", tt.name, x.Members() != who, x.Health() != statuses)
		}
		if total == x.Total() && (tt.mine+tt.its != none || tt.who || tt.statuses) {
			t.Errorf("%s: something changed, but the total did not", tt.name)
		}
	}
}

func changed(was, is store.Version) string {
	switch {
	case was.All > is.All || was.Row > is.Row:
		return "backwards"
	case was.All != is.All && was.Row != is.Row:
		return "all row"
	case was.All != is.All:
		return "all"
	case was.Row != is.Row:
		return "row"
	}
	return ""
}

// A batch is linked once, at its end, and what comes of that has a version too.
func TestVersionOfABatch(t *testing.T) {
	x := newWorld(1)
	v := x.VersionOf(x.ID())
	x.Work.Selector = kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{"w"}}}
	see := func(f kscope.Fact) kscope.Observation { return kscope.Observation{At: noon.Add(time.Second), Fact: f} }
	x.Apply(see(x.Work), see(kscope.Heartbeat{}))
	w := x.VersionOf(x.ID())
	x.Apply(see(pod("a", "w", true)), see(kscope.Heartbeat{}), see(kscope.Status{Kind: kscope.Pods, State: kscope.Synced}))
	y := x.VersionOf(x.ID())
	x.Apply(see(pod("b", "w", true)), see(kscope.Heartbeat{}))
	if z := x.VersionOf(x.ID()); changed(v, w) != "all row" || changed(w, y) != "all row" || changed(y, z) != "all row" {
		t.Errorf("versions %v, %v, %v, %v", v, w, y, z)
	}
}
