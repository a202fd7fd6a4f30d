package rabbitmq

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
)

// most is how many channels ask at once.
const most = 8

// Measure declares every queue passively, which changes nothing and tells how many
// messages are ready and how many consumers there are.
func (l *line) Measure(ctx context.Context, queues []protocol.Queue, readings []broker.Reading) error {
	defer l.until(ctx)()
	for len(l.lanes) < min(len(queues), most) {
		l.lanes = append(l.lanes, nil)
	}
	var next atomic.Int64
	var all sync.WaitGroup
	failed := make([]error, len(l.lanes))
	for at := range l.lanes {
		all.Go(func() {
			for failed[at] == nil {
				i := int(next.Add(1)) - 1
				if i >= len(queues) {
					return
				}
				readings[i], failed[at] = l.inspect(&l.lanes[at], queues[i].Text("queueName"))
			}
		})
	}
	all.Wait()
	for _, err := range failed {
		if err != nil {
			return l.cause(ctx, err)
		}
	}
	return nil
}

// inspect asks for one queue. What the server refuses is about the queue, and the end of
// the channel that asked.
func (l *line) inspect(ch **amqp.Channel, name string) (broker.Reading, error) {
	if *ch == nil || (*ch).IsClosed() {
		made, err := l.conn.Channel()
		if err != nil {
			return broker.Reading{}, err
		}
		*ch = made
	}
	q, err := (*ch).QueueDeclarePassive(name, false, false, false, false, nil)
	if err == nil {
		return told(q), nil
	}
	*ch = nil
	if err := l.own(err, name); err != nil {
		return broker.Reading{Err: err, Own: true}, nil
	}
	return broker.Reading{}, err
}

// own is an error that ends a channel only, for it is about one queue; nil for others.
func (l *line) own(err error, name string) error {
	e, ok := errors.AsType[*amqp.Error](err)
	switch {
	case !ok || !e.Server || l.conn.IsClosed():
		return nil
	case e.Code == amqp.NotFound:
		return missing(name, l.vhost)
	case e.Code == amqp.ResourceLocked:
		return &kscope.Trouble{Message: said(e.Reason), Hint: "an exclusive queue is its connection's own, and KEDA cannot read it either; over the management API it could"}
	case e.Code == amqp.AccessRefused:
		return &kscope.Trouble{Message: said(e.Reason), Hint: "rabbitmqctl set_permissions gives access"}
	}
	return &kscope.Trouble{Message: said(e.Reason)}
}

// told is a reading over amqp, whose count is KEDA's.
func told(q amqp.Queue) broker.Reading {
	r := broker.Reading{N: float64(q.Messages), Type: "queue", Note: consumers(q.Consumers) + "; amqp does not tell of unacked"}
	r.Parts[0] = kscope.Part{Name: "ready", N: r.N}
	return r
}
