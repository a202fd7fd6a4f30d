package explain

import (
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain/ledger"
	"github.com/kscope/kscope/explain/outlook"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// Picture is one of [store.Store.Objects] with all that is linked to it,
// explained. It is a copy, of one moment.
type Picture struct {
	store.Chain
	Decision
	Links Chain
	Now   time.Time
}

// Look explains an object as it is known now; false if there is none of that
// name.
func Look(s *store.Store, id kscope.ID) (Picture, bool) { return look(s, id, false) }

// Glance is Look for a row of a table, at a fraction of the cost: what is said of the
// future is as vague as the settings alone make it.
func Glance(s *store.Store, id kscope.ID) (Picture, bool) { return look(s, id, true) }

func look(s *store.Store, id kscope.ID, brief bool) (Picture, bool) {
	c, ok := s.Chain(id)
	if !ok {
		return Picture{}, false
	}
	p := Picture{Chain: c, Now: s.Now()}
	p.Decision = decide(&p.Chain, p.Now, brief)
	p.Links = links(&p.Chain, &p.Decision, p.Now)
	return p, true
}

// zeroAt is [scaling.Loop.ZeroAt] by the clock of the stream, where the last
// active poll was seen to happen.
func zeroAt(c *store.Chain) time.Time {
	so := &c.ScaledObject
	zero := scaling.LoopOf(*so).ZeroAt(so.LastActiveTime, so.Created)
	if zero.IsZero() || c.Polled.IsZero() {
		return zero
	}
	return zero.Add(c.Polled.Sub(so.LastActiveTime))
}

// UntilZero is how long KEDA will still wait before its step to the floor, in whole
// seconds, at least one; false where it does not wait, or that cannot be told. It
// is what every countdown shows.
func (d Decision) UntilZero(now time.Time) (time.Duration, bool) {
	if d.Zero.IsZero() || !now.Before(d.Zero) {
		return 0, false
	}
	return max(d.Zero.Sub(now).Round(time.Second), time.Second), true
}

// Future is how things go on for so long from the moment of the picture, with a point
// each step; both are over 0. It is false where that cannot be told: where something
// is broken, things do not go on as they would.
func (p *Picture) Future(length, step time.Duration) (outlook.Future, bool) {
	switch {
	case p.Phase == Broken:
		return outlook.Future{}, false
	case p.ScaledJob != nil:
		if j, ok := outlook.JobsOf(&p.Chain, p.Now); ok && p.Last.Object.IsZero() {
			return j.Future(length, step)
		}
		return outlook.Future{}, false
	}
	f := gather(&p.Chain, p.Now)
	m, ok := f.model(&p.Chain)
	if !ok || p.Rule == "hpaSays" { // which says as much
		return outlook.Future{}, false
	}
	return m.Future(length, step), true
}

// Ledger is the episodes of an object up to now, oldest first, with its timeline,
// which says who changed the replicas.
func Ledger(s *store.Store, c *store.Chain, timeline []Entry) []ledger.Episode {
	x := ledger.Seen{Now: s.Now(), Chain: c, Pods: s.PodsOver(c.ID), Own: map[kscope.Backlog]*store.Series{}}
	for i := range timeline {
		x.Log = append(x.Log, timeline[i].Entry)
	}
	for _, t := range c.Triggers() {
		if t.Backlog != nil {
			x.Own[*t.Backlog] = s.History(c.ID, t.Backlog).Own
		}
	}
	return ledger.Of(x)
}

// LinkState is how one link of the chain is doing.
type LinkState int

// The states of a link.
const (
	LinkUnknown LinkState = iota // nothing known yet
	LinkIdle                     // at rest, as it should be
	LinkOK                       // doing its part
	LinkWorking                  // on its way to what is wanted
	LinkWaiting                  // for the link before it, or for a timer
	LinkBroken
)

// Role is what a link does in its chain.
type Role int

// The roles, in the order in which they act. A chain need not have all: an HPA
// without KEDA has no LinkKEDA, a ScaledJob no LinkHPA.
const (
	LinkQueue    Role = iota // where work waits, or what is measured
	LinkKEDA                 // looks at that
	LinkHPA                  // decides
	LinkWorkload             // is scaled: a workload, or the Jobs of a ScaledJob
	LinkPods                 // do the work
	Roles                    // is how many there are
)

// Unknown is the Value of a link whose state or number is not known.
const Unknown = "?"

// Link is one link of the live chain: a number with its unit, or a word where
// there is none, and how it is doing.
type Link struct {
	Role     Role
	Name     string   // "orders", "KEDA", "HPA", "queue-worker", "pods"
	Number   *float64 // nil where it has none, or it is not known
	Of       *float64 // what it should be, for LinkWorkload
	Unit     string   // "wanted", "ready"; "" where the number says it all
	Estimate bool     // of the number
	Value    string   // instead of a number: "active", "resting", [Unknown]
	State    LinkState
	Word     string // the state in a word: "waiting", "cooling down"
	Was      string // what it was when that was known last, and how long ago: "10 ready, 2m30s ago"; "" while it is known
	Main     bool   // this link is the reason for the count right now
}

// Text is the number with its unit, or what stands for it.
func (l Link) Text() string {
	digits := l.Digits()
	switch {
	case l.Number == nil:
		return l.Value
	case l.Unit == "wanted":
		return "wants " + digits
	case l.Unit == "%":
		return digits + l.Unit
	case l.Unit != "":
		return digits + " " + l.Unit
	}
	return digits
}

// Digits is the number alone, "" where there is none.
func (l Link) Digits() string {
	if l.Number == nil {
		return ""
	}
	s := words.Count(*l.Number)
	if l.Estimate {
		s = "~" + s
	}
	if l.Of != nil {
		s += "/" + words.Count(*l.Of)
	}
	return s
}

// Chain is the links in their order.
type Chain []Link

// Of is the link of a role; false if the chain has none.
func (c Chain) Of(r Role) (Link, bool) {
	for _, l := range c {
		if l.Role == r {
			return l, true
		}
	}
	return Link{Role: r}, false
}

func number[N int32 | int | float64](n N) *float64 {
	v := float64(n)
	return &v
}
