package explain

import (
	"github.com/kscope/kscope/words"
)

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
