package episode

import (
	"github.com/kscope/kscope/explain/ledger"
	"github.com/kscope/kscope/tui/screen"
)

// others are the episodes that stand beside, the newest first.
func others(all []ledger.Episode, chosen, w int) (out []*ledger.Episode) {
	if w < Wide {
		return nil
	}
	room := (w - left - 34) / columnWide
	for i := len(all) - 2 - chosen; i >= 0 && len(out) < min(beside, room); i-- {
		out = append(out, &all[i])
	}
	return out
}

// compared is what stands beside that of the episodes before.
var compared = []struct {
	what string
	of   func(*ledger.Episode) string
}{
	{"all told", func(e *ledger.Episode) string { return span(e.Took()) }},
	{"pod-seconds", func(e *ledger.Episode) string { return amount(e.Cost.PodSeconds) }},
	{"jobs done", func(e *ledger.Episode) string { return amount(e.Cost.Jobs) }},
	{"longest wait", func(e *ledger.Episode) string {
		return within(ledger.Range{High: e.Cost.Waits.Peak.High, Known: e.Cost.Waits.Peak.Known})
	}},
}

// drawCompared is one of these, of an episode and of those before it.
func drawCompared(c screen.Canvas, st *screen.Styles, what string, of func(*ledger.Episode) string, e *ledger.Episode, before []*ledger.Episode) {
	c.Fit(10, 0, labelWidth, st.Muted, what)
	c.Right(left-1, 0, st.Text, of(e))
	x := c.W - len(before)*columnWide
	for i, e := range before {
		c.Right(x+(i+1)*columnWide, 0, st.Text, of(e))
	}
}

// drawHeads says when the episodes beside began.
func drawHeads(c screen.Canvas, st *screen.Styles, before []*ledger.Episode) {
	x := c.W - len(before)*columnWide
	c.Right(x, 0, st.Muted, "before: ")
	for i, e := range before {
		c.Right(x+(i+1)*columnWide, 0, st.Muted, e.Began.Format("15:04:05"))
	}
}
