package tui

import (
	"errors"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope/golden"
)

// sandboxy is a model whose palette has two actions, and a record of what ran.
func sandboxy(t *testing.T, w, h int) (m *Model, ran *[]string) {
	t.Helper()
	ran = new([]string)
	broken := false
	m = tell(phase("asleep"), w, h, func(o *Options) {
		o.Mode, o.Teach = "SANDBOX", true
		o.Actions = func() []Action {
			return []Action{
				{Name: "redis", About: "the Redis server is gone", On: broken, Run: func() error {
					broken = !broken
					*ran = append(*ran, "redis")
					return nil
				}},
				{Name: "image", About: "the next pods name an image that does not exist", Run: func() error {
					*ran = append(*ran, "image")
					return errors.New("no such workload")
				}},
			}
		}
	})
	return m, ran
}

// run does what a key asked for, as the program would.
func run(m *Model, cmds []tea.Cmd) {
	for _, cmd := range cmds {
		if cmd != nil {
			m.Update(cmd())
		}
	}
}

func TestPalette(t *testing.T) {
	m, ran := sandboxy(t, 120, 35)
	for _, tt := range []struct{ keys, ran, notice string }{
		{": esc", "", ""},
		{": enter", "redis", "redis: done."},
		{": enter", "redis redis", "end redis: done."},
		{": down enter", "redis redis image", "image: no such workload"},
		{": i m a enter", "redis redis image image", "image: no such workload"},
		{": q q enter", "redis redis image image", "Nothing was chosen."},
		{": down down down up enter", "redis redis image image redis", "redis: done."},
	} {
		run(m, press(m, strings.Fields(tt.keys)...))
		if got := strings.Join(*ran, " "); got != tt.ran || m.view.notice != tt.notice || m.view.palette != nil {
			t.Errorf("after %s: ran %q, says %q, want %q and %q", tt.keys, got, m.view.notice, tt.ran, tt.notice)
		}
	}
	press(m, ":")
	golden.Compare(t, "palette-120x35.txt", m.grid.Plain())
	m, _ = sandboxy(t, 40, 8)
	press(m, ":", "down")
	golden.Compare(t, "palette-40x8.txt", m.grid.Plain())
	for w := range 4 { // however small the window
		for h := range 8 {
			m.Update(tea.WindowSizeMsg{Width: w, Height: h})
		}
	}
}

func TestPaletteWithoutActions(t *testing.T) {
	m := tell(phase("asleep"), 120, 35)
	press(m, ":")
	if m.view.palette != nil || m.view.notice == "" {
		t.Errorf("an empty palette opened, or nothing was said: %q", m.view.notice)
	}
}
