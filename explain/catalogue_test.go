package explain_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/golden"
	"github.com/kscope/kscope/store"
)

// explanation is a case of the catalogue: what holds in it, and what must be
// answered whatever the words. The words are in testdata/catalogue.txt.
type explanation struct {
	name   string
	scene  *store.Chain
	change func(c *store.Chain)
	rule   string
	phase  explain.Phase
	link   explain.Role
	why    string // the numbers and times in Decision.Why, in their order
	next   string // and those in Decision.Next
}

// answered is a case with its answer.
type answered struct {
	explanation
	explain.Decision
	longest int // no sentence of it may be longer
}

// answers are all cases, each decided once, since a change is made in place.
// The ordinary story is read from the back row: nothing in it may be long.
var answers = sync.OnceValue(func() []answered {
	var out []answered
	add := func(table []explanation, longest int) {
		for _, tt := range table {
			if tt.change != nil {
				tt.change(tt.scene)
			}
			out = append(out, answered{tt, explain.Decide(*tt.scene, noon), longest})
		}
	}
	add(ordinary, 110)
	add(troubled, 140)
	add(unlike, 120)
	return out
})

func TestExplain(t *testing.T) {
	for _, a := range answers() {
		t.Run(a.name, func(t *testing.T) {
			got := explanation{rule: a.Rule, phase: a.Phase, link: a.Link, why: numbers(a.Why), next: numbers(a.Next)}
			want := explanation{rule: a.rule, phase: a.phase, link: a.link, why: a.why, next: a.next}
			if d := cmp.Diff(want, got, cmp.AllowUnexported(explanation{})); d != "" {
				t.Errorf("%s\n%s\n%s", a.Why, a.Next, d)
			}
		})
	}
}

// numbers are those words of a text that begin with a digit or the mark of an
// estimate: counts, shares and times, but not the numbers in a name.
func numbers(text string) string {
	var out []string
	for _, w := range strings.Fields(text) {
		w = strings.Trim(w, ".,;:()")
		if w != "" && strings.ContainsRune("~0123456789", rune(w[0])) {
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}

func TestExplainInSentences(t *testing.T) {
	for _, a := range answers() {
		if a.Why == "" {
			t.Errorf("%s: no reason", a.name)
		}
		for _, s := range []string{a.Why, a.Next} {
			if fault := faultOf(s); fault != "" {
				t.Errorf("%s: %s: %q", a.name, fault, s)
			}
			if len(s) > a.longest {
				t.Errorf("%s: %d characters, more than %d: %q", a.name, len(s), a.longest, s)
			}
		}
	}
}

func TestFaultOf(t *testing.T) {
	for _, s := range []string{"it", "It", "It is.. so.", "It  is.", "%!d(string=x).", "About NaN.", "It has 1 pods.", "Of 1 jobs.", "1 are set.", "2 is set.", " It is."} {
		if faultOf(s) == "" {
			t.Errorf("no fault in %q", s)
		}
	}
	for _, s := range []string{"", "It is.", "11 jobs.", "1,001 jobs and 0.1 pods.", "order-worker is at zero.", "12 are set."} {
		if got := faultOf(s); got != "" {
			t.Errorf("%q: %s", s, got)
		}
	}
}

// ungrammatical is a number and a noun or verb that do not agree.
var ungrammatical = regexp.MustCompile(`(^|[^\d.,])(1 (pods|jobs|replicas|are|remain|stay|wait)|(\d*[2-9]|\d+[01]) (pod|job|replica|is set|is ready|remains|stays|waits))\b`)

// faultOf says what keeps a text from being sentences, "" if nothing. Names of
// objects, and kscope's own, keep their small letter.
func faultOf(s string) string {
	switch {
	case s == "":
		return ""
	case !strings.HasSuffix(s, "."):
		return "no full stop"
	case unicode.IsLower(rune(s[0])) && !strings.HasPrefix(s, "order-worker ") && !strings.HasPrefix(s, "kscope "):
		return "no capital"
	case s != strings.Join(strings.Fields(s), " "):
		return "blanks"
	case strings.Contains(s, ".."), strings.Contains(s, "%!"), strings.Contains(s, "NaN"):
		return "leftovers"
	}
	if bad := ungrammatical.FindString(s); bad != "" {
		return "grammar: " + bad
	}
	return ""
}

// The words are for a person to read: make golden rewrites them.
func TestCatalogueReads(t *testing.T) {
	golden.Compare(t, "catalogue.txt", printed(answers()))
}

// printed is the catalogue by rule, in the order in which the cases first need
// them: the name of a case, then why, then what comes next if that is said.
func printed(all []answered) string {
	var rules []string
	cases := map[string]string{}
	for _, a := range all {
		if !slices.Contains(rules, a.Rule) {
			rules = append(rules, a.Rule)
		}
		text := fmt.Sprintf("\n  %s\n    %s\n", a.name, a.Why)
		if a.Next != "" {
			text += fmt.Sprintf("    %s\n", a.Next)
		}
		cases[a.Rule] += text
	}
	var b strings.Builder
	for i, r := range rules {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(r + "\n" + cases[r])
	}
	return b.String()
}
