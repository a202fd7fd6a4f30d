package keda

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// recorded reads an answer of a real API server.
func recorded(t testing.TB, name string) *unstructured.Unstructured {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(raw); err != nil {
		t.Fatal(err)
	}
	return u
}

// written makes an object of what a user might write.
func written(t testing.TB, text string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(text), &u.Object); err != nil {
		t.Fatal(err)
	}
	return u
}

func at(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestObserveScaledObject(t *testing.T) {
	got := observeScaledObject(recorded(t, "scaledobject-active.json"))
	zero := int32(0)
	want := kscope.ScaledObject{
		Ref:             kscope.Ref{Namespace: "shop", Name: "order-worker"},
		UID:             "3722412d-afcf-474c-8a99-638ed96fadf9",
		Created:         at(t, "2026-11-23T15:48:02Z"),
		Labels:          map[string]string{"scaledobject.keda.sh/name": "order-worker"},
		ScaleTarget:     kscope.TargetRef{APIVersion: "apps/v1", Kind: "Deployment", Name: "order-worker"},
		PollingInterval: 5 * time.Second,
		CooldownPeriod:  30 * time.Second,
		MaxReplicaCount: 10,
		Triggers: []kscope.Trigger{{
			Type: "redis", MetricType: "AverageValue",
			Metadata: map[string]string{"address": "127.0.0.1:16379", "listLength": "5", "listName": "orders"},
			Backlog:  new(triggers.Redis{Address: "127.0.0.1:16379", Key: "orders"}.Backlog()),
		}},
		HPAName:              "keda-hpa-order-worker",
		LastActiveTime:       at(t, "2026-11-23T15:48:17Z"),
		OriginalReplicaCount: &zero,
		ExternalMetricNames:  []string{"s0-redis-orders"},
		TriggersActive:       map[string]bool{"s0-redis-orders": true},
		Conditions: kscope.Conditions{
			{Type: "Ready", Status: "True", Reason: "ScaledObjectReady", Message: "ScaledObject is defined correctly and is ready for scaling"},
			{Type: "Active", Status: "True", Reason: "ScalerActive", Message: "Scaling is performed because triggers are active"},
			{Type: "Fallback", Status: "False", Reason: "NoFallbackFound", Message: "No fallbacks are active on this scaled object"},
			{Type: "Paused", Status: "False"},
			{Type: "HPAActive", Status: "True", Reason: "ScalingDisabled", Message: "scaling is disabled since the replica count of the target is zero"},
		},
	}
	if d := cmp.Diff(got, want, cmpopts.EquateApproxTime(0)); d != "" {
		t.Errorf("got (-) want (+):\n%s", d)
	}
}

func TestObserveScaledObjectCases(t *testing.T) {
	type facts struct {
		Ready, Active, Fallback, Paused, HPAActive string // reasons, "?" for a missing condition
		HPA                                        string
		Metrics                                    []string
		Activity                                   map[string]bool
		Health                                     []kscope.TriggerHealth
		FullyPaused                                bool
		PausedCount                                int32
		Auth                                       string
		Min                                        int32
		FallbackTo                                 int32
	}
	for name, want := range map[string]facts{
		"scaledobject-bad-address.json": {
			Ready: "ScaledObjectCheckFailed", Active: "UnknownState", Paused: "", Fallback: "NoFallbackFound", HPAActive: "?",
		},
		"scaledobject-went-bad.json": {
			Ready: "ScaledObjectReady", Active: "ScalerActive", Fallback: "NoFallbackFound", HPAActive: "HPAActive",
			HPA: "keda-hpa-went-bad", Metrics: []string{"s0-redis-went-bad"}, Activity: map[string]bool{"s0-redis-went-bad": true}, Min: 1,
		},
		"scaledobject-fallback-3-active.json": {
			Ready: "ScaledObjectReady", Active: "ScalerActive", Fallback: "FallbackExists", HPAActive: "HPAActive",
			HPA: "keda-hpa-fallback", Metrics: []string{"s0-redis-fallback"}, Activity: map[string]bool{"s0-redis-fallback": true},
			Health: []kscope.TriggerHealth{{Metric: "s0-redis-fallback", Failures: 7, Status: "Failing"}}, Min: 1, FallbackTo: 4,
		},
		"scaledobject-paused.json": {
			Ready: "ScaledObjectReady", Fallback: "NoFallbackFound", Paused: "ScaledObjectPaused", HPAActive: "?",
			FullyPaused: true, PausedCount: 3,
		},
		"scaledobject-multi.json": {
			Ready: "ScaledObjectReady", Active: "ScalerActive", Fallback: "NoFallbackFound", HPAActive: "HPAActive",
			HPA: "keda-hpa-multi", Metrics: []string{"s0-redis-multi", "s1-cron-Etc-UTC-00xxx-5923xxx"},
			Activity: map[string]bool{"s0-redis-multi": false, "s1-cron-Etc-UTC-00xxx-5923xxx": true},
		},
		"scaledobject-with-auth.json": {
			Ready: "ScaledObjectReady", Active: "ScalerNotActive", Fallback: "NoFallbackFound", HPAActive: "ScalingDisabled",
			HPA: "keda-hpa-with-auth", Metrics: []string{"s0-redis-with-auth"}, Activity: map[string]bool{"s0-redis-with-auth": false},
			Auth: "TriggerAuthentication/redis-auth",
		},
	} {
		t.Run(name, func(t *testing.T) {
			so := observeScaledObject(recorded(t, name))
			reason := func(typ string) string {
				c := so.Conditions.Get(typ)
				if c.Type == "" {
					return "?"
				}
				return c.Reason
			}
			got := facts{
				Ready: reason("Ready"), Active: reason("Active"), Fallback: reason("Fallback"), Paused: reason("Paused"), HPAActive: reason("HPAActive"),
				HPA: so.HPAName, Metrics: so.ExternalMetricNames, Activity: so.TriggersActive, Health: so.Health,
				FullyPaused: so.FullyPaused(), Min: so.MinReplicaCount,
			}
			if so.PausedReplicaCount != nil {
				got.PausedCount = *so.PausedReplicaCount
			}
			if a := so.Triggers[0]; a.AuthName != "" {
				got.Auth = a.AuthKind + "/" + a.AuthName
			}
			if so.Fallback != nil {
				got.FallbackTo = so.Fallback.Replicas
			}
			if d := cmp.Diff(got, want); d != "" {
				t.Errorf("got (-) want (+):\n%s", d)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	so := observeScaledObject(written(t, `{"metadata":{"name":"x"},"spec":{"scaleTargetRef":{"name":"y"},"fallback":{"replicas":2},"triggers":[{"type":"cron"}]}}`))
	if so.PollingInterval != 30*time.Second || so.CooldownPeriod != 300*time.Second || so.InitialCooldownPeriod != 0 ||
		so.MinReplicaCount != 0 || so.MaxReplicaCount != 100 || so.IdleReplicaCount != nil {
		t.Errorf("defaults of a ScaledObject: %+v", so)
	}
	if got, want := so.ScaleTarget, (kscope.TargetRef{APIVersion: "apps/v1", Kind: "Deployment", Name: "y"}); got != want {
		t.Errorf("target: got %v, want %v", got, want)
	}
	if got := so.Fallback.Behavior; got != "static" {
		t.Errorf("fallback behavior: got %q", got)
	}
	if got := so.Triggers[0].MetricType; got != "AverageValue" {
		t.Errorf("metric type: got %q", got)
	}
	sj := observeScaledJob(written(t, `{"metadata":{"name":"x"},"spec":{}}`))
	if sj.PollingInterval != 30*time.Second || sj.MaxReplicaCount != 100 || sj.Scaling != (kscope.JobScaling{Strategy: "default", Combine: "max"}) {
		t.Errorf("defaults of a ScaledJob: %+v", sj)
	}
	for text, want := range map[string]kscope.JobScaling{
		`{"strategy":"accurate","multipleScalersCalculation":"sum"}`:                                                                 {Strategy: "accurate", Combine: "sum"},
		`{"strategy":"eager","pendingPodConditions":["Ready"]}`:                                                                      {Strategy: "eager", Combine: "max", PodConditions: true},
		`{"strategy":"custom","customScalingQueueLengthDeduction":2,"customScalingRunningJobPercentage":"0.5"}`:                      {Strategy: "custom", Combine: "max", Deduction: 2, Share: 0.5},
		`{"strategy":"custom","customScalingQueueLengthDeduction":2,"customScalingRunningJobPercentage":"half of the running ones"}`: {Strategy: "default", Combine: "max", Deduction: 2},
	} {
		if got := observeScaledJob(written(t, `{"metadata":{"name":"x"},"spec":{"scalingStrategy":`+text+`}}`)).Scaling; got != want {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
}

// A field of a wrong type, which only a CRD without a schema lets in, must not
// stop anything.
func TestNonsense(t *testing.T) {
	for _, text := range []string{
		`{}`,
		`{"spec":[],"status":7}`,
		`{"metadata":{"name":"x"},"spec":{"pollingInterval":"5","maxReplicaCount":1e300,"minReplicaCount":1.5,"triggers":{"a":1},"scaleTargetRef":"y","fallback":3}}`,
		`{"metadata":{"name":"x"},"spec":{"triggers":[null,5,"a",{"metadata":[],"authenticationRef":7},{"type":"redis","metadata":{"listName":5}}]}}`,
		`{"metadata":{"name":"x"},"status":{"conditions":[null,4,{"type":5}],"health":{"a":4,"b":null},"triggersActivity":{"a":[]},"externalMetricNames":[1,"b"],"lastActiveTime":"soon"}}`,
	} {
		observeScaledObject(written(t, text))
		observeScaledJob(written(t, text))
	}
}

func TestPauseAnnotations(t *testing.T) {
	for value, want := range map[string]bool{"true": true, "false": false, "0": false, "": true, "yes": true, "FALSE": false} {
		if got := flag(map[string]string{"a": value}, "a"); got != want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
	if flag(nil, "a") {
		t.Error("a missing annotation counts as true")
	}
}

func TestObserveScaledJob(t *testing.T) {
	sj := observeScaledJob(recorded(t, "scaledjob-active.json"))
	if sj.Ref.String() != "cases/report" || sj.MaxReplicaCount != 6 || sj.PollingInterval != 5*time.Second ||
		sj.Conditions.Get("Active").Reason != "ScalerActive" || sj.LastActiveTime.IsZero() || sj.Triggers[0].Backlog.Name != "reports" {
		t.Errorf("got %+v", sj)
	}
}

func TestTriggersAreSafeToShow(t *testing.T) {
	so := observeScaledObject(written(t, `{"metadata":{"name":"x"},"spec":{"triggers":[
		{"type":"rabbitmq","metadata":{"host":"amqp://guest:s3cret@rabbit:5672/vhost","queueName":"q\u001b[2J"}},
		{"type":"redis","metadata":{"address":"r:6379","listName":"a\u001b[31mb"}},
		{"type":"redis","metadata":{"address":"r:6379","listName":"fine","passwordFromEnv":"REDIS_PASSWORD","password":"s3cret"}},
		{"type":"azure-queue","metadata":{"connection":"AccountKey=s3cret","connectionFromEnv":"CONN"}},
		{"type":"gcp-pubsub","metadata":{"credentials":"{\"private_key\":\"s3cret\"}","credentialsFromEnv":"KEY"}},
		{"type":"prometheus","metadata":{"serverAddress":"https://p/?a=1&api_key=s3cret","query":"sum(up{job=\"x\",key=\"y\"})","customHeaders":"X-Api-Key=s3cret","queryParameters":"k=s3cret"}},
		{"type":"metrics-api","metadata":{"url":"https://s.example.net/q?sv=2024&sig=s3cret%2Fx"}}
	]}}`))
	want := []map[string]string{
		{"host": "amqp://guest:***@rabbit:5672/vhost", "queueName": "q"},
		{"address": "r:6379", "listName": "ab"},
		{"address": "r:6379", "listName": "fine", "passwordFromEnv": "REDIS_PASSWORD", "password": hidden},
		{"connection": hidden, "connectionFromEnv": "CONN"},
		{"credentials": hidden, "credentialsFromEnv": "KEY"},
		{"serverAddress": hidden, "query": `sum(up{job="x",key="y"})`, "customHeaders": hidden, "queryParameters": hidden},
		{"url": hidden},
	}
	for i, trigger := range so.Triggers {
		if !maps.Equal(trigger.Metadata, want[i]) {
			t.Errorf("trigger %d: got %v, want %v", i, trigger.Metadata, want[i])
		}
	}
	var queues []string
	for _, trigger := range so.Triggers {
		if trigger.Backlog != nil {
			queues = append(queues, trigger.Backlog.Shown())
		}
	}
	if want := []string{"rabbitmq", `a\x1b[31mb`, "fine", "gcp-pubsub", "prometheus"}; !slices.Equal(queues, want) {
		t.Errorf("queues: got %q, want %q: a key is measured as it is, and shown with all its characters", queues, want)
	}
}
