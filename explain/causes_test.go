package explain_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// What KEDA and the HPA put before a cause, in all the forms that they have for it.
var wrappings = []string{
	"failed to ensure HPA is correctly created for ScaledObject: ",
	"failed to ensure HPA is correctly created for ScaledObject: error parsing redis metadata: error parsing redis metadata: ",
	"failed to ensure HPA is correctly created for ScaledObject: error parsing kafka metadata: ",
	"failed to ensure HPA is correctly created for ScaledObject: error getting scaler for trigger #0: error parsing prometheus metadata: ",
	"failed to ensure HPA is correctly created for ScaledObject: error establishing redis connection: ",
	"failed to ensure HPA is correctly created for ScaledObject: error resolving secrets for ScaleTarget: ",
	"ScaledObject doesn't have correct scaleTargetRef specification: ",
	"ScaledObject doesn't have correct triggers specification: ",
	"ScaledObject check failed: ",
	"failed to scale target to paused replica count: failed to parse paused replica count: ",
	"connection to redis failed: ",
	"(combined from similar events): connection to redis failed: ",
	"error activating ScaleTarget: ",
	"error deactivating ScaleTarget: ",
	"the HPA was unable to compute the replica count: ",
	"the HPA controller was unable to update the target scale: ",
	"the HPA controller was unable to get the target's current scale: ",
	"the HPA was unable to compute the replica count: unable to get external metric shop/s0-redis-a/&LabelSelector{MatchLabels:map[string]string{scaledobject.keda.sh/name: a,},MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: ",
	"unable to get external metric shop/s1-prometheus/&LabelSelector{MatchLabels:map[string]string{scaledobject.keda.sh/name: a,},MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: rpc error: code = Unknown desc = error when getting metric values ",
	"unable to get external metric shop/s0-redis-a/&LabelSelector{MatchLabels:map[string]string{scaledobject.keda.sh/name: a,},MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: rpc error: code = Unknown desc = error when getting metric values error getting scalers connection to redis failed: ",
	"invalid metrics (1 invalid out of 1), first error is: failed to get s0-redis-a external metric value: failed to get s0-redis-a external metric: unable to get external metric shop/s0-redis-a/&LabelSelector{MatchLabels:map[string]string{scaledobject.keda.sh/name: a,},MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: ",
	"the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: ",
	"the HPA was unable to compute the replica count: failed to get memory utilization: unable to get metrics for resource memory: ",
	`pods "order-worker-7f9-x2" is forbidden: `,
	`create Pod order-worker-2 in StatefulSet order-worker failed error: pods "order-worker-2" is forbidden: `,
	`Create Pod order-worker-2 in StatefulSet order-worker failed error: pods "order-worker-2" is forbidden: `,
	`Create Claim data-order-worker-2 for Pod order-worker-2 in StatefulSet order-worker failed error: persistentvolumeclaims "data-order-worker-2" is forbidden: `,
	`Error creating: pods "order-worker-7f9-" is forbidden: `,
	`admission webhook "validate.policy.example" denied the request: `,
}

// And causes, which stay as they are.
var causes = []string{
	`missing required parameter "listName"`,
	`no addresses or hosts given`,
	`dial tcp 127.0.0.1:2: connect: connection refused`,
	`dial tcp: lookup redis.shop.svc on 10.96.0.10:53: no such host`,
	`ERR unsupported key type: string`,
	`WRONGPASS invalid username-password pair or user is disabled`,
	`deployments.apps "nowhere" not found`,
	`the server is currently unable to handle the request (get s0-redis-a.external.metrics.k8s.io)`,
	`no matching metrics found for s0-redis-a`,
	`exceeded quota: pods, requested: pods=1, used: pods=0, limited: pods=0`,
	`error looking up service account shop/worker: serviceaccount "worker" not found`,
	`secrets "redis-env" not found`,
}

func TestCauseWithoutItsWrapping(t *testing.T) {
	for _, before := range wrappings {
		c := scene(0, 1, 1)
		soCond(c, "Ready", "False", "ErrorScalingTarget", before+`deployments.apps "worker" is forbidden: User "system:serviceaccount:keda:keda-operator" cannot update resource "deployments/scale" in API group "apps" in the namespace "demo"`)
		if d := explain.Decide(*c, noon); d.Why != "KEDA cannot set the replicas: keda:keda-operator may not update deployments/scale." {
			t.Errorf("%s: %q", before, d.Why)
		}
		for _, want := range causes {
			c := scene(0, 1, 1)
			soCond(c, "Ready", "False", "TriggerError", before+want)
			if d := explain.Decide(*c, noon); d.Why != "KEDA cannot read the source: "+want+"." {
				t.Errorf("%s\n%q", before+want, d.Why)
			}
		}
	}
}

// Whatever is wrong, its cause stands in the first two rows of 80 columns, in each
// place where somebody else's words are passed on.
func TestCauseIsNeverCut(t *testing.T) {
	const rows, columns = 2, 68
	for _, before := range wrappings {
		for _, cause := range causes {
			if len(cause) > 100 {
				continue
			}
			given := cause
			for name, change := range map[string]func(c *store.Chain){
				"refused":     func(c *store.Chain) { soCond(c, "Ready", "False", "ScaledObjectCheckFailed", before+cause) },
				"ErrorScale":  func(c *store.Chain) { soCond(c, "Ready", "False", "ErrorScalingTarget", before+cause) },
				"TriggerFail": func(c *store.Chain) { soCond(c, "Ready", "False", "TriggerError", before+cause) },
				"HPA":         func(c *store.Chain) { hpaCond(c, "ScalingActive", "False", "FailedGetExternalMetric", before+cause) },
				"resource":    func(c *store.Chain) { hpaCond(c, "ScalingActive", "False", "FailedGetResourceMetric", before+cause) },
				"scale":       func(c *store.Chain) { hpaCond(c, "AbleToScale", "False", "FailedUpdateScale", before+cause) },
				"event": func(c *store.Chain) {
					soCond(c, "Ready", "False", "TriggerError", "Triggers defined in ScaledObject are not working correctly")
					warning(c, 2, "ScaledObject", "order-worker", "KEDAScalerFailed", before+cause)
				},
				"quota": func(c *store.Chain) {
					c.Workload.Conditions = kscope.Conditions{{Type: "ReplicaFailure", Status: "True", Reason: "FailedCreate", Message: before + cause}}
				},
			} {
				c, cause := scene(0, 1, 1), given
				change(c)
				d := explain.Decide(*c, noon)
				if d.Rule == "apiDown" { // whose cause has words of ours
					cause = "Nobody answers for the external metrics API"
				}
				if at := strings.Index(d.Why, cause); at < 0 || rowsOf(d.Why[:at+len(cause)], columns) > rows {
					t.Errorf("%s: %s\n%q", name, before+cause, d.Why)
				}
			}
		}
	}
}

// What Go's libraries say of a setting is said in a few words.
func TestPlainWords(t *testing.T) {
	const redis = "failed to ensure HPA is correctly created for ScaledObject: error parsing redis metadata: error parsing redis metadata: "
	for msg, want := range map[string]string{
		redis + `unable to set param "listLength" value "2.5": unable to unmarshal to field type int64: json: cannot unmarshal number 2.5 into Go value of type int64`:                                                                                                        `KEDA refuses it: listLength is "2.5", which is no whole number.`,
		redis + `unable to set param "unsafeSsl" value "no": unable to parse boolean value "no": strconv.ParseBool: parsing "no": invalid syntax`:                                                                                                                             `KEDA refuses it: unsafeSsl is "no", which is neither true nor false.`,
		redis + `EnableTLS parsing error strconv.ParseBool: parsing "yes": invalid syntax`:                                                                                                                                                                                    `KEDA refuses it: enableTLS is "yes", which is neither true nor false.`,
		"failed to ensure HPA is correctly created for ScaledObject: connection to redis failed: dial tcp: address redis: missing port in address":                                                                                                                            `KEDA refuses it: the address redis says no port.`,
		"failed to ensure HPA is correctly created for ScaledObject: error resolving secrets for ScaleTarget: error resolving secret name &SecretKeySelector{LocalObjectReference:LocalObjectReference{Name:login,},Key:token,Optional:nil,} for env TOKEN in namespace demo": `A reference dangles: Secret login, which variable TOKEN comes from, does not exist.`,
	} {
		c := copied(scene(0, 1, 1))
		soCond(c, "Ready", "False", "ScaledObjectCheckFailed", msg)
		if got := explain.Decide(*c, noon).Why; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A value that does not exceed its threshold starts nothing, whatever the trigger,
// and nobody is to blame for it.
func TestBelowAnyThreshold(t *testing.T) {
	for _, typ := range triggers.Types() {
		is, _ := triggers.TypeOf(typ)
		for _, param := range strings.Split(is.Activation, "|") {
			if param == "" {
				continue
			}
			trigger := kscope.Trigger{Type: typ, MetricType: "AverageValue", Metadata: map[string]string{param: "20"}}
			_, activation := triggers.Targets(trigger)
			for _, value := range []float64{1, 12, 20, 21} {
				c := scene(value, 0, 0)
				c.Readings[0] = store.Reading{Trigger: trigger, Target: 5, ActivationTarget: activation, Value: value, Known: true, From: store.FromBroker, Waiting: at(-300)}
				if d := explain.Decide(*c, noon); (len(d.Findings) > 0) != (value > 20) {
					t.Errorf("%s at %v with %s 20: %s", typ, value, param, d.Why)
				}
			}
		}
	}
}

// KEDA's word is newer than the value that the HPA saw at its last sync, and counts.
func TestKEDAsWordIsNewer(t *testing.T) {
	for _, desired := range []int32{1, 4, 10} {
		for _, value := range []float64{1, 16, 400} {
			for name, say := range map[string]func(c *store.Chain){
				"by its condition": func(c *store.Chain) { cooldown(c) },
				"by trigger": func(c *store.Chain) {
					cooldown(c)
					c.ScaledObject.TriggersActive = map[string]bool{"s0-redis-orders": false}
				},
			} {
				c := scene(value, desired, desired)
				c.Readings[0].From = store.FromHPA
				say(c)
				if d := explain.Decide(*c, noon); d.Rule != "cooling" || d.Zero.IsZero() {
					t.Errorf("%v at %d, %s: %s: %s %s", value, desired, name, d.Rule, d.Why, d.Next)
				}
			}
			c := scene(0, desired, desired) // and the other way round
			c.Readings[0].From = store.FromHPA
			c.ScaledObject.TriggersActive = map[string]bool{"s0-redis-orders": true}
			if d := explain.Decide(*c, noon); d.Rule == "cooling" || !d.Zero.IsZero() {
				t.Errorf("0 at %d, and KEDA sees work: %s: %s %s", desired, d.Rule, d.Why, d.Next)
			}
		}
	}
}

// A schedule says itself when it opens and closes, and KEDA does what it says.
func TestSchedule(t *testing.T) {
	x := newWorld(0)
	x.SO.Triggers = []kscope.Trigger{{Type: "cron", MetricType: "AverageValue",
		Metadata: map[string]string{"timezone": "UTC", "start": "5 12 * * *", "end": "30 12 * * *", "desiredReplicas": "4"}}}
	x.See(1, x.SO)
	x.See(60, kscope.Heartbeat{})
	if d := x.Look(t); d.Phase != explain.Asleep || d.Next != "The schedule opens in 4m00s, 12:05 UTC, for 4 pods." {
		t.Errorf("closed: %s: %s %s", d.Phase, d.Why, d.Next)
	}
	x.See(300, kscope.Heartbeat{})
	if d := x.Look(t); d.Phase != explain.Waking || !strings.Contains(d.Next, "towards 4.") {
		t.Errorf("just open: %s: %s %s", d.Phase, d.Why, d.Next)
	}
	x.SO.LastActiveTime = at(304)
	x.Active(304, "True", "ScalerActive")
	x.HPA.MinReplicas = 1
	x.See(304, x.HPA)
	x.Scale(310, "kube-controller-manager", 4)
	x.Ready(312, 4)
	x.SO.LastActiveTime = at(329)
	x.See(329, x.SO)
	x.See(330, kscope.Heartbeat{})
	if d := x.Look(t); d.Phase != explain.Steady || !strings.Contains(d.Next, "closes in 24m30s, 12:30 UTC.") {
		t.Errorf("open: %s: %s %s", d.Phase, d.Why, d.Next)
	}
	x.SO.LastActiveTime = at(1799)
	x.See(1799, x.SO)
	x.See(1801, kscope.Heartbeat{})
	if d := x.Look(t); !strings.Contains(d.Why, "is closed") || !strings.Contains(d.Next, "KEDA goes to 0 in about") {
		t.Errorf("just closed: %s: %s %s", d.Phase, d.Why, d.Next)
	}
	x.Active(1804, "False", "ScalerNotActive")
	x.See(1815, kscope.Heartbeat{})
	if d := x.Look(t); d.Phase != explain.CoolingDown || math.Abs(d.Zero.Sub(at(1829)).Seconds()) > 1 {
		t.Errorf("closed: %s, %v: %s %s", d.Phase, d.Zero.Sub(noon).Seconds(), d.Why, d.Next)
	}
}

// A schedule turns by the clock of its own zone, on a day that may not be this one.
func TestScheduleInItsZone(t *testing.T) {
	for _, tt := range []struct{ start, end, zone, want string }{
		{"0 8 * * *", "0 9 * * *", "Asia/Tokyo", "opens in 10h59m, Tue 08:00 Asia/Tokyo, for 4 pods."},
		{"0 8 * * *", "30 22 * * *", "Asia/Tokyo", "closes in 1h29m, 22:30 Asia/Tokyo."},
		{"0 0 1 1 *", "0 0 2 1 *", "America/New_York", ", 1 Jan 00:00 America/New_York, for 4 pods."},
	} {
		x := newWorld(0)
		x.SO.Triggers = []kscope.Trigger{{Type: "cron", MetricType: "AverageValue",
			Metadata: map[string]string{"timezone": tt.zone, "start": tt.start, "end": tt.end, "desiredReplicas": "4"}}}
		x.See(1, x.SO)
		if d := x.Look(t); !strings.Contains(d.Next, tt.want) {
			t.Errorf("%+v: %s %s", tt, d.Why, d.Next)
		}
	}
}

// What a trigger counts among the pods is said of these, at zero replicas too.
func TestPodsThatMatch(t *testing.T) {
	x := newWorld(0)
	x.SO.Triggers = []kscope.Trigger{{Type: "kubernetes-workload", MetricType: "AverageValue", Metadata: map[string]string{"podSelector": "app=x", "value": "2", "activationValue": "1"}}}
	x.See(1, x.SO)
	says := func(when, want string, rule string) {
		t.Helper()
		d := x.Look(t)
		if !strings.Contains(d.Why+" "+d.Next, want) || d.Rule != rule {
			t.Errorf("%s: %s: %s %s", when, d.Rule, d.Why, d.Next)
		}
	}
	says("none", "No pod matches app=x", "asleep")
	guest := func(i int) kscope.Pod {
		return kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: fmt.Sprint("guest-", i)}, UID: fmt.Sprint(i), Labels: map[string]string{"app": "x"}, Phase: "Running", Node: "n1", Scheduled: true, Ready: true}
	}
	x.See(2, guest(1))
	says("one", "1 pod matches app=x, but KEDA starts nothing until it is above 1.", "asleep")
	x.See(3, guest(2), guest(3))
	says("three", "3 pods match app=x", "waking")
	x.See(600, kscope.Heartbeat{})
	says("and nothing happens", "3 pods match app=x, for 9m57s now, and KEDA has started nothing.", "overdue")

	x.SO.Triggers = []kscope.Trigger{{Type: "kubernetes-workload", MetricType: "AverageValue", Metadata: map[string]string{"podSelector": "app=x", "value": "2", "groupByNode": "true"}}}
	x.See(601, x.SO)
	says("by node", "The pods that match app=x are on 1 node", "waking")
	x.See(602, kscope.Status{Kind: kscope.Pods, State: kscope.Forbidden, Message: "you may not list pods"})
	if d := x.Look(t); strings.Contains(d.Why+d.Next, "match") {
		t.Errorf("of pods that cannot be seen: %s: %s %s", d.Rule, d.Why, d.Next)
	}
}
