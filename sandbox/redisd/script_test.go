package redisd

import (
	"strings"
	"testing"
	"time"
)

// TestScripts: what workers do in scripts works.
func TestScripts(t *testing.T) {
	s := start(t)
	c := dial(t, s)
	for _, test := range []struct{ script, want string }{
		{`return 1`, ":1"}, {`return {1, 'a', {ok='fine'}, true, false}`, "*5 | :1 | $1 | a | +fine | :1 | $-1"}, {`return {err='MY fault'}`, "-MY fault"},
		{`return 'a'..1 ..'b'`, "$3 | a1b"}, {`local function f() return 'x', 'y' end return 'a'..f()`, "$2 | ax"}, {`local function f(...) return 'a'.. ... end return f('x', 'y')`, "$2 | ax"},
		{`redis.call('set', KEYS[1], ARGV[1]) return redis.call('get', KEYS[1])`, "$1 | v"},
		{`local r = redis.call('get', 'none') return r == false and 1 or 0`, ":1"},
		{`return redis.pcall('lpush', 'k', 'x')['err']`, "$65 | WRONGTYPE Operation against a key holding the wrong kind of value"},
		{`return cjson.decode('{"a":[1,2]}').a[2] .. cjson.encode({a=1})`, `$8 | 2{"a":1}`},
		{`redis.call('zadd', 'z', 1, 'a', 2, 'b') local jobs = redis.call('zrange', 'z', '-inf', 1, 'byscore', 'limit', 0, 1) redis.call('zrem', 'z', jobs[1]) return jobs`, "*1 | $1 | a"},
		{`local t = {} for w in string.gmatch('a:b:c', '[^:]+') do table.insert(t, w) end return table.concat(t, ',')`, "$5 | a,b,c"},
		{`return redis.sha1hex('')`, "$40 | da39a3ee5e6b4b0d3255bfef95601890afd80709"}, {`return string.format('%05d', 42)`, "$5 | 00042"}, {`return ('a-b'):gsub('-', '+')`, "$3 | a+b"},
		{`return tostring(select('#', unpack(ARGV)))`, "$1 | 1"}, {`return redis.call('blpop', 'none', 0)`, "$-1"},
	} {
		c.answers(test.want, "EVAL", test.script, "1", "k", "v")
	}
	sha := sha1Hex("return ARGV[1]")
	c.answers("-NOSCRIPT No matching script. Please use EVAL.", "EVALSHA", sha, "0", "x")
	c.answers("$40 | "+sha, "SCRIPT", "LOAD", "return ARGV[1]")
	c.answers("$1 | x", "EVALSHA", sha, "0", "x")
	c.answers("*2 | :1 | :0", "SCRIPT", "EXISTS", sha, "nosuch")
}

// TestScriptsAreBounded: whatever a script does ends, with an error, and nobody
// is kept waiting for long.
func TestScriptsAreBounded(t *testing.T) {
	s := start(t)
	s.maxTurn /= 6 // there are many that never end
	c, good := dial(t, s), dial(t, s)
	for _, script := range []string{
		`while true do end`, `repeat until false`, `while true do pcall(function() while true do end end) end`, `for i = 1, 1e18 do end`,
		`local function f() return f() end return f()`, `local function f() return 1 + f() end return f()`,
		`local s = 'x' while true do s = s..s end`, `local s = 'x' for i = 1, 100 do s = s..s..s..s end`, `local t, s = {}, string.rep('x', 1e6) while true do table.insert(t, s..#t) end`,
		`return string.rep('x', 1e18)`, `return string.rep('x', 2^31):rep(2^31)`, `return string.format('%99999999d', 1)`, `return string.format(string.rep('%99d', 1e7), 1)`,
		`return string.find(string.rep('a', 1e5), string.rep('a*', 50)..'b')`, `return string.match(string.rep('a', 400), string.rep('a-', 100)..'b')`, `return string.gsub(string.rep('a', 1e5), 'a', string.rep('b', 1e5))`,
		`return string.gsub(string.rep('a', 1e4), '(.*)', string.rep('%1', 1000))`, `local t = {} for i = 1, 1e4 do t[i] = string.rep('x', 6000) end return table.concat(t)..table.concat(t)`,
		`local t = {} t[1] = t return t`, `local t = {} for i = 1, 9 do t = {t, t, t, t, t, t, t, t, t, t} end return t`, `local t = {} t.x = t return cjson.encode(t)`,
		`local t = {} for i = 1, 1000 do t = {t} end return t`, `local t = {} for i = 1, 9 do t = {t, t, t, t, t, t, t, t, t, t} end return cjson.encode(t)`, `return cjson.decode(string.rep('[', 1e6))`,
		`local t = {} while true do t[60000] = 1 t = {t} end`, `local t = {} t[2^53] = 1 t[67108863] = 1 while true do t[#t + 1] = {} end`, `local t = {} for i = 1, 20000 do t[i] = i end table.sort(t, function(a, b) return true end)`,
		`return redis.call()`, `return redis.call(nil)`, `return redis.call('nosuch')`, `return redis.call('multi')`, `return redis.call('subscribe', 'x')`, `return redis.call('eval', 'return 1', 0)`,
		`while true do redis.call('ping') end`, `while true do redis.pcall('lpush', 'q', string.rep('x', 1e5)) end`, `while true do redis.call('publish', 'c', 'x') end`,
		`print('x')`, `return os.exit(1)`, `return load('return 1')`, `return require('os')`, `dofile('/etc/passwd')`, `io.write('x')`, `coroutine.wrap(function() end)`, `x = 1`, `return y`, `error({})`, `error()`, `error(setmetatable({}, {__tostring = function() while true do end end}))`,
		`setmetatable(_G, {})`, `return tostring(setmetatable({}, {__tostring = function() return string.rep('x', 1e9) end}))`, `return ((((`, `return ` + strings.Repeat("(", 60000), strings.Repeat("-", 30000) + `1`, `return ` + strings.Repeat("not ", 15000) + `1`, `return 1` + strings.Repeat("..1", 15000),
		`return setmetatable({}, {__index = function(t, k) return t[k] end}).x`, `local t = setmetatable({}, {}) getmetatable(t).__index = t return t.x`, `return unpack({}, 1, 1e9)`, `return string.byte(string.rep('x', 1e6), 1, -1)`, `return string.char(999)`,
		strings.Repeat("x", 100_000), "\x00\xff", "", "return '\xff\x00'",
	} {
		began := time.Now()
		c.send(resp("EVAL", script, "0"))
		if _, err := c.line(); err != nil {
			t.Fatalf("%.80s: %v", script, err)
		}
		if took := time.Since(began); took > soon/3 {
			t.Errorf("%.80s: took %v", script, took)
		}
		c = dial(t, s) // whatever is left of the answer
		good.answers("+PONG", "PING")
		good.answers("+OK", "FLUSHALL")
	}
}
