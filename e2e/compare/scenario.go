package compare

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The times that all scenarios have in common, and what one pod is for.
const (
	PollingInterval = 5 * time.Second
	CooldownPeriod  = 30 * time.Second
	HPASyncPeriod   = 15 * time.Second // the controller's default
	ListLength      = 5                // jobs per replica
)

// Tolerance is by how much two times of the same step may differ. A step waits
// for a poll, or for a sync, or for both one after the other, and each comes
// anywhere within its period after the cause; whatever follows does so after a
// whole number of periods. What is counted in syncs gets no more of it: the
// controller remembers by the syncs themselves. The last part is for a busy
// machine.
const Tolerance = PollingInterval + HPASyncPeriod + busy

const busy = 2 * time.Second

// Level is a change of the load: from At on, counted from the beginning of the
// schedule, the list has this many jobs.
type Level struct {
	At   time.Duration
	Jobs int
	// Turns says that jobs come at another rate from then on.
	Turns bool
}

// Scenario is a ScaledObject with its Deployment, and the load it is put to.
type Scenario struct {
	Name     string
	Min, Max int
	Idle     string // idleReplicaCount; none when empty
	Trigger  string // metadata of the trigger besides address, list and length, as in a YAML flow mapping
	Behavior string // of the HPA, as YAML in flow style; none when empty
	Load     []Level

	// What only the score has; see [Scored].
	Second []Level // of a second trigger on a list of its own; nobody has one when empty
	Worked bool    // pods take jobs, for JobTime each, and levels are jobs that come, not lengths
	HPAOf  string  // instead of a ScaledObject an HPA without KEDA, by the metric of that scenario's
	Jobs   bool    // instead of a ScaledObject a ScaledJob

	// Replicas are the numbers that the Deployment's spec goes through, by the
	// rules that KEDA and the HPA controller are documented to follow. Without
	// them two clusters in which nothing happens would be equal.
	Replicas []int32
}

const container = `containers: [{name: worker, image: "worker:1"}]`

// deployment is one of a name in a namespace, up to its replicas and from there on.
const (
	deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s, namespace: %[2]s}
spec:
  replicas: `
	ofReplicas = `
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec:
      terminationGracePeriodSeconds: 1
      ` + container + `
---
`
)

const manifest = deployment + "0" + ofReplicas + `apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: %[1]s, namespace: %[2]s}
spec:
  scaleTargetRef: {name: %[1]s}
  pollingInterval: %[3]d
  cooldownPeriod: %[4]d
  minReplicaCount: %[5]d
  maxReplicaCount: %[6]d
%[7]s  triggers:
  - type: redis
    metadata: {address: %[8]q, listName: %[9]q, listLength: "%[10]d"%[11]s}
`

// Manifest is what both clusters are given, to the byte.
func (s Scenario) Manifest(namespace, redis string) string {
	switch {
	case s.HPAOf != "":
		return s.plainHPA(namespace)
	case s.Jobs:
		return s.scaledJob(namespace, redis)
	}
	more, trigger := "", ""
	if s.Idle != "" {
		more += "  idleReplicaCount: " + s.Idle + "\n"
	}
	if s.Behavior != "" {
		more += "  advanced: {horizontalPodAutoscalerConfig: {behavior: " + s.Behavior + "}}\n"
	}
	if s.Trigger != "" {
		trigger = ", " + s.Trigger
	}
	text := fmt.Sprintf(manifest, s.Name, namespace,
		int(PollingInterval.Seconds()), int(CooldownPeriod.Seconds()), s.Min, s.Max, more,
		redis, s.List(namespace), ListLength, trigger)
	if len(s.Second) > 0 {
		text += fmt.Sprintf(secondTrigger, redis, s.SecondList(namespace), ListLength)
	}
	if s.Worked {
		text = strings.Replace(text, container, s.worker(namespace), 1)
	}
	return text
}

// Manifests are those of all scenarios.
func Manifests(scenarios []Scenario, namespace, redis string) string {
	var b strings.Builder
	for _, s := range scenarios {
		b.WriteString(s.Manifest(namespace, redis) + "---\n")
	}
	return b.String()
}

// List is the name of the list that a scenario's trigger watches.
func (s Scenario) List(namespace string) string { return namespace + "-" + s.Name }

// End is when the last scenario is over: when every consequence of its last
// level must have come.
func End(scenarios []Scenario) time.Duration {
	var last time.Duration
	for _, s := range scenarios {
		for _, l := range slices.Concat(s.Load, s.Second) {
			last = max(last, l.At)
		}
	}
	return last + CooldownPeriod + PollingInterval
}
