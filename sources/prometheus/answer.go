package prometheus

import (
	"cmp"
	"encoding/json"
	"errors"
	"math"
	"strconv"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
)

// result is what a query brought, as far as it matters to KEDA.
type result struct {
	series  int
	kind    string  // "vector", "matrix", "scalar", "string"
	value   float64 // of the one series
	without string  // why that has no value; "" where it has one
}

// errOwn marks what is wrong with a query, while the server is well.
var errOwn = errors.New("the query")

var errNotPrometheus = &kscope.Trouble{Message: "what answers there is not Prometheus", Hint: "check serverAddress: KEDA appends /api/v1/query to it"}

// parse reads an answer of /api/v1/query.
func parse(b []byte) (result, error) {
	var answer struct {
		Status string
		Data   *struct {
			ResultType string
			Result     json.RawMessage
		}
	}
	if json.Unmarshal(b, &answer) != nil || answer.Data == nil || answer.Status == "error" {
		return result{}, errNotPrometheus
	}
	out := result{kind: answer.Data.ResultType}
	if out.kind == "scalar" || out.kind == "string" {
		return out, &kscope.Trouble{Message: "the query gives a " + out.kind + ", which KEDA cannot read", Hint: "give it as vector(...)", Cause: errOwn}
	}
	var series []struct{ Value []any }
	if json.Unmarshal(answer.Data.Result, &series) != nil {
		return result{}, errNotPrometheus
	}
	if out.series = len(series); out.series != 1 {
		return out, nil
	}
	value := series[0].Value
	switch {
	case len(value) == 0 && out.kind == "matrix":
		out.without = "a range of values"
	case len(value) == 0:
		out.without = "no value"
	case len(value) < 2:
		return out, &kscope.Trouble{Message: "the query gives a time without a value, which KEDA cannot read", Cause: errOwn}
	default:
		text, _ := value[1].(string)
		n, err := strconv.ParseFloat(text, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return out, &kscope.Trouble{Message: "the query gives what is no number", Cause: errOwn}
		}
		if out.value = n; math.IsNaN(n) || math.IsInf(n, 0) {
			out.value, out.without = 0, text
		}
	}
	return out, nil
}

// reading is what KEDA makes of a result (prometheus_scaler.go, ExecutePromQuery): one
// series is its value; none, one without a value, NaN and Inf are 0, or an error where the
// trigger does not ignore null values; several are an error. What the HPA is told is never
// below zero (scaler.go, quantityFromFloat64).
func reading(r result, ignoreNull bool) broker.Reading {
	missing := r.without
	if r.series == 0 {
		missing = "no series"
	}
	switch {
	case r.series > 1:
		return own("the query gives "+strconv.Itoa(r.series)+" series, and KEDA takes only one", "sum them: sum(...)")
	case missing == "a range of values" && !ignoreNull:
		return own("the query gives a range of values, and KEDA takes only one", "take what it is now: leave the [...] out, or put a function such as rate(...) around it")
	case missing != "" && !ignoreNull:
		return own("the query gives "+missing+", and the trigger does not ignore that", "is what it counts still there? ignoreNullValues: \"true\" would have KEDA take it as 0")
	case missing != "":
		return broker.Reading{Type: "none", Note: missing + ": KEDA takes it as 0", Scaled: kscope.Scaled{Is: true, How: missing}}
	}
	out := broker.Reading{N: r.value, Type: "series"}
	if r.value < 0 {
		out.Scaled = kscope.Scaled{Is: true, Active: r.value, How: "below zero"}
	}
	return out
}

func own(message, hint string) broker.Reading {
	return broker.Reading{Err: &kscope.Trouble{Message: message, Hint: hint}, Own: true}
}

// versionIn is what /api/v1/status/buildinfo says, "" where that is nothing.
func versionIn(b []byte) string {
	var is struct {
		Data struct{ Application, Version string }
	}
	if json.Unmarshal(b, &is) != nil || is.Data.Version == "" {
		return ""
	}
	return kscope.Clean(cmp.Or(is.Data.Application, "Prometheus") + " " + is.Data.Version)
}
