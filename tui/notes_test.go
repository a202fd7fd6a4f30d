package tui

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/golden"
	"github.com/kscope/kscope/notes"
)

// given is notes as a sandbox has them: on one that scales, on another, on what is
// none, and on a file; with more objects of a kind than anybody wants a line each of.
func given(own kscope.Ref) []notes.Note {
	other := kscope.Ref{Namespace: own.Namespace, Name: "mail-003"}
	about := func(kind string, ref kscope.Ref) []kscope.ObjectRef {
		return []kscope.ObjectRef{{Kind: kind, Namespace: ref.Namespace, Name: ref.Name}}
	}
	all := []notes.Note{
		{Weight: notes.LeftOut, Place: "deploy/broken.yaml:4", Says: "mapping values are not allowed in this context", Next: "something is wrong with the indentation, a quote or a colon, there or in the line before"},
		{Weight: notes.LeftOut, Objects: about("ScaledObject", kscope.Ref{Namespace: "demo", Name: "billing"}), Place: "deploy/a.yaml:4", Says: `unknown field "spec.trigers"`, Next: "is it spelt right, and at the right depth?"},
		{Weight: notes.Fails, Objects: about("ScaledObject", other), Place: "deploy/a.yaml:90", Says: "triggers[1] (cpu): it is a share of the cpu that is requested, and container mail of Deployment demo/mail requests none", Next: "add it to resources.requests", Rows: []kscope.ID{idOf(other)}},
		{Weight: notes.Differs, Objects: about("ScaledObject", own), Place: "deploy/a.yaml:20", Says: "triggers[0] (rabbitmq): the list demo:rabbitmq-0-orders of the sandbox's Redis stands in for orders", Next: "the load keys fill it, as does any client of that Redis", Rows: []kscope.ID{idOf(own)}},
		{Weight: notes.Differs, Objects: about("ScaledObject", own), Place: "deploy/a.yaml:20", Says: "triggers[1] (cpu): a pod at work is taken to use all that it requests of cpu", Rows: []kscope.ID{idOf(own)}},
		{Weight: notes.Differs, Says: "redis.a:6379 and redis.b:6379 are one and the same Redis here", Rows: []kscope.ID{idOf(own), idOf(other)}},
		{Weight: notes.Unplayed, Place: "deploy/values.yaml:1", Says: "these are values of a Helm chart", Next: "helm template CHART -f deploy/values.yaml | kscope sandbox -f -"},
		{Weight: notes.Idle, Objects: about("ServiceAccount", kscope.Ref{Namespace: "demo", Name: "worker"}), Place: "deploy/rbac.yaml:1", Says: "accepted, and without effect in the sandbox"},
	}
	for i := range 12 {
		all = append(all, notes.Note{Weight: notes.Unplayed, Objects: about("Job", kscope.Ref{Namespace: "demo", Name: fmt.Sprint("migrate-", i)}), Place: "deploy/jobs.yaml:1", Says: "accepted, but objects of this kind are not played"})
	}
	return notes.Grouped(all)
}

// withNotes is a sandbox that has them.
func withNotes(o *Options) {
	o.Mode, o.Notes = "SANDBOX", given(kscope.Ref{Namespace: "demo", Name: "worker-scaler"})
}

// TestNotesPane compares the screen with golden files: the mark, the pane, its end,
// and the pane of an object.
func TestNotesPane(t *testing.T) {
	plain := func(o *Options) { o.ASCII, o.NoColor = true, true }
	for _, tt := range []struct {
		name string
		w, h int
		keys string
		all  bool // the table
		o    func(*Options)
	}{
		{"table", 80, 24, "", true, nil},
		{"table-wide", 120, 35, "", true, nil},
		{"detail", 80, 24, "", false, nil},
		{"detail-ascii", 80, 24, "", false, plain},
		{"open", 80, 24, "w", true, nil},
		{"end", 80, 24, "w G", true, nil},
		{"own-first", 80, 24, "w", false, nil},
		{"open-wide", 120, 35, "w", false, nil},
		{"open-widest", 200, 55, "w", false, nil},
		{"open-ascii", 120, 35, "w", true, plain},
		{"open-small", 40, 10, "w", true, nil},
		{"help", 80, 24, "?", false, nil},
	} {
		of := phase("asleep")
		if tt.all {
			of = many(4)
		}
		m := tell(of, tt.w, tt.h, withNotes, func(o *Options) {
			if tt.o != nil {
				tt.o(o)
			}
		})
		press(m, strings.Fields(tt.keys)...)
		got := m.grid.Plain()
		golden.Compare(t, fmt.Sprintf("notes/%s-%dx%d.txt", tt.name, tt.w, tt.h), got)
		if tt.o != nil && strings.ContainsFunc(got, func(r rune) bool { return r > '~' }) {
			t.Errorf("%s: not plain:\n%s", tt.name, got)
		}
	}
}

// TestNotesScroll: whatever the size, each row of the notes can be read, a mark says
// where there are more, and no key leads past either end.
func TestNotesScroll(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 35}, {200, 55}, {60, 20}, {40, 12}, {30, 6}} {
		m := tell(phase("asleep"), size[0], size[1], withNotes)
		press(m, "w")
		if m.view.over() != notesOver {
			t.Fatal("they do not open")
		}
		rows := m.noteRows(noteWidth(size[0]) - 4)
		seen := map[string]bool{}
		note := func() {
			for line := range strings.Lines(m.grid.Plain()) {
				for _, r := range rows {
					seen[r.text] = seen[r.text] || strings.Contains(line, r.text)
				}
			}
		}
		limit := cardLimit(len(rows), size[1])
		for range limit {
			note()
			press(m, "j")
		}
		note()
		for _, r := range rows {
			if !seen[r.text] {
				t.Errorf("%v: %q was never shown", size, r.text)
			}
		}
		end := m.grid.Plain()
		if !strings.Contains(end, "9 notes in all") || strings.Contains(end, " below ") {
			t.Errorf("%v: the end is\n%s", size, end)
		}
		for _, k := range []string{"j", "G", "pgdown"} {
			if press(m, k); m.grid.Plain() != end {
				t.Errorf("%v: %s goes past the end", size, k)
			}
		}
		if press(m, "g", "k"); !strings.Contains(m.grid.Plain(), rows[0].text) {
			t.Errorf("%v: g does not lead to the start:\n%s", size, m.grid.Plain())
		}
	}
}

// TestNotesOpen: by their key on either screen and from the palette, and left again by
// any key that leaves. From then on nothing reminds of them but the marks.
func TestNotesOpen(t *testing.T) {
	for _, opens := range []string{"w", ": n o t e s enter"} {
		for _, leaves := range []string{"esc", "q", "enter", "w"} {
			for _, of := range []*tale{phase("asleep"), many(4)} {
				m := tell(of, 80, 24, withNotes)
				before := m.grid.Plain()
				if !strings.Contains(before, "9 notes w") || !strings.Contains(before, "q quit") {
					t.Errorf("at the start:\n%s", before)
				}
				run(m, press(m, strings.Fields(opens)...))
				if m.view.over() != notesOver || !strings.Contains(m.grid.Plain(), "Notes on what was given") {
					t.Fatalf("%s does not open them:\n%s", opens, m.grid.Plain())
				}
				press(m, leaves)
				if after := m.grid.Plain(); m.view.over() != nothingOver || strings.Contains(after, "9 notes") || !strings.Contains(after, noteMark) {
					t.Errorf("after %s and %s:\n%s", opens, leaves, after)
				}
			}
		}
	}
	m := tell(phase("asleep"), 80, 24)
	if press(m, "w"); m.view.over() != nothingOver || !strings.HasPrefix(m.view.notice, "There are no notes") {
		t.Errorf("without notes: %q", m.view.notice)
	}
	if press(m, "esc", "?"); strings.Contains(m.grid.Plain(), "not played") {
		t.Error("the help of a cluster has notes")
	}
}

// TestNotesMark: what a note is about is marked in the table, in its preview and in the
// detail, and nothing else is.
func TestNotesMark(t *testing.T) {
	m := tell(many(4), 120, 35, withNotes)
	got := m.grid.Plain()
	for _, name := range []string{"orders-000", "invoices-001", "thumbnails-002", "mail-003"} {
		if marked := strings.Contains(got, name+noteMark); marked != (name == "mail-003") {
			t.Errorf("%s: marked %v\n%s", name, marked, got)
		}
	}
	press(m, "down", "enter")
	if !strings.Contains(m.grid.Plain(), "demo/mail-003*") {
		t.Errorf("the detail has no mark:\n%s", m.grid.Plain())
	}
	if press(m, "w"); !strings.Contains(strings.SplitN(m.grid.Plain(), "\n", 3)[1], "Fails: demo/mail-003") {
		t.Errorf("what is open does not come first:\n%s", m.grid.Plain())
	}
}
