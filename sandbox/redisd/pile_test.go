package redisd

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// connect is dial in memory, where time can be played with.
func connect(t *testing.T, s *Server) *peer {
	client, server := net.Pipe()
	s.Serve(server)
	t.Cleanup(func() { client.Close() })
	return &peer{t, client, bufio.NewReader(client)}
}

// TestUnread: who reads nothing is dropped when enough has waited for long
// enough; who reads slowly is served, and so is who reads late.
func TestUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(func() {})
		if err != nil {
			t.Fatal(err)
		}
		good := connect(t, s)
		good.answers("+OK", "SET", "k", strings.Repeat("x", 1<<20))
		count := func() int {
			s.conns.Lock()
			defer s.conns.Unlock()
			return len(s.clients)
		}
		idle, slow, late := connect(t, s), connect(t, s), connect(t, s)
		ask := strings.Repeat(resp("GET", "k"), 12)
		for _, p := range []*peer{idle, slow} {
			go func() { _ = p.try(ask) }()
		}
		late.send(strings.Repeat(resp("PING"), 1000))
		synctest.Wait()
		if n := count(); n != 4 {
			t.Errorf("%d clients at first, want 4", n)
		}
		time.Sleep(patience - time.Second)
		buf := make([]byte, 1<<20)
		if _, err := io.ReadFull(slow, buf); err != nil {
			t.Error("slow:", err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := count(); n != 3 {
			t.Errorf("%d clients in the end, want 3: one reads nothing", n)
		}
		for range 11 {
			time.Sleep(patience / 2)
			if _, err := io.ReadFull(slow, buf); err != nil {
				t.Fatal("slow:", err)
			}
		}
		time.Sleep(time.Hour)
		for range 1000 {
			late.hears("+PONG", "PING")
		}
		good.answers("+PONG", "PING")
		s.Close()
		synctest.Wait()
		if s.held.Load() != 0 {
			t.Errorf("%d bytes are still held", s.held.Load())
		}
	})
}

// TestPiles: who is sent more than may wait, or asks for more at once, is dropped
// at once; where many hold much together, whoever holds most.
func TestPiles(t *testing.T) {
	s := start(t)
	good := dial(t, s)
	large := strings.Repeat("x", 20<<20)
	listener := dial(t, s)
	listener.answers("*3 | $9 | subscribe | $4 | news | :1", "SUBSCRIBE", "news")
	for range 4 {
		good.send(resp("PUBLISH", "news", large))
		if line, err := good.line(); err != nil || line != ":1" && line != ":0" {
			t.Fatal(line, err)
		}
	}
	listener.ends("a listener")
	good.answers("+OK", "SET", "k", large)
	greedy := dial(t, s)
	greedy.send(resp("MGET", "k", "k", "k", "k"))
	greedy.ends("a greedy client")
	var crowd []*peer
	for range 9 {
		p := dial(t, s)
		p.send(resp("GET", "k") + resp("GET", "k"))
		crowd = append(crowd, p)
		good.answers("+PONG", "PING")
	}
	for held := s.held.Load(); held > maxHeld; held = s.held.Load() {
		time.Sleep(time.Millisecond)
	}
	for _, p := range crowd {
		p.Close()
	}
	good.answers("+PONG", "PING")
}

// TestNamesAreHeld: what is remembered for clients that read every answer counts as
// well: who has the server remember most is dropped, and nothing stays counted when
// all are gone.
func TestNamesAreHeld(t *testing.T) {
	long := strings.Repeat("n", 1<<17)
	for name, command := range map[string]func(i int) []string{
		"channels": func(i int) []string { return []string{"SUBSCRIBE", fmt.Sprint(long, i)} },
		"keys":     func(i int) []string { return []string{"WATCH", fmt.Sprint(long, i)} },
		"one key":  func(int) []string { return []string{"WATCH", long} },
		"short":    func(i int) []string { return []string{"SUBSCRIBE", fmt.Sprint(i % 5000)} },
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			s.maxHeld /= 8
			good := dial(t, s)
			hungUp := false
			for c := 0; c < 4 && !hungUp; c++ {
				p := dial(t, s)
				go func() { _, _ = io.Copy(io.Discard, p.r) }()
				for i := range 100 {
					if err := p.try(resp(command(100*c + i)...)); err != nil {
						hungUp = true
						break
					}
				}
			}
			good.answers("+PONG", "PING")
			for deadline := time.Now().Add(soon); s.held.Load() > s.maxHeld; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%d bytes are held", s.held.Load())
				}
			}
			if name != "short" && !hungUp && s.held.Load() < 1<<17 {
				t.Errorf("only %d bytes are counted, of 50 MB", s.held.Load())
			}
			s.Close()
			for deadline := time.Now().Add(soon); s.held.Load() != 0; time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%d bytes are still held", s.held.Load())
				}
			}
		})
	}
	s := start(t)
	p := dial(t, s)
	p.answers("+OK", "WATCH", "a", "b")
	p.answers("*3 | $9 | subscribe | $4 | news | :1", "SUBSCRIBE", "news")
	p.answers("*3 | $9 | subscribe | $4 | news | :1", "SUBSCRIBE", "news")
	p.answers("*3 | $11 | unsubscribe | $4 | news | :0", "UNSUBSCRIBE", "news")
	p.answers("+OK", "UNWATCH")
	p.answers("+OK", "WATCH", "a")
	p.answers("+OK", "MULTI")
	p.answers("*0", "EXEC")
	for deadline := time.Now().Add(soon); s.held.Load() != 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes are still held", s.held.Load())
		}
	}
}

// TestTransactionPiles: a transaction whose answer is more than may wait is carried
// out all the same, and only who asked for it is dropped.
func TestTransactionPiles(t *testing.T) {
	s := start(t)
	good := dial(t, s)
	good.answers("+OK", "SET", "k", strings.Repeat("x", 20<<10))
	for _, last := range [][]string{{"GET", "k"}, {"MGET", "k", "k", "k", "k"}, {"PING"}} {
		greedy := dial(t, s)
		greedy.answers("+OK", "MULTI")
		for _, queued := range [][]string{{"RPUSH", "q", "a"}, {"GET", "k"}, {"GET", "k"}, {"GET", "k"}, {"GET", "k"}, {"RPUSH", "q", "b"}, last, {"RPUSH", "q", "c"}} {
			greedy.answers("+QUEUED", queued...)
		}
		s.mu.Lock()
		s.conns.Lock()
		for c := range s.clients { // a thousandth of what it is, so that time does not matter
			c.answer.spent = maxAnswer - maxAnswer/1000
		}
		s.conns.Unlock()
		s.mu.Unlock()
		greedy.send(resp("EXEC"))
		greedy.ends("a greedy transaction")
		good.answers(":3", "LLEN", "q")
		good.answers(":1", "DEL", "q")
	}
}
