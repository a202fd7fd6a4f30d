package world

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/kscope/kscope/triggers"
)

// StandInAddress is the address of every stand-in queue: a name that no DNS
// has, for whoever resolves addresses to put the sandbox's own server in its
// place.
const StandInAddress = "stand-in.sandbox:6379"

// StandIn is the queue, a Redis list, that stands in for the source of a
// trigger that is not a Redis list. Index is the trigger's position. The key
// is {type}-{index}-{name}, before it the namespace unless that is "default".
func StandIn(namespace, name string, index int, typ string) triggers.Redis {
	key := fmt.Sprintf("%s-%d-%s", typ, index, name)
	if namespace != "" && namespace != "default" {
		key = namespace + ":" + key
	}
	return triggers.Redis{Address: StandInAddress, Key: key}
}

// TriggerQueue is the queue that the world measures for a trigger, and whose
// jobs its workers take: the trigger's own list if it is a Redis list, as the
// rest of kscope resolves it, else its stand-in. It is false for triggers that
// look at no queue (cron, cpu, memory, kubernetes-workload), that are unknown,
// or whose Redis list or stream is not understood. Of a stream that is the part that the
// trigger counts.
func TriggerQueue(namespace, name string, index int, typ string, metadata map[string]string) (triggers.Redis, bool) {
	switch typ {
	case "redis", "redis-cluster", "redis-sentinel":
		return triggers.RedisQueue("redis", metadata)
	case "redis-streams", "redis-cluster-streams", "redis-sentinel-streams":
		return triggers.RedisQueue("redis-streams", metadata)
	}
	if t, ok := triggers.TypeOf(typ); !ok || t.Metric == "" {
		return triggers.Redis{}, false
	}
	return StandIn(namespace, name, index, typ), true
}

// trigger is one of spec.triggers as its scaler is built from it.
type trigger struct {
	index      int
	typ        string
	metric     string // name of the external metric; "" for cpu and memory
	resource   string // cpu or memory
	queue      *triggers.Redis
	cron       *triggers.Cron
	pods       labels.Selector // kubernetes-workload
	target     int64           // thousandths
	activation float64
	connects   bool
	byValue    bool // metricType: Value
	cached     bool // useCachedMetrics
	util       *int32
	from       triggerSpec
}

// buildTrigger is what KEDA's constructor of a scaler checks, with its words
// where they are known.
func buildTrigger(namespace, name string, index int, spec triggerSpec) (trigger, error) {
	t := trigger{index: index, typ: spec.Type, cached: spec.UseCachedMetrics, byValue: spec.MetricType == "Value", from: spec}
	known, _ := triggers.TypeOf(spec.Type)
	if allowed, _ := known.MetricTypes(); spec.MetricType == "Utilization" && !slices.Contains(allowed, spec.MetricType) {
		return t, fmt.Errorf("error getting scaler metric type: metric type 'Utilization' not supported for external metrics, allowed values are 'Value' or 'AverageValue'")
	}
	switch spec.Type {
	case "cpu", "memory":
		return t.asResource()
	case "cron":
		return t.asCron()
	case "kubernetes-workload":
		return t.asPods(known, namespace)
	}
	if known.Metric == "" { // not of KEDA's, or not played
		return t, fmt.Errorf("no scaler found for type: %s", spec.Type)
	}
	queue, ok := TriggerQueue(namespace, name, index, spec.Type, spec.Metadata)
	if !ok {
		return t, t.bad(spec.lacks())
	}
	if spec.isRedis() && !spec.namesAddress() {
		return t, t.bad(fmt.Errorf("no addresses or hosts given. address should be a comma separated list of host:port or set the host/port values"))
	}
	if err := t.targets(known); err != nil {
		return t, t.bad(err)
	}
	if known.Target == "" && t.target == 0 {
		t.target = 1000 // only the source could say
	}
	t.queue, t.connects = &queue, known.Connects
	t.metric = known.MetricFor(index, spec.Metadata)
	return t, nil
}

// targets reads the target and the activation target.
func (t *trigger) targets(known triggers.Type) error {
	target, err := known.TargetIn(t.from.Metadata)
	if err != nil {
		return err
	}
	// As thousandths in a number of 64 bits the API takes it, or refuses KEDA's HPA.
	milli := math.Round(target * 1000)
	if target != 0 && !(milli >= 1 && milli < math.MaxInt64) {
		return fmt.Errorf("a target of %v: must be positive, and no larger than an HPA can take", target)
	}
	t.target = int64(milli)
	t.activation, err = known.ActivationIn(t.from.Metadata)
	return err
}

// bad is a parse error of a trigger's metadata in KEDA's words.
func (t trigger) bad(err error) error {
	typ := t.typ
	if t.from.isRedisList() {
		typ = "redis"
		return fmt.Errorf("error parsing %s metadata: error parsing %s metadata: %w", typ, typ, err)
	}
	return fmt.Errorf("error parsing %s metadata: %w", typ, err)
}

// lacks is why the key of a Redis trigger is not understood.
func (s triggerSpec) lacks() error {
	switch _, err := strconv.ParseInt(strings.TrimSpace(s.Metadata["lagCount"]), 10, 64); {
	case s.isRedisList():
		return fmt.Errorf("missing required parameter \"listName\" in [triggerMetadata]")
	case strings.TrimSpace(s.Metadata["stream"]) == "":
		return fmt.Errorf("missing required parameter \"stream\" in [triggerMetadata]")
	default:
		return fmt.Errorf("unable to set param \"lagCount\" value %q: unable to unmarshal to field type int64: %w", s.Metadata["lagCount"], err)
	}
}

// isRedis reports whether a trigger is one of Redis's six.
func (s triggerSpec) isRedis() bool { return strings.HasPrefix(s.Type, "redis") }

// isRedisList reports whether a trigger measures a key of Redis's other than a
// stream.
func (s triggerSpec) isRedisList() bool {
	return s.Type == "redis" || s.Type == "redis-cluster" || s.Type == "redis-sentinel"
}

// namesAddress reports whether a Redis trigger says where its server is; with
// an authentication object that may be said there.
func (s triggerSpec) namesAddress() bool {
	for _, key := range []string{"address", "addresses", "host", "hosts"} {
		if strings.TrimSpace(s.Metadata[key]) != "" || strings.TrimSpace(s.Metadata[key+"FromEnv"]) != "" {
			return true
		}
	}
	return s.AuthenticationRef != nil
}

func (t trigger) asResource() (trigger, error) {
	t.resource = t.typ
	value, err := strconv.ParseFloat(strings.TrimSpace(t.from.Metadata["value"]), 64)
	switch {
	case t.from.Metadata["value"] == "":
		return t, t.bad(fmt.Errorf("missing required parameter \"value\" in [triggerMetadata]"))
	case t.from.MetricType == "Utilization" && err == nil:
		u := int32(value)
		t.util = &u
	case t.from.MetricType == "AverageValue":
		t.target = quantityMilli(t.from.Metadata["value"])
	default:
		return t, t.bad(fmt.Errorf("unsupported metric type, allowed values are 'Utilization' or 'AverageValue'"))
	}
	return t, nil
}

func (t trigger) asCron() (trigger, error) {
	window, err := triggers.ParseCron(t.from.Metadata)
	if err != nil {
		return t, t.bad(err)
	}
	t.cron, t.target = window, 1000
	m := t.from.Metadata
	symbols := strings.NewReplacer(" ", "", "*", "x", "/", "Sl", "?", "Qm", ",", "Cm")
	t.metric = triggers.NameMetric(t.index, fmt.Sprintf("cron-%s-%s-%s", m["timezone"], symbols.Replace(m["start"]), symbols.Replace(m["end"])))
	return t, nil
}

func (t trigger) asPods(known triggers.Type, namespace string) (trigger, error) {
	selector, err := labels.Parse(t.from.Metadata["podSelector"])
	if err != nil || t.from.Metadata["podSelector"] == "" {
		return t, t.bad(fmt.Errorf("invalid pod selector"))
	}
	if err := t.targets(known); err != nil {
		return t, t.bad(err)
	}
	t.pods = selector
	t.metric = triggers.NameMetric(t.index, "workload-"+namespace)
	return t, nil
}

// active is the scaler's own statement whether there is work.
func (t trigger) active(value float64) bool {
	if t.typ == "github-runner" {
		return value >= float64(t.target)/1000
	}
	return value > t.activation
}

// value is what the trigger's source says now.
func (w *World) value(namespace string, t trigger, now time.Time) (float64, error) {
	switch {
	case t.cron != nil:
		return t.cron.Value(now), nil
	case t.pods != nil:
		return float64(w.countPods(namespace, t.pods)), nil
	}
	n, err := w.q.Len(*t.queue)
	return float64(n), err
}
