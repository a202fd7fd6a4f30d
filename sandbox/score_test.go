package sandbox

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

var (
	scoreEvery = flag.Int("score-every", 384, "TestScore plays one story in so many")
	scoreStory = flag.String("score-story", "", "TestScore plays this story alone, such as healthy-27, and tells it second by second")
)

// TestScore plays stories through the real sources and the real store, holds what
// is said at every second against what then happens, and fails where less of it
// comes true than the bars want. make score plays all stories and shows the table.
func TestScore(t *testing.T) {
	var played []scored
	var mu sync.Mutex
	t.Run("stories", func(t *testing.T) {
		for _, s := range chosen(t) {
			t.Run(s.name(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					out := tell(t, s)
					if *scoreStory != "" {
						fmt.Println(out.trace())
					}
					one := scored{s, out.weigh()}
					mu.Lock()
					defer mu.Unlock()
					played = append(played, one)
				})
			})
		}
	})
	fmt.Println(table(played))
	if *scoreStory != "" || t.Failed() {
		return // of one story no share means whatever
	}
	all := tally{}
	for _, p := range played {
		all.add(p.tally)
	}
	report, ok := held(all, len(played))
	fmt.Println(report)
	if !ok {
		t.Error("less comes true than the bars want")
	}
}

// chosen are the stories to play.
func chosen(t *testing.T) []story {
	var out []story
	i := 0
	for _, f := range families {
		for n := range f.n {
			s := storyOf(f.family, n)
			if *scoreStory == "" && i%max(*scoreEvery, 1) == 0 || *scoreStory == s.name() {
				out = append(out, s)
			}
			i++
		}
	}
	if len(out) == 0 {
		t.Fatalf("there is no story %q", *scoreStory)
	}
	return out
}

// scored is a story with what came of it.
type scored struct {
	story
	tally
}

// held says how each bar is held by so many stories, and whether all are. A part of
// them may miss one by a little; of a handful no share means anything, and only
// numbers count.
func held(all tally, stories int) (report string, ok bool) {
	var b strings.Builder
	ok = true
	fmt.Fprintf(&b, "%-62s %9s %9s %7s\n", "bars", "now", "bar", "aim")
	for _, bar := range bars {
		now, known := bar.now(all)
		if !known {
			continue
		}
		limit, verdict := bar.bar, ""
		switch {
		case bar.each:
		case stories < handful:
			continue
		case *scoreEvery > 1:
			limit += map[bool]float64{true: partly, false: -partly}[bar.most]
		}
		if bar.most && now > limit || !bar.most && now < limit {
			verdict, ok = "  FAILS", false
		}
		sign := map[bool]string{true: "<=", false: ">="}[bar.most]
		fmt.Fprintf(&b, "%-62s %9.2f %s%7.2f %7g%s\n", bar.what, now, sign, limit, bar.aim, verdict)
	}
	return b.String(), ok
}

// table is what was counted.
func table(played []scored) string {
	all := tally{}
	for _, p := range played {
		all.add(p.tally)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d stories of %v. Undisturbed is what nothing came into that it does not allow for: jobs, or another rate, or other settings.\n", len(played), storyLength)
	for _, f := range families {
		of := func(measure string) tally {
			return all.only(func(k key) bool { return k.family == f.family && k.measure == measure })
		}
		seconds := of("said")
		if len(seconds) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s: of %s seconds a change is foretold in %s, that there is none in %s\n", strings.ToUpper(string(f.family)), thousands(seconds.count(whatever)),
			share(seconds.count(with(said)), seconds.count(whatever)), share(seconds.count(with(saidNone)), seconds.count(whatever)))
		fmt.Fprintf(&b, "  %-34s %19s %19s   most wrong\n", "forecasts, at every second", "true", "undisturbed")
		forecasts(&b, of("forecast"), played)
		zero := of("zero").only(func(k key) bool { return k.verdict != pending })
		shares(&b, "the countdown to zero", zero, played)
		four(&b, "the HPA's size, a second before", "exact", "near", "wrong", of("size"))
		four(&b, "the sentence at each change", "number", "direction", "opposite", of("sentence"))
		authors := of("author")
		n := authors.count(whatever)
		accused := authors.only(with(wrong))
		fmt.Fprintf(&b, "  %-34s right %s, of these guessed %s; wrong %s, not there %s   %s\n", fmt.Sprintf("who changed the replicas, of %d", n),
			share(authors.count(with(right, guessed)), n), share(authors.count(with(guessed)), n),
			share(accused.count(whatever), n), share(authors.count(with(silent)), n), accused.list()+worst(played, accused))
		broken := of("broken")
		fmt.Fprintf(&b, "  %-34s %s   %s\n", "broken, seconds", thousands(broken.count(whatever)), broken.list()+worst(played, broken))
		flips := of("flip")
		fmt.Fprintf(&b, "  %-34s %.2f an hour   %s\n", "a phase that is back within 5 s", 3600*float64(flips.count(whatever))/float64(seconds.count(whatever)), flips.list()+worst(played, flips))
	}
	return b.String()
}

// forecasts are a line for each of those who act, and below it one for each rule.
func forecasts(b *strings.Builder, t tally, played []scored) {
	for _, who := range []string{"KEDA", "HPA", "nobody"} {
		mine := t.only(func(k key) bool { return k.who == who && k.verdict != pending })
		shares(b, map[string]string{"KEDA": "KEDA's", "HPA": "the HPA's", "nobody": "nothing changes"}[who], mine, played)
		rules := map[string]bool{}
		for k := range mine {
			rules[k.rule] = true
		}
		for _, rule := range sortedNames(rules) {
			shares(b, "  "+rule, mine.only(func(k key) bool { return k.rule == rule }), played)
		}
	}
}

// shares are how much of something came true, disturbed or not.
func shares(b *strings.Builder, name string, t tally, played []scored) {
	calm := t.only(func(k key) bool { return k.calm })
	if n := t.count(whatever); n > 0 {
		fmt.Fprintf(b, "  %-34s %9s %9s %9s %9s   %s\n", name, thousands(n), share(t.count(with(right)), n),
			thousands(calm.count(whatever)), share(calm.count(with(right)), calm.count(whatever)), worst(played, calm.only(with(wrong))))
	}
}

// worst is the story with most of something, to be played alone.
func worst(played []scored, t tally) string {
	name, most := "", 0
	for _, p := range played {
		n := p.count(func(k key) bool { return t[k] > 0 })
		if n > most || n == most && n > 0 && p.name() < name {
			name, most = p.name(), n
		}
	}
	if most == 0 {
		return ""
	}
	return fmt.Sprintf(" %s (%d)", name, most)
}

// four are the verdicts on something, a line for each of those who act.
func four(b *strings.Builder, name, exact, close, bad string, t tally) {
	names := map[string]bool{}
	for k := range t {
		names[k.who] = true
	}
	fmt.Fprintf(b, "  %-34s %9s %9s %9s %9s %9s   undisturbed\n", name, "", exact, close, bad, "silent")
	for _, who := range sortedNames(names) {
		fmt.Fprintf(b, "  %-34s", "  "+who)
		for _, calm := range []bool{false, true} {
			mine := t.only(func(k key) bool { return k.who == who && (k.calm || !calm) })
			n := mine.count(whatever)
			fmt.Fprintf(b, " %9s %9s %9s %9s %9s  ", thousands(n), share(mine.count(with(right)), n), share(mine.count(with(near)), n),
				share(mine.count(with(wrong)), n), share(mine.count(with(silent)), n))
		}
		fmt.Fprintln(b)
	}
}

func (t tally) only(ok func(key) bool) tally {
	out := tally{}
	for k, n := range t {
		if ok(k) {
			out[k] = n
		}
	}
	return out
}

// list names what there is most of.
func (t tally) list() string {
	sums := map[string]int{}
	for k, n := range t {
		name := k.rule
		if k.who != "" {
			name = k.who + ">" + k.rule
		}
		sums[name] += n
	}
	if len(sums) == 0 {
		return ""
	}
	names := sortedNames(sums)
	slices.SortStableFunc(names, func(a, b string) int { return sums[b] - sums[a] })
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, sums[name])
	}
	return "(" + strings.Join(names[:min(6, len(names))], ", ") + ")"
}

func sortedNames[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func whatever(key) bool { return true }

func with(these ...verdict) func(key) bool {
	return func(k key) bool { return slices.Contains(these, k.verdict) }
}

func share(n, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f %%", 100*float64(n)/float64(of))
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
