package sqs

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
)

// SQS takes 10 messages at a time, which used to be 256 KiB together, attributes and all.
var pieces = protocol.Pieces{Jobs: 10, Bytes: 240 << 10, AtOnce: atOnce}

// groups is how many groups the messages for a FIFO queue are spread over: what is of one
// group is had by one consumer at a time.
const groups = 32

// entry is a message to be sent.
type entry struct {
	ID         string               `json:"Id"`
	Body       string               `json:"MessageBody"`
	Group      string               `json:"MessageGroupId,omitempty"`
	Dedup      string               `json:"MessageDeduplicationId,omitempty"`
	Attributes map[string]attribute `json:"MessageAttributes"`
}

// attribute is one that is sent along.
type attribute struct{ DataType, StringValue string }

// Push puts jobs in, in calls of ten, of which several are under way at a time.
func (c *client) Push(ctx context.Context, q protocol.Queue, b *broker.Batch) broker.Outcome {
	fifo := strings.HasSuffix(name(q), ".fifo")
	mark := map[string]attribute{"kscope": {"String", protocol.Mark(b)}}
	return protocol.Spread(b, pieces, func(from, to int) broker.Outcome {
		entries := make([]entry, 0, to-from)
		for i := from; i < to; i++ {
			e := entry{ID: strconv.Itoa(i), Body: b.Jobs[i], Attributes: mark}
			if fifo {
				e.Group, e.Dedup = fmt.Sprintf("kscope-%d", i%groups), b.ID(i)
			}
			entries = append(entries, e)
		}
		return c.send(ctx, q, entries)
	})
}

// send sends up to ten messages, each of which may fail alone.
func (c *client) send(ctx context.Context, q protocol.Queue, entries []entry) broker.Outcome {
	var answer struct {
		Successful []struct{}
		Failed     []struct{ Code, Message string }
	}
	ask := map[string]any{"QueueUrl": q.Text("queueURL"), "Entries": entries}
	maybe, err := c.ask(ctx, q, "SendMessageBatch", ask, &answer)
	switch {
	case maybe:
		return broker.Outcome{Unknown: int64(len(entries)), Err: err}
	case err != nil:
		return broker.Outcome{Err: err}
	}
	did := broker.Outcome{Accepted: int64(len(answer.Successful))}
	did.Unknown = max(int64(len(entries)-len(answer.Failed))-did.Accepted, 0)
	if len(answer.Failed) > 0 {
		message, hint, _ := refused(answer.Failed[0].Code, kscope.Clean(answer.Failed[0].Message), name(q), c.region)
		did.Err = &kscope.Trouble{Message: message, Hint: hint}
	}
	return did
}
