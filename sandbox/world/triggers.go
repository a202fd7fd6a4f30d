package world

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/brokers"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/triggers/params"
)

// trigger is one of spec.triggers as its scaler is built from it.
type trigger struct {
	index      int
	typ        string
	metric     string // name of the external metric; "" for cpu and memory
	resource   string // cpu or memory
	queue      *triggers.Redis
	cron       *triggers.Cron
	lost       error           // why its source cannot be asked, whatever happens
	pods       labels.Selector // kubernetes-workload
	byNode     bool            // of these, their nodes
	target     int64           // thousandths
	activation float64
	connects   bool
	byValue    bool // metricType: Value
	cached     bool // useCachedMetrics
	util       *int32
	from       triggerSpec
}

// buildTrigger is what KEDA's constructor of a scaler checks, in its words.
func buildTrigger(of kscope.Ref, index int, spec triggerSpec, given params.Values) (trigger, error) {
	t := trigger{index: index, typ: spec.Type, cached: spec.UseCachedMetrics, byValue: spec.MetricType == "Value", from: spec}
	known, isOne := triggers.TypeOf(spec.Type)
	if !isOne {
		return t, fmt.Errorf("no scaler found for type: %s", spec.Type)
	}
	if allowed, _ := known.MetricTypes(); spec.MetricType == "Utilization" && !slices.Contains(allowed, spec.MetricType) {
		return t, fmt.Errorf("error getting scaler metric type: 'Utilization' metric type is unsupported for external metrics, allowed values are 'Value' or 'AverageValue'")
	}
	if err := params.Check(params.Object{Namespace: of.Namespace, Name: of.Name}, spec.Type, given); err != nil {
		return t, err
	}
	switch spec.Type {
	case "cpu", "memory":
		return t.asResource()
	case "cron":
		return t.asCron()
	case "kubernetes-workload":
		return t.asPods(known, of.Namespace)
	}
	queue, ok := brokers.TriggerQueue(of.Namespace, of.Name, index, spec.Type, spec.Metadata)
	if !ok { // its database is no number that Redis could have
		return t, t.connection(fmt.Errorf("ERR DB index is out of range"))
	}
	if err := t.reaches(given); err != nil {
		return t, err
	}
	if err := t.targets(known); err != nil {
		return t, t.bad(err)
	}
	if known.Target == "" && known.Default == 0 {
		t.target = 1000 // only the source could say
	}
	t.queue, t.connects = &queue, known.Connects
	t.metric = known.MetricFor(index, spec.Metadata)
	return t, nil
}

// reaches is the error of connecting to an address that is none.
func (t *trigger) reaches(given params.Values) error {
	if !strings.HasPrefix(t.typ, "redis") || strings.HasPrefix(t.typ, "redis-cluster") || strings.HasPrefix(t.typ, "redis-sentinel") {
		return nil
	}
	all, err := params.Addresses(given)
	if err == nil {
		err = params.HostPort(all[0])
	}
	if err != nil {
		return t.connection(fmt.Errorf("dial tcp: %w", err))
	}
	return nil
}

// targets reads the target and the activation target. What no HPA can have as its target
// is none.
func (t *trigger) targets(known triggers.Type) error {
	target, err := known.TargetIn(t.from.Metadata)
	if err != nil {
		return err
	}
	if milli := math.Round(target * 1000); milli < math.MaxInt64 {
		t.target = int64(milli)
	}
	t.activation, err = known.ActivationIn(t.from.Metadata)
	return err
}

// bad is a parse error of a trigger's metadata in KEDA's words.
func (t trigger) bad(err error) error { return fmt.Errorf("error parsing %s metadata: %w", t.typ, err) }

func (t trigger) asResource() (trigger, error) {
	t.resource = t.typ
	value := strings.TrimSpace(t.from.Metadata["value"])
	switch t.from.MetricType {
	case "AverageValue":
		t.target = quantityMilli(value)
	case "Utilization":
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil {
			return t, t.bad(err)
		}
		u := int32(n)
		t.util = &u
	default:
		return t, t.bad(fmt.Errorf("unknown metric type: %s, allowed values are 'Utilization' or 'AverageValue'", t.from.MetricType))
	}
	return t, nil
}

// asCron is a schedule. Whether its time zone is known KEDA finds out at each poll.
func (t trigger) asCron() (trigger, error) {
	m := t.from.Metadata
	if _, err := time.LoadLocation(strings.TrimSpace(m["timezone"])); err != nil {
		t.lost = fmt.Errorf("unable to load timezone: %w", err)
		t.from.Metadata = maps.Clone(m)
		t.from.Metadata["timezone"] = "UTC"
	}
	window, err := triggers.ParseCron(t.from.Metadata)
	if err != nil {
		return t, t.bad(err)
	}
	t.cron, t.target = window, 1000
	symbols := strings.NewReplacer(" ", "", "*", "x", "/", "Sl", "?", "Qm", ",", "Cm")
	t.metric = triggers.NameMetric(t.index, fmt.Sprintf("cron-%s-%s-%s", m["timezone"], symbols.Replace(m["start"]), symbols.Replace(m["end"])))
	return t, nil
}

func (t trigger) asPods(known triggers.Type, namespace string) (trigger, error) {
	const begins = "error parsing kubernetes workload metadata: "
	if err := t.targets(known); err != nil || t.target <= 0 {
		return t, fmt.Errorf("%s%svalue must be a float greater than 0", begins, begins)
	}
	selector, err := labels.Parse(t.from.Metadata["podSelector"])
	if err != nil {
		return t, fmt.Errorf("%serror parsing pod selector: %w", begins, err)
	}
	t.pods = selector
	t.byNode, _ = strconv.ParseBool(t.from.Metadata["groupByNode"])
	t.metric = triggers.NameMetric(t.index, "workload-"+namespace)
	return t, nil
}

// active is the scaler's own statement whether there is work, by what it compares.
func (t trigger) active(value float64) bool {
	if t.typ == "github-runner" {
		return value >= float64(t.target)/1000
	}
	return value > t.activation
}

// value is what KEDA makes of what the trigger's source says now, and what of that it
// compares with the activation target.
func (w *World) value(namespace string, t trigger, now time.Time) (value, active float64, err error) {
	switch {
	case t.lost != nil:
		return 0, 0, t.lost
	case t.cron != nil:
		return t.cron.Value(now), t.cron.Value(now), nil
	case t.pods != nil:
		value = float64(w.countPods(namespace, t.pods, t.byNode))
		return value, value, nil
	}
	waiting, workers, err := w.jobsIn(*t.queue)
	if err != nil {
		return 0, 0, err
	}
	value, active = brokers.Counted(w.queue(*t.queue).Look(waiting, workers))
	return value, active, nil
}

// Depth is what the broker that a list stands in for would tell of it; false for no more
// than its length.
func (w *World) Depth(q triggers.Redis) (kscope.Depth, bool) {
	waiting, workers, err := w.jobsIn(q)
	is := w.queue(q)
	return is.Tell(waiting, workers), err == nil && !is.IsList()
}

// queue is what is remembered of a queue.
func (w *World) queue(q triggers.Redis) *brokers.Queue {
	if w.queues[q] == nil {
		w.queues[q] = &brokers.Queue{}
	}
	return w.queues[q]
}

// counts has a queue counted as the broker of its trigger does, by what KEDA knows of that.
func (w *World) counts(t trigger, given params.Values) {
	if t.queue == nil || t.queue.Address != brokers.StandInAddress {
		return
	}
	is := w.queue(*t.queue)
	sampled := is.Every > 0
	if is.Anew(brokers.Of(given.Parameters(t.typ))); is.Every > 0 && !sampled {
		w.sample(*t.queue, is)
	}
}

// sample has a broker count that does so only at times.
func (w *World) sample(q triggers.Redis, is *brokers.Queue) {
	if waiting, _, err := w.jobsIn(q); err == nil {
		is.Sample(w.now, waiting)
	}
	w.after(is.Every, func() { w.sample(q, is) })
}

// jobsIn is how many jobs wait in a queue, with those that its broker has back from
// workers that are gone, and how many workers it has, where that is told.
func (w *World) jobsIn(q triggers.Redis) (waiting, workers int64, err error) {
	real, err := w.queue(q).Real()
	if !real {
		waiting, err = w.q.Len(q)
	}
	if real || err != nil || w.queue(q).IsList() {
		return waiting, 0, err
	}
	for _, t := range w.left {
		if t.Redis == q {
			waiting++
		}
	}
	w.crewsFollow()
	for _, wl := range w.workloads {
		if slices.Contains(wl.crew.queues, q) {
			workers += int64(wl.runningReady())
		}
	}
	return waiting, workers, nil
}
