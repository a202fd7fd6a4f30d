package tui

import (
	"slices"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
)

// opened is which of the two screens is open.
type opened int

const (
	detail   opened = iota // one thing that scales in full
	overview               // all of them as a table
)

// pane is a part of the detail that can have the focus.
type pane int

const (
	chartPane pane = iota
	podsPane
	timelinePane
	whyPane
	ledgerPane
	panes
)

// view is everything about the screen that is not in the store: what is open,
// where the cursors are, what is being typed. Keys change it, drawing reads it.
type view struct {
	w, h   int
	screen opened
	chosen bool        // the user, or a NAME, has decided what is open
	id     kscope.ID   // what the detail is of
	ids    []kscope.ID // those the overview lists, after the filter

	total    int // how many the overview lists without a filter
	row, top int // overview: selected row and first visible one
	order    order
	arranged time.Time // when the rows were last put in order; zero if they are to be now
	pressed  time.Time // when a key was last pressed, by the clock of the stream
	filter   field
	typing   bool // the filter is being typed
	stale    bool // and what it leaves is not listed yet

	finding  int // which of the findings is shown with all there is to it
	focus    pane
	scroll   [panes]int // lines scrolled away from the newest or the top
	podTable bool
	stacked  bool // chart mode I rather than H
	full     bool // the chart alone
	noFuture bool // nor what is expected in it
	hideKeys bool
	teach    bool // a line suggests what to do next
	help     bool
	helpTop  int            // first line of the help, where it is too long
	zoomed   bool           // the window is one that was chosen,
	zoom     int            // by steps from the one that shows as much as by default
	queue    kscope.Backlog // the one that is charted; zero for the main one

	frozen   bool
	frozenAt time.Time
	cursorAt time.Time // the moment under inspection; zero for the newest

	batch   int // index into kscope.BatchSizes
	armed   map[kscope.Backlog]bool
	others  map[kscope.Backlog]others // who else gets what is put into them, as far as that was asked
	pending *prompt                   // waits for that
	prompt  *prompt
	palette *chooser // nil while closed
	load    loadView
	card    bool   // how the queue is reached is open
	cardTop int    // its first line
	notice  string // one line about the last key, until the next

	notes     bool // the notes are open
	notesTop  int  // their first line
	notesRead bool // they were opened
}

// overlay is what lies over the screen and takes the keys.
type overlay int

const (
	nothingOver overlay = iota
	promptOver
	paletteOver
	pickerOver
	cardOver
	notesOver
	filterOver // in the bottom line
	helpOver
)

// over is the one that lies on top: what it is decides alike who gets a key and
// what is drawn, so that nothing takes keys unseen.
func (v *view) over() overlay {
	switch {
	case v.prompt != nil:
		return promptOver
	case v.palette != nil:
		return paletteOver
	case v.load.picker != nil:
		return pickerOver
	case v.card && v.screen == detail:
		return cardOver
	case v.notes:
		return notesOver
	case v.typing && v.screen == overview:
		return filterOver
	case v.help:
		return helpOver
	}
	return nothingOver
}

func newView() view {
	return view{batch: 1, filter: newField(""), armed: map[kscope.Backlog]bool{}}
}

// follow brings what is open in line with what exists, and says whether that
// changed anything.
func (v *view) follow(s *store.Store, o Options) bool {
	before, id, had := v.screen, v.id, len(v.ids)
	all := rowsOf(s, o)
	v.total = len(all)
	v.keepRow(func() { v.list(all) })
	v.row = min(max(v.row, 0), max(len(v.ids)-1, 0))
	if !v.chosen {
		listed := listed(s, kscope.ScaledObjects) && listed(s, kscope.ScaledJobs) && listed(s, kscope.HPAs)
		v.choose(all, o, listed)
	}
	return v.screen != before || v.id != id || len(v.ids) != had
}

// list lists what the filter leaves of all. What was listed before keeps its place,
// unless the order is by name; what is new comes last until they are arranged.
func (v *view) list(all []kscope.ID) {
	place := make(map[kscope.ID]int, len(v.ids))
	for i, id := range v.ids {
		place[id] = i
	}
	v.ids = nil
	for _, id := range all {
		if v.matches(id) {
			v.ids = append(v.ids, id)
		}
	}
	if v.order == byName {
		return
	}
	slices.SortStableFunc(v.ids, func(a, b kscope.ID) int {
		i, old := place[a]
		j, was := place[b]
		switch {
		case old && was:
			return i - j
		case old:
			return -1
		case was:
			return 1
		}
		return 0
	})
}

// rowsOf is what is a row of the table. Any HPA may be a ScaledObject's before
// these are listed, and where some of them are left out.
func rowsOf(s *store.Store, o Options) []kscope.ID {
	all := s.Objects()
	if listed(s, kscope.ScaledObjects) && !o.Selected {
		return all
	}
	return slices.DeleteFunc(all, func(id kscope.ID) bool { return id.Kind == kscope.HPAs })
}

// listed reports whether all of a kind that may be seen is known.
func listed(s *store.Store, kind kscope.Kind) bool {
	switch statusOf(s, kind).State {
	case kscope.Synced, kscope.Partly, kscope.Forbidden, kscope.Absent:
		return true
	}
	return false
}

func (v *view) matches(id kscope.ID) bool {
	want := v.filter.text()
	return want == "" || strings.Contains(strings.ToLower(id.String()), strings.ToLower(want))
}

// choose opens what the command line named, or what there is: a namespace with
// one thing that scales opens at its detail; with more, at the table, until the
// user says otherwise. It is only one once all have been listed.
func (v *view) choose(all []kscope.ID, o Options, listed bool) {
	if o.Name != "" {
		v.chooseNamed(all, o)
		return
	}
	switch {
	case len(all) == 1 && !listed:
	case len(all) == 1 && all[0].Kind == kscope.HPAs && v.id.Kind == kscope.ScaledObjects: // which is gone, and its HPA about to be
	case len(all) == 1:
		v.open(all[0])
	case len(all) > 0:
		v.screen = overview
	}
}

// chooseNamed opens the first of a name: a ScaledObject before a ScaledJob, and
// that before an HPA.
func (v *view) chooseNamed(all []kscope.ID, o Options) {
	for _, kind := range []kscope.Kind{kscope.ScaledObjects, kscope.ScaledJobs, kscope.HPAs} {
		for _, id := range all {
			if id.Kind == kind && id.Name == o.Name && (o.Namespace == "" || id.Namespace == o.Namespace) {
				v.open(id)
				v.chosen = true
				return
			}
		}
	}
}

func (v *view) open(id kscope.ID) {
	if v.id != id {
		v.scroll = [panes]int{}
		v.cursorAt = time.Time{}
		v.queue = kscope.Backlog{}
		v.finding = 0
	}
	v.screen, v.id = detail, id
}

// past reports whether a moment before the newest is under inspection.
func (v *view) past() bool { return v.frozen && !v.cursorAt.IsZero() }

// kindName is what one of a kind is called.
func kindName(k kscope.Kind) string {
	switch k {
	case kscope.ScaledJobs:
		return "ScaledJob"
	case kscope.HPAs:
		return "HPA"
	}
	return "ScaledObject"
}
