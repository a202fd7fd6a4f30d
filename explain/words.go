package explain

import (
	"cmp"
	"fmt"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/words"
)

func itoa(n int32) string { return strconv.FormatInt(int64(n), 10) }

// jobs writes a number of jobs; a fraction of one counts for nothing.
func jobs(n float64) string { return words.Plural(n, "job") }

// nameRoom is how many characters of a name a sentence has room for, so that
// none pushes the cause out of sight.
const nameRoom = 32

// called is a name within a sentence, in a text of the cluster too.
func called(name string) string {
	return words.Middle(name, nameRoom, "…", utf8.RuneCountInString)
}

// waits says how much work there is: "7 jobs wait in orders", or what the value
// of a trigger is that counts none.
func waits(r store.Reading) string {
	if r.From == store.FromSchedule {
		return "The schedule of the trigger " + triggerName(r) + " is open"
	}
	if r.From == store.FromPods {
		return match(r)
	}
	if !r.CountsJobs() {
		return capital(noun(r)) + " is at " + estimate(r) + words.Count(r.Jobs()) + asCounted(r)
	}
	return jobsWait(r) + " in " + called(r.Name())
}

// match says what a trigger that counts pods finds: "3 pods match app=x".
func match(r store.Reading) string {
	of, _, _ := triggers.PodsOf("", r.Trigger)
	n := int(r.Value)
	one, many := "matches "+called(of.Selector), "match "+called(of.Selector)
	switch {
	case of.ByNode:
		return "The pods that " + many + " are on " + words.Plural(n, "node")
	case n == 0:
		return "No pod " + one
	}
	return pods(n) + " " + verb(n, one, many)
}

// jobsWait says how many items wait: "7 jobs wait".
func jobsWait(r store.Reading) string {
	if r.Jobs() == 1 {
		return "1 job waits" + asCounted(r)
	}
	return words.Count(r.Jobs()) + " jobs wait" + asCounted(r)
}

// asCounted says what KEDA makes of a backlog, where that is another number, between two
// commas; "" where it is not.
func asCounted(r store.Reading) string {
	if r.From != store.FromBroker || !r.Scaled.Is || r.Scaled.N == r.Waits && r.Scaled.How == "" {
		return ""
	}
	out := ", which KEDA counts as " + words.Count(r.Scaled.N)
	if r.Scaled.Cap > 0 {
		out = ", of which KEDA counts " + words.Count(r.Scaled.N)
	}
	if r.Scaled.How != "" {
		out += " (" + r.Scaled.How + ")"
	}
	return out + ","
}

// thereIsWork begins a sentence about work that nobody does yet.
func thereIsWork(f *facts) string {
	switch {
	case f.hasWork:
		return waits(f.work)
	case f.active && !f.forced:
		return "KEDA sees work"
	}
	return "The annotation force-activation is set"
}

// noun is the reading's source in a sentence: "the list orders".
func noun(r store.Reading) string {
	switch kind := map[string]string{"list": "list", "set": "set", "zset": "sorted set", "hash": "hash"}[r.Type]; {
	case r.Formula != nil:
		return "the formula"
	case !r.CountsJobs():
		return "the trigger " + triggerName(r)
	case kind != "":
		return "the " + kind + " " + called(r.Name())
	}
	return "the queue " + called(r.Name())
}

// triggerName is a trigger that is known by no queue.
func triggerName(r store.Reading) string {
	return called(cmp.Or(r.Trigger.Name, r.Trigger.Type))
}

// isEmpty says that a source has no work, or none that counts.
func isEmpty(c *store.Chain, r store.Reading) string {
	switch {
	case r.Direct:
		return capital(called(r.Name())) + " is at " + use(aim(c, &r), r.Each)
	case r.From == store.FromSchedule:
		return "The schedule of the trigger " + triggerName(r) + " is closed"
	case r.Nothing:
		return capital(r.Scaled.How) + " for " + triggerName(r) + ": " + words.Count(r.Value) + " to KEDA"
	case r.From == store.FromPods && r.Value == 0:
		return match(r)
	case r.From == store.FromPods:
		return match(r) + ", which is not above the activation threshold"
	case r.Jobs() > 0:
		return capital(noun(r)) + " is not above its activation threshold"
	case !r.CountsJobs():
		return capital(noun(r)) + " is at " + words.Count(r.Jobs())
	}
	return capital(noun(r)) + " is empty"
}

// allQuiet says that no source has work that counts, of one by its name and of
// several all together: which of them is the main one does not matter then.
func allQuiet(c *store.Chain, main store.Reading) string {
	if c.Formula != nil {
		return isEmpty(c, main)
	}
	for i := 0; main.Direct && i < len(c.Readings); i++ { // what pods use keeps nobody awake
		main = c.Readings[i]
	}
	n, queues, empty := len(c.Readings), true, true
	for i := range c.Readings {
		r := &c.Readings[i]
		if r.Direct {
			n--
			continue
		}
		if len(c.Readings) == 1 || !r.Known || r.IsActive() {
			return isEmpty(c, main)
		}
		queues, empty = queues && r.CountsJobs(), empty && r.Jobs() == 0
	}
	switch {
	case n <= 1: // beside what pods use
		return isEmpty(c, main)
	case queues && empty && n == 2:
		return "Both queues are empty"
	case queues && empty:
		return fmt.Sprintf("All %d queues are empty", n)
	case n == 2:
		return "Neither trigger is above its activation threshold"
	}
	return fmt.Sprintf("None of the %d triggers is above its activation threshold", n)
}

// estimate is the mark of a value that was not measured.
func estimate(r store.Reading) string {
	if r.From == store.FromHPA {
		return "~"
	}
	return ""
}

// amount is a value with its unit, marked where it is an estimate.
func amount(r store.Reading) string {
	mark := estimate(r)
	switch {
	case r.From == store.FromPods:
		return match(r)
	case !r.CountsJobs():
		return "Trigger " + triggerName(r) + ": " + mark + words.Count(r.Jobs()) + asCounted(r)
	case r.Jobs() == 1:
		return mark + "1 job" + asCounted(r)
	}
	return mark + words.Count(r.Jobs()) + " jobs" + asCounted(r)
}

// calls sets the value against its target: "42 jobs at 5 per pod call for 9
// pods". Where another trigger's value is not known, it is the least.
func calls(c *store.Chain, f *facts) string {
	least := ""
	if f.partly {
		least = "at least "
	}
	if f.r.From == store.FromSchedule {
		return fmt.Sprintf("The schedule of the trigger %s calls for %s%s", triggerName(f.r), least, words.Plural(f.raw, "pod"))
	}
	if f.r.Formula != nil {
		return fmt.Sprintf("The formula comes to %s%s, which at %s per pod calls for %s%s", estimate(f.r), words.Count(f.r.Value), words.Count(f.r.Target), least, words.Plural(f.raw, "pod"))
	}
	if f.r.From == store.FromPods {
		return fmt.Sprintf("%s, which at %s per pod calls for %s%s", match(f.r), words.Count(f.r.Target), least, words.Plural(f.raw, "pod"))
	}
	if f.r.Direct {
		return fmt.Sprintf("%s, target %s, calls for %s%s", capital(uses(c, &f.r)), use(aim(c, &f.r), f.r.Target), least, words.Plural(f.raw, "pod"))
	}
	call := "call"
	if f.r.Jobs() == 1 || !f.r.CountsJobs() {
		call = "calls"
	}
	return fmt.Sprintf("%s at %s per pod %s for %s%s", f.amount(), words.Count(f.r.Target), call, least, words.Plural(f.raw, "pod"))
}

// amount is the main trigger's value, with its name where there are several.
func (f *facts) amount() string {
	if f.several && f.r.CountsJobs() {
		return amount(f.r) + " in " + called(f.r.Name())
	}
	return amount(f.r)
}

func replicas(n int32) string { return words.Plural(n, "replica") }

func pods(n int) string { return words.Plural(n, "pod") }

// verb chooses by number.
func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func are(n int32) string { return verb(int(n), "is", "are") }

// isOrAre is a number with its verb: "1 is", "5 are", "none is".
func isOrAre(n int32) string {
	if n == 0 {
		return "none is"
	}
	return words.Count(n) + " " + are(n)
}

func podsAre(n int32) string { return podsAreInt(int(n)) }

func podsAreInt(n int) string {
	if n == 0 {
		return "No pod is"
	}
	return pods(n) + " " + verb(n, "is", "are")
}

func stay(n int32) string {
	if n == 0 {
		return "the workload stays at zero"
	}
	return replicas(n) + " " + verb(int(n), "stays", "stay")
}

func remain(n int32) string { return pods(int(n)) + " " + verb(int(n), "remains", "remain") }

// countdown writes the time left in whole seconds, at least one.
func countdown(d time.Duration) string {
	return words.Age(max(d.Round(time.Second), time.Second))
}

// capital starts a sentence, and lower continues one.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}

func lower(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToLower(r)) + s[n:]
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
