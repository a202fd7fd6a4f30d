package k8s

import (
	"context"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/watch"
)

// jobKind is a watch of the Jobs that KEDA made. Others are left to the API server.
func jobKind(c kubernetes.Interface, namespace string) watch.Kind {
	client := c.BatchV1().Jobs(namespace)
	return watch.Kind{
		Kind: kscope.Jobs,
		List: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.LabelSelector = kscope.JobLabel
			return client.List(ctx, o)
		},
		Watch: func(ctx context.Context, o metav1.ListOptions) (apiwatch.Interface, error) {
			o.LabelSelector = kscope.JobLabel
			return client.Watch(ctx, o)
		},
		Observe: only(observeJob),
	}
}

// observeJob translates a Job.
func observeJob(j *batchv1.Job) kscope.Job {
	out := kscope.Job{
		Ref:       kscope.Ref{Namespace: share(kscope.Clean(j.Namespace)), Name: kscope.Clean(j.Name)},
		UID:       kscope.Clean(string(j.UID)),
		ScaledJob: share(kscope.Clean(j.Labels[kscope.JobLabel])),
		OwnerUID:  share(ownerUID(j.OwnerReferences)),
		Created:   j.CreationTimestamp.Time,
	}
	for _, c := range j.Status.Conditions {
		if c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Type {
		case batchv1.JobFailed:
			out.Failed, out.Reason, out.Message = true, share(kscope.Clean(c.Reason)), kscope.Clean(c.Message)
			out.Ended = endOf(c.LastTransitionTime, j)
		case batchv1.JobComplete:
			out.Ended = endOf(c.LastTransitionTime, j)
		}
	}
	return out
}

// endOf is when a Job ended, which is never the zero time: by its condition, else,
// where that does not say, when it was made.
func endOf(at metav1.Time, j *batchv1.Job) time.Time {
	if at.IsZero() {
		return j.CreationTimestamp.Time
	}
	return at.Time
}
