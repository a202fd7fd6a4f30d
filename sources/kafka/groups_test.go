package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/sources/protocol/protocoltest"
)

// write puts n messages into one partition.
func write(t testing.TB, own *kgo.Client, topic string, id int32, n int) {
	t.Helper()
	var records []*kgo.Record
	for range n {
		records = append(records, &kgo.Record{Topic: topic, Partition: id, Value: []byte("x")})
	}
	if err := own.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

func writer(t testing.TB, at string) *kgo.Client {
	t.Helper()
	return reach(t, at, kgo.RecordPartitioner(kgo.ManualPartitioner()))
}

// TestManyQueues: several groups and topics are measured at once, each by its own rules.
func TestManyQueues(t *testing.T) {
	t.Parallel()
	cluster, at := serve(t)
	own := writer(t, at)
	commit(t, own, "workers", "orders", 4, 0)
	commit(t, own, "billing", "orders", 4, 10)
	commit(t, own, "workers", "refunds", 2, 0)
	for id := range int32(4) {
		write(t, own, "orders", id, 20)
	}
	if err := cluster.DeleteRecords("orders", 3, 15); err != nil {
		t.Fatal(err)
	}
	with := func(pairs ...string) map[string]string {
		out := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i]] = pairs[i+1]
		}
		return out
	}
	_, readings, c := measure(t, "kafka", good(at),
		with("consumerGroup", "billing"), with("topic", "refunds"), with("partitionLimitation", "0-1"), with("topic", ""), with("topic", "nothing"),
		with("excludePersistentLag", "true"), with("allowIdleConsumers", "true"), with("ensureEvenDistributionOfPartitions", "true", "lagThreshold", "20"), with("consumerGroup", "nobody"))
	part := func(name string, n float64) kscope.Part { return kscope.Part{Name: name, N: n} }
	for i, want := range []broker.Reading{
		{
			N: 65, Note: "no members on 4 partitions; most in partition 0", Scaled: kscope.Scaled{Is: true, N: 20, Active: 80, Cap: 20, How: "4 partitions x 5"},
			Parts: [4]kscope.Part{part("partitions with lag", 4), part("in the fullest", 20), part("deleted unread", 15)},
		},
		{
			N: 35, Note: "no members on 4 partitions; most in partition 0", Scaled: kscope.Scaled{Is: true, N: 20, Active: 40, Cap: 20, How: "4 partitions x 5"},
			Parts: [4]kscope.Part{part("partitions with lag", 4), part("in the fullest", 10), part("deleted unread", 5)},
		},
		{N: 0, Note: "no members on 2 partitions", Parts: [4]kscope.Part{part("partitions with lag", 0), part("in the fullest", 0)}, Scaled: kscope.Scaled{Cap: 10}},
		{
			N: 40, Note: "no members on 2 partitions; most in partition 0", Scaled: kscope.Scaled{Is: true, N: 10, Active: 40, Cap: 10, How: "2 partitions x 5"},
			Parts: [4]kscope.Part{part("partitions with lag", 2), part("in the fullest", 20)},
		},
		{
			N: 65, Note: "no members on 6 partitions; most in orders 0", Scaled: kscope.Scaled{Is: true, N: 30, Active: 80, Cap: 30, How: "6 partitions x 5"},
			Parts: [4]kscope.Part{part("partitions with lag", 4), part("in the fullest", 20), part("deleted unread", 15)},
		},
		{Err: errors.New("the topic nothing does not exist"), Own: true},
		{
			N: 65, Note: "no members on 4 partitions; most in partition 0", Scaled: kscope.Scaled{Is: true, N: 20, Active: 80, How: "at most, without what stands still: 4 partitions x 5"},
			Parts: [4]kscope.Part{part("partitions with lag", 4), part("in the fullest", 20), part("deleted unread", 15)},
		},
		{
			N: 65, Note: "no members on 4 partitions; most in partition 0", Scaled: kscope.Scaled{Is: true, N: 80, Active: 80, How: "with what was deleted unread"},
			Parts: [4]kscope.Part{part("partitions with lag", 4), part("in the fullest", 20), part("deleted unread", 15)},
		},
		{
			N: 65, Note: "no members on 4 partitions; most in partition 0", Scaled: kscope.Scaled{Is: true, N: 80, Active: 80, How: "4 x 20, to share 4 partitions evenly"},
			Parts: [4]kscope.Part{part("partitions with lag", 4), part("in the fullest", 20), part("deleted unread", 15)},
		},
		{Err: errors.New("the group nobody does not exist"), Own: true},
	} {
		if want.Err == nil {
			want.Type = "topic"
		}
		got := readings[i]
		if fmt.Sprint(got.Err) != fmt.Sprint(want.Err) {
			t.Errorf("%d: got %v, want %v", i, got.Err, want.Err)
		}
		got.Err, want.Err = nil, nil
		if got != want {
			t.Errorf("%d:\n got %+v\nwant %+v", i, got, want)
		}
	}
	if said := c.Describe(); said.Version != "Kafka" || said.Address == "" { // it takes the requests of no release
		t.Errorf("%+v", said)
	}
}

// TestNothingCommitted: a group that has committed nothing is none of its own to Apache's
// brokers; what waits for it is for the trigger to say, and KEDA counts otherwise.
func TestNothingCommitted(t *testing.T) {
	t.Parallel()
	cluster, at := serve(t)
	own := writer(t, at)
	write(t, own, "orders", 1, 30)
	commit(t, own, "workers", "refunds", 2, 0)
	cluster.ControlKey(kmsg.OffsetFetch.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) { // as Apache's do
		cluster.KeepControl()
		fetch := req.(*kmsg.OffsetFetchRequest)
		if len(fetch.Groups) != 1 || fetch.Groups[0].Group != "new" {
			return nil, nil, false
		}
		answer := req.ResponseKind().(*kmsg.OffsetFetchResponse)
		answer.Groups = []kmsg.OffsetFetchResponseGroup{{Group: "new"}}
		return answer, nil, true
	})
	for _, c := range []struct {
		with map[string]string
		n    float64
		keda kscope.Scaled
		note string
	}{
		{map[string]string{}, 0, kscope.Scaled{Is: true, N: 4, Active: 4, How: "1 for each partition without a commit"}, "4 partitions, the group has no members yet; no commit on 4, read from the end"},
		{map[string]string{"scaleToZeroOnInvalidOffset": "true"}, 0, kscope.Scaled{Cap: 20}, "4 partitions, the group has no members yet; no commit on 4, read from the end"},
		{map[string]string{"offsetResetPolicy": "earliest"}, 30, kscope.Scaled{Is: true, N: 20, Active: 30, Cap: 20, How: "4 partitions x 5"}, "4 partitions, the group has no members yet; most in partition 1; no commit on 4, read from the start"},
		{map[string]string{"offsetResetPolicy": "earliest", "scaleToZeroOnInvalidOffset": "true"}, 30, kscope.Scaled{Is: true, N: 0, Active: 0, How: "0 for each partition without a commit"}, "4 partitions, the group has no members yet; most in partition 1; no commit on 4, read from the start"},
	} {
		all := good(at)
		maps.Copy(all, c.with)
		all["consumerGroup"] = "new"
		_, readings, _ := measure(t, "kafka", all)
		if got := readings[0]; got.Err != nil || got.N != c.n || got.Scaled != c.keda || got.Note != c.note {
			t.Errorf("%v: %+v", c.with, got)
		}
	}
	all := good(at)
	all["consumerGroup"], all["topic"] = "new", ""
	_, readings, _ := measure(t, "kafka", all)
	if err := readings[0].Err; err == nil || !strings.Contains(err.Error(), "it has committed nothing, and the trigger names no topic") || !readings[0].Own {
		t.Errorf("got %+v", readings[0])
	}
}

// TestApacheKafka: what is otherwise with that scaler.
func TestApacheKafka(t *testing.T) {
	t.Parallel()
	cluster, at := serve(t)
	own := writer(t, at)
	commit(t, own, "workers", "orders", 4, 0)
	write(t, own, "orders", 1, 30)
	write(t, own, "refunds", 1, 30)
	_, readings, _ := measure(t, "apache-kafka", good(at), map[string]string{"topic": "orders,nothing"}, map[string]string{"topic": "nothing"}, map[string]string{"topic": ""}, map[string]string{"topic": "orders,refunds"})
	if got := readings[1]; got.Err != nil || got.N != 30 || got.Note != "no members on 4 partitions; most in orders 1; no topic nothing" || got.Scaled.N != 20 {
		t.Errorf("one of two topics: %+v", got)
	}
	if got := readings[2]; got.Err != nil || got.N != 0 || got.Type != "none" {
		t.Errorf("no topic of that name: %+v", got)
	}
	if got := readings[3]; got.Err == nil || !strings.Contains(got.Err.Error(), "the group workers has no members") || !got.Own {
		t.Errorf("no topic, no members: %+v", got)
	}
	if got := readings[4]; got.Err != nil || got.N != 30 || got.Scaled != (kscope.Scaled{Is: true, N: 32, Active: 32, How: "1 for each partition without a commit"}) {
		t.Errorf("two topics: %+v", got)
	}
	member := reach(t, at, kgo.ConsumerGroup("workers"), kgo.ConsumeTopics("orders"), kgo.DisableAutoCommit())
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_ = member.PollRecords(ctx, 1)
	if _, err := cluster.WaitGroupStable(ctx, "workers", 1); err != nil {
		t.Fatal(err)
	}
	_, readings, _ = measure(t, "apache-kafka", good(at), map[string]string{"topic": ""})
	if got := readings[1]; got.Err == nil || !strings.Contains(got.Err.Error(), "KEDA takes the members of the group workers for none") || !got.Own {
		t.Errorf("no topic, newer members: %+v", got)
	}
	cluster.ControlKey(kmsg.DescribeGroups.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) { // with an older client
		cluster.KeepControl()
		older := kmsg.NewConsumerMemberMetadata()
		older.Topics = []string{"orders"}
		answer := req.ResponseKind().(*kmsg.DescribeGroupsResponse)
		answer.Groups = []kmsg.DescribeGroupsResponseGroup{{Group: "workers", State: "Stable", ProtocolType: "consumer", Members: []kmsg.DescribeGroupsResponseGroupMember{{ProtocolMetadata: older.AppendTo(nil)}}}}
		return answer, nil, true
	})
	_, readings, _ = measure(t, "apache-kafka", good(at), map[string]string{"topic": "", "lagThreshold": "4"}, map[string]string{"topic": "", "lagThreshold": "100"})
	if got := readings[0]; got.Note != "1 member on 4 partitions; most in partition 1" {
		t.Errorf("%+v", got)
	}
	if got := readings[1]; got.Err != nil || got.N != 30 || got.Scaled != (kscope.Scaled{Is: true, N: 24, Active: 32, Cap: 24, How: "6 partitions x 4"}) {
		t.Errorf("every topic of the cluster, capped: %+v", got)
	}
	if got := readings[2]; got.N != 30 || got.Scaled != (kscope.Scaled{Is: true, N: 32, Active: 32, How: "every topic of the cluster"}) {
		t.Errorf("every topic of the cluster: %+v", got)
	}
}

// TestRelease: only what the brokers speak for sure is said to be their version.
func TestRelease(t *testing.T) {
	for _, c := range [][2]string{
		{kversion.V3_7_0().VersionGuess(), " 3.7"}, {kversion.V0_11_0().VersionGuess(), " 0.11.0"},
		{"at least v4.1", " 4.1 or later"}, {"between v1.0 and v1.1", ""}, {"unknown custom version", ""}, {"not even v0.8.0", ""},
	} {
		if got := release(c[0]); got != c[1] {
			t.Errorf("%q: got %q, want %q", c[0], got, c[1])
		}
	}
}

// TestWords: who reads.
func TestWords(t *testing.T) {
	for want, g := range map[string]group{
		"no members on 4 partitions":                         {known: true, state: "Empty"},
		"4 partitions, the group has no members yet":         {known: true, state: "Dead"},
		"3 members on 4 partitions":                          {known: true, state: "Stable", members: 3},
		"6 members on 4 partitions, so 2 idle":               {known: true, state: "Stable", members: 6},
		"1 member on 4 partitions, the group is rebalancing": {known: true, state: "PreparingRebalance", members: 1},
	} {
		if got := g.words(4); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestNothingIsMade: neither measuring nor putting in makes a topic or a group.
func TestNothingIsMade(t *testing.T) {
	t.Parallel()
	_, at := serve(t, kfake.AllowAutoTopicCreation())
	admin := kadm.NewClient(reach(t, at))
	commit(t, reach(t, at), "workers", "orders", 4, 0)
	queues, _, c := measure(t, "kafka", good(at), map[string]string{"topic": "nothing"}, map[string]string{"consumerGroup": "nobody"})
	if did := c.Push(t.Context(), queues[1], protocoltest.Jobs(queues[1].Backlog, 5)); did.Err == nil || did.Err.Error() != "the topic nothing does not exist" || did.Accepted+did.Unknown != 0 {
		t.Errorf("%+v", did)
	}
	topics, err := admin.ListTopics(t.Context())
	if err != nil || topics.Has("nothing") || len(topics) != 2 {
		t.Errorf("the topics are %v (%v)", topics.Names(), err)
	}
	groups, err := admin.ListGroups(t.Context())
	if err != nil || len(groups) != 1 {
		t.Errorf("the groups are %v (%v)", groups.Groups(), err)
	}
}

// TestBrokerAway: of two brokers one does not answer: what it leads is not known, and why.
func TestBrokerAway(t *testing.T) {
	t.Parallel()
	cluster, at := serve(t)
	commit(t, reach(t, at), "workers", "orders", 4, 0)
	commit(t, reach(t, at), "workers", "refunds", 2, 0)
	addresses := strings.Split(at, ",")
	leads := cluster.CoordinatorFor("workers")
	for id := range int32(4) {
		if err := cluster.MoveTopicPartition("orders", id, 1-leads); err != nil {
			t.Fatal(err)
		}
		if id < 2 {
			if err := cluster.MoveTopicPartition("refunds", id, leads); err != nil {
				t.Fatal(err)
			}
		}
	}
	away := cluster.PartitionInfo("orders", 0).Leader
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == addresses[away] {
			return nil, &kscope.Trouble{Message: "the tunnel does not lead there"}
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	with := map[string]string{"bootstrapServers": addresses[1-away]}
	q := protocol.Queue{Parameters: written("kafka", good(at), with)}
	other := protocol.Queue{Parameters: written("kafka", good(at), map[string]string{"bootstrapServers": addresses[1-away], "topic": "refunds"})}
	c, err := New().Connect(t.Context(), q.Parameters, dial)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	readings := make([]broker.Reading, 2)
	ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
	defer cancel()
	if err := c.Measure(ctx, []protocol.Queue{q, other}, readings); err != nil {
		t.Fatal(err)
	}
	if got := readings[0].Err; got == nil || !strings.Contains(got.Error(), "the tunnel does not lead there, where the brokers say") {
		t.Errorf("got %+v", readings[0])
	}
	if readings[1].Err != nil || readings[1].N != 0 {
		t.Errorf("got %+v", readings[1])
	}
}
