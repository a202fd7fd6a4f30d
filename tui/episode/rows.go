package episode

import (
	"time"

	"github.com/kscope/kscope/explain/ledger"
	"github.com/kscope/kscope/tui/screen"
	"github.com/kscope/kscope/words"
)

// row is a line of the pane: a mark, or several that are too near each other.
type row struct {
	kind    ledger.Kind
	label   string
	at      time.Duration // since the beginning
	guess   bool          // worked out
	within  time.Duration // it may have been so much earlier
	stretch ledger.Stretch
	whose   string
	now     bool // it is what is waited for
	count   string
	folded  bool // it stands for several
}

// labelWidth is the room for what a mark is called.
const labelWidth = 27

// together is how near two marks are that may share a line: nobody sees the
// difference.
const together = 150 * time.Millisecond

// rows are an episode's lines, n at most. Where there are more marks, those nearest
// to each other share one.
func rows(e *ledger.Episode, n int) (out []row) {
	for i := range e.Marks {
		m := &e.Marks[i]
		r := row{kind: m.Kind, label: label(e, m), at: m.At.Sub(e.Began), guess: m.Estimate, stretch: m.Stretch, count: words.Count(m.N)}
		if m.Within > time.Second && !m.Estimate {
			r.within = m.Within
		}
		if m.Owner != ledger.Nobody {
			r.whose = whose(m.Stretch, m.By)
		}
		out = append(out, r)
	}
	if e.Open() {
		out = append(out, row{label: "now", at: e.Until.Sub(e.Began), stretch: e.Tail, whose: whose(e.Tail, ""), now: true})
	}
	for len(out) > max(n, 2) {
		out = fold(out)
	}
	return out
}

// fold puts the two lines together that say least by themselves.
func fold(rs []row) []row {
	best := -1
	for i := 0; i+1 < len(rs); i++ {
		if rs[i+1].now {
			break
		}
		if best < 0 || cost(rs, i) < cost(rs, best) {
			best = i
		}
	}
	if best < 0 {
		return rs[:len(rs)-1]
	}
	a, b := rs[best], rs[best+1]
	both := b
	both.folded = true
	switch joined := a.label + ", " + b.label; {
	case a.kind == ledger.Active && b.kind == ledger.Wanted && !b.folded:
		both.label = "KEDA active, wants " + b.count
	case screen.Width(joined) <= labelWidth:
		both.label = joined
		both.kind = a.kind
	case rank(a.kind) < rank(b.kind):
		both.kind, both.label = a.kind, a.label
	}
	if both.kind == a.kind { // it is called by the time of the first
		both.at = a.at
	}
	if a.stretch.Took > b.stretch.Took {
		both.whose, both.stretch.Owner = a.whose, a.stretch.Owner
	}
	both.stretch.Took = a.stretch.Took + b.stretch.Took
	if both.stretch.Owner == ledger.Nobody {
		both.whose = ""
	}
	return append(append(rs[:best:best], both), rs[best+2:]...)
}

// cost is how much is lost when a line and the next become one: their distance, and
// much more where the less important one would not be named.
func cost(rs []row, i int) time.Duration {
	gap := rs[i+1].at - rs[i].at
	if pair := rs[i].kind == ledger.Active && rs[i+1].kind == ledger.Wanted; !pair && screen.Width(rs[i].label+", "+rs[i+1].label) > labelWidth {
		gap += time.Duration(20-max(rank(rs[i].kind), rank(rs[i+1].kind))) * time.Minute
	}
	return gap
}

// rank is how important a mark is, the least number for the most.
func rank(k ledger.Kind) int {
	for i, x := range []ledger.Kind{ledger.FirstJob, ledger.Ready, ledger.Rest, ledger.Empty, ledger.Wanted, ledger.Falling, ledger.Active,
		ledger.Cooled, ledger.Paused, ledger.Resumed, ledger.MostWanted, ledger.Target, ledger.Started, ledger.More, ledger.Created, ledger.LastReady, ledger.Gone, ledger.Enough} {
		if x == k {
			return i
		}
	}
	return 19
}
