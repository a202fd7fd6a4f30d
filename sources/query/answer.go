package query

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
)

// What a query may answer that is no number to KEDA, or to kscope.
var (
	errNoQuery  = &kscope.Trouble{Message: "the query does not begin with SELECT, and kscope runs only what reads", Hint: "make it a SELECT: KEDA runs it at every look"}
	errNoRows   = &kscope.Trouble{Message: "the query answers no row", Hint: "KEDA takes that for a failure, not for 0: count, or select COALESCE((...), 0)"}
	errNull     = &kscope.Trouble{Message: "the query answers NULL", Hint: "KEDA takes that for a failure, not for 0: wrap it in COALESCE(..., 0)"}
	errNoNumber = &kscope.Trouble{Message: "the query answers no number", Hint: "KEDA takes a number, or a text that is one: cast the column"}
	errEndless  = &kscope.Trouble{Message: "the query answers NaN or infinity", Hint: "KEDA takes that for 0; let the query answer a number"}
	errSlow     = &kscope.Trouble{Message: "the query takes longer than the few seconds that kscope gives it, and was stopped", Hint: "an index may help; KEDA waits longer, with a connection open"}
)

// number is what KEDA scans a value into a float64 as, by the rules of database/sql: a
// number, or a text that is one.
func number(value any) (n float64, err error) {
	switch v := value.(type) {
	case nil:
		return 0, errNull
	case float64:
		n = v
	case float32:
		n = float64(v)
	case int64:
		n = float64(v)
	case uint64:
		n = float64(v)
	case []byte:
		n, err = strconv.ParseFloat(string(v), 64)
	case string:
		n, err = strconv.ParseFloat(v, 64)
	default:
		err = errNoNumber
	}
	switch {
	case err != nil:
		return 0, errNoNumber
	case math.IsNaN(n) || math.IsInf(n, 0):
		return 0, errEndless
	}
	return n, nil
}

// reading is what an answer says. KEDA gives the HPA nothing below 0, but compares what
// was answered with the activation target.
func reading(n float64, several bool, took time.Duration) broker.Reading {
	r := broker.Reading{N: n, Type: "query"}
	if n < 0 {
		r.Scaled = kscope.Scaled{Is: true, N: 0, Active: n, How: "nothing counts below 0"}
	}
	switch {
	case took > time.Second:
		r.Note = fmt.Sprintf("the query took %.1f s", took.Seconds())
	case several:
		r.Note = "of several rows the first counts"
	}
	return r
}
