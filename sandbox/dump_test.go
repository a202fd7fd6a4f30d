package sandbox

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
)

// opening is what a dump of a cluster is at once, and what comes of it. Those that were
// recorded are of a real cluster.
type opening struct {
	dump           string
	id             kscope.ID
	phase          explain.Phase
	desired, ready int32
	hpa            string        // the word of its link
	says           string        // in Why or Next
	zero           time.Duration // how soon it is at zero; 0 for not within a minute
	within         time.Duration // how soon it has so many ready:
	then           int32
}

var (
	dumped  = kscope.ID{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "shop", Name: "order-worker"}}
	letters = kscope.ID{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "post", Name: "mailer"}}
	web     = kscope.ID{Kind: kscope.HPAs, Ref: kscope.Ref{Namespace: "front", Name: "web"}}
	halted  = kscope.ID{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "cases", Name: "paused"}}
)

var openings = []opening{
	{dump: "at-zero", id: dumped, phase: explain.Asleep, hpa: "at zero", says: "keeps order-worker at zero"},
	{dump: "scaling-up", id: dumped, phase: explain.ScalingUp, desired: 5, ready: 1, hpa: "ramping", says: "5 are set so far", within: 30 * time.Second, then: 10},
	{dump: "at-max", id: dumped, phase: explain.AtMax, desired: 10, ready: 10, hpa: "at max", says: "maxReplicaCount is 10", within: time.Second, then: 10},
	{dump: "cooling-down", id: dumped, phase: explain.CoolingDown, desired: 10, ready: 10, hpa: "holding", says: "KEDA goes straight to 0 in about 18s", zero: 18 * time.Second},
	{dump: "paused", id: halted, phase: explain.PhasePaused, desired: 3, ready: 3, hpa: "removed while paused", says: "paused", within: time.Second, then: 3},
	{dump: "beside", id: letters, phase: explain.Asleep, hpa: "at zero", says: "keeps mailer at zero"},
	{dump: "beside", id: web, phase: explain.Steady, desired: 4, ready: 4, hpa: "in range", says: "leaves it at 4", within: time.Second, then: 4},
}

// TestDumps: a dump of a cluster comes alive as it was.
func TestDumps(t *testing.T) {
	for _, o := range openings {
		t.Run(o.dump+" "+o.id.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { o.play(t) })
		})
	}
}

func (o opening) play(t *testing.T) {
	m, err := strictly([]string{"testdata/dumps/" + o.dump + ".yaml"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, Options{Manifests: m, Speed: 1, Seed: 3, ServiceTime: 5 * time.Second, StartTime: 3 * time.Second})
	look := func() explain.Picture {
		r.mu.Lock()
		defer r.mu.Unlock()
		p, _ := explain.Look(r.store, o.id)
		return p
	}
	began := r.Now()
	time.Sleep(300 * time.Millisecond) // the watches, and what KEDA does at once
	p := look()
	t.Logf("%s: %s %s", p.Phase, p.Why, p.Next)
	if p.Workload == nil || p.Phase != o.phase || p.Workload.Desired != o.desired || p.Ready == nil || *p.Ready != o.ready {
		t.Fatalf("%s, workload %+v, want %s, %d ready of %d", p.Phase, p.Workload, o.phase, o.ready, o.desired)
	}
	if !strings.Contains(p.Why+" "+p.Next, o.says) {
		t.Errorf("%q is not in %s %s", o.says, p.Why, p.Next)
	}
	for _, l := range p.Links {
		if l.Name == "HPA" && l.Word != o.hpa {
			t.Errorf("the HPA's link is %+v, want %q", l, o.hpa)
		}
	}
	if h := p.HPA; h != nil && h.ScaledObject != "" && h.OwnerUID != p.ScaledObject.UID {
		t.Errorf("the HPA is owned by %s, not by %s", h.OwnerUID, p.ScaledObject.UID)
	}
	if by := p.Workload.SetBy; o.id == web && by != "kube-controller-manager" {
		t.Errorf("its replicas are %q's", by)
	}
	low, reached, zero := o.ready, time.Duration(0), time.Duration(0)
	for r.Now().Sub(began) < time.Minute {
		p := look()
		for _, f := range p.Findings {
			t.Errorf("after %s: %s", r.Now().Sub(began), f.Says)
		}
		at := r.Now().Sub(began)
		if p.Workload.Desired > 0 {
			low = min(low, *p.Ready)
		}
		if reached == 0 && *p.Ready >= o.then {
			reached = at
		}
		if zero == 0 && p.Workload.Desired == 0 {
			zero = at
		}
		time.Sleep(500 * time.Millisecond)
	}
	switch {
	case o.zero > 0 && (zero < o.zero || zero > o.zero+2*time.Second):
		t.Errorf("at zero after %s, want %s", zero, o.zero)
	case o.zero == 0 && o.desired > 0 && zero > 0:
		t.Errorf("at zero after %s", zero)
	case o.then > 0 && reached > o.within:
		t.Errorf("%d ready after %s, want %s", o.then, reached, o.within)
	case o.zero == 0 && low < o.ready:
		t.Errorf("%d ready between, want %d", low, o.ready)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range explain.Timeline(r.store, o.id) {
		if e.Actor == store.Someone || e.Kind == store.Scaled && e.Guess {
			t.Errorf("somebody is said to have done it: %+v", e)
		}
	}
}

// TestDumpedHPA: what KEDA's HPA does after a dump is known to be its doing.
func TestDumpedHPA(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := strictly([]string{"testdata/dumps/beside.yaml"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := run(t, Options{Manifests: m, Seed: 3, ServiceTime: 10 * time.Second, StartTime: 3 * time.Second})
		p := r.until(letters.Ref, 10*time.Second, "asleep", func(p explain.Picture) bool { return p.Phase == explain.Asleep })
		r.push(letters.Ref, *p.Reading().Trigger.Backlog, 80)
		r.until(letters.Ref, time.Minute, "at its maximum", func(p explain.Picture) bool { return p.Workload.Desired == 10 })
		var steps []string
		for _, e := range r.timeline(letters.Ref) {
			if e.Kind == store.Scaled && e.To > 0 {
				steps = append(steps, fmt.Sprintf("%s %d to %d, a guess: %v", e.Actor, e.From, e.To, e.Guess))
			}
		}
		if diff := cmp.Diff([]string{"KEDA 0 to 1, a guess: false", "HPA 1 to 4, a guess: false", "HPA 4 to 8, a guess: false", "HPA 8 to 10, a guess: false"}, steps); diff != "" {
			t.Error(diff)
		}
	})
}

// TestDumpOfJobs: Jobs that run go on with what they have in hand, under their names, and
// those that have ended are not made again.
func TestDumpOfJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := strictly([]string{"testdata/dumps/scaledjob.yaml"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := run(t, Options{Manifests: m, Speed: 1, Seed: 3, ServiceTime: 5 * time.Second, StartTime: 3 * time.Second})
		id := kscope.ID{Kind: kscope.ScaledJobs, Ref: kscope.Ref{Namespace: "cases", Name: "report"}}
		look := func() explain.Picture {
			r.mu.Lock()
			defer r.mu.Unlock()
			p, _ := explain.Look(r.store, id)
			return p
		}
		time.Sleep(300 * time.Millisecond)
		if p := look(); p.Phase != explain.Working || !strings.Contains(p.Why, "5 Jobs run") {
			t.Errorf("%s: %s %s %v", p.Phase, p.Why, p.Next, p.Counts)
		}
		typed, _ := r.Clients()
		jobs, err := typed.BatchV1().Jobs("cases").List(t.Context(), metav1.ListOptions{})
		var names []string
		for _, j := range jobs.Items {
			names = append(names, j.Name)
		}
		if diff := cmp.Diff([]string{"report-b67j7", "report-ffsf7", "report-mvxqv", "report-ntwjr", "report-pg8xb"}, names); err != nil || diff != "" {
			t.Errorf("%v, running Jobs:\n%s", err, diff)
		}
		time.Sleep(15 * time.Second)
		if p := look(); p.Phase != explain.Asleep || p.Counts[kscope.PodFinished] != 3 { // as many as its history holds
			t.Errorf("%s: %s %s %v", p.Phase, p.Why, p.Next, p.Counts)
		}
	})
}

// TestDumpNotes: what is not taken is said once.
func TestDumpNotes(t *testing.T) {
	for dump, want := range map[string][]string{
		"at-max": {
			"a dump of a cluster: it goes on as if it were 2026-11-23 15:48:47 UTC, the newest time in it",
			"not taken from the dump: Event (1), Lease (1), Pod (2), ReplicaSet (1); pods are made anew, as many and as ready as their workloads say",
			"no dump has what waits in queues, so as much as the HPAs measured last is put in: 143 into orders",
		},
		"beside": {
			"a dump of a cluster: it goes on as if it were 2026-11-23 09:00:00 UTC, the newest time in it",
			"not taken from the dump: ControllerRevision (1), EndpointSlice (1), FlowSchema (1), Service (1); pods are made anew, as many and as ready as their workloads say",
			"StatefulSet front/ledger: it was being deleted; here it stays",
			"StatefulSet front/ledger: its pods start, but what they would run does not",
		},
	} {
		m, err := strictly([]string{"testdata/dumps/" + dump + ".yaml"}, nil)
		var got []string
		for _, n := range m.Notes {
			says := n.Says
			for _, o := range n.Objects {
				says = naming(o) + ": " + says
			}
			got = append(got, says)
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", dump, err, diff)
		}
	}
}

// TestOddDumps: whatever a status says, a dump opens, and nothing in it goes wrong.
func TestOddDumps(t *testing.T) {
	whole, err := os.ReadFile("testdata/dumps/at-max.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][]string{
		"less than none":    {"    replicas: 10\n    terminating", "    replicas: -3\n    terminating"},
		"ready without any": {"    replicas: 10\n    terminating", "    terminating"},
		"no numbers":        {"    readyReplicas: 10\n", "    readyReplicas: many\n"},
		"too much work":     {"averageValue: 28600m", "averageValue: 9e18"},
		"no work":           {"averageValue: 28600m", "averageValue: -9223372036854775808m"},
		"another owner":     {"uid: 3722412d-afcf-474c-8a99-638ed96fadf9", "uid: 00000000-0000-4000-8000-000000000000"},
		"another order":     {"      type: AbleToScale", "      type: Unable"},
		"no ScaledObject":   {"kind: ScaledObject\n", "kind: ScaledObjectOfOld\n"},
		"no conditions":     {"lastActiveTime: '2026-11-23T15:48:42Z'", "lastActiveTime: soon"},
		"another HPA":       {"    hpaName: keda-hpa-order-worker", "    hpaName: other"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				text := strings.ReplaceAll(string(whole), change[0], change[1])
				if text == string(whole) {
					t.Fatal("nothing is changed")
				}
				r := run(t, Options{Manifests: read(t, text), Speed: 10, Seed: 3, ServiceTime: 5 * time.Second})
				time.Sleep(6 * time.Second)
				r.mu.Lock()
				defer r.mu.Unlock()
				for _, id := range r.store.Objects() {
					p, _ := explain.Look(r.store, id)
					t.Logf("%v %s: %s %s", id, p.Phase, p.Why, p.Next)
					if name != "no ScaledObject" && len(p.Findings) > 0 {
						t.Error(p.Findings[0].Says)
					}
				}
			})
		})
	}
}
