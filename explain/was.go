package explain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/words"
)

// past is a link as it was when that was known last.
type past struct {
	unknown bool   // it is not known now
	said    string // what its link said, "" where it never did
	at      time.Time
	source  store.SourceStatus
}

// was is the links of a chain that are not known now: what is older than its
// source's last good word is never shown as if it were now.
func was(c *store.Chain) (out [Roles]past) {
	last := &c.Last
	put := func(r Role, l Link, at time.Time, source store.SourceStatus) {
		out[r] = past{true, "", at, source}
		if (l.Number != nil || l.Value != Unknown) && l.State != LinkUnknown {
			out[r].said = l.Text()
		}
	}
	then := *c // as it was, to ask the same of it as of what is now
	then.Last = store.Last{}
	then.ScaledObject.Conditions = last.Conditions
	if c.ScaledJob != nil && !last.Object.IsZero() {
		job := *c.ScaledJob
		job.Conditions, then.ScaledJob = last.Conditions, &job
	}
	then.HPA, then.Workload = firstOf(last.HPA, c.HPA), firstOf(last.Workload, c.Workload)
	then.Counts, then.Ready = last.Counts, last.Ready
	if !last.Object.IsZero() && c.ID.Kind == kscope.HPAs {
		put(LinkQueue, metricLink(&then), last.Object, c.HPAStatus)
	} else if !last.Object.IsZero() {
		put(LinkKEDA, kedaLink(&then, &Decision{}), last.Object, c.KEDAStatus)
	}
	if last.HPA != nil {
		put(LinkHPA, hpaLink(&then), last.HPAAt, c.HPAStatus)
	}
	if link := workloadLink; last.Workload != nil {
		if c.ScaledJob != nil {
			link, then.Jobs = jobsLink, store.JobCounts{Running: int(last.Workload.Desired)}
		}
		put(LinkWorkload, link(&then), last.WorkloadAt, c.WorkloadStatus)
	}
	if c.Ready == nil && last.Ready != nil {
		source := c.PodStatus
		if source.Current() {
			source = c.WorkloadStatus
		}
		put(LinkPods, podsLink(&then), last.PodsAt, source)
	}
	return out
}

func firstOf[T any](a, b *T) *T {
	if a != nil {
		return a
	}
	return b
}

// ago is what was said, and how long ago.
func (p past) ago(now time.Time) string {
	if p.said == "" || p.at.IsZero() {
		return ""
	}
	return fmt.Sprintf("%s, %s ago", p.said, words.Age(now.Sub(p.at)))
}

// notNow says in a word or two why something is not known now.
func notNow(st store.SourceStatus) string {
	switch st.State {
	case kscope.Forbidden:
		return "not permitted"
	case kscope.Failing:
		return "not answered"
	case kscope.Absent:
		return "not there"
	}
	return "being read"
}

// unseen is an object that is itself not watched now: nothing follows from what
// it said.
func unseen(c *store.Chain, f *facts) (Decision, bool) {
	if c.Last.Object.IsZero() {
		return Decision{}, false
	}
	st, name := c.ObjectStatus(), called(c.ID.Name)
	d := Decision{Rule: "unseen", Phase: Looking, Link: LinkKEDA, Next: "kscope keeps trying."}
	if c.ID.Kind == kscope.HPAs {
		d.Link = LinkHPA
	}
	old := words.Age(f.now.Sub(c.Last.Object)) + " old"
	switch st.State {
	case kscope.Forbidden:
		d.Why = fmt.Sprintf("You may not see %s: what is known of %s is %s.", st.Kind, name, old)
		d.Next = fmt.Sprintf("Ask for get, list and watch on %s; kscope keeps looking.", st.Kind)
	case kscope.Failing, kscope.Absent:
		d.Why = fmt.Sprintf("kscope cannot watch %s, and what is known of %s is %s: %s", st.Kind, name, old, sentence(orElse(st.Message, string(st.State))))
	default:
		d.Why, d.Next = fmt.Sprintf("Reading %s from the API server.", name), ""
	}
	return d, true
}

// replicasWere is how many there were when that was known last.
func replicasWere(c *store.Chain, f *facts) string {
	w := c.Last.Workload
	if w == nil {
		return ""
	}
	return fmt.Sprintf(" %s ago there were %d of %d.", words.Age(f.now.Sub(c.Last.WorkloadAt)), w.Current, w.Desired)
}

// valueThen is what a trigger said at a time, or a formula.
func (f *facts) valueThen(c *store.Chain, r *store.Reading, at time.Time) (float64, bool) {
	switch r.From {
	case store.FromBroker, store.FromKEDA, store.FromExternal, store.FromPods:
		v := r.AsScaled(valueAt(&r.Past, at))
		return v, v == v // not NaN
	case store.FromHPA:
		return c.Seen(r.Place, at)
	case store.FromSchedule:
		return f.scheduled(r, at), true
	case store.FromFormula:
		return c.Combine(r.Formula, func(part *store.Reading) (float64, bool) { return f.valueThen(c, part, at) })
	}
	return r.Value, r.Known
}

// scheduled is what a trigger's schedule said at a time.
func (f *facts) scheduled(r *store.Reading, at time.Time) float64 {
	if r.Schedule == nil {
		return r.Value
	}
	if f.schedules == nil {
		f.schedules = map[*triggers.Cron]func(time.Time) float64{}
	}
	if f.schedules[r.Schedule] == nil { // read once, for all moments asked for
		f.schedules[r.Schedule] = r.Schedule.Values()
	}
	return f.schedules[r.Schedule](at)
}

// toldWithin is how much later one watch may tell of what happened than another.
const toldWithin = time.Second

// setBy is how many replicas are set at a time: the HPA may say already that it set them
// where the workload, which another watch tells of, does not show it yet.
func setBy(c *store.Chain, at time.Time) int32 {
	is := c.Workload.Desired
	if n := len(c.Past.Syncs); n > 0 {
		s := &c.Past.Syncs[n-1]
		if age := at.Sub(s.At); s.Rescaled && s.Current == is && age >= 0 && age < toldWithin {
			return s.Desired
		}
	}
	return is
}

// unseenWork reports whether there is work that KEDA will find when it next looks.
func unseenWork(c *store.Chain) bool {
	return slices.ContainsFunc(c.Metrics(), func(r store.Reading) bool {
		return r.Known && (r.From == store.FromBroker || r.From == store.FromPods) && r.IsActive()
	})
}

// figuresWithin is how long after they have started it may take until there are figures
// of what pods use: the metrics-server looks every 15 s, twice for one of cpu, and the HPA
// as often.
const figuresWithin = time.Minute

// noFiguresYet reports whether an HPA lacks nothing but figures of pods that have only
// just started: of none of them longer ago is anything known.
func (f *facts) noFiguresYet(c *store.Chain) bool {
	sa, ok := blind(c, f)
	if !ok || !resource(sa.Reason) || !strings.Contains(sa.Message, "no metrics returned") && !strings.Contains(sa.Message, "did not receive metrics") && !strings.Contains(sa.Message, "no pods returned") {
		return false
	}
	first := c.Past.Ready.Above(0)
	return f.ready == 0 && f.now.Sub(later(c.Watched, c.Starting.Since)) < figuresWithin || !first.IsZero() && f.now.Sub(first) < figuresWithin
}

// remembered is a size that the HPA goes up to although nothing calls for it now:
// without a behavior it takes the most that was asked for in its window.
func remembered(c *store.Chain, f *facts) (Decision, bool) {
	if !f.wantKnown || f.partly || f.desired == 0 || f.want > f.desired || !hadMore(c, f) {
		return Decision{}, false
	}
	o := f.play(c)
	if o == nil || !o.Some || !o.Sure || o.KEDA || !o.Up || !o.AtNext || o.Most <= f.desired {
		return Decision{}, false
	}
	if d, cools := cooling(c, f); cools && !d.Zero.IsZero() && d.Zero.Before(o.Latest) {
		return Decision{}, false // KEDA, which found nothing, comes first
	}
	d := Decision{Phase: ScalingUp, Link: LinkHPA,
		Why: fmt.Sprintf("%s, and %s set; but %s ago %s were called for, and the HPA still goes by that.",
			callsFor(c, f), isOrAre(f.desired), words.Age(f.now.Sub(o.MostAt)), pods(int(o.Most)))}
	foretell(&d, c, f)
	return d, true
}

// callsFor is what is called for, or that nothing is.
func callsFor(c *store.Chain, f *facts) string {
	if f.raw == 0 {
		return allQuiet(c, f.r)
	}
	return calls(c, f)
}

// hadMore reports whether an HPA that goes by the past may remember more than is set
// now: one without a behavior does, and only what is longer than a sync in the past
// asks for more than there was then.
func hadMore(c *store.Chain, f *facts) bool {
	if c.HPA == nil || c.HPA.Behavior != nil {
		return false
	}
	since := f.now.Add(-kscope.DownscaleStabilization - scaling.SyncPeriod)
	metrics := c.Metrics()
	for i := range metrics {
		r := &metrics[i]
		if r.From != store.FromBroker {
			return true
		}
		if most, _ := r.Past.Max(since, f.now); r.Target > 0 && most > r.Target*float64(f.desired) {
			return true
		}
	}
	return false
}
