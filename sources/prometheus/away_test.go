package prometheus

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// TestServerThatIsAway is not dialled for each of many queries.
func TestServerThatIsAway(t *testing.T) {
	var dials atomic.Int64
	queues := make([]protocol.Queue, 500)
	for i := range queues {
		queues[i].Parameters = triggers.Parameters{Values: map[string]string{"serverAddress": "http://prometheus:9090", "query": fmt.Sprintf("up%d", i)}}
	}
	c, err := New().Connect(t.Context(), queues[0].Parameters, func(context.Context, string, string) (net.Conn, error) {
		dials.Add(1)
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Measure(t.Context(), queues, make([]broker.Reading, len(queues))); err == nil {
		t.Error("no error")
	}
	if n := dials.Load(); n > 3*together {
		t.Errorf("%d dials", n)
	}
}
