package explain

import (
	"fmt"
	"strings"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/words"
)

// warns reports whether an entry is not as it should be.
func warns(l store.Entry) bool {
	switch l.Kind {
	case store.Trouble:
		return true
	case store.Injected:
		return l.Said != ""
	case store.Emptied:
		return l.Actor == store.You && l.Jobs > 0
	case store.LoadEnded:
		return l.Load.State == kscope.LoadFailed || l.Load.Missed > 0
	}
	return false
}

// noteOf is what there is to say of an entry beyond its kind and its numbers.
func noteOf(l store.Entry) string {
	switch l.Kind {
	case store.LoadBegan:
		return l.Load.Load + ": " + l.Load.Words
	case store.LoadEnded:
		return ending(l.Load)
	case store.Trouble:
		return troubleNote(l)
	case store.Mended:
		return mendedNote(l)
	}
	return l.Said
}

func troubleNote(l store.Entry) string {
	switch l.Topic {
	case store.InFallback:
		return "fallback: the source keeps failing, replicas follow the fallback"
	case store.Paused, store.PausedIn, store.PausedOut:
		return pausedWhat(l.Topic) + " paused by annotation"
	case store.OurSource:
		return "cannot " + ourSource(l) + ": " + l.Said
	case store.TheTarget:
		return "deleted " + l.Subject
	case store.AJob:
		return "a Job failed: " + l.Said
	case store.Purging:
		return "did not empty the queue: " + l.Said
	}
	return cause(l.Said)
}

func mendedNote(l store.Entry) string {
	switch l.Topic {
	case store.Readiness:
		return "the ScaledObject is ready"
	case store.InFallback:
		return "fallback ended"
	case store.Paused, store.PausedIn, store.PausedOut:
		return pausedWhat(l.Topic) + " no longer paused"
	case store.HPAMetrics:
		return "can read its metrics again"
	case store.HPAScaling:
		return "can scale again"
	case store.OurSource:
		return "can " + ourSource(l) + " again"
	}
	return l.Said
}

func pausedWhat(t store.Topic) string {
	switch t {
	case store.PausedIn:
		return "scaling in"
	case store.PausedOut:
		return "scaling out"
	}
	return "autoscaling"
}

// ourSource is what kscope does with what it watches or reads. Which server
// that is comes after all else, see Words: its name may be long.
func ourSource(l store.Entry) string {
	if l.Kept == kscope.Queues {
		return "read " + CallBroker(l.Broker)
	}
	return "watch " + string(l.Kept)
}

// ending says how a load ended, "" if as it should.
func ending(l *kscope.Loading) string {
	var notes []string
	switch l.State {
	case kscope.LoadStopped:
		notes = append(notes, "stopped")
	case kscope.LoadFailed:
		notes = append(notes, orElse(l.Err, "failed"))
	}
	if l.Missed > 0 {
		notes = append(notes, words.Count(l.Missed)+" given up, the server did not keep up")
	}
	if l.Unknown > 0 {
		notes = append(notes, words.Count(l.Unknown)+" sent without a word back")
	}
	if l.Answers.Why != "" {
		notes = append(notes, l.Answers.Why)
	}
	return strings.Join(notes, "; ")
}

// Words is what an entry says after its actor, and the rest of it, which is
// often the cluster's own words.
func (e Entry) Words() (text, note string) {
	switch e.Kind {
	case store.Injected:
		if e.Warn {
			return fmt.Sprintf("pushed %s of %s: %s", words.Count(e.Jobs), words.Plural(e.Asked, "job"), e.Note), ""
		}
		return "pushed " + words.Plural(e.Jobs, "job"), e.theQueue() + " is " + words.Count(e.Length) + " long"
	case store.LoadBegan:
		return "began a load" + e.inQueue(" into "), e.Note
	case store.LoadEnded:
		if e.Asked > e.Jobs {
			return fmt.Sprintf("load over: %s of %s", words.Count(e.Jobs), words.Plural(e.Asked, "job")) + e.inQueue(" in "), e.Note
		}
		return "load over: " + words.Plural(e.Jobs, "job") + e.inQueue(" in "), e.Note
	case store.Arrived:
		if e.several {
			return words.Plural(e.Jobs, "job") + e.inQueue(" in ") + ", which was empty", ""
		}
		return words.Plural(e.Jobs, "job") + " in a queue that was empty", ""
	case store.Emptied:
		if e.Actor == store.You {
			return "emptied " + e.theQueue(), words.Plural(e.Jobs, "job") + " lost"
		}
		return "took the last job from " + e.theQueue(), ""
	case store.Active:
		return "sees work: active", ""
	case store.Inactive:
		return "sees no work: inactive", ""
	case store.Scaled:
		if e.For.Name != "" {
			return e.scaledWords() + " for " + called(e.For.Name), e.Note
		}
		return e.scaledWords(), e.Note
	case store.JobsMade:
		return "made " + words.Plural(e.Jobs, "Job"), stillRun(e.To)
	case store.JobsDone:
		return words.Plural(e.Jobs, "Job") + " done", stillRun(e.To)
	case store.ReadyPods:
		if e.Up() {
			return fmt.Sprintf("pods ready %d → %d", e.From, e.To), ""
		}
		if e.Cause == "" { // nobody asked them to go
			return fmt.Sprintf("pods no longer ready, %d → %d", e.From, e.To), ""
		}
		return fmt.Sprintf("pods leaving, ready %d → %d", e.From, e.To), ""
	}
	if e.Topic == store.OurSource && e.Kept == kscope.Queues {
		return strings.TrimSpace(e.Note), serverNote(e.Subject)
	}
	return strings.TrimSpace(e.Note), e.reason
}

// theQueue is the queue that an entry is about, by name where there are several.
func (e Entry) theQueue() string {
	if e.several {
		return called(e.Queue())
	}
	return "the queue"
}

// inQueue is the name of that queue behind a word, where there are several.
func (e Entry) inQueue(word string) string {
	if e.several {
		return word + called(e.Queue())
	}
	return ""
}

// scaledWords is a step; only KEDA's are about activity.
func (e Entry) scaledWords() string {
	verb := "scaled"
	switch {
	case e.Actor != store.KEDA:
	case e.ToMin:
		return fmt.Sprintf("scaled %d → %d, the minimum", e.From, e.To)
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

// CallServer is what a broker's server is called in a sentence, by the broker's
// word for itself and the server's name in [kscope.Backlog].
func CallServer(broker, server string) string {
	return CallBroker(broker) + " " + serverNote(server)
}

// CallBroker is the broker's part of that.
func CallBroker(broker string) string {
	return triggers.BrokerName(broker)
}

func serverNote(server string) string {
	if server == "" {
		return "at an address that is not known here"
	}
	return server
}
