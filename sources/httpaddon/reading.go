package httpaddon

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/words"
)

// seen is what is known of a route at a moment.
type seen struct {
	inside int64 // requests, of all interceptors
	known  bool  // some interceptor has the route
	pods   pods

	rate      float64 // a second, of late
	rateKnown bool
	average   float64 // over the window of the route, a bucket
	whole     bool    // the window has been watched from its beginning
}

// pods is how the interceptors are.
type pods struct {
	all, silent int
	service     bool // one was asked, whichever the Service leads to
}

// reading is what is said of a route, and what KEDA scales on: the requests inside, the
// average of their rate, or the one of the two that asks for more replicas, as the HPA
// does (scaler/handlers.go of v0.15). The rate of an HTTPScaledObject is rounded up, and
// counts alone where there is one.
func reading(s seen, p triggers.Parameters) broker.Reading {
	r := broker.Reading{N: float64(s.inside), Type: "route"}
	var notes []string
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	switch {
	case s.pods.service:
		note("as one interceptor counts, and there may be more")
	case s.pods.silent > 0:
		note("%d of %d interceptors silent, counted as last seen", s.pods.silent, s.pods.all)
	case s.pods.all > 1:
		note("%d interceptors", s.pods.all)
	}
	if !s.known {
		r.Type = "none"
		note("no interceptor knows the route")
	}
	if s.rateKnown {
		r.Parts[0] = kscope.Part{Name: "requests/s", N: math.Round(s.rate*10) / 10}
	}
	old := p.Text("interceptorRoute") == ""
	inside, rate := p.Number("scalingConcurrency"), p.Number("scalingRate")
	window, bucket := windowOf(p)
	if !old && rate > 0 == (inside > 0) { // it has two metrics, or may have
		r.Scaled.Metric = triggers.ConcurrencyMetric
	}
	switch {
	case inside <= 0 && rate <= 0:
		if p.Text("targetService") == "" {
			note("what KEDA counts is not known: the route was not read")
		}
	case rate <= 0: // KEDA's number is ours
	case !s.rateKnown:
		note("the rate is not known yet")
	default:
		value := s.average
		if old {
			value, inside = math.Ceil(value), 0
		}
		r.Scaled = scaled(float64(s.inside), inside, value, rate, over(window, bucket))
		if !s.whole {
			note("the rate was not watched for %s yet", words.Written(window))
		}
	}
	if rate > 0 && bucket < time.Second {
		note("a granularity below 1s breaks the add-on's scaler")
	}
	r.Note = strings.Join(notes, "; ")
	return r
}

// windowOf is over what a route wants its rate taken, and how finely.
func windowOf(p triggers.Parameters) (window, bucket time.Duration) {
	if window = p.Duration("scalingWindow", usualWindow); window <= 0 {
		window = usualWindow
	}
	if bucket = p.Duration("scalingGranularity", usualBucket); bucket <= 0 {
		bucket = usualBucket
	}
	return window, bucket
}

// scaled is what the HPA is told of the metric that asks for more replicas. A target of 0
// is that of a metric that the route has not. What is compared with the activation target,
// which is 0, is the larger one.
func scaled(inside, insideTarget, rate, rateTarget float64, over string) kscope.Scaled {
	if insideTarget <= 0 {
		return kscope.Scaled{Is: true, N: rate, Active: rate, How: over}
	}
	out := kscope.Scaled{Is: true, N: inside, Active: max(inside, rate), How: "concurrency asks for more than the rate", Metric: triggers.ConcurrencyMetric}
	if rate/rateTarget >= inside/insideTarget {
		out.N, out.How, out.Metric = rate, over, triggers.RateMetric
	}
	return out
}

// over is what a rate is of, in words.
func over(window, bucket time.Duration) string {
	if bucket == time.Second {
		return "requests/s over " + words.Written(window)
	}
	return "requests in " + words.Written(bucket) + " over " + words.Written(window)
}
