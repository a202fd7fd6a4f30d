package sandbox

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	goredis "github.com/redis/go-redis/v9"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/triggers"
)

// TestEverything plays one of every kind, and reads one of every kind through
// the dynamic client.
func TestEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := strictly([]string{"testdata/everything.yaml"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{
			"HorizontalPodAutoscaler front/web: metrics[0]: it is a share of the cpu that is requested, and container web of Deployment front/web requests none (add it to resources.requests)",
			"ClusterTriggerAuthentication everywhere: podIdentity is not asked: the sandbox's queues let everybody in",
			"ScaledObject shop/ledger: triggers[0] (rabbitmq): entries is played (ready and unacked); its jobs wait in the list shop:rabbitmq-0-ledger of the sandbox's Redis (the load keys fill it, as does any client of that Redis)",
		}, said(m)); diff != "" {
			t.Error(diff)
		}
		r := run(t, Options{Manifests: m, Speed: MaxSpeed, Seed: 5, ServiceTime: 5 * time.Second})
		worker, ledger := kscope.Ref{Namespace: "shop", Name: "worker"}, kscope.Ref{Namespace: "shop", Name: "ledger"}
		r.until(worker, 5*time.Minute, "asleep", func(c explain.Picture) bool { return c.Phase == explain.Asleep })
		r.until(ledger, 5*time.Minute, "one of the StatefulSet", func(c explain.Picture) bool { return ready(c) == 1 })

		c := client(t, r.redis, goredis.Options{DB: 2})
		for range 30 {
			c.LPush(t.Context(), "orders", "job")
		}
		r.until(worker, time.Minute, "several workers", func(c explain.Picture) bool { return ready(c) > 2 })

		stand := r.chain(ledger).Reading()
		if stand.Trigger.Backlog == nil || stand.Name() != "entries" || !stand.Known || stand.Value != 0 {
			t.Fatalf("nothing stands in for RabbitMQ: %+v", stand)
		}
		r.push(ledger, *stand.Trigger.Backlog, 100)
		r.until(ledger, 3*time.Minute, "three of the StatefulSet", func(c explain.Picture) bool { return ready(c) == 3 })

		r.push(kscope.Ref{}, triggers.Redis{Address: "redis.shop:6379", Key: "reports"}.Backlog(), 3)
		typed, dynamic := r.Clients()
		for range 200 {
			jobs, err := typed.BatchV1().Jobs("shop").List(t.Context(), metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if len(jobs.Items) == 3 {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		for _, k := range kinds {
			list, err := dynamic.Resource(k.gvr).List(t.Context(), metav1.ListOptions{})
			if err != nil || len(list.Items) == 0 {
				t.Errorf("%s: %v, %d of them", k.name, err, len(list.Items))
				continue
			}
			for _, u := range list.Items {
				if u.GetUID() == "" || u.GetResourceVersion() == "" || u.GetCreationTimestamp() == (metav1.Time{}) || u.GetKind() != k.name ||
					k.namespaced == (u.GetNamespace() == "") {
					t.Errorf("%s %s/%s: uid %q, version %q, created %v", u.GetKind(), u.GetNamespace(), u.GetName(), u.GetUID(), u.GetResourceVersion(), u.GetCreationTimestamp())
				}
			}
		}
		web, err := typed.AppsV1().Deployments("front").Get(t.Context(), "web", metav1.GetOptions{})
		if err != nil || web.Status.ReadyReplicas != 2 {
			t.Errorf("%v, web has %d ready replicas, want the HPA's minimum of 2", err, web.Status.ReadyReplicas)
		}
		if _, err := typed.CoreV1().Namespaces().Get(t.Context(), "front", metav1.GetOptions{}); err != nil {
			t.Error("a namespace that objects take for granted:", err)
		}
	})
}
