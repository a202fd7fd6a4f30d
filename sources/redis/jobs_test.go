package redis

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFields(t *testing.T) {
	for job, want := range map[string][]any{
		`{"id":"a-1","at":"now"}`:                   {"id", "a-1", "at", "now"},
		`{"n":1,"ok":true,"of":{"a":[1]},"x":null}`: {"n", "1", "ok", "true", "of", `{"a":[1]}`, "x", "null"},
		`{"text":"a\"b\u00e9"}`:                     {"text", `a"bé`},
		`{}`:                                        {"job", `{}`},
		`{"id":"a"} and more`:                       {"job", `{"id":"a"} and more`},
		`{"id":`:                                    {"job", `{"id":`},
		`[1,2]`:                                     {"job", `[1,2]`},
		`order 7`:                                   {"job", `order 7`},
	} {
		if d := cmp.Diff(want, fields(job)); d != "" {
			t.Errorf("%s: %s", job, d)
		}
	}
}
