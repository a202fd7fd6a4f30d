// Package tui draws a kscope.Store and turns keys into view state. It knows no
// cluster, no broker and no clock: observations come in as messages, and the
// only thing that goes out is a request to inject jobs, through a function
// that it was given.
package tui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/notes"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/tui/screen"
)

// Observed carries observations to the model.
type Observed struct {
	All []kscope.Observation // oldest first
	// Drew is told whether they made a new frame, so that whoever sends
	// observations can keep a pace; nil if nobody wants to know. It must have
	// room for the answer, because the model does not wait.
	Drew chan<- bool
}

func (o Observed) answer(drew bool) {
	select {
	case o.Drew <- drew: // never, if it is nil
	default:
	}
}

// Ended says that the stream is over, and why if it was not asked for.
type Ended struct{ Err error }

// Options is what the model cannot learn from observations.
type Options struct {
	Mode         string   // LIVE, SANDBOX or REPLAY; any but LIVE shows at all times
	Context      string   // of the kubeconfig, for the header and the prompt
	Namespace    string   // "" when all are watched
	Name         string   // the ScaledObject, ScaledJob or HPA to open, "" to choose by number
	Kubectl      []string // kubectl's flags that chose the cluster, for commands to copy
	Selected     bool     // only ScaledObjects and ScaledJobs with some labels are watched
	LocalCluster bool     // kind, minikube and the like: arming asks for less
	ReadOnly     bool     // no injection at all
	Armed        bool     // every queue takes load without asking: nobody else relies on them
	Theme        string   // "dark", "light", or "" to ask the terminal
	ASCII        bool
	NoColor      bool
	Load         LoadOptions
	// Purge empties a queue; what came of it arrives as a kscope.Purged
	// observation. It is called outside Update and may block. Nil takes the
	// offer away.
	Purge func(load.Purge)
	// Ask has KEDA asked for the values of an object's triggers, which has it query their
	// sources, and says why it is not; what comes of it arrives as observations. It must
	// not block. Nil takes the offer away.
	Ask func(kscope.ID) string
	// Actions gives what the palette offers, as it stands; nil if there is
	// nothing. It is called when the palette opens and must not block.
	Actions func() []Action
	// Teach adds a line that suggests the next key, until a queue has been
	// filled and worked off once.
	Teach bool
	// Pace is how fast time passes, "" for as fast as in life. It is asked at
	// the start and after every action; nil says "".
	Pace func() string
	// Notes are what to know of the objects that were given, in the order in which
	// it matters; none of a cluster.
	Notes []notes.Note
}

// Model is the whole screen. It owns the store, and nothing else touches it.
type Model struct {
	o       Options
	store   *store.Store
	members uint64       // of the store, when the list of who there is was made
	stop    *store.Store // as it was when the screen was frozen; nil while it goes on
	seen    *store.Store // what is drawn: the store, or it at a moment
	view    view
	styles  *screen.Styles
	dark    bool
	colour  colorprofile.Profile
	err     error

	grid    screen.Grid
	frame   string // what View answers, built by Update
	title   string
	drawn   drawn
	shown   shown // what the frame was made of, to tell news from noise
	log     timelineCache
	glances glanceCache
	noted   map[kscope.ID]bool // what a note is about
	future  futureCache
	ledger  ledgerCache
	tally   tally
	said    said
	began   time.Time // when the first observation came
	pace    string

	gathering bool // a frame was drawn for a key, and those that follow wait for the next
	pressed   bool // and some did
}

// gathered is the end of the time for which keys wait.
type gathered struct{}

// gather waits while keys that are in the queue already can follow: the first of
// them is drawn at once, all others together, as often as the terminal is written
// to at most.
func (m *Model) gather() tea.Cmd {
	return tea.Tick(time.Second/60, func(time.Time) tea.Msg { return gathered{} })
}

// drawn is when the current frame was drawn, so that a message that changes
// none of it costs nothing.
type drawn struct {
	any    bool
	second time.Time
	chart  time.Time // the newest moment in the chart
	moved  time.Time // when something happened, or somebody waited, last
	stands bool      // the chart has stood still for so long that it says of what moment it is
	since  time.Time // the oldest of which there can be something to show
	phase  explain.Phase
	queued bool      // what is open has a queue that load can go into
	ahead  bool      // the chart has room for what is expected,
	of     kscope.ID // for this object,
	due    time.Time // because something was due then
}

// New makes a model with an empty store.
func New(o Options) *Model {
	m := &Model{o: o, store: store.New(), dark: o.Theme != "light", colour: colorprofile.TrueColor}
	m.view, m.noted = newView(), map[kscope.ID]bool{}
	for _, n := range o.Notes {
		for _, id := range n.Rows {
			m.noted[id] = true
		}
	}
	m.view.teach = o.Teach
	m.askPace()
	m.shown, m.seen = newShown(), m.store
	m.restyle()
	return m
}

func (m *Model) restyle() {
	profile := m.colour
	if m.o.NoColor {
		profile = colorprofile.ASCII
	}
	m.styles = screen.NewStyles(m.dark, profile, m.o.ASCII)
}

// Init asks the terminal for its background.
func (m *Model) Init() tea.Cmd {
	if m.o.Theme == "" {
		return tea.RequestBackgroundColor
	}
	return nil
}

// Update folds a message into the model and, if that changed anything worth
// seeing, draws the next frame. It never blocks.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	redraw, quiet := true, false
	switch msg := msg.(type) {
	case Observed:
		redraw, quiet = m.observe(msg.All)
		cmd = m.autoload()
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
		cmd = m.typed(msg)
		if redraw = !m.gathering; redraw {
			m.gathering, cmd = true, tea.Batch(cmd, m.gather())
		} else {
			m.pressed = true
		}
	case gathered:
		redraw, m.gathering = m.pressed, m.pressed
		if m.gathering {
			cmd = m.gather()
		}
	case tea.PasteMsg:
		m.pasted(msg.Content)
	case othersKnown:
		cmd = m.othersKnown(msg)
	case pushOver:
		m.pushOver(msg)
	case loadOver:
		m.loadOver(msg)
	case acted:
		m.ended(msg)
	case tea.ResumeMsg:
	default:
		redraw = false
	}
	if redraw {
		m.pressed = false
	}
	drew := redraw && m.redraw(quiet)
	if o, ok := msg.(Observed); ok {
		o.answer(drew)
	}
	return m, cmd
}

// redraw builds the frame that View will answer until the next one, unless
// there is no window yet. Quiet says that nothing happened but time.
func (m *Model) redraw(quiet bool) bool {
	v := &m.view
	if v.w <= 0 || v.h <= 0 {
		return false
	}
	m.look()
	m.refilter()
	m.settle()
	now := m.newest().Now()
	since := m.drawn.since
	if v.screen == overview {
		since = m.began
	}
	awake := !m.drawn.any || !m.drawn.resting() || now.Sub(since) <= firstShown // until the first window is full
	switch {
	case awake:
		m.drawn.moved, m.drawn.stands = now, false
	case quiet && now.Sub(m.drawn.moved) >= standing:
		m.drawn.stands = true
	}
	if awake || !now.Truncate(chartRest).Equal(m.drawn.chart.Truncate(chartRest)) {
		m.drawn.chart = now
	}
	frame := m.paint()
	if !quiet && !awake && frame != m.frame { // the charts move with what is seen to happen
		m.drawn.chart, m.drawn.moved, m.drawn.stands = now, now, false
		frame = m.paint()
	}
	m.frame = frame
	m.title = m.titleNow()
	m.drawn.any, m.drawn.second = true, m.store.Now().Truncate(time.Second)
	return true
}

// paint draws a frame of what is known at the moment that look chose.
func (m *Model) paint() string {
	m.drawn.phase = explain.Looking // until something else is found to be shown
	m.shown.reset(m.store)
	m.grid.Reset(m.view.w, m.view.h, m.styles)
	m.draw(m.grid.Canvas())
	return m.grid.String()
}

// chartRest is how long charts stand still while nothing happens and nobody
// waits for anything: they move with the minute of the clock in the header, which
// is redrawn anyway. To move an unchanged line by a column every second would be
// the only thing that moves.
const chartRest = time.Minute

// standing is how long after that a chart says of what moment it is.
const standing = 5 * time.Second

// resting reports whether nobody waits for what the screen shows.
func (d drawn) resting() bool {
	switch d.phase {
	case explain.Asleep, explain.Steady, explain.AtMax, explain.PhasePaused, explain.Broken, explain.Looking:
		return true
	}
	return false
}

// View is the frame drawn last.
func (m *Model) View() tea.View {
	v := tea.NewView(m.frame)
	v.AltScreen = true
	v.WindowTitle = m.title
	return v
}

func (m *Model) titleNow() string {
	title := "kscope"
	if m.view.screen == detail && m.view.id.Name != "" {
		title += " " + m.view.id.String()
	} else if m.o.Namespace != "" {
		title += " " + m.o.Namespace
	}
	return strings.Map(screen.Printable, title)
}

// Err is why the stream ended, nil if it was asked to.
func (m *Model) Err() error { return m.err }
