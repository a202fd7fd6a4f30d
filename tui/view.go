package tui

import (
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
)

// opened is which of the two screens is open.
type opened int

const (
	detail   opened = iota // one ScaledObject in full
	overview               // all of them as a table
)

// pane is a part of the detail that can have the focus.
type pane int

const (
	chartPane pane = iota
	podsPane
	timelinePane
	whyPane
	panes
)

// view is everything about the screen that is not in the store: what is open,
// where the cursors are, what is being typed. Keys change it, drawing reads it.
type view struct {
	w, h   int
	screen opened
	chosen bool         // the user, or a NAME, has decided what is open
	ref    kscope.Ref   // the ScaledObject of the detail
	refs   []kscope.Ref // those the overview lists, after the filter
	jobs   int          // ScaledJobs that exist

	row, top int // overview: selected row and first visible one
	filter   field
	typing   bool // the filter is being typed

	focus    pane
	scroll   [panes]int // lines scrolled away from the newest or the top
	podTable bool
	stacked  bool // chart mode I rather than H
	full     bool // the chart alone
	hideKeys bool
	teach    bool // a line suggests what to do next
	help     bool
	helpTop  int // first line of the help, where it is too long
	zoom     int // steps from the window that fits the width

	frozen   bool
	frozenAt time.Time
	cursorAt time.Time // the moment under inspection; zero for the newest

	batch   int // index into kscope.BatchSizes
	armed   map[kscope.Backlog]bool
	prompt  *prompt
	palette *chooser // nil while closed
	load    loadView
	card    bool   // how the queue is reached is open
	cardTop int    // its first line
	notice  string // one line about the last key, until the next
}

func newView() view {
	return view{batch: 1, filter: newField(""), armed: map[kscope.Backlog]bool{}}
}

// follow brings what is open in line with what exists, and says whether that
// changed anything.
func (v *view) follow(s *store.Store, o Options) bool {
	before, had := v.screen, len(v.refs)+v.jobs
	ref := v.ref
	all := s.ScaledObjects()
	v.jobs = len(s.ScaledJobs())
	v.refs = v.refs[:0]
	for _, ref := range all {
		if v.matches(ref) {
			v.refs = append(v.refs, ref)
		}
	}
	v.row = min(max(v.row, 0), max(len(v.refs)-1, 0))
	if !v.chosen {
		v.choose(all, o, statusOf(s, kscope.ScaledObjects).State == kscope.Synced)
	}
	return v.screen != before || v.ref != ref || len(v.refs)+v.jobs != had
}

func (v *view) matches(ref kscope.Ref) bool {
	want := v.filter.text()
	return want == "" || strings.Contains(strings.ToLower(ref.String()), strings.ToLower(want))
}

// choose opens what the command line named, or what there is: a namespace with
// one ScaledObject opens at its detail; with more, at the table, until the
// user says otherwise. It is only one once all have been listed.
func (v *view) choose(all []kscope.Ref, o Options, listed bool) {
	if o.Name != "" {
		for _, ref := range all {
			if ref.Name == o.Name && (o.Namespace == "" || ref.Namespace == o.Namespace) {
				v.open(ref)
				v.chosen = true
				return
			}
		}
		return
	}
	switch {
	case len(all) == 1 && v.jobs == 0 && !listed:
	case len(all) == 1 && v.jobs == 0:
		v.open(all[0])
	case len(all)+v.jobs > 0:
		v.screen = overview
	}
}

func (v *view) open(ref kscope.Ref) {
	if v.ref != ref {
		v.scroll = [panes]int{}
		v.cursorAt = time.Time{}
	}
	v.screen, v.ref = detail, ref
}

// past reports whether a moment before the newest is under inspection.
func (v *view) past() bool { return v.frozen && !v.cursorAt.IsZero() }
