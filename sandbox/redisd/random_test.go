package redisd

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// every is the name of every command that Redis has or had, played or not.
var every = strings.Fields(`
ACL APPEND ASKING AUTH BGREWRITEAOF BGSAVE BITCOUNT BITFIELD BITFIELD_RO BITOP BITPOS BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN
CLIENT CLUSTER COMMAND CONFIG COPY DBSIZE DEBUG DECR DECRBY DEL DELEX DISCARD DUMP ECHO EVAL EVALSHA EVALSHA_RO EVAL_RO EXEC EXISTS EXPIRE EXPIREAT EXPIRETIME
FAILOVER FCALL FCALL_RO FLUSHALL FLUSHDB FUNCTION GEOADD GEODIST GEOHASH GEOPOS GEORADIUS GEORADIUSBYMEMBER GEORADIUSBYMEMBER_RO GEORADIUS_RO GEOSEARCH GEOSEARCHSTORE
GET GETBIT GETDEL GETEX GETRANGE GETSET HDEL HELLO HEXISTS HEXPIRE HEXPIREAT HEXPIRETIME HGET HGETALL HGETDEL HGETEX HINCRBY HINCRBYFLOAT HKEYS HLEN HMGET HMSET HPERSIST HPEXPIRE HPEXPIREAT
HPEXPIRETIME HPTTL HRANDFIELD HSCAN HSET HSETEX HSETNX HSTRLEN HTTL HVALS INCR INCRBY INCRBYFLOAT INFO KEYS LASTSAVE LATENCY LCS LINDEX LINSERT LLEN LMOVE LMPOP LOLWUT LPOP LPOS LPUSH LPUSHX
LRANGE LREM LSET LTRIM MEMORY MGET MIGRATE MODULE MONITOR MOVE MSET MSETEX MSETNX MULTI OBJECT PERSIST PEXPIRE PEXPIREAT PEXPIRETIME PFADD PFCOUNT PFDEBUG PFMERGE PFSELFTEST PING PSETEX PSUBSCRIBE PSYNC
PTTL PUBLISH PUBSUB PUNSUBSCRIBE QUIT RANDOMKEY READONLY READWRITE RENAME RENAMENX REPLCONF REPLICAOF RESET RESTORE RESTORE-ASKING ROLE RPOP RPOPLPUSH RPUSH RPUSHX SADD SAVE SCAN SCARD SCRIPT SDIFF
SDIFFSTORE SELECT SENTINEL SET SETBIT SETEX SETNX SETRANGE SHUTDOWN SINTER SINTERCARD SINTERSTORE SISMEMBER SLAVEOF SLOWLOG SMEMBERS SMISMEMBER SMOVE SORT SORT_RO SPOP SPUBLISH SRANDMEMBER SREM SSCAN
SSUBSCRIBE STRALGO STRLEN SUBSCRIBE SUBSTR SUNION SUNIONSTORE SUNSUBSCRIBE SWAPDB SYNC TIME TOUCH TTL TYPE UNLINK UNSUBSCRIBE UNWATCH WAIT WAITAOF WATCH XACK XACKDEL XADD XAUTOCLAIM XCLAIM XCFGSET XDEL XDELEX XGROUP
XINFO XLEN XPENDING XRANGE XREAD XREADGROUP XREVRANGE XSETID XTRIM ZADD ZCARD ZCOUNT ZDIFF ZDIFFSTORE ZINCRBY ZINTER ZINTERCARD ZINTERSTORE ZLEXCOUNT ZMPOP ZMSCORE ZPOPMAX ZPOPMIN ZRANDMEMBER ZRANGE ZRANGEBYLEX
ZRANGEBYSCORE ZRANGESTORE ZRANK ZREM ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE ZREVRANGE ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE ZUNION ZUNIONSTORE nosuch`)

// oddities are arguments that mean something somewhere, or nothing anywhere.
var oddities = strings.Fields(`
a b c orders q s z h x g me * $ > ~ = + - -1 0 1 2 3 10 -0 1.5 -1.5 1e9 1e308 -1e308 nan inf -inf +inf (1 [a [b (a 9223372036854775807 -9223372036854775808 9223372036854775808 99999999999 2147483648 4294967296 18446744073709551615 1-1 1-* 0-0 5-0
18446744073709551615-18446744073709551615 1-2-3 COUNT LIMIT MATCH TYPE BLOCK STREAMS GROUP NOACK MAXLEN MINID NOMKSTREAM MKSTREAM LEFT RIGHT BEFORE AFTER WITHSCORES BYSCORE BYLEX REV NX XX GT LT CH INCR EX PX EXAT PXAT KEEPTTL GET RANK
MIN MAX JUSTID IDLE TIME RETRYCOUNT FORCE ASYNC SYNC CREATE DESTROY CREATECONSUMER DELCONSUMER SETID HELP STREAM GROUPS CONSUMERS LOAD EXISTS FLUSH AUTH SETNAME GETNAME LIST INFO ID KILL SLOTS NODES CHANNELS NUMSUB NUMPAT SAVE
?? [ ] [^ [a- \ \\ {a} a{0} @ # return`)

func oddity(rng *rand.Rand) string {
	switch rng.IntN(16) {
	case 0:
		return ""
	case 1:
		b := make([]byte, rng.IntN(9))
		for i := range b {
			b[i] = byte(rng.IntN(256))
		}
		return string(b)
	case 2:
		return strings.Repeat(oddities[rng.IntN(len(oddities))], rng.IntN(2000))
	case 3:
		return fmt.Sprint(rng.Int64() >> rng.IntN(64))
	case 4:
		return []string{"return 1", "return redis.call(ARGV[1], KEYS[1])", "return redis.call('lpush', 'q', 'a')", "return {1, {2}}", "error('x')"}[rng.IntN(5)]
	}
	return oddities[rng.IntN(len(oddities))]
}

// oddCommand is mostly of the number of arguments that the command takes.
func oddCommand(rng *rand.Rand) []string {
	name := every[rng.IntN(len(every))]
	n := rng.IntN(9)
	if c, ok := commands[name]; ok && rng.IntN(4) > 0 {
		n = c.least + rng.IntN(5)
	}
	args := []string{name}
	for range n {
		args = append(args, oddity(rng))
	}
	if c := commands[name]; c.is(blocks) && rng.IntN(10) > 0 { // without end only sometimes
		args[len(args)-1] = "0.001"
	}
	return args
}

// TestRandomCommands has clients send what comes, by the thousand, and read
// nothing, a little, or all; another one is answered all the time.
func TestRandomCommands(t *testing.T) {
	for seed := range uint64(20) {
		s := start(t)
		good := dial(t, s)
		rng := rand.New(rand.NewPCG(seed, 0))
		for range 30 {
			odd := dial(t, s)
			for range 50 {
				if rng.IntN(2) == 0 {
					good.answers("+PONG", "PING")
				}
				if odd.try(resp(oddCommand(rng)...)) != nil {
					break
				}
			}
		}
		began := time.Now()
		// By a key that is none of the oddities: what the odd ones sent last may still be done after this.
		good.answers("+OK", "FLUSHALL")
		good.answers("$1 | j", "EVAL", "redis.call('lpush', 'in the end', 'j') return redis.call('rpop', 'in the end')", "0")
		s.Close()
		if took := time.Since(began); took > soon {
			t.Errorf("seed %d: took %v in the end", seed, took)
		}
	}
}

// TestOddState asks everything of everything: of each type of key, each command
// that is played, in process, where nothing is hidden by a connection that ended.
func TestOddState(t *testing.T) {
	s := start(t)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 30_000 {
		if i%50 == 0 {
			for _, args := range [][]string{{"FLUSHALL"}, {"RPUSH", "q", "a", "b", "c"}, {"SET", "s", "v"}, {"ZADD", "z", "1", "a", "2", "b"}, {"HSET", "h", "a", "1", "b", "2"}, {"SADD", "orders", "a", "b"}, {"XADD", "x", "1-1", "a", "b"}, {"XADD", "x", "2-1", "a", "b"}, {"XGROUP", "CREATE", "x", "g", "0"}, {"XREADGROUP", "GROUP", "g", "me", "STREAMS", "x", ">"}} {
				if _, err := s.Ask(0, args...); err != nil {
					t.Fatal(args, err)
				}
			}
		}
		args := oddCommand(rng)
		if args[0] == "SUBSCRIBE" || args[0] == "PSUBSCRIBE" {
			continue
		}
		_, err := s.Ask(0, args...)
		if err != nil && strings.Contains(err.Error(), "cannot do this") {
			t.Logf("%.200q: %v", args, err) // a panic of miniredis, made an error
		}
		s.Ask(0, "RESET")
	}
}
