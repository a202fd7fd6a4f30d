package ledger

import (
	"encoding/json"
	"math"
	"time"

	"github.com/kscope/kscope"
)

// The form of an episode for programs: times are RFC 3339, durations are seconds,
// and what is not known is left out. docs/ledger.md describes it. Fields may be
// added, and none changes its meaning.
type (
	episodeJSON struct {
		Object    string      `json:"object"` // scaledobjects, scaledjobs or horizontalpodautoscalers
		Namespace string      `json:"namespace"`
		Name      string      `json:"name"`
		Began     time.Time   `json:"began"`
		Ended     *time.Time  `json:"ended,omitempty"`
		AsOf      *time.Time  `json:"as_of,omitempty"` // of one that is under way
		Partial   bool        `json:"partial,omitempty"`
		Floor     int32       `json:"floor"`
		Most      int32       `json:"most_replicas"`
		Peak      *float64    `json:"peak_jobs,omitempty"`
		Marks     []markJSON  `json:"marks"`
		Whose     []whoseJSON `json:"whose"`
		Cost      costJSON    `json:"cost"`
	}
	markJSON struct {
		Mark     string    `json:"mark"`
		At       time.Time `json:"at"`
		After    float64   `json:"after_seconds"`
		Within   float64   `json:"within_seconds,omitempty"` // before at
		Estimate bool      `json:"estimate,omitempty"`
		Jobs     *float64  `json:"jobs,omitempty"`
		Replicas *float64  `json:"replicas,omitempty"`
		By       string    `json:"by,omitempty"`
		Guess    bool      `json:"guess,omitempty"`
		Whose    string    `json:"whose,omitempty"`
		Took     *float64  `json:"took_seconds,omitempty"`
	}
	whoseJSON struct {
		Whose string  `json:"whose"`
		Took  float64 `json:"took_seconds"`
		Every float64 `json:"interval_seconds,omitempty"`
	}
	costJSON struct {
		PodSeconds   *amountJSON `json:"pod_seconds,omitempty"`
		ReadySeconds *amountJSON `json:"ready_pod_seconds,omitempty"`
		Jobs         *amountJSON `json:"jobs_done,omitempty"`
		Lost         float64     `json:"jobs_lost,omitempty"`
		Mean         *rangeJSON  `json:"mean_wait_seconds,omitempty"`
		P95          *rangeJSON  `json:"p95_wait_seconds,omitempty"`
		Longest      *rangeJSON  `json:"longest_wait_seconds,omitempty"`
		Over         *float64    `json:"over_target_seconds,omitempty"`
		AtMax        *float64    `json:"at_max_seconds,omitempty"`
		Turns        int         `json:"direction_changes"`
	}
	amountJSON struct {
		Value    float64 `json:"value"`
		AtLeast  bool    `json:"at_least,omitempty"`
		Estimate bool    `json:"estimate,omitempty"`
	}
	rangeJSON struct {
		Low      float64 `json:"at_least"`
		High     float64 `json:"at_most"`
		Estimate bool    `json:"estimate,omitempty"`
	}
)

// Words of the form.
var (
	markNames = map[Kind]string{FirstJob: "first_job", Enough: "enough_jobs", Active: "keda_active", Wanted: "first_replica_wanted",
		Created: "pod_created", Scheduled: "pod_scheduled", Started: "pod_started", Ready: "pod_ready", More: "more_jobs",
		MostWanted: "most_replicas_wanted", LastReady: "last_pod_ready", Falling: "queue_falling", Target: "target_reached", Empty: "queue_empty",
		Cooled: "cooldown_over", Rest: "back_at_rest", Gone: "pods_gone", Paused: "paused", Resumed: "resumed"}
	ownerNames = map[Owner]string{Unseen: "unseen", Producer: "producer", KEDAPoll: "keda_poll", HPASync: "hpa_sync", Someone: "someone_else",
		Deploying: "workload_controller", Scheduler: "scheduler", Node: "node", Readiness: "readiness", PodStart: "pod_start", Workers: "workers",
		Cooldown: "keda_cooldown", HPAWindow: "hpa_window", Stopping: "pods_stopping", Pause: "pause"}
)

// JSON is an episode of an object, in one line.
func (e *Episode) JSON(of kscope.ID) []byte {
	out := episodeJSON{Object: string(of.Kind), Namespace: of.Namespace, Name: of.Name, Began: moment(e.Began), Partial: e.Partial,
		Floor: e.Floor, Most: e.Most, Peak: number(e.Peak, !math.IsNaN(e.Peak)), Marks: []markJSON{}, Whose: []whoseJSON{}}
	if e.Open() {
		at := moment(e.Until)
		out.AsOf = &at
	} else {
		at := moment(e.Ended)
		out.Ended = &at
	}
	for _, m := range e.Marks {
		is := markJSON{Mark: markNames[m.Kind], At: moment(m.At), After: seconds(m.At.Sub(e.Began)), Within: seconds(m.Within), Estimate: m.Estimate,
			By: string(m.By), Guess: m.Guess, Whose: ownerNames[m.Owner]}
		switch m.Kind {
		case FirstJob, More, Falling:
			is.Jobs = number(m.N, true)
		case Wanted, MostWanted, Rest:
			is.Replicas = number(m.N, true)
		}
		is.Took = number(m.Took.Seconds(), m.Owner != Nobody)
		out.Marks = append(out.Marks, is)
	}
	for _, s := range e.Whose() {
		out.Whose = append(out.Whose, whoseJSON{ownerNames[s.Owner], seconds(s.Took), seconds(s.Every)})
	}
	c := &e.Cost
	w := &c.Waits
	out.Cost = costJSON{PodSeconds: c.PodSeconds.json(), ReadySeconds: c.ReadySeconds.json(), Jobs: c.Jobs.json(), Lost: c.Lost,
		Mean: w.Mean.json(false), P95: w.P95.json(w.Estimate), Longest: w.Peak.json(false),
		Over: number(c.OverTarget.Took.Seconds(), c.OverTarget.Known), AtMax: number(c.AtMax.Took.Seconds(), c.AtMax.Known), Turns: c.Turns}
	text, _ := json.Marshal(out) // of numbers and texts it cannot fail
	return text
}

func (a Amount) json() *amountJSON {
	if !a.Known {
		return nil
	}
	return &amountJSON{thousandths(a.N), a.AtLeast, a.Estimate}
}

func (r Range) json(estimate bool) *rangeJSON {
	if !r.Known {
		return nil
	}
	return &rangeJSON{seconds(r.Low), seconds(r.High), estimate}
}

func number(v float64, known bool) *float64 {
	if !known {
		return nil
	}
	v = thousandths(v)
	return &v
}

func moment(t time.Time) time.Time { return t.Round(time.Millisecond) }

func seconds(d time.Duration) float64 { return thousandths(d.Seconds()) }

func thousandths(v float64) float64 { return math.Round(v*1000) / 1000 }
