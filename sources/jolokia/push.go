package jolokia

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
)

// Jobs go in so many to a request, and no more bytes of them than that, so that little is
// in flight when a connection breaks.
const (
	jobsToSend  = 100
	bytesToSend = 256 << 10
)

// text is the type of a text message, to Artemis.
const text = 3

// Push has the queue send jobs to itself, each as a persistent text message whose property
// kscope is the session of the batch.
func (c *client) Push(ctx context.Context, q protocol.Queue, b *broker.Batch) (did broker.Outcome) {
	at, err := c.place(q.Parameters)
	if err != nil {
		return broker.Outcome{Err: err}
	}
	if at.property(c.queue) == "" {
		return broker.Outcome{Err: &kscope.Trouble{Message: "the trigger reads no queue, so kscope puts nothing in"}}
	}
	session, _, _ := strings.Cut(b.ID(0), "-")
	for jobs := b.Jobs; len(jobs) > 0 && did.Err == nil; {
		asked, size := []request(nil), 0
		for len(jobs) > 0 && len(asked) < jobsToSend && (size == 0 || size+len(jobs[0]) <= bytesToSend) {
			asked, size, jobs = append(asked, c.send(at, session, jobs[0])), size+len(jobs[0]), jobs[1:]
		}
		var sent atomic.Bool
		trace := httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }}
		answers, err := c.post(httptrace.WithClientTrace(ctx, &trace), asked)
		if err != nil {
			if sent.Load() && mayBeIn(err) {
				did.Unknown += int64(len(asked))
			}
			did.Err = c.words(err)
			break
		}
		for _, a := range answers {
			if a.Status == fine {
				did.Accepted++
			} else if did.Err == nil {
				did.Err = c.refused(at, a)
			}
		}
	}
	return did
}

// send is a request to put a job in. Both brokers have operations of the same name with
// other arguments, so these are named too.
func (c *client) send(at place, session, job string) request {
	r := request{Type: "exec", MBean: at.mbean}
	if c.kind == &artemis {
		r.Operation = "sendMessage(java.util.Map,int,java.lang.String,boolean,java.lang.String,java.lang.String)"
		r.Arguments = []any{map[string]string{"kscope": session}, text, job, true, c.user, c.secret}
		return r
	}
	r.Operation = "sendTextMessage(java.util.Map,java.lang.String,java.lang.String,java.lang.String)"
	r.Arguments = []any{map[string]string{"kscope": session, "JMSDeliveryMode": "2"}, job, c.user, c.secret} // 2 is persistent
	return r
}

// mayBeIn reports whether what was sent may have been done in spite of an error: not if
// the server refused it as a whole.
func mayBeIn(err error) bool {
	if said, ok := errors.AsType[*protocol.Answer](err); ok {
		return said.Status >= http.StatusInternalServerError
	}
	return !errors.Is(err, errPage) && !errors.Is(err, errNotAll)
}

// emptied is a client of Artemis, whose queues say how much they lost; those of ActiveMQ
// do not.
type emptied struct{ *client }

// Purge removes what no consumer holds.
func (c *emptied) Purge(ctx context.Context, q protocol.Queue) (lost int64, err error) {
	at, err := c.place(q.Parameters)
	if err != nil {
		return 0, err
	}
	answers, err := c.post(ctx, []request{{Type: "exec", MBean: at.mbean, Operation: "removeAllMessages()"}})
	if err != nil {
		return 0, c.words(err)
	}
	if answers[0].Status != fine {
		return 0, c.refused(at, answers[0])
	}
	n, _ := answers[0].Value.(float64)
	return int64(n), nil
}
