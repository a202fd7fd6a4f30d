package sandbox

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/kscope/kscope/sandbox/world"
	"github.com/kscope/kscope/triggers"
)

// rich is manifests in which every field is set that the sandbox looks at.
const rich = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker, namespace: shop, labels: {app: worker}, annotations: {a: b}}
spec:
  replicas: 1
  minReadySeconds: 1
  progressDeadlineSeconds: 30
  revisionHistoryLimit: 3
  paused: false
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 1}}
  selector: {matchLabels: {app: worker}, matchExpressions: [{key: app, operator: In, values: [worker]}]}
  template:
    metadata: {labels: {app: worker}, annotations: {controller.kubernetes.io/pod-deletion-cost: "5"}}
    spec:
      terminationGracePeriodSeconds: 20
      restartPolicy: Always
      initContainers: [{name: init, image: i}]
      containers:
      - name: worker
        image: worker:1
        env: [{name: A, value: x}, {name: B, valueFrom: {secretKeyRef: {name: s, key: password}}}]
        envFrom: [{prefix: P, configMapRef: {name: c, optional: true}}]
        ports: [{containerPort: 80}]
        resources: {requests: {cpu: 100m}, limits: {cpu: 1}}
        readinessProbe: {httpGet: {path: /, port: 80}, initialDelaySeconds: 1, periodSeconds: 2, successThreshold: 1, failureThreshold: 3, timeoutSeconds: 1}
        startupProbe: {tcpSocket: {port: 80}, initialDelaySeconds: 1, periodSeconds: 2, successThreshold: 1, failureThreshold: 3}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: so, namespace: shop, labels: {a: b}, annotations: {autoscaling.keda.sh/paused: "false", kscope.dev/inject: allow, kscope.dev/inject-payload: "{id}"}}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: worker, envSourceContainerName: worker}
  pollingInterval: 5
  cooldownPeriod: 30
  initialCooldownPeriod: 1
  minReplicaCount: 0
  maxReplicaCount: 10
  fallback: {failureThreshold: 3, replicas: 2, behavior: static}
  advanced:
    restoreToOriginalReplicaCount: true
    horizontalPodAutoscalerConfig:
      name: h
      behavior:
        scaleUp: {stabilizationWindowSeconds: 0, selectPolicy: Max, tolerance: "0.1", policies: [{type: Pods, value: 4, periodSeconds: 15}]}
        scaleDown: {stabilizationWindowSeconds: 60, selectPolicy: Max, policies: [{type: Percent, value: 100, periodSeconds: 15}]}
  triggers:
  - type: redis
    name: first
    metricType: AverageValue
    useCachedMetrics: true
    metadata: {address: "redis:6379", listName: orders, listLength: "5", activationListLength: "1", databaseIndex: "0"}
    authenticationRef: {name: ta, kind: TriggerAuthentication}
  - type: cron
    metadata: {timezone: UTC, start: "0 6 * * *", end: "0 20 * * *", desiredReplicas: "3"}
  - type: kubernetes-workload
    metadata: {podSelector: "app=worker", value: "5", activationValue: "1"}
  - type: rabbitmq
    metadata: {queueName: q, mode: QueueLength, value: "5", host: h}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: set, namespace: shop}
spec:
  replicas: 1
  minReadySeconds: 1
  serviceName: s
  podManagementPolicy: Parallel
  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 0}}
  selector: {matchLabels: {app: set}}
  template:
    metadata: {labels: {app: set}}
    spec: {containers: [{name: c, image: i}]}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: of-set, namespace: shop}
spec:
  scaleTargetRef: {kind: StatefulSet, name: set}
  minReplicaCount: 1
  maxReplicaCount: 3
  idleReplicaCount: 0
  triggers: [{type: redis, metadata: {address: "redis:6379", listName: orders, listLength: "5"}}]
---
apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {name: job, namespace: shop}
spec:
  pollingInterval: 5
  minReplicaCount: 0
  maxReplicaCount: 5
  successfulJobsHistoryLimit: 3
  failedJobsHistoryLimit: 3
  rollout: {strategy: gradual}
  scalingStrategy: {strategy: custom, customScalingQueueLengthDeduction: 1, customScalingRunningJobPercentage: "0.5", multipleScalersCalculation: max, pendingPodConditions: [Ready]}
  jobTargetRef:
    parallelism: 1
    completions: 1
    backoffLimit: 3
    activeDeadlineSeconds: 600
    ttlSecondsAfterFinished: 100
    template:
      metadata: {labels: {app: job}}
      spec: {restartPolicy: Never, containers: [{name: c, image: i}]}
  triggers: [{type: redis, metadata: {address: "redis:6379", listName: jobs, listLength: "2"}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: plain, namespace: shop}
spec:
  selector: {matchLabels: {app: plain}}
  template: {metadata: {labels: {app: plain}}, spec: {containers: [{name: c, image: i}]}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: hpa, namespace: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: plain}
  minReplicas: 1
  maxReplicas: 5
  metrics:
  - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}
  - {type: ContainerResource, containerResource: {name: cpu, container: c, target: {type: AverageValue, averageValue: 100m}}}
  - {type: External, external: {metric: {name: s0-redis-orders, selector: {matchLabels: {scaledobject.keda.sh/name: so}}}, target: {type: AverageValue, averageValue: 5}}}
  - {type: External, external: {metric: {name: s0-redis-orders, selector: {matchLabels: {scaledobject.keda.sh/name: so}}}, target: {type: Value, value: 5}}}
  - {type: Pods, pods: {metric: {name: m}, target: {type: AverageValue, averageValue: 5}}}
  - {type: Object, object: {metric: {name: m}, describedObject: {kind: Service, name: s, apiVersion: v1}, target: {type: Value, value: 5}}}
  behavior:
    scaleUp: {stabilizationWindowSeconds: 0, selectPolicy: Max, policies: [{type: Pods, value: 4, periodSeconds: 15}]}
    scaleDown: {stabilizationWindowSeconds: 60, selectPolicy: Min, tolerance: "0.2", policies: [{type: Percent, value: 100, periodSeconds: 15}]}
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: shop}
type: Opaque
stringData: {password: p}
data: {other: cA==}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: shop}
data: {key: value}
---
apiVersion: v1
kind: Service
metadata: {name: s, namespace: shop}
spec: {selector: {app: worker}, ports: [{port: 80}]}
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata: {name: ta, namespace: shop}
spec:
  secretTargetRef: [{parameter: password, name: s, key: password}]
  env: [{parameter: x, name: A, containerName: worker}]
`

// oddJSON are values that stand where others are wanted.
var oddJSON = []string{
	"null", "{}", "[]", "[null]", "[[]]", `{"x":null}`, `""`, `"x"`, `" "`, "true", "0", "-1", "1", "0.5", "2147483647", "-2147483648", "9223372036854775807", "-9223372036854775808",
	"1e308", `"NaN"`, `"Inf"`, `"-5"`, `"0"`, `"9223372036854775807"`, `"99999999999999999999"`, `"1e400"`, `"0x10"`, `"* * * * *"`, `"\u001b]0;x\u0007\u202e"`, `"Percent"`, `"Recreate"`, `"OnDelete"`,
	`"99999999999999%"`, `"1e-300"`,
}

// places are the paths to all values in a document.
func places(v any, path []any, visit func(path []any)) {
	visit(path)
	next := func(k, e any) { places(e, append(path[:len(path):len(path)], k), visit) }
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			next(k, v[k])
		}
	case []any:
		for i, e := range v {
			next(i, e)
		}
	}
}

// replaced is a document with another value at a path.
func replaced(v any, path []any, to any) any {
	if len(path) == 0 {
		return to
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			out[k] = e
		}
		k := path[0].(string)
		out[k] = replaced(v[k], path[1:], to)
		return out
	case []any:
		out := append([]any{}, v...)
		i := path[0].(int)
		out[i] = replaced(v[i], path[1:], to)
		return out
	}
	return v
}

// bottomless is a queue that always holds as much.
type bottomless struct{ n int64 }

func (e bottomless) Len(triggers.Redis) (int64, error)         { return e.n, nil }
func (e bottomless) Take(triggers.Redis) (string, bool, error) { return "", true, nil }
func (e bottomless) Done(triggers.Redis, string)               {}

// oddEvery is which part of all that can be odd is tried: one of so many, always the
// same ones. With 1 it takes some minutes.
var oddEvery = flag.Int("odd-every", 37, "one of how many oddities of manifests to try")

// TestOddManifests: whatever stands where in a manifest, it is refused in a line, or
// played without a defect, soon and in little room.
func TestOddManifests(t *testing.T) {
	docs := strings.Split(rich, "\n---\n")
	path := filepath.Join(t.TempDir(), "m.yaml")
	n, refused, played := 0, 0, 0
	for i, doc := range docs {
		var v any
		if err := yaml.Unmarshal([]byte(doc), &v); err != nil {
			t.Fatal(err)
		}
		places(v, nil, func(at []any) {
			for _, odd := range oddJSON {
				if n++; n%*oddEvery != 0 {
					continue
				}
				var value any
				if err := json.Unmarshal([]byte(odd), &value); err != nil {
					t.Fatal(err)
				}
				raw, err := json.Marshal(replaced(v, at, value))
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(odd, "e308") || len(odd) > 15 && odd[0] != '"' { // a float would round it
					raw = []byte(strings.ReplaceAll(string(raw), fmt.Sprint(value), odd))
				}
				all := []string{docs[0], docs[2], string(raw)} // what others scale, and who it is about
				if i == 0 || i == 2 {
					all = []string{string(raw), docs[i+1]}
				}
				if err := os.WriteFile(path, []byte(strings.Join(all, "\n---\n")), 0o600); err != nil {
					t.Fatal(err)
				}
				if playOdd(t, path, fmt.Sprintf("%d%v = %s", i, at, odd)) {
					played++
				} else {
					refused++
				}
			}
		})
	}
	t.Logf("%d refused, %d played", refused, played)
}

func playOdd(t *testing.T, path, name string) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			buf := make([]byte, 4000)
			t.Errorf("%s: %v\n%s", name, p, buf[:runtime.Stack(buf, false)])
		}
	}()
	began := time.Now()
	m, err := strictly([]string{path}, nil)
	if err != nil {
		if text := err.Error(); strings.ContainsAny(text, "\r\n") || len(text) > 2000 {
			t.Errorf("%s: %.3000q", name, text)
		}
		return false
	}
	w := world.New(world.Options{Seed: 1, Start: time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC), Jitter: true, StartTime: time.Second}, bottomless{50})
	for _, obj := range m.Objects {
		if err := w.Apply(obj.DeepCopyObject(), manager); err != nil {
			return false
		}
	}
	end := w.Now().Add(time.Minute)
	changes := 0
	for w.Now().Before(end) {
		w.Advance(w.Now().Add(5 * time.Second))
		changes += len(w.Changes())
		if time.Since(began) > 20*time.Second {
			t.Errorf("%s: it takes more than 20 s, and there were %d changes", name, changes)
			return true
		}
	}
	for _, d := range w.Defects() {
		t.Errorf("%s: %v\n%.1500s", name, d, d.Stack)
		break
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	if mem.HeapAlloc > 1<<30 {
		t.Errorf("%s: %d MB", name, mem.HeapAlloc>>20)
	}
	return true
}

// TestNestedLists: lists may lie in lists, but not so deep that it takes long to read
// them.
func TestNestedLists(t *testing.T) {
	for _, depth := range []int{2, 9, 12, 2000} {
		text := strings.Repeat(`{"kind":"List","apiVersion":"v1","items":[`, depth) + `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"c"}}` + strings.Repeat("]}", depth)
		m, err := strictly([]string{"-"}, strings.NewReader(text))
		switch {
		case depth < mostLists && (err != nil || len(m.Objects) != 1):
			t.Errorf("%d: %v, %v", depth, m.Objects, err)
		case depth > mostLists && (err == nil || !strings.Contains(err.Error(), "a List within more than")):
			t.Errorf("%d: %v", depth, err)
		}
	}
}

// TestOddNumbers: what is a number, and none that an HPA takes, is KEDA's to refuse or
// the API server's, and no defect.
func TestOddNumbers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.yaml")
	for _, tt := range []struct{ from, to string }{
		{`listLength: "5"`, `listLength: "1e-320"`}, {`listLength: "5"`, `listLength: "0.0001"`}, {`listLength: "5"`, `listLength: "1e300"`},
		{`averageValue: 5}`, `averageUtilization: 5}`}, {`averageValue: 5}`, `averageValue: 0}`}, {`averageValue: 5}`, `averageValue: -5}`}, {`averageValue: 5}`, `averageValue: 1e-30}`},
		{`type: External, external: {metric`, `type: External, x: {metric`}, {`type: External, external`, `type: Pods, external`}, {`averageUtilization: 50`, `averageUtilization: 0`},
		{`replicas: 1`, `replicas: 2147483647`}, {`minReplicaCount: 0`, `minReplicaCount: 2147483647`}, {`maxReplicaCount: 10`, `maxReplicaCount: 2147483647`},
		{`terminationGracePeriodSeconds: 20`, `terminationGracePeriodSeconds: 9223372036854775807`}, {`desiredReplicas: "3"`, `desiredReplicas: "9223372036854775807"`},
	} {
		if !strings.Contains(rich, tt.from) {
			t.Fatal(tt.from)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(rich, tt.from, tt.to)), 0o600); err != nil {
			t.Fatal(err)
		}
		playOdd(t, path, tt.to)
	}
}
