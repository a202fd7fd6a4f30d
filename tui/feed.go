package tui

import (
	"slices"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
)

// observe applies what arrived and says whether to draw, and whether that is
// for the sake of time only. News of what is on screen is drawn at once. Other
// news can change it only in ways that nobody waits for, such as a count of the
// whole table, and comes along with the next second, since ages and countdowns
// are shown in seconds anyway. So a screen that shows one object of five
// hundred costs as little as if there were only one. A frozen screen draws only
// what became of what was put in from it.
func (m *Model) observe(os []kscope.Observation) (redraw, quiet bool) {
	m.store.Apply(os...)
	if m.began.IsZero() {
		m.began = m.store.Now()
	}
	news := false
	for _, o := range os {
		news = m.told(o) || news
	}
	if m.view.frozen {
		return m.outlived() || news, false
	}
	news = m.shown.changed(m.store) || news || !m.drawn.any
	if m.members != m.store.Members() {
		m.members = m.store.Members()
		news = m.view.follow(m.store, m.o) || news
	}
	return news || !m.drawn.second.Equal(m.store.Now().Truncate(time.Second)), !news
}

// told takes note of what became of what was put in from here, and says whether
// the fact was about that.
func (m *Model) told(o kscope.Observation) bool {
	switch f := o.Fact.(type) {
	case kscope.Loading:
		m.loading(o.At, f)
	case kscope.Purged:
		m.purged(f)
	default:
		return false
	}
	return true
}

// shown is what the current frame was made of. It is filled while drawing and
// compared when something arrives.
type shown struct {
	all      bool // nothing in particular is shown, so everything may matter
	overview bool
	whole    kscope.ID                   // in the overview, what is shown with all that is linked to it
	versions map[kscope.ID]store.Version // of what is shown
	servers  map[string]bool             // that it reads from

	total  store.Version
	health uint64
}

func newShown() shown {
	return shown{all: true, versions: map[kscope.ID]store.Version{}, servers: map[string]bool{}}
}

func (s *shown) reset(of *store.Store) {
	s.all, s.overview, s.whole = false, false, kscope.ID{}
	clear(s.versions)
	clear(s.servers)
	s.total, s.health = of.Total(), of.Health()
}

// chain notes that an object, with all that is linked to it, is shown.
func (s *shown) chain(of *store.Store, c *store.Chain) {
	s.versions[c.ID] = of.VersionOf(c.ID)
	for _, t := range c.Triggers() {
		if t.Backlog != nil {
			s.servers[t.Backlog.Server] = true
		}
	}
}

// changed reports whether a store has news of what is shown.
func (s *shown) changed(is *store.Store) bool {
	if s.all && s.total != is.Total() || s.health != is.Health() {
		return true
	}
	for id, was := range s.versions {
		if now := is.VersionOf(id); now.Row != was.Row || (!s.overview || id == s.whole) && now.All != was.All {
			return true
		}
	}
	return false
}

// glanceCache keeps what the rows of the table say: of all that are drawn after a
// change, one has changed. What time alone changes is seen within a second, and where
// it has changed nothing for some, within a few.
type glanceCache struct {
	of   *store.Store
	rows map[kscope.ID]glanced
}

// restingRow is how old a row may be that says the same all the time.
const restingRow = 4 * time.Second

type glanced struct {
	explain.Picture
	ok      bool
	version uint64
	at      time.Time
	keeps   time.Duration
}

// glance is what a row says at the moment shown.
func (m *Model) glance(id kscope.ID) (explain.Picture, bool) {
	c, version, now := &m.glances, m.seen.VersionOf(id).Row, m.seen.Now()
	if c.of != m.seen || len(c.rows) > 200 {
		*c = glanceCache{of: m.seen, rows: map[kscope.ID]glanced{}}
	}
	was, known := c.rows[id]
	if age := now.Truncate(time.Second).Sub(was.at.Truncate(time.Second)); known && was.version == version && age >= 0 && age < was.keeps {
		return was.Picture, was.ok
	}
	is := glanced{version: version, at: now, keeps: time.Second}
	is.Picture, is.ok = explain.Glance(m.seen, id)
	if known && was.version == version && is.Phase == was.Phase && is.Why == was.Why && slices.EqualFunc(is.Links, was.Links, sameLink) {
		is.keeps = min(2*was.keeps, restingRow)
	}
	c.rows[id] = is
	return is.Picture, is.ok
}

func sameLink(a, b explain.Link) bool {
	return a.Text() == b.Text() && a.Word == b.Word && a.Was == b.Was
}

// timelineCache keeps the timeline of what is open: to gather and
// attribute it costs more than to draw it.
type timelineCache struct {
	id      kscope.ID
	of      *store.Store
	version store.Version
	at      time.Time
	entries []explain.Entry
}

// settling is how long who did something may still become clearer, since
// events arrive after what they tell of.
const settling = 16 * time.Second

// timeline is the timeline of an object, gathered anew when something that
// concerns it arrived, or might have.
func (m *Model) timeline(of *store.Store, id kscope.ID) []explain.Entry {
	c, now, version := &m.log, of.Now(), of.VersionOf(id)
	fresh := c.id == id && c.of == of && c.version == version && !c.at.IsZero()
	if n := len(c.entries); fresh && n > 0 && now.Sub(c.entries[n-1].At) < settling && now.Sub(c.at) >= time.Second {
		fresh = false
	}
	if !fresh {
		*c = timelineCache{id, of, version, now, explain.Timeline(of, id)}
	}
	return c.entries
}
