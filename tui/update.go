package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// typed acts on a key press. Escape and another key in one go come as that key
// with alt, which means nothing here but where words are moved over in a field: so
// it is escape, and then the other if that leaves as well, since whoever holds alt
// down by mistake must set nothing going.
func (m *Model) typed(msg tea.KeyPressMsg) tea.Cmd {
	plain := tea.KeyPressMsg{Code: msg.Code}
	if msg.Code == 'q' {
		plain.Text = "q"
	}
	leaves := msg.Code == tea.KeyEscape || msg.Code == 'q'
	if msg.Mod != tea.ModAlt || overWords(msg) || m.view.over() == nothingOver && !leaves {
		return m.key(msg)
	}
	cmd := m.key(tea.KeyPressMsg{Code: tea.KeyEscape})
	if !leaves {
		return cmd
	}
	return tea.Batch(cmd, m.key(plain))
}

// key acts on a key press.
func (m *Model) key(msg tea.KeyPressMsg) tea.Cmd {
	v := &m.view
	v.notice, v.pressed = "", m.store.Now()
	over := v.over()
	if key.Matches(msg, keys.Quit) && (msg.String() == "ctrl+c" || over == nothingOver || over == helpOver) {
		return tea.Quit
	}
	switch over {
	case promptOver:
		return m.promptKey(msg)
	case paletteOver:
		return m.paletteKey(msg)
	case pickerOver:
		return m.pickerKey(msg)
	case cardOver:
		m.cardKey(msg)
		return nil
	case notesOver:
		m.notesKey(msg)
		return nil
	case filterOver:
		m.filterKey(msg)
		return nil
	case helpOver:
		m.helpKey(msg)
		return nil
	}
	switch {
	case key.Matches(msg, keys.Help):
		v.help, v.helpTop = true, 0
	case key.Matches(msg, keys.HideKeys):
		v.hideKeys = !v.hideKeys
	case key.Matches(msg, keys.Repaint):
		return tea.ClearScreen
	case key.Matches(msg, keys.Suspend):
		return tea.Suspend
	case key.Matches(msg, keys.Palette):
		m.openPalette()
	case key.Matches(msg, keys.Notes):
		return m.openNotes()
	case key.Matches(msg, keys.Problem):
		m.openProblem()
	case key.Matches(msg, keys.Copy):
		if m.focused(ledgerPane) {
			return m.copyEpisode()
		}
		return m.copyMove()
	case key.Matches(msg, keys.Freeze):
		m.freeze()
	case v.screen == overview:
		m.overviewKey(msg)
	default:
		return m.detailKey(msg)
	}
	return nil
}

// step is how far a key moves within a list: by a line, a page or to its end.
func step(msg tea.KeyPressMsg, page int) int {
	switch {
	case key.Matches(msg, keys.Up):
		return -1
	case key.Matches(msg, keys.Down):
		return 1
	case key.Matches(msg, keys.PageUp):
		return -page
	case key.Matches(msg, keys.PageDown):
		return page
	case key.Matches(msg, keys.First):
		return -toTheEnd
	case key.Matches(msg, keys.Last):
		return toTheEnd
	}
	return 0
}

// toTheEnd is further than any list is long.
const toTheEnd = 1 << 20

func (m *Model) overviewKey(msg tea.KeyPressMsg) {
	v := &m.view
	switch {
	case key.Matches(msg, keys.Filter):
		v.typing = true
		v.filter.in.CursorEnd()
	case key.Matches(msg, keys.Order):
		m.nextOrder()
	case key.Matches(msg, keys.Back):
		m.back()
	case key.Matches(msg, keys.Open):
		if v.row < len(v.ids) {
			v.chosen = true
			v.open(v.ids[v.row])
		}
	default:
		v.row += step(msg, m.overviewPage())
	}
	v.row = min(max(v.row, 0), max(len(v.ids)-1, 0))
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
	case key.Matches(msg, keys.Ledger):
		v.focus = ledgerPane
	case key.Matches(msg, keys.Full):
		v.full = !v.full
	case key.Matches(msg, keys.ChartMode):
		v.stacked = !v.stacked
	case key.Matches(msg, keys.Future):
		v.noFuture = !v.noFuture
	case key.Matches(msg, keys.PodTable), v.focus == podsPane && key.Matches(msg, keys.Open):
		v.podTable = !v.podTable
	case key.Matches(msg, keys.ZoomIn):
		m.zoom(-1)
	case key.Matches(msg, keys.ZoomOut):
		m.zoom(+1)
	case key.Matches(msg, keys.Older, keys.Left):
		m.scrub(-1)
	case key.Matches(msg, keys.Newer, keys.Right):
		m.scrub(+1)
	case key.Matches(msg, keys.Inject):
		return m.inject()
	case key.Matches(msg, keys.Queue):
		m.nextQueue(+1)
	case key.Matches(msg, keys.QueueBefore):
		m.nextQueue(-1)
	case key.Matches(msg, keys.Connection):
		v.card, v.cardTop = true, 0
	case key.Matches(msg, keys.Profiles):
		m.openLoads()
	case key.Matches(msg, keys.Stop):
		m.stopLoad()
	case key.Matches(msg, keys.Bigger) && m.canInject():
		v.bigger(+1)
	case key.Matches(msg, keys.Smaller) && m.canInject():
		v.bigger(-1)
	default:
		m.scrollKey(msg)
	}
	return nil
}

// back closes what was opened last and can be seen. A small window shows less than
// is open; what nobody sees is closed on the way, so that no escape does nothing.
func (m *Model) back() {
	m.redraw(false)
	for was := m.frame; m.closeLast() && m.redraw(false) && m.frame == was; {
	}
}

// closeLast closes what was opened last: the filter or the freeze of the table, the
// full chart, the freeze, the table of pods, the detail. It is false where there is
// nothing to close.
func (m *Model) closeLast() bool {
	v := &m.view
	if v.screen == overview {
		switch {
		case v.filter.text() != "":
			m.setFilter("")
		case v.frozen:
			m.release()
		default:
			return false
		}
		return true
	}
	_, exists := m.store.Chain(v.id)
	others := len(rowsOf(m.store, m.o))
	if exists {
		others--
	}
	switch {
	case v.full:
		v.full = false
	case v.frozen:
		m.release()
	case v.podTable:
		v.podTable = false
	case v.focus != chartPane:
		v.focus = chartPane
	case others > 0:
		v.screen, v.chosen = overview, true
		v.selectRow(v.id)
	default:
		return false
	}
	return true
}

// scrollKey moves within the pane that has the focus. The timeline shows its
// newest line first, the pods their oldest; in the chart the ends are those of
// its window, when frozen.
func (m *Model) scrollKey(msg tea.KeyPressMsg) {
	v := &m.view
	by := step(msg, 5)
	if v.focus == chartPane {
		switch {
		case !v.frozen:
		case by <= -toTheEnd:
			m.scrub(-m.window().cols)
		case by >= toTheEnd:
			m.scrub(+m.window().cols)
		}
		return
	}
	n := &v.scroll[v.focus]
	*n = min(max(*n+by, 0), m.scrollLimit(v.focus))
}

func (m *Model) scrollLimit(p pane) int {
	switch p {
	case timelinePane:
		return max(len(m.timeline(m.seen, m.view.id))-1, 0)
	case podsPane:
		pods, _ := m.seen.LastPods(m.view.id)
		return max(len(pods)-1, 0)
	case ledgerPane:
		if p, ok := m.picture(); ok {
			return max(len(m.episodes(p))-1, 0)
		}
	case whyPane:
		if q, ok := m.picture(); ok && len(told(q.Picture)) > 0 {
			return max(m.whyRows(q, m.view.w)-2, 0)
		}
	}
	return 0
}
