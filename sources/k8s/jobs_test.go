package k8s

import (
	"testing"
	"testing/synctest"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/kscope/kscope"
)

// theirs is a Job of a ScaledJob.
func theirs(name string) *batchv1.Job {
	yes, m := true, named(name)
	m.Labels = map[string]string{kscope.JobLabel: "encoder"}
	m.OwnerReferences = []metav1.OwnerReference{{Kind: "ScaledJob", Name: "encoder", UID: "sj", Controller: &yes}}
	m.CreationTimestamp = metav1.Unix(100, 0)
	return &batchv1.Job{ObjectMeta: m}
}

func TestObserveJob(t *testing.T) {
	is := func(conditions ...batchv1.JobCondition) *batchv1.Job {
		j := theirs("a")
		j.Status.Conditions = conditions
		return j
	}
	cond := func(typ batchv1.JobConditionType, status corev1.ConditionStatus, at int64) batchv1.JobCondition {
		c := batchv1.JobCondition{Type: typ, Status: status, Reason: "Because", Message: "so\x1b[2J it is"}
		if at > 0 {
			c.LastTransitionTime = metav1.Unix(at, 0)
		}
		return c
	}
	runs := kscope.Job{Ref: kscope.Ref{Namespace: "shop", Name: "a"}, UID: "uid-a", ScaledJob: "encoder", OwnerUID: "sj", Created: time.Unix(100, 0)}
	ended := func(at int64) kscope.Job { j := runs; j.Ended = time.Unix(at, 0); return j }
	failed := ended(130)
	failed.Failed, failed.Reason, failed.Message = true, "Because", kscope.Clean("so\x1b[2J it is")
	for name, tt := range map[string]struct {
		job  *batchv1.Job
		want kscope.Job
	}{
		"runs":                          {is(), runs},
		"is suspended":                  {is(cond(batchv1.JobSuspended, corev1.ConditionTrue, 120)), runs},
		"is about to be complete":       {is(cond(batchv1.JobSuccessCriteriaMet, corev1.ConditionTrue, 120)), runs},
		"is not complete":               {is(cond(batchv1.JobComplete, corev1.ConditionFalse, 120)), runs},
		"is complete":                   {is(cond(batchv1.JobSuccessCriteriaMet, corev1.ConditionTrue, 119), cond(batchv1.JobComplete, corev1.ConditionTrue, 120)), ended(120)},
		"is complete, nobody says when": {is(cond(batchv1.JobComplete, corev1.ConditionTrue, 0)), ended(100)},
		"failed":                        {is(cond(batchv1.JobFailureTarget, corev1.ConditionTrue, 129), cond(batchv1.JobFailed, corev1.ConditionTrue, 130)), failed},
	} {
		got := observeJob(tt.job)
		if !got.Created.Equal(tt.want.Created) || !got.Ended.Equal(tt.want.Ended) {
			t.Errorf("%s: made %v and ended %v, want %v and %v", name, got.Created, got.Ended, tt.want.Created, tt.want.Ended)
		}
		got.Created, got.Ended = tt.want.Created, tt.want.Ended
		if got != tt.want {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
	}
}

// TestJobsAreWatchedWhereThereAreScaledJobs: and only KEDA's.
func TestJobsAreWatchedWhereThereAreScaledJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own := &batchv1.Job{ObjectMeta: named("somebody's")}
		client := fake.NewClientset(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}, own, theirs("a"))
		source := New(Options{Client: client, Dynamic: noDynamic(), Namespace: "shop"})
		seen := start(t, source)
		expect(t, seen(), "deployments synced", "events synced", "horizontalpodautoscalers synced", "pods synced", "statefulsets synced")
		for range 2 {
			source.Follow(kscope.Observation{Fact: kscope.ScaledJob{Ref: kscope.Ref{Namespace: "shop", Name: "encoder"}}})
		}
		expect(t, seen(), "job a", "jobs synced")
		if err := client.BatchV1().Jobs("shop").Delete(t.Context(), "a", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		expect(t, seen(), "gone jobs a uid-a")
	})
}
