package sandbox

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/explain/ledger"
	"github.com/kscope/kscope/triggers"
)

const reportsJob = `apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {name: reports, namespace: demo}
spec:
  pollingInterval: 10
  maxReplicaCount: 4
  jobTargetRef:
    template:
      spec: {restartPolicy: Never, containers: [{name: report, image: "example/report:1"}]}
  triggers: [{type: redis, metadata: {address: "redis.demo:6379", listName: reports, listLength: "1"}}]
`

// TestJobLedger is an episode of a ScaledJob, whose Jobs KEDA makes and which end by
// themselves.
func TestJobLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := Options{Seed: 5, ServiceTime: 20 * time.Second, StartTime: 2 * time.Second}
		var err error
		if o.Manifests, err = Load([]string{"-"}, strings.NewReader(reportsJob)); err != nil {
			t.Fatal(err)
		}
		r := run(t, o)
		id := kscope.ID{Kind: kscope.ScaledJobs, Ref: kscope.Ref{Namespace: "demo", Name: "reports"}}
		episodes := func() []ledger.Episode {
			r.mu.Lock()
			defer r.mu.Unlock()
			c, _ := r.store.Chain(id)
			return explain.Ledger(r.store, &c, explain.Timeline(r.store, id))
		}
		r.pass(30 * time.Second)
		if all := episodes(); len(all) != 0 {
			t.Errorf("at rest: %+v", all)
		}
		r.push(id.Ref, triggers.Redis{Address: "redis.demo:6379", Key: "reports"}.Backlog(), 10)
		r.pass(15 * time.Second)
		if all := episodes(); len(all) != 1 || !all[0].Open() || all[0].Tail.Owner != ledger.Workers {
			t.Errorf("under way: %+v", all)
		}
		r.pass(5 * time.Minute)
		all := episodes()
		if len(all) != 1 || all[0].Open() || !all[0].Jobs || all[0].Most != 4 || all[0].Peak != 10 {
			t.Fatalf("it is over: %+v", all)
		}
		e := &all[0]
		var marks []string
		sum := time.Duration(0)
		for _, m := range e.Marks {
			marks = append(marks, ledger.Name(m.Kind)+":"+ledger.NameOf(m.Owner))
			sum += m.Took
		}
		got := fmt.Sprint(marks)
		for _, want := range []string{"first_job:", "first_replica_wanted:keda_poll", "pod_created:workload_controller", "pod_scheduled:scheduler", "pod_started:node", "queue_empty:workers", "back_at_rest:workers"} {
			if !strings.Contains(got, want) {
				t.Errorf("no %s in %s", want, got)
			}
		}
		if strings.Contains(got, "unseen") || strings.Contains(got, "enough") || strings.Contains(got, "cooldown") || strings.Contains(got, "hpa") || e.Took()-sum > time.Second {
			t.Errorf("%v of %v in %s", sum, e.Took(), got)
		}
		if n := e.Cost.Jobs; n.N != 10 || !n.Known || n.AtLeast {
			t.Errorf("jobs done: %+v", n)
		}
		if w := e.Cost.Waits.Peak; !w.Known || w.High < 40*time.Second || w.High > 90*time.Second { // three rounds of four
			t.Errorf("the longest wait: %+v", w)
		}
		if p := e.Cost.PodSeconds; !p.Known || p.N < 200 || p.N > 300 { // ten Jobs of some 22 s
			t.Errorf("pod-seconds: %+v", p)
		}
	})
}
