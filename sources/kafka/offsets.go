package kafka

import (
	"context"
	"errors"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/kscope/kscope"
)

// partitions asks for those of some topics, or of all.
func (c *client) partitions(ctx context.Context, names []string, all bool) (map[string]topic, error) {
	out := map[string]topic{}
	if !all && len(names) == 0 {
		return out, nil
	}
	ask := kmsg.NewPtrMetadataRequest()
	if !all {
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			t := kmsg.NewMetadataRequestTopic()
			t.Topic = kmsg.StringPtr(name)
			ask.Topics = append(ask.Topics, t)
		}
	}
	answer, err := c.kgo.RequestCachedMetadata(ctx, ask, 0)
	if err != nil {
		return nil, err
	}
	for _, t := range answer.Topics {
		if t.Topic == nil {
			continue
		}
		is := topic{err: kerr.ErrorForCode(t.ErrorCode)}
		for _, p := range t.Partitions {
			is.partitions = append(is.partitions, p.Partition)
		}
		slices.Sort(is.partitions)
		out[*t.Topic] = is
	}
	for _, name := range names {
		if _, ok := out[name]; !ok {
			out[name] = topic{err: kerr.UnknownTopicOrPartition}
		}
	}
	return out, nil
}

// The ends of a partition, as Kafka names them.
const (
	latest = -1
	oldest = -2
)

// offsets asks for one end of partitions, and again where another broker leads one by now.
func (c *client) offsets(ctx context.Context, of []place, end int64) map[place]offset {
	out := make(map[place]offset, len(of))
	c.list(ctx, of, end, out)
	var moved []place
	for at, o := range out {
		if errors.Is(o.err, kerr.NotLeaderForPartition) || errors.Is(o.err, kerr.FencedLeaderEpoch) {
			moved = append(moved, at)
		}
	}
	c.list(ctx, moved, end, out)
	return out
}

// list asks for one end of partitions.
func (c *client) list(ctx context.Context, of []place, end int64, out map[place]offset) {
	by, asked := map[string][]kmsg.ListOffsetsRequestTopicPartition{}, map[place]bool{}
	for _, at := range of {
		if asked[at] {
			continue
		}
		asked[at], out[at] = true, offset{err: errSilent}
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = at.id, end
		by[at.topic] = append(by[at.topic], p)
	}
	if len(by) == 0 {
		return
	}
	ask := kmsg.NewPtrListOffsetsRequest()
	for name, partitions := range by {
		t := kmsg.NewListOffsetsRequestTopic()
		t.Topic, t.Partitions = name, partitions
		ask.Topics = append(ask.Topics, t)
	}
	for _, shard := range c.kgo.RequestSharded(ctx, ask) {
		if shard.Err != nil {
			for _, t := range shard.Req.(*kmsg.ListOffsetsRequest).Topics {
				for _, p := range t.Partitions {
					out[place{t.Topic, p.Partition}] = offset{err: shard.Err}
				}
			}
			continue
		}
		for _, t := range shard.Resp.(*kmsg.ListOffsetsResponse).Topics {
			for _, p := range t.Partitions {
				out[place{t.Topic, p.Partition}] = offset{p.Offset, kerr.ErrorForCode(p.ErrorCode)}
			}
		}
	}
}

// errSilent is for what was asked for, and not answered.
var errSilent error = &kscope.Trouble{Message: "Kafka did not answer for a partition"}
