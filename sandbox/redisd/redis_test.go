package redisd

import (
	"strings"
	"testing"
	"time"
)

// TestAnswers are the manners of Redis: what it says to what.
func TestAnswers(t *testing.T) {
	s := start(t)
	c := dial(t, s)
	for _, test := range []struct{ command, want string }{
		{"PING", "+PONG"}, {"ping hello", "$5 | hello"}, {"ECHO a", "$1 | a"},
		{"SELECT 3", "+OK"}, {"SELECT 16", "-ERR DB index is out of range"}, {"SELECT x", "-ERR value is not an integer or out of range"},
		{"AUTH secret", "+OK"}, {"AUTH me secret", "+OK"}, {"AUTH", "-ERR wrong number of arguments for 'auth' command"},
		{"HELLO 4", "-NOPROTO unsupported protocol version"}, {"HELLO 3 X", "-ERR Syntax error in HELLO option 'X'"},
		{"CLIENT SETNAME worker", "+OK"}, {"CLIENT GETNAME", "$6 | worker"}, {"CLIENT SETINFO LIB-NAME x", "+OK"},
		{"CLIENT KILL 1", "-ERR unknown subcommand or wrong number of arguments for 'KILL'. Try CLIENT HELP."},
		{"NOSUCH a b", "-ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' "},
		{"MONITOR", "-ERR unknown command 'MONITOR', with args beginning with: "},
		{"SETRANGE k 99999999999 x", "-ERR unknown command 'SETRANGE', with args beginning with: 'k' '99999999999' 'x' "},
		{"GET", "-ERR wrong number of arguments for 'get' command"},
		{"CONFIG GET save", "*2 | $4 | save | $0 | "}, {"COMMAND DOCS get", "*0"}, {"COMMAND INFO get nosuch", "*2 | *6 | $3 | get | :2 | *1 | +readonly | :0 | :0 | :0 | $-1"},
		{"LPUSH q a", ":1"}, {"LPUSH q b c d e", ":5"}, {"LRANGE q 0 -1", "*5 | $1 | e | $1 | d | $1 | c | $1 | b | $1 | a"},
		{"EXPIRE q 100", ":1"}, {"LPUSH q x y z", ":8"}, {"TTL q", ":100"}, {"LPUSHX none a b c", ":0"}, {"LPUSHX q a b c", ":11"},
		{"RPOPLPUSH q other", "$1 | a"}, {"BRPOPLPUSH q other 1", "$1 | b"}, {"BLMOVE q other LEFT RIGHT 1", "$1 | c"},
		{"BLPOP other 1", "*2 | $5 | other | $1 | b"}, {"BLMPOP 1 2 none other LEFT", "*2 | $5 | other | *1 | $1 | a"},
		{"BLPOP q x", "-ERR timeout is not a float or out of range"}, {"BLPOP q -1", "-ERR timeout is negative"}, {"BLPOP q nan", "-ERR timeout is not a float or out of range"},
		{"BLPOP none 0.01", "*-1"}, {"SET s v", "+OK"}, {"BLPOP s 1", "-WRONGTYPE Operation against a key holding the wrong kind of value"},
		{"LPUSH s a b c d", "-WRONGTYPE Operation against a key holding the wrong kind of value"},
		{"ZADD z 2 b 1 a", ":2"}, {"BZPOPMIN z 1", "*3 | $1 | z | $1 | a | $1 | 1"}, {"BZMPOP 1 1 z MAX", "*2 | $1 | z | *1 | *2 | $1 | b | $1 | 2"},
		{"XADD x 1-1 f v", "$3 | 1-1"}, {"XREAD STREAMS x 0", "*1 | *2 | $1 | x | *1 | *2 | $3 | 1-1 | *2 | $1 | f | $1 | v"},
		{"XREAD BLOCK 10 STREAMS x $", "*-1"}, {"XGROUP CREATE x g 0", "+OK"}, {"XREADGROUP GROUP g me COUNT 1 BLOCK 10 STREAMS x >", "*1 | *2 | $1 | x | *1 | *2 | $3 | 1-1 | *2 | $1 | f | $1 | v"},
		{"XREADGROUP GROUP g me BLOCK 10 STREAMS x >", "*-1"}, {"XACK x g 1-1", ":1"},
		{"XADD x 1-10 f v", "$4 | 1-10"}, {"XADD x 2-1 f v", "$3 | 2-1"}, {"XINFO GROUPS none", "-ERR no such key"},
		{"XINFO GROUPS x", "*1 | *12 | $4 | name | $1 | g | $9 | consumers | :1 | $7 | pending | :0 | $17 | last-delivered-id | $3 | 1-1 | $12 | entries-read | $-1 | $3 | lag | :2"},
		{"XDEL x 1-10 2-1", ":2"}, {"XREAD BLOCK -1 STREAMS x $", "-ERR timeout is negative"},
		{"EVAL return", "-ERR wrong number of arguments for 'eval' command"},
		{"SPOP q 99999999", "-ERR the sandbox's Redis pops no more than 1000 at once"},
		{"LPOS q a COUNT 9999999999", "-ERR value is not an integer or out of range"},
		{"RESET", "+RESET"}, {"QUIT", "+OK"},
	} {
		c.answers(test.want, strings.Split(test.command, " ")...)
	}
	c.ends("QUIT")
}

// TestGuard: a server that wants a password drops who is there, and lets nobody do
// anything before one was given, by either way.
func TestGuard(t *testing.T) {
	s := start(t)
	before := dial(t, s)
	before.answers("+PONG", "PING")
	s.Guard(Login{Password: "secret"}, Login{"app", "other"})
	before.ends("Guard")
	const refused = "-NOAUTH Authentication required."
	c := dial(t, s)
	for _, command := range []string{"PING", "LLEN q", "BLPOP q 0", "MULTI", "EVAL return(1) 0"} {
		c.answers(refused, strings.Split(command, " ")...)
	}
	c.answers("-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option "+
		"can be used to authenticate the client and select the RESP protocol version at the same time", "HELLO", "3")
	for _, command := range []string{"AUTH guess", "AUTH me guess", "HELLO 3 AUTH me guess"} {
		c.answers("-WRONGPASS invalid username-password pair or user is disabled.", strings.Split(command, " ")...)
	}
	c.answers(refused, "PING")
	c.answers("+OK", "AUTH", "secret")
	c.answers(":1", "LPUSH", "q", "a")
	c.answers("+RESET", "RESET")
	c.answers(refused, "PING")
	other := dial(t, s)
	other.answers("*14", "HELLO", "2", "AUTH", "default", "secret")
	if got, err := s.Ask(0, "LLEN", "q"); got != 1 || err != nil {
		t.Error("the sandbox itself is not let in:", got, err)
	}
	s.Guard()
	dial(t, s).answers("+PONG", "PING")
}

// TestBlocking: who waits is woken by whatever fills a key, in whichever way, and
// who is gone takes nothing.
func TestBlocking(t *testing.T) {
	s := start(t)
	good := dial(t, s)
	blocked := func(args ...string) *peer {
		p := dial(t, s)
		p.send(resp(args...))
		for waits := false; !waits; time.Sleep(time.Millisecond) {
			s.mu.Lock()
			waits = len(s.blocked["q"]) > 0
			s.mu.Unlock()
		}
		return p
	}
	for _, fill := range [][]string{
		{"LPUSH", "q", "a"}, {"RPUSH", "q", "a"}, {"RENAME", "from", "q"}, {"RPOPLPUSH", "from", "q"}, {"LMOVE", "from", "q", "LEFT", "LEFT"},
		{"EVAL", "return redis.call('rpush', KEYS[1], 'a')", "1", "q"},
	} {
		good.answers(":1", "RPUSH", "from", "a")
		p := blocked("BLPOP", "none", "q", "0")
		good.send(resp(fill...))
		if _, err := good.line(); err != nil {
			t.Fatal(err)
		}
		if fill[0] == "RPOPLPUSH" || fill[0] == "LMOVE" {
			good.hears("a", fill[0])
		}
		p.hears("*2 | $1 | q | $1 | a", strings.Join(fill, " "))
		good.send(resp("DEL", "from"))
		if _, err := good.line(); err != nil {
			t.Fatal(err)
		}
	}
	p := blocked("XREAD", "BLOCK", "0", "STREAMS", "q", "$")
	good.answers("$3 | 1-1", "XADD", "q", "1-1", "f", "v")
	p.hears("*1 | *2 | $1 | q | *1 | *2 | $3 | 1-1 | *2 | $1 | f | $1 | v", "XREAD")
	good.answers(":1", "DEL", "q")
	p = blocked("BRPOP", "q", "0")
	p.send(strings.Repeat("PING\r\n", 1000)) // read nevertheless
	p.Close()
	for waits := true; waits; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		waits = len(s.blocked) > 0
		s.mu.Unlock()
	}
	good.answers(":1", "LPUSH", "q", "a")
	good.answers(":1", "LLEN", "q")
	p = dial(t, s)
	p.send(resp("BLPOP", "none", "0.05") + resp("PING") + resp("BLPOP", "q", "0") + resp("LLEN", "q"))
	p.hears("*-1 | +PONG | *2 | $1 | q | $1 | a | :0", "in order")
}

func TestTransactions(t *testing.T) {
	s := start(t)
	c, other := dial(t, s), dial(t, s)
	queue := func(commands ...string) {
		t.Helper()
		c.answers("+OK", "MULTI")
		for _, command := range commands {
			c.answers("+QUEUED", strings.Fields(command)...)
		}
	}
	queue("LPUSH q a b", "BLPOP q 0", "BLPOP none 0", "GET q", "SELECT 2", "LLEN q")
	c.answers("*6 | :2 | *2 | $1 | q | $1 | b | *-1 | -WRONGTYPE Operation against a key holding the wrong kind of value | +OK | :0", "EXEC")
	c.answers("+OK", "SELECT", "0")
	c.answers("+OK", "MULTI")
	c.answers("-ERR unknown command 'NOSUCH', with args beginning with: ", "NOSUCH")
	c.answers("-EXECABORT Transaction discarded because of previous errors.", "EXEC")
	for _, changed := range []bool{false, true} {
		c.answers("+OK", "WATCH", "w")
		c.answers("$-1", "GET", "w") // nor do other commands and blocking ones end the watch
		c.answers("*-1", "BLPOP", "none", "0.01")
		want := "*1 | +OK"
		if changed {
			other.answers("+OK", "SET", "w", "x")
			want = "*-1"
		}
		if queue("SET done yes"); changed {
			c.answers(want, "EXEC")
		} else {
			c.answers(want, "EXEC")
		}
	}
	c.answers("+OK", "MULTI")
	c.answers("-ERR MULTI calls can not be nested", "MULTI")
	c.answers("+OK", "DISCARD")
	c.answers("-ERR EXEC without MULTI", "EXEC")
	c.answers("-ERR DISCARD without MULTI", "DISCARD")
}

func TestPubSub(t *testing.T) {
	s := start(t)
	a, b, good := dial(t, s), dial(t, s), dial(t, s)
	a.answers("*3 | $9 | subscribe | $4 | news | :1", "SUBSCRIBE", "news")
	a.answers("-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context", "GET", "x")
	a.answers("*2 | $4 | pong | $0 | ", "PING")
	b.answers("*3 | $10 | psubscribe | $2 | n* | :1", "PSUBSCRIBE", "n*")
	good.answers(":2", "PUBLISH", "news", "hello")
	a.hears("*3 | $7 | message | $4 | news | $5 | hello", "news")
	b.hears("*4 | $8 | pmessage | $2 | n* | $4 | news | $5 | hello", "n*")
	good.answers("*1 | $4 | news", "PUBSUB", "CHANNELS")
	good.answers(":1", "PUBSUB", "NUMPAT")
	a.answers("*3 | $11 | unsubscribe | $4 | news | :0", "UNSUBSCRIBE")
	a.answers("$-1", "GET", "x")
	b.Close()
	for n := 1; n > 0; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		n = len(s.rooms.patterns)
		s.mu.Unlock()
	}
	good.answers(":0", "PUBLISH", "news", "hello")
}

// TestFull: what would not fit is refused as where memory is used up, reading and
// taking go on, and after that there is room again.
func TestFull(t *testing.T) {
	s := start(t)
	c := dial(t, s)
	many := append([]string{"RPUSH", "q"}, make([]string, 250_000)...)
	for range 3 {
		c.send(resp(many...))
		if _, err := c.line(); err != nil {
			t.Fatal(err)
		}
	}
	const full = "-OOM command not allowed when used memory > 'maxmemory'."
	c.answers(full, many...)
	c.answers(full, "SET", "k", "v")
	c.answers("$0 | ", "RPOP", "q")
	c.answers(":1", "DEL", "q")
	c.answers(":1", "RPUSH", "q", "x")
}
