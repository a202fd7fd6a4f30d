package world

import (
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/dump"
)

// scaledObject is a ScaledObject and what KEDA's operator keeps about it.
type scaledObject struct {
	ref  kscope.Ref
	u    *unstructured.Unstructured // as the API server has it
	spec scaledObjectSpec
	rev  int // of every write, as a resourceVersion

	// Status, written into u by publish.
	conditions conditions
	hpaName    string
	metrics    []string // external metric names, in the order of the triggers
	resources  []string
	lastActive time.Time // whole seconds; zero: never
	activity   map[string]bool
	health     map[string]*health
	original   *int32
	pausedAt   *int32
	targetKind string // "apps/v1.Deployment"
	types      string
	auths      string
	knowsTypes bool

	// The operator's own memory.
	retry       backoff
	reconciling *timer
	poll        *timer
	loopOf      int64     // generation that the loop runs for; 0: no loop
	built       []trigger // the scaler cache; nil when it was dropped
	formula     *formula  // of that; nil without one
	builtOf     int64
	seen        map[string]record // what the HPA's queries saw (2.4)
	cached      map[string]record // what the loop saw, for useCachedMetrics
}

// health is one entry of status.health.
type health struct {
	failures int32
	failing  bool
}

// record is one observation of one external metric by KEDA.
type record struct {
	milli    int64 // the value, in thousandths
	active   bool
	fallback bool // the value is made up
	err      error
}

// condition is a condition as KEDA has them, without times.
type condition struct{ typ, status, reason, message string }

// conditions keep KEDA's order.
type conditions []condition

func (cs conditions) get(typ string) condition {
	for _, c := range cs {
		if c.typ == typ {
			return c
		}
	}
	return condition{}
}

// set replaces a condition, or adds one that was not there.
func (cs *conditions) set(typ, status, reason, message string) {
	for i := range *cs {
		if (*cs)[i].typ == typ {
			(*cs)[i] = condition{typ, status, reason, message}
			return
		}
	}
	*cs = append(*cs, condition{typ, status, reason, message})
}

func initialConditions() conditions {
	return conditions{{typ: "Ready", status: "Unknown"}, {typ: "Active", status: "Unknown"},
		{typ: "Fallback", status: "Unknown"}, {typ: "Paused", status: "False"}}
}

func (cs conditions) list() []any {
	out := make([]any, len(cs))
	for i, c := range cs {
		m := map[string]any{"type": c.typ, "status": c.status}
		if c.reason != "" {
			m["reason"] = c.reason
		}
		if c.message != "" {
			m["message"] = c.message
		}
		out[i] = m
	}
	return out
}

// The words of KEDA's conditions.
const (
	readyMessage     = "ScaledObject is defined correctly and is ready for scaling"
	pausedMessage    = "ScaledObject is paused"
	activeMessage    = "Scaling is performed because triggers are active"
	forcedMessage    = "Scaling is performed because activation is being forced by annotation"
	inactiveMessage  = "Scaling is not performed because triggers are not active"
	cooldownMessage  = "Scaler cooling down because triggers are not active"
	noFallback       = "No fallbacks are active on this scaled object"
	fallbackMessage  = "At least one trigger is falling back on this scaled object"
	triggersMessage  = "Triggers defined in ScaledObject are not working correctly"
	partialMessage   = "Some triggers defined in ScaledObject are not working correctly"
	checkFailMessage = "ScaledObject check failed"
)

// publishScaledObject writes the status into the object and says so, unless
// nothing has changed.
func (w *World) publishScaledObject(so *scaledObject) {
	status := so.status()
	if old, ok := so.u.Object["status"].(map[string]any); ok && sameJSON(old, status) {
		return
	}
	so.u.Object["status"] = status
	w.emitScaledObject(Modified, so)
}

func (w *World) emitScaledObject(verb ChangeVerb, so *scaledObject) {
	so.rev++
	w.emit(verb, so.u)
}

// status is the object's status as KEDA writes it.
func (so *scaledObject) status() map[string]any {
	s := map[string]any{"conditions": so.conditions.list()}
	text := func(key, v string) {
		if v != "" {
			s[key] = v
		}
	}
	text("hpaName", so.hpaName)
	text("triggersTypes", so.types)
	if so.knowsTypes {
		s["authenticationsTypes"] = so.auths
	}
	if so.targetKind != "" {
		s["scaleTargetKind"] = so.targetKind
		kind := so.targetKind[strings.LastIndexByte(so.targetKind, '.')+1:]
		s["scaleTargetGVKR"] = map[string]any{"group": "apps", "version": "v1", "kind": kind, "resource": strings.ToLower(kind) + "s"}
	}
	if len(so.metrics) > 0 {
		s["externalMetricNames"] = anys(so.metrics)
	}
	if len(so.resources) > 0 {
		s["resourceMetricNames"] = anys(so.resources)
	}
	if !so.lastActive.IsZero() {
		s["lastActiveTime"] = so.lastActive.UTC().Format(time.RFC3339)
	}
	if so.original != nil {
		s["originalReplicaCount"] = int64(*so.original)
	}
	if so.pausedAt != nil {
		s["pausedReplicaCount"] = int64(*so.pausedAt)
	}
	if len(so.activity) > 0 {
		m := make(map[string]any, len(so.activity))
		for name, active := range so.activity {
			m[name] = map[string]any{"isActive": active}
		}
		s["triggersActivity"] = m
	}
	if len(so.health) > 0 {
		m := make(map[string]any, len(so.health))
		for name, h := range so.health {
			word := "Happy"
			if h.failing {
				word = "Failing"
			}
			m[name] = map[string]any{"numberOfFailures": int64(h.failures), "status": word}
		}
		s["health"] = m
	}
	return s
}

// remember is the way back.
func (so *scaledObject) remember(s dump.Status) {
	so.hpaName, so.targetKind, so.types = s.HPAName, s.ScaleTargetKind, s.TriggersTypes
	so.metrics, so.resources, so.activity = s.ExternalMetricNames, s.ResourceMetricNames, s.Activity()
	so.lastActive, so.original, so.pausedAt = s.LastActive(), s.OriginalReplicaCount, s.PausedReplicaCount
	if so.knowsTypes = s.AuthenticationsTypes != nil; so.knowsTypes {
		so.auths = *s.AuthenticationsTypes
	}
	so.conditions = conditionsOf(s)
	for name, h := range s.Health {
		if so.health == nil {
			so.health = map[string]*health{}
		}
		so.health[name] = &health{h.NumberOfFailures, h.Status == "Failing"}
	}
}

func conditionsOf(s dump.Status) (out conditions) {
	for _, c := range s.Conditions {
		out.set(c.Type, c.Status, c.Reason, c.Message)
	}
	return out
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// sameJSON compares two values of decoded JSON.
func sameJSON(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, sameJSON)
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, sameJSON)
	}
	return a == b
}

// target is the workload that a ScaledObject scales; nil if there is none.
func (w *World) target(so *scaledObject) *workload {
	return w.workloads[workloadKey{orText(so.spec.ScaleTargetRef.Kind, "Deployment"), so.targetRef()}]
}

func (so *scaledObject) targetRef() kscope.Ref {
	return kscope.Ref{Namespace: so.ref.Namespace, Name: so.spec.ScaleTargetRef.Name}
}

func orText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// typesOf are the distinct trigger types and authentication names, in order.
func typesOf(triggers []triggerSpec) (types, auths string) {
	var t, a []string
	for _, trigger := range triggers {
		if !slices.Contains(t, trigger.Type) {
			t = append(t, trigger.Type)
		}
		if ref := trigger.AuthenticationRef; ref != nil && ref.Name != "" && !slices.Contains(a, ref.Name) {
			a = append(a, ref.Name)
		}
	}
	return strings.Join(t, ","), strings.Join(a, ",")
}
