package triggers

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/kscope/kscope"
)

// FuzzTrigger: whatever metadata say, in whatever type, is read without harm, and
// the queue that they name can be told from any other by its backlog.
func FuzzTrigger(f *testing.F) {
	f.Add("redis", "address=redis:6379\nlistName=orders\nlistLength=5", "")
	f.Add("redis-sentinel-streams", "hosts=a, b\nports=1,2\nstream=s\nconsumerGroup=g\nlagCount=3\ndatabaseIndex=2", "own name")
	f.Add("aws-sqs-queue", "queueURL=https://sqs.eu-west-1.amazonaws.com/1/jobs.fifo", "")
	f.Add("datadog", "queryValue=1e400\ntargetValue=-0x1p-2", "\x1b[31m")
	f.Fuzz(func(t *testing.T, typ, text, called string) {
		metadata := map[string]string{}
		for _, line := range strings.Split(text, "\n") {
			key, value, _ := strings.Cut(line, "=")
			metadata[key] = value
		}
		Targets(kscope.Trigger{Type: typ, Metadata: metadata})
		if known, ok := TypeOf(typ); ok {
			known.MetricFor(0, metadata)
			known.QueueName(metadata)
		}
		q, ok := RedisQueue(typ, metadata)
		if !ok || strings.ToValidUTF8(text, "") != text || strings.ToValidUTF8(called, "") != called {
			return // the API has no other text
		}
		q.Via = RedisVia(kscope.Ref{Namespace: "a", Name: "b"}, kscope.TargetRef{Kind: "Deployment", Name: "c"}, "", metadata, "", "")
		if q.Called = called; called == q.Key {
			q.Called = ""
		}
		if got := RedisOf(q.Backlog()); got != q {
			t.Errorf("got %+v, want %+v", got, q)
		}
	})
}

// FuzzNumbers: a number in metadata is one that Go reads too, or an error of one
// line; and the target of a trigger is a number that can be divided by, or none.
func FuzzNumbers(f *testing.F) {
	for _, s := range []string{"5", " 5 ", "0x1p-2", "1_000", "1e400", "-1e-400", "NaN", "inf", "+5", "", "5\x1b[m", "9223372036854775808", "\u0665", ".5", "5."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := number(map[string]string{"n": text}, "n", 7)
		switch want, bad := strconv.ParseFloat(strings.TrimSpace(text), 64); {
		case strings.TrimSpace(text) == "":
			if v != 7 || err != nil {
				t.Errorf("%q: got %v, %v", text, v, err)
			}
		case bad != nil || math.IsNaN(want) || math.IsInf(want, 0):
			if err == nil || strings.ContainsAny(err.Error(), "\r\n\x1b") {
				t.Errorf("%q: got %v, %v", text, v, err)
			}
		case err != nil || v != want:
			t.Errorf("%q: got %v, %v, want %v", text, v, err, want)
		}
		for name, typ := range types {
			trigger := kscope.Trigger{Type: name, Metadata: map[string]string{}}
			for _, parameter := range strings.Split(typ.target(trigger.Metadata)+"|"+typ.Activation, "|") {
				trigger.Metadata[parameter] = text
			}
			if target, activation := Targets(trigger); math.IsNaN(target) || math.IsInf(target, 0) || math.IsNaN(activation) || math.IsInf(activation, 0) {
				t.Errorf("%s with %q: target %v, activation %v", name, text, target, activation)
			}
		}
	})
}
