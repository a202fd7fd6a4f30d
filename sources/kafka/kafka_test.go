package kafka

import (
	"context"
	"fmt"
	"maps"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/sources/protocol/protocoltest"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/triggers/params"
)

// serve is a cluster of two brokers with the topic orders of four partitions.
func serve(t testing.TB, options ...kfake.Opt) (c *kfake.Cluster, at string) {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(2), kfake.SeedTopics(4, "orders"), kfake.SeedTopics(2, "refunds")}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	at = strings.Join(c.ListenAddrs(), ",")
	return c, at
}

// reach is a client of the test's own.
func reach(t testing.TB, at string, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	own, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(strings.Split(at, ",")...)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(own.Close)
	return own
}

// commit has a group stand somewhere in all partitions of a topic.
func commit(t testing.TB, own *kgo.Client, group, topic string, partitions int32, at int64) {
	t.Helper()
	var offsets kadm.Offsets
	for id := range partitions {
		offsets.AddOffset(topic, id, at, -1)
	}
	if err := kadm.NewClient(own).CommitAllOffsets(t.Context(), group, offsets); err != nil {
		t.Fatal(err)
	}
}

func good(at string) map[string]string {
	return map[string]string{"bootstrapServers": at, "consumerGroup": "workers", "topic": "orders", "lagThreshold": "5", "offsetResetPolicy": "latest"}
}

func TestKafka(t *testing.T) {
	t.Parallel()
	for _, typ := range []string{"kafka", "apache-kafka"} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			_, at := serve(t)
			own := reach(t, at)
			commit(t, own, "workers", "orders", 4, 0)
			wrong := []protocoltest.Wrong{
				{Name: "no server", With: map[string]string{"bootstrapServers": ""}, Say: "names no bootstrapServers"},
				{Name: "no group", With: map[string]string{"consumerGroup": ""}, Say: "names no consumerGroup"},
				{Name: "nobody there", With: map[string]string{"bootstrapServers": protocoltest.Loopback(1)}, Say: "nothing listens at"},
				{Name: "a name nobody knows", With: map[string]string{"bootstrapServers": "kafka.nowhere.invalid:9092"}, Say: "is not known here"},
				{Name: "a group nobody knows", With: map[string]string{"consumerGroup": "strangers"}, Say: "the group strangers does not exist", Own: true},
				{Name: "no number", With: map[string]string{"lagThreshold": "0"}, Say: "no positive number", Own: true},
				{Name: "no partitions", With: map[string]string{"partitionLimitation": "1-x"}, Say: "names no partitions", Own: true},
				{Name: "KEDA's own", With: map[string]string{"sasl": "aws_msk_iam"}, Say: "KEDA's own identity"},
				{Name: "half a login", With: map[string]string{"sasl": "plaintext", "username": "kscope"}, Say: "not both given"},
				{Name: "a login where there is none", With: map[string]string{"sasl": "plaintext", "username": "kscope", "password": "hush-hush"}, Say: "closes the connection"},
			}
			if typ == "kafka" {
				wrong = append(wrong,
					protocoltest.Wrong{Name: "a topic nobody knows", With: map[string]string{"topic": "nothing"}, Say: "the topic nothing does not exist", Own: true},
					protocoltest.Wrong{Name: "no such partition", With: map[string]string{"partitionLimitation": "7"}, Say: "none of the partitions", Own: true})
			}
			protocoltest.Run(t, protocoltest.Suite{
				Protocol: New(), Type: typ, Good: good(at), Loads: true, Secrets: []string{"hush-hush"}, Connectionless: typ != "kafka", // disturbed once
				Take: func(n int) []string { return take(t, at, "workers", "orders", n) }, Wrong: wrong,
			})
		})
	}
}

// fails measures, and holds that it fails in some words.
func fails(t *testing.T, r *protocoltest.Rig, say string) {
	t.Helper()
	if got, err := r.Measure(); err == nil || !strings.Contains(err.Error(), say) {
		t.Errorf("got %v, %v, want %q", got.N, err, say)
	}
}

// measure measures by some parameters, and by them with others in their place, at once.
func measure(t *testing.T, typ string, good map[string]string, others ...map[string]string) ([]protocol.Queue, []broker.Reading, *client) {
	t.Helper()
	queues := []protocol.Queue{{Backlog: kscope.Backlog{Name: "0"}, Parameters: written(typ, good, nil)}}
	for i, with := range others {
		queues = append(queues, protocol.Queue{Backlog: kscope.Backlog{Name: strconv.Itoa(i + 1)}, Parameters: written(typ, good, with)})
	}
	made, err := New().Connect(t.Context(), queues[0].Parameters, new(protocoltest.Way).Dial)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(made.Close)
	readings := make([]broker.Reading, len(queues))
	if err := made.Measure(t.Context(), queues, readings); err != nil {
		t.Fatal(err)
	}
	return queues, readings, made.(*client)
}

// written are parameters by KEDA's rules, with others in their place.
func written(typ string, good, with map[string]string) triggers.Parameters {
	all := maps.Clone(good)
	maps.Copy(all, with)
	p := params.Written(typ, all)
	for _, name := range []string{"username", "password", "ca", "cert", "key"} { // which an authentication gives
		if all[name] != "" {
			p.Values[name] = all[name]
		}
	}
	return p
}

// take reads on from where a group stands, and commits.
func take(t testing.TB, at, group, topic string, n int, options ...kgo.Opt) (jobs []string) {
	t.Helper()
	admin := kadm.NewClient(reach(t, at, options...))
	from, err := admin.FetchOffsets(t.Context(), group)
	if err != nil {
		t.Fatal(err)
	}
	own := reach(t, at, append(options, kgo.ConsumePartitions(from.KOffsets()))...)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for len(jobs) < n {
		fetched := own.PollRecords(ctx, n-len(jobs))
		if ctx.Err() != nil {
			t.Fatalf("%d of %d jobs came in time", len(jobs), n)
		}
		fetched.EachRecord(func(r *kgo.Record) {
			jobs = append(jobs, string(r.Value))
			if len(r.Headers) != 1 || r.Headers[0].Key != "kscope" || r.Key != nil {
				t.Errorf("a message has the key %q and the headers %v", r.Key, r.Headers)
			}
			at := from[r.Topic][r.Partition]
			at.At = r.Offset + 1
			from[r.Topic][r.Partition] = at
		})
	}
	if err := admin.CommitAllOffsets(t.Context(), group, from.Offsets()); err != nil {
		t.Fatal(err)
	}
	return jobs
}

// TestKcat holds both directions against another client.
func TestKcat(t *testing.T) {
	t.Parallel()
	_, at := serve(t)
	commit(t, reach(t, at), "workers", "orders", 4, 0)
	s := &protocoltest.Suite{Protocol: New(), Type: "kafka", Good: good(at)}
	r := s.New(t, nil)
	r.Await(0)
	cmd := exec.CommandContext(t.Context(), "kcat", "-P", "-b", at, "-t", "orders", "-p", "2", "-l", "/dev/stdin")
	cmd.Stdin = strings.NewReader(strings.Repeat("a job\n", 30))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	got := r.Await(30)
	if got.Note != "no members on 4 partitions; most in partition 2" || !got.Scaled.Is || got.Scaled.N != 20 || got.Scaled.Active != 30 || got.Scaled.How != "4 partitions x 5" {
		t.Errorf("%+v", got)
	}
	r.Push(100)
	r.Await(130)
	out, err := exec.CommandContext(t.Context(), "kcat", "-C", "-b", at, "-t", "orders", "-o", "beginning", "-e", "-q", "-f", `%p %k %h\n`).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for id := range 4 {
		if n := strings.Count(string(out), fmt.Sprintf("%d  kscope=", id)); n != 25 {
			t.Errorf("partition %d got %d messages, want 25", id, n)
		}
	}
}

func BenchmarkMeasure(b *testing.B) {
	_, at := serve(b)
	commit(b, reach(b, at), "workers", "orders", 4, 0)
	protocoltest.BenchmarkMeasure(b, New(), "kafka", good(at))
}

func BenchmarkPush(b *testing.B) {
	_, at := serve(b)
	commit(b, reach(b, at), "workers", "orders", 4, 0)
	protocoltest.BenchmarkPush(b, New(), "kafka", good(at))
}

// BenchmarkKcat is the yardstick of BenchmarkPush: kcat puts as many as large messages into
// the same server in one run, acknowledged by all replicas in step as ours are.
func BenchmarkKcat(b *testing.B) {
	_, at := serve(b)
	commit(b, reach(b, at), "workers", "orders", 4, 0)
	const n = 500_000
	batch := broker.NewBatch(kscope.Backlog{Name: "orders"}, load.StandardPayload(), 1000, time.Now())
	text := strings.Repeat(strings.Join(batch.Jobs, "\n")+"\n", n/1000)
	for b.Loop() {
		cmd := exec.CommandContext(b.Context(), "kcat", "-P", "-b", at, "-t", "orders", "-X", "acks=all", "-l", "/dev/stdin")
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "jobs/s")
}
