package explain

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// oneTrouble is how long the same trouble may be silent before it stands on the
// timeline again.
const oneTrouble = 10 * time.Minute

// trouble is one that was said once or more: the entry that it has, how often
// conditions and events told of it, and the entry that says it was over.
type trouble struct {
	at, over     int // indices; over is -1 while it is not
	key          string
	topic        store.Topic // of the condition, if one said it
	states, told int
}

// counted counts trouble that is said again in the row where it first stood, so
// that what else happened keeps its place: the same words of the same actor, but
// for the numbers in them, whether a condition or an event says them. What was
// mended in between and broke again is the same trouble. Entries are in order.
func counted(es []Entry) []Entry {
	var all []trouble
	gone := make([]bool, len(es))
	for i := range es {
		e := &es[i]
		switch {
		case e.Kind == store.Mended && repeats(e.Topic):
			for j := range all {
				if t := &all[j]; es[t.at].Actor == e.Actor && t.topic == e.Topic && es[t.at].Subject == e.Subject {
					t.over = i
				}
			}
		case e.Kind == store.Trouble && repeats(e.Topic):
			key := plainKey(e.said)
			j := slices.IndexFunc(all, func(t trouble) bool { return sameTrouble(e, &es[t.at], key, t.key) })
			if j < 0 {
				all = append(all, trouble{at: i, over: -1, key: key})
				j = len(all) - 1
			} else {
				gone[i] = true
			}
			all[j].add(es, gone, e)
		}
	}
	out := es[:0]
	for i, e := range es {
		if !gone[i] {
			out = append(out, e)
		}
	}
	return out
}

// add counts an entry that says a trouble.
func (t *trouble) add(es []Entry, gone []bool, e *Entry) {
	first := &es[t.at]
	if e.Topic == store.NoTopic {
		t.told += max(e.Times, 1)
	} else {
		t.states++
		t.topic = e.Topic
		if t.over >= 0 && first != e { // it is not over
			gone[t.over], t.over = true, -1
		}
	}
	last := e.At
	if e.Last.After(last) {
		last = e.Last
	}
	if first.Last.Before(last) {
		first.Last = last
	}
	first.Times = max(t.told, t.states)
}

// repeats reports whether what a topic is about happens by itself, and so may
// again and again; what somebody does is an entry each time.
func repeats(t store.Topic) bool {
	switch t {
	case store.Paused, store.PausedIn, store.PausedOut, store.TheTarget, store.Purging:
		return false
	}
	return true
}

func sameTrouble(e, first *Entry, key, other string) bool {
	return e.Actor == first.Actor && e.Kept == first.Kept && e.Subject == first.Subject && e.At.Sub(first.Last) <= oneTrouble &&
		(key == other || key != "" && other != "" && (strings.Contains(key, other) || strings.Contains(other, key)))
}

var (
	combined = regexp.MustCompile(`^\(combined from similar events\): `)
	numerals = regexp.MustCompile(`[0-9]+`)
)

// plainKey is a text without what differs each time that the same is said.
func plainKey(s string) string {
	return numerals.ReplaceAllString(combined.ReplaceAllString(strings.TrimSpace(s), ""), "0")
}

// Count is how often an entry was said, "" if once.
func (e Entry) Count() string {
	if e.Times < 2 {
		return ""
	}
	return fmt.Sprintf("%s times, last %s", words.Count(e.Times), e.Last.Format("15:04:05"))
}
