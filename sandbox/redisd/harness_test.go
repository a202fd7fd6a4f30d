package redisd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// soon is how long anything here may take at the most, on a machine that is busy.
const soon = 30 * time.Second

func start(t testing.TB) *Server {
	t.Helper()
	s, err := New(func() {})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		began := time.Now()
		s.Close()
		if took := time.Since(began); took > soon {
			t.Errorf("closing took %v", took)
		}
	})
	return s
}

// peer is a client that sends what it is told and reads only when asked.
type peer struct {
	t testing.TB
	net.Conn
	r *bufio.Reader
}

func dial(t testing.TB, s *Server) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.Port()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &peer{t, conn, bufio.NewReader(conn)}
}

func resp(args ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b.String()
}

func (p *peer) send(raw string) {
	p.t.Helper()
	_ = p.SetWriteDeadline(time.Now().Add(soon))
	if _, err := p.Write([]byte(raw)); err != nil {
		p.t.Errorf("send: %v", err)
	}
}

// try sends where the server may have hung up already.
func (p *peer) try(raw string) error {
	_ = p.SetWriteDeadline(time.Now().Add(soon))
	_, err := p.Write([]byte(raw))
	return err
}

// line reads one line of an answer.
func (p *peer) line() (string, error) {
	_ = p.SetReadDeadline(time.Now().Add(soon))
	s, err := p.r.ReadString('\n')
	return strings.TrimSuffix(s, "\r\n"), err
}

// answers checks the lines of the answer to a command.
func (p *peer) answers(want string, args ...string) {
	p.t.Helper()
	p.send(resp(args...))
	p.hears(want, strings.Join(args, " "))
}

func (p *peer) hears(want, to string) {
	p.t.Helper()
	for _, w := range strings.Split(want, " | ") {
		if got, err := p.line(); got != w {
			p.t.Fatalf("%.80s: got %.200q %v, want %q", to, got, err, w)
		}
	}
}

// ends waits until the server hangs up.
func (p *peer) ends(what string) {
	p.t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(soon))
	if _, err := io.Copy(io.Discard, p.r); errors.Is(err, os.ErrDeadlineExceeded) {
		p.t.Errorf("%s: not ended", what)
	}
}
