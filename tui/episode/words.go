// Package episode draws what an episode of work took: its marks, whose time it was
// and what it cost, from numbers alone. It has the words for them, too.
package episode

import (
	"strconv"
	"time"

	"github.com/kscope/kscope/explain/ledger"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// label is what a mark is called.
func label(e *ledger.Episode, m *ledger.Mark) string {
	n := int64(m.N)
	switch m.Kind {
	case ledger.FirstJob:
		switch {
		case e.Floor > 0:
			return words.Plural(n, "job") + ": too many for " + words.Count(e.Floor)
		case n > 1:
			return "first jobs: " + words.Count(n)
		}
		return "first job"
	case ledger.Enough:
		return "enough jobs to start for"
	case ledger.Active:
		return "KEDA active"
	case ledger.Wanted:
		if e.Jobs {
			return firstOf(n, "Job") + " made"
		}
		if e.Floor > 0 {
			return words.Plural(n, "replica") + " wanted"
		}
		return firstOf(n, "replica") + " wanted"
	case ledger.More:
		return "more work: " + words.Plural(n, "job")
	case ledger.MostWanted:
		if e.Jobs {
			return "most Jobs at a time: " + words.Count(n)
		}
		return "most replicas wanted: " + words.Count(n)
	case ledger.Falling:
		return "queue falls, from " + words.Count(n)
	case ledger.Rest:
		if e.Jobs {
			return "last Job done"
		}
		if n == 0 {
			return "back at zero"
		}
		return "back at " + words.Count(n)
	case ledger.Gone:
		if e.Floor > 0 {
			return "no more than " + pods(e.Floor)
		}
	}
	return labels[m.Kind]
}

// firstOf is "first Job", or "first 3 Jobs".
func firstOf(n int64, noun string) string {
	if n > 1 {
		return "first " + words.Plural(n, noun)
	}
	return "first " + noun
}

var labels = map[ledger.Kind]string{
	ledger.Created: "pod created", ledger.Scheduled: "pod scheduled", ledger.Started: "pod started", ledger.Ready: "pod ready",
	ledger.LastReady: "last pod ready", ledger.Target: "target reached", ledger.Empty: "queue empty", ledger.Cooled: "cooldown over",
	ledger.Gone: "last pod gone", ledger.Paused: "scaling paused", ledger.Resumed: "scaling goes on",
}

func pods(n int32) string { return words.Plural(n, "pod") }

// owner is whose time it is: in full, for the line of a mark, in a word, for the bar,
// and its letter there where there is no colour.
type owner struct{ full, short, letter string }

var owners = map[ledger.Owner]owner{
	ledger.Unseen:    {"nobody watched", "not seen", "?"},
	ledger.Producer:  {"more jobs had to come", "too few jobs", "J"},
	ledger.KEDAPoll:  {"KEDA's poll", "KEDA", "K"},
	ledger.HPASync:   {"the HPA's sync", "HPA", "H"},
	ledger.Someone:   {"someone else", "someone else", "S"},
	ledger.Deploying: {"the controller: makes the pod", "controller", "c"},
	ledger.Scheduler: {"the scheduler: finds a node", "scheduler", "s"},
	ledger.Node:      {"the node: image and start", "node", "N"},
	ledger.Readiness: {"the pod: until it is ready", "readiness", "R"},
	ledger.PodStart:  {"the pod's start", "pod start", "P"},
	ledger.Workers:   {"the workers", "workers", "W"},
	ledger.Cooldown:  {"KEDA's cooldown", "cooldown", "C"},
	ledger.HPAWindow: {"the HPA's window", "window", "h"},
	ledger.Stopping:  {"pods that stop", "stopping", "x"},
	ledger.Pause:     {"the pause", "pause", "z"},
}

// whose is the owner of a stretch, with the interval that bounds it.
func whose(s ledger.Stretch, by store.Actor) string {
	text := owners[s.Owner].full
	if s.Owner == ledger.Someone && by != "" && by != store.Someone {
		text = string(by)
	}
	switch {
	case s.Every <= 0:
	case s.Owner == ledger.KEDAPoll || s.Owner == ledger.HPASync:
		text += ", every " + words.Span(s.Every)
	default:
		text += ", " + words.Span(s.Every)
	}
	return text
}

// span is a time with tenths of a second where they matter.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return strconv.FormatFloat(float64(d.Round(100*time.Millisecond))/float64(time.Second), 'f', 1, 64) + "s"
	}
	return words.Age(d.Round(time.Second))
}

// amount is a number that may be an estimate or a part.
func amount(a ledger.Amount) string {
	switch {
	case !a.Known:
		return "?"
	case a.AtLeast:
		return "≥" + words.Count(float64(int64(a.N)))
	case a.Estimate:
		return "~" + words.Count(float64(int64(a.N+0.5)))
	}
	return words.Count(float64(int64(a.N + 0.5)))
}
