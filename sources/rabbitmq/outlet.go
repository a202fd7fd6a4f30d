package rabbitmq

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
)

// inFlight is how many messages may be without a word back at once.
const inFlight = 1000

// outlet is a channel that messages go out by, each of which is confirmed.
type outlet struct {
	*amqp.Channel
	confirms chan amqp.Confirmation // closed when the channel ends
	returns  chan amqp.Return       // no queue took them; such a one comes before its confirmation
	closes   chan *amqp.Error       // why the channel ended
	trusted  bool                   // one was confirmed: the server takes them in
}

// outlet opens the channel where there is none.
func (l *line) outlet() (*outlet, error) {
	if l.out != nil && !l.out.IsClosed() {
		return l.out, nil
	}
	ch, err := l.conn.Channel()
	if err != nil {
		return nil, err
	}
	if err := ch.Confirm(false); err != nil {
		return nil, err
	}
	l.out = &outlet{
		Channel: ch, confirms: ch.NotifyPublish(make(chan amqp.Confirmation, inFlight)), returns: ch.NotifyReturn(make(chan amqp.Return, inFlight)),
		closes: ch.NotifyClose(make(chan *amqp.Error, 1)),
	}
	return l.out, nil
}

// Push publishes to the default exchange, which hands a message to the queue of its
// routing key and to no other: what the application's own exchanges are bound to is
// passed by. Messages are persistent. On a new connection the first goes alone, since a
// server that is short of memory or disk says so only to who publishes.
func (l *line) Push(ctx context.Context, q protocol.Queue, b *broker.Batch) (did broker.Outcome) {
	defer l.until(ctx)()
	if l.blocked.Load() != nil {
		return broker.Outcome{Err: l.shut()} // nor would it answer
	}
	name := q.Text("queueName")
	out, err := l.outlet()
	if err == nil {
		_, err = out.QueueDeclarePassive(name, false, false, false, false, nil)
	}
	if err != nil {
		return broker.Outcome{Err: l.ofQueue(ctx, err, name)}
	}
	t := tally{line: l, outlet: out, queue: name}
	message := blank(b)
	for i, job := range b.Jobs {
		for t.err == nil && (t.waiting >= inFlight || t.waiting > 0 && !out.trusted) {
			t.wait(ctx)
		}
		if t.err != nil {
			break
		}
		message.MessageId, message.Body = b.ID(i), []byte(job)
		err := out.Publish("", name, true, false, message)
		if !errors.Is(err, amqp.ErrClosed) {
			t.waiting++ // also where it failed, for who knows how much of it went out
		}
		if err != nil {
			t.broken(ctx)
			break
		}
	}
	for t.waiting > 0 && !t.ended {
		t.wait(ctx)
	}
	return broker.Outcome{Accepted: t.taken, Unknown: t.waiting, Err: t.err}
}

// blank is a message of a batch but for its id and body.
func blank(b *broker.Batch) amqp.Publishing {
	session, _, _ := strings.Cut(b.ID(0), "-")
	return amqp.Publishing{Headers: amqp.Table{"kscope": session}, ContentType: contentType(b), DeliveryMode: amqp.Persistent, Timestamp: b.At}
}

// contentType is what the jobs of a batch are, by the first.
func contentType(b *broker.Batch) string {
	if len(b.Jobs) > 0 && json.Valid([]byte(b.Jobs[0])) {
		return "application/json"
	}
	return "text/plain"
}

// tally counts what comes back.
type tally struct {
	*line
	*outlet
	queue   string
	taken   int64
	waiting int64 // without a word
	err     error // the first
	ended   bool  // no more words are to be waited for
}

// wait takes one word.
func (t *tally) wait(ctx context.Context) {
	select {
	case c, ok := <-t.confirms:
		t.confirmed(ctx, c, ok)
	case <-t.news:
		if t.blocked.Load() != nil {
			t.fail(t.shut())
		}
	case <-ctx.Done():
		t.fail(ctx.Err())
	}
}

// confirmed is that one was dealt with, or !ok that the channel ended. Where a message
// comes back, it does before that.
func (t *tally) confirmed(ctx context.Context, c amqp.Confirmation, ok bool) {
	if !ok {
		t.broken(ctx)
		return
	}
	t.waiting--
	t.trusted = true
	var err error
	select {
	case r := <-t.returns:
		if err = missing(t.queue, t.vhost); r.ReplyCode != amqp.NoRoute {
			err = &kscope.Trouble{Message: said(r.ReplyText)}
		}
	default:
		if !c.Ack {
			err = errFull(t.queue)
		}
	}
	if err == nil {
		t.taken++
	} else if t.err == nil {
		t.err = err
	}
}

// errFull is for what the server refuses to take in.
func errFull(queue string) error {
	return &kscope.Trouble{Message: fmt.Sprintf("RabbitMQ rejects messages for %s: the queue is full", queue), Hint: "its max-length with overflow reject-publish says how many it holds; else its log says why"}
}

// fail ends the waiting.
func (t *tally) fail(err error) {
	t.ended = true
	if t.err == nil {
		t.err = err
	}
}

// broken is that the channel ended. What was confirmed until then counts. A refusal of
// the only message that was sent is a word about it.
func (t *tally) broken(ctx context.Context) {
	for c := range t.confirms { // which is closed by now, or about to be
		t.confirmed(ctx, c, true)
	}
	var cause error = amqp.ErrClosed
	if e := <-t.closes; e != nil { // nor does this wait
		cause = e
		if e.Server && !t.trusted {
			t.waiting = 0
		}
	}
	t.fail(t.ofQueue(ctx, cause, t.queue))
}

// shut is that the server lets nothing in.
func (l *line) shut() error {
	reason := "it is short of memory or disk"
	if r := l.blocked.Load(); r != nil && *r != "" {
		reason = *r
	}
	return &kscope.Trouble{Message: "RabbitMQ takes no messages in now: " + reason, Hint: "nobody can publish until that is over; see rabbitmq-diagnostics alarms"}
}

// ofQueue is what an error of a channel comes from.
func (l *line) ofQueue(ctx context.Context, err error, name string) error {
	if own := l.own(err, name); own != nil {
		return own
	}
	return l.cause(ctx, err)
}

// Purge empties a queue of what is ready. What consumers hold stays.
func (l *line) Purge(ctx context.Context, q protocol.Queue) (lost int64, err error) {
	defer l.until(ctx)()
	if l.blocked.Load() != nil {
		return 0, l.shut()
	}
	name := q.Text("queueName")
	ch, err := l.conn.Channel()
	if err != nil {
		return 0, l.cause(ctx, err)
	}
	defer func() { _ = ch.Close() }() // it may be closed
	n, err := ch.QueuePurge(name, false)
	if err != nil {
		return 0, l.ofQueue(ctx, err, name)
	}
	return int64(n), nil
}
