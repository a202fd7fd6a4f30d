package protocoltest

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Port is one that nothing listened on a moment ago, on the loopback address.
func Port(t testing.TB) int {
	t.Helper()
	for {
		// Below those that the system gives to who connects, lest one of these be it.
		p := 30_000 + rand.IntN(2_700)
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
		if err == nil {
			_ = l.Close()
			return p
		}
		if t.Context().Err() != nil {
			t.Fatal(err)
		}
	}
}

// Start runs the program of a server until the test ends, and waits until it takes
// connections at an address. A program that is not installed fails the test: make
// test installs what it needs.
func Start(t testing.TB, address, program string, arguments ...string) {
	t.Helper()
	var out safe
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, arguments...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = &out, &out, t.TempDir()
	if err := cmd.Start(); err != nil {
		stop()
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed
		close(ended)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	Await(t, address, ended, out.String)
}

// Await waits until an address takes connections, and fails when a server ended or a
// minute has passed.
func Await(t testing.TB, address string, ended <-chan struct{}, said func() string) {
	t.Helper()
	for until := time.Now().Add(time.Minute); ; {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-ended:
			t.Fatalf("the server ended:\n%s", said())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(until) {
			t.Fatalf("nothing listens at %s:\n%s", address, said())
		}
	}
}

// Loopback is an address on this machine.
func Loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// safe is what a program says.
type safe struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safe) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safe) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
