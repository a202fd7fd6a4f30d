package redis

import (
	"errors"
	"net"
	"strings"
	"testing"
)

// FuzzServer: what is taken for a server is an address that can be dialled, and
// what is refused is refused without repeating it, for it may hold a password.
func FuzzServer(f *testing.F) {
	for _, s := range []string{"redis:6379", "127.0.0.1:1", "[::1]:6379", "redis://me@10.0.0.7/3", "rediss://[::1]/0", "redis://me:hunter2@h", "redis://::/0", "redis://[::%25..]/0", "redis://[::%25ƽ]/0", "h", ":6379", "redis://h:99999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		server, err := ParseServer(s, "")
		if err != nil {
			if !errors.Is(err, errServer) && !errors.Is(err, errPassword) && len(s) > 12 && strings.Contains(err.Error(), s) {
				t.Errorf("the error repeats %q", s)
			}
			return
		}
		host, port, err := net.SplitHostPort(server.Address)
		if err != nil || host == "" || port == "" {
			t.Errorf("%q is taken for %q: %v", s, server.Address, err)
		}
		for _, text := range []string{server.Address, server.String()} {
			again, err := ParseServer(text, "")
			if err != nil || again.Address != server.Address || text != server.Address && again.String() != text {
				t.Errorf("%q is taken for %q, which reads back as %q, %v", s, text, again, err)
			}
		}
	})
}
