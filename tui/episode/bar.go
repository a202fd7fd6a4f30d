package episode

import (
	"slices"
	"strings"
	"time"

	"github.com/kscope/kscope/explain/ledger"
	"github.com/kscope/kscope/tui/screen"
)

// ownerLook is the colour of somebody's time. Where there are no colours, letters
// tell them apart, and words do at all times.
func ownerLook(st *screen.Styles, o ledger.Owner) screen.Style {
	switch o {
	case ledger.KEDAPoll:
		return st.KEDA
	case ledger.Cooldown:
		return st.OK
	case ledger.HPASync, ledger.HPAWindow:
		return st.HPA
	case ledger.Workers:
		return st.Queue
	case ledger.Producer:
		return st.Peak
	case ledger.Node, ledger.PodStart:
		return st.Strong
	case ledger.Pause, ledger.Someone:
		return st.Warn
	case ledger.Unseen:
		return st.Grid
	}
	return st.Muted
}

// mark is the sign of an owner beside words.
func mark(st *screen.Styles, o ledger.Owner) string {
	if st.Colours && !st.ASCII {
		return fill(o)
	}
	return owners[o].letter
}

// drawBar is whose time it was, to width. Whoever had any has a column at least.
func drawBar(c screen.Canvas, st *screen.Styles, e *ledger.Episode) {
	all := e.Whose()
	total := time.Duration(0)
	for _, s := range all {
		total += s.Took
	}
	if total <= 0 || c.W < len(all) {
		return
	}
	room, x := c.W-len(all), 0
	sum := time.Duration(0)
	for i, s := range all {
		sum += s.Took
		end := i + 1 + int(float64(room)*float64(sum)/float64(total)+0.5)
		for ; x < end; x++ {
			if st.Colours && !st.ASCII {
				c.Text(x, 0, ownerLook(st, s.Owner), strings.ReplaceAll(fill(s.Owner), "■", "█"))
			} else {
				c.Text(x, 0, ownerLook(st, s.Owner), owners[s.Owner].letter)
			}
		}
	}
}

// fill is what a stretch is drawn with: of two that have one colour, one is lighter.
func fill(o ledger.Owner) string {
	switch o {
	case ledger.Cooldown, ledger.HPAWindow, ledger.Stopping:
		return "▒"
	}
	return "■"
}

// drawLegend is the same in numbers: as many as there is room for, the longest
// before the others, in their order.
func drawLegend(c screen.Canvas, st *screen.Styles, e *ledger.Episode) {
	all := perOwner(e.Whose())
	text := func(s ledger.Stretch) string { return " " + owners[s.Owner].short + " " + span(s.Took) }
	width := func() (n int) {
		for _, s := range all {
			n += screen.Width(text(s)) + 3
		}
		return n - 2
	}
	all = slices.DeleteFunc(all, func(s ledger.Stretch) bool { return s.Took < 50*time.Millisecond })
	for len(all) > 1 && width() > c.W {
		least := 0
		for i, s := range all {
			if s.Took < all[least].Took {
				least = i
			}
		}
		all = append(all[:least:least], all[least+1:]...)
	}
	x := 0
	for _, s := range all {
		x = c.Text(x, 0, ownerLook(st, s.Owner), mark(st, s.Owner))
		x = c.Fit(x, 0, c.W-x, st.Muted, text(s)) + 2
	}
}

// perOwner adds up what an owner had in several stretches, at the place of the
// first.
func perOwner(all []ledger.Stretch) (out []ledger.Stretch) {
	at := map[ledger.Owner]int{}
	for _, s := range all {
		if i, ok := at[s.Owner]; ok {
			out[i].Took += s.Took
			continue
		}
		at[s.Owner] = len(out)
		out = append(out, s)
	}
	return out
}
