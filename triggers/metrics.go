package triggers

import (
	"strconv"
	"strings"

	"github.com/kscope/kscope"
)

// How the names of the two metrics end that an InterceptorRoute of the HTTP add-on has.
const (
	ConcurrencyMetric = "_concurrency"
	RateMetric        = "_rate"
)

// MetricNames are the external metrics of a trigger, by KEDA's naming: the trigger's
// position is the prefix. Only an external scaler has several, or names them as it likes:
// of KEDA's HTTP add-on, an InterceptorRoute has http_ROUTE_concurrency and http_ROUTE_rate,
// as far as it scales by these, and an HTTPScaledObject http-NAMESPACE_002FNAME.
func MetricNames(so kscope.ScaledObject, trigger int) (all []string) {
	prefix := "s" + strconv.Itoa(trigger) + "-"
	for _, name := range so.ExternalMetricNames {
		if strings.HasPrefix(name, prefix) {
			all = append(all, name)
		}
	}
	return all
}

// MetricFor is the name that KEDA gives the external metric of a trigger of
// this type in a position, by its metadata. Of an external scaler, which names its
// metrics itself, only those of the HTTP add-on are known, of which this is that of the
// concurrency; for any other one the type stands in.
func (t Type) MetricFor(index int, metadata map[string]string) string {
	if t.Queue == httpQueue {
		route, namespace := HTTPRoute(metadata), strings.TrimSpace(metadata[RouteNamespace])
		switch {
		case strings.TrimSpace(metadata["interceptorRoute"]) != "":
			return NameMetric(index, "http_"+route+ConcurrencyMetric)
		case route != "" && namespace != "":
			return NameMetric(index, "http-"+namespace+"_002F"+route)
		}
	}
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
