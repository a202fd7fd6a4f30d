package dashboard_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kscope/kscope/e2e/screen"
	"github.com/kscope/kscope/e2e/soak"
)

// tableLooks are keys for a namespace of several ScaledObjects, beside those
// for any screen.
var tableLooks = [][]string{
	{"enter"}, {"enter"}, {"enter"}, {"esc"}, {"esc"}, {"j"}, {"k"}, {"g"}, {"G"}, {"o"}, {"n"}, {"N"}, {"t", "t"},
	{"/", "d", "enter"}, {"I", "enter"}, {"I", "j", "enter"}, {"x"}, {"x"}, {":", "esc"},
}

// TestSoakOnACluster plays for long on a real cluster: somebody looks around
// and puts load in, and all the while servers stop and come back, pods go,
// lines are cut, permissions are taken and given, ScaledObjects are edited,
// paused, deleted and made again. Memory, descriptors and goroutines stay what
// they were, and when all is mended every number is what the cluster and Redis
// say.
//
// It stops servers that all tests share, so it is not parallel.
func TestSoakOnACluster(t *testing.T) {
	const seed = 12
	ns, all := layOutSoak(t)
	rules := readmeRules(t)
	kubeconfig, err := c.CreateUser(t.Context(), ns, ns, rules...)
	if err != nil {
		t.Fatal(err)
	}
	g := newGate(t)
	env := []string{"KUBECONFIG=" + g.through(t, kubeconfig)}
	s := kscope(t, screen.Options{Cols: 120, Rows: 29, Env: env}, "-n", ns)
	s.WaitFor(patience, "table", has("SCALEDOBJECT", " tunnel-scaler"))

	f := &fate{t: t, ns: ns, all: all, gate: g, rules: rules, going: map[string]bool{}, happened: map[string]int{}}
	ctx, end := context.WithTimeout(t.Context(), *soak.For)
	var playing sync.WaitGroup
	defer playing.Wait()
	defer end()
	playing.Go(func() { f.run(ctx, rand.New(rand.NewPCG(seed, 1))) })
	readings := lookAround(ctx, t, s, rand.New(rand.NewPCG(seed, 2)))
	playing.Wait()
	for _, name := range slices.Sorted(maps.Keys(f.happened)) {
		t.Logf("%4d times %s", f.happened[name], name)
	}
	readings.Flat(t)

	young := kscope(t, screen.Options{Cols: 120, Rows: 29, Env: env}, "-n", ns)
	toTheTable(s)
	screens := []*screen.Screen{young, s}
	sleep(t, all, screens)
	work(t, all, screens)
	few, _ := soak.Goroutines(t, young, patience)
	if many, trace := soak.Goroutines(t, s, patience); many > few+few/4 {
		t.Errorf("%d goroutines, where a young one has %d:\n%s", many, few, trace)
	} else {
		t.Logf("%d goroutines, where a young one has %d", many, few)
	}
}

// lookAround is what somebody does at the screen until ctx is done.
func lookAround(ctx context.Context, t *testing.T, s *screen.Screen, r *rand.Rand) *soak.Readings {
	t.Helper()
	person := soak.Sit(s, r, slices.Concat(soak.Looks, tableLooks))
	defer person.Leave()
	readings := soak.Read(s.PID(), *soak.For)
	for ctx.Err() == nil {
		if r.IntN(8) == 0 {
			person.Drag()
		} else {
			person.Look()
		}
		person.Pause()
		if text := s.Text(); s.Exited() || strings.Contains(text, "defect") {
			t.Fatalf("the screen:\n%s", text)
		}
		readings.Take(t)
	}
	s.Resize(120, 29)
	person.Press("x") // no more load
	return readings
}

// toTheTable leaves whatever is open, and what somebody looked for there.
func toTheTable(s *screen.Screen) {
	hand := time.NewTicker(500 * time.Millisecond)
	defer hand.Stop()
	for range 8 { // one thing after the other
		s.Press("esc")
		<-hand.C
	}
	s.WaitFor(patience, "table of all, live", both(has("SCALEDOBJECT", "LIVE", "of 4"), lacks("FROZEN")))
}

// sleep empties the queues and waits until all is asleep, in the cluster and
// then on the screens.
func sleep(t *testing.T, all []*soaked, screens []*screen.Screen) {
	t.Helper()
	want := map[string]links{}
	for _, w := range all {
		w.jobSeconds = "600" // for what follows
		w.cooldown = 3       // KEDA looks at once at what is changed, however often it failed before
		waitFor(t, settling, w.name+" as it was", w.apply)
		if err := queues.Del(t.Context(), w.list()).Err(); err != nil {
			t.Fatal(err)
		}
		want[w.name] = links{"0", "inactive", "resting", "0/0", "0 ready"}
		if w.paused {
			want[w.name] = links{"0", "paused", "none", "1/1", "1 ready"}
		}
	}
	waitForTruth(t, "rest", all, want)
	agree(t, all, screens, map[bool]string{false: "asleep", true: "paused"})
}

// work fills the queues with jobs that take longer than the test: then each
// number stays what it is, and each is another.
func work(t *testing.T, all []*soaked, screens []*screen.Screen) {
	t.Helper()
	for i, w := range all {
		push(t, w.list(), 40+11*i)
	}
	waitForTruth(t, "work", all, map[string]links{
		"direct":  {"35", "active", "wants 5", "5/5", "5 ready"},
		"guarded": {"47", "active", "wants 4", "4/4", "4 ready"},
		"second":  {"59", "active", "wants 3", "3/3", "3 ready"},
		"tunnel":  {"72", "paused", "none", "1/1", "1 ready"},
	})
	agree(t, all, screens, map[bool]string{false: "at max", true: "paused"})
}

// agree holds the table and the detail of each against what the cluster and
// Redis say, and the word for its phase, whether it is paused or not.
func agree(t *testing.T, all []*soaked, screens []*screen.Screen, phase map[bool]string) {
	t.Helper()
	hand := time.NewTicker(150 * time.Millisecond)
	defer hand.Stop()
	for _, s := range screens {
		for _, w := range all {
			l, err := w.truth(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s.WaitFor(patience, w.name+" in the table as it is", func(text string) bool {
				return rowIs(text, w, phase[w.paused], l) && lacks("PARTLY BLIND")(text)
			})
			s.Press("/")
			s.Type(w.name)
			s.Press("enter")
			s.WaitFor(patience, w.name+" alone", has("1 of 1"))
			s.Press("enter")
			s.WaitFor(patience, w.name+" in detail as it is", both(has("/"+w.scaledObject(), phase[w.paused]), chainIs(l)))
			<-hand.C
			s.Press("esc")
			s.WaitFor(patience, "table", has("SCALEDOBJECT", "1 of 1"))
			<-hand.C
			s.Press("esc")
			s.WaitFor(patience, "all of the table", has("of 4"))
			<-hand.C
		}
	}
}
