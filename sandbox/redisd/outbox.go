package redisd

import (
	"net"
	"sync"
)

// outbox holds what a client has not read yet, so that whoever answers it or
// sends to it never waits for it.
type outbox struct {
	held func(bytes int) // told of all that is added and goes

	mu     sync.Mutex
	full   [][]byte // not to be changed: the same message may wait for many clients
	tail   []byte   // what is still added to
	size   int      // bytes, with those that are being written
	ended  bool     // nothing more comes
	dead   bool     // nobody reads any more
	moved  chan struct{}
	filled chan struct{}
}

func newOutbox(held func(int)) *outbox {
	return &outbox{held: held, moved: make(chan struct{}, 1), filled: make(chan struct{}, 1)}
}

// small is up to where answers are gathered rather than kept one by one.
const small = 16 << 10

// add takes bytes that nobody changes any more if shared, and copies them if
// not. It reports whether no more than the limit waits.
func (o *outbox) add(b []byte, shared bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dead || o.ended || len(b) == 0 {
		return true
	}
	if shared && len(b) > small {
		if len(o.tail) > 0 {
			o.full = append(o.full, o.tail)
			o.tail = nil
		}
		o.full = append(o.full, b)
	} else {
		o.tail = append(o.tail, b...)
	}
	o.size += len(b)
	o.held(len(b))
	nudge(o.filled)
	return o.size <= maxAnswer
}

// waiting is how many bytes are not read yet.
func (o *outbox) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.size
}

// end lets the connection close when all has been read.
func (o *outbox) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	nudge(o.filled)
}

// kill forgets everything.
func (o *outbox) kill() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held(-o.size)
	o.full, o.tail, o.size, o.dead = nil, nil, 0, true
	nudge(o.filled)
	nudge(o.moved)
}

// take gives what waits next; nothing when nothing does, and over when nothing
// ever will.
func (o *outbox) take() (b []byte, over bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.dead:
		return nil, true
	case len(o.full) > 0:
		b, o.full = o.full[0], o.full[1:]
	case len(o.tail) > 0:
		b, o.tail = o.tail, nil
	}
	return b, b == nil && o.ended
}

func (o *outbox) sent(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dead {
		return
	}
	o.size -= n
	o.held(-n)
	nudge(o.moved)
}

// pump writes to the connection until all is written or nobody reads it.
func (o *outbox) pump(conn net.Conn) {
	for {
		b, over := o.take()
		if over {
			return
		}
		if b == nil {
			<-o.filled
		}
		for len(b) > 0 {
			n, err := conn.Write(b[:min(len(b), piece)])
			o.sent(n)
			if err != nil {
				o.kill()
				return
			}
			b = b[n:]
		}
	}
}

func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
