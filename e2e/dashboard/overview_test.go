package dashboard_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/kscope/kscope/e2e/screen"
)

// row finds the line of a ScaledObject in the overview and reads its phase,
// queue and replicas, as "phase queue ready/desired". Without a namespace it is
// that of a table of one namespace.
func row(text, namespace, name string) string {
	if namespace != "" {
		name = namespace + "/" + name
	}
	// Between queue and replicas there may be a little chart.
	re := regexp.MustCompile(`[ ▌]` + regexp.QuoteMeta(name) + `-\S+ +([a-z ]*[a-z]) +([\d,?~]+) .*?([\d?]+/[\d?]+) `)
	m := re.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return strings.Join(m[1:], " ")
}

// TestOverview looks at three ScaledObjects in two namespaces at once, among
// whatever else there is in the cluster.
func TestOverview(t *testing.T) {
	t.Parallel()
	one, two := newNamespace(t, "oa"), newNamespace(t, "ob")
	workers := []scaledWorker{
		{namespace: one, name: "asleep"},
		{namespace: one, name: "busy", jobSeconds: "600", max: 3},
		{namespace: two, name: "single", jobSeconds: "600", max: 1},
	}
	for i := range workers {
		workers[i].start(t)
	}
	push(t, workers[1].list, 20)
	push(t, workers[2].list, 4)
	waitForReplicas(t, one, "busy", 3)
	waitForReplicas(t, two, "single", 1)
	waitForReplicas(t, one, "asleep", 0)

	s := kscope(t, screen.Options{Cols: 200, Rows: 60, Env: []string{"NO_COLOR=1"}}, "-A")
	s.WaitFor(patience, "table", has("SCALEDOBJECT", "PHASE", "QUEUE", "READY", "all namespaces"))
	text := s.WaitFor(patience, "right numbers for all three", func(text string) bool {
		return row(text, one, "asleep") == "asleep 0 0/0" &&
			strings.HasSuffix(row(text, one, "busy"), " 17 3/3") &&
			strings.HasSuffix(row(text, two, "single"), " 3 1/1")
	})
	t.Logf("\n%s", text)

	s.Press("/")
	s.Type(two)
	s.WaitFor(patience, "filtered table", both(has(two+"/single-scaler", "/"+two), lacks(one+"/busy-scaler")))
	s.Press("enter")
	s.WaitFor(patience, "filter without a cursor", both(has("/"+two), lacks(two+"_")))
	s.Press("enter")
	s.WaitFor(patience, "detail", both(has(two+"/single-scaler", "Why", "Timeline"), func(text string) bool {
		l, _ := chain(text)
		return l.queue == "3" && l.target == "1/1" && l.pods == "1 ready"
	}))
	s.Press("esc")
	s.WaitFor(patience, "filtered table again", both(has("SCALEDOBJECT", "/"+two), lacks(one+"/busy-scaler")))
	s.Press("esc")
	s.WaitFor(patience, "whole table", has(one+"/busy-scaler", two+"/single-scaler"))

	s.Press("/")
	s.Type("no such thing")
	s.WaitFor(patience, "empty filter", has("nothing matches /no such thing", "esc clears"))
	s.Press("esc")
	s.WaitFor(patience, "whole table", has(one+"/busy-scaler"))

	// The numbers go on while one looks.
	push(t, workers[2].list, 40)
	s.WaitFor(patience, "more work", func(text string) bool { return strings.HasSuffix(row(text, two, "single"), " 43 1/1") })
}

// One namespace with several ScaledObjects opens as a table too, without the
// namespace before each name; with one it opens at its detail.
func TestOverviewOfANamespace(t *testing.T) {
	t.Parallel()
	ns := newNamespace(t, "several")
	for i := range 2 {
		w := scaledWorker{namespace: ns, name: fmt.Sprintf("worker%d", i)}
		w.start(t)
	}
	s := kscope(t, screen.Options{Cols: 80, Rows: 24}, "-n", ns)
	s.WaitFor(patience, "table", both(has("SCALEDOBJECT", " worker0-scaler", " worker1-scaler", "1 of 2"), lacks(ns+"/worker0")))
	s.Press("down")
	s.WaitFor(patience, "second row", has("2 of 2"))
	s.Press("enter")
	s.WaitFor(patience, "detail of the second", has(ns+"/worker1-scaler", "asleep"))

	named := kscope(t, screen.Options{}, "-n", ns, "worker1-scaler")
	named.WaitFor(patience, "detail of the one named", has(ns+"/worker1-scaler", "Timeline"))
}
