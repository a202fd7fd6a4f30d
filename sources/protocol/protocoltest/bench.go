package protocoltest

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/triggers/params"
)

// BenchmarkMeasure is a look at one queue, and what it costs here.
func BenchmarkMeasure(b *testing.B, p protocol.Protocol, typ string, good map[string]string) {
	q := protocol.Queue{Parameters: written(typ, good)}
	client, err := p.Connect(b.Context(), q.Parameters, new(Way).Dial)
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	queues, readings := []protocol.Queue{q}, make([]broker.Reading, 1)
	b.ReportAllocs()
	for b.Loop() {
		if err := client.Measure(b.Context(), queues, readings); err != nil || readings[0].Err != nil {
			b.Fatal(err, readings[0].Err)
		}
	}
}

// BenchmarkPush is a thousand jobs put in, of which it tells how many a second that is.
func BenchmarkPush(b *testing.B, p protocol.Protocol, typ string, good map[string]string) {
	q := protocol.Queue{Backlog: kscope.Backlog{Name: typ}, Parameters: written(typ, good)}
	client, err := p.Connect(b.Context(), q.Parameters, new(Way).Dial)
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	pusher, ok := client.(protocol.Pusher)
	if !ok {
		b.Fatal(fmt.Errorf("%s takes no jobs", typ))
	}
	b.ReportAllocs()
	const n = 1000
	for b.Loop() {
		batch := broker.NewBatch(q.Backlog, load.StandardPayload(), n, time.Now())
		if did := pusher.Push(b.Context(), q, batch); did.Err != nil || did.Accepted != n {
			b.Fatalf("%+v", did)
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "jobs/s")
}

// written is parameters with KEDA's defaults, wherever they may stand.
func written(typ string, good map[string]string) triggers.Parameters {
	p := params.Written(typ, good)
	maps.Copy(p.Values, good)
	return p
}
