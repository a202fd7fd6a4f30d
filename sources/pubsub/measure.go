package pubsub

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// undelivered is what waits in a subscription.
const undelivered = "num_undelivered_messages"

// horizon is how far back a sample of the backlog may be for it to be told where KEDA
// counts something else: they come every minute, and up to four minutes late.
const horizon = 10 * time.Minute

// metric is what is counted of a resource, and over which time.
type metric struct {
	resource
	name        string // in Google's words
	aggregation string // "" for the newest sample alone
	within      time.Duration
}

// metricOf is what KEDA 2.21 asks for, by gcp_pubsub_scaler.go and BuildMQLQuery of
// gcp_stackdriver_client.go: SubscriptionSize is an old word, and samples are looked for
// in two minutes, in five where they are aggregated.
func metricOf(p triggers.Parameters, of resource) (metric, error) {
	m := metric{resource: of, name: snake(p.Text("mode")), aggregation: p.Text("aggregation"), within: p.Duration("timeHorizon", 0)}
	if m.name == "" || m.name == "subscription_size" && p.Text("mode") == "SubscriptionSize" {
		m.name = undelivered
	}
	if m.within <= 0 {
		if m.within = 2 * time.Minute; m.aggregation != "" {
			m.within = 5 * time.Minute
		}
	}
	switch function := m.aggregation; function {
	case "", "mean", "median", "variance", "stddev", "sum", "count":
	default:
		n, err := strconv.Atoi(strings.TrimPrefix(function, "percentile"))
		if !strings.HasPrefix(function, "percentile") || err != nil || n < 0 || n > 100 {
			return m, protocol.Alone(&kscope.Trouble{Message: "KEDA knows no aggregation " + kscope.Clean(function), Hint: "it is mean, median, variance, stddev, sum, count or percentile with a number, as percentile99"})
		}
	}
	return m, nil
}

// waits reports whether it is what waits now, and no average or age of it.
func (m metric) waits() bool { return m.name == undelivered && m.aggregation == "" }

// words are what is counted: "mean of push_request_latencies".
func (m metric) words() string {
	name := m.name
	if name == "oldest_unacked_message_age" {
		name = "age of the oldest message, in seconds"
	}
	if m.aggregation != "" {
		return m.aggregation + " of " + kscope.Clean(name)
	}
	return kscope.Clean(name)
}

// query is the metric in MQL, as KEDA writes it.
func (m metric) query() string {
	q := fmt.Sprintf("fetch pubsub_%[1]s | metric 'pubsub.googleapis.com/%[1]s/%[2]s' | filter (resource.project_id == '%[3]s' && resource.%[1]s_id == '%[4]s') | within %[5]s",
		m.kind, m.name, m.project, m.resource.name, m.within)
	if m.aggregation == "" {
		return q
	}
	function := m.aggregation + "(value)"
	if n, ok := strings.CutPrefix(m.aggregation, "percentile"); ok {
		function = "percentile(value, " + n + ")"
	}
	return q + " | align delta(3m0s) | every 3m0s | group_by [], " + function
}

// snake writes a name in capitals and small letters with lines between: of two capitals
// together the one before a small letter begins a word.
func snake(name string) string {
	var b strings.Builder
	all := []rune(name)
	for i, r := range all {
		if i > 0 && unicode.IsUpper(r) && (unicode.IsLower(all[i-1]) || unicode.IsDigit(all[i-1]) || i+1 < len(all) && unicode.IsLower(all[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// sample is a number and when it was taken.
type sample struct {
	n  float64
	at time.Time
}

// sampled is the newest sample in an answer of Cloud Monitoring, where KEDA finds it: the
// first value of the first point of the first series; false where there is none.
func sampled(answer []byte) (sample, bool, error) {
	var is struct {
		TimeSeriesData []struct {
			PointData []struct {
				Values []struct {
					Int64Value  *int64 `json:",string"`
					DoubleValue *float64
				}
				TimeInterval struct{ EndTime time.Time }
			}
		}
	}
	if json.Unmarshal(answer, &is) != nil {
		return sample{}, false, errNotGoogle
	}
	if len(is.TimeSeriesData) == 0 || len(is.TimeSeriesData[0].PointData) == 0 {
		return sample{}, false, nil
	}
	point := is.TimeSeriesData[0].PointData[0]
	out := sample{at: point.TimeInterval.EndTime}
	switch {
	case len(point.Values) > 0 && point.Values[0].Int64Value != nil:
		out.n = float64(*point.Values[0].Int64Value)
	case len(point.Values) > 0 && point.Values[0].DoubleValue != nil:
		out.n = *point.Values[0].DoubleValue
	default:
		return sample{}, false, protocol.Alone(&kscope.Trouble{Message: "what KEDA counts there is no number", Hint: "a distribution takes an aggregation in the trigger, such as percentile99"})
	}
	return out, true, nil
}

// measure is the reading of one trigger.
func (c *client) measure(ctx context.Context, p triggers.Parameters) (broker.Reading, error) {
	of, err := resourceOf(p, c.Project)
	if err != nil {
		return broker.Reading{}, protocol.Alone(err)
	}
	m, err := metricOf(p, of)
	if err != nil {
		return broker.Reading{}, err
	}
	counted, ok, err := c.newest(ctx, m)
	switch {
	case err != nil:
		return broker.Reading{}, err
	case !ok && p.Text("valueIfNull") == "":
		return broker.Reading{}, c.none(ctx, m)
	case !ok:
		counted = sample{n: p.Number("valueIfNull")}
	}
	r := broker.Reading{Type: m.kind, N: counted.n, Sampled: counted.at}
	if !ok {
		r.Note = "unknown, for there is no sample: KEDA takes valueIfNull"
	}
	switch {
	case m.kind == "topic" && ok:
		r.Note = "a topic holds nothing: this is " + m.words()
	case m.kind != "topic" && !m.waits():
		waits, known, err := c.newest(ctx, metric{resource: of, name: undelivered, within: horizon})
		if err == nil && !known {
			err = c.none(ctx, metric{resource: of, name: undelivered, within: horizon})
		}
		if err != nil {
			return broker.Reading{}, err
		}
		r.Scaled = kscope.Scaled{Is: true, N: counted.n, Active: counted.n, How: m.words()}
		r.N, r.Sampled = waits.n, waits.at
	}
	return r, nil
}

// newest asks for the newest sample of a metric.
func (c *client) newest(ctx context.Context, m metric) (sample, bool, error) {
	ask, err := json.Marshal(map[string]any{"query": m.query(), "pageSize": 1})
	if err != nil {
		return sample{}, false, err
	}
	answer, _, err := c.ask(ctx, http.MethodPost, c.at("monitoring")+"/v3/projects/"+m.project+"/timeSeries:query", ask)
	if err != nil {
		return sample{}, false, err
	}
	return sampled(answer)
}

// none is why there may be no sample, which Cloud Monitoring does not say: it knows
// nothing of what does not exist.
func (c *client) none(ctx context.Context, m metric) error {
	if _, _, err := c.ask(ctx, http.MethodGet, c.at("pubsub")+"/v1/"+m.path(), nil); is404(err) {
		return err
	}
	return protocol.Alone(&kscope.Trouble{
		Message: fmt.Sprintf("Cloud Monitoring has no sample of the last %v for %s %s of project %s", m.within, m.kind, m.resource.name, m.project),
		Hint:    "they come a minute apart and up to four late, and none while nothing happens; KEDA fails then, unless the trigger has a longer timeHorizon, or valueIfNull",
	})
}
