package tui

import (
	"fmt"
	"math"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// drawPicker is the list of profiles, over the middle of the screen: each with
// its shape, what it does, and how many jobs that makes.
func (m *Model) drawPicker(c canvas) {
	p, st := m.view.load.picker, m.styles
	about := 4
	h := min(len(p.profiles)+about+2, c.h)
	w := min(88, c.w)
	box := c.sub((c.w-w)/2, (c.h-h)/2, w, h)
	box.fill(0, 0, box.w, box.h, style{}, ' ')
	in := box
	if box.h >= 4 {
		in = box.box(st.accent, " Load on "+kscope.Clean(p.queue.Key)+" ", st.accent)
	}
	rows := in.h - about
	if rows < len(p.profiles) { // too low for more than the list
		rows = in.h
	}
	top := max(p.row-rows+1, 0)
	for y := range max(min(rows, len(p.profiles)-top), 0) {
		m.drawProfile(in.sub(0, y, in.w, 1), p.scaled(top+y), top+y == p.row)
	}
	if rows == in.h {
		return
	}
	m.drawPickerNotes(in.sub(2, in.h-about+1, in.w-4, about-1), p)
}

// drawPickerNotes is what is the same for all profiles, and the keys.
func (m *Model) drawPickerNotes(c canvas, p *picker) {
	st := m.styles
	so, _ := m.store.Chain(p.target)
	payload, err := m.payloadOf(&so.ScaledObject)
	if err != nil {
		c.fit(0, 0, c.w, st.warn, kscope.Clean(err.Error()))
	} else {
		x := c.text(0, 0, st.muted, "each like  ")
		c.fit(x, 0, c.w-x, st.text, m.exampleOf(payload))
	}
	if note := m.view.notice; note != "" {
		c.fit(0, 1, c.w, st.warn, note)
	} else if _, err := p.scaled(p.row).Within(m.o.Load.Limits); err != nil {
		c.fit(0, 1, c.w, st.warn, err.Error())
	} else {
		c.fit(0, 1, c.w, st.muted, "Workers must understand them. x stops the load, and so does quitting.")
	}
	x := 0
	for _, k := range [][2]string{{"enter", "begin"}, {st.glyph.up + " " + st.glyph.down, "choose"}, {"+ -", "more, less"}, {"esc", "leave it"}} {
		x = c.text(x, 2, st.key, k[0])
		x = c.text(x+1, 2, st.muted, k[1]) + 3
	}
}

// drawProfile is one line of the list.
func (m *Model) drawProfile(row canvas, p load.Profile, chosen bool) {
	const (
		name  = 8
		shape = 16
	)
	st, look := m.styles, m.styles.text
	if chosen {
		row.fill(0, 0, row.w, 1, st.chosen, ' ')
		row.put(0, 0, st.accent, '▌')
		look = st.strong
	}
	row.fit(2, 0, name, look, string(p.Kind))
	x := 2 + name
	if row.w >= 50 {
		m.drawShape(row.sub(x, 0, shape, 1), p)
		x += shape + 2
	}
	end := row.w - 1
	if n, ends := p.Planned(); ends && row.w >= 66 {
		end = row.right(end, 0, st.muted, words.Count(float64(n))+" jobs") - 2
	}
	row.fit(x, 0, end-x, look, p.Words())
}

// drawShape is the profile's rate over its time, or two of its periods.
func (m *Model) drawShape(c canvas, p load.Profile) {
	span, ends := p.Length()
	switch {
	case p.Period > 0:
		span = 2 * p.Period
	case !ends || span == 0:
		span = time.Minute
	}
	vals := make([]float64, c.w)
	top := 1.0
	for i := range vals {
		from, to := span*time.Duration(i)/time.Duration(c.w), span*time.Duration(i+1)/time.Duration(c.w)
		vals[i] = float64(p.Due(to-1) - p.Due(from-1))
		if p.Kind != load.Batch && p.Kind != load.Spikes && p.Kind != load.Burst { // whole jobs make a coarse picture of a low rate
			vals[i] = p.RateAt((from + to) / 2)
		}
		top = math.Max(top, vals[i])
	}
	drawSpark(c, 0, 0, c.w, m.styles, m.styles.you, vals, top)
}

// loadSilence is how long a load may say nothing before it is taken to be over:
// a recording may end before the load does.
const loadSilence = 15 * time.Second

// drawLoad is the line of a load under way, in place of the keys; false if
// there is none.
func (m *Model) drawLoad(c canvas) bool {
	v, st := &m.view, m.styles
	l := &v.load.now
	if !v.load.showing || m.store.Now().Sub(v.load.heard) > loadSilence {
		return false
	}
	x := c.text(1, 0, st.you, st.glyph.plus+" "+l.Load) + 2
	end := c.w - 1
	if v.load.stop != nil {
		end = c.right(end, 0, st.muted, "stop") - 1
		end = c.right(end, 0, st.key, "x") - 2
	}
	parts := m.loadParts(l)
	const shortest = 8 // of the bar
	width := func() int {
		n := 0
		for _, s := range parts {
			n += textWidth(s) + 2
		}
		return n
	}
	for len(parts) > 0 && x+width()+shortest > end {
		parts = parts[:len(parts)-1]
	}
	if part, ok := l.Part(); ok {
		if bar := min(end-x-width(), 40); bar >= shortest {
			percent := fmt.Sprintf("%3d%%", int(part*100))
			bar -= len(percent) + 3
			done := int(math.Round(part * float64(bar)))
			c.hline(x, 0, done, st.you, '█')
			c.hline(x+done, 0, bar-done, st.grid, '░')
			x = c.text(x+bar+1, 0, st.text, percent) + 2
		}
	}
	for i, s := range parts {
		look := st.text
		if i == 0 && l.Missed > 0 {
			look = st.warn
		}
		x = c.text(x, 0, look, s) + 2
	}
	return true
}

// loadParts is what there is to say of a load, the most important first.
func (m *Model) loadParts(l *kscope.Loading) (parts []string) {
	if l.Missed > 0 {
		parts = append(parts, words.Count(float64(l.Missed))+" given up")
	}
	if l.Elapsed > 0 {
		parts = append(parts, fmt.Sprintf("%s/s asked %s/s in", words.Rate(l.Rate), words.Rate(l.Achieved)))
	}
	total := words.Count(float64(l.Accepted))
	if l.Planned != nil {
		total += " of " + words.Count(float64(*l.Planned))
	}
	parts = append(parts, total)
	if l.Lasts != nil && *l.Lasts > l.Elapsed {
		parts = append(parts, words.Age((*l.Lasts-l.Elapsed).Round(time.Second))+" left")
	}
	if left, ok := l.Left(); ok {
		parts = append(parts, plural(left, "job")+" to come")
	}
	h, now := store.History{}, m.store.Now()
	if c, ok := m.store.Chain(m.view.ref); ok {
		h = m.history(&c)
	}
	if flow, ok := store.EstimateFlow(h.Queue, h.Own, now.Add(-flowSpan), now); ok && flow.Out > 0 {
		parts = append(parts, "~"+perSecond(flow.Out)+"/s worked off (est.)")
	}
	return parts
}
