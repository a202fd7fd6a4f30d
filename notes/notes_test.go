package notes

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kscope/kscope"
)

func of(kind, name string) []kscope.ObjectRef {
	return []kscope.ObjectRef{{Kind: kind, Namespace: "shop", Name: name}}
}

// TestGrouped: what matters most comes first, what scales before what does not, and
// what is the same of several objects is told once.
func TestGrouped(t *testing.T) {
	orders := kscope.ID{Kind: kscope.ScaledObjects, Ref: kscope.Ref{Namespace: "shop", Name: "orders"}}
	const unplayed = "objects of this kind are not played"
	given := []Note{
		{Weight: Idle, Objects: of("ServiceAccount", "sa"), Place: "a.yaml:9", Says: "without effect"},
		{Weight: Unplayed, Objects: of("Job", "migrate"), Place: "a.yaml:1", Says: unplayed},
		{Weight: Differs, Objects: of("ScaledObject", "orders"), Place: "a.yaml:20", Says: "a list stands in", Rows: []kscope.ID{orders}},
		{Weight: Unplayed, Objects: of("CronJob", "nightly"), Place: "a.yaml:2", Says: unplayed},
		{Weight: LeftOut, Place: "b.yaml:4", Says: "no YAML", Next: "is it a text file?"},
		{Weight: Unplayed, Objects: of("Job", "seed"), Says: unplayed},
		{Weight: LeftOut, Objects: of("ScaledObject", "mail"), Place: "b.yaml:7", Says: `unknown field "x"`},
		{Weight: Fails, Objects: of("TriggerAuthentication", "auth"), Says: "no such Secret"},
		{Weight: Unplayed, Place: "values.yaml:1", Says: unplayed}, // a file is not one of them
	}
	before := fmt.Sprint(given)
	var got []string
	for _, n := range Grouped(given) {
		got = append(got, n.Weight.String()+" | "+n.String()+" | "+n.Where())
	}
	if diff := cmp.Diff([]string{
		`left out | ScaledObject shop/mail: unknown field "x" | b.yaml:7`,
		"left out | b.yaml:4: no YAML (is it a text file?) | ",
		"fails | TriggerAuthentication shop/auth: no such Secret | ",
		"played otherwise | ScaledObject shop/orders: a list stands in | a.yaml:20",
		"not played | CronJob shop/nightly, Job shop/migrate, shop/seed: " + unplayed + " | a.yaml:1 and 2 more",
		"not played | values.yaml:1: " + unplayed + " | ",
		"without effect | ServiceAccount shop/sa: without effect | a.yaml:9",
	}, got); diff != "" {
		t.Error(diff)
	}
	if after := fmt.Sprint(given); after != before {
		t.Errorf("what was given has changed:\n%s\n%s", before, after)
	}
	if !Grouped(given)[3].Concerns(orders) || Grouped(given)[2].Concerns(orders) {
		t.Error("a note concerns another object than its own")
	}
}

// TestManyObjects: of very many objects some are named, and how many there are.
func TestManyObjects(t *testing.T) {
	var all []Note
	for i := range 5000 {
		all = append(all, Note{Weight: Unplayed, Objects: of("Job", fmt.Sprint("j", i)), Says: "x", Place: "a.yaml:1"})
	}
	got := Grouped(all)
	if len(got) != 1 || len(got[0].Objects) != 5000 {
		t.Fatalf("%d notes", len(got))
	}
	s := got[0].Subject()
	if !strings.HasPrefix(s, "5,000 objects: Job shop/j0, shop/j1, ") || !strings.HasSuffix(s, ", shop/j99 and 4,900 more") {
		t.Error(s)
	}
	if w := got[0].Where(); w != "a.yaml:1 and 4,999 more" {
		t.Error(w)
	}
}

// TestMatters: the weights are in order, and those that matter come first.
func TestMatters(t *testing.T) {
	all := []Weight{LeftOut, Fails, Differs, Unplayed, Idle}
	if i := slices.IndexFunc(all, func(w Weight) bool { return !w.Matters() }); i != 3 || !slices.IsSorted(all) {
		t.Errorf("%v, %d", all, i)
	}
}
