// Package doctor says whether everything is there that KEDA and kscope need, what is
// wrong, and what to do about it: the cluster, each object, each server of queues and
// what the user may read, the worst first. It reads nothing that makes KEDA query a
// source.
package doctor

import (
	"cmp"
	"slices"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
)

// State is how a check came out.
type State string

// The states, the worst first.
const (
	Bad     State = "bad"     // it does not work
	Warning State = "warning" // it works, but not all of it, or not for long
	Unknown State = "unknown" // it could not be told
	Note    State = "note"    // it does what it was told to, which is seldom what is wanted
	Good    State = "good"
)

// rank orders states, the worst first.
func (s State) rank() int { return slices.Index([]State{Bad, Warning, Unknown, Note, Good}, s) }

// Check is one thing that was looked at.
type Check struct {
	ID       string     `json:"id"`    // stable: "externalMetrics", or the rule of a finding
	About    string     `json:"about"` // what was looked at: "external metrics", "demo/orders"
	State    State      `json:"state"`
	Says     string     `json:"says"`               // a sentence
	Next     string     `json:"next,omitempty"`     // what happens as long as nothing is done
	Of       string     `json:"of,omitempty"`       // the ID of what it is only a consequence of
	Evidence []Evidence `json:"evidence,omitempty"` // what it rests on
	Do       []Move     `json:"do,omitempty"`       // what to do about it
}

// Evidence is what a check rests on.
type Evidence struct {
	Object string     `json:"object"`
	Field  string     `json:"field,omitempty"`
	Value  string     `json:"value,omitempty"`
	Since  *time.Time `json:"since,omitempty"`
}

// Move is a command, and what comes of it.
type Move struct {
	Command string `json:"command"`
	Effect  string `json:"effect,omitempty"`
}

// Report is all that was looked at.
type Report struct {
	Version   int       `json:"version"` // of this format
	At        time.Time `json:"at"`
	Context   string    `json:"context"`
	Namespace string    `json:"namespace"` // "" for all
	Checks    []Check   `json:"checks"`    // the worst first
}

// formatVersion counts changes of the format that would mislead who reads it.
const formatVersion = 1

// New is a report on checks, which are put in order: the worst first, and what
// belongs together stays so.
func New(at time.Time, context, namespace string, checks []Check) Report {
	worst := map[string]int{} // of what a check is about
	for _, c := range checks {
		if w, ok := worst[c.About]; !ok || c.State.rank() < w {
			worst[c.About] = c.State.rank()
		}
	}
	checks = slices.Clone(checks)
	for i := range checks {
		checks[i].clean()
	}
	slices.SortStableFunc(checks, func(a, b Check) int { return cmp.Compare(worst[a.About], worst[b.About]) })
	return Report{Version: formatVersion, At: at, Context: kscope.Clean(context), Namespace: kscope.Clean(namespace), Checks: checks}
}

// On has every command ask the cluster that flags of kubectl's choose.
func (r Report) On(flags []string) Report {
	for _, c := range r.Checks {
		for i := range c.Do {
			c.Do[i].Command = kscope.Clean(explain.Move{Command: c.Do[i].Command}.On(flags))
		}
	}
	return r
}

// clean is all of it as a terminal may have it, in whatever format it is written.
func (c *Check) clean() {
	for _, s := range []*string{&c.About, &c.Says, &c.Next} {
		*s = kscope.Clean(*s)
	}
	c.Evidence, c.Do = slices.Clone(c.Evidence), slices.Clone(c.Do)
	for i := range c.Evidence {
		e := &c.Evidence[i]
		e.Object, e.Field, e.Value = kscope.Clean(e.Object), kscope.Clean(e.Field), kscope.Clean(e.Value)
	}
	for i := range c.Do {
		m := &c.Do[i]
		m.Command, m.Effect = kscope.Clean(m.Command), kscope.Clean(m.Effect)
	}
}

// Count is how many checks came out so.
func (r Report) Count(s State) int {
	n := 0
	for _, c := range r.Checks {
		if c.State == s {
			n++
		}
	}
	return n
}

// Status is the exit status that tells of it: 1 if anything is as bad as a state, 2 if
// nothing is but not all could be told, or nothing since no API server answers, else 0.
func (r Report) Status(from State) int {
	switch {
	case slices.ContainsFunc(r.Checks, func(c Check) bool { return c.ID == apiServer && c.State == Bad }):
		return 2
	case slices.ContainsFunc(r.Checks, func(c Check) bool { return c.State != Unknown && c.State.rank() <= from.rank() }):
		return 1
	case r.Count(Unknown) > 0:
		return 2
	}
	return 0
}
