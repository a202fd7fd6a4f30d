package load_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope/load"
)

func job(seq int64) load.Job {
	v := uint64(0x123456789abcdef0)
	return load.Job{
		Session: "5f0c21d9a7e3", Seq: seq, At: time.Date(2026, 1, 2, 16, 4, 5, 6e6, time.FixedZone("", 3600)),
		Random: func() uint64 { v++; return v },
	}
}

func TestPayload(t *testing.T) {
	for text, want := range map[string]string{
		load.DefaultPayload:          `{"id":"5f0c21d9a7e3-000042","at":"2026-01-02T15:04:05.006Z"}`,
		"plain":                      "plain",
		"{seq}":                      "42",
		"{unixms}|{seq}{seq}":        "1767366245006|4242",
		"{rand:3}-{rand}":            "1fe-2fedcba9",
		`{"a":{"b":[{}]},"n":{seq}}`: `{"a":{"b":[{}]},"n":42}`,
		"{{seq}{{{seq}{":             "{seq}{{seq}{",
		"{ seq } {1} {":              "{ seq } {1} {",
		"ab{size:8}cd":               "abxxxxcd",
		"{size:3}abc":                "abc",
		"{size:12}abcdefgh":          "xxxxabcdefgh",
		"{size:12}ab":                "xxxxxxxxxxab",
		"å{seq}ß":                    "å42ß",
	} {
		p, err := load.ParsePayload(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := string(p.Append([]byte("before:"), job(42))); got != "before:"+want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
		if p.String() != text {
			t.Errorf("%s: got %s back", text, p)
		}
	}
	p, err := load.ParsePayload(`{"id":"{id}","pad":"{size:1k}"}`)
	if err != nil {
		t.Fatal(err)
	}
	got := p.Append(nil, job(1234567))
	var v struct{ ID string }
	if json.Unmarshal(got, &v) != nil || v.ID != "5f0c21d9a7e3-1234567" || len(got) != 1024 {
		t.Errorf("got %d bytes, %s", len(got), got)
	}
	if !p.Differs() || !load.StandardPayload().Differs() {
		t.Error("an id, and jobs that do not differ")
	}
	if p, _ := load.ParsePayload("{time}{rand:9}"); p.Differs() {
		t.Error("nothing sure to differ, and yet")
	}
}

func TestPayloadRefuses(t *testing.T) {
	for text, want := range map[string]load.PayloadError{
		"":                             {1, "the payload is empty"},
		"ab{foo}":                      {3, "there is no {foo}: want {id}"},
		"åß{idd}":                      {3, "there is no {idd}"},
		"{id:3}":                       {1, "{id} takes no number"},
		"{rand:0}":                     {1, "want a number of bytes from 1 to 1024"},
		"{rand:2k}":                    {1, "want a number of bytes"},
		"{size}":                       {1, "want a number of bytes from 1 to 524288"},
		"{size:513k}":                  {1, "want a number of bytes"},
		"{size:-1}":                    {1, "want a number of bytes"},
		"{size:99999999999999999999k}": {1, "want a number of bytes"},
		"x{size:1}{size:2}":            {10, "{size} is there twice"},
		"abc {seq":                     {5, "the brace is not closed"},
		"{evil\x1b[31m}":               {1, "there is no {evil}"},
		strings.Repeat("x", 65<<10):    {65537, "longer than 64 kB"},
	} {
		_, err := load.ParsePayload(text)
		var got *load.PayloadError
		if !errors.As(err, &got) || got.At != want.At || !strings.Contains(got.What, want.What) || strings.Contains(got.What, "\x1b") {
			t.Errorf("%.40q: got %v, want %+v", text, err, want)
		}
	}
}

func TestPayloadAllocatesNothing(t *testing.T) {
	p, err := load.ParsePayload(`{id}{seq}{time}{unixms}{rand:20}{size:500}`)
	if err != nil {
		t.Fatal(err)
	}
	j, dst := job(7), make([]byte, 0, 1000)
	if n := testing.AllocsPerRun(100, func() { dst = p.Append(dst[:0], j) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzPayload(f *testing.F) {
	for _, s := range []string{load.DefaultPayload, "{size:1k}{rand:3}", "{{id}", "{", "{id"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := load.ParsePayload(text)
		if err != nil {
			return
		}
		if a, b := p.Example(), p.Example(); a != b {
			t.Error("two examples differ")
		}
		if got := p.Append([]byte("x"), job(1)); got[0] != 'x' {
			t.Errorf("what was there before is gone: %q", got)
		}
		if !strings.Contains(text, "{") && p.Example() != text {
			t.Errorf("%q became %q", text, p.Example())
		}
	})
}

func BenchmarkPayload(b *testing.B) {
	p, dst, j := load.StandardPayload(), []byte(nil), job(1)
	b.ReportAllocs()
	for b.Loop() {
		dst = p.Append(dst[:0], j)
	}
}
