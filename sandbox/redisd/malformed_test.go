package redisd

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// malformed is what no client should send, by what is wrong with it.
func malformed() []string {
	out := []string{
		"*0\r\n", "*-1\r\n", "*-9\r\n", "*\r\n", "*1\n", "*1\r\n", "*x\r\n", "*+1\r\n$4\r\nPING\r\n", "* 1\r\n", "*1\r\n\r\n", "*1\r\n*1\r\n$4\r\nPING\r\n", "*1\r\n:1\r\n", "*1\r\n+PING\r\n", "*2\r\n$4\r\nPING\r\n",
		"$4\r\nPING\r\n", ":1\r\n", "-ERR\r\n", "%1\r\n", "_\r\n", "\r\n", "\n", "\n\n\n\r\r\r\n", "\x00", "\x00\r\n", "\xff\xfe\r\n", " \r\n", "\"\r\n", "'\r\n", "\"a\"b\r\n", "'a'b PING\r\n", "\"\\x\r\n", "\"\\xzz\"\r\n", "\"\\", "PING\n", "ping \x00 \r\n", "\"\" \"\"\r\n", "*1\r\n$0\r\n\r\n", "*2\r\n$0\r\n\r\n$0\r\n\r\n",
		"*1\r\n$4\r\nPINGxx*1\r\n", "*1\r\n$4\nPING\r\n", "*1\r\n$5\r\nPING\r\n", "*1\r\n$3\r\nPING\r\n", "*1\r\n$4\r\nPI", "*1\r\n$", "*1\r\n$4", "*", "*3\r\n$3\r\nSET\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "POST / HTTP/1.1\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "*1\r\n$4\r\nPING\r\n*0\r\n*1\r\n$-1\r\n", strings.Repeat("*0\r\n", 10_000), strings.Repeat("\r\n", 100_000), strings.Repeat("*1\r\n", 10_000),
		"*" + strings.Repeat("1", 100_000), "*1\r\n$" + strings.Repeat("1", 100_000), strings.Repeat("x", 1<<20), strings.Repeat("x ", 30_000) + "\r\n", "\"" + strings.Repeat("\\x41", 10_000) + "\"\r\n",
		"*1000000\r\n" + strings.Repeat("$1\r\nx\r\n", 1000), "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$33554432\r\n" + strings.Repeat("x", 1000),
	}
	for _, n := range []string{"-1", "-2", "-0", "00", "1e9", "0x10", "1.5", "", " 4", "4 ", "2147483647", "2147483648", "4294967296", "536870913", "1048577", fmt.Sprint(math.MaxInt64), fmt.Sprint(math.MinInt64), "9223372036854775806", "9223372036854775805", "9223372036854775808", "18446744073709551615", "99999999999999999999999"} {
		out = append(out, "*"+n+"\r\n$4\r\nPING\r\n", "*1\r\n$"+n+"\r\nPING\r\n", "*2\r\n$3\r\nGET\r\n$"+n+"\r\nk\r\n")
	}
	return out
}

// TestMalformed: whatever bytes come, whether or not the rest follows, another
// client is answered.
func TestMalformed(t *testing.T) {
	s := start(t)
	good := dial(t, s)
	for _, raw := range malformed() {
		half, whole := dial(t, s), dial(t, s)
		_ = half.try(raw) // stays open
		if whole.try(raw) == nil {
			_ = whole.try(resp("PING"))
		}
		good.answers("+PONG", "PING")
		whole.Close()
	}
}

// TestProtocolErrors are told in the words of Redis, and end the connection.
func TestProtocolErrors(t *testing.T) {
	s := start(t)
	for raw, want := range map[string]string{
		"*x\r\n": "invalid multibulk length", "*1048577\r\n": "invalid multibulk length", "*1\r\nx\r\n": "expected '$', got 'x'", "*1\r\n$-1\r\n": "invalid bulk length", "*1\r\n$9223372036854775807\r\n": "invalid bulk length",
		"GET \"x\r\n": "unbalanced quotes in request", strings.Repeat("x", 70_000) + "\r\n": "too big inline request",
	} {
		c := dial(t, s)
		c.send(raw)
		c.hears("-ERR Protocol error: "+want, raw)
		c.ends(raw)
	}
	c := dial(t, s)
	c.send("*0\r\n*-1\r\n\r\nSET k \"a b\\x00\"\r\nSTRLEN k\r\nGET ''\r\n")
	c.hears("+OK | :4 | $-1", "a line")
}
