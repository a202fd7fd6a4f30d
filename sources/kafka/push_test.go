package kafka

import (
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/sources/protocol/protocoltest"
)

// held is how many messages a topic has.
func held(c *kfake.Cluster, topic string) (n int64) {
	for _, p := range c.PartitionInfos(topic) {
		n += p.HighWatermark
	}
	return n
}

func put(ctx context.Context, c *client, q protocol.Queue, n int) broker.Outcome {
	return c.Push(ctx, q, protocoltest.Jobs(q.Backlog, n))
}

// TestAnswers: what is counted of a batch by what the brokers answer about one of four
// partitions, and that nothing is sent again that may be in.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer            *kerr.Error
		count             int
		unknown, accepted int64
		say               string
	}{
		"too large":                      {kerr.MessageTooLarge, 1, 0, 75, "the message is larger than the topic orders takes"},
		"a compacted topic":              {kerr.InvalidRecord, 1, 0, 75, "refuses the message as invalid for the topic orders"},
		"too few replicas":               {kerr.NotEnoughReplicas, -1, 0, 75, "too few replicas of the topic orders"},
		"too few replicas, when written": {kerr.NotEnoughReplicasAfterAppend, -1, 25, 75, "did not say in time"},
		"too slow":                       {kerr.RequestTimedOut, -1, 25, 75, "did not say in time"},
		"moved, and found again":         {kerr.NotLeaderForPartition, 2, 0, 100, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cluster, at := serve(t)
			commit(t, reach(t, at), "workers", "orders", 4, 0)
			queues, _, client := measure(t, "kafka", good(at))
			fault := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: "orders", Partitions: []int32{2}, Err: c.answer, Count: c.count})
			did := put(t.Context(), client, queues[0], 100)
			if did.Accepted != c.accepted || did.Unknown != c.unknown || (did.Err == nil) != (c.say == "") || did.Err != nil && !strings.Contains(did.Err.Error(), c.say) {
				t.Errorf("%+v", did)
			}
			if got := held(cluster, "orders"); got != did.Accepted && got != did.Accepted+did.Unknown || fault.Hits() == 0 {
				t.Errorf("the topic has %d messages, %d were accepted", got, did.Accepted)
			}
		})
	}
}

// lossy is a connection of which answers are lost from some time on.
type lossy struct {
	net.Conn
	lost *atomic.Bool
}

func (l lossy) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if l.lost.Load() && err == nil {
		_ = l.Close()
		return 0, io.EOF
	}
	return n, err
}

// TestBrokenOff: the connection ends while a batch is under way: before the broker has
// it, or when it wrote it. It is sent again, and is in once.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	for name, breaks := range map[string]func(*kfake.Cluster, *atomic.Bool){
		"before": func(c *kfake.Cluster, _ *atomic.Bool) {
			c.ControlKey(kmsg.Produce.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
				return nil, io.ErrUnexpectedEOF, true // which ends the connection
			})
		},
		"after": func(c *kfake.Cluster, lost *atomic.Bool) {
			c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Observe: true, Count: 1, When: func(kmsg.Request) bool {
				lost.Store(true)
				return true
			}})
		},
	} {
		cluster, at := serve(t, kfake.NumBrokers(1))
		commit(t, reach(t, at), "workers", "orders", 4, 0)
		var lost atomic.Bool
		q := protocol.Queue{Parameters: written("kafka", good(at), nil)}
		made, err := New().Connect(t.Context(), q.Parameters, func(ctx context.Context, network, address string) (net.Conn, error) {
			lost.Store(false)
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			return lossy{conn, &lost}, err
		})
		if err != nil {
			t.Fatal(err)
		}
		defer made.Close()
		if did := put(t.Context(), made.(*client), q, 100); did.Accepted != 100 || did.Err != nil {
			t.Fatalf("%+v", did)
		}
		breaks(cluster, &lost)
		if did := put(t.Context(), made.(*client), q, 100); did.Accepted != 100 || did.Unknown != 0 || did.Err != nil {
			t.Errorf("%s: %+v", name, did)
		}
		if got := held(cluster, "orders"); got != 200 {
			t.Errorf("%s: the topic has %d messages, want 200", name, got)
		}
	}
}

// TestNotReached: what was never sent is not unknown.
func TestNotReached(t *testing.T) {
	t.Parallel()
	_, at := serve(t, kfake.NumBrokers(1))
	commit(t, reach(t, at), "workers", "orders", 4, 0)
	var way protocoltest.Way
	q := protocol.Queue{Parameters: written("kafka", good(at), nil)}
	made, err := New().Connect(t.Context(), q.Parameters, way.Dial)
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	if did := put(t.Context(), made.(*client), q, 100); did.Accepted != 100 || did.Err != nil {
		t.Fatalf("%+v", did)
	}
	way.Set(func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	})
	if did := put(t.Context(), made.(*client), q, 100); did.Accepted != 0 || did.Unknown != 0 || did.Err == nil || !strings.Contains(did.Err.Error(), "nothing listens at") {
		t.Errorf("%+v", did)
	}
}

// TestSilentBroker: a broker that takes a batch and says nothing is not waited for longer
// than said, and a context ends the waiting.
func TestSilentBroker(t *testing.T) {
	t.Parallel()
	cluster, at := serve(t, kfake.NumBrokers(1))
	commit(t, reach(t, at), "workers", "orders", 4, 0)
	queues, _, client := measure(t, "kafka", good(at))
	if did := put(t.Context(), client, queues[0], 10); did.Accepted != 10 {
		t.Fatalf("%+v", did)
	}
	release := make(chan struct{})
	cluster.ControlKey(kmsg.Produce.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		cluster.SleepControl(func() { <-release })
		return nil, nil, false
	})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	did := put(ctx, client, queues[0], 10)
	if took := time.Since(began); took > 2*time.Second || did.Accepted != 0 || did.Unknown != 10 || did.Err == nil || !strings.Contains(did.Err.Error(), "gave no answer in time") {
		t.Errorf("after %v: %+v", took, did)
	}
	close(release)
}

// TestMovedLeader: a partition that another broker leads by now gets its messages.
func TestMovedLeader(t *testing.T) {
	t.Parallel()
	cluster, at := serve(t)
	commit(t, reach(t, at), "workers", "orders", 4, 0)
	queues, _, client := measure(t, "kafka", good(at))
	for turn := range 3 {
		if did := put(t.Context(), client, queues[0], 100); did.Accepted != 100 || did.Err != nil {
			t.Fatalf("%d: %+v", turn, did)
		}
		for id := range int32(4) {
			if err := cluster.MoveTopicPartition("orders", id, 1-cluster.LeaderFor("orders", id)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := held(cluster, "orders"); got != 300 {
		t.Errorf("the topic has %d messages", got)
	}
	readings := make([]broker.Reading, 1)
	if err := client.Measure(t.Context(), queues, readings); err != nil || readings[0].N != 300 {
		t.Errorf("got %+v, %v", readings, err)
	}
}

// TestWhere: only partitions that the trigger counts get messages, and a trigger that
// means several topics none.
func TestWhere(t *testing.T) {
	t.Parallel()
	cluster, at := serve(t)
	own := reach(t, at)
	commit(t, own, "workers", "orders", 4, 0)
	queues, _, client := measure(t, "kafka", good(at), map[string]string{"partitionLimitation": "1,3"}, map[string]string{"topic": ""})
	had := int64(0)
	for i, want := range []int64{25, 50, 25} {
		if did := put(t.Context(), client, queues[i], 100); did.Accepted != 100 {
			t.Fatalf("%d: %+v", i, did)
		}
		if got := cluster.PartitionInfo("orders", 1).HighWatermark - had; got != want {
			t.Errorf("%d: partition 1 got %d messages, want %d", i, got, want)
		}
		had += want
	}
	commit(t, own, "workers", "refunds", 2, 0)
	if did := put(t.Context(), client, queues[2], 10); did.Err == nil || did.Accepted != 0 || !strings.Contains(did.Err.Error(), "several topics") {
		t.Errorf("%+v", did)
	}
}

// TestOthers: who else reads the topic is named, by commits and by members.
func TestOthers(t *testing.T) {
	t.Parallel()
	cluster, at := serve(t)
	own := reach(t, at)
	commit(t, own, "workers", "orders", 4, 0)
	queues, _, client := measure(t, "kafka", good(at))
	if others, err := client.Others(t.Context(), queues[0]); err != nil || len(others) != 0 {
		t.Errorf("got %v, %v, want nobody", others, err)
	}
	commit(t, own, "billing", "orders", 4, 0)
	commit(t, own, "refunding", "refunds", 2, 0)
	member := reach(t, at, kgo.ConsumerGroup("audit"), kgo.ConsumeTopics("orders"), kgo.DisableAutoCommit())
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	go member.PollRecords(ctx, 1)
	if _, err := cluster.WaitGroupStable(ctx, "audit", 1); err != nil {
		t.Fatal(err)
	}
	if others, err := client.Others(t.Context(), queues[0]); err != nil || strings.Join(others, ", ") != "group audit, group billing" {
		t.Errorf("got %v, %v", others, err)
	}
}

var (
	_ protocol.Pusher = (*client)(nil)
	_ protocol.Sharer = (*client)(nil)
)
