package kscope

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// jobsWait says how many items wait: "7 jobs wait".
func jobsWait(r Reading) string {
	if r.Value == 1 {
		return "1 job waits"
	}
	return FormatCount(r.Value) + " jobs wait"
}

// noun is the reading's source in a sentence: "the list orders".
func (r Reading) noun() string {
	switch {
	case r.Trigger.Queue == nil:
		return "trigger " + r.Name()
	case r.Type == "" || r.Type == "none":
		return "the queue " + r.Name()
	}
	return "the " + map[string]string{"list": "list", "set": "set", "zset": "sorted set", "hash": "hash"}[r.Type] + " " + r.Name()
}

// perPod sets a value against its target: "42 jobs at 5 per pod".
func perPod(r Reading) string {
	if !r.Known {
		return "The length of the queue is unknown"
	}
	mark := ""
	if r.From == FromHPA {
		mark = "~"
	}
	noun := "jobs"
	if r.Value == 1 {
		noun = "job"
	}
	if r.Trigger.Queue == nil {
		return fmt.Sprintf("%s%s of %s at %s per pod", mark, FormatCount(r.Value), r.Name(), FormatCount(r.Target))
	}
	return fmt.Sprintf("%s%s %s at %s per pod", mark, FormatCount(r.Value), noun, FormatCount(r.Target))
}

// asks adds what the queue will want once the HPA decides, if that is more
// than the first pods.
func asks(f facts) string {
	if !f.wantKnown || f.want <= 1 {
		return ""
	}
	return fmt.Sprintf(" and will want %d", f.want)
}

func replicas(n int32) string { return plural(int64(n), "replica") }

func pods(n int) string { return plural(int64(n), "pod") }

func areWanted(n int32) string {
	if n == 1 {
		return "1 pod is"
	}
	return itoa(n) + " pods are"
}

func areAsked(n int32) string { return areWanted(n) }

func stay(n int32) string {
	if n == 1 {
		return "1 pod stays"
	}
	return itoa(n) + " pods stay"
}

func takes(n int32) string {
	if n == 1 {
		return "1 pod is meant to take"
	}
	return itoa(n) + " pods are meant to take"
}

// countdown writes the time left in whole seconds, at least one.
func countdown(d time.Duration) string {
	return FormatAge(max(d.Round(time.Second), time.Second))
}

// capital starts a sentence.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
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
