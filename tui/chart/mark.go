package chart

import (
	"strconv"
	"time"

	"github.com/kscope/kscope/tui/screen"
	"github.com/kscope/kscope/words"
)

// MarkKind is who did what.
type MarkKind uint8

// The kinds: what the timeline tells, as signs.
const (
	MarkUp         MarkKind = iota // the HPA asked for more
	MarkDown                       // the HPA asked for fewer
	MarkActivate                   // KEDA: from zero
	MarkDeactivate                 // KEDA: to zero
	MarkInject                     // work put in from here
	MarkTrouble                    // something failed
	MarkLoad                       // work is put in from here from now on
	MarkOpens                      // a schedule opens
	MarkCloses                     // a schedule closes
)

// Mark is something that happened at a moment, shown under the time axis.
type Mark struct {
	At    time.Time
	Kind  MarkKind
	N     int64  // replicas it led to; jobs for markInject
	Label string // instead of n
}

// rank is how much a mark matters when not all fit.
func (m Mark) rank() int {
	return [...]int{MarkUp: 2, MarkDown: 1, MarkActivate: 3, MarkDeactivate: 3, MarkInject: 4, MarkTrouble: 5, MarkLoad: 4, MarkOpens: 3, MarkCloses: 3}[m.Kind]
}

// look is the sign and style of a mark. Each actor has a shape of its own, so
// that colour is not needed to tell them apart.
func (m Mark) look(st *screen.Styles) (string, screen.Style) {
	switch m.Kind {
	case MarkUp:
		return st.Glyph.Up, st.HPA
	case MarkDown:
		return st.Glyph.Down, st.HPA.Plain()
	case MarkActivate:
		return st.Glyph.On, st.KEDA
	case MarkDeactivate:
		return st.Glyph.Off, st.KEDA
	case MarkOpens:
		return st.Glyph.Opens, st.KEDA.Plain()
	case MarkCloses:
		return st.Glyph.Closes, st.KEDA.Plain()
	case MarkInject, MarkLoad:
		return st.Glyph.Plus, st.You
	}
	return st.Glyph.Warn, st.Bad
}

func (m Mark) text() string {
	switch {
	case m.Label != "":
		return m.Label
	case m.Kind == MarkInject:
		return words.Short(float64(m.N))
	case m.Kind == MarkOpens:
		return Opens(m.N)
	case m.Kind == MarkCloses:
		return Closes
	case m.Kind == MarkTrouble:
		return ""
	}
	return strconv.FormatInt(m.N, 10)
}

// Closes is what is said of a schedule that does.
const Closes = "closes"

// Opens is what is said of a schedule that opens for so many replicas.
func Opens(n int64) string { return "opens " + strconv.FormatInt(n, 10) }
