package tui

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/tui/screen"
	"github.com/kscope/kscope/words"
)

// queueNote says how the queue has moved over the last ten seconds, an
// estimate from two measurements, or how old the number is.
func (m *Model) queueNote(p picture) string {
	st := m.styles
	q, r := p.main, p.Reading()
	if r.Direct { // the queue beside it is not what it is of
		return ""
	}
	if !r.Known {
		if q != nil {
			if v, when := q.LastKnown(); !math.IsNaN(v) {
				return fmt.Sprintf("%s, %s ago", words.Count(v), words.Age(p.now.Sub(when)))
			}
		}
		return ""
	}
	switch {
	case r.From == store.FromHPA:
		return "via HPA"
	case askedFor(&r):
		return "asked " + words.Age(p.now.Sub(r.At))
	}
	if q == nil {
		return ""
	}
	const span = 10 * time.Second
	now := q.Newest(p.now)
	rate := (q.At(now) - q.At(now.Add(-span))) / span.Seconds()
	switch {
	case math.IsNaN(rate) || math.Abs(rate) < 0.05:
		return ""
	case rate > 0:
		return fmt.Sprintf("%s~%s/s", st.Glyph.Up, perSecond(rate))
	}
	return fmt.Sprintf("%s~%s/s", st.Glyph.Down, perSecond(-rate))
}

// askedFor reports whether a value is one that KEDA was asked for from here, once.
func askedFor(r *store.Reading) bool { return r.From == store.FromExternal && !r.Trigger.Cached }

func perSecond(v float64) string {
	if v >= 10 {
		return words.Short(math.Round(v))
	}
	return fmt.Sprintf("%.1f", v)
}

// bigNumber shortens what would not fit where numbers are big.
func bigNumber(v float64) string {
	switch {
	case math.IsNaN(v):
		return "?"
	case v >= 10e6:
		return fmt.Sprintf("%.0fM", v/1e6)
	case v >= 100e3:
		return fmt.Sprintf("%.0fk", v/1e3)
	}
	return words.Count(v)
}

// face is how the value of a link is written.
type face struct {
	large  string   // what can be written large, "" where nothing can
	about  bool     // an estimate, marked where the number is large
	beside []string // small beside that, the first that fits
	text   string   // all of it in small letters
	terse  string   // as little of it as can be
}

// face gives the number of a link, or its word. The countdown to zero takes the
// place of KEDA's word, since it is what one waits for.
func (m *Model) face(p picture, l explain.Link) face {
	f := face{text: l.Text(), terse: l.Text(), beside: []string{l.Unit}}
	left, waits := p.untilZero()
	switch {
	case l.Role == explain.LinkKEDA && waits:
		f.large, f.about = strconv.Itoa(int(left.Seconds())), true
		unit := "s to " + strconv.Itoa(int(p.ScaledObject.Floor()))
		f.beside = []string{unit, "s"}
		f.text = "~" + f.large + unit
		f.terse = f.text
	case l.Role == explain.LinkKEDA && l.State == explain.LinkOK:
		f.large = "ON"
	case l.Role == explain.LinkKEDA && l.State == explain.LinkIdle:
		f.large = "OFF"
	case l.Number != nil:
		f.about = l.Estimate
		l.Estimate = false
		f.large, f.terse = l.Digits(), l.Digits()
		if l.Role == explain.LinkQueue && screen.Width(f.text) > 6 {
			f.large = bigNumber(*l.Number)
			f.text, f.terse, f.about = f.large, f.large, false
		} else if f.about {
			f.terse = "~" + f.terse
		}
	case l.Value == explain.Unknown:
		f.large = l.Value
	}
	return f
}

// untilZero is how long KEDA will still wait before its step to the floor.
func (p picture) untilZero() (time.Duration, bool) { return p.UntilZero(p.now) }

// linkNote is what stands beside a link's name where there is room.
func (m *Model) linkNote(p picture, r explain.Role) string {
	if l, _ := p.Links.Of(r); l.Was != "" {
		return l.Was
	}
	switch r {
	case explain.LinkQueue:
		return m.queueNote(p)
	case explain.LinkKEDA:
		return "poll " + words.Span(p.pollingInterval())
	case explain.LinkHPA:
		return "max " + strconv.Itoa(int(p.Max()))
	case explain.LinkWorkload:
		if p.ScaledJob != nil {
			return "max " + strconv.Itoa(int(p.Max()))
		}
	}
	return ""
}

// pollingInterval is how often KEDA looks.
func (p picture) pollingInterval() time.Duration {
	if p.ScaledJob != nil {
		return p.ScaledJob.PollingInterval
	}
	return p.ScaledObject.PollingInterval
}

func (m *Model) valueStyle(l explain.Link) screen.Style {
	st, i, s := m.styles, l.Role, l.State
	switch {
	case s == explain.LinkBroken:
		return st.Bad
	case s == explain.LinkUnknown:
		return st.Muted
	case i == explain.LinkQueue:
		return st.Queue
	case i == explain.LinkKEDA && s == explain.LinkOK:
		return st.OK
	case i == explain.LinkKEDA && s == explain.LinkIdle:
		return st.Muted
	case i >= explain.LinkWorkload:
		return st.Pods
	}
	return st.Text
}

// flows reports whether something passes from a link to the next.
func (m *Model) flows(p picture, i int) bool {
	s := p.Links[i].State
	return s == explain.LinkOK || s == explain.LinkWorking
}

func (m *Model) linkLook(s explain.LinkState) (screen.Style, string) {
	st := m.styles
	switch s {
	case explain.LinkOK:
		return st.OK, st.Glyph.OK
	case explain.LinkWorking:
		return st.Queue, st.Glyph.Half
	case explain.LinkWaiting:
		return st.Warn, st.Glyph.Wait
	case explain.LinkBroken:
		return st.Bad, st.Glyph.Bad
	case explain.LinkIdle:
		return st.Muted, st.Glyph.Off
	}
	return st.Muted, "?"
}

// chainTimes is how long each link took in the story that runs, which began
// when work last arrived: from the work to KEDA's step, from that to the
// HPA's, to the pods.
func chainTimes(es []explain.Entry) (out [explain.Roles]string) {
	for i := len(es) - 1; i >= 0; i-- {
		e := es[i]
		if e.Kind == store.Injected || e.Kind == store.Arrived || e.Kind == store.LoadBegan {
			break
		}
		link := explain.Role(-1)
		switch {
		case e.After <= 0:
			continue
		case e.Kind == store.Scaled && e.Actor == store.KEDA:
			link = explain.LinkKEDA
		case e.Kind == store.Scaled && e.Actor == store.TheHPA:
			link = explain.LinkHPA
		case e.Kind == store.ReadyPods:
			link = explain.LinkPods
		}
		if link >= 0 && out[link] == "" {
			out[link] = "+" + words.Age(e.After)
		}
	}
	return out
}
