package compare

import (
	"context"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// JobTime is how long a pod works on a job, where it works.
const JobTime = 2 * time.Second

// Scored are scenarios that are played on the cluster beside [Scenarios], for what
// kscope says of them alone: what becomes of them in the sandbox depends on races, or
// it does not play them. Nobody says what replicas they go through but the first.
func Scored() []Scenario {
	// The second list asks for more from its beginning to its end.
	several := Scenario{
		Name: "several", Max: 12, Load: []Level{at(5, 20), at(150, 45), at(240, 0)}, Second: []Level{at(60, 35), at(110, 0), at(200, 10), at(280, 0)},
		Behavior: `{scaleDown: {stabilizationWindowSeconds: 30}}`, Replicas: []int32{0},
	}
	// Two batches, and pods that work them off.
	burst := Scenario{Name: "worked-burst", Max: 10, Worked: true, Load: []Level{at(10, 80), at(190, 30)}, Replicas: []int32{0}}
	// A rate for two minutes, twice of it for one, and none.
	ramp := Scenario{Name: "worked-ramp", Max: 10, Worked: true, Replicas: []int32{0}, Behavior: `{scaleDown: {stabilizationWindowSeconds: 30}}`}
	for s := 20; s < 200; s++ {
		ramp.Load = append(ramp.Load, at(s, map[bool]int{true: 2, false: 4}[s < 140]))
		ramp.Load[len(ramp.Load)-1].Turns = s == 20 || s == 140 || s == 199
	}
	// HPAs without KEDA, which see the same as KEDA's do: one that remembers for five
	// minutes, and one that goes down by its policies.
	plain := Scenario{Name: "plain", Min: 1, Max: 15, HPAOf: "reactivation", Replicas: []int32{1}}
	policy := Scenario{
		Name: "plain-behavior", Min: 2, Max: 15, HPAOf: "steady", Replicas: []int32{2},
		Behavior: `{scaleUp: {policies: [{type: Pods, value: 3, periodSeconds: 20}]}, scaleDown: {stabilizationWindowSeconds: 30}}`,
	}
	jobs := Scenario{Name: "jobs", Max: 12, Jobs: true, Load: []Level{at(10, 3), at(60, 8), at(130, 30), at(200, 0), at(260, 2), at(300, 0)}, Replicas: []int32{0}}
	return []Scenario{several, burst, ramp, plain, policy, jobs}
}

// SecondList is the name of the list that a scenario's second trigger watches.
func (s Scenario) SecondList(namespace string) string { return s.List(namespace) + "-second" }

const secondTrigger = `  - type: redis
    metadata: {address: %[1]q, listName: %[2]q, listLength: "%[3]d"}
`

// worker is a container whose work is played.
func (s Scenario) worker(namespace string) string {
	return fmt.Sprintf(`containers: [{name: worker, image: "worker:1", env: [{name: QUEUE, value: %q}, {name: JOB_SECONDS, value: "%g"}]}]`, s.List(namespace), JobTime.Seconds())
}

const plainManifest = deployment + "%[3]d" + ofReplicas + `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: %[1]s, namespace: %[2]s}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: %[1]s}
  minReplicas: %[3]d
  maxReplicas: %[4]d
%[5]s  metrics:
  - type: External
    external:
      metric: {name: %[6]q, selector: {matchLabels: {scaledobject.keda.sh/name: %[7]s}}}
      target: {type: AverageValue, averageValue: "%[8]d"}
`

// plainHPA is an HPA that KEDA has not made. It reads what KEDA serves of the other
// scenario's list.
func (s Scenario) plainHPA(namespace string) string {
	behavior := ""
	if s.Behavior != "" {
		behavior = "  behavior: " + s.Behavior + "\n"
	}
	metric := "s0-redis-" + Scenario{Name: s.HPAOf}.List(namespace)
	return fmt.Sprintf(plainManifest, s.Name, namespace, s.Min, s.Max, behavior, metric, s.HPAOf, ListLength)
}

// A Job's pod runs for half a minute and takes nothing from the list.
const jobsManifest = `
apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {name: %[1]s, namespace: %[2]s}
spec:
  pollingInterval: %[3]d
  maxReplicaCount: %[4]d
  jobTargetRef:
    template:
      metadata: {annotations: {pod-complete.stage.kwok.x-k8s.io/delay: 30s}}
      spec:
        restartPolicy: Never
        terminationGracePeriodSeconds: 1
        ` + container + `
  triggers:
  - type: redis
    metadata: {address: %[5]q, listName: %[6]q, listLength: "1"}
`

func (s Scenario) scaledJob(namespace, redis string) string {
	return fmt.Sprintf(jobsManifest, s.Name, namespace, int(PollingInterval.Seconds()), s.Max, redis, s.List(namespace))
}

// jobs watches the Jobs that KEDA makes, where a scenario has any.
func (p Place) jobs(ctx context.Context, scenarios []Scenario, traces map[string]Trace) (made <-chan watch.Event, stop func(), err error) {
	for _, s := range scenarios {
		if !s.Jobs {
			continue
		}
		traces[s.Name] = Trace{{}}
		if made != nil {
			continue
		}
		hour := int64(3600)
		w, err := p.Client.BatchV1().Jobs(p.Namespace).Watch(ctx, metav1.ListOptions{TimeoutSeconds: &hour})
		if err != nil {
			return nil, nil, fmt.Errorf("watch jobs: %w", err)
		}
		made, stop = w.ResultChan(), w.Stop
	}
	if stop == nil {
		stop = func() {}
	}
	return made, stop, nil
}

// together is how soon after each other the Jobs of one look of KEDA's come.
const together = PollingInterval / 2

// noteJob takes down a Job that is new: as a number of all that were made, whoever
// has ended since.
func noteJob(traces map[string]Trace, e watch.Event, at time.Duration) {
	j, ok := e.Object.(*batchv1.Job)
	if !ok || e.Type != watch.Added {
		return
	}
	name := j.Labels["scaledjob.keda.sh/name"]
	t := traces[name]
	if len(t) == 0 {
		return
	}
	last := &t[len(t)-1]
	if len(t) > 1 && at-last.At < together {
		last.Replicas++
		return
	}
	traces[name] = append(t, Step{at, last.Replicas + 1, keda, keda})
}
