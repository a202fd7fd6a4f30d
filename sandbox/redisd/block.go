package redisd

import (
	"bufio"
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2/server"
)

// waiter is a client that waits for one of some keys to be written.
type waiter struct{ woken chan struct{} }

type waiters map[*waiter]struct{}

// wait is what a blocking command waits for.
type wait struct {
	call []string      // what to try, which does not wait
	keys []string      // when one of these was written
	time time.Duration // 0 is for ever
	once bool          // it does not wait at all
}

// block tries a command until it gives something, its time is over, or the
// client is gone, who then takes nothing.
func (c *client) block(args []string) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	var w wait
	c.answer.b = c.answer.b[:0]
	c.guarded(func() {
		var msg string
		if w, msg = c.waitOf(args); msg != "" {
			c.fail(msg)
		}
	})
	if len(c.answer.b) > 0 { // there is something wrong with it
		c.deliver(c.answer.b)
		return
	}
	me := &waiter{woken: make(chan struct{}, 1)}
	for _, key := range w.keys {
		if s.blocked[key] == nil {
			s.blocked[key] = waiters{}
		}
		s.blocked[key][me] = struct{}{}
	}
	defer func() {
		for _, key := range w.keys {
			if delete(s.blocked[key], me); len(s.blocked[key]) == 0 {
				delete(s.blocked, key)
			}
		}
	}()
	var over <-chan time.Time
	if w.time > 0 {
		timer := time.NewTimer(w.time)
		defer timer.Stop()
		over = timer.C
	}
	for {
		answer := s.answerTo(c, w.call)
		if !isNull(answer) || w.once || c.closing {
			kept, changed := c.deliver(answer), s.changed
			s.mu.Unlock()
			if changed {
				s.wrote()
			}
			if !kept {
				c.drop()
			}
			s.mu.Lock()
			return
		}
		s.mu.Unlock()
		next := c.await(me, over)
		s.mu.Lock()
		switch next {
		case late:
			c.nothing()
			return
		case left:
			c.closing = true
			return
		}
	}
}

type outcome int

const (
	woken outcome = iota
	late
	left
)

// await waits, and goes on reading meanwhile, by which it notices when the other
// end is gone.
func (c *client) await(me *waiter, over <-chan time.Time) outcome {
	for {
		in := c.in
		if len(c.ahead) >= maxQueued {
			in = nil
		}
		select {
		case <-me.woken:
			return woken
		case <-over:
			return late
		case <-c.gone:
			return left
		case r, ok := <-in:
			if !ok {
				return left
			}
			c.ahead = append(c.ahead, r)
		}
	}
}

// nothing is the answer when the time is over.
func (c *client) nothing() {
	if c.resp3 {
		c.out.add([]byte("_\r\n"), false)
	} else {
		c.out.add([]byte("*-1\r\n"), false)
	}
}

func isNull(answer []byte) bool {
	switch string(answer[:min(len(answer), 6)]) {
	case "*-1\r\n", "$-1\r\n", "_\r\n":
		return true
	}
	return false
}

// wake lets those try again who wait for a key among these words. The lock is
// held.
func (s *Server) wake(words []string) {
	if len(s.blocked) == 0 {
		return
	}
	for _, word := range words[1:] {
		for w := range s.blocked[word] {
			nudge(w.woken)
		}
	}
}

// waitOf reads a blocking command; msg is what is wrong with it. The lock is
// held.
func (c *client) waitOf(args []string) (w wait, msg string) {
	last := len(args) - 1
	switch strings.ToUpper(args[0]) {
	case "BLPOP", "BRPOP", "BZPOPMIN", "BZPOPMAX":
		w.time, msg = seconds(args[last])
		w.call, w.keys = args, args[1:last]
	case "BRPOPLPUSH":
		w.time, msg = seconds(args[last])
		w.call, w.keys = []string{"RPOPLPUSH", args[1], args[2]}, args[1:2]
	case "BLMOVE":
		w.time, msg = seconds(args[last])
		w.call, w.keys = append([]string{"LMOVE"}, args[1:last]...), args[1:2]
	case "BLMPOP", "BZMPOP":
		w.time, msg = seconds(args[1])
		w.call = append([]string{args[0][1:]}, args[2:]...)
		if n, err := strconv.Atoi(args[2]); err == nil && n > 0 && n <= len(args)-3 {
			w.keys = args[3 : 3+n]
		}
	default:
		w, msg = c.streamWait(args)
	}
	return w, msg
}

func seconds(s string) (time.Duration, string) {
	f, err := strconv.ParseFloat(s, 64)
	switch {
	case err != nil || math.IsNaN(f) || f > 1e9 || math.IsInf(f, 0):
		return 0, "ERR timeout is not a float or out of range"
	case f < 0:
		return 0, "ERR timeout is negative"
	}
	return time.Duration(math.Ceil(f * float64(time.Second))), ""
}

// streamWait reads an XREAD or XREADGROUP. One without BLOCK is tried once.
func (c *client) streamWait(args []string) (w wait, msg string) {
	streams := slices.IndexFunc(args, func(a string) bool { return strings.EqualFold(a, "streams") })
	if streams < 0 {
		return w, "ERR syntax error"
	}
	w.call = slices.Clone(args)
	rest := w.call[streams+1:]
	if len(rest) == 0 || len(rest)%2 != 0 {
		return w, "ERR Unbalanced '" + strings.ToLower(args[0]) + "' list of streams: for each stream key an ID or '$' must be specified."
	}
	w.keys = slices.Clone(rest[:len(rest)/2])
	for i, id := range rest[len(rest)/2:] {
		if id == "$" { // what is the last now, not at the next try
			rest[len(rest)/2+i] = c.lastID(w.keys[i])
		}
	}
	block := slices.IndexFunc(args[:streams], func(a string) bool { return strings.EqualFold(a, "block") })
	if block < 0 || block+1 >= streams {
		w.once = true
		return w, ""
	}
	ms, err := strconv.ParseInt(args[block+1], 10, 64)
	switch {
	case err != nil || ms > 1e12:
		return w, "ERR timeout is not an integer or out of range"
	case ms < 0:
		return w, "ERR timeout is negative"
	}
	w.time = time.Duration(ms) * time.Millisecond
	w.call = slices.Delete(w.call, block, block+2)
	return w, ""
}

// lastID is the last entry of a stream. The lock is held.
func (c *client) lastID(key string) string {
	c.s.aside.choose(c.db)
	reply, err := parsed(c.s.more(c.s.aside, []string{"XREVRANGE", key, "+", "-", "COUNT", "1"}))
	if entries, ok := reply.([]any); ok && err == nil && len(entries) > 0 {
		if entry, ok := entries[0].([]any); ok && len(entry) > 0 {
			if id, ok := entry[0].(string); ok {
				return id
			}
		}
	}
	return "0-0"
}

// doOnce carries out a command that blocks without waiting: within a
// transaction miniredis does not either. It gets one of its own, so that what
// the client watches stays.
func doOnce(c *client, args []string) {
	w, msg := c.waitOf(args)
	if msg != "" {
		c.fail(msg)
		return
	}
	if !strings.EqualFold(w.call[0], args[0]) || strings.HasPrefix(strings.ToUpper(args[0]), "X") {
		c.s.core.Dispatch(c.peer, w.call)
		return
	}
	var a answer
	p := server.NewPeer(bufio.NewWriter(&a))
	p.Resp3 = c.resp3
	ask := func(args ...string) []byte {
		a.b = a.b[:0]
		c.s.core.Dispatch(p, args)
		p.Flush()
		return a.b
	}
	ask("SELECT", strconv.Itoa(c.db))
	ask("MULTI")
	said := ask(args...)
	if bytes.Equal(said, []byte("+QUEUED\r\n")) {
		said = bytes.TrimPrefix(ask("EXEC"), []byte("*1\r\n"))
	}
	c.peer.WriteRaw(string(said))
}
