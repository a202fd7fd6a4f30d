package kscope

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                               "",
		"Scaled apps/v1.Deployment":      "Scaled apps/v1.Deployment",
		"größer ≥ 5 – 日本語":               "größer ≥ 5 – 日本語",
		"a\x1b[31mred\x1b[0mb":           "aredb",
		"a\x1b]0;title\ab":               "ab",
		"a\x1b]8;;http://x\x1b\\b":       "ab",
		"a\x1bPq#0\x1b\\b":               "ab",
		"a\x1b(0b":                       "ab",
		"a\x1bcb":                        "ab",
		"a\x1b":                          "a",
		"a\x1b[12":                       "a12",
		"a\x1b]never ends":               "anever ends",
		"a\u009b31mb":                    "ab",
		"a\u0085b\x00c\x7fd":             "abcd",
		"a\x9b31mb":                      "a\ufffd31mb",
		"two\nlines\r\nand\ta tab":       "two lines  and a tab",
		"line\u2028separator":            "line separator",
		"evil\u202egnp.exe\u2066x":       "evilgnp.exex",
		"zero\u200bwidth\ufeff":          "zerowidth",
		"family 👨\u200d👩":                "family 👨\u200d👩",
		strings.Repeat("x", 1024):        strings.Repeat("x", 1024),
		strings.Repeat("x", 1025):        strings.Repeat("x", 1021) + "…",
		strings.Repeat("日", 400):         strings.Repeat("日", 340) + "…",
		"\x1b[" + strings.Repeat("1", 3): "111",

		`parse "amqp://me:hunter2@mq:5672/v": no`:      `parse "amqp://me:***@mq:5672/v": no`,
		"redis://:hunter2@h and http://u:p@ss@h":       "redis://:***@h and http://u:***@h",
		"http://u:pa/ss@h:1/path":                      "http://u:***@h:1/path",
		"at http://h:80/a@b, http://h/x:y@z":           "at http://h:80/a@b, http://h/x:y@z",
		"redis://me@10.0.0.7/3 for me@x.com":           "redis://me@10.0.0.7/3 for me@x.com",
		"http://u:hun\x1b[31mter2@h":                   "http://u:***@h",
		"ht\x1b[0mtp:/\x1b[0m/u:hunter2@h":             "http://u:***@h",
		"x://u:" + strings.Repeat("p", 2000) + "@h":    "x://u:***@h",
		strings.Repeat("x", 1010) + "x://u:p@h":        strings.Repeat("x", 1010) + "x://u:***@h",
		strings.Repeat("x", 1012) + "x://u:p@h/longer": strings.Repeat("x", 1012) + "x://u:***…",
	} {
		if got := Clean(in); got != want {
			t.Errorf("%q:\ngot  %q\nwant %q", in, got, want)
		}
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\x1b[31mred\x1b[0mb")
	f.Add("a\x1b]8;;x\x1b\\\u009b\u202e")
	f.Add("\xff\xfe\x9b")
	f.Add("x://u:p@h x://\x1b[0mu:p/q@h")
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if !utf8.ValidString(got) || len(got) > maxText {
			t.Errorf("%q: got %q of %d bytes", s, got, len(got))
		}
		for _, c := range got {
			if unicode.IsControl(c) || c >= '\u202a' && c <= '\u202e' || c >= '\u2066' && c <= '\u2069' {
				t.Errorf("%q: got %q", s, got)
			}
		}
		if again := Clean(got); again != got {
			t.Errorf("%q: not stable: %q, then %q", s, got, again)
		}
	})
}

// What cannot be seen in a name is written out, so that two names never look alike
// by it, and nothing of it acts on a terminal.
func TestVisible(t *testing.T) {
	for name, want := range map[string]string{
		"orders": "orders", "parcels\x06\x163": `parcels\x06\x163`, "größer": "größer", "a\u202eb": `a\u202eb`, "\xff": `\xff`, "tab\there": `tab\x09here`, "\u009b2J": `\u009b2J`, "日本": "日本",
	} {
		got := Visible(name)
		if got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
		if Clean(got) != got {
			t.Errorf("%q is not clean", got)
		}
	}
}
