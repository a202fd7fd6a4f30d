package episode

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/colorprofile"

	"github.com/kscope/kscope/explain/ledger"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/tui/screen"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// every is an episode with every mark and owner there is.
func every(n float64) *ledger.Episode {
	e := &ledger.Episode{Began: noon, Until: noon.Add(20 * time.Minute), Ended: noon.Add(19 * time.Minute), Peak: n, Most: int32(n)}
	for k := ledger.FirstJob; k <= ledger.Resumed; k++ {
		e.Marks = append(e.Marks, ledger.Mark{Kind: k, At: noon.Add(time.Duration(k) * 41 * time.Second), N: n, By: store.Someone,
			Stretch: ledger.Stretch{Owner: ledger.Owner(int(k)%int(ledger.Pause) + 1), Took: 41 * time.Second, Every: 15 * time.Second}})
	}
	return e
}

// TestNothingIsCut: what marks are called, and whose the time was, fits on 80 columns.
func TestNothingIsCut(t *testing.T) {
	for _, n := range []float64{1, 7, 1234} {
		for _, floor := range []int32{0, 12} {
			e := every(n)
			e.Floor = floor
			for i := range e.Marks {
				m := &e.Marks[i]
				text := label(e, m)
				if text == "" || screen.Width(text) > labelWidth {
					t.Errorf("mark %d is called %q, %d wide", m.Kind, text, screen.Width(text))
				}
			}
		}
	}
	for o := ledger.Unseen; o <= ledger.Pause; o++ {
		s := ledger.Stretch{Owner: o}
		if o == ledger.KEDAPoll || o == ledger.HPASync || o == ledger.Cooldown || o == ledger.HPAWindow {
			s.Every = 15 * time.Second
		}
		text := whose(s, store.Someone)
		if owners[o].short == "" || owners[o].letter == "" || screen.Width(text) > 80-2-left-2 {
			t.Errorf("owner %d is %q, %d wide", o, text, screen.Width(text))
		}
	}
	letters := map[string]bool{}
	for _, o := range owners {
		if letters[o.letter] {
			t.Errorf("%s is two owners' letter", o.letter)
		}
		letters[o.letter] = true
	}
}

// TestFold: however few rows there are, they hold all the time there is, and the
// beginning and the end keep their lines.
func TestFold(t *testing.T) {
	e := every(3)
	total := time.Duration(0)
	for _, m := range e.Marks {
		total += m.Took
	}
	for n := 2; n < 25; n++ {
		rs := rows(e, n)
		sum := time.Duration(0)
		for _, r := range rs {
			sum += r.stretch.Took
		}
		if len(rs) > n || sum != total || !strings.HasPrefix(rs[0].label, "first jobs") {
			t.Errorf("%d rows: got %d with %v of %v, the first %q", n, len(rs), sum, total, rs[0].label)
		}
	}
}

// TestDrawAnySize: no size, however odd, is too small for it.
func TestDrawAnySize(t *testing.T) {
	st := screen.NewStyles(true, colorprofile.TrueColor, false)
	all := []ledger.Episode{*every(1), *every(40), {Began: noon, Until: noon}, *every(12)}
	for w := 1; w < 220; w += 7 {
		for h := 1; h < 60; h += 3 {
			var g screen.Grid
			g.Reset(w, h, st)
			for chosen := range all {
				Draw(g.Canvas(), st, all, chosen, min(10, w))
			}
		}
	}
}
