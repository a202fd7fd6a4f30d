package tui

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
)

// opening is what can be opened over the screen or changed in it: the keys, and
// whether it takes the next ones.
var opening = []struct {
	name string
	keys []string
	over overlay // what takes the keys, where it can be opened
}{
	{"nothing", nil, nothingOver},
	{"help", []string{"?"}, helpOver},
	{"help scrolled", []string{"?", "G"}, helpOver},
	{"card", []string{"C"}, cardOver},
	{"card scrolled", []string{"C", "G"}, cardOver},
	{"palette", []string{":"}, paletteOver},
	{"palette, typed", []string{":", "d", "down", "left"}, paletteOver},
	{"palette, nothing like that", []string{":", "#", "#"}, paletteOver},
	{"picker", []string{"I"}, pickerOver},
	{"picker, last", []string{"I", "G", "+"}, pickerOver},
	{"field", []string{"I", "e"}, pickerOver},
	{"field, no profile", []string{"I", "e", "#", "left"}, pickerOver},
	{"prompt", []string{"i"}, promptOver},
	{"prompt, wrong", []string{"i", "x", "enter"}, promptOver},
	{"question about a load", []string{"I", "enter"}, promptOver},
	{"question about emptying", []string{":", "e", "m", "p", "t", "y", "enter"}, promptOver},
	{"filter", []string{"/"}, filterOver},
	{"filter, typed", []string{"/", "a", "世"}, filterOver},
	{"filtered", []string{"/", "o", "enter"}, nothingOver},
	{"timeline", []string{"3", "down"}, nothingOver},
	{"pods table", []string{"t", "2"}, nothingOver},
	{"why", []string{"4"}, nothingOver},
	{"full chart", []string{"f"}, nothingOver},
	{"two charts", []string{"c"}, nothingOver},
	{"frozen", []string{"space"}, nothingOver},
	{"past", []string{"[", "[", "["}, nothingOver},
	{"frozen help", []string{"[", "?"}, helpOver},
	{"frozen card", []string{"space", "C"}, cardOver},
	{"keys hidden", []string{"H"}, nothingOver},
	{"hidden, filter", []string{"H", "/"}, filterOver},
	{"problem", []string{"!"}, nothingOver},
	{"zoomed", []string{"<", "<"}, nothingOver},
	{"notes", []string{"w"}, notesOver},
	{"notes, scrolled", []string{"w", "G"}, notesOver},
}

// states is what there can be to show.
func states() map[string]func() *tale {
	all := map[string]func() *tale{
		"no cluster": func() *tale { return newTale("demo", "nobody") },
		"no answer": func() *tale {
			t := newTale("demo", "nobody")
			for _, k := range []kscope.Kind{kscope.ScaledObjects, kscope.Deployments, kscope.Pods} {
				t.say(kscope.Status{Kind: k, State: kscope.Failing, Message: "dial tcp: i/o timeout"})
			}
			return t
		},
		"nothing": func() *tale {
			t := newTale("demo", "nobody")
			for _, k := range []kscope.Kind{kscope.ScaledObjects, kscope.ScaledJobs, kscope.HPAs, kscope.Deployments, kscope.Pods, kscope.Events} {
				t.say(kscope.Status{Kind: k, State: kscope.Synced})
			}
			return t
		},
		"gone": func() *tale {
			t := phase("scaling-up")
			t.say(kscope.Gone{Kind: kscope.ScaledObjects, Ref: t.so.Ref, UID: t.so.UID})
			return t
		},
		"many": func() *tale { return many(30) }, "kinds": kinds,
		"a job": func() *tale {
			t := newTale("demo", "nobody")
			t.say(theJob(), kscope.Status{Kind: kscope.ScaledObjects, State: kscope.Absent})
			return t
		},
	}
	for _, p := range phases {
		all[p.name] = p.tale
	}
	return all
}

// sweepModel is a model in a state, of which every action exists.
func sweepModel(t *tale, change func(o *Options)) *Model {
	return tell(t, 80, 24, func(o *Options) {
		o.Purge = func(load.Purge) {}
		o.Notes = given(kscope.Ref{Namespace: "demo", Name: "worker-scaler"})
		o.Load.Run = func(context.Context, load.Load) error { return nil }
		o.Actions = func() []Action {
			return []Action{{Name: "redis", About: "Redis goes away", Run: func() error { return nil }}, {Name: "image", About: "an image that cannot be pulled", On: true, Run: func() error { return nil }}}
		}
		change(o)
	})
}

// resized draws a view of a model in a window.
func resized(m *Model, v view, w, h int) string {
	m.view = v
	m.view.w, m.view.h = w, h
	m.redraw(false)
	return m.frame
}

// Everything that can be opened, in whatever state, fits every window, and what
// takes the keys is seen.
func TestEveryViewInEveryWindow(t *testing.T) {
	t.Parallel()
	all := states()
	frames, opened := 0, map[overlay]bool{}
	for n, name := range slices.Sorted(maps.Keys(all)) {
		for i, change := range []func(o *Options){
			func(o *Options) {}, func(o *Options) { o.ReadOnly = true }, func(o *Options) { o.Armed, o.ASCII, o.NoColor = true, true, true }, func(o *Options) { o.LocalCluster = false },
		} {
			base := sweepModel(all[name](), change)
			plain := base.view
			for j, tt := range opening {
				if (i+j+n)%max(*sweepEvery/80, 1) != 0 {
					continue
				}
				base.view, base.stop, base.view.armed = plain, nil, map[kscope.Backlog]bool{}
				if tt.over == promptOver && !base.o.Armed {
					disarm(base)
				}
				base.look()
				press(base, tt.keys...)
				open := base.view
				opened[open.over()] = true
				if over := open.over(); over != tt.over && over != nothingOver {
					t.Errorf("%s in %s: %d takes the keys, want %d", tt.name, name, over, tt.over)
				}
				for w := 1; w <= 40; w++ {
					for h := 1; h <= 12; h++ {
						if (w*12+h+7*i+3*j+5*n)%*sweepEvery != 0 && (i+n > 0 || w > 1) {
							continue
						}
						frames++
						sweepFrame(t, base, plain, open, fmt.Sprintf("%s (%d) in %s at %dx%d", tt.name, i, name, w, h), w, h)
					}
				}
				sweepFrame(t, base, plain, open, fmt.Sprintf("%s (%d) in %s at 80x24", tt.name, i, name), 80, 24)
				if t.Failed() {
					return
				}
			}
		}
	}
	for over := nothingOver; over <= helpOver; over++ {
		if !opened[over] {
			t.Errorf("nothing opened overlay %d", over)
		}
	}
	t.Log(frames, "frames")
}

// An escape does something that can be seen, in every window, until there is nothing
// left to close.
func TestEscapeIsSeen(t *testing.T) {
	t.Parallel()
	opened := [][]string{nil, {"f"}, {"t"}, {"t", "f"}, {"space"}, {"f", "space"}, {"t", "[", "f"}, {"2"}, {"3", "t"}, {"4", "f"}, {"c", "f", "t", "4", "["}, {"H", "f"},
		{"/", "o", "enter"}, {"/", "o", "enter", "space"}, {"/", "o", "enter", "enter", "f", "t"}, {"enter", "t", "space"}}
	for i, tale := range []func() *tale{func() *tale { return many(30) }, func() *tale { return phase("scaling-up") }, states()["nothing"]} {
		for j, keys := range opened {
			for k, size := range [][2]int{{1, 1}, {20, 4}, {39, 24}, {60, 5}, {40, 8}, {80, 24}, {200, 55}} {
				if (i+j+k)%max(*sweepEvery/80, 1) != 0 {
					continue
				}
				m := sweepModel(tale(), func(*Options) {})
				press(m, keys...)
				m.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
				var frames []string
				for range 7 {
					frames = append(frames, m.frame)
					m.Update(gathered{})
					press(m, "esc")
				}
				over := slices.Index(frames, frames[len(frames)-1])
				for nth := range over {
					if frames[nth] == frames[nth+1] {
						t.Errorf("%s after %q at %v: escape %d does nothing that can be seen, and another does", []string{"many", "one", "nothing"}[i], keys, size, nth+1)
					}
				}
			}
		}
	}
}

// disarm takes back that the owner of what is open invites load.
func disarm(m *Model) {
	c, ok := m.store.Chain(m.view.id)
	switch {
	case !ok:
	case c.ScaledJob != nil:
		c.ScaledJob.InjectAllowed = false
		m.store.Apply(kscope.Observation{At: m.store.Now().Add(time.Millisecond), Fact: *c.ScaledJob})
	case c.ID.Kind == kscope.ScaledObjects && c.ScaledObject.InjectAllowed:
		c.ScaledObject.InjectAllowed = false
		m.store.Apply(kscope.Observation{At: m.store.Now().Add(time.Millisecond), Fact: c.ScaledObject})
	}
}

// sweepFrame draws a view in a window, and the same without what is over it.
func sweepFrame(t *testing.T, m *Model, without, open view, what string, w, h int) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s: %v", what, p)
			panic(p)
		}
	}()
	frame := resized(m, open, w, h)
	checkFrame(t, m)
	lines := strings.Split(frame, "\n")
	if len(lines) != h {
		t.Errorf("%s: %d lines", what, len(lines))
	}
	if w*h%5 == 0 {
		for _, line := range lines {
			if ansi.StringWidth(line) > w {
				t.Errorf("%s: %q is wider", what, line)
			}
		}
	}
	seen := open.over() != nothingOver || open.frozen && w >= 8
	if !seen {
		return
	}
	bare := open // the same screen, but for what takes the keys
	bare.prompt, bare.palette, bare.load.picker, bare.card, bare.typing, bare.help, bare.notes = nil, nil, nil, false, false, false, false
	if open.over() == nothingOver {
		bare = without
	}
	if resized(m, bare, w, h) == frame {
		t.Errorf("%s: it takes the keys and is not seen:\n%s", what, ansi.Strip(frame))
	}
}

// sweepEvery is which part of all that can be is tried, always the same: one in so
// many sizes of a view, other ones for each view, and accordingly of the rest that
// is too much for every run. make monkey has five times as much tried.
var sweepEvery = flag.Int("sweep-every", 240, "one in how many sizes of a view to draw")
