package explain_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/golden"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// diagnosed is a case of what is wrong: what holds in it, and the findings that
// there must be, each a rule, with < and its root where it is a consequence. Then
// what a healthy neighbour of it changes, of which nothing must be found.
type diagnosed struct {
	name   string
	scene  *store.Chain
	change func(c *store.Chain)
	want   string
	well   func(c *store.Chain)
}

const (
	hpaSays = "the HPA was unable to compute the replica count: unable to get external metric demo/s0-redis-orders/&LabelSelector{MatchLabels:map[string]string{scaledobject.keda.sh/name: order-worker,},MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: "
	rpc     = "rpc error: code = Unknown desc = error when getting metric values "
)

func noMetric(c *store.Chain, message string) {
	hpaCond(c, "ScalingActive", "False", "FailedGetExternalMetric", hpaSays+message)
}

func cannotRead(c *store.Chain, err string) {
	c.Readings[0].Known, c.Readings[0].Err, c.Readings[0].Back = false, err, time.Time{}
}

func warning(c *store.Chain, ago float64, kind, name, reason, note string) {
	ev := &kscope.Event{UID: "e", Type: "Warning", Reason: reason, Note: note, Last: at(-ago), Regarding: kscope.ObjectRef{Kind: kind, Namespace: "demo", Name: name}}
	c.Warnings = append(c.Warnings, store.Warning{Event: ev, Heard: at(-ago)})
}

func aPod(name, phase, reason, message string) *kscope.Pod {
	return &kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: name}, Created: at(-600), Started: at(-599), Phase: phase, Scheduled: true, Reason: reason, Message: message}
}

func rivalOf(kind kscope.Kind, name string, ago float64) store.Rival {
	return store.Rival{ID: kscope.ID{Kind: kind, Ref: kscope.Ref{Namespace: "demo", Name: name}}, Since: at(-ago)}
}

func refused(by store.Actor, condition, reason, account string) []store.Refusal {
	return []store.Refusal{{By: by, Until: at(-4), Condition: kscope.Condition{Type: condition, Status: "False", Reason: reason, Message: `deployments.apps "order-worker" is forbidden: User "system:serviceaccount:` + account + `" cannot update resource "deployments/scale" in API group "apps" in the namespace "demo"`}}}
}

func edited(c *store.Chain, least, most int32, ago float64) {
	c.HPA.MinReplicas, c.HPA.MaxReplicas, c.Bounds = least, most, at(-ago)
}

func streams(c *store.Chain, group, lag string) {
	t := kscope.Trigger{Type: "redis-streams", MetricType: "AverageValue", Metadata: map[string]string{"stream": "orders", "consumerGroup": group, "lagCount": lag}}
	q, _ := triggers.RedisQueue(t.Type, t.Metadata)
	t.Backlog = new(q.Backlog())
	c.Readings[0].Trigger, c.Readings[0].Type = t, "stream"
}

var wrong = []diagnosed{
	{name: "a target that is missing", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { c.Workload = nil }, want: "targetMissing",
		well: func(c *store.Chain) { c.Workload, c.WorkloadStatus.State = nil, kscope.Connecting }},
	{name: "a target that is missing, and KEDA says so", scene: scene(0, 0, 0),
		change: func(c *store.Chain) {
			c.Workload = nil
			soCond(c, "Ready", "False", "ScaledObjectCheckFailed", `ScaledObject doesn't have correct scaleTargetRef specification: deployments.apps "order-worker" not found`)
		}, want: "targetMissing refused<targetMissing"},
	{name: "a Rollout that KEDA refuses", scene: scene(0, 0, 0),
		change: func(c *store.Chain) {
			c.Workload, c.WorkloadStatus.Kind, c.ScaledObject.ScaleTarget.Kind = nil, kscope.ScaleTargets, "Rollout"
			c.WorkloadStatus.State = kscope.Absent // there is no such kind
			soCond(c, "Ready", "False", "ScaledObjectCheckFailed", `ScaledObject doesn't have correct scaleTargetRef specification: rollouts.argoproj.io "order-worker" not found`)
		}, want: "refused"},
	{name: "a pause at no number", scene: scene(0, 2, 2),
		change: func(c *store.Chain) {
			c.ScaledObject.PausedReplicas, c.HPA = "three", nil
			soCond(c, "Ready", "False", "ScaledObjectCheckFailed", `ScaledObject check failed: strconv.ParseInt: parsing "three": invalid syntax`)
		}, want: "badPause refused<badPause",
		well: func(c *store.Chain) { c.ScaledObject.PausedReplicas, c.HPA = "3", nil }},
	{name: "two ScaledObjects", scene: scene(50, 0, 0),
		change: func(c *store.Chain) {
			c.Rivals = []store.Rival{rivalOf(kscope.ScaledObjects, "other", 60)}
			c.Readings[0].Waiting = at(-32)
		}, want: "twoMasters overdue<twoMasters",
		well: func(c *store.Chain) { c.Rivals = []store.Rival{rivalOf(kscope.ScaledObjects, "other", 5)} }},
	{name: "an HPA of somebody else", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			c.Rivals = []store.Rival{rivalOf(kscope.HPAs, "old-hpa", 60)}
			hpaCond(c, "ScalingActive", "False", "AmbiguousSelector", "pods by selector app=worker are controlled by multiple HPAs: [demo/keda-hpa-order-worker demo/old-hpa]")
		}, want: "twoHPAs",
		well: func(c *store.Chain) { c.Rivals = []store.Rival{rivalOf(kscope.HPAs, "old-hpa", 5)} }},
	{name: "an HPA of somebody else, not complained of", scene: scene(0, 4, 4),
		change: func(c *store.Chain) { c.Rivals = []store.Rival{rivalOf(kscope.HPAs, "old-hpa", 60)} }, want: "twoHPAs"},
	{name: "somebody who keeps writing the replicas", scene: scene(50, 10, 10),
		change: func(c *store.Chain) {
			for i, by := range []string{"argocd-controller", "kube-controller-manager", "argocd-controller", "kube-controller-manager", "argocd-controller"} {
				c.Writes = append(c.Writes, store.Write{At: at(-20 - 60*float64(i)), By: by, From: 10, To: 2})
			}
		}, want: "meddler",
		well: func(c *store.Chain) { // once by hand, and once more long ago
			c.Writes = []store.Write{{At: at(-20), By: "kubectl"}, {At: at(-30), By: "keda-operator"}, {At: at(-2000), By: "kubectl"}, {At: at(-3000), By: "kubectl"}}
		}},
	{name: "an authentication that is missing", scene: scene(0, 2, 2),
		change: func(c *store.Chain) {
			cannotRead(c, "TriggerAuthentication redis-auth does not exist")
			c.Readings[0].Trigger.AuthKind, c.Readings[0].Trigger.AuthName = "TriggerAuthentication", "redis-auth"
			noMetric(c, rpc+"error getting scalers connection to redis failed: NOAUTH Authentication required.")
		}, want: "authMissing sourceLost<authMissing"},
	{name: "an authentication that is missing, of which the server's answer does not tell", scene: scene(0, 1, 1),
		change: func(c *store.Chain) {
			cannotRead(c, "the server wants a password")
			c.Readings[0].Hint = "TriggerAuthentication redis-auth does not exist"
			c.Readings[0].Trigger.AuthKind, c.Readings[0].Trigger.AuthName = "TriggerAuthentication", "redis-auth"
			soCond(c, "Ready", "False", "ScaledObjectCheckFailed", "failed to ensure HPA is correctly created for ScaledObject: connection to redis failed: NOAUTH Authentication required.")
		}, want: "authMissing refused<authMissing",
		well: func(c *store.Chain) { // it is let in without
			c.Readings[0].Hint = "TriggerAuthentication redis-auth does not exist"
		}},
	{name: "a Secret without the password", scene: scene(0, 2, 2),
		change: func(c *store.Chain) {
			cannotRead(c, "the server wants a password")
			c.Readings[0].Hint = "Secret demo/redis has no key password"
		}, want: "authMissing",
		well: func(c *store.Chain) {
			cannotRead(c, "the server wants a password")
			c.Readings[0].Hint = "the trigger gives no password: add one to a TriggerAuthentication that it refers to"
		}},
	{name: "a key of the wrong type", scene: scene(0, 0, 0),
		change: func(c *store.Chain) {
			cannotRead(c, "the key holds a string")
			soCond(c, "Ready", "False", "TriggerError", "Triggers defined in ScaledObject are not working correctly")
		}, want: "wrongType triggerFailing<wrongType"},
	{name: "a parameter that is missing", scene: scene(0, 1, 1),
		change: func(c *store.Chain) {
			soCond(c, "Ready", "False", "ScaledObjectCheckFailed", `failed to ensure HPA is correctly created for ScaledObject: error parsing redis metadata: error parsing redis metadata: missing required parameter "listName" in [triggerMetadata]`)
		}, want: "refused"},
	{name: "a source down when it was made", scene: scene(0, 1, 1),
		change: func(c *store.Chain) {
			soCond(c, "Ready", "False", "ScaledObjectCheckFailed", `failed to ensure HPA is correctly created for ScaledObject: connection to redis failed: dial tcp 10.0.0.7:6379: connect: connection refused`)
		}, want: "refused"},
	{name: "an environment that dangles", scene: scene(0, 1, 1),
		change: func(c *store.Chain) {
			soCond(c, "Ready", "False", "ScaledObjectCheckFailed", `failed to ensure HPA is correctly created for ScaledObject: error resolving secrets for ScaleTarget: error reading config ref &SecretEnvSource{} on namespace demo: secrets "redis-env" not found`)
		}, want: "refused"},
	{name: "KEDA that says nothing", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { c.ScaledObject.Conditions, c.Watched = nil, at(-42) }, want: "ignored",
		well: func(c *store.Chain) { c.ScaledObject.Conditions, c.Watched = nil, at(-2) }},
	{name: "a quota that is used up, and what follows", scene: scene(60, 5, 0),
		change: func(c *store.Chain) {
			c.Workload.Current = 0
			c.Workload.Conditions = kscope.Conditions{{Type: "ReplicaFailure", Status: "True", Reason: "FailedCreate", Message: `pods "order-worker-x" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=0, limited: pods=0`}}
			noMetric(c, "no pods returned by selector while calculating replica count")
		}, want: "podsNotCreated valueWithoutPods<podsNotCreated"},
	{name: "a StatefulSet against a quota", scene: scene(60, 5, 2),
		change: func(c *store.Chain) {
			c.Workload.Kind, c.ScaledObject.ScaleTarget.Kind, c.Workload.Current = "StatefulSet", "StatefulSet", 2
			warning(c, 20, "StatefulSet", "order-worker", "FailedCreate", `Create Pod order-worker-2 in StatefulSet order-worker failed error: pods "order-worker-2" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=2, limited: pods=2`)
		}, want: "podsNotCreated",
		well: func(c *store.Chain) {
			c.Workload.Kind, c.Workload.Desired = "StatefulSet", 2
			warning(c, 20, "StatefulSet", "order-worker", "FailedCreate", "exceeded quota")
		}},
	{name: "a metrics API that is down, work done", scene: scene(0, 3, 3),
		change: func(c *store.Chain) {
			cooldown(c)
			noMetric(c, "the server is currently unable to handle the request (get s0-redis-orders.external.metrics.k8s.io)")
		}, want: "apiDown"},
	{name: "a metrics API that is down, work waits", scene: scene(9, 3, 3),
		change: func(c *store.Chain) {
			noMetric(c, "the server could not find the requested resource (get s0-redis-orders.external.metrics.k8s.io)")
		}, want: "apiDown"},
	{name: "a metrics API that may not be read", scene: scene(9, 3, 3),
		change: func(c *store.Chain) {
			noMetric(c, `s0-redis-orders.external.metrics.k8s.io is forbidden: User "system:serviceaccount:kube-system:horizontal-pod-autoscaler" cannot list resource "s0-redis-orders" in API group "external.metrics.k8s.io" in the namespace "demo"`)
		}, want: "apiRefused"},
	{name: "a metrics API that is another provider's", scene: scene(9, 3, 3),
		change: func(c *store.Chain) {
			noMetric(c, "the server could not find the metric s0-redis-orders for namespaces")
		}, want: "apiForeign",
		well: func(c *store.Chain) { // asleep, the HPA asks nobody
			*c = *copied(scene(9, 0, 0))
			noMetric(c, "the server could not find the metric s0-redis-orders for namespaces")
		}},
	{name: "a metrics API that is another provider's, who answers with nothing", scene: scene(0, 3, 3),
		change: func(c *store.Chain) {
			cooldown(c)
			noMetric(c, "no metrics returned from external metrics API")
		}, want: "apiForeign"},
	{name: "a metric that KEDA itself does not have", scene: scene(9, 3, 3),
		change: func(c *store.Chain) { noMetric(c, rpc+"no matching metrics found for s0-redis-orders") }, want: "sourceLost"},
	{name: "an operator that is gone", scene: scene(9, 3, 3),
		change: func(c *store.Chain) {
			c.Polled, c.ScaledObject.LastActiveTime = at(-100), at(-100)
			noMetric(c, "timeout while waiting to establish gRPC connection to KEDA Metrics Service server")
		}, want: "operatorGone kedaSilent<operatorGone"},
	{name: "an operator that is gone, by the time that ran out", scene: scene(9, 3, 3),
		change: func(c *store.Chain) {
			c.Polled, c.ScaledObject.LastActiveTime = at(-100), at(-100)
			noMetric(c, allotted+"(get s0-redis-orders.external.metrics.k8s.io)")
		}, want: "operatorGone kedaSilent<operatorGone"},
	{name: "a metrics server that hangs", scene: scene(9, 3, 3),
		change: func(c *store.Chain) { noMetric(c, allotted+"(get s0-redis-orders.external.metrics.k8s.io)") }, want: "operatorGone"},
	{name: "a metrics server of resources that hangs", scene: scene(0, 2, 2),
		change: func(c *store.Chain) {
			hpaCond(c, "ScalingActive", "False", "FailedGetResourceMetric", "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: "+allotted+"(get pods.metrics.k8s.io)")
		}, want: "cannotCompute"},
	{name: "a source that is lost", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			noMetric(c, rpc+"error getting scalers connection to redis failed: dial tcp 127.0.0.1:16380: connect: connection refused")
		}, want: "sourceLost"},
	{name: "a source of which only KEDA's event says what ails it", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			noMetric(c, rpc+"metric:s0-cron-Asia-Nowhere-09xxx-017xxx encountered error")
			warning(c, 3, "ScaledObject", "order-worker", "KEDAScalerFailed", "unable to load timezone: unknown time zone Asia/Nowhere")
		}, want: "sourceLost"},
	{name: "a source that is lost for long", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			c.Polled, c.ScaledObject.LastActiveTime = at(-100), at(-100)
			cannotRead(c, "nothing listens at redis.demo.svc:6379 (connection refused)")
			noMetric(c, rpc+"metric:s0-redis-orders encountered error")
		}, want: "sourceLost kedaSilent<sourceLost",
		well: func(c *store.Chain) { // it is back, and the HPA has not asked since
			c.HPA.Conditions = with(c.HPA.Conditions, kscope.Condition{Type: "ScalingActive", Status: "False", Reason: "FailedGetExternalMetric", Message: hpaSays + "x", Since: at(-200)})
			c.Readings[0].Back, c.Polled = at(-6), at(-200)
		}},
	{name: "metrics of resources that nobody has", scene: scene(0, 2, 2),
		change: func(c *store.Chain) {
			hpaCond(c, "ScalingActive", "False", "FailedGetResourceMetric", "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)")
		}, want: "cannotCompute"},
	{name: "a container that requests nothing", scene: scene(0, 2, 2),
		change: func(c *store.Chain) {
			hpaCond(c, "ScalingActive", "False", "FailedGetResourceMetric", "the HPA was unable to compute the replica count: failed to get cpu utilization: missing request for cpu in container worker of Pod order-worker-1")
		}, want: "cannotCompute"},
	{name: "a fallback that runs, and why", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			soCond(c, "Fallback", "True", "FallbackExists", "")
			c.ScaledObject.Fallback = &kscope.Fallback{FailureThreshold: 3, Replicas: 4}
			c.ScaledObject.Health = []kscope.TriggerHealth{{Metric: "s0-redis-orders", Failures: 7, Status: "Failing"}}
			cannotRead(c, "nothing listens at redis.demo.svc:6379 (connection refused)")
		}, want: "fallbackRunning"},
	{name: "a fallback that is armed", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			c.ScaledObject.Fallback = &kscope.Fallback{FailureThreshold: 3, Replicas: 4}
			c.ScaledObject.Health = []kscope.TriggerHealth{{Metric: "s0-redis-orders", Failures: 1, Status: "Failing"}}
		}, want: "fallbackArmed",
		well: func(c *store.Chain) {
			c.ScaledObject.Fallback = &kscope.Fallback{FailureThreshold: 3, Replicas: 4}
			c.ScaledObject.Health = []kscope.TriggerHealth{{Metric: "s0-redis-orders", Status: "Happy"}}
		}},
	{name: "a trigger that fails, by its event", scene: scene(0, 4, 4),
		change: func(c *store.Chain) {
			soCond(c, "Ready", "False", "TriggerError", "Triggers defined in ScaledObject are not working correctly")
			warning(c, 3, "ScaledObject", "order-worker", "KEDAScalerFailed", "connection to redis failed: dial tcp 127.0.0.1:2: connect: connection refused")
		}, want: "triggerFailing"},
	{name: "KEDA that may not scale", scene: scene(4, 0, 0),
		change: func(c *store.Chain) {
			soCond(c, "Ready", "False", "ErrorScalingTarget", `error activating ScaleTarget: deployments.apps "order-worker" is forbidden: User "system:serviceaccount:keda:keda-operator" cannot update resource "deployments/scale" in API group "apps" in the namespace "demo"`)
		}, want: "triggerFailing"},
	{name: "asleep and blind", scene: scene(0, 0, 0),
		change: func(c *store.Chain) {
			c.ScaledObject.Fallback = &kscope.Fallback{FailureThreshold: 3, Replicas: 4}
			cannotRead(c, "nothing listens at redis.demo.svc:6379 (connection refused)")
			warning(c, 140, "ScaledObject", "order-worker", "KEDAScalerFailed", "connection to redis failed: dial tcp 127.0.0.1:2: connect: connection refused")
		}, want: "blindAtZero",
		well: func(c *store.Chain) { // kscope reads it again since
			c.Readings[0].Back = at(-5)
			warning(c, 8, "ScaledObject", "order-worker", "KEDAScalerFailed", "connection refused")
		}},
	{name: "asleep and blind, though kscope reads it", scene: scene(0, 0, 0),
		change: func(c *store.Chain) {
			warning(c, 4, "ScaledObject", "order-worker", "KEDAScalerFailed", "connection to redis failed: WRONGPASS invalid username-password pair or user is disabled.")
		}, want: "blindAtZero",
		well: func(c *store.Chain) {
			warning(c, 60, "ScaledObject", "order-worker", "KEDAScalerFailed", "connection refused")
		}},
	{name: "KEDA that fell silent", scene: scene(12, 3, 3),
		change: func(c *store.Chain) { c.Polled = at(-65) }, want: "kedaSilent",
		well: func(c *store.Chain) { c.Polled, c.Readings[0].Back = at(-65), at(-9) }},
	{name: "an HPA that was edited", scene: scene(60, 5, 5),
		change: func(c *store.Chain) { edited(c, 1, 5, 60) }, want: "hpaEdited",
		well: func(c *store.Chain) { edited(c, 1, 5, 5) }},
	{name: "an HPA with another minimum", scene: scene(60, 5, 5),
		change: func(c *store.Chain) { edited(c, 4, 10, 60) }, want: "hpaEdited",
		well: func(c *store.Chain) { edited(c, 1, 10, 600) }},
	{name: "an HPA that may not write", scene: scene(12, 3, 3),
		change: func(c *store.Chain) {
			hpaCond(c, "AbleToScale", "False", "FailedUpdateScale", `the HPA controller was unable to update the target scale: deployments.apps "order-worker" is forbidden: User "system:serviceaccount:kube-system:horizontal-pod-autoscaler" cannot update resource "deployments/scale"`)
		}, want: "hpaStuck"},
	{name: "KEDA that could not scale, and now need not", scene: scene(60, 1, 1),
		change: func(c *store.Chain) {
			c.Refusals = refused(store.KEDA, "Ready", "ErrorScalingTarget", "keda:keda-operator")
		}, want: "couldNot",
		well: func(c *store.Chain) { // the HPA has looked since, and can
			c.Refusals = refused(store.KEDA, "Ready", "ErrorScalingTarget", "keda:keda-operator")
			c.Past.Syncs = []store.Sync{{At: at(-1), Computed: true, Current: 1, Desired: 1}}
		}},
	{name: "an HPA that could not scale, and now need not, when KEDA is about to", scene: scene(0, 3, 3),
		change: func(c *store.Chain) {
			soCond(c, "Active", "False", "ScalerCooldown", "")
			c.ScaledObject.LastActiveTime, c.Polled = at(-25), at(-25)
			c.Refusals = refused(store.TheHPA, "AbleToScale", "FailedUpdateScale", "kube-system:horizontal-pod-autoscaler")
		}, want: "couldNot",
		well: func(c *store.Chain) { // KEDA has nothing to set for long
			soCond(c, "Active", "False", "ScalerCooldown", "")
			c.ScaledObject.LastActiveTime, c.Polled = at(-5), at(-5)
			c.Refusals = refused(store.TheHPA, "AbleToScale", "FailedUpdateScale", "kube-system:horizontal-pod-autoscaler")
		}},
	{name: "no node", scene: scene(60, 5, 0),
		change: func(c *store.Chain) {
			c.Counts[kscope.PodFailing] = 5
			c.Ailing = aPod("order-worker-1", "Pending", "Unschedulable", "0/4 nodes are available: 1 Insufficient cpu, 3 node(s) had untolerated taint {gpu: true}. no new claims to deallocate, preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.")
		}, want: "podsCannotStart"},
	{name: "a Secret that a container needs", scene: scene(60, 1, 0),
		change: func(c *store.Chain) {
			c.Counts[kscope.PodFailing] = 1
			c.Ailing = aPod("order-worker-1", "Pending", "CreateContainerConfigError", `worker: secret "redis-password" not found`)
		}, want: "podsCannotStart"},
	{name: "a user that a container may not be", scene: scene(60, 1, 0),
		change: func(c *store.Chain) {
			c.Counts[kscope.PodFailing] = 1
			c.Ailing = aPod("order-worker-1", "Pending", "CreateContainerConfigError", `worker: container has runAsNonRoot and image will run as root`)
		}, want: "podsCannotStart"},
	{name: "a container that was killed for its memory", scene: scene(60, 1, 0),
		change: func(c *store.Chain) {
			c.Counts[kscope.PodFailing] = 1
			c.Ailing = aPod("order-worker-1", "Running", "CrashLoopBackOff", `worker: OOMKilled, exit code 137: back-off 10s restarting failed container`)
		}, want: "podsCannotStart"},
	{name: "an image", scene: scene(60, 1, 0),
		change: func(c *store.Chain) {
			c.Counts[kscope.PodFailing] = 1
			c.Ailing = aPod("order-worker-1", "Pending", "ImagePullBackOff", `worker: Back-off pulling image "nowhere/none:1"`)
		}, want: "podsCannotStart"},
	{name: "between two crashes", scene: scene(60, 2, 1),
		change: func(c *store.Chain) {
			c.Counts[kscope.PodStarting] = 1
			c.Restarting = aPod("order-worker-1", "Running", "ContainersNotReady", "")
			c.Restarting.Restarts = 3
		}, want: "podsCrash",
		well: func(c *store.Chain) {
			c.Restarting = aPod("order-worker-1", "Running", "", "")
			c.Restarting.Restarts, c.Restarting.Ready, c.Restarting.ReadySince = 3, true, at(-3600)
		}},
	{name: "between two crashes, ready for a moment", scene: scene(60, 1, 1),
		change: func(c *store.Chain) {
			c.Restarting = aPod("order-worker-1", "Running", "", "")
			c.Restarting.Restarts, c.Restarting.Ready, c.Restarting.ReadySince = 1, true, at(-4)
		}, want: "podsCrash"},
	{name: "a rollout that is stuck", scene: scene(60, 2, 2),
		change: func(c *store.Chain) {
			c.Workload.Conditions = kscope.Conditions{{Type: "Progressing", Status: "False", Reason: "ProgressDeadlineExceeded", Message: `ReplicaSet "order-worker-2" has timed out progressing.`}}
		}, want: "rolloutStuck",
		well: func(c *store.Chain) {
			c.Workload.Conditions = kscope.Conditions{{Type: "Progressing", Status: "True", Reason: "ReplicaSetUpdated"}}
		}},
	{name: "pods that never get ready", scene: scene(60, 10, 0),
		change: func(c *store.Chain) {
			c.Counts[kscope.PodStarting] = 10
			c.Slow = aPod("order-worker-1", "Running", "ContainersNotReady", "containers with unready status: [worker]")
		}, want: "neverReady",
		well: func(c *store.Chain) {
			c.Counts[kscope.PodStarting] = 10
			c.Slow = aPod("order-worker-1", "Running", "ContainersNotReady", "")
			c.Slow.Created, c.Slow.Started = at(-250), at(-170)
		}},
	{name: "a pod far slower than the others", scene: scene(60, 10, 9),
		change: func(c *store.Chain) {
			c.Counts[kscope.PodStarting] = 1
			c.Slow, c.Starting.Usual = aPod("order-worker-1", "Pending", "ContainerCreating", ""), 12*time.Second
		}, want: "neverReady",
		well: func(c *store.Chain) {
			c.Counts[kscope.PodStarting] = 1
			c.Slow, c.Starting.Usual = aPod("order-worker-1", "Pending", "ContainerCreating", ""), 4*time.Minute
		}},
	{name: "overdue", scene: scene(7, 0, 0),
		change: func(c *store.Chain) { c.Readings[0].Waiting = at(-40) }, want: "overdue",
		well: func(c *store.Chain) { c.Readings[0].Waiting, c.Resumed = at(-400), at(-5) }},
	{name: "KEDA that sees what kscope does not", scene: scene(0, 2, 2),
		change: func(c *store.Chain) { c.EmptySince, c.ActiveSince = at(-300), at(-400) }, want: "kedaSeesMore",
		well: func(c *store.Chain) { c.EmptySince, c.ActiveSince = at(-300), at(-4) }},
	{name: "jobs that arrive under another name", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { c.Readings[0].Elsewhere = kscope.Elsewhere{Name: "order", N: 42} }, want: "wrongKey",
		well: func(c *store.Chain) { // it is not empty, so that it is no matter
			*c = *copied(scene(12, 3, 3))
			c.Readings[0].Elsewhere = kscope.Elsewhere{Name: "order", N: 42}
		}},
	{name: "jobs that arrive in another database", scene: scene(0, 1, 1),
		change: func(c *store.Chain) {
			c.ScaledObject.MinReplicaCount = 1
			c.Readings[0].Elsewhere = kscope.Elsewhere{Name: "orders", DB: 3, N: 1200}
		}, want: "wrongKey"},
	{name: "a stream of which nothing wakes it", scene: scene(0, 0, 0),
		change: func(c *store.Chain) { streams(c, "workers", "") }, want: "neverWakes",
		well: func(c *store.Chain) { streams(c, "workers", "5") }},
	{name: "a lag that Redis does not know", scene: scene(0, 0, 0),
		change: func(c *store.Chain) {
			streams(c, "workers", "5")
			cannotRead(c, "Redis cannot tell the lag of group workers")
		}, want: "lagUnknown"},
	{name: "a stream that never gets short", scene: scene(500, 10, 10),
		change: func(c *store.Chain) {
			streams(c, "", "")
			c.Readings[0].Untaken, c.Readings[0].Still = at(-300), at(-400)
		}, want: "idleWorkers"},
	{name: "workers that take nothing", scene: scene(50, 10, 10),
		change: func(c *store.Chain) { c.Readings[0].Untaken, c.Readings[0].Still = at(-60), at(-90) }, want: "idleWorkers",
		well: func(c *store.Chain) { c.Readings[0].Untaken, c.Readings[0].Still = at(-60), at(-20) }},
	{name: "workers of two queues that take nothing", scene: scene(50, 10, 10),
		change: func(c *store.Chain) { twoQueues(c, at(-90)) }, want: "idleWorkers",
		well: func(c *store.Chain) { twoQueues(c, at(-20)) }},
	{name: "an idle number that does not last", scene: scene(0, 3, 3),
		change: func(c *store.Chain) {
			c.ScaledObject.MinReplicaCount, c.ScaledObject.IdleReplicaCount, c.HPA.MinReplicas = 3, i32(1), 3
			soCond(c, "Active", "False", "ScalerNotActive", "")
		}, want: "idleTug",
		well: func(c *store.Chain) {
			c.ScaledObject.MinReplicaCount, c.ScaledObject.IdleReplicaCount, c.HPA.MinReplicas = 3, i32(0), 3
			soCond(c, "Active", "False", "ScalerNotActive", "")
		}},
	{name: "a pod that does not go", scene: scene(0, 0, 0),
		change: func(c *store.Chain) {
			c.Counts[kscope.PodTerminating] = 1
			c.Leaving = aPod("order-worker-1", "Running", "", "")
			c.Leaving.Deleted = at(-300)
		}, want: "lingering",
		well: func(c *store.Chain) {
			c.Counts[kscope.PodTerminating] = 1
			c.Leaving = aPod("order-worker-1", "Running", "", "")
			c.Leaving.Deleted = at(20)
		}},
}

// rulesOf writes findings as in diagnosed.
func rulesOf(all []explain.Finding) string {
	var out []string
	for _, x := range all {
		if x.Of != "" {
			x.Rule += "<" + x.Of
		}
		out = append(out, x.Rule)
	}
	return strings.Join(out, " ")
}

// allotted is what the API server says of a metrics server that took too long.
const allotted = "the server was unable to return a response in the time allotted, but may still be processing the request "

// twoQueues gives a chain a second queue, which stands still since a time, as the
// first does for long.
func twoQueues(c *store.Chain, since time.Time) {
	c.Readings[0].Untaken, c.Readings[0].Still = at(-60), at(-90)
	other := c.Readings[0]
	other.Trigger.Backlog = &kscope.Backlog{Broker: "redis", Server: "redis:6379", Name: "returns"}
	other.Value, other.Untaken, other.Still = 0, time.Time{}, since
	c.Readings = append(c.Readings, other)
}

// TestSaidOnce: what KEDA says in a condition and in an event is one finding, which
// nobody reads twice, with the move that leads to the server.
func TestSaidOnce(t *testing.T) {
	c := copied(scene(0, 0, 0))
	b := triggers.Redis{Address: "redis.demo.svc.cluster.local:6379", Key: "orders"}.Backlog()
	c.Readings[0].Trigger.Backlog = &b
	cannotRead(c, "nothing listens at redis.demo.svc.cluster.local:6379 (connection refused)")
	soCond(c, "Ready", "False", "TriggerError", "Triggers defined in ScaledObject are not working correctly")
	warning(c, 3, "ScaledObject", "order-worker", "KEDAScalerFailed", "dial tcp 10.96.150.81:6379: connect: connection refused")
	d := explain.Decide(*c, noon)
	if got := rulesOf(d.Findings); got != "triggerFailing" {
		t.Errorf("got %q, want the same said once", got)
	}
	if got := d.Findings[0].Move.Command; !strings.Contains(got, "endpointslices") {
		t.Errorf("got %q, want a look at the server that does not answer", got)
	}
	// What follows from the second follows from the first.
	c.ScaledObject.Fallback = &kscope.Fallback{FailureThreshold: 3, Replicas: 4}
	for _, x := range explain.Decide(*c, noon).Findings[1:] {
		if x.Of != "triggerFailing" {
			t.Errorf("%s is of %q", x.Rule, x.Of)
		}
	}
}

func TestFindings(t *testing.T) {
	for _, tt := range wrong {
		t.Run(tt.name, func(t *testing.T) {
			well := copied(tt.scene)
			if d := explain.Decide(*copied(tt.scene), noon); len(d.Findings) > 0 {
				t.Errorf("before anything is wrong: %s", rulesOf(d.Findings))
			}
			c := copied(tt.scene)
			tt.change(c)
			d := explain.Decide(*c, noon)
			if got := rulesOf(d.Findings); got != tt.want {
				t.Fatalf("got %q, want %q\n%s", got, tt.want, d.Why)
			}
			if d.Phase != explain.Broken || d.Rule != d.Findings[0].Rule || d.Why != d.Findings[0].Says {
				t.Errorf("%s, %s: %s", d.Phase, d.Rule, d.Why)
			}
			if tt.well == nil {
				return
			}
			tt.well(well)
			if d := explain.Decide(*well, noon); len(d.Findings) > 0 {
				t.Errorf("its healthy neighbour: %s: %s", rulesOf(d.Findings), d.Why)
			}
		})
	}
}

// TestCouldNotUntilItDid: that somebody set the replicas says more than that nobody tried.
func TestCouldNotUntilItDid(t *testing.T) {
	c := copied(scene(60, 1, 1))
	c.Refusals = refused(store.KEDA, "Ready", "ErrorScalingTarget", "keda:keda-operator")
	c.Past.Desired.Add(at(-60), 0)
	c.Past.Desired.Add(at(-4.5), 1) // a moment before KEDA says so
	if d := explain.Decide(*c, noon); len(d.Findings) > 0 {
		t.Errorf("%s: %s", rulesOf(d.Findings), d.Why)
	}
}

// copied is a chain of its own, as far as the cases change it.
func copied(c *store.Chain) *store.Chain {
	out, h, w := *c, *c.HPA, *c.Workload
	out.HPA, out.Workload = &h, &w
	out.Readings = append([]store.Reading(nil), c.Readings...)
	return &out
}

// Every finding says in a sentence what is wrong, has what it rests on, and what to
// do with what comes of it; and the cause fits into the two rows that a screen of 80
// columns has for it, whatever is said beside.
func TestFindingsAreWhole(t *testing.T) {
	for _, tt := range wrong {
		c := copied(tt.scene)
		tt.change(c)
		for _, x := range explain.Decide(*c, noon).Findings {
			isWhole(t, tt.name, x)
		}
	}
}

// isWhole reports what a finding or a note lacks, and what would not fit.
func isWhole(t *testing.T, name string, x explain.Finding) {
	t.Helper()
	const columns, rows = 68, 2
	at := name + ": " + x.Rule
	for _, s := range []string{x.Says, x.Next, x.Move.Effect} {
		if fault := faultOf(s); fault != "" || s == "" {
			t.Errorf("%s: %s: %q", at, fault, s)
		}
	}
	if n := rowsOf(x.Says, columns); n > rows {
		t.Errorf("%s: %d rows: %q", at, n, x.Says)
	}
	if n := rowsOf(x.Move.Effect, columns); n > 2 {
		t.Errorf("%s: %d rows: %q", at, n, x.Move.Effect)
	}
	if !strings.HasPrefix(x.Move.Command, "kubectl ") && !strings.HasPrefix(x.Move.Command, "redis-cli ") {
		t.Errorf("%s: no command: %q", at, x.Move.Command)
	}
	if len(x.Evidence) == 0 {
		t.Errorf("%s: nothing that it rests on", at)
	}
	for _, e := range x.Evidence {
		if e.Object == "" || e.Field == "" {
			t.Errorf("%s: %+v", at, e)
		}
	}
}

// rowsOf is how many rows of so many columns a text takes, broken at blanks.
func rowsOf(s string, columns int) int {
	rows, room := 1, columns
	for _, w := range strings.Fields(s) {
		if n := len([]rune(w)); room < columns && n+1 > room {
			rows, room = rows+1, columns-n
		} else {
			room -= n + 1
		}
	}
	return rows
}

// The words are for a person to read: make golden rewrites them.
func TestFindingsRead(t *testing.T) {
	var b strings.Builder
	for i, tt := range wrong {
		c := copied(tt.scene)
		tt.change(c)
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(tt.name + "\n")
		for _, x := range explain.Decide(*c, noon).Findings {
			if x.Of != "" {
				fmt.Fprintf(&b, "\n  %s, because of %s\n    %s\n", x.Rule, x.Of, x.Says)
				continue
			}
			write(&b, x)
		}
	}
	golden.Compare(t, "findings.txt", b.String())
}

// write is a finding with a cause of its own, or a note, with all there is to it.
func write(b *strings.Builder, x explain.Finding) {
	fmt.Fprintf(b, "\n  %s\n    %s\n    %s\n", x.Rule, x.Says, x.Next)
	for _, e := range x.Evidence {
		fmt.Fprintf(b, "    - %s, %s: %s\n", e.Object, e.Field, e.Value)
	}
	fmt.Fprintf(b, "    $ %s\n    %s\n", x.Move.Command, x.Move.Effect)
}

// Names of things go into a command as one word each, whatever is in them.
func TestCommandsAreSafe(t *testing.T) {
	c := scene(0, 0, 0)
	c.Readings[0].Trigger.Backlog = new(triggers.Redis{Key: "a b; rm -rf ~ '$(x)'"}.Backlog())
	cannotRead(c, "the key holds a string")
	d := explain.Decide(*c, noon)
	if len(d.Findings) != 1 || d.Findings[0].Move.Command != `redis-cli TYPE 'a b; rm -rf ~ '\''$(x)'\'''` {
		t.Errorf("%+v", d.Findings)
	}
}
