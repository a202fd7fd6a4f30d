package nats

import (
	"slices"
	"strings"

	"github.com/kscope/kscope"
)

// placeholder stands where a subject may have any token: it is nobody's, so that no job
// goes where somebody's own are kept apart.
const placeholder = "kscope"

// subjectFor is a subject that a stream takes and a consumer of it gets, by the subjects
// of both; a consumer without filters gets all.
func subjectFor(stream, filters []string) (string, error) {
	if len(filters) == 0 {
		filters = []string{">"}
	}
	for _, filter := range filters {
		for _, subject := range stream {
			if s, ok := meet(strings.Split(subject, "."), strings.Split(filter, ".")); ok {
				return s, nil
			}
		}
	}
	if len(stream) == 0 {
		return "", &kscope.Trouble{Message: "the stream takes no messages of its own: it copies another", Hint: "put jobs into the one it copies"}
	}
	return "", &kscope.Trouble{Message: "no subject of the stream is one that the consumer gets", Hint: "compare the subjects of the stream with the filter of the consumer"}
}

// meet is a subject that two patterns match, token by token: * is any one token, > any
// that follow, one at least.
func meet(a, b []string) (string, bool) {
	var out []string
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] == ">":
			return strings.Join(append(out, plain(b)...), "."), true
		case b[0] == ">":
			return strings.Join(append(out, plain(a)...), "."), true
		case a[0] == "*":
			out = append(out, plain(b[:1])...)
		case b[0] == "*" || a[0] == b[0]:
			out = append(out, a[0])
		default:
			return "", false
		}
		a, b = a[1:], b[1:]
	}
	return strings.Join(out, "."), len(a) == 0 && len(b) == 0
}

// plain is tokens with something in the place of wildcards.
func plain(tokens []string) []string {
	out := slices.Clone(tokens)
	for i, token := range out {
		if token == "*" || token == ">" {
			out[i] = placeholder
		}
	}
	return out
}

// matches reports whether a subject without wildcards is one of a pattern.
func matches(pattern, subject string) bool {
	p, s := strings.Split(pattern, "."), strings.Split(subject, ".")
	for i, token := range p {
		if token == ">" {
			return len(s) > i
		}
		if i >= len(s) || token != "*" && token != s[i] {
			return false
		}
	}
	return len(p) == len(s)
}

// gets reports whether a consumer with some filters gets a subject.
func gets(filters []string, subject string) bool {
	return len(filters) == 0 || slices.ContainsFunc(filters, func(f string) bool { return matches(f, subject) })
}
