package explain

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

func itoa(n int32) string { return strconv.FormatInt(int64(n), 10) }

// jobs writes a number of jobs; a fraction of one counts for nothing.
func jobs(n float64) string { return words.Plural(n, "job") }

// jobsWait says how many items wait: "7 jobs wait".
func jobsWait(r store.Reading) string {
	if r.Value == 1 {
		return "1 job waits"
	}
	return words.Count(r.Value) + " jobs wait"
}

// thereIsWork begins a sentence about work that nobody does yet.
func thereIsWork(f *facts) string {
	switch {
	case !f.hasWork:
		return "The annotation force-activation is set"
	case f.work.Trigger.Backlog == nil:
		return amount(f.work)
	}
	return jobsWait(f.work) + " in " + f.work.Name()
}

// noun is the reading's source in a sentence: "the list orders".
func noun(r store.Reading) string {
	switch kind := map[string]string{"list": "list", "set": "set", "zset": "sorted set", "hash": "hash"}[r.Type]; {
	case r.Trigger.Backlog == nil:
		return "the trigger " + r.Name()
	case kind != "":
		return "the " + kind + " " + r.Name()
	}
	return "the queue " + r.Name()
}

// isEmpty says that a source has no work, or none that counts.
func isEmpty(r store.Reading) string {
	switch {
	case r.Value > 0:
		return capital(noun(r)) + " is not above its activation threshold"
	case r.Trigger.Backlog == nil:
		return capital(noun(r)) + " has no work"
	}
	return capital(noun(r)) + " is empty"
}

// amount is a value with its unit, marked where it is an estimate.
func amount(r store.Reading) string {
	mark := ""
	if r.From == store.FromHPA {
		mark = "~"
	}
	switch {
	case r.Trigger.Backlog == nil:
		return "Trigger " + r.Name() + ": " + mark + words.Count(r.Value)
	case r.Value == 1:
		return mark + "1 job"
	}
	return mark + words.Count(r.Value) + " jobs"
}

// calls sets the value against its target: "42 jobs at 5 per pod call for 9
// pods". Where another trigger's value is not known, it is the least.
func calls(f *facts) string {
	least := ""
	if f.partly {
		least = "at least "
	}
	call := "call"
	if f.r.Value == 1 || f.r.Trigger.Backlog == nil {
		call = "calls"
	}
	return fmt.Sprintf("%s at %s per pod %s for %s%s", amount(f.r), words.Count(f.r.Target), call, least, words.Plural(f.raw, "pod"))
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

// sentence ends somebody else's message like a sentence of ours.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return "no reason given."
	}
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
