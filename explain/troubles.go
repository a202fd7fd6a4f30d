package explain

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
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

// Somebody else's words. KEDA and the HPA put before the cause of a trouble what
// they were about when they met it, one part after another. What is left without
// those is the cause.

// preambles are such parts, from their beginning on: patterns, each of which ends
// where a part does. Some versions begin with a capital what others do not. To compile
// them takes longer than all else of kscope's at the start, and mostly nothing is wrong.
var preambles = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?i:` + strings.Join(beginnings, "|") + `)$`) })

var beginnings = []string{
	// KEDA: the reconciler, and the building of scalers
	`failed to ensure HPA is correctly created for ScaledObject`,
	`failed to ensure .{1,60}? for Scaled(?:Object|Job)`,
	`ScaledObject doesn't have correct .{1,60}? specification`,
	`ScaledObject check failed`,
	`ScaledJob check failed`,
	`error (?:parsing|getting|building|creating|resolving|establishing|reading) [^:"]{1,60}`,
	`error (?:activating|deactivating|scaling) [^:"]{1,60}`,
	`failed to (?:parse|build|create|get|scale|set|update|read) [^:"]{1,80}`,
	`unable to (?:parse|build|create) [^:"]{1,80}`,
	`error in (?:trigger|scaler) [^:"]{1,60}`,
	`connection to [a-z -]{1,30} failed`,
	// KEDA's metrics server
	`rpc error`,
	`code = [A-Za-z]+ desc = error when getting metric values (?:error getting scalers )?`,
	`error when getting metric values(?: error getting scalers)?`,
	// the HPA
	`the HPA was unable to compute the replica count`,
	`the HPA controller was unable to (?:update|get) the target(?:'s current)? scale`,
	`invalid metrics(?: \(\d+ invalid out of \d+\), first error is)?`,
	`unable to get (?:external |resource |container resource |object |pod |pods )?metrics?(?: for resource)? [^:]{1,200}`,
	`unable to get (?:external |resource |object |pods )?metrics?`,
	`unable to fetch metrics from (?:external|resource|custom) metrics API`,
	`failed to get .{1,200}? (?:value|metric|utilization|usage)`,
	// the API server and the controllers of pods
	`(?:pods|persistentvolumeclaims) "[^"]*" is forbidden`,
	`create (?:Claim [^ ]+ for )?Pod [^ ]+ in StatefulSet [^ ]+ failed error`,
	`Error creating`,
	`admission webhook "[^"]*" denied the request`,
}

// glued is a preamble that the cause follows without a colon.
var glued = regexp.MustCompile(`^code = [A-Za-z]+ desc = (?:error when getting metric values )?(?:error getting scalers )?`)

// said without telling anything.
var empties = []string{
	"Triggers defined in ScaledObject are not working correctly",
	"Some triggers defined in ScaledObject are not working correctly",
	"Triggers defined in ScaledJob are not working correctly",
	"Some triggers defined in ScaledJob are not working correctly",
	"ScaledObject check failed", "ScaledJob check failed",
}

// Cause is a message of KEDA's or of the API server's without what stands before the
// cause in it, in plain words where it has none.
func Cause(msg string) string { return cause(msg) }

// cause is somebody else's message without what stands before the cause and tells
// nothing: what anything of the kind begins with, and what was said already.
func cause(msg string) string {
	msg = selector.ReplaceAllString(combined.ReplaceAllString(strings.TrimSpace(msg), ""), "")
	parts := strings.Split(msg, ": ")
	out := make([]string, 0, len(parts))
	for i, p := range parts {
		last := i == len(parts)-1
		p = strings.TrimSpace(p)
		if short := glued.ReplaceAllString(p, ""); short != "" {
			p = short
		}
		if !last && (preambles().MatchString(p) || contains(out, p)) {
			continue
		}
		out = append(out, p)
	}
	msg = strings.TrimSuffix(strings.Join(out, ": "), " in [triggerMetadata]")
	msg = strings.Replace(msg, ", but may still be processing the request", "", 1)
	for _, p := range plainly() {
		msg = p.says.ReplaceAllString(msg, p.plain)
	}
	return msg
}

// plainly is what KEDA and the API server say at length, and how it is said here.
var plainly = sync.OnceValue(func() []struct {
	says  *regexp.Regexp
	plain string
} {
	type row = struct {
		says  *regexp.Regexp
		plain string
	}
	const param, named = `unable to set param "([^"]*)" value ("[^"]*"): `, `Name:([^,}]*),\},(?:Key:[^,]*,)?Optional:[^,}]*,\}`
	return []row{
		{regexp.MustCompile(`^[^:]* is forbidden: User "(?:system:serviceaccount:)?([^"]+)" cannot ([a-z]+) resource "([^"]+)".*$`), "$1 may not $2 $3"},
		{regexp.MustCompile(param + `(?:slice element \d+: )?unable to unmarshal to field type \*?u?int\d*: .*$`), "$1 is $2, which is no whole number"},
		{regexp.MustCompile(param + `unable to unmarshal to field type \*?float64: .*$`), "$1 is $2, which is no number"},
		{regexp.MustCompile(param + `unable to parse boolean value .*$`), "$1 is $2, which is neither true nor false"},
		{regexp.MustCompile(`EnableTLS parsing error strconv.ParseBool: parsing ("[^"]*"): invalid syntax$`), "enableTLS is $1, which is neither true nor false"},
		{regexp.MustCompile(`error resolving secret name &SecretKeySelector\{LocalObjectReference:LocalObjectReference\{` + named + ` for env (\S+) in namespace \S+$`), "Secret $1, which variable $2 comes from, does not exist"},
		{regexp.MustCompile(`error resolving config &ConfigMapKeySelector\{LocalObjectReference:LocalObjectReference\{` + named + ` for env (\S+) in namespace \S+$`), "ConfigMap $1, which variable $2 comes from, does not exist"},
		{regexp.MustCompile(`error reading secret ref &SecretEnvSource\{LocalObjectReference:LocalObjectReference\{` + named + ` on namespace [^:]+: .*not found$`), "Secret $1, which variables come from, does not exist"},
		{regexp.MustCompile(`error reading config ref &ConfigMapEnvSource\{LocalObjectReference:LocalObjectReference\{` + named + ` on namespace [^:]+: .*not found$`), "ConfigMap $1, which variables come from, does not exist"},
		{regexp.MustCompile(`dial tcp: address (.*): missing port in address$`), "the address $1 says no port"},
		{regexp.MustCompile(`dial tcp: address (.*): too many colons in address$`), "the address $1 is not host:port"},
	}
})

func contains(all []string, s string) bool {
	for _, x := range all {
		if x == s {
			return true
		}
	}
	return false
}

// tells reports whether a message has a cause in it at all.
func tells(msg string) bool {
	msg = strings.TrimSpace(msg)
	return msg != "" && !contains(empties, strings.TrimSuffix(msg, "."))
}

// sentence ends somebody else's message like a sentence of ours.
func sentence(s string) string {
	s = cause(s)
	if s == "" {
		return "no reason given."
	}
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// bare is a cause within a sentence.
func bare(s string) string { return strings.TrimSuffix(sentence(s), ".") }
