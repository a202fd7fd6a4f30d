package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/explain/ledger"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/tui/episode"
	"github.com/kscope/kscope/tui/screen"
)

// ledgerCache keeps the episodes of what is open: to work them out costs more than
// to draw them.
type ledgerCache struct {
	id      kscope.ID
	of      *store.Store
	version store.Version
	second  time.Time
	all     []ledger.Episode
}

// episodes are those of what is open, up to the moment shown, oldest first: worked
// out anew when something of it changed, though not more than once a second of the
// stream while the last of them is under way and only goes on.
func (m *Model) episodes(p picture) []ledger.Episode {
	c, version, second := &m.ledger, m.seen.VersionOf(p.ID), p.now.Truncate(time.Second)
	open := len(c.all) > 0 && c.all[len(c.all)-1].Open()
	same := c.id == p.ID && c.of == m.seen && c.version == version
	if !same || open && !second.Equal(c.second) {
		*c = ledgerCache{p.ID, m.seen, version, second, explain.Ledger(m.seen, &p.Chain, p.log)}
	}
	return c.all
}

// drawLedger is the episode under the cursor, newest first, with those before it.
func (m *Model) drawLedger(c screen.Canvas, p picture) {
	if c.H <= 0 {
		return
	}
	all := m.episodes(p)
	m.heading(c, ledgerPane, "Ledger")
	x := gutter(c.W)
	if len(all) == 0 {
		for y, line := range screen.Wrap(m.noEpisode(p), max(c.W-x-1, 10)) {
			c.Text(x, y, m.styles.Muted, line)
		}
		return
	}
	episode.Draw(c.Sub(1, 0, c.W-2, c.H), m.styles, all, m.chosenEpisode(all), x-1)
}

// noEpisode says why there is none.
func (m *Model) noEpisode(p picture) string {
	switch {
	case p.Workload == nil && p.ScaledJob != nil:
		return "Nothing is known of its Jobs."
	case p.Workload == nil:
		return "Nothing is known of what is scaled."
	case p.ScaledJob != nil && p.ScaledJob.MinReplicaCount > 0:
		return "With minReplicaCount Jobs run at all times: there is no episode to tell of."
	case p.ScaledJob != nil:
		return "No episode so far. One begins with the first job that waits, and ends when none does and no Job runs."
	}
	return "No episode so far. One begins with the first job, or the first step up, and ends when all is at rest again."
}

// chosenEpisode is the one under the cursor, counted from the newest.
func (m *Model) chosenEpisode(all []ledger.Episode) int {
	return min(m.scrolled(ledgerPane), max(len(all)-1, 0))
}

// ledgerRows is how many rows there are to show of the ledger on a screen w wide.
func (m *Model) ledgerRows(p picture, w int) int {
	w -= share(w, m.view.h, &m.view, 0).side
	all := m.episodes(p)
	return episode.Rows(all, m.chosenEpisode(all), max(w-2, 10), m.view.h >= 45)
}

// copyEpisode puts the episode that is shown into the clipboard, as JSON.
func (m *Model) copyEpisode() tea.Cmd {
	v := &m.view
	p, ok := m.picture()
	if !ok {
		return nil
	}
	all := m.episodes(p)
	if len(all) == 0 {
		v.notice = "There is no episode to copy yet."
		return nil
	}
	e := &all[len(all)-1-m.chosenEpisode(all)]
	v.notice = "To the clipboard, as JSON: the episode that began at " + e.Began.Format("15:04:05")
	return tea.SetClipboard(string(e.JSON(p.ID)))
}

// Ledger is every episode of everything that is scaled, as lines of JSON, by name and
// then oldest first: what was known in the end.
func (m *Model) Ledger() (lines [][]byte) {
	for _, id := range rowsOf(m.store, m.o) {
		c, ok := m.store.Chain(id)
		if !ok {
			continue
		}
		for _, e := range explain.Ledger(m.store, &c, explain.Timeline(m.store, id)) {
			lines = append(lines, e.JSON(id))
		}
	}
	return lines
}
