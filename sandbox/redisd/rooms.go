package redisd

import (
	"bufio"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/alicebob/miniredis/v2/server"
)

// heard is what a client is subscribed to.
type heard struct{ channels, patterns map[string]struct{} }

func (h heard) count() int { return len(h.channels) + len(h.patterns) }

// restricted reports whether the client may do little but listen.
func (c *client) restricted() bool { return c.heard.count() > 0 && !c.resp3 }

// rooms are who listens to what. A message goes into the outbox of each, which
// takes no time; who does not read is dropped when too much waits.
type rooms struct {
	channels, patterns map[string]map[*client]struct{}
}

func newRooms() rooms {
	return rooms{map[string]map[*client]struct{}{}, map[string]map[*client]struct{}{}}
}

func (r rooms) leave(c *client) {
	for name := range c.heard.channels {
		leave(r.channels, name, c)
		c.holds(-named(name))
	}
	for name := range c.heard.patterns {
		leave(r.patterns, name, c)
		c.holds(-named(name))
	}
	c.heard = heard{}
}

// named is what it takes to remember a name for a client, in bytes.
func named(name string) int { return len(name) + 32*perArgument }

func leave(all map[string]map[*client]struct{}, name string, c *client) {
	if delete(all[name], c); len(all[name]) == 0 {
		delete(all, name)
	}
}

// sides are the two ways to listen, by the first letter of a command.
func (c *client) sides(cmd string) (mine *map[string]struct{}, all map[string]map[*client]struct{}, prefix string) {
	if strings.EqualFold(cmd[:1], "p") {
		return &c.heard.patterns, c.s.rooms.patterns, "p"
	}
	return &c.heard.channels, c.s.rooms.channels, ""
}

func doSubscribe(c *client, args []string) {
	if c.heard.count()+len(args) > maxHeard {
		c.peer.WriteError(fmt.Sprintf("ERR the sandbox's Redis takes no more than %d subscriptions of a client", maxHeard))
		return
	}
	mine, all, prefix := c.sides(args[0])
	for _, name := range args[1:] {
		if *mine == nil {
			*mine = map[string]struct{}{}
		}
		if all[name] == nil {
			all[name] = map[*client]struct{}{}
		}
		if _, already := (*mine)[name]; !already {
			c.holds(named(name))
		}
		(*mine)[name], all[name][c] = struct{}{}, struct{}{}
		c.told(prefix+"subscribe", name)
	}
}

func doUnsubscribe(c *client, args []string) {
	mine, all, prefix := c.sides(args[0])
	names := args[1:]
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(*mine))
	}
	for _, name := range names {
		if _, there := (*mine)[name]; there {
			c.holds(-named(name))
		}
		delete(*mine, name)
		leave(all, name, c)
		c.told(prefix+"unsubscribe", name)
	}
	if len(names) == 0 {
		c.peer.WritePushLen(3)
		c.peer.WriteBulk(prefix + "unsubscribe")
		c.peer.WriteNull()
		c.peer.WriteInt(c.heard.count())
	}
}

func (c *client) told(what, name string) {
	c.peer.WritePushLen(3)
	c.peer.WriteBulk(what)
	c.peer.WriteBulk(name)
	c.peer.WriteInt(c.heard.count())
}

func doPublish(c *client, args []string) {
	channel, message := args[1], args[2]
	r := c.s.rooms
	n := send(r.channels[channel], "message", channel, message)
	for pattern, clients := range r.patterns {
		if matches(pattern, channel) {
			n += send(clients, "pmessage", pattern, channel, message)
		}
	}
	c.peer.WriteInt(n)
}

// send gives all the same bytes, once for each version of the protocol.
func send(clients map[*client]struct{}, words ...string) int {
	var texts [2][]byte
	for c := range clients {
		version := 0
		if c.resp3 {
			version = 1
		}
		if texts[version] == nil {
			texts[version] = push(c.resp3, words)
		}
		if !c.out.add(texts[version], true) {
			c.drop()
		}
	}
	return len(clients)
}

func push(resp3 bool, words []string) []byte {
	var a answer
	p := server.NewPeer(bufio.NewWriter(&a))
	p.Resp3 = resp3
	p.WritePushLen(len(words))
	for _, w := range words {
		p.WriteBulk(w)
	}
	p.Flush()
	return a.b
}

// matches is the globbing of Redis, to which a slash is a character as any.
func matches(pattern, name string) bool {
	ok, err := path.Match(strings.ReplaceAll(pattern, "/", "\x00"), strings.ReplaceAll(name, "/", "\x00"))
	return ok && err == nil
}

func doPubsub(c *client, args []string) {
	r := c.s.rooms
	switch strings.ToUpper(args[1]) {
	case "CHANNELS":
		names := slices.Sorted(maps.Keys(r.channels))
		if len(args) > 2 {
			names = slices.DeleteFunc(names, func(name string) bool { return !matches(args[2], name) })
		}
		c.peer.WriteStrings(names)
	case "NUMSUB":
		c.peer.WriteLen(2 * len(args[2:]))
		for _, name := range args[2:] {
			c.peer.WriteBulk(name)
			c.peer.WriteInt(len(r.channels[name]))
		}
	case "NUMPAT":
		c.peer.WriteInt(len(r.patterns))
	default:
		c.refuseSub(args)
	}
}
