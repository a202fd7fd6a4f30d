package sandbox

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/tui"
)

var statesIn = flag.String("states", "", "TestStates writes each picture into this folder, as text and as it is on a terminal")

// state is something that somebody may have to understand in five seconds, on a
// small window.
type state struct {
	name        string
	so, trigger string // more of the ScaledObject's spec, and of its trigger's metadata
	annotation  string
	triggers    string // in place of the one trigger
	target      string // in place of the Deployment worker
	text        string // in place of all of it
	asks        bool   // the containers request something
	steps       string // "push 60", "wait 20s", "break redis", "until WORDS" (that the picture has), one a line
	says        string // in Why or Next
}

const (
	quick    = "cooldownPeriod: 30"
	atOrders = `address: "redis.demo:6379", listName: orders, listLength: "50"`
	byCPU    = `[{type: cpu, metricType: Utilization, metadata: {value: "60"}}]`
	byBoth   = "[{type: redis, metadata: {" + atOrders + `}}, {type: cpu, metricType: Utilization, metadata: {value: "50"}}]`
	plainHPA = `apiVersion: apps/v1
kind: Deployment
metadata: {name: worker, namespace: demo}
spec:
  selector: {matchLabels: {app: worker}}
  template:
    metadata: {labels: {app: worker}}
    spec: {containers: [{name: worker, image: worker, resources: {requests: {cpu: 500m}}}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: orders, namespace: demo}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: worker}
  maxReplicas: 6
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 60}}}]
`
)

var states = []state{
	{name: "asleep", steps: "wait 20s", says: "so KEDA keeps worker at zero"},
	{name: "waking", steps: "push 10\nuntil waking", says: "KEDA"},
	{name: "scaling-up", steps: "push 100\nuntil set so far", says: "call for"},
	{name: "steady", steps: "push 40\nuntil steady", says: "ready"},
	{name: "below-activation", trigger: `activationListLength: "20"`, steps: "push 5\nwait 10s", says: "until there are more than 20"},
	{name: "cooldown", so: quick, steps: "push 10\nuntil waits out its cooldown", says: "cooldown of 30s"},
	{name: "paused", annotation: `autoscaling.keda.sh/paused: "true"`, steps: "push 10\nwait 10s", says: "paused by the annotation"},
	{name: "paused-at-2", annotation: `autoscaling.keda.sh/paused-replicas: "2"`, steps: "push 10\nwait 10s", says: "paused by the annotation"},
	{name: "paused-scale-in", so: quick, annotation: `autoscaling.keda.sh/paused-scale-in: "true"`, steps: "push 10\nwait 2m", says: "scaling in is paused"},
	{name: "paused-scale-out", annotation: `autoscaling.keda.sh/paused-scale-out: "true"`, steps: "push 40\nwait 20s", says: "scaling out is paused by annotation"},
	{name: "paused-at-no-number", annotation: `autoscaling.keda.sh/paused-replicas: "two"`, steps: "push 10\nwait 10s", says: "paused-replicas"},
	{name: "at-max", so: "maxReplicaCount: 2", steps: "push 200\nwait 40s", says: "but maxReplicaCount is 2"},
	{name: "policies-limit", so: "advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleUp: {policies: [{type: Pods, value: 1, periodSeconds: 60}]}}}}", steps: "push 100\nwait 40s", says: "scale-up policies"},
	{name: "window", so: "advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleDown: {stabilizationWindowSeconds: 120}}}}", steps: "push 100\nuntil the HPA goes by the most of the last 2m", says: "the HPA goes by the most of the last 2m"},
	{name: "fallback", so: "fallback: {failureThreshold: 2, replicas: 4}", steps: "push 20\nwait 30s\nbreak redis\nuntil fallback", says: "fallback"},
	{name: "redis-gone", steps: "push 40\nwait 30s\nbreak redis\nuntil broken", says: "connection refused"},
	{name: "redis-gone-at-zero", steps: "wait 10s\nbreak redis\nuntil broken", says: "connection refused"},
	{name: "redis-gone-at-zero-with-fallback", so: "fallback: {failureThreshold: 2, replicas: 4}", steps: "wait 10s\nbreak redis\nuntil broken", says: "connection refused"},
	{name: "wrong-type", steps: "push 10\nwait 20s\nbreak type\nuntil broken", says: "holds a string"},
	{name: "image", steps: "break image\npush 10\nuntil broken", says: "the image cannot be pulled"},
	{name: "no-node", steps: "break room\npush 10\nuntil broken", says: "no node takes"},
	{name: "crash", steps: "break crash\npush 10\nuntil broken", says: "keeps ending"},
	{name: "memory", steps: "break memory\npush 10\nuntil broken", says: "more memory than its limit"},
	{name: "quota", steps: "break quota\npush 10\nuntil broken", says: "quota"},
	{name: "scale-refused", steps: "break scale\npush 10\nuntil broken", says: "cannot set the replicas"},
	{name: "refused", trigger: `listLength: "five"`, steps: "wait 20s", says: "listLength"},
	{name: "two-masters", steps: "push 10\nbreak rival\nuntil each undoes", says: "each undoes what the other does"},
	{name: "cpu", so: "minReplicaCount: 1", asks: true, triggers: byCPU, steps: "wait 1m\nfeed 100\nuntil scaling up", says: "per pod, target 60%, calls for 2 pods"},
	{name: "cpu-over-its-window", so: "minReplicaCount: 1", asks: true, triggers: byCPU, steps: "wait 1m\nfeed 40\nuntil goes by the most", says: "target 60%, calls for 1 pod"},
	{name: "cpu-beside-a-queue", so: quick, asks: true, triggers: byBoth, steps: "feed 120\nuntil Cpu at ~", says: "target 50%, calls for"},
	{name: "cpu-without-figures", so: "minReplicaCount: 1", asks: true, triggers: byCPU, steps: "until what they use is not known yet", says: "its figures come"},
	{name: "cpu-without-requests", so: "minReplicaCount: 1", triggers: byCPU, steps: "wait 1m\nuntil broken", says: "requests none of what is measured"},
	{name: "a-formula", so: quick + "\n  advanced: {scalingModifiers: {formula: \"orders * 2\", target: \"10\"}}", triggers: "[{type: redis, name: orders, metadata: {" + atOrders + "}}]", steps: "push 30\nuntil The formula comes to", says: "which at 10 per pod calls for"},
	{name: "a-formula-that-KEDA-refuses", so: "advanced: {scalingModifiers: {formula: \"returns * 2\", target: \"10\"}}", steps: "until broken", says: "unknown name returns"},
	{name: "a-stream", so: quick, triggers: "[{type: redis-streams, metadata: {address: \"redis.demo:6379\", stream: orders, consumerGroup: workers, lagCount: \"5\"}}]", steps: "feed 60\nuntil call for", says: "at 5 per pod call for"},
	{name: "plain-HPA", text: plainHPA, steps: "wait 1m\nfeed 100\nuntil scaling up", says: "per pod, target 60%, calls for 2 pods"},
	{name: "two-HPAs", steps: "push 10\nbreak hpa\nuntil neither HPA", says: "HPA"},
	{name: "never-ready", steps: "break unready\npush 10\nuntil broken", says: "not ready"},
	{name: "slow-start", steps: "break slow\npush 10\nuntil not ready yet\nwait 10s", says: "not ready yet"},
	{name: "idle-workers", steps: "break idle\npush 10\nuntil broken", says: "taken nothing"},
	{name: "idle-count", so: "idleReplicaCount: 0\n  minReplicaCount: 2\n  cooldownPeriod: 60", steps: "push 3\nwait 90s", says: "keeps worker at zero"},
	{name: "minimum", so: "minReplicaCount: 2", steps: "wait 40s", says: "minReplicaCount keeps 2 pods"},
	{name: "operator-gone", steps: "push 20\nwait 20s\nbreak operator\nuntil broken", says: "operator"},
	{name: "metrics-API-gone", steps: "push 20\nwait 20s\nbreak metrics\nuntil broken", says: "external metrics API"},
	{name: "target-missing", target: "nobody", steps: "wait 20s", says: "Deployment nobody does not exist"},
	{name: "several-triggers", triggers: `[{type: redis, metadata: {address: "redis.demo:6379", listName: orders, listLength: "5"}}, {type: redis, metadata: {address: "redis.demo:6379", listName: mails, listLength: "5"}}]`, steps: "push 40\nuntil set so far", says: "in orders"},
	{name: "cron", triggers: `[{type: cron, metadata: {timezone: UTC, start: "5 * * * *", end: "20 * * * *", desiredReplicas: "3"}}]`, steps: "wait 30s", says: "The schedule opens in"},
	{name: "cron-open", triggers: `[{type: cron, metadata: {timezone: UTC, start: "0 * * * *", end: "20 * * * *", desiredReplicas: "3"}}]`, steps: "wait 90s", says: "The schedule closes in"},
	{name: "jobs", text: aScaledJob, steps: "push 12\nuntil Jobs run", says: "maxReplicaCount is the limit"},
	{name: "jobs-that-crash", text: aScaledJob, steps: "break crash\npush 12\nuntil broken", says: "keeps ending"},
	{name: "permission", steps: "push 20\nwait 20s\nbreak permission\nuntil PARTLY BLIND", says: ""},
}

const aScaledJob = `apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {name: orders, namespace: demo}
spec:
  pollingInterval: 5
  maxReplicaCount: 4
  jobTargetRef: {template: {spec: {containers: [{name: worker, image: worker}]}}}
  triggers:
  - type: redis
    metadata: {address: "redis.demo:6379", listName: orders, listLength: "1"}
`

// manifest is the state's ScaledObject and its target.
func (s state) manifest() string {
	if s.text != "" {
		return s.text
	}
	trigger := `address: "redis.demo:6379", listName: orders`
	if !strings.Contains(s.trigger, "listLength") || strings.Contains(s.trigger, "activation") {
		trigger += `, listLength: "5"`
	}
	if s.trigger != "" {
		trigger += ", " + s.trigger
	}
	requests := ""
	if s.asks {
		requests = ", resources: {requests: {cpu: 500m}}"
	}
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata: {name: worker, namespace: demo}
spec:
  replicas: 0
  selector: {matchLabels: {app: worker}}
  template:
    metadata: {labels: {app: worker}}
    spec: {containers: [{name: worker, image: worker%s}]}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: orders, namespace: demo, annotations: {%s}}
spec:
  scaleTargetRef: {name: %s}
  pollingInterval: 5
  %s
  triggers: %s
`, requests, s.annotation, cmp.Or(s.target, "worker"), s.so, cmp.Or(s.triggers, "[{type: redis, metadata: {"+trigger+"}}]"))
}

// foretold is how the chart draws what is expected of the queue or of the replicas.
var foretold = regexp.MustCompile("╺ +╺|•.•")

// escapes are the codes that colour a picture.
var escapes = regexp.MustCompile("\x1b\\[[0-9;:]*m")

// TestStates is the reading test: in a picture of 80x24 of each state, Why and Next
// say what goes on and what comes, whole, and where something is wrong the key for
// what to do is named. `make states` draws all of them into a folder, to be read.
func TestStates(t *testing.T) {
	for _, s := range states {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := tui.New(tui.Options{Mode: "SANDBOX", Namespace: "demo", Name: "orders", Theme: "dark", Armed: true})
				m.Update(tea.ColorProfileMsg{Profile: colorprofile.TrueColor})
				m.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
				var mu sync.Mutex
				frame := func() string {
					mu.Lock()
					defer mu.Unlock()
					return m.View().Content
				}
				o := Options{Seed: 3, Speed: 10, ServiceTime: 4 * time.Second}
				if o.Manifests = unasked(s.manifest()); len(o.Manifests.Refused) > 0 { // not all clusters have KEDA's webhooks
					t.Fatal(o.Manifests.Refused)
				}
				r := runWatched(t, o, watcher{told: func(o kscope.Observation) {
					mu.Lock()
					defer mu.Unlock()
					m.Update(tui.Observed{All: []kscope.Observation{o}})
				}})
				r.play(s.steps, func() string { return escapes.ReplaceAllString(frame(), "") })
				coloured := frame()
				plain := escapes.ReplaceAllString(coloured, "")
				if *statesIn != "" {
					write(t, s.name, plain, coloured)
				}
				s.read(t, plain)
			})
		})
	}
}

// play carries out the steps of a state. The picture says when one that waits for it
// is over.
func (r *rig) play(steps string, frame func() string) {
	r.t.Helper()
	for step := range strings.Lines("wait 5s\n" + steps + "\nwait 2s") {
		verb, rest, _ := strings.Cut(strings.TrimSpace(step), " ")
		switch verb {
		case "push":
			jobs, err := strconv.ParseInt(rest, 10, 64)
			if err != nil {
				r.t.Fatal(err)
			}
			r.push(kscope.Ref{Namespace: "demo", Name: "orders"}, triggers.Redis{Address: "redis.demo:6379", Key: "orders"}.Backlog(), jobs)
		case "feed": // whatever it is that the object goes by, or its pods serve
			jobs, err := strconv.ParseInt(rest, 10, 64)
			if err != nil {
				r.t.Fatal(err)
			}
			ref := kscope.Ref{Namespace: "demo", Name: "orders"}
			for _, kind := range []kscope.Kind{kscope.ScaledObjects, kscope.HPAs} {
				if c, ok := r.store.Chain(kscope.ID{Kind: kind, Ref: ref}); ok {
					fed, _ := c.Queued()
					r.push(ref, *fed.Trigger.Backlog, jobs)
				}
			}
		case "wait":
			d, err := time.ParseDuration(rest)
			if err != nil {
				r.t.Fatal(err)
			}
			r.pass(d)
		case "break":
			if err := r.Break(rest); err != nil {
				r.t.Fatal(err)
			}
		case "until":
			for end := r.Now().Add(10 * time.Minute); !strings.Contains(onOneLine(frame()), rest); r.pass(200 * time.Millisecond) {
				if r.Now().After(end) {
					r.t.Fatalf("no %q:\n%s", rest, frame())
				}
			}
		}
	}
}

// pass lets a time of the sandbox pass.
func (r *rig) pass(d time.Duration) {
	for end := r.Now().Add(d); r.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	synctest.Wait()
}

// onOneLine is a text with the ends of its lines gone.
func onOneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// read reads the first two things that a picture says.
func (s state) read(t *testing.T, frame string) {
	t.Helper()
	_, said, ok := strings.Cut(frame, "\n Why ")
	if !ok {
		t.Fatalf("it says no Why:\n%s", frame)
	}
	said, _, _ = strings.Cut(said, "\n Pods ")
	said = onOneLine(said)
	whole, _, _ := strings.Cut(said, "…") // what somebody else says may be long, but not before its point
	if !strings.Contains(whole, s.says) || !strings.Contains(said, " Next ") && strings.Contains(frame, "broken") {
		t.Errorf("it says %q, want %q, whole, and what comes\n%s", said, s.says, frame)
	}
	broken := strings.Contains(strings.SplitN(frame, "\n", 2)[0], " broken ")
	if broken && foretold.MatchString(frame) { // its room may stay for a while
		t.Errorf("it foretells how things go on, which are broken:\n%s", frame)
	}
	if broken && !strings.Contains(frame, "4 what to do") && !strings.Contains(frame, "\n × ") { // the line of a source that is lost takes its place
		t.Errorf("it does not say where to read what to do:\n%s", frame)
	}
}

func write(t *testing.T, name, plain, coloured string) {
	t.Helper()
	if err := os.MkdirAll(*statesIn, 0o755); err != nil {
		t.Fatal(err)
	}
	for ending, text := range map[string]string{".txt": plain, ".ans": coloured} {
		if err := os.WriteFile(filepath.Join(*statesIn, name+ending), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
