package kafka

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
)

// look is what one look at a cluster brought, for all groups and topics that were asked
// for.
type look struct {
	commits map[string]kadm.FetchOffsetsResponse // by group
	groups  map[string]group
	topics  map[string]topic
	starts  map[place]offset
	ends    map[place]offset
}

// group is who reads.
type group struct {
	known   bool
	state   string // in Kafka's word
	members int64
	topics  []string // that any of them is given a partition of
}

// topic is the partitions of one, in order, or why they are not known.
type topic struct {
	partitions []int32
	err        error
}

// offset is one, or why it is not known.
type offset struct {
	at  int64
	err error
}

// Measure asks for the commits and the members of all groups, then for the partitions
// of the topics, which the client remembers for some seconds, then for their ends, and
// where messages wait for their starts, each of all that one broker leads at once. The
// commits come first, lest they are ahead of the ends.
func (c *client) Measure(ctx context.Context, queues []protocol.Queue, readings []broker.Reading) error {
	c.begin()
	asks := make([]ask, len(queues))
	var groups []string
	for i, q := range queues {
		if asks[i] = askOf(q.Parameters); !slices.Contains(groups, asks[i].group) {
			groups = append(groups, asks[i].group)
		}
	}
	var l look
	var both sync.WaitGroup
	both.Go(func() { l.commits = c.admin.FetchManyOffsets(ctx, groups...) })
	both.Go(func() {
		if c.learn(ctx) {
			l.groups = c.describe(ctx, groups)
		}
	})
	both.Wait()
	if err := l.unreached(); err != nil {
		return c.worded(err)
	}
	names, all := []string{}, false
	for i := range asks {
		asks[i].find(&l)
		names = append(names, asks[i].topics...)
		all = all || asks[i].everything
	}
	var err error
	if l.topics, err = c.partitions(ctx, names, all); err != nil {
		return c.worded(err)
	}
	var ends, starts []place
	for i := range asks {
		ends = append(ends, asks[i].spread(&l)...)
	}
	l.ends = c.offsets(ctx, ends, latest)
	for i := range asks {
		starts = append(starts, asks[i].lagging(&l)...)
	}
	l.starts = c.offsets(ctx, starts, oldest)
	network := error(nil)
	well := false
	for i := range asks {
		readings[i] = asks[i].reading(&l)
		if err := readings[i].Err; err != nil {
			readings[i].Err = c.worded(err)
			if readings[i].Own = own(err); !readings[i].Own {
				network = readings[i].Err
			}
		}
		well = well || readings[i].Err == nil || readings[i].Own
	}
	if !well {
		return network
	}
	return nil
}

// unreached is why no group's commits are known, where that is not for Kafka's own reasons.
func (l *look) unreached() (err error) {
	for _, commits := range l.commits {
		if err = commits.Err; err == nil || own(err) {
			return nil
		}
	}
	return err
}

// learn finds out once what the brokers are: by what they speak, for Kafka does not say.
// It reports whether they answer.
func (c *client) learn(ctx context.Context) bool {
	if c.version == "" {
		answer, err := kmsg.NewPtrApiVersionsRequest().RequestWith(ctx, c.kgo)
		if err != nil {
			return false
		}
		c.version = "Kafka " + strings.TrimPrefix(kversion.FromApiVersionsResponse(answer).VersionGuess(), "v") + ", by its protocol"
	}
	return true
}

// describe asks who reads. What it cannot find out is not known: nothing is counted by it.
func (c *client) describe(ctx context.Context, names []string) map[string]group {
	out := map[string]group{}
	var newer []string // those of the newer protocol are no groups to the older request
	ask := kmsg.NewPtrDescribeGroupsRequest()
	ask.Groups = names
	for _, shard := range c.kgo.RequestSharded(ctx, ask) {
		if shard.Err != nil {
			continue
		}
		for _, g := range shard.Resp.(*kmsg.DescribeGroupsResponse).Groups {
			err := kerr.ErrorForCode(g.ErrorCode)
			if errors.Is(err, kerr.GroupIDNotFound) || err == nil && g.State == "Dead" {
				newer = append(newer, g.Group)
			}
			if err != nil {
				continue
			}
			is := group{known: true, state: g.State, members: int64(len(g.Members))}
			for _, member := range g.Members {
				var given kmsg.ConsumerMemberAssignment
				if g.ProtocolType == "consumer" && given.ReadFrom(member.MemberAssignment) == nil {
					for _, t := range given.Topics {
						is.topics = append(is.topics, t.Topic)
					}
				}
			}
			out[g.Group] = is
		}
	}
	if len(newer) > 0 {
		described, _ := c.admin.DescribeConsumerGroups(ctx, newer...) // what is not described is not known
		for name, g := range described {
			if g.Err == nil {
				out[name] = group{known: true, state: g.State, members: int64(len(g.Members)), topics: g.AssignedPartitions().Topics()}
			} else if errors.Is(g.Err, kerr.GroupIDNotFound) {
				out[name] = group{known: true, state: "Dead"}
			}
		}
	}
	return out
}

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
	by := map[string][]kmsg.ListOffsetsRequestTopicPartition{}
	for _, at := range of {
		if o, ok := out[at]; ok && o.err == errAsked {
			continue
		}
		out[at] = offset{err: errAsked}
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

// errAsked is for what was asked for, and not answered.
var errAsked error = &kscope.Trouble{Message: "Kafka did not answer for a partition"}
