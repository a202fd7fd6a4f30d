package store

import (
	"math"
	"time"

	"github.com/kscope/kscope"
)

// queue is what is known about a queue, and its history.
type queue struct {
	Series
	last  kscope.Depth
	at    time.Time // of the newest answer
	state fill      // as last known
	since time.Time // since when without a break it has been so; zero after a failure
	fell  time.Time // when it was last seen to be shorter than before
	back  time.Time // when it was first measured again after a failure
}

// fill is whether a queue holds anything.
type fill int

const (
	unknownFill fill = iota
	empty
	busy
)

const (
	// queueGap is how long a depth is believed without another measurement.
	queueGap = time.Minute
	// quiet is how long a queue must have been empty, or busy, for the end of
	// that to be news: one that hovers about zero is not news each time.
	quiet = 5 * time.Second
	// busyAgain is for how long the entry of a queue that hovers about empty stands for
	// what comes after it, when others have followed it.
	busyAgain = 15 * time.Second
)

func (s *Store) applyDepths(at time.Time, f kscope.Depths) (changed bool) {
	for _, d := range f.All {
		if f.Every > 0 { // one look may be missed
			s.queue(d.Backlog).MaxGap = max(queueGap, 2*f.Every+queueGap/2)
		}
		if d.Backlog.Server == "" && d.Err == "" { // whatever was measured, it is not what the trigger means
			d.N, d.Err = 0, "the trigger says no address"
		}
		changed = s.applyDepth(at, s.queue(d.Backlog), d) || changed
	}
	return changed
}

// queue is what is known of a queue, from now on if need be.
func (s *Store) queue(of kscope.Backlog) *queue {
	q := s.queues[of]
	if q == nil {
		q = &queue{}
		q.Keep, q.MaxGap = Keep, queueGap
		s.queues[of] = q
	}
	return q
}

func (s *Store) applyDepth(at time.Time, q *queue, d kscope.Depth) (changed bool) {
	if at.Before(q.at) {
		return false
	}
	if q.last != d {
		changed = true
		s.touchQueue(d.Backlog)
	}
	q.at = at
	if d.Err != "" {
		q.Add(at, math.NaN())
		q.since = time.Time{}
	} else {
		switch {
		case q.last.Err != "":
			q.back = at
		case d.N < q.last.N:
			q.fell = at
		}
		s.logDepth(at, q, d)
		v := d.N
		if d.Nothing() {
			v = math.NaN()
		}
		q.Add(at, v)
	}
	q.last = d
	return changed
}

// logDepth notes that a queue was filled by others or ran empty, on every
// ScaledObject that watches it.
func (s *Store) logDepth(at time.Time, q *queue, d kscope.Depth) {
	was, long := q.state, q.since.IsZero() || at.Sub(q.since) >= quiet
	q.state = busy
	if d.N == 0 {
		q.state = empty
	}
	if q.state == was {
		if q.since.IsZero() {
			q.since = at
		}
		return
	}
	q.since = at
	if was == unknownFill {
		q.since = at.Add(-quiet) // nobody knows how long before; what comes next is news
		return
	}
	for _, o := range s.watching(d.Backlog) {
		if name := d.Backlog.Shown(); q.state == empty {
			s.addEmptied(at, o, name, long)
		} else if pushed := o.latest(Injected, name); long && (pushed == nil || at.Sub(pushed.At) > quiet) && !s.loads(at, d.Backlog) {
			o.add(Entry{At: at, Kind: Arrived, Actor: Producer, Jobs: int64(d.N), Subject: name})
		}
	}
}

// addEmptied notes that a queue ran empty, if it was busy for long or its work
// was noted. Without a pod that could have taken the last job, somebody else
// did.
func (s *Store) addEmptied(at time.Time, o *object, name string, long bool) {
	if last := o.latest(Emptied, name); last != nil && last.Actor == You && at.Sub(last.At) <= quiet {
		return // it was not the workers
	}
	e := Entry{At: at, Kind: Emptied, Actor: Workers, Subject: name}
	if w := s.work[o.workKey()]; w != nil && w.Current == 0 && w.Desired == 0 {
		e.Actor, e.Guess = Someone, true
	}
	for i := len(o.log) - 1; i >= 0 && !long; i-- {
		if o.log[i].Kind == Emptied && o.log[i].Subject == name {
			if i == len(o.log)-1 {
				o.own()
				o.log[i].At = at // it hovers: the last job is this one
				return
			}
			if at.Sub(o.log[i].At) <= busyAgain {
				return
			}
			break // it has hovered on since, and the last job is this one
		}
		long = o.log[i].IsWork() && o.log[i].Queue() == name
	}
	o.add(e)
}

func (s *Store) applyPurged(at time.Time, f kscope.Purged) {
	s.touchQueue(f.Backlog)
	if f.Err == "" {
		s.putsInto(f.Backlog).interrupt(at)
	}
	for _, o := range s.byQueue[f.Backlog] {
		if f.Err != "" {
			o.add(Entry{At: at, Kind: Trouble, Actor: You, Topic: Purging, Said: f.Err})
			continue
		}
		// The measurement may have come before the news.
		if n := len(o.log) - 1; n >= 0 && o.log[n].Kind == Emptied && o.log[n].Subject == f.Backlog.Shown() && at.Sub(o.log[n].At) <= f.Took+time.Second {
			o.cutLog()
		}
		o.add(Entry{At: at, Kind: Emptied, Actor: You, Jobs: f.Lost, Subject: f.Backlog.Shown()})
	}
}

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
		case is.Err == "" && was.Err == "" && is.Type == was.Type && is.Scaled == (kscope.Scaled{}) && was.Scaled == is.Scaled && is.Parts == was.Parts && is.Note == was.Note:
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
