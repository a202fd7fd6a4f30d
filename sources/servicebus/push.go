package servicebus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
)

// The Standard tier takes 256 KB in one request, with all that JSON makes of it.
var pieces = protocol.Pieces{Jobs: 200, Bytes: 100 << 10, AtOnce: atOnce}

// sessions is how many sessions messages are spread over: those of one are had by one
// receiver at a time.
const sessions = 32

// message is one to be sent. Each has a session, for queues that want one refuse those
// without, and the others do not care.
type message struct {
	Body             string
	BrokerProperties struct{ MessageId, SessionId, ContentType string }
	UserProperties   map[string]string
}

// Push puts jobs into the queue, or into the topic of the subscription.
func (c *client) Push(ctx context.Context, q protocol.Queue, b *broker.Batch) broker.Outcome {
	to, err := target(q)
	if err != nil {
		return broker.Outcome{Err: err}
	}
	mark := map[string]string{"kscope": protocol.Mark(b)}
	return protocol.Spread(b, pieces, func(from, end int) broker.Outcome {
		messages := make([]message, end-from)
		for i := range messages {
			m := &messages[i]
			m.Body, m.UserProperties = b.Jobs[from+i], mark
			m.BrokerProperties.MessageId = b.ID(from + i)
			m.BrokerProperties.SessionId = fmt.Sprintf("kscope-%d", (from+i)%sessions)
			m.BrokerProperties.ContentType = "application/json"
		}
		return c.send(ctx, to, messages)
	})
}

// target is where the jobs of a trigger go.
func target(q protocol.Queue) (string, error) {
	e, err := entityOf(q.Parameters)
	if err != nil {
		return "", err
	}
	if e.pattern != nil && e.queue != "" {
		return "", &kscope.Trouble{Message: "the trigger counts all queues that match a pattern, and none to put jobs into", Hint: "put them in by a trigger that names one"}
	}
	return "/" + e.queue + e.topic, nil // one of them is empty
}

// send sends messages in one request, which are taken all or not at all.
func (c *client) send(ctx context.Context, to string, messages []message) broker.Outcome {
	body, err := json.Marshal(messages)
	if err != nil {
		return broker.Outcome{Err: err}
	}
	to += "/messages"
	at := c.at(to)
	header := c.header(at, time.Now())
	header.Set("Content-Type", "application/vnd.microsoft.servicebus.json")
	answer, maybe, err := c.Once(ctx, at+"?"+version, body, header)
	if err == nil && bytes.HasPrefix(bytes.TrimSpace(answer), []byte("<")) { // Service Bus says nothing, and a page for people not that it has them
		maybe, err = true, errNotServiceBus
	}
	if said, ok := errors.AsType[*protocol.Answer](err); ok {
		err = c.refusal(said, to)
	}
	switch {
	case maybe:
		return broker.Outcome{Unknown: int64(len(messages)), Err: err}
	case err != nil:
		return broker.Outcome{Err: err}
	}
	return broker.Outcome{Accepted: int64(len(messages))}
}

// Others names every other subscription of the topic, where messages are forwarded to,
// and where those end that nobody is done with.
func (c *client) Others(ctx context.Context, q protocol.Queue) (others []string, err error) {
	e, err := entityOf(q.Parameters)
	if err != nil {
		return nil, err
	}
	var mine description
	if e.topic != "" {
		all, err := c.list(ctx, "/"+e.topic+"/Subscriptions")
		if err != nil {
			return nil, err
		}
		for _, is := range all {
			switch {
			case e.pattern == nil && is.Title == e.subscription:
				mine = is
			case e.pattern == nil || e.pattern.FindString(is.Title) != is.Title:
				others = append(others, "subscription "+kscope.Clean(is.Title))
			}
		}
	} else if e.pattern == nil {
		if mine, err = c.get(ctx, e); err != nil {
			return nil, err
		}
	}
	if mine.ForwardTo != "" {
		others = append(others, base(mine.ForwardTo)+" (all is forwarded there)")
	}
	switch {
	case mine.Deliveries <= 0:
	case mine.DeadTo != "":
		others = append(others, fmt.Sprintf("%s (what is still there after %d deliveries)", base(mine.DeadTo), mine.Deliveries))
	default:
		others = append(others, fmt.Sprintf("its dead-letter queue (what is still there after %d deliveries)", mine.Deliveries))
	}
	return others, nil
}

// base is the name at the end of an address.
func base(at string) string {
	if u, err := url.Parse(at); err == nil && u.Path != "" {
		at = u.Path
	}
	return kscope.Clean(path.Base(at))
}
