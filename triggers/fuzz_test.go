package triggers

import (
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
