package tui

import (
	"io"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Keys that come at once are one frame, and the first of them is drawn at once.
func TestKeysAreGathered(t *testing.T) {
	m := tell(many(40), 80, 24)
	press(m, "/")
	frames, frame := 0, m.frame
	update := func(msg tea.Msg) (cmd tea.Cmd) {
		_, cmd = m.Update(msg)
		if m.frame != frame {
			frames, frame = frames+1, m.frame
		}
		return cmd
	}
	if update(keyOf("m")) == nil || frames != 1 {
		t.Errorf("the first key made %d frames", frames)
	}
	for _, k := range []string{"a", "i", "l"} {
		update(keyOf(k))
	}
	if frames != 1 || len(m.view.ids) != 16 && len(m.view.ids) == 0 {
		t.Errorf("three more made %d frames", frames)
	}
	if update(gathered{}) == nil || frames != 2 {
		t.Errorf("together they made %d frames", frames-1)
	}
	for _, id := range m.view.ids {
		if !m.view.matches(id) {
			t.Errorf("%v does not match", id)
		}
	}
	if update(gathered{}) != nil || m.gathering {
		t.Error("it goes on gathering though nothing is pressed")
	}
	update(keyOf("backspace"))
	if frames != 3 {
		t.Errorf("a key of its own is not drawn at once: %d frames", frames)
	}
	// A key that is about a row is about one of those that match.
	update(keyOf("z"))
	update(keyOf("z"))
	update(keyOf("enter"))
	update(keyOf("enter"))
	if m.view.screen != overview || len(m.view.ids) != 0 {
		t.Errorf("enter opened %v, which does not match", m.view.id)
	}
}

// Escape twice and q, in one go: the filter is closed, and the program.
func TestEscapesInOneGo(t *testing.T) {
	for _, keys := range []string{"\x1b\x1bq", "\x1b\x1b\x1bq", "\x1b\x1b\x1b\x1bq"} {
		m := tell(many(5), 80, 24)
		press(m, "/", "m")
		in, keyboard := io.Pipe()
		p := tea.NewProgram(m, tea.WithInput(in), tea.WithOutput(io.Discard), tea.WithoutSignals(), tea.WithWindowSize(80, 24))
		done := make(chan error, 1)
		go func() {
			_, err := p.Run()
			done <- err
		}()
		if _, err := io.WriteString(keyboard, keys); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			if err != nil || m.view.typing || m.view.filter.text() != "" {
				t.Errorf("%q: %v; typing %v, filter %q", keys, err, m.view.typing, m.view.filter.text())
			}
		case <-time.After(10 * time.Second):
			t.Errorf("%q does not end it; typing %v, filter %q", keys, m.view.typing, m.view.filter.text())
			p.Kill()
			<-done
		}
		_ = in.Close()
	}
}
