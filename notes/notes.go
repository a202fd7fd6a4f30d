// Package notes is what of given objects is left out, fails or is not played as a
// cluster would, as data: who makes a note says how much it matters and what it
// concerns, and who shows notes has them in the order in which they matter. It knows
// neither what makes them nor a screen.
package notes

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/words"
)

// Weight is how much a note matters: what comes first matters most.
type Weight int

// The weights of notes.
const (
	LeftOut  Weight = iota // something is wrong with it, so that it is not there
	Fails                  // it is there, and KEDA or the HPA will complain of it
	Differs                // what scales is played otherwise than a cluster would do it
	Unplayed               // it is taken, and nothing comes of it
	Idle                   // the same, and nothing about scaling would come of it in a cluster
)

// String is the weight in a word or two, for a heading.
func (w Weight) String() string {
	return [...]string{"left out", "fails", "played otherwise", "not played", "without effect"}[w]
}

// Matters reports whether something that scales is other than one would think.
func (w Weight) Matters() bool { return w < Unplayed }

// Note is one thing to know of an object, of several, or of a file.
type Note struct {
	Weight  Weight
	Objects []kscope.ObjectRef // none of a file
	Place   string             // file:line of the first, "" where it is not known
	Says    string             // without naming the objects
	Next    string             // what to do about it, "" where there is nothing to
	Rows    []kscope.ID        // what scales and is concerned
	Plays   string             // the [kscope.Backlog.Broker] that it says is played, "" in all others
}

// Concerns reports whether a note is of use to who looks at an object that scales.
func (n Note) Concerns(id kscope.ID) bool { return slices.Contains(n.Rows, id) }

// mostNames is how many names are worth writing out.
const mostNames = 100

// Subject names the objects, each kind once, or else the file.
func (n Note) Subject() string {
	if len(n.Objects) == 0 {
		return n.Place
	}
	var out strings.Builder
	if len(n.Objects) > 3 {
		out.WriteString(words.Plural(len(n.Objects), "object") + ": ")
	}
	kind := ""
	for i, o := range n.Objects[:min(len(n.Objects), mostNames)] {
		if i > 0 {
			out.WriteString(", ")
		}
		if o.Kind != kind {
			kind = o.Kind
			out.WriteString(kind + " ")
		}
		out.WriteString(kscope.Ref{Namespace: o.Namespace, Name: o.Name}.String())
	}
	if more := len(n.Objects) - mostNames; more > 0 {
		fmt.Fprintf(&out, " and %s more", words.Count(more))
	}
	return out.String()
}

// Where is the place of the objects, "" where the subject is the place.
func (n Note) Where() string {
	if more := len(n.Objects) - 1; more > 0 && n.Place != "" {
		return fmt.Sprintf("%s and %s more", n.Place, words.Count(more))
	} else if more < 0 {
		return ""
	}
	return n.Place
}

// String is all of it in a line.
func (n Note) String() string {
	s := n.Says
	if about := n.Subject(); about != "" {
		s = about + ": " + s
	}
	if n.Next != "" {
		s += " (" + n.Next + ")"
	}
	return s
}

// about is what notes that are told as one have in common.
type about struct {
	weight     Weight
	says, next string
}

// Grouped is notes in the order in which they matter; those of several objects that
// say the same are one.
func Grouped(all []Note) []Note {
	var out []Note
	at := map[about]int{}
	for _, n := range all {
		key := about{n.Weight, n.Says, n.Next}
		i, again := at[key]
		if !again || len(n.Objects) == 0 || len(out[i].Objects) == 0 {
			n.Objects, n.Rows = slices.Clone(n.Objects), slices.Clone(n.Rows)
			at[key], out = len(out), append(out, n)
			continue
		}
		out[i].Objects, out[i].Rows = append(out[i].Objects, n.Objects...), append(out[i].Rows, n.Rows...)
	}
	for _, n := range out {
		slices.SortStableFunc(n.Objects, func(a, b kscope.ObjectRef) int { return cmp.Compare(a.Kind, b.Kind) })
	}
	slices.SortStableFunc(out, func(a, b Note) int {
		return cmp.Or(cmp.Compare(a.Weight, b.Weight), cmp.Compare(a.aside(), b.aside()))
	})
	return out
}

// aside is 0 for a note on what scales, and 1 for any other.
func (n Note) aside() int {
	scales := func(o kscope.ObjectRef) bool {
		return o.Kind == "ScaledObject" || o.Kind == "ScaledJob" || o.Kind == "HorizontalPodAutoscaler"
	}
	if len(n.Rows) > 0 || slices.ContainsFunc(n.Objects, scales) {
		return 0
	}
	return 1
}
