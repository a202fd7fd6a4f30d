package redisd

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2/server"
)

// answer is where miniredis writes. It is no connection: writing never waits,
// and ends the command by a panic where there would be too much of it.
type answer struct {
	b     []byte
	spent int // bytes of what there may be, before
}

type tooMuch struct{}

func (a *answer) Write(b []byte) (int, error) {
	if a.spent+len(a.b)+len(b) > maxAnswer {
		panic(tooMuch{})
	}
	a.b = append(a.b, b...)
	return len(b), nil
}

// turn is the time in which others are held up by one client.
type turn struct {
	late  atomic.Bool
	timer *time.Timer
}

func newTurn(long time.Duration) *turn {
	t := &turn{}
	t.timer = time.AfterFunc(long, func() { t.late.Store(true) })
	return t
}

func (t *turn) over() bool { return t.late.Load() }

const msgTooLong = "BUSY the sandbox's Redis gives a script or a transaction no more than 0.3 s"

// command carries out one command of a connection and leaves the answer to be
// read.
func (c *client) command(args []string) {
	if cmd, ok := commands[strings.ToUpper(args[0])]; ok && cmd.is(blocks) && cmd.takes(args) && !c.multi && !c.restricted() && c.let {
		c.block(args)
		return
	}
	s := c.s
	if c.slow {
		s.slow.Lock()
		defer s.slow.Unlock()
	}
	s.mu.Lock()
	began := time.Now() //nolint:forbidigo // how long a command takes, not when
	kept := c.deliver(s.answerTo(c, args))
	changed := s.changed
	c.slow = time.Since(began) > long //nolint:forbidigo // as above
	s.mu.Unlock()
	if changed {
		s.wrote()
	}
	if !kept {
		c.drop()
	}
}

// deliver leaves an answer to be read, and reports whether no more waits than
// may. What it is given may be used again.
func (c *client) deliver(answer []byte) bool {
	if len(answer) <= small {
		return c.out.add(answer, false)
	}
	c.answer.b = nil // it belongs to the outbox now
	return c.out.add(answer, true)
}

// answerTo carries out a command and gives the answer, which holds until the
// next. The lock is held.
func (s *Server) answerTo(c *client, args []string) []byte {
	s.changed = false
	return s.more(c, args)
}

// more is answerTo in the middle of another command.
func (s *Server) more(c *client, args []string) []byte {
	c.answer.b = c.answer.b[:0]
	s.carry(c, args)
	return c.answer.b
}

// carry has one command carried out, queued or refused, and ends well whatever
// happens. The lock is held.
func (s *Server) carry(c *client, args []string) { c.guarded(func() { s.decide(c, args) }) }

func (s *Server) decide(c *client, args []string) {
	name := strings.ToUpper(args[0])
	cmd, ok := commands[name]
	switch {
	case !ok:
		c.refuse(unknown(args))
		return
	case !cmd.takes(args):
		c.refuse(fmt.Sprintf("ERR wrong number of arguments for '%s' command", strings.ToLower(name)))
		return
	case !c.let && !cmd.is(unasked):
		c.refuse("NOAUTH Authentication required.")
		return
	case c.script && cmd.is(noScript):
		c.refuse("ERR This Redis command is not allowed from script")
		return
	case c.restricted() && !cmd.is(listening):
		c.refuse(fmt.Sprintf("ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context", strings.ToLower(name)))
		return
	}
	c.last = strings.ToLower(name)
	if c.multi && !cmd.is(atOnce) {
		c.enqueue(args)
		return
	}
	s.obey(c, cmd, args)
}

// obey carries out a command that is known. The lock is held.
func (s *Server) obey(c *client, cmd command, args []string) {
	if cmd.is(grows) && !s.fits(args) {
		c.fail("OOM command not allowed when used memory > 'maxmemory'.")
		return
	}
	if cmd.vet != nil {
		if msg := cmd.vet(c, args); msg != "" {
			c.fail(msg)
			return
		}
	}
	s.expires = s.expires || cmd.is(expires)
	mark := len(c.answer.b)
	if cmd.do != nil {
		cmd.do(c, args)
	} else {
		s.core.Dispatch(c.peer, args)
	}
	c.peer.Flush()
	// Who waits in vain wakes nobody, himself least of all.
	if cmd.is(writes) && !isNull(c.answer.b[mark:]) {
		s.changed = true
		s.wake(args)
	}
}

// guarded lets a panic end no more than the command.
func (c *client) guarded(do func()) {
	mark := len(c.answer.b)
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		// miniredis unlocks without defer. Nobody else is inside, so that if it
		// is locked now, it is by what has just ended.
		c.s.mini.TryLock()
		c.s.mini.Unlock()
		c.spoilt, c.s.changed = true, true
		c.answer.b = c.answer.b[:mark]
		c.renew() // the old one may hold half an answer
		if _, ok := r.(tooMuch); ok && c.conn != nil {
			c.closing = true
			c.drop()
		} else if ok {
			c.fail("ERR the answer is longer than the sandbox's Redis gives")
		} else {
			c.fail(fmt.Sprintf("ERR the sandbox's Redis cannot do this: %v", r))
		}
	}()
	do()
	c.peer.Flush()
}

// fail answers with an error.
func (c *client) fail(msg string) {
	c.peer.WriteError(msg)
	c.peer.Flush()
}

// refuse answers with an error, after which what is queued is not carried out.
func (c *client) refuse(msg string) {
	c.dirty = c.multi
	c.fail(msg)
}

// unknown is how Redis says that it does not know a command.
func unknown(args []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "ERR unknown command '%.128s', with args beginning with: ", args[0])
	for _, a := range args[1:] {
		if b.Len() > 256 {
			break
		}
		fmt.Fprintf(&b, "'%.128s' ", a)
	}
	return b.String()
}

// parsed reads an answer in RESP 2.
func parsed(answer []byte) (any, error) {
	return server.ParseReply(bufio.NewReaderSize(bytes.NewReader(answer), 64))
}
