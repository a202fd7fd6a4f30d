package redisd

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// FuzzServer sends bytes, as they are and as the words of a command one a line,
// to one server for all inputs; another client of it is answered after each.
func FuzzServer(f *testing.F) {
	for _, raw := range malformed() {
		if len(raw) < 200 {
			f.Add([]byte(raw))
		}
	}
	for _, name := range every {
		f.Add([]byte(name + " q 1 a b\r\n"))
		f.Add([]byte(resp(name, "q", "-1", "x")))
	}
	f.Add([]byte("EVAL 'return redis.call(KEYS[1])' 1 x\r\nMULTI\r\nLPUSH q a\r\nBLPOP q 0\r\nEXEC\r\n"))
	s, err := New(func() {})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(s.Close)
	connect := func() net.Conn {
		client, server := net.Pipe()
		s.Serve(server)
		return client
	}
	good := connect()
	answers := bufio.NewReader(good)
	f.Fuzz(func(t *testing.T, raw []byte) {
		odd := connect()
		read := make(chan struct{})
		go func() {
			defer close(read)
			_, _ = io.Copy(io.Discard, odd)
		}()
		_ = odd.SetDeadline(time.Now().Add(soon))
		for _, b := range [][]byte{raw, []byte("\r\n"), []byte(resp(strings.Split(string(raw), "\n")...))} {
			if _, err := odd.Write(b); err != nil {
				break
			}
		}
		odd.Close()
		<-read
		_ = good.SetDeadline(time.Now().Add(soon))
		if _, err := good.Write([]byte(resp("FLUSHALL"))); err != nil {
			t.Fatal(err)
		}
		if line, err := answers.ReadString('\n'); line != "+OK\r\n" {
			t.Fatalf("got %q, %v", line, err)
		}
	})
}
