package redis

import (
	"strings"
	"testing"
)

// readsBack fails where a server is taken that is not taken again, or not as the
// same, by what it says of itself, and where an error has several lines.
func readsBack(t *testing.T, in string) {
	t.Helper()
	got, err := ParseServer(in, "")
	if err != nil {
		if strings.ContainsAny(err.Error(), "\r\n") {
			t.Errorf("ParseServer(%q): the error has several lines: %v", in, err)
		}
		return
	}
	again, err := ParseServer(got.String(), "")
	if err != nil || again.String() != got.String() || again.Address != got.Address || again.Username != got.Username ||
		again.TLS != got.TLS || (again.DB == nil) != (got.DB == nil) || got.DB != nil && *got.DB != *again.DB {
		t.Errorf("ParseServer(%q) = %v, which reads as %v, %v", in, got, again, err)
	}
	if strings.ContainsAny(got.String(), "\r\n\x1b ") {
		t.Errorf("ParseServer(%q) = %q, which has several lines, or words", in, got)
	}
	if _, _, err := ParseOverride("a:1="+in, func(string) string { return "" }); err != nil {
		t.Errorf("ParseOverride(a:1=%q): %v", in, err)
	}
}

// TestParseServerReadsBack puts together every host with every user, scheme and
// database.
func TestParseServerReadsBack(t *testing.T) {
	taken := 0
	hosts := []string{
		"", "h", "h.demo.svc", "127.0.0.1", "[::1]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "::1", ":", "::", ":::", "[", "]", "[]", "[:]", "[::%25..]",
		"[::%25]", "[::%]", "%", "%41", "%0a", "h%0a", "h%20x", "h h", "h\nx", "h\tx", "h\x1b[2J", "h\x00", "é", "日本", "a/b", "a?b", "a#b", "a@b", "a\\b", "a=b",
		"[h]", "[h]x", "x[h]", "[::1]x", "h:1:2", "..", "-", "_", "*", "a,b", "a;b", "$h", "{h}", "\u2028", "h\u200b", "h.",
	}
	for _, scheme := range []string{"", "redis://", "rediss://", "REDIS://", "redis:", "://"} {
		for _, user := range []string{"", "u@", "@", "%0a@", "u%40v@", "ü@", "u u@", "u\n@"} {
			for _, host := range hosts {
				for _, port := range []string{"", ":", ":1", ":01", ":+1", ":6379", ":65536", ":-1", ":%31"} {
					for _, path := range []string{"", "/", "/0", "//", "/00", "/+1", "/1/", "/1/2", "/-0", "/99999999999999999999", "/%31", "/\n"} {
						in := scheme + user + host + port + path
						readsBack(t, in)
						if _, err := ParseServer(in, ""); err == nil {
							taken++
						}
					}
				}
			}
		}
	}
	if taken < 100 {
		t.Errorf("only %d were taken", taken)
	}
}

func FuzzParseServer(f *testing.F) {
	for _, in := range []string{"h:1", "redis://::/0", "redis://[::%25..]/0", "rediss://u@[::1]:1/3"} {
		f.Add(in)
	}
	f.Fuzz(readsBack)
}
