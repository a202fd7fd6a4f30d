package kafka

import (
	"context"
	"encoding/binary"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

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
				is.unread = is.unread || newerMember(member.ProtocolMetadata)
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
				out[name] = group{known: true, state: g.State, members: int64(len(g.Members)), topics: g.AssignedPartitions().Topics(), unread: true}
			} else if errors.Is(g.Err, kerr.GroupIDNotFound) {
				out[name] = group{known: true, state: "Dead"}
			}
		}
	}
	return out
}

// newerMember reports whether a member describes itself by version 2 or later of the
// consumers' protocol, as clients do since about Kafka 3.2. The library of KEDA's
// apache-kafka scaler (kafka-go 0.4.51, describegroups.go, decodeMemberMetadata) stumbles
// over what it has more than version 1, and the scaler does not look at its error.
func newerMember(metadata []byte) bool {
	return len(metadata) >= 2 && binary.BigEndian.Uint16(metadata) >= 2
}
