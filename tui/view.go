package tui

import (
	"strings"
	"time"

	"github.com/kscope/kscope"
)

// screen is which of the two screens is open.
type screen int

const (
	detail   screen = iota // one ScaledObject in full
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
	screen screen
	chosen bool         // the user, or a NAME, has decided what is open
	ref    kscope.Ref   // the ScaledObject of the detail
	refs   []kscope.Ref // those the overview lists, after the filter

	row, top int // overview: selected row and first visible one
	filter   string
	typing   bool // the filter is being typed

	focus    pane
	scroll   [panes]int // lines scrolled away from the newest or the top
	podTable bool
	stacked  bool // chart mode I rather than H
	full     bool // the chart alone
	hideKeys bool
	help     bool
	zoom     int // steps from the window that fits the width

	frozen   bool
	frozenAt time.Time
	cursorAt time.Time // the moment under inspection; zero for the newest

	batch  int // index into kscope.BatchSizes
	armed  map[kscope.Queue]bool
	prompt *prompt
	notice string // one line about the last key, until the next
}

func newView() view {
	return view{batch: 1, armed: map[kscope.Queue]bool{}}
}

// follow brings what is open in line with what exists.
func (v *view) follow(s *kscope.Store, o Options) {
	all := s.ScaledObjects()
	v.refs = v.refs[:0]
	for _, ref := range all {
		if v.filter == "" || strings.Contains(strings.ToLower(ref.String()), strings.ToLower(v.filter)) {
			v.refs = append(v.refs, ref)
		}
	}
	v.row = min(max(v.row, 0), max(len(v.refs)-1, 0))
	if v.chosen {
		return
	}
	if o.Name != "" {
		for _, ref := range all {
			if ref.Name == o.Name && (o.Namespace == "" || ref.Namespace == o.Namespace) {
				v.open(ref)
				v.chosen = true
			}
		}
		return
	}
	// A namespace with one ScaledObject opens at its detail; with more, at
	// the table, until the user says otherwise.
	switch {
	case len(all)+len(s.ScaledJobs()) == 1 && len(all) == 1:
		v.open(all[0])
	case len(all)+len(s.ScaledJobs()) > 1:
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

// now is the moment that the screen shows.
func (v *view) now(s *kscope.Store) time.Time {
	if v.frozen && !v.cursorAt.IsZero() {
		return v.cursorAt
	}
	return s.Now()
}
