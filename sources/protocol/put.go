package protocol

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
)

// Once posts once. Of an error it tells whether what was asked for may have been done
// nevertheless: something was sent, and either no answer came back or one of a server
// that is in trouble itself.
func (w *Web) Once(ctx context.Context, at string, body []byte, header http.Header) (answer []byte, maybe bool, err error) {
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	answer, _, err = w.Do(ctx, http.MethodPost, at, bytes.NewReader(body), header)
	if said, ok := errors.AsType[*Answer](err); ok {
		return nil, said.Status >= http.StatusInternalServerError, err
	}
	return answer, err != nil && sent.Load(), err
}

// Pieces is how a batch travels: so many jobs and bytes at most in one request, one job
// at least, and so many requests at a time.
type Pieces struct{ Jobs, Bytes, AtOnce int }

// Spread puts a batch in piece by piece, each by send, which is given where the piece
// begins and ends and is called from several goroutines. After one that failed no other
// is begun.
func Spread(b *broker.Batch, p Pieces, send func(from, to int) broker.Outcome) (did broker.Outcome) {
	var (
		group errgroup.Group
		mu    sync.Mutex
	)
	group.SetLimit(p.AtOnce)
	for next := 0; next < len(b.Jobs); {
		from, to, size := next, next+1, len(b.Jobs[next])
		for to < len(b.Jobs) && to-from < p.Jobs && size+len(b.Jobs[to]) <= p.Bytes {
			size += len(b.Jobs[to])
			to++
		}
		mu.Lock()
		failed := did.Err != nil
		mu.Unlock()
		if failed {
			break
		}
		group.Go(func() error {
			one := send(from, to)
			mu.Lock()
			defer mu.Unlock()
			did.Accepted, did.Unknown = did.Accepted+one.Accepted, did.Unknown+one.Unknown
			if did.Err == nil {
				did.Err = one.Err
			}
			return nil
		})
		next = to
	}
	_ = group.Wait() // the errors are in the outcome
	return did
}

// Mark is what jobs of a batch are marked with where a broker has room for that beside
// them: it is that of all jobs which one kscope puts in.
func Mark(b *broker.Batch) string {
	if len(b.Jobs) == 0 {
		return ""
	}
	mark, _, _ := strings.Cut(b.ID(0), "-")
	return mark
}

// OnlyKEDA is the trouble with a trigger that is read as somebody whom only KEDA's
// operator can be: "the AWS identity".
func OnlyKEDA(identity string) error {
	return &kscope.Trouble{
		Message: "the trigger uses " + identity + ", which only KEDA's operator has",
		Hint:    "kscope cannot ask in its place: what KEDA measures is all there is to see, and nothing can be put in",
	}
}
