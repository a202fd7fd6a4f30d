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
	late := r != nil && o.at.Before(r.at)
	if r == nil || late || o.at.Sub(r.at) > queueGap || len(p.chapters) == 0 {
		p.whole(key, o, f, late)
		return
	}
	changed, same := r.changes(f.All)
	if !same {
		p.whole(key, o, f, false)
		return
	}
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

// whole keeps measurements as they are: the first of a roster, one after a long
// silence, and one that came late, which stands between those before and after.
func (p *past) whole(key rosterKey, o observed, f kscope.Depths, late bool) {
	if late {
		p.rosters[key].open = nil
	} else {
		if p.rosters == nil {
			p.rosters = map[rosterKey]*roster{}
		}
		p.rosters[key] = &roster{key: key, all: f.All, at: o.at}
	}
	p.keep(o, weigh(f), 1+len(f.All)/4)
}

// changes is what is new in measurements; false if they are not of the same
// queues.
func (r *roster) changes(all []kscope.Depth) (out []remeasure, same bool) {
	if len(all) != len(r.all) {
		return nil, false
	}
	for i := range all {
		switch was, is := &r.all[i], &all[i]; {
		case *was == *is:
		case was.Backlog != is.Backlog:
			return nil, false
		case is.Err == "" && was.Err == "" && is.Type == was.Type:
			out = append(out, remeasure{place: i, n: is.N})
		default:
			whole := *is
			out = append(out, remeasure{place: i, whole: &whole})
		}
	}
	return out, true
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
