package nats

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
)

// Push puts jobs into the stream of a consumer: all are sent, each under an id by which
// the stream knows it from a second copy, then what the stream acknowledges is counted.
func (c *client) Push(ctx context.Context, q protocol.Queue, b *broker.Batch) (did broker.Outcome) {
	e, t, err := c.target(ctx, q)
	if err != nil {
		return broker.Outcome{Err: err}
	}
	stream := t.stream.CachedInfo().Config.Name
	sent := make([]jetstream.PubAckFuture, 0, len(b.Jobs))
	for i, job := range b.Jobs {
		id := b.ID(i)
		m := &nats.Msg{Subject: t.subject, Data: []byte(job), Header: nats.Header{"kscope": {id[:strings.LastIndexByte(id, '-')]}}}
		f, err := e.js.PublishMsgAsync(m, jetstream.WithMsgID(id), jetstream.WithExpectStream(stream), jetstream.WithRetryAttempts(0))
		if err != nil {
			did.Err = e.worded(err)
			break
		}
		sent = append(sent, f)
	}
	for _, f := range sent {
		switch err := e.await(ctx, f); {
		case err == nil:
			did.Accepted++
		case refusal(err), e.forbids(t.subject):
			did.Err = first(did.Err, e.worded(err))
		default:
			did.Unknown++
			did.Err = first(did.Err, e.worded(err))
		}
	}
	return did
}

func first(err, next error) error {
	if err != nil {
		return err
	}
	return next
}

// refusal reports whether a message is certainly not in the stream.
func refusal(err error) bool {
	_, api := errors.AsType[*jetstream.APIError](err)
	return api || errors.Is(err, jetstream.ErrNoStreamResponse)
}

// await waits for the word of the stream about one message; nil is that it has it.
func (e *entry) await(ctx context.Context, f jetstream.PubAckFuture) error {
	select {
	case <-f.Ok():
		return nil
	case err := <-f.Err():
		return err
	default: // whatever else there is, what was said counts
	}
	select {
	case <-f.Ok():
		return nil
	case err := <-f.Err():
		return err
	case <-e.refused:
		return nats.ErrPermissionViolation
	case <-e.ended:
		return nats.ErrConnectionClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Others names the other consumers of the stream that get the subject, the streams that
// copy it, and where the stream sends what it gets.
func (c *client) Others(ctx context.Context, q protocol.Queue) ([]string, error) {
	e, t, err := c.target(ctx, q)
	if err != nil {
		return nil, err
	}
	ctx, stop := e.asking(ctx)
	defer stop()
	var out []string
	consumers := t.stream.ListConsumers(ctx)
	for is := range consumers.Info() {
		filters := is.Config.FilterSubjects
		if is.Config.FilterSubject != "" {
			filters = []string{is.Config.FilterSubject}
		}
		if is.Name != q.Text("consumer") && gets(filters, t.subject) {
			out = append(out, "consumer "+kscope.Clean(is.Name))
		}
	}
	if err := consumers.Err(); err != nil {
		return nil, e.worded(err)
	}
	name := t.stream.CachedInfo().Config.Name
	streams := e.js.ListStreams(ctx)
	for is := range streams.Info() {
		from := is.Config.Sources
		if is.Config.Mirror != nil {
			from = append(from, is.Config.Mirror)
		}
		for _, source := range from {
			if source.Name == name {
				out = append(out, "stream "+kscope.Clean(is.Config.Name)+", which copies this one")
				break
			}
		}
	}
	if err := streams.Err(); err != nil {
		return nil, e.worded(err)
	}
	if to := t.stream.CachedInfo().Config.RePublish; to != nil && (to.Source == "" || matches(to.Source, t.subject)) {
		out = append(out, "subscribers of "+kscope.Clean(to.Destination))
	}
	return out, nil
}

// Purge takes out of the stream what waits for a consumer and what its workers hold. That
// is safe only where nobody else gets it, and exact where the stream keeps nothing that
// is done.
func (c *client) Purge(ctx context.Context, q protocol.Queue) (lost int64, err error) {
	e, t, err := c.target(ctx, q)
	if err != nil {
		return 0, err
	}
	if t.stream.CachedInfo().Config.Retention == jetstream.LimitsPolicy {
		return 0, &kscope.Trouble{Message: "the stream keeps what is done as well, and kscope would delete that too", Hint: "only a stream with the retention workqueue or interest can be emptied here"}
	}
	others, err := c.Others(ctx, q)
	if err != nil {
		return 0, err
	}
	ctx, stop := e.asking(ctx)
	defer stop()
	if len(others) > 0 {
		return 0, &kscope.Trouble{Message: "the stream is not this consumer's alone: " + strings.Join(others, "; "), Hint: "kscope would take jobs away from them"}
	}
	filters := t.filters
	if len(filters) == 0 {
		filters = []string{""}
	}
	for _, filter := range filters {
		n, err := e.purge(ctx, t.stream.CachedInfo().Config.Name, filter)
		if lost += n; err != nil {
			return lost, e.worded(err)
		}
	}
	return lost, nil
}

// purge empties a stream of what a filter matches; jetstream has the same, but does not
// tell how many there were.
func (e *entry) purge(ctx context.Context, stream, filter string) (int64, error) {
	ask, _ := json.Marshal(map[string]string{"filter": filter}) // texts never fail
	m, err := e.RequestWithContext(ctx, jetstream.DefaultAPIPrefix+"STREAM.PURGE."+stream, ask)
	if err != nil {
		return 0, err
	}
	var did struct {
		Error  *jetstream.APIError `json:"error"`
		Purged int64               `json:"purged"`
	}
	if err := json.Unmarshal(m.Data, &did); err != nil {
		return 0, &kscope.Trouble{Message: "JetStream's answer makes no sense"}
	}
	if did.Error != nil {
		return 0, did.Error
	}
	return did.Purged, nil
}
