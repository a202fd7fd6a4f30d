package store

import (
	"time"

	"github.com/kscope/kscope"
)

// Measurements come four times a second and mostly repeat those before, so of
// these only the moment is kept, and of the others what changed.

// rosterKey is whose measurements come one after the other.
type rosterKey struct{ source, address string }

// roster is the queues that one server was asked for, as long as they stay the
// same.
type roster struct {
	key  rosterKey
	all  []kscope.Depth // as of the newest measurement
	at   time.Time      // of that
	open *remeasured    // where the next is noted if it changes nothing; nil after a turn of chapter
}

// remeasured is what changed of a roster, and when it was found again after
// that without another change.
type remeasured struct {
	of      *roster
	before  time.Time // the measurement before this one
	at      time.Time
	changed []remeasure
	again   []int64 // in nanoseconds
}

// remeasure is a queue, by its place in the roster, with its new number, or the
// whole measurement if more than that is new.
type remeasure struct {
	place int
	n     float64
	whole *kscope.Depth
}

// measured keeps measurements that were just folded.
func (p *past) measured(o observed, f kscope.Depths) {
	key := rosterKey{o.source, f.Server}
	r := p.rosters[key]
	if r == nil || !r.lists(f.All) || o.at.Before(r.at) || o.at.Sub(r.at) > queueGap || len(p.chapters) == 0 {
		if r == nil || !o.at.Before(r.at) {
			if p.rosters == nil {
				p.rosters = map[rosterKey]*roster{}
			}
			p.rosters[key] = &roster{key: key, all: f.All, at: o.at}
		} else {
			r.open = nil // one that came late: it stands between those before and after it
		}
		f.RTT = 0
		o.fact = f
		p.keep(o, weigh(f), 1+len(f.All)/4)
		return
	}
	changed := r.changes(f.All)
	before := r.at
	r.all, r.at = f.All, o.at
	if len(changed) == 0 && r.open != nil {
		r.open.again = append(r.open.again, o.at.UnixNano())
		if len(r.open.again)%8 == 0 {
			p.spend(64, 1)
		}
		return
	}
	r.open = &remeasured{of: r, before: before, at: o.at, changed: changed}
	o.fact = r.open
	p.keep(o, 200+32*len(changed), 1+len(changed)/2)
}

// lists reports whether measurements are of a roster's queues.
func (r *roster) lists(all []kscope.Depth) bool {
	if len(all) != len(r.all) {
		return false
	}
	for i := range all {
		if all[i].Backlog != r.all[i].Backlog {
			return false
		}
	}
	return true
}

func (r *roster) changes(all []kscope.Depth) (out []remeasure) {
	for i := range all {
		switch was, is := &r.all[i], &all[i]; {
		case *was == *is:
		case is.Err == "" && was.Err == "" && is.Type == was.Type:
			out = append(out, remeasure{place: i, n: is.N})
		default:
			whole := *is
			out = append(out, remeasure{place: i, whole: &whole})
		}
	}
	return out
}

// last is when the roster was last measured up to a time.
func (m *remeasured) last(upTo time.Time) time.Time {
	at := m.at
	for i := len(m.again) - 1; i >= 0; i-- {
		if t := time.Unix(0, m.again[i]).In(m.at.Location()); !t.After(upTo) {
			return t
		}
	}
	return at
}
