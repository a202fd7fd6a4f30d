package sandbox

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
)

// command makes a command of words as it goes over a connection.
func command(args ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b.String()
}

// rude are clients that send what makes long answers, or takes long, and read
// none of it.
var rude = map[string]string{
	"values":      strings.Repeat(command("GET", "large"), 50),
	"lists":       strings.Repeat(command("LRANGE", "orders", "0", "-1"), 5000),
	"one list":    strings.Repeat(command("LRANGE", "long", "0", "-1"), 100),
	"many values": command(append([]string{"MGET"}, strings.Fields(strings.Repeat("large ", 1000))...)...),
	"pings":       strings.Repeat("PING\r\n", 1_000_000),
	"subscribed":  command("SUBSCRIBE", "news") + command("PSUBSCRIBE", "*"),
	"echo":        strings.Repeat(command("ECHO", strings.Repeat("x", 1<<20)), 100),
	"transaction": command("MULTI") + strings.Repeat(command("GET", "large"), 1000) + command("EXEC"),
	"endless":     command("EVAL", "while true do end", "0"),
	"growing":     command("EVAL", "local s = 'x' while true do s = s..s end", "0"),
	"far out":     command("SETRANGE", "k", "99999999999", "x"),
	"monitor":     command("MONITOR"),
	"blocked":     command("BLPOP", "none", "0"),
	"blocking":    strings.Repeat(command("BLPOP", "none", "0"), 1000),
	"half":        "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$33554432\r\nx",
	"keys":        strings.Repeat(command("KEYS", "*"), 100_000),
	"scripts":     strings.Repeat(command("EVAL", "return redis.call('get', 'large')", "0"), 20),
	"info":        strings.Repeat("INFO\r\nCLIENT LIST\r\nCOMMAND\r\n", 10_000),
	"publishing":  strings.Repeat(command("PUBLISH", "news", strings.Repeat("x", 1<<20)), 100),
}

// TestRudeClients: beside two of each kind of client that does not read, another
// is answered, the clock of the world goes on, the screen can ask what is broken,
// things can be broken and mended, and in the end all is closed in time.
func TestRudeClients(t *testing.T) {
	const soon = time.Minute
	m, err := Load(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{Manifests: m, Wall: time.Now, Speed: 10, ServiceTime: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running, sending sync.WaitGroup
	running.Go(func() {
		if err := s.Run(ctx, func(f kscope.Fact) { t.Errorf("%+v", f) }); err != nil {
			t.Error(err)
		}
	})
	good := goredis.NewClient(&goredis.Options{Addr: s.Redis(), ReadTimeout: soon, MaxRetries: -1})
	defer good.Close()
	for _, err := range []error{
		good.Set(ctx, "large", strings.Repeat("x", 10<<20), 0).Err(),
		good.RPush(ctx, "orders", slices.Repeat([]any{"job"}, 500)...).Err(),
		good.RPush(ctx, "long", slices.Repeat([]any{"job"}, 20_000)...).Err(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		for _, raw := range rude {
			conn, err := net.Dial("tcp", s.Redis())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			sending.Go(func() { _, _ = conn.Write([]byte(raw)) }) // until it is closed
		}
	}
	within := func(what string, limit time.Duration, do func() error) {
		t.Helper()
		began := time.Now()
		if err := do(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if took := time.Since(began); took > limit {
			t.Errorf("%s took %v", what, took)
		}
	}
	at := func() time.Time {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.world.Now()
	}
	for range 10 {
		within("a push", soon, func() error { return good.LPush(ctx, "orders", "job").Err() })
		within("asking what is broken", time.Second, func() error { s.Breakages(); return nil })
		within("the world", soon, func() error {
			for was := at(); !at().After(was); time.Sleep(time.Millisecond) {
			}
			return nil
		})
	}
	within("losing Redis", soon, func() error { return s.Break("redis") })
	sending.Wait() // nobody is connected any more
	within("finding it", soon, func() error { return s.Mend("redis") })
	within("a push afterwards", soon, func() error { return good.LPush(ctx, "orders", "job").Err() })
	within("the end", soon, func() error { cancel(); running.Wait(); s.Close(); return nil })
}

// TestScreenWaitsForNobody: while the lock of the world is held, however long,
// everything answers that a screen asks for.
func TestScreenWaitsForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, Options{})
		r.Sandbox.mu.Lock()
		defer r.Sandbox.mu.Unlock()
		if n := len(r.Breakages()); n != len(BreakageNames()) {
			t.Error(n)
		}
		if r.Speed() == 0 || r.Now().IsZero() || r.Redis() == "" || r.SetSpeed(2) != nil {
			t.Error("not all is known")
		}
	})
}
