// Package triggers is what KEDA's trigger types mean: their parameters and where
// these come from, what they count, their target and the name of their metric.
// It connects to nothing and computes no replicas.
package triggers

import (
	"strconv"
	"strings"

	"github.com/kscope/kscope"
)

// MetricName is the external metric of a trigger, by KEDA's naming: the
// trigger's position is the prefix.
func MetricName(so kscope.ScaledObject, trigger int) string {
	prefix := "s" + strconv.Itoa(trigger) + "-"
	for _, name := range so.ExternalMetricNames {
		if strings.HasPrefix(name, prefix) {
			return name
		}
	}
	return ""
}

// Targets reads a trigger's target and activation target from its metadata,
// with KEDA's defaults; 0 where they are not known here.
func Targets(t kscope.Trigger) (target, activation float64) {
	number := func(key string, def float64) float64 {
		s := strings.TrimSpace(t.Metadata[key])
		if s == "" {
			return def
		}
		if v, err := strconv.ParseFloat(s, 64); err == nil {
			return v
		}
		return def
	}
	switch t.Type {
	case "redis", "redis-cluster", "redis-sentinel":
		return number("listLength", 5), number("activationListLength", 0)
	case "cron":
		return 1, 0
	}
	return 0, 0
}
