package pubsub

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
)

// Pub/Sub takes 1,000 messages and 10 MB in a request, of which base64 makes a third.
var pieces = protocol.Pieces{Jobs: 1000, Bytes: 6 << 20, AtOnce: atOnce}

// subscription is what Pub/Sub tells of one.
type subscription struct {
	Topic  string // its path
	Filter string
	Dead   struct {
		Topic string `json:"deadLetterTopic"`
		Most  int    `json:"maxDeliveryAttempts"`
	} `json:"deadLetterPolicy"`
}

// message is one to be published.
type message struct {
	Data       []byte            `json:"data"`
	Attributes map[string]string `json:"attributes"`
}

// look is the subscription of a trigger, or its topic alone where it names that.
func (c *client) look(ctx context.Context, q protocol.Queue) (r resource, is subscription, err error) {
	if r, err = resourceOf(q.Parameters, c.Project); err != nil {
		return r, is, err
	}
	if r.kind == "topic" {
		return r, subscription{Topic: r.path()}, nil
	}
	if is, ok := c.topics[r]; ok {
		return r, is, nil
	}
	if err := c.login(ctx); err != nil {
		return r, is, err
	}
	b, _, err := c.ask(ctx, http.MethodGet, c.at("pubsub")+"/v1/"+r.path(), nil)
	switch {
	case err != nil:
		return r, is, err
	case json.Unmarshal(b, &is) != nil || is.Topic == "":
		return r, is, errNotGoogle
	case is.Topic == "_deleted-topic_":
		return r, is, &kscope.Trouble{Message: "the topic of the subscription was deleted: nothing comes in any more", Hint: "make the subscription anew, with a topic that is there"}
	}
	c.topics[r] = is
	return r, is, nil
}

// Push publishes jobs to the topic.
func (c *client) Push(ctx context.Context, q protocol.Queue, b *broker.Batch) broker.Outcome {
	_, is, err := c.look(ctx, q)
	if err == nil {
		err = c.login(ctx)
	}
	if err != nil {
		return broker.Outcome{Err: err}
	}
	mark := map[string]string{"kscope": protocol.Mark(b)}
	return protocol.Spread(b, pieces, func(from, to int) broker.Outcome {
		messages := make([]message, to-from)
		for i := range messages {
			messages[i] = message{[]byte(b.Jobs[from+i]), mark}
		}
		return c.publish(ctx, is.Topic, messages)
	})
}

// publish sends messages in one request, which are taken all or not at all.
func (c *client) publish(ctx context.Context, topic string, messages []message) broker.Outcome {
	body, err := json.Marshal(map[string]any{"messages": messages})
	if err != nil {
		return broker.Outcome{Err: err}
	}
	answer, maybe, err := c.ask(ctx, http.MethodPost, c.at("pubsub")+"/v1/"+topic+":publish", body)
	var is struct{ MessageIds []string }
	if err == nil && json.Unmarshal(answer, &is) != nil {
		maybe, err = true, errNotGoogle
	}
	did := broker.Outcome{Accepted: int64(len(is.MessageIds)), Err: err}
	if maybe {
		did.Unknown = int64(len(messages))
	}
	return did
}

// Others names every other subscription of the topic, and where those messages go that
// nobody is done with. What the subscription itself does not get is said too.
func (c *client) Others(ctx context.Context, q protocol.Queue) (others []string, err error) {
	mine, is, err := c.look(ctx, q)
	if err == nil {
		err = c.login(ctx)
	}
	if err != nil {
		return nil, err
	}
	for next := ""; ; {
		b, _, err := c.ask(ctx, http.MethodGet, c.at("pubsub")+"/v1/"+is.Topic+"/subscriptions?pageSize=1000&pageToken="+url.QueryEscape(next), nil)
		if err != nil {
			return nil, err
		}
		var page struct {
			Subscriptions []string
			NextPageToken string
		}
		if json.Unmarshal(b, &page) != nil {
			return nil, errNotGoogle
		}
		for _, name := range page.Subscriptions {
			if name != mine.path() {
				others = append(others, "subscription "+kscope.Clean(path.Base(name)))
			}
		}
		if next = page.NextPageToken; next == "" || len(page.Subscriptions) == 0 {
			break
		}
	}
	if is.Dead.Topic != "" {
		others = append(others, fmt.Sprintf("topic %s (what is still there after %d deliveries)", kscope.Clean(path.Base(is.Dead.Topic)), is.Dead.Most))
	}
	if is.Filter != "" {
		others = append(others, "(this subscription itself gets only what its filter lets through: "+strings.TrimSpace(kscope.Clean(is.Filter))+")")
	}
	return others, nil
}
