package redisd

import (
	"bufio"
	"errors"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2/server"
)

// client is one connection, or the sandbox itself, or a script: whoever has
// commands carried out. Three goroutines serve a connection: one reads commands,
// one carries them out, one writes answers; only the first and the last ever
// wait for the other end.
type client struct {
	s    *Server
	id   int64
	conn net.Conn // nil if it is no connection
	out  *outbox
	in   chan request  // closed when nothing more can be read
	part atomic.Int64  // bytes of commands that are read and not carried out
	gone chan struct{} // closed when the connection is
	once sync.Once

	// What follows is of the goroutine that carries out, under Server.mu.
	let     bool         // it has given a password, or needs none
	slow    bool         // the last command took long
	ahead   []request    // what was read while one waited
	peer    *server.Peer // what miniredis answers to
	answer  answer       // what it has answered
	db      int
	resp3   bool
	name    string
	last    string // the last command
	script  bool   // commands come from a script
	closing bool   // nothing more is carried out
	multi   bool   // commands are queued
	dirty   bool   // and cannot be carried out
	spoilt  bool   // what was watched is not known any more
	queue   [][]string
	queued  int // bytes
	watched int // bytes of the keys
	heard   heard
}

func (s *Server) newClient(conn net.Conn) *client {
	c := &client{s: s, id: s.ids.Add(1), conn: conn, in: make(chan request), gone: make(chan struct{}), let: conn == nil || !s.guarded()}
	c.out = newOutbox(s.holding)
	c.renew()
	return c
}

// renew gives the client a new peer with the same state, but for what it
// watches.
func (c *client) renew() {
	c.peer = server.NewPeer(bufio.NewWriterSize(&c.answer, 1<<10))
	c.peer.Resp3 = c.resp3
	if c.db != 0 {
		db := c.db
		c.db = 0
		c.choose(db)
	}
}

// choose selects a database without an answer.
func (c *client) choose(db int) {
	if c.db == db {
		return
	}
	c.db = db
	mark := len(c.answer.b)
	c.s.core.Dispatch(c.peer, []string{"SELECT", strconv.Itoa(db)})
	c.peer.Flush()
	c.answer.b = c.answer.b[:mark]
}

// weight is how many bytes are held for the client.
func (c *client) weight() int { return c.out.waiting() + int(c.part.Load()) }

// drop ends the connection at once.
func (c *client) drop() {
	c.once.Do(func() {
		c.out.kill()
		close(c.gone)
		if c.conn != nil {
			_ = c.conn.Close() // it is closed either way
		}
	})
}

// request is what was read: a command, or why there are no more.
type request struct {
	args []string
	size int
	err  error
}

// serve does all for a connection until it ends.
func (c *client) serve(full bool) {
	defer c.s.forget(c)
	var both sync.WaitGroup
	both.Go(c.read)
	both.Go(func() { c.out.pump(c.conn) })
	if full {
		c.out.add([]byte("-ERR max number of clients reached\r\n"), false)
	} else {
		c.work()
	}
	c.out.end()
	c.unread(0) // lets the last answers be read
	c.drop()
	for range c.in { // whatever was read meanwhile
	}
	both.Wait()
}

// read parses until the other end is gone or talks nonsense.
func (c *client) read() {
	defer close(c.in)
	p := parser{r: bufio.NewReader(c.conn), held: c.holds}
	for {
		args, size, err := p.next()
		var nonsense protocolError
		if err != nil && !errors.As(err, &nonsense) {
			return
		}
		select {
		case c.in <- request{args, size, err}:
		case <-c.gone:
			return
		}
		if err != nil {
			return
		}
	}
}

func (c *client) holds(bytes int) {
	c.part.Add(int64(bytes))
	c.s.holding(bytes)
}

// work carries out what was read, in order.
func (c *client) work() {
	for {
		var r request
		if len(c.ahead) > 0 {
			r, c.ahead = c.ahead[0], c.ahead[1:]
		} else if next, ok := <-c.in; ok {
			r = next
		} else {
			return
		}
		if r.err != nil {
			c.out.add([]byte("-"+r.err.Error()+"\r\n"), false)
			return
		}
		c.command(r.args)
		c.holds(-r.size)
		if c.closing || !c.unread(enough) {
			return
		}
	}
}

// unread waits until no more than some bytes wait to be read. It fails when the
// other end is gone, or reads nothing for too long.
func (c *client) unread(limit int) bool {
	if c.out.waiting() <= limit {
		return true
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for c.out.waiting() > limit {
		timer.Reset(patience)
		select {
		case <-c.out.moved:
		case <-c.gone:
			return false
		case <-timer.C:
			c.drop()
			return false
		}
	}
	return true
}

// forget takes the client off all lists.
func (s *Server) forget(c *client) {
	s.mu.Lock()
	s.rooms.leave(c)
	s.mu.Unlock()
	s.held.Add(-c.part.Swap(0))
	s.conns.Lock()
	delete(s.clients, c)
	s.conns.Unlock()
}
