package doctor

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kscope/kscope"
)

func observed(facts ...kscope.Fact) (out []kscope.Observation) {
	for i, f := range facts {
		out = append(out, kscope.Observation{At: noon.Add(time.Duration(i) * time.Millisecond), Source: "k8s", Fact: f})
	}
	return out
}

// allSynced is every kind, watched.
func allSynced() (out []kscope.Fact) {
	for _, k := range watched {
		out = append(out, kscope.Status{Kind: k, State: kscope.Synced})
	}
	return out
}

// TestRead: it looks until all is told, no shorter than asked for, and no longer than
// most where something never is.
func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name  string
		facts []kscope.Fact
		want  time.Duration
	}{
		{"all is told", allSynced(), 4 * time.Second}, // the first heartbeat after least
		{"a kind is not", allSynced()[1:], 20 * time.Second},
		{"a queue is not", append(allSynced(), kscope.ScaledObject{Ref: kscope.Ref{Namespace: "demo", Name: "a"}, UID: "1",
			Triggers: []kscope.Trigger{{Type: "redis", Backlog: &kscope.Backlog{Broker: "redis", Name: "q"}}}}), 20 * time.Second},
		{"a kind is forbidden", append(allSynced()[1:], kscope.Status{Kind: watched[0], State: kscope.Forbidden}), 4 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			in := make(chan []kscope.Observation)
			began := time.Now()
			done := make(chan struct{})
			go func() {
				defer close(done)
				in <- observed(tt.facts...)
				beats := time.NewTicker(time.Second)
				defer beats.Stop()
				for at := range beats.C {
					select {
					case in <- []kscope.Observation{{At: at, Fact: kscope.Heartbeat{}}}:
					case <-time.After(time.Millisecond):
						return
					}
				}
			}()
			Read(in, 3500*time.Millisecond, 20*time.Second)
			if took := time.Since(began); took.Round(time.Second) != tt.want {
				t.Errorf("%s: looked for %v, want %v", tt.name, took, tt.want)
			}
			<-done
		})
	}
}

// TestObjects: what could not be seen is never well.
func TestObjects(t *testing.T) {
	read := func(facts ...kscope.Fact) []Check {
		in := make(chan []kscope.Observation, 1)
		in <- observed(facts...)
		close(in)
		return Objects(Read(in, 0, time.Second))
	}
	so := kscope.ScaledObject{Ref: kscope.Ref{Namespace: "demo", Name: "orders"}, UID: "1", ScaleTarget: kscope.TargetRef{Kind: "Deployment", Name: "ghost"}}
	kept := so
	kept.ScaleTarget.Name, kept.MinReplicaCount, kept.MaxReplicaCount, kept.CooldownPeriod, kept.PollingInterval = "orders", 2, 10, 30*time.Second, 30*time.Second
	for _, tt := range []struct {
		name  string
		facts []kscope.Fact
		id    string
		state State
		says  string
	}{
		{"nothing there", allSynced(), "objects", Good, "Nothing here scales"},
		{"no namespace", append(allSynced(), kscope.Status{Kind: kscope.Namespaces, Name: "shp", State: kscope.Absent}), "namespace", Bad, "does not exist"},
		{"pods forbidden", append(allSynced(), kscope.Status{Kind: kscope.Pods, State: kscope.Forbidden, Message: "you may not watch pods"}), "watch", Unknown, "You may not"},
		{"a server that is down", append(allSynced(), kscope.Status{Kind: kscope.Queues, Name: "redis:6379", State: kscope.Failing, Message: "nothing listens"}), "queues", Warning, "Nothing listens."},
		{"a target that is not there", append(allSynced(), so), "targetMissing", Bad, "ghost does not exist"},
		{"a target that KEDA left at zero", append(allSynced(), kscope.Workload{Ref: so.Ref, Kind: "Deployment", UID: "2"},
			kscope.Event{UID: "e", Type: "Normal", Reason: "KEDAScaleTargetDeactivated", Note: "Deactivated apps/v1.Deployment demo/orders from 4 to 0", Last: noon,
				Regarding: kscope.ObjectRef{Kind: "ScaledObject", Namespace: "demo", Name: "gone"}}), "leftAtZero", Note, "Deployment orders stays at zero, where KEDA left it: ScaledObject gone"},
		{"a cooldown that nothing comes after", append(allSynced(), kept, kscope.Workload{Ref: so.Ref, Kind: "Deployment", UID: "2", Desired: 2, Current: 2}), "cooldownWithoutEnd", Note, "has no effect"},
	} {
		checks := read(tt.facts...)
		if !slices.ContainsFunc(checks, func(c Check) bool { return c.ID == tt.id && c.State == tt.state && strings.Contains(c.Says, tt.says) }) {
			t.Errorf("%s: %+v", tt.name, checks)
		}
	}
}
