package tui

import (
	"math"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/tui/chart"
	"github.com/kscope/kscope/tui/screen"
	"github.com/kscope/kscope/words"
)

// picker is the list of profiles while it is open.
type picker struct {
	queue    kscope.Backlog
	target   kscope.ID
	profiles []load.Profile
	row      int
	scale    int    // steps up from the profiles as they are, three to a factor of ten
	edit     *field // the chosen profile as text; nil while it is not being written
}

// scaled is a profile of the list at the chosen scale.
func (p *picker) scaled(i int) load.Profile {
	steps := ((p.scale % 3) + 3) % 3
	return p.profiles[i].Scaled([]float64{1, 2, 5}[steps] * math.Pow(10, float64((p.scale-steps)/3)))
}

// scaleLimit is how far the scale goes either way: a factor of a million.
const scaleLimit = 18

// openLoads opens the list of profiles.
func (m *Model) openLoads() {
	v := &m.view
	switch {
	case !m.canInject():
		v.notice = "Load keys are off: this is read-only."
		return
	case v.load.stop != nil:
		v.notice = "A load is running: x stops it."
		return
	}
	c, ok := m.store.Chain(v.id)
	if !ok {
		return
	}
	queued, ok := m.queued(&c)
	if !ok {
		v.notice = unloadable(&c)
		return
	}
	size := math.Max(queued.Target, 1) * float64(max(c.Max(), 1))
	v.load.picker = &picker{queue: *queued.Trigger.Backlog, target: v.id, profiles: load.Presets(int64(math.Min(size, 1e6)))}
}

func (m *Model) pickerKey(msg tea.KeyPressMsg) tea.Cmd {
	v := &m.view
	p := v.load.picker
	switch {
	case p.edit != nil:
		return m.editKey(msg)
	case key.Matches(msg, keys.Edit):
		edit := newField(p.scaled(p.row).String())
		p.edit = &edit
	case key.Matches(msg, keys.Back, keys.Profiles) || msg.String() == "q":
		v.load.picker = nil
	case key.Matches(msg, keys.Bigger):
		p.scale = min(p.scale+1, scaleLimit)
	case key.Matches(msg, keys.Smaller):
		p.scale = max(p.scale-1, -scaleLimit)
	case key.Matches(msg, keys.Open):
		return m.choose(p.queue, p.target, p.scaled(p.row))
	default:
		p.row = min(max(p.row+step(msg, 5), 0), len(p.profiles)-1)
	}
	return nil
}

// editKey writes the chosen profile. One that cannot be begun stays open, with
// the reason below it.
func (m *Model) editKey(msg tea.KeyPressMsg) tea.Cmd {
	p := m.view.load.picker
	switch msg.String() {
	case "esc":
		p.edit = nil
	case "enter":
		if profile, err := load.ParseProfile(p.edit.text()); err == nil {
			return m.choose(p.queue, p.target, profile)
		}
	default:
		p.edit.key(msg)
	}
	return nil
}

// drawPicker is the list of profiles, over the middle of the screen: each with
// its shape, what it does, and how many jobs that makes.
func (m *Model) drawPicker(c screen.Canvas) {
	p := m.view.load.picker
	about := 4
	lines := len(p.profiles)
	if p.edit != nil {
		lines = 2
	}
	in, _ := m.dialog(c, 88, lines+about+2, 4, " Load on "+c.Short(60, p.queue.Shown())+" ")
	if p.edit != nil {
		m.drawEdit(in, p)
		return
	}
	rows := in.H - about
	if rows < len(p.profiles) { // too low for more than the list
		rows = in.H
	}
	top := max(p.row-rows+1, 0)
	for y := range max(min(rows, len(p.profiles)-top), 0) {
		m.drawProfile(in.Sub(0, y, in.W, 1), p.scaled(top+y), top+y == p.row)
	}
	if rows == in.H {
		return
	}
	_, limit := p.scaled(p.row).Within(m.o.Load.Limits)
	m.drawPickerNotes(in.Sub(2, in.H-about+1, in.W-4, about-1), p, limit)
}

// drawEdit is the chosen profile as text, and below it what that does, or why
// it does nothing.
func (m *Model) drawEdit(c screen.Canvas, p *picker) {
	m.drawField(c, 2, 0, c.W-3, p.edit)
	profile, err := load.ParseProfile(p.edit.text())
	var limit error
	if err != nil {
		c.Fit(2, 1, c.W-3, m.styles.Warn, err.Error())
	} else {
		_, limit = profile.Within(m.o.Load.Limits)
		m.drawProfile(c.Sub(0, 1, c.W, 1), profile, false)
	}
	m.drawPickerNotes(c.Sub(2, 3, c.W-4, c.H-3), p, limit)
}

// drawPickerNotes is what is the same for all profiles, the limit that the
// chosen one exceeds, and the keys.
func (m *Model) drawPickerNotes(c screen.Canvas, p *picker, limit error) {
	st := m.styles
	so, _ := m.store.Chain(p.target)
	payload, err := m.payloadOf(&so.ScaledObject)
	if err != nil {
		c.Fit(0, 0, c.W, st.Warn, kscope.Clean(err.Error()))
	} else {
		x := c.Text(0, 0, st.Muted, "each like  ")
		c.Fit(x, 0, c.W-x, st.Text, exampleOf(payload))
	}
	if note := m.view.notice; note != "" {
		c.Fit(0, 1, c.W, st.Warn, note)
	} else if limit != nil {
		c.Fit(0, 1, c.W, st.Warn, limit.Error())
	} else {
		c.Fit(0, 1, c.W, st.Muted, "Workers must understand them. x stops the load, and so does quitting.")
	}
	x, ways := 0, [][2]string{{"enter", "begin"}, {st.Glyph.Up + " " + st.Glyph.Down, "choose"}, {"+ -", "more, less"}, {"e", "change"}, {"esc", "leave it"}}
	if p.edit != nil {
		ways = [][2]string{{"enter", "begin"}, {"esc", "back to the list"}}
	}
	for _, k := range ways {
		x = c.Text(x, 2, st.Key, k[0])
		x = c.Text(x+1, 2, st.Muted, k[1]) + 3
	}
}

// drawProfile is one line of the list.
func (m *Model) drawProfile(row screen.Canvas, p load.Profile, chosen bool) {
	const (
		name  = 8
		shape = 16
	)
	st, look := m.styles, m.styles.Text
	if chosen {
		row.Fill(0, 0, row.W, 1, st.Chosen, ' ')
		row.Put(0, 0, st.Accent, '▌')
		look = st.Strong
	}
	row.Fit(2, 0, name, look, string(p.Kind))
	x := 2 + name
	if row.W >= 50 {
		m.drawShape(row.Sub(x, 0, shape, 1), p)
		x += shape + 2
	}
	end := row.W - 1
	if n, ends := p.Planned(); ends && row.W >= 66 {
		end = row.Right(end, 0, st.Muted, words.Count(n)+" jobs") - 2
	}
	row.Fit(x, 0, end-x, look, p.Words())
}

// drawShape is the profile's rate over its time, or two of its periods.
func (m *Model) drawShape(c screen.Canvas, p load.Profile) {
	span, ends := p.Length()
	switch {
	case p.Period > 0:
		span = 2 * min(p.Period, math.MaxInt64/2)
	case !ends || span == 0:
		span = time.Minute
	}
	vals := make([]float64, c.W)
	top := 1.0
	at := func(i int) time.Duration { // the long way round, because what is typed may last for centuries
		whole, part := span/time.Duration(c.W), span%time.Duration(c.W)
		return whole*time.Duration(i) + part*time.Duration(i)/time.Duration(c.W)
	}
	for i := range vals {
		from, to := at(i), at(i+1)
		vals[i] = float64(p.Due(to-1) - p.Due(from-1))
		if p.Kind != load.Batch && p.Kind != load.Spikes && p.Kind != load.Burst { // whole jobs make a coarse picture of a low rate
			vals[i] = p.RateAt((from + to) / 2)
		}
		top = math.Max(top, vals[i])
	}
	chart.Spark(c, 0, 0, c.W, m.styles, m.styles.You, vals, top)
}
