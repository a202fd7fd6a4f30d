package explain_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
)

// Every state that scaling with KEDA can be in, by number: what is said of it, in
// which case of the tables here, and where it must not be said.
var everyState = []struct {
	number int
	name   string
	says   string // a pattern of what is said, wherever that stands
	told   func(t *testing.T) explain.Picture
	absent func(t *testing.T) explain.Picture
}{
	// Normal states that look odd.
	{1, "asleep", `is empty, so KEDA keeps order-worker at zero\. The HPA rests, as it should\..*KEDA looks every 5s\. The first job starts 1 pod\.`, in("asleep"), in("asleep, nothing known")},
	{2, "waking", `KEDA started 1 pod; it is not ready yet\. The HPA takes over at its next sync, within about 15s\.`, in("started by KEDA, enough"), in("started by somebody")},
	{3, "cooling down", `pods remain while KEDA waits out its cooldown of 30s\. KEDA goes straight to 0 in about 18s`, in("cooling down"), in("work again during the cooldown")},
	{4, "held by stabilization", `the HPA goes by the most of the last 5m\. The HPA goes down`, when(12, 9, 9, stabilized(45, defaults)), when(12, 3, 3, stabilized(45, defaults))},
	{5, "ramping", `call for 12 pods; .* and 1 is set so far\. The HPA goes to 4 at its next sync, within about 15s, then towards 10\.`, in("first pod ready, HPA next"), in("one step is enough")},
	{6, "within tolerance", `within 10% of the target of 5, so the HPA leaves it\.`, in("tolerated"), in("exact")},
	{7, "at the floor", `is empty; minReplicaCount keeps 2 pods\.`, in("at minimum, empty"), in("exact")},
	{8, "memory jump", `but 55s ago 9 pods were called for, and the HPA still goes by that\. The HPA goes to 6 at its next sync`, when(12, 3, 3, stabilized(45, nil)), when(12, 3, 3, stabilized(45, defaults))},
	// Capped or starved.
	{9, "at max", `call for 34 pods, but maxReplicaCount is 10\.`, in("at max"), in("exact")},
	{10, "below activation", `3 jobs wait in orders, but KEDA starts nothing until there are more than 20\.`, in("asleep, below activation"), in("waking, one job")},
	{11, "target too coarse", `one is meant for up to 50\..*A smaller target for the trigger means more pods`, noted("one pod for a large target"), well("one pod for a large target")},
	{12, "slow down policy", `The HPA goes down to 7 at its next sync, .*then towards 3: its scale-down policies let no more go at once\.`, when(12, 9, 9, stabilized(45, slowly)), when(12, 9, 9, stabilized(45, atOnce))},
	{13, "limited by partitions", `KEDA asks for no more than one pod a partition`, noted("a lag that stands at the number of partitions"), noted("the same where idle consumers are allowed, or only just")},
	// Paused.
	{14, "paused", `Autoscaling is paused by the annotation autoscaling\.keda\.sh/paused; 3 replicas stay\.`, in("paused"), in("exact")},
	{15, "one-way pause", `scaling in is paused by annotation`, in("fewer would do, scaling in paused"), in("fewer would do")},
	{16, "forced on", `The annotation force-activation keeps KEDA from going to zero\.`, in("forced on"), in("cooling down, one pod")},
	// KEDA cannot work.
	{17, "rejected spec", `KEDA refuses a trigger: missing required parameter "listName"\..*after up to about 17m, or at once when the ScaledObject is edited`, in("a parameter that is missing"), well("a pause at no number")},
	{18, "target missing", `Deployment order-worker does not exist in namespace demo`, in("a target that is missing"), well("a target that is missing")},
	{19, "trigger failing", `KEDA cannot read the source: dial tcp 127\.0\.0\.1:2: connect: connection refused\. Until it can, 4 replicas stay\.`, in("a trigger that fails, by its event"), in("exact")},
	{20, "some triggers failing", `KEDA cannot read some of the triggers: .* The others may still add pods, but none are removed\.`, in("some triggers failing"), in("trigger failing")},
	{21, "source down", `The HPA cannot get the metric from KEDA: .*connection refused\..*neither adds nor removes pods`, in("a source that is lost"), in("exact")},
	{22, "fallback running", `KEDA falls back to 4 replicas\.`, in("fallback"), in("exact")},
	{23, "fallback armed", `The source has failed 1 time in a row; the fallback to 4 replicas begins after 4\.`, in("a fallback that is armed"), in("fallback")},
	{24, "work killed by the cooldown", `pods were told to stop .* and have not ended.* KEDA waits for nobody: what a pod has taken stands in no queue\.`, noted("pods that KEDA stopped at their work"), noted("pods that go for another reason")},
	{25, "KEDA not running", `KEDA's operator answers nobody`, in("an operator that is gone"), in("exact")},
	{26, "metrics API down", `Nobody answers for the external metrics API, so the HPA cannot ask KEDA\.`, in("a metrics API that is down, work done"), in("a metric that KEDA itself does not have")},
	{27, "another provider", `Somebody else than KEDA answers for the external metrics API`, in("a metrics API that is another provider's"), in("a metrics API that is down, work done")},
	{28, "metrics query refused", `The HPA controller may not read external metrics: its role lacks list on them\.`, in("a metrics API that may not be read"), in("a metrics API that is down, work done")},
	{29, "authentication missing", `TriggerAuthentication redis-auth does not exist, so KEDA cannot log in\.`, in("an authentication that is missing"), in("exact")},
	{30, "environment", `A reference dangles: secrets "redis-env" not found\.`, in("an environment that dangles"), in("refused")},
	// Fights and conflicts.
	{31, "idle tug-of-war", `An idleReplicaCount of 1 does not last: KEDA goes there, the HPA back to minReplicaCount 3\.`, in("an idle number that does not last"), in("asleep, min 0 idle 0")},
	{32, "two HPAs", `HPA old-hpa scales order-worker too`, in("an HPA of somebody else"), well("an HPA of somebody else")},
	{33, "two ScaledObjects", `ScaledObject other scales order-worker too: each undoes what the other does\.`, in("two ScaledObjects"), well("two ScaledObjects")},
	{34, "somebody else writes", `Somebody keeps writing the replicas: argocd-controller`, in("somebody who keeps writing the replicas"), well("somebody who keeps writing the replicas")},
	{35, "HPA edited", `The HPA has maxReplicas 5 where the ScaledObject says 10`, in("an HPA that was edited"), in("exact")},
	// The HPA cannot act.
	{36, "cannot write the scale", `The HPA cannot scale: .* may not update deployments/scale`, in("an HPA that may not write"), in("exact")},
	{37, "resource metric missing", `The metrics-server does not answer`, in("metrics of resources that nobody has"), in("a container that requests nothing")},
	{38, "Value without pods", `a metricType of Value needs some`, in("a quota that is used up, and what follows"), in("a StatefulSet against a quota")},
	{39, "garbage average", `the HPA had counted none yet when it last looked`, when(12, 1, 1, byNone(true)), when(12, 1, 1, byNone(false))},
	// The workload cannot follow.
	{40, "pods cannot be created", `Pods cannot be created: exceeded quota`, in("a StatefulSet against a quota"), in("pods starting")},
	{41, "no room", `no node takes them: 1 with too little cpu free`, in("no node"), in("pods starting")},
	{42, "image", `the image cannot be pulled \(ImagePullBackOff\)`, in("an image"), in("pods starting")},
	{43, "configuration", `secret "redis-password" not found \(CreateContainerConfigError\)`, in("a Secret that a container needs"), in("pods starting")},
	{44, "crashing", `The container keeps ending: order-worker-1 was started again 3 times`, in("between two crashes"), well("between two crashes")},
	{45, "never ready", `10 pods are not ready, for up to 9m59s now.*The HPA counts them as if they worked\.`, in("pods that never get ready"), in("pods starting")},
	{46, "slow start", `2 pods are not ready yet; that usually takes 12s\.`, when(22, 5, 3, func(c *store.Chain) { c.Starting.Usual, c.Starting.Since = 12*time.Second, at(-3) }), in("pods starting")},
	{47, "rollout in progress", `A rollout replaces the pods, and 2 pods are not ready`, when(22, 5, 3, rolling("ReplicaSetUpdated")), when(22, 5, 3, rolling("NewReplicaSetAvailable"))},
	{48, "rollout stuck", `The rollout of order-worker is stuck`, in("a rollout that is stuck"), in("exact")},
	{49, "long goodbye", `should have ended 5m00s ago and is still there`, in("a pod that does not go"), noted("pods that go for another reason")},
	{50, "busy pods removed", `The HPA takes pods away whether they are at work or not`, noted("pods that the HPA stopped at their work"), noted("pods that go for another reason")},
	// The queue does not behave.
	{51, "queue does not fall", `10 pods are ready and have taken nothing`, in("workers that take nothing"), well("workers that take nothing")},
	{52, "wrong key or database", `Jobs arrive in orders of database 3, where no trigger looks`, in("jobs that arrive in another database"), in("asleep")},
	{53, "key of the wrong type", `The key orders holds a string, which a trigger of type redis cannot count\.`, in("a key of the wrong type"), in("asleep")},
	{54, "stream that never wakes", `KEDA counts only entries that a pod has taken, and no pod runs`, in("a stream of which nothing wakes it"), in("asleep")},
	{55, "stream that never sleeps", `KEDA counts all entries, and those that are done stay in the stream\. It never goes to zero\.`, in("a stream that never gets short"), in("workers that take nothing")},
	{56, "lag unknown", `Redis does not know the lag of the stream orders, and KEDA takes that for 0\.`, in("a lag that Redis does not know"), in("asleep")},
	{57, "flapping", `It went to zero and woke again 4 times`, noted("bursts with pauses that are longer than the cooldown"), noted("pauses that a schedule makes")},
	{58, "to zero at once", `as soon as the ScaledObject was made: no trigger was active`, noted("a ScaledObject for pods that ran"), noted("pods that were taken away by hand")},
	{59, "polling without effect", `A pollingInterval of 5s sets no pace here`, noted("a polling interval for the HPA"), well("a polling interval for the HPA")},
	{60, "at zero after deletion", `Deployment order-worker stays at zero, where KEDA left it: ScaledObject order-worker, which scaled it, is gone\.`, left(true), left(false)},
	{61, "Jobs not made", `3 Jobs run of at most 3, so no more are made: maxReplicaCount is the limit\.`, jobs(3), jobs(20)},
	{62, "cpu and memory alone", `It never goes to zero: cpu and memory are all it is scaled by`, noted("cpu and nothing else"), well("cpu and nothing else")},
}

// sayings is all that is said of an object.
func sayings(p explain.Picture) string {
	out := []string{p.Why, p.Next}
	for _, x := range slices.Concat(p.Findings, p.Notes()) {
		out = append(out, x.Says, x.Next, x.Move.Effect)
	}
	return strings.Join(out, " ")
}

// TestEveryState: each of the 62 states is told for what it is, and none where it is not.
func TestEveryState(t *testing.T) {
	for i, tt := range everyState {
		if tt.number != i+1 {
			t.Errorf("%d stands where %d should", tt.number, i+1)
		}
		t.Run(strings.ReplaceAll(tt.name, " ", "-"), func(t *testing.T) {
			says := regexp.MustCompile(tt.says)
			if got := sayings(tt.told(t)); !says.MatchString(got) {
				t.Errorf("%d is not told: %s", tt.number, got)
			}
			if got := sayings(tt.absent(t)); got != "" && says.MatchString(got) {
				t.Errorf("%d is told where it is not so: %s", tt.number, got)
			}
		})
	}
	if len(everyState) != 62 {
		t.Errorf("%d states, of 62", len(everyState))
	}
}
