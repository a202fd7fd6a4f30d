// Package tui draws a kscope.Store and turns keys into view state. It knows no
// cluster, no broker and no clock: observations come in as messages, and the
// only thing that goes out is a request to inject jobs, through a function
// that it was given.
package tui

import (
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/kscope/kscope"
)

// Observed carries observations to the model, oldest first.
type Observed []kscope.Observation

// Ended says that the stream is over, and why if it was not asked for.
type Ended struct{ Err error }

// Options is what the model cannot learn from observations.
type Options struct {
	Mode          string // LIVE, SANDBOX or REPLAY
	Context       string // of the kubeconfig, for the header and the prompt
	Namespace     string // "" when all are watched
	Name          string // the ScaledObject to open, "" to choose by number
	LocalCluster  bool   // kind, minikube and the like: arming asks for less
	ReadOnly      bool   // no injection at all
	Theme         string // "dark", "light", or "" to ask the terminal
	ASCII         bool
	NoColor       bool
	InjectPayload string // what a job looks like, for the prompt
	// Inject puts jobs into a queue; what came of it arrives as a
	// kscope.Pushed observation. It is called outside Update and may block.
	// Nil is the same as ReadOnly.
	Inject func(kscope.Injection)
}

// Model is the whole screen. It owns the store, and nothing else touches it.
type Model struct {
	o      Options
	store  *kscope.Store
	held   []kscope.Observation // while frozen
	view   view
	styles *styles
	dark   bool
	colour colorprofile.Profile
	grid   grid
	frame  string
	drawn  drawn
	err    error
}

// drawn is what the current frame was drawn from, so that a message that
// changes none of it costs nothing.
type drawn struct {
	version uint64
	second  time.Time
	any     bool
}

// New makes a model with an empty store.
func New(o Options) *Model {
	m := &Model{o: o, store: kscope.NewStore(), dark: o.Theme != "light", colour: colorprofile.TrueColor}
	m.view = newView()
	m.restyle()
	return m
}

func (m *Model) restyle() {
	profile := m.colour
	if m.o.NoColor {
		profile = colorprofile.ASCII
	}
	m.styles = newStyles(m.dark, profile, m.o.ASCII)
}

// Init asks the terminal for its background.
func (m *Model) Init() tea.Cmd {
	if m.o.Theme == "" {
		return tea.RequestBackgroundColor
	}
	return nil
}

// Update folds a message into the model and, if that changed anything worth
// seeing, draws the next frame.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	redraw := true
	switch msg := msg.(type) {
	case Observed:
		redraw = m.observe(msg)
	case Ended:
		m.err = msg.Err
		return m, tea.Quit
	case tea.WindowSizeMsg:
		m.view.w, m.view.h = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		if m.o.Theme == "" {
			m.dark = msg.IsDark()
			m.restyle()
		}
	case tea.ColorProfileMsg:
		m.colour = msg.Profile
		m.restyle()
	case tea.KeyPressMsg:
		cmd = m.key(msg)
	case tea.PasteMsg:
		m.typed(msg.Content)
	case tea.ResumeMsg:
	default:
		redraw = false
	}
	if redraw {
		m.redraw()
	}
	return m, cmd
}

// observe applies what arrived, or holds it back while frozen, and says
// whether the screen could look different now: something changed, or a second
// passed, since ages and countdowns are shown in seconds.
func (m *Model) observe(os []kscope.Observation) bool {
	if m.view.frozen {
		m.hold(os)
		return false
	}
	for _, o := range os {
		m.store.Apply(o)
		if _, ok := o.Fact.(kscope.Pushed); ok {
			m.view.notice = "" // the timeline says what came of it
		}
	}
	m.view.follow(m.store, m.o)
	second := m.store.Now().Truncate(time.Second)
	return !m.drawn.any || m.drawn.version != m.store.Version() || !m.drawn.second.Equal(second)
}

// hold keeps observations for later. Time passing, and measurements that
// repeat the two before, are kept only once, so that a screen left frozen
// overnight does not fill the memory; the series lose nothing by it.
func (m *Model) hold(os []kscope.Observation) {
	for _, o := range os {
		n := len(m.held)
		switch f := o.Fact.(type) {
		case kscope.Heartbeat:
			if n > 0 && m.held[n-1].Fact == (kscope.Heartbeat{}) {
				m.held[n-1] = o
				continue
			}
		case kscope.Depths:
			if n > 1 && sameDepths(m.held[n-1].Fact, f) && sameDepths(m.held[n-2].Fact, f) {
				m.held[n-1] = o
				continue
			}
		}
		m.held = append(m.held, o)
	}
}

func sameDepths(fact kscope.Fact, f kscope.Depths) bool {
	g, ok := fact.(kscope.Depths)
	return ok && g.Address == f.Address && slices.Equal(g.All, f.All)
}

// release ends a freeze: what was held back is applied.
func (m *Model) release() {
	m.view.frozen, m.view.cursorAt = false, time.Time{}
	held := m.held
	m.held = nil
	m.observe(held)
}

func (m *Model) redraw() {
	if m.view.w <= 0 || m.view.h <= 0 {
		return
	}
	m.grid.reset(m.view.w, m.view.h, m.styles)
	m.draw(m.grid.canvas())
	if s := m.grid.String(); s != m.frame {
		m.frame = s
	}
	m.drawn = drawn{m.store.Version(), m.store.Now().Truncate(time.Second), true}
}

// View is the frame drawn last.
func (m *Model) View() tea.View {
	v := tea.NewView(m.frame)
	v.AltScreen = true
	v.WindowTitle = m.title()
	return v
}

func (m *Model) title() string {
	parts := []string{"kscope"}
	if m.view.screen == detail && m.view.ref.Name != "" {
		parts = append(parts, m.view.ref.String())
	} else if m.o.Namespace != "" {
		parts = append(parts, m.o.Namespace)
	}
	return strings.Join(parts, " ")
}

// Err is why the stream ended, nil if it was asked to.
func (m *Model) Err() error { return m.err }
