package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/tui/screen"
)

// longNames are pairs of long names that differ in their last characters only.
func longNames() (out [][2]string) {
	for _, stem := range []string{"warehouse-orders-europe-west-", "team:checkout:refunds:by-card:retry-queue:", "a-very-long-name-without-any-meaning-at-all-that-goes-on-and-on-for-sixty-two-",
		"größer-als-alles-was-sonst-noch-so-heißt-", "仓库订单处理工作者队列仓库订单处理工作者队列仓库订单处理"} {
		for _, end := range [][2]string{{"a", "b"}, {"10", "11"}, {"high", "low"}} {
			out = append(out, [2]string{stem + end[0], stem + end[1]})
		}
	}
	return out
}

// storyOf is a story in which everything has a name.
func storyOf(name string) *tale {
	t := newTale("demo", name)
	t.so.ScaleTarget.Name, t.work.Ref.Name = name, name
	t.so.InjectAllowed = false
	t.queue = triggers.Redis{Address: "redis.demo.svc.cluster.local:6379", Key: name}.Backlog()
	t.so.Triggers[0].Backlog = &t.queue
	t.begin().run(5 * time.Second).push(60).run(21 * time.Second)
	pod := t.pods[0]
	t.say(kscope.Gone{Kind: kscope.Pods, Ref: pod.Ref, UID: pod.UID})
	pod.Ref.Name, pod.UID, pod.Node = "w-"+name, "w-"+name, "node-"+name
	t.say(pod)
	return t
}

// places are those that show a name, each the rows of it on a screen.
var places = []struct {
	name  string
	of    func(t *testing.T, name string, w, h int) *Model
	shown string // what stands in the rows that show the name
}{
	{"header", detailOf(), "kscope "},
	{"link of the queue", detailOf(), "poll 5s"},
	{"legend", detailOf(), "peak 60"},
	{"sentence", sleeping(), " Why "},
	{"pods", detailOf("t"), "READY IN"},
	{"pods not seen", forbidden(), "the counts come from"},
	{"card", detailOf("C"), "queue  "},
	{"question", detailOf("i"), "queue  "},
	{"list of loads", detailOf("I"), "Load on"},
	{"palette", detailOf(":"), "throws the jobs"},
	{"notice", detailOf("i", "y"), "Pushing"},
	{"row", overviewOf(), " asleep "},
	{"preview", overviewOf(), "enter opens it"},
	{"server lost", lost(), "cannot read Redis"},
}

func detailOf(ks ...string) func(t *testing.T, name string, w, h int) *Model {
	return func(_ *testing.T, name string, w, h int) *Model {
		m := tell(storyOf(name), w, h, func(o *Options) { o.Purge = func(load.Purge) {} })
		press(m, ks...)
		return m
	}
}

func sleeping() func(t *testing.T, name string, w, h int) *Model {
	return func(_ *testing.T, name string, w, h int) *Model { return tell(storyOf(name).run(3*time.Minute), w, h) }
}

func forbidden() func(t *testing.T, name string, w, h int) *Model {
	return func(_ *testing.T, name string, w, h int) *Model {
		ta := storyOf(name)
		ta.say(kscope.Status{Kind: kscope.Pods, State: kscope.Forbidden})
		return tell(ta, w, h)
	}
}

// lost is a server that is known by what a trigger names, and lost.
func lost() func(t *testing.T, name string, w, h int) *Model {
	return func(_ *testing.T, name string, w, h int) *Model {
		ta := storyOf(name)
		q := triggers.Redis{Via: "TriggerAuthentication demo/" + name, Key: "orders"}.Backlog()
		ta.so.Triggers[0].Backlog = &q
		ta.say(ta.so, kscope.Status{Kind: kscope.Queues, Name: q.Server, State: kscope.Synced}, kscope.Status{Kind: kscope.Queues, Name: q.Server, State: kscope.Failing, Message: "connection refused"})
		return tell(ta, w, h)
	}
}

func overviewOf() func(t *testing.T, name string, w, h int) *Model {
	return func(t *testing.T, name string, w, h int) *Model {
		ta := storyOf(name).run(time.Minute)
		other := newTale("demo", "zz")
		ta.say(other.so, other.hpa)
		m := tell(ta, w, h)
		if m.view.screen != overview {
			t.Fatal("no table")
		}
		return m
	}
}

// Wherever a name is shown, one that differs only in its last characters looks
// different, and what happened stands before it.
func TestNamesThatDifferAtTheirEnd(t *testing.T) {
	for _, p := range places {
		for _, pair := range longNames() {
			ms := [2]*Model{p.of(t, pair[0], 120, 35), p.of(t, pair[1], 120, 35)}
			for _, ascii := range []bool{false, true} {
				if ascii && strings.ContainsAny(pair[0], "仓ö") { // of which ASCII has only the number
					continue
				}
				for _, size := range [][2]int{{80, 24}, {120, 35}} {
					var got [2]string
					for i, m := range ms {
						m.o.ASCII = ascii
						m.restyle()
						resized(m, m.view, size[0], size[1])
						if got[i] = rowsWith(m, p.shown); got[i] == "" {
							t.Fatalf("%s at %v: no row with %q:\n%s", p.name, size, p.shown, m.grid.Plain())
						}
					}
					if got[0] == got[1] {
						t.Errorf("%s at %v, ASCII %v: %s and %s look alike:\n%s", p.name, size, ascii, pair[0], pair[1], got[0])
					}
				}
			}
		}
	}
}

// rowsWith is the row that holds a text, the one that may be its heading, and the
// next, into which it may go on.
func rowsWith(m *Model, text string) string {
	rows := strings.Split(m.grid.Plain(), "\n")
	i := slices.IndexFunc(rows, func(row string) bool { return strings.Contains(row, text) })
	if i < 0 {
		return ""
	}
	return strings.Join(rows[max(i-1, 0):i+2], "\n")
}

// What happened comes first in every entry and in every notice, whatever the
// names.
func TestWhatHappenedComesFirst(t *testing.T) {
	for _, pair := range longNames() {
		for _, size := range [][2]int{{80, 24}, {120, 35}} {
			m := lost()(t, pair[0], size[0], size[1])
			for _, want := range []string{"cannot read Redis: connection refused", "× Redis: connection refused"} {
				if size[0] == 80 && want[0] == 'c' {
					want = "cannot read Redis: connection re"
				}
				if !strings.Contains(m.grid.Plain(), want) {
					t.Errorf("%v: no %q:\n%s", size, want, m.grid.Plain())
				}
			}
			m.Update(seen(kscope.Observation{At: m.store.Now(), Source: "redis", Fact: kscope.Purged{Backlog: storyOf(pair[0]).queue, Err: "READONLY You can't write"}}))
			if text := m.grid.Plain(); !strings.Contains(text, "Not emptied: READONLY You can't write (") {
				t.Errorf("%v:\n%s", size, text)
			}
		}
	}
}

// Of several queues each can be charted by a key, is named, and takes the load;
// the same key leads back to the main one, which is followed again.
func TestNextQueue(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 35}, {200, 55}} {
		m := tell(withQueues(phase("asleep"), "first", "second", "third", "fourth"), size[0], size[1])
		legend := func() string {
			_, after, _ := strings.Cut(rowsWith(m, "▇ "), "▇ ")
			name, _, _ := strings.Cut(after, "  ")
			return name
		}
		top := func() string { return fmt.Sprint(m.drawnQueue()) }
		var got []string
		for range 5 {
			got = append(got, legend()+" "+top())
			press(m, "n")
		}
		press(m, "N")
		got = append(got, legend()+" "+top())
		want := []string{"fourth, heaviest of 4 9", "first, 1 of 4 0", "second, 2 of 4 1", "third, 3 of 4 4", "fourth, heaviest of 4 9", "fourth, heaviest of 4 9"}
		if !slices.Equal(got, want) {
			t.Errorf("%v: got %q, want %q", size, got, want)
		}
		press(m, "n", "n", "i")
		if want := "Pushing 10 jobs to second ..."; m.view.notice != want {
			t.Errorf("%v: %q, want %q", size, m.view.notice, want)
		}
		press(m, "j")
		if !strings.Contains(m.grid.Plain(), "batch 10 to second") || !strings.Contains(m.grid.Plain(), "n queue") || !strings.Contains(m.grid.Plain(), "? help") {
			t.Errorf("%v: the keys say neither which queue nor how to choose:\n%s", size, m.grid.Plain())
		}
		if c, _ := m.seen.Chain(m.view.id); c.Reading().Name() != "fourth" || m.grid.Plain() == "" {
			t.Errorf("%v: the main one is %s", size, c.Reading().Name())
		}
	}
	m := tell(phase("asleep"), 80, 24)
	if press(m, "n"); m.view.notice != "There is no other queue here." {
		t.Errorf("of one queue: %q", m.view.notice)
	}
}

// drawnQueue is the newest value of the queue that is charted.
func (m *Model) drawnQueue() float64 {
	p, _ := m.picture()
	v, _ := p.history.Queue.Last()
	return v
}

// A name with characters that cannot be seen is not shown as another.
func TestInvisibleCharactersOfANameShow(t *testing.T) {
	m := tell(withQueues(phase("asleep"), "parcels", "parcels\x063", "parcels\x069"), 120, 35)
	seen := map[string]bool{}
	for range 3 {
		seen[rowsWith(m, "▇ ")] = true
		press(m, "n")
	}
	if len(seen) != 3 || !strings.Contains(fmt.Sprint(seen), `parcels\x063`) {
		t.Errorf("got %v", seen)
	}
	if screen.Width("…") != 1 {
		t.Error("the sign for what was left out is not one column wide")
	}
}
