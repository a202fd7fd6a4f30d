package redis

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kscope/kscope/sources/broker"
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

// The oldest job of a sorted set comes first, however soon the next pipeline
// follows.
func TestScoresGrow(t *testing.T) {
	var made commands
	last := int64(0)
	for range 3 {
		for _, c := range made.of(&broker.Batch{At: time.Unix(1, 0), Jobs: make([]string, 250)}, zset) {
			for i := 2; i < len(c.Args()); i += 2 {
				score := c.Args()[i].(int64)
				if score <= last {
					t.Fatalf("a score of %d after one of %d", score, last)
				}
				last = score
			}
		}
	}
}
