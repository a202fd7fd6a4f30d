package redis

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"time"
)

// line is a connection that is kept from one exchange to the next, or none yet.
// While it rests it may end without a word to us: a pod behind a tunnel is
// replaced, a server restarts, a router forgets. Nobody is to notice that, so
// it alone decides when a connection is replaced; the zero value has none.
type line struct {
	link *link
	used time.Time // when the last exchange over it ended
}

// rest is how long a connection may rest and still be trusted with what must
// not be sent twice.
const rest = time.Second

// do has an exchange over the connection that is kept, or else over one that
// dial makes. A kept connection that fails is replaced on the spot and the
// exchange begins anew where again says of the error that this does no harm:
// [ended] for questions, [unsent] for what must be carried out once at the most.
// After an error there is no connection.
func (l *line) do(ctx context.Context, dial func() (*link, error), talk func(*link) error, again func(error) bool) error {
	for {
		kept := l.link != nil
		if !kept {
			link, err := dial()
			if err != nil {
				return err
			}
			l.link = link
		}
		err := talk(l.link)
		if err == nil {
			l.used = time.Now()
			return nil
		}
		l.close()
		if !kept || ctx.Err() != nil || !again(err) {
			return err
		}
	}
}

// check makes sure of the kept connection, if there is one, before something is
// sent that must not be sent twice: what goes out over one that has ended may
// seem to be sent, and nothing would tell whether it arrived. It costs a round
// trip. A connection that gives no answer is dropped, whatever the reason: a new
// one will tell what is wrong with the server, if anything is.
func (l *line) check(ctx context.Context) {
	if l.link != nil && l.link.ping(ctx) != nil {
		l.close()
	}
}

// rested reports whether the connection has not been used for a while.
func (l *line) rested() bool { return time.Since(l.used) > rest }

func (l *line) close() {
	l.link.close()
	l.link = nil
}

// ended reports whether an error of a kept connection says that it is over, in
// whatever words: a tunnel has some of its own. Silence is another matter: the
// server may be there and hang, and would be waited for twice.
func ended(err error) bool { return !timedOut(err) || errors.Is(err, syscall.ETIMEDOUT) }

// unsent reports whether an error says that nothing left this machine.
func unsent(err error) bool { return errors.Is(err, errClosed) }

// hungUp reports whether an error says that the other side closed the
// connection, as opposed to not answering on it.
func hungUp(err error) bool {
	for _, e := range []error{errClosed, io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
