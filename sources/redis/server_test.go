package redis

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseServer(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"127.0.0.1:6379", "127.0.0.1:6379"},
		{" redis.demo.svc:6380\n", "redis.demo.svc:6380"},
		{"[::1]:6379", "[::1]:6379"},
		{"redis://localhost", "localhost:6379"},
		{"redis://localhost:7000/", "localhost:7000"},
		{"redis://localhost:7000/3", "redis://localhost:7000/3"},
		{"redis://keda@localhost:7000/0", "redis://keda@localhost:7000/0"},
		{"rediss://[::1]", "rediss://[::1]:6379"},
	} {
		got, err := ParseServer(tt.in, "")
		if err != nil || got.String() != tt.want {
			t.Errorf("ParseServer(%q) = %v, %v, want %v", tt.in, got, err, tt.want)
		}
	}
}

func TestParseServerRefuses(t *testing.T) {
	for _, in := range []string{
		"", "localhost", ":6379", "localhost:", "localhost:0", "localhost:99999", "localhost:redis",
		"http://localhost:6379", "unix:///tmp/s3cret.sock", "redis://", "redis://:6379", "redis://localhost/first",
		"redis://localhost/-1", "redis://localhost?password=s3cret", "redis://localhost#s3cret",
		"redis://:s3cret@localhost", "redis://keda:s3cret@localhost:6379/0", "redis://keda:s3/cret@localhost",
		"keda:s3cret@localhost:6379", "redis://keda:s3cret@local host", "localhost:6379/s3cret", "redis://a:s3cret%zz@h",
	} {
		got, err := ParseServer(in, "")
		if err == nil {
			t.Errorf("ParseServer(%q) = %v, want an error", in, got)
		} else if strings.Contains(err.Error(), "cret") {
			t.Errorf("ParseServer(%q) repeats the secret: %v", in, err)
		}
	}
}

func TestParseOverride(t *testing.T) {
	password := func(of string) string { return "s3cret for " + of }
	for _, tt := range []struct{ in, of, want string }{
		{"127.0.0.1:6379", "", "127.0.0.1:6379"},
		{"redis.demo.svc:6379=127.0.0.1:7000", "redis.demo.svc:6379", "127.0.0.1:7000"},
		{"redis.demo:6379 = rediss://keda@localhost/2", "redis.demo:6379", "rediss://keda@localhost:6379/2"},
	} {
		of, got, err := ParseOverride(tt.in, password)
		if err != nil || of != tt.of || got.String() != tt.want || got.password != password(tt.of) {
			t.Errorf("ParseOverride(%q) = %q, %v, %v, want %q, %q", tt.in, of, got, err, tt.of, tt.want)
		}
	}
	for _, in := range []string{"=127.0.0.1:1", "redis=127.0.0.1:1", "redis:1=", "redis:1=redis://:s3cret@h", "redis://h?x=s3cret", "s3cret=h:1"} {
		if of, got, err := ParseOverride(in, password); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("ParseOverride(%q) = %q, %v, %v, want an error without the secret", in, of, got, err)
		}
	}
}

func TestCutAddress(t *testing.T) {
	for in, want := range map[string][2]string{
		"/run/secrets/redis":          {"", "/run/secrets/redis"},
		"redis.demo:6379=/run/redis":  {"redis.demo:6379", "/run/redis"},
		"[::1]:6379=a=b":              {"[::1]:6379", "a=b"},
		"/srv/env=prod/password":      {"", "/srv/env=prod/password"},
		"redis.demo=/no/port":         {"", "redis.demo=/no/port"},
		`C:\secrets\redis=1\password`: {"", `C:\secrets\redis=1\password`},
	} {
		if of, rest := CutAddress(in); of != want[0] || rest != want[1] {
			t.Errorf("CutAddress(%q) = %q, %q, want %q", in, of, rest, want)
		}
	}
}

func TestServerDoesNotPrintItsPassword(t *testing.T) {
	s, err := ParseServer("rediss://keda@localhost:1/2", "s3cret")
	if err != nil || s.password != "s3cret" {
		t.Fatalf("got %v, %v", s, err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, v := range []any{s, &s, []Server{s}, Options{Override: &s}} {
			if got := fmt.Sprintf(format, v); strings.Contains(got, "s3cret") {
				t.Errorf("%s of %T prints %s", format, v, got)
			}
		}
	}
}
