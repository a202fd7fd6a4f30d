// Package manifests judges manifests without a cluster: what KEDA or the API server would
// refuse of them, and what will not scale as it was meant to, each with its place in a
// file and one next step. It plays nothing and connects to nothing; what only a running
// cluster shows is for its parent.
package manifests

import (
	"cmp"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/notes"
	"github.com/kscope/kscope/sandbox"
)

// Severity is how much a finding matters.
type Severity string

// The severities, the worst first.
const (
	Error   Severity = "error"   // KEDA or the API server refuses it
	Warning Severity = "warning" // it does not scale as it was meant to
	Note    Severity = "note"    // it does as it says; worth knowing
)

func (s Severity) rank() int { return slices.Index([]Severity{Error, Warning, Note}, s) }

// Finding is one thing that is wrong, or worth knowing.
type Finding struct {
	Rule     string   `json:"rule"` // stable: "activationAboveTarget"
	Severity Severity `json:"severity"`
	File     string   `json:"file"` // as it was named; "standard input" for that
	Line     int      `json:"line"` // from 1, of the field concerned
	Column   int      `json:"column"`
	Object   string   `json:"object,omitempty"` // "ScaledObject shop/orders"; "" of what is no object yet
	Field    string   `json:"field,omitempty"`  // "spec.cooldownPeriod"; "" for the object as a whole
	Says     string   `json:"says"`             // cause and effect
	Next     string   `json:"next,omitempty"`   // the next step
}

// Untold is what could not be judged.
type Untold struct {
	Says string `json:"says"`
	Next string `json:"next,omitempty"`
}

// Report is all that was found.
type Report struct {
	Version  int       `json:"version"`  // of this format
	Scales   int       `json:"scales"`   // how many ScaledObjects, ScaledJobs and HPAs were judged
	Findings []Finding `json:"findings"` // by file, the file with the worst first
	Untold   []Untold  `json:"untold"`
}

// formatVersion counts changes of the format that would mislead who reads it.
const formatVersion = 1

// stdin is the name of the standard input among files.
const stdin = "standard input"

// Read judges manifests as [sandbox.Load] reads them. Nothing in the report can drive a
// terminal.
func Read(paths []string, in io.Reader) Report {
	m, err := sandbox.Read(paths, in)
	r := Report{Version: formatVersion, Findings: []Finding{}, Untold: []Untold{}}
	for _, wrong := range m.Refused {
		r.refused(wrong)
	}
	for _, n := range m.Notes {
		r.foreign(n)
	}
	s := newSet(&m)
	for i := range s.objects {
		if o := &s.objects[i]; o.scales() {
			r.Scales++
		}
	}
	for i := range s.objects {
		r.Findings = append(r.Findings, s.judge(&s.objects[i])...)
	}
	if err != nil && !slices.Contains(m.Refused, err) || r.Scales == 0 && len(m.Refused) == 0 && err == nil {
		if err == nil {
			err = &kscope.Trouble{Message: "nothing in " + strings.Join(paths, ", ") + " scales", Hint: "ScaledObjects, ScaledJobs and HorizontalPodAutoscalers are judged"}
		}
		r.untold(err)
	}
	r.arrange()
	return r
}

// judge is what the rules find in an object. Of a parameter that KEDA does not take nothing
// else is said.
func (s *set) judge(o *object) (out []Finding) {
	refused := map[[2]int]bool{} // by line and column
	for _, rule := range rules {
		for _, f := range rule.find(s, o) {
			x := s.finding(rule, o, f)
			at := [2]int{x.Line, x.Column}
			if x.Severity == Error {
				refused[at] = true
			} else if refused[at] && strings.Contains(x.Field, ".metadata.") {
				continue
			}
			out = append(out, x)
		}
	}
	if len(refused) == 0 {
		for _, f := range s.denied(o) {
			out = append(out, s.finding(ofKEDA, o, f))
		}
	}
	return out
}

// refused adds what the loader left out: where it says no place, it could not be read.
func (r *Report) refused(wrong error) {
	at, ok := errors.AsType[*sandbox.Refusal](wrong)
	if !ok {
		r.untold(wrong)
		return
	}
	r.Findings = append(r.Findings, Finding{Rule: notAccepted, Severity: Error, File: at.File, Line: at.Line, Column: at.Column, Object: called(at.Of),
		Says: "It is not accepted: " + at.Text, Next: cmp.Or(here(kscope.HintOf(wrong)), nextAfter(at.Text))})
}

// called is an object as findings name it, "" for none.
func called(o kscope.ObjectRef) string {
	if o.Kind == "" {
		return ""
	}
	return strings.TrimSpace(name{o.Kind, o.Namespace, o.Name}.String())
}

// foreign adds a note of the loader's that is of a file, and no object in it: it is for
// another program.
func (r *Report) foreign(n notes.Note) {
	if n.Weight != notes.Unplayed || len(n.Objects) > 0 || n.Place == "" {
		return
	}
	i := strings.LastIndexByte(n.Place, ':')
	line, err := strconv.Atoi(n.Place[i+1:])
	if i < 0 || err != nil { // a folder
		line, i = 1, len(n.Place)
	}
	r.Findings = append(r.Findings, Finding{Rule: noManifest, Severity: Note, File: n.Place[:i], Line: line, Column: 1, Says: "It is not judged: " + n.Says + ".", Next: here(n.Next)})
}

func (r *Report) untold(err error) {
	r.Untold = append(r.Untold, Untold{Says: kscope.Clean(err.Error()), Next: kscope.Clean(here(kscope.HintOf(err)))})
}

// here has a hint of the loader's name this command instead of the sandbox.
func here(hint string) string {
	hint = strings.ReplaceAll(hint, "kscope sandbox -f -", "kscope doctor -f -")
	hint = strings.ReplaceAll(hint, "; without -f it plays the demo", "")
	return strings.ReplaceAll(hint, "the sandbox plays", "kscope knows")
}

// arrange cleans the findings and puts them in order: by file, the file with the worst
// first, and in a file the worst first.
func (r *Report) arrange() {
	worst := map[string]int{}
	for i := range r.Findings {
		f := &r.Findings[i]
		for _, text := range []*string{&f.File, &f.Object, &f.Field, &f.Says, &f.Next} {
			*text = kscope.Clean(*text)
		}
		if w, ok := worst[f.File]; !ok || f.Severity.rank() < w {
			worst[f.File] = f.Severity.rank()
		}
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(worst[a.File], worst[b.File]), cmp.Compare(a.File, b.File), cmp.Compare(a.Severity.rank(), b.Severity.rank()),
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// Under is a report that names the files under a directory by their paths from there, as
// who annotates a repository finds them; the others, and for "" all, stay as they are.
func (r *Report) Under(dir string) *Report {
	if dir == "" {
		return r
	}
	out := *r
	out.Findings = slices.Clone(r.Findings)
	for i := range out.Findings {
		f := &out.Findings[i]
		path, err := filepath.Abs(f.File)
		if from, wrong := filepath.Rel(dir, path); err == nil && wrong == nil && filepath.IsLocal(from) && f.File != stdin {
			f.File = from
		}
	}
	return &out
}

// Count is how many findings are of a severity.
func (r *Report) Count(s Severity) (n int) {
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// Status is the exit status that tells of it: 1 if anything is as bad as a severity, 2 if
// nothing is but not all could be judged, else 0.
func (r *Report) Status(from Severity) int {
	switch {
	case slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Severity.rank() <= from.rank() }):
		return 1
	case len(r.Untold) > 0:
		return 2
	}
	return 0
}
