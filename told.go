package kscope

import (
	"fmt"
	"strings"
)

// The words of the timeline.

// warns reports whether an entry is not as it should be.
func warns(l Logged) bool {
	switch l.Kind {
	case Trouble:
		return true
	case Injected:
		return l.Said != ""
	case Emptied:
		return l.Actor == You && l.Jobs > 0
	case LoadEnded:
		return l.Load.State == LoadFailed || l.Load.Missed > 0
	}
	return false
}

// noteOf is what there is to say of an entry beyond its kind and its numbers.
func noteOf(l Logged) string {
	switch l.Kind {
	case LoadBegan:
		return l.Load.Load + ": " + l.Load.Words
	case LoadEnded:
		return ending(l.Load)
	case Trouble:
		return troubleNote(l)
	case Mended:
		return mendedNote(l)
	}
	return l.Said
}

func troubleNote(l Logged) string {
	switch l.Topic {
	case InFallback:
		return "fallback: the source keeps failing, replicas follow the fallback"
	case Paused, PausedIn, PausedOut:
		return pausedWhat(l.Topic) + " paused by annotation"
	case OurSource:
		return ourSource(l) + ": " + l.Said
	case TheTarget:
		return l.Subject + " was deleted"
	case Purging:
		return "the queue was not emptied: " + l.Said
	}
	return l.Said
}

func mendedNote(l Logged) string {
	switch l.Topic {
	case Readiness:
		return "the ScaledObject is ready"
	case InFallback:
		return "fallback ended"
	case Paused, PausedIn, PausedOut:
		return pausedWhat(l.Topic) + " no longer paused"
	case HPAMetrics:
		return "can read its metrics again"
	case HPAScaling:
		return "can scale again"
	case OurSource:
		return ourSource(l) + " works again"
	}
	return l.Said
}

func pausedWhat(t Topic) string {
	switch t {
	case PausedIn:
		return "scaling in"
	case PausedOut:
		return "scaling out"
	}
	return "autoscaling"
}

// ourSource is what kscope watches or reads, in a sentence.
func ourSource(l Logged) string {
	if l.Kept == Queues {
		return CallServer(l.Subject)
	}
	return "watching " + string(l.Kept)
}

// ending says how a load ended, "" if as it should.
func ending(l *Loading) string {
	var notes []string
	switch l.State {
	case LoadStopped:
		notes = append(notes, "stopped")
	case LoadFailed:
		notes = append(notes, orElse(l.Err, "failed"))
	}
	if l.Missed > 0 {
		notes = append(notes, FormatCount(float64(l.Missed))+" given up, the server did not keep up")
	}
	if l.Unknown > 0 {
		notes = append(notes, FormatCount(float64(l.Unknown))+" sent without a word back")
	}
	return strings.Join(notes, "; ")
}

// Words is what an entry says after its actor, and the rest of it, which is
// often the cluster's own words.
func (e Entry) Words() (text, note string) {
	switch e.Kind {
	case Injected:
		if e.Warn {
			return fmt.Sprintf("pushed %s of %s: %s", FormatCount(float64(e.Jobs)), plural(e.Asked, "job"), e.Note), ""
		}
		return "pushed " + plural(e.Jobs, "job"), "the queue is " + FormatCount(float64(e.Length)) + " long"
	case LoadBegan:
		return "began a load", e.Note
	case LoadEnded:
		if e.Asked > e.Jobs {
			return fmt.Sprintf("load over: %s of %s", FormatCount(float64(e.Jobs)), plural(e.Asked, "job")), e.Note
		}
		return "load over: " + plural(e.Jobs, "job"), e.Note
	case Arrived:
		return plural(e.Jobs, "job") + " in a queue that was empty", ""
	case Emptied:
		if e.Actor == You {
			return "emptied the queue", plural(e.Jobs, "job") + " lost"
		}
		return "took the last job from the queue", ""
	case Active:
		return "sees work: active", ""
	case Inactive:
		return "sees no work: inactive", ""
	case Scaled:
		return e.scaledWords(), e.Note
	case ReadyPods:
		if e.Up() {
			return fmt.Sprintf("pods ready %d → %d", e.From, e.To), ""
		}
		return fmt.Sprintf("pods leaving, ready %d → %d", e.From, e.To), ""
	}
	return strings.TrimSpace(e.Note), ""
}

// scaledWords is a step; only KEDA's are about activity.
func (e Entry) scaledWords() string {
	verb := "scaled"
	switch {
	case e.Actor != KEDA:
	case e.From == 0:
		verb = "activated"
	case e.To == 0:
		verb = "deactivated"
	}
	if e.From < 0 {
		return fmt.Sprintf("%s to %d", verb, e.To)
	}
	return fmt.Sprintf("%s %d → %d", verb, e.From, e.To)
}
