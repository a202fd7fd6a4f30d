package manifests

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/kscope/kscope/words"
)

var colours = map[Severity]string{Error: "31", Warning: "33", Note: "36"}

// Text writes a report for people: a line each that editors and terminals can jump by,
// with what to do below it.
func (r *Report) Text(w io.Writer, colour bool) error {
	var b strings.Builder
	for i, f := range r.Findings {
		if i > 0 && r.Findings[i-1].File != f.File {
			b.WriteString("\n")
		}
		severity := string(f.Severity)
		if colour {
			severity = "\x1b[" + colours[f.Severity] + "m" + severity + "\x1b[0m"
		}
		fmt.Fprintf(&b, "%s:%d:%d: %s: %s [%s]\n", f.File, f.Line, f.Column, severity, f.about(), f.Rule)
		if f.Next != "" {
			fmt.Fprintf(&b, "    %s\n", f.Next)
		}
	}
	for _, u := range r.Untold {
		fmt.Fprintf(&b, "not judged: %s\n", u.Says)
		if u.Next != "" {
			fmt.Fprintf(&b, "    %s\n", u.Next)
		}
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	b.WriteString(r.sum() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// about is what a finding says, with the object that it is in.
func (f Finding) about() string {
	if f.Object == "" {
		return f.Says
	}
	return f.Object + ": " + f.Says
}

// sum is the last line.
func (r *Report) sum() string {
	var parts []string
	for _, s := range []Severity{Error, Warning, Note} {
		if n := r.Count(s); n > 0 {
			parts = append(parts, words.Plural(n, string(s)))
		}
	}
	if n := len(r.Untold); n > 0 {
		parts = append(parts, fmt.Sprintf("%d not judged", n))
	}
	judged := words.Plural(r.Scales, "object") + " that scale"
	if r.Scales == 1 {
		judged += "s"
	}
	if len(parts) == 0 {
		return "All is well, in " + judged + "."
	}
	return strings.Join(parts, ", ") + ", in " + judged + "."
}

// JSON writes a report for programs.
func (r *Report) JSON(w io.Writer) error { return write(w, r) }

func write(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
