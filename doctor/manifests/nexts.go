package manifests

import (
	"regexp"
	"strings"
	"sync"

	"github.com/kscope/kscope/words"
)

// step is the next step where a refusal is in certain words, of which it may repeat some.
type step struct {
	says *regexp.Regexp
	next string
}

// steps are by what the API server and KEDA say, the first that fits.
var steps = sync.OnceValue(func() (out []step) {
	for _, row := range [][2]string{
		// the API server and KEDA's CRDs
		{`minReplicaCount must be less than or equal to maxReplicaCount`, "Lower minReplicaCount, or raise maxReplicaCount, which is 100 where it is not set."},
		{"must be greater than or equal to `minReplicas`", "Raise maxReplicas, or lower minReplicas."},
		{`must be of type integer|want int\d*, not a string`, "Write a whole number, without quotes."},
		{`must be of type boolean|want bool, not a string`, "Write true or false, without quotes."},
		{`must be of type string|want string, not `, "Put it in quotes."},
		{`(?:.*\.|.* )?([A-Za-z]+): Required value`, "Add $1."},
		{`a lowercase RFC 1123`, "Take lower-case letters, digits and - only."},
		{"`selector` does not match template `labels`", "Give the template the labels that the selector asks for."},
		{`it is given twice`, "Leave one of the two out."},
		// KEDA's operator
		{`which is no whole number$`, `It must be a whole number, in quotes: "5".`},
		{`which is no number$`, `It must be a number, in quotes: "5".`},
		{`which is neither true nor false$`, `It must be "true" or "false".`},
		{`unable to parse duration value`, `It must be a duration: "30s", "5m".`},
		{`expected format key=value`, "Write key=value."},
		{`the address (.*) says no port$`, "Add the port: $1:6379, if it is the usual one of Redis."},
		{`^no addresses or hosts given`, "Set address to HOST:PORT, such as redis:6379, or addressFromEnv to a variable that has it."},
		{`^unknown host URL scheme`, "Begin host with amqp:// or http://, or say which of the two in protocol."},
		{`The '(\w+)' setting from triggerMetadata is DEPRECATED`, "Move $1 out of metadata, into a Secret that a TriggerAuthentication names."},
		{`The '(\w+)' setting is DEPRECATED .* Use '(\w+)' and '(\w+)' instead`, "Take $1 out of metadata, and set $2 and $3."},
		{`The '(\w+)' setting is DEPRECATED .* Use '(\w+)' instead`, "Take $1 out of metadata, and set $2."},
		{`The '(\w+)' setting is DEPRECATED`, "Take $1 out of metadata."},
		{`missing required parameter "(\w+)[^"]*" in \[authParams\]`, "Have a TriggerAuthentication give $1, and name it in authenticationRef."},
		{`missing required parameter "(\w+)[^"]*" in \[[^]]*authParams`, "Have a TriggerAuthentication give $1, and name it in authenticationRef; or set $1 in metadata, if it is no secret."},
		{`missing required parameter "(\w+)[^"]*" in \[[^]]*resolvedEnv`, "Set $1 in metadata, or ${1}FromEnv to a variable that has it."},
		{`missing required parameter "(\w+)`, "Set $1 in metadata."},
	} {
		out = append(out, step{regexp.MustCompile(row[0]), row[1]})
	}
	return out
})

// nextAfter is the next step after a refusal in some words, "" where they tell none.
func nextAfter(says string) string {
	for _, s := range steps() {
		if m := s.says.FindStringSubmatchIndex(says); m != nil {
			return string(s.says.ExpandString(nil, s.next, says, m))
		}
	}
	return nearChoice(says)
}

// choices are a value that KEDA does not take, and those that it does.
var choices = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:value "([^"]*)"|mode (\S+)) must be one of \[?([^\]]*)`)
})

// nearChoice is the next step where a value is none of those that there are.
func nearChoice(says string) string {
	m := choices().FindStringSubmatch(says)
	if m == nil {
		return ""
	}
	all := strings.FieldsFunc(strings.ReplaceAll(m[3], " or ", " "), func(r rune) bool { return r == ' ' || r == ',' })
	for _, one := range all {
		if words.Slips(strings.ToLower(m[1]+m[2]), strings.ToLower(one)) <= max(1, len(one)/5) {
			return "Is " + one + " meant?"
		}
	}
	return "Take one of " + strings.Join(all, ", ") + "."
}
