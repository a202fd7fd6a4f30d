package keda

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/kscope/kscope"
)

// metrics is what is read of the metrics of KEDA's operator.
type metrics struct {
	scalers map[kscope.TriggerRef]scaler
	errors  map[kscope.ID]float64 // that each object ever met
}

// scaler is what the operator says of one trigger. Of a trigger with several metrics that
// is the first, by its name.
type scaler struct {
	metric  string
	several bool // the trigger has more of them
	value   float64
	active  bool
	latency float64 // of the last look that came to the source, which hardly ever repeats
	stale   bool    // it stood still while errors rose
}

// parseMetrics reads the lines of the five series that matter, in the text format of
// Prometheus. What it cannot read it passes over.
func parseMetrics(text string) metrics {
	m := metrics{scalers: map[kscope.TriggerRef]scaler{}, errors: map[kscope.ID]float64{}}
	for line := range strings.Lines(text) {
		name, rest, ok := strings.Cut(line, "{")
		if !ok || !strings.HasPrefix(name, "keda_scale") {
			continue
		}
		labels, value, ok := sample(rest)
		if !ok || math.IsNaN(value) || math.IsInf(value, 0) {
			continue
		}
		id := kscope.ID{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: labels["namespace"], Name: labels["scaledObject"]}}
		switch {
		case labels["scaledJob"] != "":
			id.Kind, id.Name = kscope.ScaledJobs, labels["scaledJob"]
		case labels["type"] == "scaledjob":
			id.Kind = kscope.ScaledJobs
		}
		switch name {
		case "keda_scaled_object_errors_total", "keda_scaled_job_errors_total":
			m.errors[id] += value
			continue
		case "keda_scaler_metrics_value", "keda_scaler_active", "keda_scaler_metrics_latency_seconds":
		default:
			continue
		}
		index, err := strconv.Atoi(labels["triggerIndex"])
		if err != nil {
			continue
		}
		ref := kscope.TriggerRef{Object: id, Index: index}
		s, known := m.scalers[ref]
		if metric := labels["metric"]; known && metric > s.metric {
			s.several = true
			m.scalers[ref] = s
			continue
		} else if metric != s.metric {
			s = scaler{metric: metric, several: known}
		}
		switch name {
		case "keda_scaler_metrics_value":
			s.value = value
		case "keda_scaler_active":
			s.active = value > 0
		default:
			s.latency = value
		}
		m.scalers[ref] = s
	}
	return m
}

// sample is the labels and the value of a line, from behind its first brace.
func sample(rest string) (labels map[string]string, value float64, ok bool) {
	labels = map[string]string{}
	for {
		rest = strings.TrimLeft(rest, ", ")
		if after, end := strings.CutPrefix(rest, "}"); end {
			v, err := strconv.ParseFloat(strings.Fields(after + " ?")[0], 64)
			return labels, v, err == nil
		}
		name, after, found := strings.Cut(rest, `="`)
		if !found {
			return nil, 0, false
		}
		var b strings.Builder
		i := 0
		for ; i < len(after) && after[i] != '"'; i++ {
			if after[i] == '\\' && i+1 < len(after) {
				i++
				if after[i] == 'n' {
					b.WriteByte('\n')
					continue
				}
			}
			b.WriteByte(after[i])
		}
		if i == len(after) {
			return nil, 0, false
		}
		labels[name], rest = b.String(), after[i+1:]
	}
}

// mostMetrics is how much of the metrics is read: those of ten thousand triggers.
const mostMetrics = 32 << 20 // bytes

// fetch gets the metrics from where the user says they are.
func fetch(ctx context.Context, at string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, &kscope.Trouble{Message: "the address of KEDA's metrics is no URL"}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, &kscope.Trouble{Message: "KEDA's metrics could not be read", Hint: "nothing answers at " + kscope.Clean(at)}
	}
	defer func() { _ = resp.Body.Close() }() // it was read
	if resp.StatusCode != http.StatusOK {
		return nil, &kscope.Trouble{Message: fmt.Sprintf("what answers for KEDA's metrics says %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))}
	}
	return io.ReadAll(io.LimitReader(resp.Body, mostMetrics))
}
