package tui

import (
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
)

// key acts on a key press.
func (m *Model) key(msg tea.KeyPressMsg) tea.Cmd {
	v := &m.view
	v.notice = ""
	if key.Matches(msg, keys.Quit) && (msg.String() == "ctrl+c" || v.prompt == nil && !v.typing) {
		return tea.Quit
	}
	switch {
	case v.prompt != nil:
		return m.promptKey(msg)
	case v.typing:
		m.filterKey(msg)
		return nil
	case v.help:
		if key.Matches(msg, keys.Help, keys.Back, keys.Open) {
			v.help = false
		}
		return nil
	}
	switch {
	case key.Matches(msg, keys.Help):
		v.help = true
	case key.Matches(msg, keys.HideKeys):
		v.hideKeys = !v.hideKeys
	case key.Matches(msg, keys.Repaint):
		return tea.ClearScreen
	case key.Matches(msg, keys.Suspend):
		return tea.Suspend
	case key.Matches(msg, keys.Problem):
		m.openProblem()
	case v.screen == overview:
		m.overviewKey(msg)
	default:
		return m.detailKey(msg)
	}
	return nil
}

func (m *Model) overviewKey(msg tea.KeyPressMsg) {
	v := &m.view
	last := max(len(v.refs)-1, 0)
	page := max(v.h-5, 1)
	switch {
	case key.Matches(msg, keys.Up):
		v.row--
	case key.Matches(msg, keys.Down):
		v.row++
	case key.Matches(msg, keys.First):
		v.row = 0
	case key.Matches(msg, keys.Last):
		v.row = last
	case msg.String() == "pgdown":
		v.row += page
	case msg.String() == "pgup":
		v.row -= page
	case key.Matches(msg, keys.Filter):
		v.typing = true
	case key.Matches(msg, keys.Back):
		v.filter = ""
		v.follow(m.store, m.o)
	case key.Matches(msg, keys.Freeze):
		m.freeze()
	case key.Matches(msg, keys.Open):
		if v.row < len(v.refs) {
			v.chosen = true
			v.open(v.refs[v.row])
		}
	}
	v.row = min(max(v.row, 0), last)
}

func (m *Model) filterKey(msg tea.KeyPressMsg) {
	v := &m.view
	switch msg.String() {
	case "enter":
		v.typing = false
	case "esc":
		v.typing, v.filter = false, ""
	case "backspace":
		if r := []rune(v.filter); len(r) > 0 {
			v.filter = string(r[:len(r)-1])
		}
	default:
		v.filter += typedText(msg.Text)
	}
	v.row, v.top = 0, 0
	v.follow(m.store, m.o)
}

func (m *Model) detailKey(msg tea.KeyPressMsg) tea.Cmd {
	v := &m.view
	switch {
	case key.Matches(msg, keys.Back):
		m.back()
	case key.Matches(msg, keys.NextPane):
		v.focus = (v.focus + 1) % panes
	case key.Matches(msg, keys.Chart):
		v.focus = chartPane
	case key.Matches(msg, keys.Pods):
		v.focus = podsPane
	case key.Matches(msg, keys.Timeline):
		v.focus = timelinePane
	case key.Matches(msg, keys.Why):
		v.focus = whyPane
	case key.Matches(msg, keys.Full):
		v.full = !v.full
	case key.Matches(msg, keys.ChartMode):
		v.stacked = !v.stacked
	case key.Matches(msg, keys.PodTable):
		v.podTable = !v.podTable
	case key.Matches(msg, keys.ZoomIn):
		v.zoom = max(v.zoom-1, -len(bins))
	case key.Matches(msg, keys.ZoomOut):
		v.zoom = min(v.zoom+1, len(bins))
	case key.Matches(msg, keys.Freeze):
		m.freeze()
	case key.Matches(msg, keys.Older, keys.Left):
		m.scrub(-1)
	case key.Matches(msg, keys.Newer, keys.Right):
		m.scrub(+1)
	case key.Matches(msg, keys.Inject):
		return m.inject()
	case key.Matches(msg, keys.Bigger):
		v.batch = min(v.batch+1, len(kscope.BatchSizes)-1)
	case key.Matches(msg, keys.Smaller):
		v.batch = max(v.batch-1, 0)
	default:
		m.scrollKey(msg)
	}
	return nil
}

// back closes what was opened last: the full chart, the freeze, the detail.
func (m *Model) back() {
	v := &m.view
	switch {
	case v.full:
		v.full = false
	case v.frozen:
		m.release()
	case v.podTable:
		v.podTable = false
	case len(m.store.ScaledObjects())+len(m.store.ScaledJobs()) > 1:
		v.screen, v.chosen = overview, true
		for i, ref := range v.refs {
			if ref == v.ref {
				v.row = i
			}
		}
	}
}

// scrollKey moves within the pane that has the focus. The timeline shows its
// newest line first, the pods their oldest.
func (m *Model) scrollKey(msg tea.KeyPressMsg) {
	v := &m.view
	n := &v.scroll[v.focus]
	switch {
	case key.Matches(msg, keys.Up):
		*n--
	case key.Matches(msg, keys.Down):
		*n++
	case key.Matches(msg, keys.First):
		*n = 0
	case key.Matches(msg, keys.Last):
		*n = 1 << 20
	}
	*n = min(max(*n, 0), m.scrollLimit(v.focus))
}

func (m *Model) scrollLimit(p pane) int {
	switch p {
	case timelinePane:
		return max(len(m.store.Timeline(m.view.ref))-1, 0)
	case podsPane:
		return max(len(m.store.Pods(m.view.ref))-1, 0)
	}
	return 0
}

func (m *Model) freeze() {
	v := &m.view
	if v.frozen {
		m.release()
		return
	}
	v.frozen, v.frozenAt = true, m.store.Now()
}

// scrub moves the moment under inspection by a column of the chart, freezing
// the screen first if need be.
func (m *Model) scrub(columns int) {
	v := &m.view
	if !v.frozen {
		if columns > 0 {
			return
		}
		m.freeze()
	}
	win := m.window()
	at := v.cursorAt
	if at.IsZero() {
		at = v.frozenAt
	}
	at = at.Truncate(win.bin).Add(time.Duration(columns) * win.bin)
	if at.Before(win.from) {
		at = win.from
	}
	if !at.Before(v.frozenAt.Truncate(win.bin)) {
		at = time.Time{} // back at the newest
	}
	v.cursorAt = at
}

// openProblem opens the first ScaledObject that something is wrong with.
func (m *Model) openProblem() {
	for _, ref := range m.store.ScaledObjects() {
		if c, ok := m.store.Chain(ref); ok && c.Decision.Phase == kscope.Broken {
			m.view.chosen = true
			m.view.open(ref)
			m.view.focus = timelinePane
			return
		}
	}
	m.view.notice = "No ScaledObject has a problem now."
}
