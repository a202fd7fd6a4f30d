package rabbitmq

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
)

// postsAtOnce is how many messages are on their way at once. The API opens a connection
// of its own for each.
const postsAtOnce = 8

// posting is a message as the API takes it.
type posting struct {
	Properties properties `json:"properties"`
	Key        string     `json:"routing_key"`
	Payload    string     `json:"payload"`
	Encoding   string     `json:"payload_encoding"`
}

type properties struct {
	Headers     map[string]string `json:"headers"`
	ContentType string            `json:"content_type"`
	Mode        int               `json:"delivery_mode"` // 2 for persistent
	ID          string            `json:"message_id"`
	At          int64             `json:"timestamp"` // Unix seconds
}

// Push publishes each message with a request of its own, since the API knows no other
// way; RabbitMQ confirms each before it answers. That is some hundreds a second. The
// API's own connections are not stopped when memory or disk is short, so it is asked
// before whether they are.
func (m *management) Push(ctx context.Context, q protocol.Queue, b *broker.Batch) (did broker.Outcome) {
	if q.On("useRegex") {
		return broker.Outcome{Err: errPattern}
	}
	if err := m.greet(ctx); err != nil {
		return broker.Outcome{Err: err}
	}
	if err := m.get(ctx, new(any), "/health/checks/alarms"); status(err) == http.StatusServiceUnavailable {
		return broker.Outcome{Err: errShort}
	}
	session, _, _ := strings.Cut(b.ID(0), "-")
	posts := m.to(m.vhostOf(q), q.Text("queueName"))
	var next, accepted, unknown atomic.Int64
	var first atomic.Pointer[error]
	var all sync.WaitGroup
	kind := contentType(b)
	for range postsAtOnce {
		all.Go(func() {
			for first.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(b.Jobs) {
					return
				}
				err := posts.send(ctx, properties{map[string]string{"kscope": session}, kind, 2, b.ID(i), b.At.Unix()}, b.Jobs[i])
				switch _, isWord := errors.AsType[*kscope.Trouble](err); {
				case err == nil:
					accepted.Add(1)
					continue
				case !isWord:
					unknown.Add(1)
				}
				first.CompareAndSwap(nil, &err)
			}
		})
	}
	all.Wait()
	did = broker.Outcome{Accepted: accepted.Load(), Unknown: unknown.Load()}
	if err := first.Load(); err != nil {
		did.Err = *err
	}
	return did
}

var errShort = &kscope.Trouble{Message: "RabbitMQ is short of memory or disk, and takes no messages in", Hint: "nobody can publish until that is over; see rabbitmq-diagnostics alarms"}

// posts publishes to one queue.
type posts struct {
	*management
	vhost, queue string
}

func (m *management) to(vhost, queue string) posts { return posts{m, vhost, queue} }

// send publishes one message. Words of RabbitMQ are a [*kscope.Trouble]: it did not take
// the message. Of any other error one does not know.
func (p posts) send(ctx context.Context, is properties, job string) error {
	body, err := json.Marshal(posting{is, p.queue, job, "string"})
	if err != nil {
		return &kscope.Trouble{Message: "a job cannot be written as JSON"}
	}
	// No header says that this may be asked again, so net/http does not.
	b, _, err := p.Do(ctx, http.MethodPost, p.base+"/api/exchanges/"+url.PathEscape(p.vhost)+"/amq.default/publish", bytes.NewReader(body), http.Header{"Content-Type": {"application/json"}})
	if a, ok := errors.AsType[*protocol.Answer](err); ok {
		switch text := reason(a); {
		case strings.Contains(text, "Check queue limits"):
			return errFull(p.queue)
		case a.Status == http.StatusNotFound:
			return noVhost(p.vhost)
		case a.Status >= http.StatusInternalServerError:
			return err // it may have been taken
		case strings.Contains(text, "ACCESS_REFUSED"):
			_, text, _ = strings.Cut(text, " ") // the code
			return &kscope.Trouble{Message: said(text), Hint: "rabbitmqctl set_permissions gives the right to write"}
		}
		return p.explained(err)
	}
	if err != nil {
		return p.explained(err)
	}
	var came struct{ Routed bool }
	if err := json.Unmarshal(b, &came); err != nil {
		return errors.New("the answer to a message is no JSON")
	}
	if !came.Routed {
		return missing(p.queue, p.vhost)
	}
	return nil
}

// Purge empties a queue of what is ready; what consumers hold stays. Since the API does
// not say how many that were, one message is taken first, with which it tells how many
// are left: what comes or goes between the two is not counted.
func (m *management) Purge(ctx context.Context, q protocol.Queue) (lost int64, err error) {
	if q.On("useRegex") {
		return 0, errPattern
	}
	at := fmt.Sprintf("%s/api/queues/%s/%s", m.base, url.PathEscape(m.vhostOf(q)), url.PathEscape(q.Text("queueName")))
	b, _, err := m.Do(ctx, http.MethodPost, at+"/get", strings.NewReader(`{"count":1,"ackmode":"ack_requeue_false","encoding":"auto","truncate":1}`), http.Header{"Content-Type": {"application/json"}})
	if err != nil {
		return 0, m.ofQueue(err, q)
	}
	var got []struct {
		Left int64 `json:"message_count"`
	}
	if err := json.Unmarshal(b, &got); err != nil {
		return 0, errNotRabbit
	}
	if len(got) == 0 {
		return 0, nil
	}
	if _, _, err := m.Do(ctx, http.MethodDelete, at+"/contents", nil, nil); err != nil {
		return 1, m.ofQueue(err, q)
	}
	return 1 + got[0].Left, nil
}

// ofQueue is an error about a queue in words.
func (m *management) ofQueue(err error, q protocol.Queue) error {
	if status(err) == http.StatusNotFound {
		return missing(q.Text("queueName"), m.vhostOf(q))
	}
	if own := m.ofVhost(err, m.vhostOf(q)); own != nil {
		return own
	}
	return m.explained(err)
}

// Others names where dead letters go, and how many messages the queue holds. Nobody gets
// a copy: the default exchange hands each to one queue.
func (m *management) Others(ctx context.Context, q protocol.Queue) (others []string, err error) {
	if q.On("useRegex") {
		return nil, nil
	}
	all, err := m.one(ctx, m.vhostOf(q), q.Text("queueName"))
	if err != nil {
		return nil, m.ofQueue(err, q)
	}
	for _, is := range all {
		if name, ok := is.deadLetters(); ok {
			if name == "" {
				name = "the default one"
			}
			others = append(others, "dead letters go to exchange "+kscope.Clean(name))
		}
		if most, overflow := is.most(); most > 0 {
			then := "more push out the oldest"
			if strings.HasPrefix(overflow, "reject-publish") {
				then = "more are rejected"
			}
			others = append(others, fmt.Sprintf("the queue holds %.0f messages at most: %s", most, then))
		}
	}
	return others, nil
}

var (
	_ protocol.Pusher = (*management)(nil)
	_ protocol.Purger = (*management)(nil)
	_ protocol.Sharer = (*management)(nil)
	_ protocol.Pusher = (*line)(nil)
	_ protocol.Purger = (*line)(nil)
)
