package brokers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
	"github.com/twmb/franz-go/pkg/sasl/plain"
)

func startKafka(t *testing.T) *server       { return kafka(t, "kafka") }
func startApacheKafka(t *testing.T) *server { return kafka(t, "apache-kafka") }

// partitions has the topic of each story.
const partitions = 4

// kafka is a broker that lets user keda in.
func kafka(t *testing.T, typ string) *server {
	at, port := free(t)
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	k := &kafkaServer{at: at, port: number, dir: t.TempDir(), password: "hunter2-" + typ, next: map[int32]int64{}}
	if err := k.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.cluster.Close() })
	for id := range int32(partitions) {
		k.next[id] = 0
	}
	if err := k.with(func(client *kgo.Client) error { return k.commit(t.Context(), client) }); err != nil {
		t.Fatal(err)
	}
	return &server{
		typ:      typ,
		metadata: map[string]string{"bootstrapServers": at, "consumerGroup": "workers", "topic": "orders", "lagThreshold": "5", "offsetResetPolicy": "latest"},
		secret:   map[string]string{"sasl": "plaintext", "username": "keda", "password": k.password},
		take:     k.take,
		load:     40,
		counts: func(waits float64) float64 { // KEDA divides by whole numbers
			if int(waits)/target > partitions {
				return partitions * target
			}
			return waits
		},
		rotate: func() (map[string]string, error) {
			k.cluster.Close()
			k.password += "-new"
			return map[string]string{"password": k.password}, k.start()
		},
		leave:   func() error { k.cluster.Close(); return nil },
		back:    k.start,
		refused: "Kafka refuses the login of keda",
		gone:    "nothing listens at " + at,
	}
}

// kafkaServer keeps what it has, and who has committed what, over its starts.
type kafkaServer struct {
	at       string
	port     int
	dir      string
	password string
	cluster  *kfake.Cluster
	next     map[int32]int64 // by partition, what the worker takes next
}

func (k *kafkaServer) start() (err error) {
	if err := os.Remove(filepath.Join(k.dir, "sasl.json")); err != nil && !errors.Is(err, fs.ErrNotExist) { // the old password
		return err
	}
	k.cluster, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(k.port), kfake.DataDir(k.dir), kfake.SeedTopics(partitions, "orders"), kfake.EnableSASL(),
		kfake.Superuser("PLAIN", "keda", k.password))
	if err == nil {
		k.cluster.ControlKey(int16(kmsg.SASLAuthenticate), k.refuse)
	}
	return err
}

// refuse answers who has another password, as Kafka does; kfake hangs up on it.
func (k *kafkaServer) refuse(req kmsg.Request) (kmsg.Response, error, bool) {
	k.cluster.KeepControl()
	asked := req.(*kmsg.SASLAuthenticateRequest)
	if bytes.HasSuffix(asked.SASLAuthBytes, []byte("\x00"+k.password)) {
		return nil, nil, false
	}
	resp := asked.ResponseKind().(*kmsg.SASLAuthenticateResponse)
	resp.ErrorCode = kerr.SaslAuthenticationFailed.Code
	return resp, nil, true
}

// with uses a client.
func (k *kafkaServer) with(f func(*kgo.Client) error, options ...kgo.Opt) error {
	login := plain.Auth{User: "keda", Pass: k.password}
	client, err := kgo.NewClient(append(options, kgo.SeedBrokers(k.at), kgo.SASL(login.AsMechanism()), kgo.MaxVersions(kversion.V3_5_0()))...) // by the names of topics
	if err != nil {
		return err
	}
	defer client.Close()
	return f(client)
}

// take takes messages, and commits that.
func (k *kafkaServer) take(n int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	from := map[int32]kgo.Offset{}
	for id, at := range k.next {
		from[id] = kgo.NewOffset().At(at)
	}
	return k.with(func(client *kgo.Client) error {
		for left := n; left > 0; {
			fetched := client.PollRecords(ctx, left)
			if err := fetched.Err(); err != nil {
				return fmt.Errorf("take %d of %d: %w", left, n, err)
			}
			for _, r := range fetched.Records() {
				k.next[r.Partition] = r.Offset + 1
				left--
			}
		}
		return k.commit(ctx, client)
	}, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"orders": from}))
}

// commit says for the group workers what was taken.
func (k *kafkaServer) commit(ctx context.Context, client *kgo.Client) error {
	topic := kmsg.NewOffsetCommitRequestTopic()
	topic.Topic = "orders"
	for id, next := range k.next {
		p := kmsg.NewOffsetCommitRequestTopicPartition()
		p.Partition, p.Offset = id, next
		topic.Partitions = append(topic.Partitions, p)
	}
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.Topics = "workers", append(req.Topics, topic)
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return err
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return err
			}
		}
	}
	return nil
}
