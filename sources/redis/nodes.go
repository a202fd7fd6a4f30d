package redis

import (
	"context"
	"time"
)

// headStart is how long a node may take to answer before the next one is asked
// as well: one that hangs must not keep the others from being heard.
const headStart = 500 * time.Millisecond

// heard is what came of asking one node: a link, which is the receiver's to
// close, and the answer, or an error.
type heard[T any] struct {
	at    Server
	link  *link
	value T
	err   error
}

// firstOf asks nodes that all know the same, one after the other, and returns
// the first answer, or the first error that is final because the others would
// say the same. Where all fail, it is the error of the last in the list, so that
// the words for it stay the same. There is one node at least. It returns when
// nobody is being asked any more.
func firstOf[T any](ctx context.Context, nodes []Server, o Options, final func(error) bool, ask func(context.Context, *link) (T, error)) heard[T] {
	type numbered struct {
		heard[T]
		i int
	}
	replies := make(chan numbered)
	var stop []context.CancelFunc // of those who were asked
	next := time.NewTimer(headStart)
	defer next.Stop()
	begin := func() {
		i := len(stop)
		if i == len(nodes) {
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		stop = append(stop, cancel)
		next.Reset(headStart)
		go func() { replies <- numbered{askOne(ctx, cancel, nodes[i], o, ask), i} }()
	}
	var out heard[T]
	done, last := false, -1
	begin()
	for answered := 0; answered < len(stop); {
		select {
		case <-next.C:
		case r := <-replies:
			answered++
			switch {
			case done: // too late
				r.link.close()
			case r.err == nil || final(r.err):
				out, done = r.heard, true
				for i, cancel := range stop {
					if i != r.i || r.err != nil {
						cancel()
					}
				}
			case r.i > last:
				out, last = r.heard, r.i
			}
		}
		if !done {
			begin()
		}
	}
	return out
}

// askOne asks one node. The link that it returns holds on to ctx, which ends
// with it.
func askOne[T any](ctx context.Context, cancel context.CancelFunc, at Server, o Options, ask func(context.Context, *link) (T, error)) heard[T] {
	r := heard[T]{at: at}
	if r.link, r.err = connect(ctx, at, 0, o); r.err != nil {
		cancel()
		return r
	}
	release := r.link.release
	r.link.release = func() bool { defer cancel(); return release() }
	if r.value, r.err = ask(ctx, r.link); r.err != nil {
		r.link.close()
		r.link = nil
	}
	return r
}
