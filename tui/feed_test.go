package tui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/triggers"
)

// frames counts how often a model draws while it hears something.
func frames(m *Model, batches ...Observed) int {
	n, drew := 0, make(chan bool, 1)
	for _, b := range batches {
		m.frame, b.Drew = "", drew
		m.Update(b)
		if <-drew != (m.frame != "") {
			panic("the model does not say whether it drew")
		}
		if m.frame != "" {
			n++
		}
	}
	return n
}

// TestDrawsOnlyNews: what is on screen is drawn at once, the rest comes along
// with the next second.
func TestDrawsOnlyNews(t *testing.T) {
	ta := many(20)
	m := tell(ta, 120, 35)
	open := m.view.ids[2]
	press(m, "down", "down", "enter")
	if m.view.id != open {
		t.Fatalf("opened %v, want %v", m.view.id, open)
	}
	at := ta.at.Add(100 * time.Millisecond)
	obs := func(f kscope.Fact) Observed { return seen(kscope.Observation{At: at, Source: "test", Fact: f}) }
	depth := func(key string, n int64) Observed {
		q := triggers.Redis{Address: ta.queue.Server, Key: key}.Backlog()
		return obs(kscope.Depths{Server: q.Server, All: []kscope.Depth{{Backlog: q, N: float64(n), Type: "list"}}})
	}
	other := m.view.ids[5].Name
	chain, _ := m.store.Chain(open)
	so, wl, hpa := chain.ScaledObject, *chain.Workload, *chain.HPA
	so.CooldownPeriod += time.Second
	wl.Desired++
	hpa.DesiredReplicas++
	pod := kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: open.Name + "-x"}, UID: "x", Labels: map[string]string{"app": open.Name}, Created: at}
	stranger := pod
	stranger.Ref.Name, stranger.UID, stranger.Labels = other+"-x", "y", map[string]string{"app": other}
	moved := stranger
	moved.Ready = true
	for _, tt := range []struct {
		name string
		obs  Observed
		want int
	}{
		{"its queue", depth(open.Name, 77), 1},
		{"its queue, the same", depth(open.Name, 77), 0},
		{"another's queue", depth(other, 78), 0},
		{"itself", obs(so), 1},
		{"its workload", obs(wl), 1},
		{"its HPA", obs(hpa), 1},
		{"its pod", obs(pod), 1},
		{"its pod is gone", obs(kscope.Gone{Kind: kscope.Pods, Ref: pod.Ref, UID: "x"}), 1},
		{"another's pod", obs(stranger), 0},
		{"another's pod changes", obs(moved), 0},
		{"an event on it", obs(kscope.Event{UID: "1", Namespace: "demo", Type: "Warning", Reason: "X", Last: at, Regarding: kscope.ObjectRef{Kind: "ScaledObject", Namespace: "demo", Name: open.Name}}), 1},
		{"an event elsewhere", obs(kscope.Event{UID: "2", Namespace: "demo", Type: "Warning", Reason: "X", Last: at, Regarding: kscope.ObjectRef{Kind: "ScaledObject", Namespace: "demo", Name: other}}), 0},
		{"a source breaks", obs(kscope.Status{Kind: kscope.Pods, State: kscope.Failing}), 1},
		{"a push", obs(load.Load{Backlog: triggers.Redis{Address: ta.queue.Server, Key: open.Name}.Backlog(), Profile: load.BatchOf(1)}.Begun(at)), 1},
		{"the same second", obs(kscope.Heartbeat{}), 0},
		{"the next second", seen(kscope.Observation{At: at.Add(time.Second), Fact: kscope.Heartbeat{}}), 1},
		{"and no more in it", seen(kscope.Observation{At: at.Add(time.Second), Fact: kscope.Heartbeat{}}), 0},
	} {
		if got := frames(m, tt.obs); got != tt.want {
			t.Errorf("%s: %d frames, want %d", tt.name, got, tt.want)
		}
	}
	if _, cmd := m.Update(tea.FocusMsg{}); cmd != nil || frames(m) != 0 {
		t.Error("a message that says nothing draws")
	}
}

// TestTableDrawsOnlyNews: in the table, that KEDA saw work again moves countdowns
// and is drawn with the next second; what else is new of a row is drawn at once.
func TestTableDrawsOnlyNews(t *testing.T) {
	ta := many(20)
	m := tell(ta, 120, 35)
	chain, _ := m.store.Chain(m.view.ids[2])
	so := chain.ScaledObject
	at := ta.at.Add(100 * time.Millisecond)
	obs := func(f kscope.Fact) Observed { return seen(kscope.Observation{At: at, Source: "test", Fact: f}) }
	so.LastActiveTime = at
	if got := frames(m, obs(so)); got != 0 {
		t.Errorf("KEDA saw work again: %d frames, want none", got)
	}
	so.LastActiveTime, so.MaxReplicaCount = at.Add(time.Second), so.MaxReplicaCount+1
	if got := frames(m, obs(so)); got != 1 {
		t.Errorf("another maximum: %d frames, want 1", got)
	}
	if got := frames(m, seen(kscope.Observation{At: at.Add(time.Second), Fact: kscope.Heartbeat{}})); got != 1 {
		t.Errorf("the next second: %d frames, want 1", got)
	}
	if now, _ := m.store.Chain(idOf(so.Ref)); !now.ScaledObject.LastActiveTime.Equal(so.LastActiveTime) {
		t.Error("what was not drawn was not kept")
	}
}

// TestTallyRests: the whole table is counted again 5 seconds after something is
// new of it, and after 30 while nothing but the time can have changed it.
func TestTallyRests(t *testing.T) {
	ta := many(20)
	m := tell(ta, 120, 35)
	ref := m.view.ids[len(m.view.ids)-1]
	chain, _ := m.store.Chain(ref)
	so := chain.ScaledObject
	at := ta.at
	wait := func(d time.Duration, change func()) (counted bool) {
		was := m.tally.at
		for end := at.Add(d); at.Before(end); {
			at = at.Add(time.Second)
			change()
			m.Update(seen(kscope.Observation{At: at, Source: "test", Fact: so}))
			m.Update(seen(kscope.Observation{At: at, Fact: kscope.Heartbeat{}}))
		}
		return !m.tally.at.Equal(was)
	}
	seen := func() { so.LastActiveTime = at }
	wait(time.Minute, seen)
	for m.tally.at != at { // begin right after a count
		wait(time.Second, seen)
	}
	if wait(tallyAtRest-time.Second, seen) {
		t.Error("counted again though nothing was new")
	}
	if !wait(time.Second, seen) {
		t.Error("not counted again for too long")
	}
	if !wait(tallyEvery, func() { so.MaxReplicaCount++ }) {
		t.Error("not counted again though something was new")
	}
}

// TestNoiseIsSeenWithinASecond: news that was not drawn at once is not lost.
func TestNoiseIsSeenWithinASecond(t *testing.T) {
	ta := many(3)
	m := tell(ta, 120, 35)
	queue := triggers.Redis{Address: ta.queue.Server, Key: m.view.ids[0].Name}.Backlog()
	depths := kscope.Depths{Server: queue.Server, All: []kscope.Depth{{Backlog: queue, N: 4321, Type: "list"}}}
	m.shown.reset(m.store) // as if nothing were known to be shown
	m.Update(seen(kscope.Observation{At: ta.at.Add(time.Millisecond), Source: "redis", Fact: depths}))
	if strings.Contains(m.frame, "4,321") {
		t.Fatal("it was drawn at once: this test tests nothing")
	}
	m.Update(seen(kscope.Observation{At: ta.at.Add(time.Second), Fact: kscope.Heartbeat{}}))
	if !strings.Contains(m.frame, "4,321") {
		t.Errorf("not seen:\n%s", m.grid.Plain())
	}
}

// TestFreeze: nothing moves while frozen, and nothing is missing afterwards.
func TestFreeze(t *testing.T) {
	ta := newTale("demo", "worker-scaler").begin().run(30 * time.Second).push(100).run(10 * time.Second)
	m := tell(ta, 120, 35)
	press(m, "space")
	if !strings.Contains(m.frame, "FROZEN") {
		t.Fatal("the header does not say FROZEN")
	}
	frozen := m.grid.Plain()
	var later []kscope.Observation
	for range 60 {
		batch := ta.run(time.Second).take()
		later = append(later, batch.All...)
		m.Update(batch)
	}
	if got := m.grid.Plain(); got != frozen {
		t.Fatalf("moved while frozen:\n%s\nwas:\n%s", got, frozen)
	}
	press(m, "space")

	ta = newTale("demo", "worker-scaler").begin().run(30 * time.Second).push(100).run(10 * time.Second)
	never := tell(ta, 120, 35)
	never.Update(seen(later...))
	if got, want := m.grid.Plain(), never.grid.Plain(); got != want {
		t.Errorf("after the freeze:\n%s\nwithout one:\n%s", got, want)
	}
}

// TestFreezeEndsWithWhatIsKept: a screen left frozen keeps what it shows, and a
// moment under inspection that is no longer kept ends the freeze, and says so.
func TestFreezeEndsWithWhatIsKept(t *testing.T) {
	m := tell(many(10), 80, 24)
	at := m.store.Now()
	all := make([]kscope.Depth, 200)
	for i := range all {
		all[i].Backlog = triggers.Redis{Address: "r:6379", Key: fmt.Sprint(i)}.Backlog()
	}
	tick := func() {
		at = at.Add(250 * time.Millisecond)
		all = append([]kscope.Depth(nil), all...)
		for i := range 100 {
			all[i].N++
		}
		m.Update(seen(kscope.Observation{At: at, Source: "redis", Fact: kscope.Depths{Server: "r:6379", All: all}}))
	}
	press(m, "space")
	was := m.grid.Plain()
	for range 4 * 1200 {
		tick()
	}
	if !m.view.frozen || m.grid.Plain() != was {
		t.Errorf("after twenty minutes: frozen %v, got\n%s\nwant\n%s", m.view.frozen, m.grid.Plain(), was)
	}
	press(m, "space", "enter", "[", "[")
	if !m.view.past() {
		t.Fatal("no moment of the past is shown")
	}
	for range 4 * 3600 {
		if tick(); !m.view.frozen {
			break
		}
	}
	if m.view.frozen || !strings.Contains(m.grid.Plain(), "Live again") {
		t.Errorf("still frozen:\n%s", m.grid.Plain())
	}
}

// TestOpens is what is open after which beginning.
func TestOpens(t *testing.T) {
	listed := kscope.Status{Kind: kscope.ScaledObjects, State: kscope.Synced}
	so := func(name string) kscope.ScaledObject {
		return kscope.ScaledObject{Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: name}
	}
	job := func(name string) kscope.ScaledJob {
		return kscope.ScaledJob{Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: "job " + name}
	}
	plain := func(name string) kscope.HPA {
		return kscope.HPA{Ref: kscope.Ref{Namespace: "demo", Name: name}, UID: "hpa " + name}
	}
	gone := func(name string) kscope.Gone {
		return kscope.Gone{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "demo", Name: name}}
	}
	for _, tt := range []struct {
		name   string
		opt    string
		facts  []kscope.Fact
		keys   string
		screen opened
		ref    string
		kind   kscope.Kind // "" for any

		selected bool
	}{
		{name: "one", facts: []kscope.Fact{so("a"), listed}, ref: "a"},
		{name: "one, while more may come", facts: []kscope.Fact{so("a")}},
		{name: "two", facts: []kscope.Fact{so("a"), so("b"), listed}, screen: overview},
		{name: "a second one comes", facts: []kscope.Fact{so("a"), listed, so("b")}, screen: overview, ref: "a"},
		{name: "only a ScaledJob", facts: []kscope.Fact{listed, job("j")}, ref: "j"},
		{name: "by name", opt: "b", facts: []kscope.Fact{so("a"), so("b"), listed}, ref: "b"},
		{name: "by a name that is not there", opt: "c", facts: []kscope.Fact{so("a"), so("b"), listed}},
		{name: "and out of that", opt: "c", facts: []kscope.Fact{so("a"), so("b"), listed}, keys: "esc", screen: overview},
		{name: "gone stays open", opt: "a", facts: []kscope.Fact{so("a"), so("b"), listed, gone("a")}, ref: "a"},
		{name: "and out of that", opt: "a", facts: []kscope.Fact{so("a"), so("b"), listed, gone("a")}, keys: "esc", screen: overview, ref: "a"},
		{name: "a ScaledJob beside one", facts: []kscope.Fact{so("a"), listed, job("j")}, screen: overview, ref: "a"},
		{name: "only an HPA", facts: []kscope.Fact{listed, plain("h")}, ref: "h"},
		{name: "only an HPA, which may be a ScaledObject's", facts: []kscope.Fact{plain("h")}},
		{name: "only an HPA, where ScaledObjects are left out", facts: []kscope.Fact{listed, plain("h")}, selected: true},
		{name: "by name: a ScaledJob", opt: "j", facts: []kscope.Fact{so("a"), job("j"), listed}, ref: "j", kind: kscope.ScaledJobs},
		{name: "by name: a ScaledObject before a ScaledJob", opt: "b", facts: []kscope.Fact{so("b"), job("b"), plain("b"), listed}, ref: "b", kind: kscope.ScaledObjects},
		{name: "by name: a ScaledJob before an HPA", opt: "b", facts: []kscope.Fact{job("b"), plain("b"), listed}, ref: "b", kind: kscope.ScaledJobs},
		{name: "by name: an HPA", opt: "b", facts: []kscope.Fact{listed, so("a"), plain("b")}, ref: "b", kind: kscope.HPAs},
		{name: "gone and back", opt: "a", facts: []kscope.Fact{so("a"), listed, gone("a"), so("a")}, ref: "a"},
	} {
		m := New(Options{Namespace: "demo", Name: tt.opt, Theme: "dark", Selected: tt.selected})
		m.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
		for _, kind := range []kscope.Kind{kscope.ScaledJobs, kscope.HPAs} {
			m.Update(seen(kscope.Observation{At: taleStart, Source: "k8s", Fact: kscope.Status{Kind: kind, State: kscope.Synced}}))
		}
		for i, f := range tt.facts {
			m.Update(seen(kscope.Observation{At: taleStart.Add(time.Duration(i) * time.Millisecond), Source: "keda", Fact: f}))
		}
		press(m, strings.Fields(tt.keys)...)
		if m.view.screen != tt.screen || m.view.id.Name != tt.ref || tt.kind != "" && m.view.id.Kind != tt.kind {
			t.Errorf("%s: screen %d, %q open; want %d, %q", tt.name, m.view.screen, m.view.id.Name, tt.screen, tt.ref)
		}
	}
}

// TestViewChangesNothing: View may be called at any time and any number of
// times.
func TestViewChangesNothing(t *testing.T) {
	m := tell(phase("scaling-up"), 120, 35)
	first := m.View()
	allocs := testing.AllocsPerRun(100, func() { m.View() })
	if got := m.View(); got.Content != first.Content || allocs > 2 {
		t.Errorf("View changed the frame, or worked for it: %v allocations", allocs)
	}
}

// TestChartRests: while nothing happens the chart moves on every few seconds
// only, and with the first news it is up to date again.
func TestChartRests(t *testing.T) {
	ta := newTale("demo", "worker-scaler").begin().run(20 * time.Second)
	m := tell(ta, 120, 35)
	count := func(seconds int) (n int) {
		for range seconds {
			before := m.frame
			if m.Update(ta.run(time.Second).take()); m.frame != before {
				n++
			}
		}
		return n
	}
	if got := count(20); got > 4 {
		t.Errorf("20 idle seconds made %d different frames, want at most 4", got)
	}
	count(3)
	m.Update(ta.push(100).take())
	if age := m.store.Now().Sub(m.drawn.chart); age != 0 {
		t.Errorf("after a push the chart is %s old", age)
	}
	ta.run(10 * time.Second)
	m.Update(ta.take())
	if got := count(10); got < 9 {
		t.Errorf("10 busy seconds made %d different frames", got)
	}
}
