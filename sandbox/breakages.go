package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/world"
)

// Breakage is something that can go wrong in the sandbox, on purpose.
type Breakage struct {
	Name   string // as in flags
	Title  string // as in a menu
	Effect string // what it does, and what to look for
	Once   bool   // it happens and is over: there is nothing to mend
	Broken bool
}

// breakage is a Breakage and, where it is the world's own, what it is there.
type breakage struct {
	Breakage
	kind world.BreakageKind
}

// breakages in the order in which they are offered: first what is most often
// met.
var breakages = []breakage{
	{Breakage: Breakage{Name: "redis", Title: "lose Redis", Effect: "nothing listens where the queues are; what is in them stays"}},
	{Breakage{Name: "image", Title: "bad image", Effect: "the image of new pods cannot be pulled"}, world.BadImage},
	{Breakage{Name: "room", Title: "no room", Effect: "no node has room for new pods"}, world.NoRoom},
	{Breakage{Name: "crash", Title: "crash pods", Effect: "containers end with an error soon after they start"}, world.CrashPods},
	{Breakage: Breakage{Name: "permission", Title: "refuse permission", Effect: "kscope may no longer watch pods"}},
	{Breakage{Name: "memory", Title: "too little memory", Effect: "containers are soon killed for their memory"}, world.OutOfMemory},
	{Breakage{Name: "slow", Title: "slow images", Effect: "images take 90 seconds longer to arrive"}, world.SlowImages},
	{Breakage{Name: "unready", Title: "pods never ready", Effect: "new pods run and pass no readiness probe"}, world.NeverReady},
	{Breakage{Name: "idle", Title: "idle workers", Effect: "pods are ready and take no work"}, world.IdleWorkers},
	{Breakage{Name: "operator", Title: "stop KEDA", Effect: "nobody looks, nobody measures for the HPA"}, world.NoOperator},
	{Breakage{Name: "metrics", Title: "lose the metrics API", Effect: "nobody answers the HPA for external metrics"}, world.NoMetrics},
	{Breakage: Breakage{Name: "type", Title: "wrong type of key", Effect: "text is where the queues were, until mended"}},
	{Breakage: Breakage{Name: "key", Title: "wrong key", Effect: "jobs come into a list of nearly the same name"}},
	{Breakage: Breakage{Name: "rival", Title: "a second ScaledObject", Effect: "another one scales the same workload"}},
	{Breakage: Breakage{Name: "hpa", Title: "a second HPA", Effect: "another one scales the same workload"}},
	{Breakage{Name: "scale", Title: "refuse scaling", Effect: "writes to /scale are refused, KEDA's and the HPA's"}, world.RefuseScale},
	{Breakage{Name: "quota", Title: "exhaust the quota", Effect: "no further pod may be created"}, world.Quota},
	{Breakage: Breakage{Name: "pause", Title: "pause the ScaledObject", Effect: "an annotation tells KEDA to leave the replicas alone"}},
	{Breakage{Name: "foreign", Title: "a foreign metrics API", Effect: "another provider answers for external metrics"}, world.ForeignMetrics},
	{Breakage{Name: "forbidden", Title: "forbid metrics", Effect: "the HPA may not read external metrics"}, world.RefuseMetrics},
	{Breakage: Breakage{Name: "auth", Title: "lose the authentication", Effect: "Redis wants a password, and KEDA has none"}},
	{Breakage{Name: "edited", Title: "edit KEDA's HPA", Effect: "its maxReplicas is halved, and KEDA lets it be"}, world.EditedHPA},
	{Breakage{Name: "gitops", Title: "somebody keeps scaling", Effect: "a GitOps tool writes 2 replicas every 30 s"}, world.Meddler},
	{Breakage: Breakage{Name: "scaler", Title: "somebody else scales", Effect: "another hand writes the replicas, once", Once: true}},
	{Breakage: Breakage{Name: "rollout", Title: "roll out", Effect: "every pod is replaced: nothing is wrong", Once: true}},
}

// ofKeys are the breakages of a key of Redis that a trigger names.
var ofKeys = []string{"type", "key", "auth"}

const pausedAnnotation = "autoscaling.keda.sh/paused"

// Breakages lists what can go wrong here, in a fixed order. It waits for nobody: not
// for the world, and not for a breakage that is being made or mended.
func (s *Sandbox) Breakages() []Breakage {
	s.state.Lock()
	defer s.state.Unlock()
	out := make([]Breakage, 0, len(breakages))
	for _, b := range breakages {
		if !s.keys && slices.Contains(ofKeys, b.Name) {
			continue
		}
		if b.Name == "redis" && !s.keys {
			b.Title = "lose the broker"
		}
		b.Broken = s.broken[b.Name]
		out = append(out, b.Breakage)
	}
	return out
}

// Break breaks something until it is mended. To break what is broken changes
// nothing.
func (s *Sandbox) Break(name string) error { return s.turn(name, true) }

// Mend ends a breakage. To mend what is not broken changes nothing. It fails
// when Redis cannot have its port back.
func (s *Sandbox) Mend(name string) error { return s.turn(name, false) }

func (s *Sandbox) turn(name string, broken bool) error {
	i := slices.IndexFunc(breakages, func(b breakage) bool { return b.Name == name })
	if i < 0 {
		return &kscope.Trouble{Cause: fmt.Errorf("there is no breakage %q", name), Hint: "there is: " + strings.Join(BreakageNames(), ", ")}
	}
	b := breakages[i]
	if !s.keys && slices.Contains(ofKeys, b.Name) {
		return &kscope.Trouble{Cause: fmt.Errorf("%s (%s): no trigger here measures a key of Redis", name, b.Title), Hint: "take another breakage, or the demo of redis"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isBroken(name) == broken {
		return nil
	}
	if err := s.catchUp(0); err != nil { // it happens now, not when the world last moved
		return err
	}
	var err error
	switch {
	case b.kind != "":
		s.turnWorld(b.kind, broken)
	case name == "redis":
		err = s.turnRedis(broken)
	case name == "permission" && broken:
		s.api.refuse("pods")
	case name == "permission":
		s.api.allow("pods")
	case name == "pause":
		err = s.turnPause(broken)
	case name == "scaler":
		err = s.scaleByHand()
	case name == "auth":
		err = s.turnAuthentication(broken)
	case name == "rollout":
		err = s.rollOut()
	case name == "key":
		s.turnKeys(broken)
	case name == "type":
		s.turnTypes(broken)
	case name == "rival":
		err = s.turnIntruder(s.rival, broken)
	case name == "hpa":
		err = s.turnIntruder(s.secondHPA, broken)
	}
	if err != nil {
		return err
	}
	s.state.Lock()
	s.broken[name] = broken && !b.Once
	s.state.Unlock()
	s.poke()
	return s.publish()
}

func (s *Sandbox) isBroken(name string) bool {
	s.state.Lock()
	defer s.state.Unlock()
	return s.broken[name]
}

// BreakageNames are the names that Break and Mend take.
func BreakageNames() []string {
	out := make([]string, 0, len(breakages))
	for _, b := range breakages {
		out = append(out, b.Name)
	}
	return out
}

// turnWorld breaks or mends what is scaled, and not what it depends on, such as
// a Redis that is among the manifests.
func (s *Sandbox) turnWorld(kind world.BreakageKind, broken bool) {
	refs := s.breakable()
	switch kind {
	case world.NoOperator, world.NoMetrics, world.ForeignMetrics, world.RefuseMetrics:
		refs = []kscope.Ref{{}}
	}
	for _, ref := range refs {
		if b := (world.Breakage{Kind: kind, Ref: ref}); broken {
			s.world.Break(b)
		} else {
			s.world.Mend(b)
		}
	}
}

// breakable are the workloads that are scaled, ScaledJobs among them; the zero
// Ref, which stands for all, where there are none.
func (s *Sandbox) breakable() []kscope.Ref {
	var out []kscope.Ref
	for _, t := range s.targets {
		out = append(out, t.Ref)
	}
	for _, so := range s.scaled {
		if so.job {
			out = append(out, so.Ref)
		}
	}
	if out == nil {
		out = []kscope.Ref{{}}
	}
	return out
}

func (s *Sandbox) turnRedis(broken bool) error {
	if broken {
		s.redis.lose()
		return nil
	}
	if err := s.redis.find(); err != nil {
		return err
	}
	s.world.Wake()
	return nil
}

// turnPause annotates every ScaledObject and ScaledJob, or gives it back what it had.
func (s *Sandbox) turnPause(broken bool) error {
	for _, so := range s.scaled {
		value := so.paused
		if broken {
			value = "true"
		}
		if err := s.world.Annotate(so.Ref, pausedAnnotation, value); err != nil {
			return err
		}
	}
	return nil
}

// scaleByHand gives the first target three replicas more, as somebody with
// kubectl would.
func (s *Sandbox) scaleByHand() error {
	if len(s.targets) == 0 {
		return errors.New("nothing is scaled here")
	}
	t := s.targets[0]
	return s.world.Scale(t.kind, t.Namespace, t.Name, s.replicas(t)+3, "kubectl")
}

// rollOut has all that is scaled start anew.
func (s *Sandbox) rollOut() error {
	if len(s.targets) == 0 {
		return errors.New("nothing is scaled here")
	}
	if !slices.ContainsFunc(s.targets, func(t target) bool { return s.replicas(t) > 0 }) {
		return &kscope.Trouble{Cause: errors.New("there is no pod that could be replaced"), Hint: "put jobs in, and choose it in the palette, by :"}
	}
	for _, t := range s.targets {
		if err := s.world.Restart(t.kind, t.Namespace, t.Name); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sandbox) replicas(t target) int32 {
	obj, err := s.api.get(resourceOf(t.kind), t.Namespace, t.Name)
	if err != nil {
		return 0
	}
	var n *int32
	switch o := obj.(type) {
	case *appsv1.Deployment:
		n = o.Spec.Replicas
	case *appsv1.StatefulSet:
		n = o.Spec.Replicas
	}
	if n == nil {
		return 1
	}
	return *n
}

// target is something that is scaled.
type target struct {
	kscope.Ref
	kind string // Deployment or StatefulSet
}

// scaledObject is a ScaledObject or ScaledJob as far as it can be paused.
type scaledObject struct {
	kscope.Ref
	job    bool
	paused string // the annotation of its manifest
}

func resourceOf(kindName string) string {
	for _, k := range kinds {
		if k.name == kindName {
			return k.resource()
		}
	}
	return ""
}
