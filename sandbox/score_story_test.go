package sandbox

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain/score"
	"github.com/kscope/kscope/sandbox/brokers"
	"github.com/kscope/kscope/sandbox/world"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/triggers/params"
)

// The stories that what kscope says is scored by. A name such as healthy-27 is
// all of a story: the settings, the work and what befalls it are drawn from it.

const storyLength = 25 * time.Minute

const (
	healthy score.Family = "healthy" // lists of Redis, and nothing that breaks
	broken  score.Family = "broken"  // the same, with one breakage
	others  score.Family = "others"  // triggers of all other types, every second with an activation threshold
	used    score.Family = "used"    // what pods use: of cpu, and of memory, beside a list or alone
)

// families are how many stories there are of each.
var families = []struct {
	family score.Family
	n      int
}{{healthy, 400}, {broken, 270}, {others, 100}, {used, 60}}

// story is a quarter of an hour and more of one ScaledObject.
type story struct {
	family  score.Family
	number  int
	about   string // its settings, in a line
	options Options
	text    string        // the manifests
	skew    time.Duration // kscope's clock is ahead of the cluster's
	bare    bool          // kscope does not know the queue: the HPA's word is all it has
	beats   []beat        // in their order
}

func (s story) name() string { return fmt.Sprintf("%s-%d", s.family, s.number) }

// beat is what befalls a story at a time after its beginning.
type beat struct {
	at    time.Duration
	words string
	queue triggers.Redis
	jobs  int              // to push into the queue
	turns bool             // the rate at which jobs come changes
	do    func(*rig) error // nil where it is jobs; it changes settings or pods
}

// hero is the ScaledObject that every story is about.
var hero = kscope.Ref{Namespace: "shop", Name: "worker"}

// storyOf draws a story.
func storyOf(f score.Family, number int) story {
	r := rand.New(rand.NewPCG(uint64(number), uint64(f[0])))
	s := story{family: f, number: number}
	p := drawPlot(r, f, number)
	s.text, s.about = p.text(), p.String()
	s.bare = p.bare
	s.options = Options{
		Seed: r.Uint64(), Speed: 1, ServiceTime: p.service, ServiceSpread: 0.3, StartTime: p.start, StartSpread: 0.3,
		Start: time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC).Add(time.Duration(r.IntN(60_000)) * time.Millisecond),
	}
	for _, q := range p.queues {
		s.beats = append(s.beats, p.work(r, q)...)
	}
	switch f {
	case broken:
		s.beats = append(s.beats, breakageOf(r, number)...)
	case healthy:
		s.befalls(r)
	}
	slices.SortStableFunc(s.beats, func(a, b beat) int { return cmp.Compare(a.at, b.at) })
	return s
}

// befalls lets something ordinary happen in one of five healthy stories.
func (s *story) befalls(r *rand.Rand) {
	at := between(r, 2*time.Minute, 18*time.Minute)
	lasts := between(r, 20*time.Second, 4*time.Minute)
	switch r.IntN(25) {
	case 0:
		s.options.StartTime = between(r, 30*time.Second, 90*time.Second)
		s.about += ", slow image"
	case 1:
		s.beats = append(s.beats, beat{at: at, words: "a rollout", do: rollOut})
	case 2:
		s.beats = append(s.beats, turn("pause", at, true), turn("pause", at+lasts, false))
	case 3:
		s.skew = 30 * time.Second
	case 4:
		s.skew = -30 * time.Second
	}
	if s.skew != 0 {
		s.about += fmt.Sprintf(", clocks %v apart", s.skew)
	}
}

// brokenBy are the breakages of the stories. What else can be broken came later: a
// name is to be the same story for good.
var brokenBy = []string{"redis", "image", "room", "crash", "permission", "memory", "slow", "unready", "idle",
	"operator", "metrics", "type", "rival", "hpa", "scale", "quota", "pause", "scaler"}

// breakageOf is one breakage, each as often as any other, mended again in four
// of five stories.
func breakageOf(r *rand.Rand, number int) []beat {
	name := brokenBy[number%len(brokenBy)]
	b := breakages[slices.IndexFunc(breakages, func(b breakage) bool { return b.Name == name })]
	at := between(r, time.Minute, 12*time.Minute)
	out := []beat{turn(b.Name, at, true)}
	if !b.Once && r.IntN(5) > 0 {
		out = append(out, turn(b.Name, at+between(r, 20*time.Second, 6*time.Minute), false))
	}
	return out
}

func turn(name string, at time.Duration, on bool) beat {
	words, do := "broken: ", (*rig).Break
	if !on {
		words, do = "mended: ", (*rig).Mend
	}
	return beat{at: at, words: words + name, do: func(r *rig) error { return do(r, name) }}
}

// rollOut applies the Deployment with another image, as kubectl would.
func rollOut(r *rig) error {
	r.Sandbox.mu.Lock()
	defer r.Sandbox.mu.Unlock()
	if err := r.catchUp(0); err != nil {
		return err
	}
	for _, obj := range r.manifests.Objects {
		if d, ok := obj.(*appsv1.Deployment); ok {
			d = d.DeepCopy()
			d.Spec.Template.Spec.Containers[0].Image += "1"
			if err := r.world.Apply(d, manager); err != nil {
				return err
			}
		}
	}
	r.poke()
	return r.publish()
}

// plot is the settings of a story.
type plot struct {
	poll, cooldown int // seconds
	least, most    int
	idle           bool // idleReplicaCount 0
	target         int
	activation     int
	behavior       string // "" for none
	triggers       []string
	login          []string // parameters that the trigger has from an authentication object
	queues         []triggers.Redis
	service, start time.Duration
	probe          string
	bare           bool
}

func drawPlot(r *rand.Rand, f score.Family, number int) plot {
	p := plot{
		poll: 1 + r.IntN(30), cooldown: 10 + r.IntN(291), most: 3 + r.IntN(48), target: 1 + r.IntN(50),
		service: time.Duration(0.3 * math.Pow(10/0.3, r.Float64()) * float64(time.Second)),
		start:   time.Duration(0.5 * math.Pow(20/0.5, r.Float64()) * float64(time.Second)),
	}
	p.least = max(0, r.IntN(7)-3) // 0 in four of seven
	p.idle = p.least > 0 && r.IntN(3) == 0
	p.behavior = drawBehavior(r)
	if r.IntN(5) < 2 {
		p.probe = fmt.Sprintf(", readinessProbe: {exec: {command: [ready]}, periodSeconds: %d, initialDelaySeconds: %d}", 1+r.IntN(10), r.IntN(10))
	}
	switch f {
	case others:
		p.otherTrigger(r, number)
		return p
	case used:
		p.byUse(r, number)
		return p
	}
	if r.IntN(4) == 0 {
		p.activation = 1 + r.IntN(20)
	}
	for _, list := range []string{"orders", "returns"}[:1+r.IntN(5)/4] {
		p.addList(list)
	}
	if r.IntN(7) == 0 {
		from := 1 + r.IntN(14)
		p.triggers = append(p.triggers, fmt.Sprintf(`{type: cron, metadata: {timezone: Etc/UTC, start: "%d 9 * * *", end: "%d 9 * * *", desiredReplicas: "%d"}}`,
			from, from+2+r.IntN(8), 1+r.IntN(8)))
	}
	return p
}

func (p *plot) addList(list string) {
	activation := ""
	if p.activation > 0 {
		activation = fmt.Sprintf(`, activationListLength: "%d"`, p.activation)
	}
	p.triggers = append(p.triggers, fmt.Sprintf(`{type: redis, metadata: {address: "redis.shop:6379", listName: %s, listLength: "%d"%s}}`, list, p.target, activation))
	p.queues = append(p.queues, triggers.Redis{Address: "redis.shop:6379", Key: list})
}

// otherTypes are the trigger types that a list of the sandbox's stands in for.
func otherTypes() []string {
	return slices.DeleteFunc(triggers.Types(), func(name string) bool {
		typ, _ := triggers.TypeOf(name)
		return typ.Metric == "" || typ.Target == "" || typ.Activation == "" || strings.HasPrefix(name, "redis") && !strings.HasSuffix(name, "streams")
	})
}

// otherTrigger is a trigger of another type, whose value kscope knows from the
// list that stands in for its source or, in half of the stories, as on a real
// cluster from the HPA alone.
func (p *plot) otherTrigger(r *rand.Rand, number int) {
	names := otherTypes()
	name := names[number/2%len(names)]
	typ, _ := triggers.TypeOf(name)
	first := func(parameter string) string { one, _, _ := strings.Cut(parameter, "|"); return one }
	metadata := map[string]string{first(typ.Target): fmt.Sprint(p.target)}
	if number%2 == 1 {
		p.activation = 1 + r.IntN(2*p.target)
		metadata[first(typ.Activation)] = fmt.Sprint(p.activation)
	}
	if typ.Queue != "" {
		metadata[first(typ.Queue)] = "entries"
	}
	if strings.HasPrefix(name, "redis") {
		metadata["address"], metadata["consumerGroup"] = "redis.shop:6379", "workers"
	}
	auth := ""
	for _, lacks := range (params.Values{Metadata: metadata}).Lacks(name) {
		if slices.Contains(lacks.Places, triggers.Metadata) {
			metadata[lacks.Names[0]] = lacks.Example()
			continue
		}
		auth = ", authenticationRef: {name: login}"
		p.login = append(p.login, fmt.Sprintf("{parameter: %s, name: login, key: %s}", lacks.Names[0], "any"))
	}
	if p.bare = number%4 >= 2 && !strings.HasPrefix(name, "redis"); p.bare && strings.HasSuffix(name, "kafka") {
		metadata["partitionLimitation"] = fmt.Sprintf("0-%d", p.most-1) // of fewer the HPA does not tell that KEDA caps
	}
	var pairs []string
	for k, v := range metadata {
		pairs = append(pairs, fmt.Sprintf("%s: %q", k, v))
	}
	slices.Sort(pairs)
	p.triggers = []string{fmt.Sprintf("{type: %s, metadata: {%s}%s}", name, strings.Join(pairs, ", "), auth)}
	if q, ok := brokers.TriggerQueue(hero.Namespace, hero.Name, 0, name, metadata); ok {
		p.queues = []triggers.Redis{q}
	}
}

// byUse is a trigger on what pods use, beside a list in two of three stories.
func (p *plot) byUse(r *rand.Rand, number int) {
	p.probe += ", resources: {requests: {cpu: 500m, memory: 256Mi}}"
	byUtilization := func(typ string, percent int) {
		p.triggers = append(p.triggers, fmt.Sprintf(`{type: %s, metricType: Utilization, metadata: {value: "%d"}}`, typ, percent))
	}
	if number%3 > 0 {
		p.addList("orders")
	} else {
		p.least, p.idle = max(p.least, 1), false // KEDA takes no other
		p.queues = append(p.queues, world.Requests(hero.Namespace, hero.Name))
	}
	byUtilization("cpu", 30+10*r.IntN(6))
	if number%4 == 1 {
		byUtilization("memory", 60+10*r.IntN(3))
	}
}

// drawBehavior is none, which is what KEDA leaves it at, an empty one, windows or
// policies.
func drawBehavior(r *rand.Rand) string {
	window := func() int { return []int{0, 15, 30, 60, 120, 300}[r.IntN(6)] }
	policy := func() string {
		typ, value := "Pods", 1+r.IntN(6)
		if r.IntN(2) == 0 {
			typ, value = "Percent", 10*(1+r.IntN(10))
		}
		return fmt.Sprintf("{type: %s, value: %d, periodSeconds: %d}", typ, value, 15*(1+r.IntN(8)))
	}
	policies := func() string {
		all := []string{policy()}
		if r.IntN(3) == 0 {
			all = append(all, policy())
		}
		return fmt.Sprintf("selectPolicy: %s, policies: [%s]", []string{"Max", "Max", "Min"}[r.IntN(3)], strings.Join(all, ", "))
	}
	switch r.IntN(10) {
	case 0, 1, 2, 3:
		return ""
	case 4:
		return "{}"
	case 5, 6:
		return fmt.Sprintf("{scaleDown: {stabilizationWindowSeconds: %d}}", window())
	case 7:
		return fmt.Sprintf("{scaleUp: {stabilizationWindowSeconds: %d}, scaleDown: {stabilizationWindowSeconds: %d}}", window()/4, window())
	case 8:
		return fmt.Sprintf("{scaleUp: {%s}}", policies())
	}
	return fmt.Sprintf("{scaleUp: {%s}, scaleDown: {stabilizationWindowSeconds: %d, %s}}", policies(), window(), policies())
}

func (p *plot) String() string {
	idle, behavior := "", cmp.Or(p.behavior, "none")
	if p.idle {
		idle = " idle 0"
	}
	return fmt.Sprintf("P %d C %d min %d%s max %d, behavior %s, a job takes %.1fs, a start %.1fs%s, triggers %s",
		p.poll, p.cooldown, p.least, idle, p.most, behavior, p.service.Seconds(), p.start.Seconds(), p.probe, strings.Join(p.triggers, " "))
}

// text is the manifests. The Deployment leaves its replicas to whoever scales it,
// and so begins with one.
func (p *plot) text() string {
	var rest strings.Builder
	if p.least > 0 {
		fmt.Fprintf(&rest, "  minReplicaCount: %d\n", p.least)
	}
	if p.idle {
		fmt.Fprint(&rest, "  idleReplicaCount: 0\n")
	}
	if p.behavior != "" {
		fmt.Fprintf(&rest, "  advanced: {horizontalPodAutoscalerConfig: {behavior: %s}}\n", p.behavior)
	}
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata: {name: worker, namespace: shop}
spec:
  selector: {matchLabels: {app: worker}}
  template:
    metadata: {labels: {app: worker}}
    spec:
      containers: [{name: worker, image: "example/worker:1"%s}]
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: worker, namespace: shop}
spec:
  scaleTargetRef: {name: worker}
  pollingInterval: %d
  cooldownPeriod: %d
  maxReplicaCount: %d
%s  triggers: [%s]
`, p.probe, p.poll, p.cooldown, p.most, rest.String(), strings.Join(p.triggers, ", ")) + p.logsIn()
}

// logsIn is what a trigger takes its login from, if it needs one.
func (p *plot) logsIn() string {
	if p.login == nil {
		return ""
	}
	return fmt.Sprintf(`---
apiVersion: v1
kind: ConfigMap
metadata: {name: login, namespace: shop}
data: {any: "x"}
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata: {name: login, namespace: shop}
spec: {configMapTargetRef: [%s]}
`, strings.Join(p.login, ", "))
}

// work is what comes into a queue in the course of a story: bursts, two of them
// close together, steady rates and trickles, with pauses in which the workload may
// fall asleep.
func (p *plot) work(r *rand.Rand, q triggers.Redis) []beat {
	var out []beat
	words := map[int]string{} // of so many jobs; most come alone
	add := func(at time.Duration, jobs int, turns bool) {
		if words[jobs] == "" {
			words[jobs] = fmt.Sprintf("%d jobs into %s", jobs, q.Key)
		}
		out = append(out, beat{at: at, words: words[jobs], queue: q, jobs: jobs, turns: turns})
	}
	many := func() int {
		pods := 1 + r.IntN(p.most*13/10)
		return max(1, pods*p.target-r.IntN(p.target))
	}
	flow := func(at, lasts, every time.Duration) time.Duration {
		first := len(out)
		for end := at + lasts; at < end; at += between(r, every/2, every*3/2) {
			add(at, 1, false)
		}
		out[first].turns, out[len(out)-1].turns = true, true
		return at
	}
	for at := between(r, 5*time.Second, 90*time.Second); at < storyLength-2*time.Minute; {
		switch r.IntN(6) {
		case 0, 1:
			add(at, many(), true)
		case 2:
			add(at, many(), true)
			at += between(r, 5*time.Second, 150*time.Second)
			add(at, many(), true)
		case 3, 4: // what a share of the pods can just work off
			rate := float64(p.most) * (0.1 + 0.8*r.Float64()) / p.service.Seconds()
			at = flow(at, between(r, time.Minute, 8*time.Minute), time.Duration(float64(time.Second)/min(rate, 6)))
		default:
			at = flow(at, between(r, 2*time.Minute, 8*time.Minute), between(r, 4*time.Second, time.Minute))
		}
		at += between(r, 20*time.Second, time.Duration(p.cooldown)*time.Second+3*time.Minute)
	}
	return out
}

// between is a time drawn from a span, in whole milliseconds.
func between(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)/int64(time.Millisecond)+1))*time.Millisecond
}

// TestStories: a name is always the same story, every story can be loaded and has
// work in it, and together they have everything that stories are to have.
func TestStories(t *testing.T) {
	seen := map[string]int{}
	for _, f := range families {
		for n := range f.n {
			s := storyOf(f.family, n)
			if again := storyOf(f.family, n); again.text != s.text || len(again.beats) != len(s.beats) || again.options.Seed != s.options.Seed {
				t.Fatalf("%s is two stories", s.name())
			}
			if n%max(1, *scoreEvery/48) == 0 {
				if _, err := strictly([]string{"-"}, strings.NewReader(s.text)); err != nil {
					t.Fatalf("%s: %v\n%s", s.name(), err, s.text)
				}
			}
			jobs, last := 0, time.Duration(0)
			for _, b := range s.beats {
				if b.at < last || b.at > storyLength+7*time.Minute || (b.do == nil) != (b.jobs > 0) {
					t.Errorf("%s: %v %s after %v", s.name(), b.at, b.words, last)
				}
				last = b.at
				if jobs += b.jobs; b.do != nil {
					seen[string(f.family)+" "+b.words]++
				}
			}
			if jobs == 0 {
				t.Errorf("%s has no work", s.name())
			}
			for _, word := range []string{"cron", "idleReplicaCount", "behavior: {}", "behavior: {scale", "minReplicaCount", "activation", "readinessProbe", "returns", "selectPolicy", "type: cpu", "type: memory", "listLength"} {
				if strings.Contains(s.text, word) {
					seen[string(f.family)+" "+strings.TrimPrefix(word, "type: ")]++
				}
			}
			seen[fmt.Sprint(f.family, " skew ", s.skew)]++
			seen[fmt.Sprint(f.family, " bare ", s.bare)]++
		}
	}
	for _, b := range brokenBy {
		if n := seen["broken broken: "+b]; n != 15 {
			t.Errorf("%s breaks %d times", b, n)
		}
	}
	for _, what := range []string{"healthy a rollout", "healthy broken: pause", "healthy skew 30s", "healthy skew -30s", "healthy cron", "healthy idleReplicaCount",
		"healthy behavior: {}", "healthy behavior: {scale", "healthy minReplicaCount", "healthy activation", "healthy readinessProbe", "healthy returns", "healthy selectPolicy",
		"others activation", "others bare true", "others bare false", "used cpu", "used memory", "used listLength"} {
		if seen[what] < 10 {
			t.Errorf("%s: in %d stories", what, seen[what])
		}
	}
}
