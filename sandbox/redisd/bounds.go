package redisd

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
)

const (
	msgOutOfRange = "ERR value is not an integer or out of range"
	msgTooLarge   = "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
)

// vetLpos: miniredis makes room for as many as are asked for.
func vetLpos(_ *client, args []string) string {
	for i := 3; i+1 < len(args); i += 2 {
		if n, err := strconv.Atoi(args[i+1]); strings.EqualFold(args[i], "count") && (err != nil || n > maxElements) {
			return msgOutOfRange
		}
	}
	return ""
}

// vetSpop: miniredis moves all that are left for each that goes.
func vetSpop(_ *client, args []string) string {
	if len(args) < 3 {
		return ""
	}
	if n, err := strconv.Atoi(args[2]); err == nil && n > maxAtOnce {
		return fmt.Sprintf("ERR the sandbox's Redis pops no more than %d at once", maxAtOnce)
	}
	return ""
}

// vetIDs: and for each entry.
func vetIDs(_ *client, args []string) string {
	if len(args) > maxAtOnce {
		return fmt.Sprintf("ERR the sandbox's Redis takes no more than %d entries at once", maxAtOnce)
	}
	return ""
}

// vetTrim: and where it trims by ID.
func vetTrim(_ *client, args []string) string {
	for _, a := range args[2:min(len(args), 4)] {
		if strings.EqualFold(a, "minid") {
			return "ERR unsupported XTRIM strategy. Please use MAXLEN"
		}
	}
	return ""
}

// vetPatterns: every key is matched with them, and there may be many.
func vetPatterns(_ *client, args []string) string {
	for i, a := range args[1:] {
		last := args[i]
		if len(a) > maxPattern && (len(args) == 2 || strings.EqualFold(last, "match") || strings.EqualFold(last, "channels") || strings.EqualFold(args[0], "psubscribe")) {
			return fmt.Sprintf("ERR the sandbox's Redis takes no pattern of more than %d bytes", maxPattern)
		}
	}
	return ""
}

func vetAppend(c *client, args []string) string {
	if n, _ := c.s.number(c.db, "STRLEN", args[1]); n+len(args[2]) > maxBulk {
		return msgTooLarge
	}
	return ""
}

// number is what a command answers with an integer. The lock is held.
func (s *Server) number(db int, args ...string) (int, bool) {
	s.aside.choose(db)
	reply, err := parsed(s.more(s.aside, args))
	n, ok := reply.(int)
	return n, ok && err == nil
}

// room is how much is kept, at the most: what was counted last and what has
// come since.
type room struct {
	elements, keys, bytes int
	full                  bool
	since                 int // commands that found it full
}

// recount is how many commands find no room before it is looked for again.
const recount = 1000

// fits reports whether there is room for what a command brings. The lock is
// held.
func (s *Server) fits(args []string) bool {
	r := &s.room
	if r.full {
		if r.since++; r.since < recount {
			return false
		}
	}
	elements, keys, bytes := len(args), 1, 0
	if strings.HasPrefix(strings.ToUpper(args[0]), "MSET") {
		keys = len(args) / 2
	}
	for _, a := range args {
		bytes += len(a) + perArgument
	}
	r.bytes += bytes
	if r.full || r.elements+elements > maxElements || r.keys+keys > maxKeys || r.bytes > maxData/8 {
		s.count()
		// From a little below the bounds on, so that it is not counted at every
		// command when they are near.
		r.full = r.full || r.elements+elements > maxElements*49/50 || r.keys+keys > maxKeys*49/50
	}
	if r.full {
		return false
	}
	r.elements += elements
	r.keys += keys
	return true
}

// count counts what is kept.
func (s *Server) count() {
	s.room = room{}
	r := &s.room
	for db := range Databases {
		for _, key := range s.mini.DB(db).Keys() {
			r.keys++
			n := 1
			if how, ok := sizes[s.mini.DB(db).Type(key)]; ok {
				n, _ = s.number(db, how, key)
			}
			r.elements += n
		}
	}
	if heap() > maxData {
		runtime.GC()
		r.full = heap() > maxData
	}
}

// sizes are the commands that count the elements of a key, by its type.
var sizes = map[string]string{"list": "LLEN", "set": "SCARD", "zset": "ZCARD", "hash": "HLEN", "stream": "XLEN"}

// heap is how many bytes the whole process keeps, garbage included.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// doFreeing makes room: it is counted again at the next that needs some.
func doFreeing(c *client, args []string) {
	c.s.core.Dispatch(c.peer, args)
	c.s.room.since = recount
}

// doLpush puts values at the head of a list. miniredis copies the list for each
// of them; it is put together here instead, where there are some.
func doLpush(c *client, args []string) {
	db, key, values := c.s.mini.DB(c.db), args[1], args[2:]
	if len(values) < 3 || db.Exists(key) && db.Type(key) != "list" {
		c.s.core.Dispatch(c.peer, args)
		return
	}
	old, _ := db.List(key) // none if it does not exist
	if old == nil && strings.EqualFold(args[0], "lpushx") {
		c.peer.WriteInt(0)
		return
	}
	all := make([]string, 0, len(old)+len(values))
	for i := range values {
		all = append(all, values[len(values)-1-i])
	}
	all = append(all, old...)
	ttl := db.TTL(key)
	db.Del(key)
	n, err := db.Push(key, all...)
	if err != nil {
		c.peer.WriteError(err.Error())
		return
	}
	if ttl > 0 {
		db.SetTTL(key, ttl)
	}
	c.peer.WriteInt(n)
}
