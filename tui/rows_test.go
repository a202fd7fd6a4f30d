package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/triggers"
)

// busyTable is a table of so many, of which the queues change all the time.
func busyTable(n int) (*tale, func(m *Model, round int)) {
	t := newTale("demo", "seed")
	t.say(kscope.Status{Kind: kscope.ScaledJobs, State: kscope.Synced}, kscope.Status{Kind: kscope.HPAs, State: kscope.Synced}, kscope.Status{Kind: kscope.Deployments, State: kscope.Synced})
	var qs []kscope.Backlog
	for i := range n {
		so := t.so
		so.Ref.Name, so.UID, so.HPAName = fmt.Sprintf("worker-%02d", i), fmt.Sprint("so", i), ""
		so.ScaleTarget.Name = so.Ref.Name
		q := triggers.Redis{Address: t.queue.Server, Key: so.Ref.Name}.Backlog()
		so.Triggers = []kscope.Trigger{{Type: "redis", MetricType: "AverageValue", Backlog: &q, Metadata: map[string]string{"listLength": "5"}}}
		size := int32(i * 7 % 10)
		t.say(so, kscope.Workload{Ref: so.Ref, Kind: "Deployment", UID: fmt.Sprint("w", i), Desired: size, Current: size, Ready: &size})
		qs = append(qs, q)
	}
	t.say(kscope.Status{Kind: kscope.ScaledObjects, State: kscope.Synced})
	return t, func(m *Model, round int) {
		t.at = t.at.Add(time.Second)
		d := kscope.Depths{Server: t.queue.Server}
		for i, q := range qs {
			d.All = append(d.All, kscope.Depth{Backlog: q, N: float64((i*37 + round*53) % 101), Type: "list"})
		}
		t.say(d, kscope.Heartbeat{})
		m.Update(t.take())
	}
}

// Every order puts first what it promises, marks its column, and is said with its
// key.
func TestOrders(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 35}, {200, 55}} {
		ta, play := busyTable(12)
		m := tell(ta, size[0], size[1])
		play(m, 1)
		for _, tt := range []struct{ title, key string }{
			{"PHASE ▼", "o problems first"}, {"QUEUE ▼", "o longest queue"}, {"READY ▼", "o most replicas"}, {"SCALEDOBJECT ▼", "o by name"},
		} {
			press(m, "o")
			if text := m.grid.Plain(); !strings.Contains(text, tt.title) || !strings.Contains(text, tt.key) || strings.Count(strings.Split(text, "\n")[1], "▼") != 1 {
				t.Errorf("%v: neither %q nor %q:\n%s", size, tt.title, tt.key, text)
			}
			for i := 1; i < len(m.view.ids); i++ {
				a, b := m.weight(m.view.ids[i-1]), m.weight(m.view.ids[i])
				if tt.title != "SCALEDOBJECT ▼" && a < b || tt.title == "SCALEDOBJECT ▼" && m.view.ids[i].Less(m.view.ids[i-1].Ref) {
					t.Errorf("%v, %s: %v stands before %v", size, tt.key, m.view.ids[i-1], m.view.ids[i])
				}
			}
		}
	}
}

// While the numbers change every second, rows move every ten seconds at most, not
// while keys are pressed, and what is selected stays selected.
func TestRowsKeepStill(t *testing.T) {
	ta, play := busyTable(12)
	m := tell(ta, 120, 35)
	play(m, 0)
	press(m, "o", "o", "j", "j", "j")
	before, moves := slices.Clone(m.view.ids), 0
	for round := range 60 {
		on := m.view.ids[m.view.row]
		play(m, round+1)
		if got := m.view.ids[m.view.row]; got != on {
			t.Fatalf("second %d: %v is selected, not %v", round, got, on)
		}
		if !slices.Equal(before, m.view.ids) {
			before = slices.Clone(m.view.ids)
			moves++
		}
	}
	if moves < 3 || moves > 6 {
		t.Errorf("the rows moved %d times in a minute", moves)
	}
	for round := range 40 { // somebody moves about
		press(m, []string{"j", "k"}[round%2])
		play(m, 100+round)
		if !slices.Equal(before, m.view.ids) {
			t.Fatalf("second %d: the rows moved while keys were pressed", round)
		}
	}
	press(m, "space") // and a frozen table stands still
	before = slices.Clone(m.view.ids)
	for round := range 30 {
		play(m, 200+round)
	}
	if !slices.Equal(before, m.view.ids) {
		t.Error("the rows of a frozen screen moved")
	}
}

// Who comes and goes leaves the others where they are, and the selected one
// selected.
func TestRowsThatComeAndGo(t *testing.T) {
	for presses := range 4 {
		ta, play := busyTable(12)
		m := tell(ta, 120, 35)
		play(m, 0)
		for range presses {
			press(m, "o")
		}
		press(m, "j", "j", "j", "j")
		on, before := m.view.ids[m.view.row], slices.Clone(m.view.ids)
		gone := before[1]
		so := ta.so
		so.Ref.Name, so.UID = "aaa", "aaa"
		ta.say(so, kscope.Gone{Kind: kscope.ScaledObjects, Ref: gone.Ref})
		m.Update(ta.take())
		if got := m.view.ids[m.view.row]; got != on {
			t.Errorf("order %v: %v is selected, not %v", m.view.order, got, on)
		}
		want := slices.DeleteFunc(before, func(id kscope.ID) bool { return id == gone })
		got := slices.DeleteFunc(slices.Clone(m.view.ids), func(id kscope.ID) bool { return id.Name == "aaa" })
		if !slices.Equal(got, want) || len(m.view.ids) != 12 {
			t.Errorf("order %v: got %v, want %v", m.view.order, got, want)
		}
	}
}

// Where the table is short, the rest of the screen is about the selected row, and
// nothing jumps while one moves or types a filter.
func TestPreview(t *testing.T) {
	for _, size := range [][2]int{{60, 24}, {80, 24}, {120, 35}, {200, 55}, {200, 70}} {
		ta, play := busyTable(12)
		m := tell(ta, size[0], size[1])
		play(m, 3)
		for _, ks := range [][]string{{"j"}, {"j", "j"}, {"G"}, {"/", "0", "3"}, {"enter"}} {
			press(m, ks...)
			rows := strings.Split(m.grid.Plain(), "\n")
			title := slices.IndexFunc(rows, func(row string) bool { return strings.Contains(row, "enter opens it") })
			if title != 14 {
				t.Errorf("%v, %v: the preview begins in row %d:\n%s", size, ks, title, m.grid.Plain())
				continue
			}
			on := m.view.ids[m.view.row]
			p, _ := explain.Look(m.seen, on)
			text := strings.Join(strings.Fields(strings.Join(rows[title:], " ")), " ")
			if !strings.Contains(rows[title], on.Name) || !strings.Contains(text, p.Why[:30]) || !strings.Contains(text, "Time") {
				t.Errorf("%v, %v: no preview of %s, %q:\n%s", size, ks, on.Name, p.Why, m.grid.Plain())
			}
		}
	}
	ta, play := busyTable(40) // and where it is long, all of it is the table's
	m := tell(ta, 120, 35)
	play(m, 3)
	if strings.Contains(m.grid.Plain(), "enter opens it") || m.overviewPage() != 32 {
		t.Errorf("got\n%s", m.grid.Plain())
	}
}

// Until somebody moves among the rows the first is selected, in whatever order they
// come; then the same one stays.
func TestFirstRowIsSelected(t *testing.T) {
	ta := newTale("demo", "all")
	m := tell(ta, 120, 35)
	come := func(name string) {
		so := kscope.ScaledObject{Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: name}
		m.Update(seen(kscope.Observation{At: ta.at, Source: "keda", Fact: so}))
		ta.at = ta.at.Add(2 * time.Second)
		m.Update(seen(kscope.Observation{At: ta.at, Fact: kscope.Heartbeat{}}))
	}
	for _, name := range []string{"m", "z", "k", "d"} {
		come(name)
	}
	selected := func() string { return m.view.ids[m.view.row].Name }
	if len(m.view.ids) < 4 || m.view.row != 0 {
		t.Errorf("row %d of %d is selected, %s", m.view.row, len(m.view.ids), selected())
	}
	press(m, "down")
	was := selected()
	come("a")
	if got := selected(); got != was {
		t.Errorf("%s was selected, and is %s", was, got)
	}
}
