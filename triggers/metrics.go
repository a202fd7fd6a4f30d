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

// MetricFor is the name that KEDA gives the external metric of a trigger of
// this type in a position, by its metadata.
func (t Type) MetricFor(index int, metadata map[string]string) string {
	return NameMetric(index, fill(t.Metric, metadata))
}

var unfit = strings.NewReplacer("/", "-", ".", "-", ":", "-", "%", "-", "(", "-", ")", "-")

// NameMetric is KEDA's name of an external metric: the trigger's position and
// the scaler's part, with characters replaced that a URL could not carry.
func NameMetric(index int, part string) string {
	return "s" + strconv.Itoa(index) + "-" + unfit.Replace(part)
}

// fill puts metadata into the braces of a metric's name.
func fill(pattern string, metadata map[string]string) string {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(pattern, "{")
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		names, after, _ := strings.Cut(rest, "}")
		for _, name := range strings.Split(names, "|") {
			if v := strings.TrimSpace(metadata[name]); v != "" {
				if name == "queueURL" { // ends in the queue's name
					v = v[strings.LastIndex(v, "/")+1:]
				}
				out.WriteString(v)
				break
			}
		}
		pattern = after
	}
}
