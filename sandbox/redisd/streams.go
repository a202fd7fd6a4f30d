package redisd

import (
	"bufio"
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
)

// doXinfo tells of a stream. miniredis takes all that there is for a group's lag, which is
// what comes after the entry that was delivered to it last.
func doXinfo(c *client, args []string) {
	if len(args) != 3 || !strings.EqualFold(args[1], "groups") {
		c.s.core.Dispatch(c.peer, args)
		return
	}
	var a answer
	p := server.NewPeer(bufio.NewWriter(&a))
	c.s.core.Dispatch(p, []string{"SELECT", strconv.Itoa(c.db)})
	p.Flush()
	a.b = a.b[:0]
	c.s.core.Dispatch(p, args)
	p.Flush()
	reply, err := parsed(a.b)
	groups, ok := reply.([]any)
	if err != nil || !ok { // there is no such stream
		c.peer.WriteRaw(string(a.b))
		return
	}
	entries, _ := c.s.mini.DB(c.db).Stream(args[2])
	c.peer.WriteLen(len(groups))
	for _, g := range groups {
		fields, _ := g.([]any)
		c.peer.WriteMapLen(len(fields) / 2)
		lag := 0
		for i := 0; i+1 < len(fields); i += 2 {
			if last, ok := fields[i+1].(string); ok && fields[i] == "last-delivered-id" {
				lag = behind(entries, last)
			}
			c.peer.WriteBulk(fields[i].(string))
			switch v := fields[i+1].(type) {
			case string:
				c.peer.WriteBulk(v)
			case int:
				if fields[i] == "lag" {
					v = lag
				}
				c.peer.WriteInt(v)
			default:
				c.peer.WriteNull()
			}
		}
	}
}

// behind is how many entries come after one.
func behind(entries []miniredis.StreamEntry, last string) int {
	i, found := slices.BinarySearchFunc(entries, last, func(e miniredis.StreamEntry, id string) int { return compareIDs(e.ID, id) })
	if found {
		i++
	}
	return len(entries) - i
}

// compareIDs compares two IDs, of a time and a number each.
func compareIDs(a, b string) int {
	part := func(id string) (ms, n uint64) {
		before, after, _ := strings.Cut(id, "-")
		ms, _ = strconv.ParseUint(before, 10, 64)
		n, _ = strconv.ParseUint(after, 10, 64)
		return ms, n
	}
	aTime, aN := part(a)
	bTime, bN := part(b)
	return cmp.Or(cmp.Compare(aTime, bTime), cmp.Compare(aN, bN))
}
