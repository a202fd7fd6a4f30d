package redisd

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// version is that of the Redis whose manners these are.
const version = "7.4.0"

func (c *client) refuseSub(args []string) {
	c.peer.WriteError(fmt.Sprintf("ERR unknown subcommand or wrong number of arguments for '%.128s'. Try %s HELP.", args[1], strings.ToUpper(args[0])))
}

// doAuth takes any password where none is set: the sandbox has nothing to protect.
func doAuth(c *client, args []string) {
	user := ""
	if len(args) > 2 {
		user = args[1]
	}
	if !c.admits(user, args[len(args)-1]) {
		c.fail(msgWrongPassword)
		return
	}
	c.let = true
	c.peer.WriteOK()
}

const msgWrongPassword = "WRONGPASS invalid username-password pair or user is disabled."

func (c *client) admits(user, password string) bool {
	if user == "default" {
		user = ""
	}
	return !c.s.guarded() || slices.Contains(*c.s.logins.Load(), Login{user, password})
}

func doQuit(c *client, _ []string) {
	c.peer.WriteOK()
	c.closing = true
}

func doReset(c *client, _ []string) {
	c.s.rooms.leave(c)
	c.endMulti()
	c.unwatch()
	c.choose(0)
	c.name, c.resp3, c.peer.Resp3 = "", false, false
	c.let = !c.s.guarded()
	c.peer.WriteInline("RESET")
}

func doPing(c *client, args []string) {
	switch {
	case c.restricted():
		c.peer.WriteStrings([]string{"pong", strings.Join(args[1:], "")})
	case len(args) > 1:
		c.peer.WriteBulk(args[1])
	default:
		c.peer.WriteInline("PONG")
	}
}

func doSelect(c *client, args []string) {
	db, err := strconv.Atoi(args[1])
	switch {
	case err != nil:
		c.peer.WriteError(msgOutOfRange)
	case db < 0 || db >= Databases:
		c.peer.WriteError("ERR DB index is out of range")
	default:
		c.choose(db)
		c.peer.WriteOK()
	}
}

func doHello(c *client, args []string) {
	resp3, name, let := c.resp3, c.name, c.let
	if len(args) > 1 {
		switch args[1] {
		case "2", "3":
			resp3 = args[1] == "3"
		default:
			c.peer.WriteError("NOPROTO unsupported protocol version")
			return
		}
		for rest := args[2:]; len(rest) > 0; {
			switch option := strings.ToUpper(rest[0]); {
			case option == "AUTH" && len(rest) >= 3 && !c.admits(rest[1], rest[2]):
				c.fail(msgWrongPassword)
				return
			case option == "AUTH" && len(rest) >= 3:
				rest, let = rest[3:], true
			case option == "SETNAME" && len(rest) >= 2 && isName(rest[1]):
				name, rest = rest[1], rest[2:]
			default:
				c.peer.WriteError(fmt.Sprintf("ERR Syntax error in HELLO option '%.128s'", rest[0]))
				return
			}
		}
	}
	if !let {
		c.peer.WriteError("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option " +
			"can be used to authenticate the client and select the RESP protocol version at the same time")
		return
	}
	c.resp3, c.peer.Resp3, c.name, c.let = resp3, resp3, name, true
	proto := 2
	if resp3 {
		proto = 3
	}
	p := c.peer
	p.WriteMapLen(7)
	for _, pair := range [][2]string{{"server", "redis"}, {"version", version}, {"mode", "standalone"}, {"role", "master"}} {
		p.WriteBulk(pair[0])
		p.WriteBulk(pair[1])
	}
	p.WriteBulk("proto")
	p.WriteInt(proto)
	p.WriteBulk("id")
	p.WriteInt(int(c.id))
	p.WriteBulk("modules")
	p.WriteLen(0)
}

// isName reports whether a client may call itself so.
func isName(name string) bool {
	return len(name) <= maxPattern && !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' })
}

func doClient(c *client, args []string) {
	sub, n := strings.ToUpper(args[1]), len(args)-2
	switch {
	case sub == "ID" && n == 0:
		c.peer.WriteInt(int(c.id))
	case sub == "GETNAME" && n == 0:
		if c.name == "" {
			c.peer.WriteNull()
		} else {
			c.peer.WriteBulk(c.name)
		}
	case sub == "SETNAME" && n == 1:
		if !isName(args[2]) {
			c.peer.WriteError("ERR Client names cannot contain spaces, newlines or special characters.")
			return
		}
		c.name = args[2]
		c.peer.WriteOK()
	case sub == "SETINFO" && n == 2, (sub == "NO-EVICT" || sub == "NO-TOUCH") && n == 1, sub == "REPLY" && n == 1 && strings.EqualFold(args[2], "on"):
		c.peer.WriteOK()
	case sub == "INFO" && n == 0:
		c.peer.WriteBulk(c.line())
	case sub == "LIST":
		c.peer.WriteBulk(c.s.list())
	default:
		c.refuseSub(args)
	}
}

func (c *client) line() string {
	addr := ""
	if c.conn != nil && c.conn.RemoteAddr() != nil {
		addr = c.conn.RemoteAddr().String()
	}
	resp := 2
	if c.resp3 {
		resp = 3
	}
	return fmt.Sprintf("id=%d addr=%s name=%s db=%d sub=%d psub=%d cmd=%s resp=%d\n",
		c.id, addr, c.name, c.db, len(c.heard.channels), len(c.heard.patterns), c.last, resp)
}

func (s *Server) list() string {
	s.conns.Lock()
	all := slices.SortedFunc(maps.Keys(s.clients), func(a, b *client) int { return int(a.id - b.id) })
	s.conns.Unlock()
	var b strings.Builder
	for _, c := range all {
		b.WriteString(c.line())
	}
	return b.String()
}
