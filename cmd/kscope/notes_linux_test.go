package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/notes"
)

// TestNotesAreTold: on a terminal once the screen has closed, so that they do not lie
// under it, and at once where stderr is a file.
func TestNotesAreTold(t *testing.T) {
	t.Parallel()
	all := []notes.Note{
		{Weight: notes.LeftOut, Objects: []kscope.ObjectRef{{Kind: "ScaledObject", Namespace: "shop", Name: "mail"}}, Place: "a.yaml:7", Says: `unknown field "x"`, Next: "is it spelt right?"},
		{Weight: notes.Unplayed, Place: "values.yaml:1", Says: "these are values of a Helm chart"},
	}
	const want = "note: left out: a.yaml:7: ScaledObject shop/mail: unknown field \"x\" (is it spelt right?)\nnote: not played: values.yaml:1: these are values of a Helm chart\n"
	var file bytes.Buffer
	later := tell(all, &file)
	if later(); file.String() != want {
		t.Errorf("in a file: %q", file.String())
	}
	screen, eye := terminals(t)
	later = tell(all, screen)
	if _, err := screen.WriteString("the screen\n"); err != nil {
		t.Fatal(err)
	}
	later()
	var seen []byte
	for b := make([]byte, 4096); !bytes.Contains(seen, []byte("chart")); {
		n, err := eye.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, b[:n]...)
	}
	if got := strings.ReplaceAll(string(seen), "\r", ""); !strings.HasPrefix(got, "the screen\n"+want[:len(want)-2]) {
		t.Errorf("on a terminal: %q", got)
	}
}
