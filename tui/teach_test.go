package tui

import (
	"strings"
	"testing"
	"time"
)

// TestLessons: what is suggested follows the story, ends with it, and can be
// hidden.
func TestLessons(t *testing.T) {
	teach := func(o *Options) { o.Teach = true }
	line := func(m *Model) string {
		for l := range strings.Lines(m.grid.Plain()) {
			if s, ok := strings.CutPrefix(l, " → "); ok {
				return strings.TrimSpace(s)
			}
		}
		return ""
	}
	for name, want := range map[string]string{
		"asleep":       "i puts 10 jobs into the queue",
		"waking":       "From one pod on the HPA adds more",
		"cooling-down": "The queue is empty.",
	} {
		m := tell(phase(name), 120, 35, teach)
		if got := line(m); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q\n%s", name, got, want, m.grid.Plain())
		}
		if got := line(tell(phase(name), 80, 24, teach)); strings.HasSuffix(got, "…") {
			t.Errorf("%s: too long for 80 columns: %q", name, got)
		}
		press(m, "H")
		if got := line(m); got != "" {
			t.Errorf("%s: hidden, and yet %q", name, got)
		}
	}
	if got := line(tell(phase("asleep"), 120, 35)); got != "" {
		t.Errorf("nobody asked, and yet %q", got)
	}
	ta := phase("cooling-down")
	m := tell(ta, 80, 24, teach)
	m.Update(ta.run(2 * time.Minute).take())
	if got := line(m); got != "" {
		t.Errorf("the story is over, and yet %q", got)
	}
}
