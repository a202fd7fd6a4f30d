package kafka

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
)

// Push puts messages without keys into the partitions that the trigger counts, one
// after the other, and waits until every replica in step has each.
func (c *client) Push(ctx context.Context, q protocol.Queue, b *broker.Batch) (did broker.Outcome) {
	ctx, cancel := context.WithTimeout(ctx, deliverWait)
	defer cancel()
	c.begin()
	topic, partitions, err := c.target(ctx, q)
	if err != nil {
		return broker.Outcome{Err: c.worded(err)}
	}
	session, _, _ := strings.Cut(b.ID(0), "-")
	mark := []kgo.RecordHeader{{Key: "kscope", Value: []byte(session)}}
	records := make([]*kgo.Record, len(b.Jobs))
	for i, job := range b.Jobs {
		records[i] = &kgo.Record{Topic: topic, Partition: partitions[c.turn%len(partitions)], Value: []byte(job), Headers: mark, Timestamp: b.At}
		c.turn++
	}
	sent := c.sent.Load()
	for _, r := range c.kgo.ProduceSync(ctx, records...) {
		switch {
		case r.Err == nil:
			did.Accepted++
			continue
		case !refused(r.Err):
			did.Unknown++
		}
		did.Err = r.Err
	}
	if c.sent.Load() == sent {
		did.Unknown = 0 // none of them was sent
	}
	if did.Err != nil {
		if errors.Is(did.Err, kerr.TopicAuthorizationFailed) || errors.Is(did.Err, kerr.ClusterAuthorizationFailed) {
			did.Err = &kscope.Trouble{Message: "Kafka lets " + c.who() + " put nothing into the topic " + topic, Hint: "it takes the operation Write on the topic, and before Kafka 2.8 IdempotentWrite on the cluster"}
		}
		did.Err = c.worded(&of{"topic", topic, did.Err})
		delete(c.targets, topic)
	}
	return did
}

// OnBrokerWrite counts the requests to put messages in that may have reached a broker.
func (c *client) OnBrokerWrite(_ kgo.BrokerMetadata, key int16, written int, _, _ time.Duration, _ error) {
	if kmsg.Key(key) == kmsg.Produce && written > 0 {
		c.sent.Add(1)
	}
}

// target is where messages go: the topic, and those of its partitions that count.
func (c *client) target(ctx context.Context, q protocol.Queue) (string, []int32, error) {
	a := askOf(q.Parameters)
	if a.err != nil {
		return "", nil, a.err
	}
	topics := a.named
	if topics == nil {
		commits, err := c.admin.FetchOffsets(ctx, a.group)
		if err != nil {
			return "", nil, &of{"group", a.group, err}
		}
		for name := range commits {
			topics = append(topics, name)
		}
	}
	if len(topics) != 1 {
		return "", nil, &kscope.Trouble{Message: "the trigger does not say which of several topics messages are to go into", Hint: "kscope puts messages in where a trigger means one topic"}
	}
	topic := topics[0]
	if _, ok := c.targets[topic]; !ok {
		known, err := c.partitions(ctx, topics, false)
		if err != nil {
			return "", nil, err
		}
		if err := known[topic].err; err != nil {
			return "", nil, &of{"topic", topic, err}
		}
		c.targets[topic] = known[topic].partitions
	}
	counted := slices.DeleteFunc(slices.Clone(c.targets[topic]), func(id int32) bool { return !a.limits.has(id) })
	if len(counted) == 0 {
		return "", nil, &kscope.Trouble{Message: "the topic " + topic + " has none of the partitions that the trigger counts", Hint: "check its partitionLimitation"}
	}
	return topic, counted, nil
}

// refused reports whether a broker said that a message is not in. Of some that it says
// no of, it may have been written nevertheless.
func refused(err error) bool {
	said, ok := errors.AsType[*kerr.Error](err)
	if !ok {
		return errors.Is(err, kgo.ErrMaxBuffered)
	}
	unsure := []error{kerr.RequestTimedOut, kerr.NotEnoughReplicasAfterAppend, kerr.UnknownServerError, kerr.KafkaStorageError, kerr.NetworkException}
	return !slices.ContainsFunc(unsure, func(e error) bool { return errors.Is(said, e) })
}

// Others are the other groups that read the topic, by their commits and by what their
// members are given.
func (c *client) Others(ctx context.Context, q protocol.Queue) ([]string, error) {
	topic, _, err := c.target(ctx, q)
	if err != nil {
		return nil, c.worded(err)
	}
	listed, err := c.admin.ListGroups(ctx)
	if err != nil {
		return nil, c.worded(err)
	}
	names := slices.DeleteFunc(listed.Groups(), func(name string) bool { return name == q.Text("consumerGroup") })
	if len(names) == 0 {
		return nil, nil
	}
	commits, groups := c.admin.FetchManyOffsets(ctx, names...), c.describe(ctx, names)
	var others []string
	for _, name := range names {
		if _, committed := commits[name].Fetched[topic]; committed || slices.Contains(groups[name].topics, topic) {
			others = append(others, "group "+name)
		}
	}
	slices.Sort(others)
	return others, nil
}
