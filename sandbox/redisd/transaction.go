package redisd

import "bytes"

// MULTI queues here and not in miniredis, which would hold its lock for all of
// it and lose the rest where one fails. Watching is left to miniredis.

func doMulti(c *client, _ []string) {
	if c.multi {
		c.refuse("ERR MULTI calls can not be nested")
		return
	}
	c.multi, c.dirty, c.queue, c.queued = true, false, nil, 0
	c.peer.WriteOK()
}

func (c *client) enqueue(args []string) {
	size := 0
	for _, a := range args {
		size += len(a) + perArgument
	}
	if len(c.queue) >= maxQueued || c.queued+size > maxCommand {
		c.refuse("ERR the sandbox's Redis does not queue so much")
		return
	}
	c.queued += size
	c.holds(size)
	c.queue = append(c.queue, args)
	c.peer.WriteInline("QUEUED")
	c.peer.Flush()
}

func doDiscard(c *client, _ []string) {
	if !c.multi {
		c.fail("ERR DISCARD without MULTI")
		return
	}
	c.endMulti()
	c.unwatch()
	c.peer.WriteOK()
}

func (c *client) endMulti() {
	c.holds(-c.queued)
	c.multi, c.dirty, c.queue, c.queued = false, false, nil, 0
}

func (c *client) unwatch() {
	mark := len(c.answer.b)
	c.s.core.Dispatch(c.peer, []string{"UNWATCH"})
	c.peer.Flush()
	c.answer.b = c.answer.b[:mark]
	c.spoilt = false
	c.forgetWatched()
}

func (c *client) forgetWatched() {
	c.holds(-c.watched)
	c.watched = 0
}

func doWatch(c *client, args []string) {
	if c.multi {
		c.fail("ERR WATCH inside MULTI is not allowed")
		return
	}
	c.spoilt = false
	for _, key := range args[1:] {
		c.watched += named(key)
		c.holds(named(key))
	}
	c.s.core.Dispatch(c.peer, args)
}

func doUnwatch(c *client, _ []string) {
	c.unwatch()
	c.peer.WriteOK()
}

// unchanged reports whether nothing that is watched has changed, and watches
// nothing any more: an empty transaction of miniredis tells.
func (c *client) unchanged() bool {
	spoilt := c.spoilt
	c.spoilt = false
	c.forgetWatched()
	mark := len(c.answer.b)
	c.s.core.Dispatch(c.peer, []string{"MULTI"})
	c.s.core.Dispatch(c.peer, []string{"EXEC"})
	c.peer.Flush()
	same := bytes.HasSuffix(c.answer.b, []byte("*0\r\n"))
	c.answer.b = c.answer.b[:mark]
	return same && !spoilt
}

func doExec(c *client, _ []string) {
	s := c.s
	if !c.multi {
		c.fail("ERR EXEC without MULTI")
		return
	}
	queue, dirty := c.queue, c.dirty
	c.endMulti()
	switch {
	case dirty:
		c.unwatch()
		c.peer.WriteError("EXECABORT Transaction discarded because of previous errors.")
		return
	case !c.unchanged():
		c.peer.WriteLen(-1)
		return
	}
	c.peer.WriteLen(len(queue))
	c.peer.Flush()
	t := newTurn(c.s.maxTurn)
	defer t.timer.Stop()
	for _, args := range queue {
		if t.over() {
			c.fail(msgTooLong)
			continue
		}
		s.carry(c, args)
		if c.closing { // nobody reads the answer, but what was sent together is done together
			c.answer.b = c.answer.b[:0]
		}
	}
}
