package triggers

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Parameters is what KEDA would use of a trigger: each parameter's value, wherever it
// comes from, with KEDA's defaults. It holds secrets, and prints none of them.
type Parameters struct {
	Type   string            // of the trigger
	Values map[string]string // by the first name of the parameter; trimmed, and absent where there is none
	// From says in words where each value came from; nothing for one that is a default.
	From map[string]string
	// Missing says what was named and is not there, which KEDA takes for empty.
	Missing []string
	// Identity is the identity that only KEDA's operator has, where the trigger's
	// authentication names one: "aws", "azure-workload", "gcp"; "" for none.
	Identity string
	// PerWorkload is set when an authentication took values from the environment of
	// the trigger's own workload, so that they are nobody else's.
	PerWorkload bool
	Polling     time.Duration // between two looks of KEDA's
}

// ErrAbsent is the cause of not knowing the parameters of a trigger where something that
// it names is not there: what was known of it before is over then.
var ErrAbsent = errors.New("it does not exist")

// MayBeSecret reports whether a parameter of a name may have a secret in it, in the
// trigger too: what says who asks, and what is sent along with a request.
func MayBeSecret(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{
		"password", "passwd", "secret", "token", "apikey", "accesskey", "privatekey", "clientkey", "connection", "credential",
		"customauthvalue", "customheaders", "queryparameters", "endpointparams", "oauthextensions",
	} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// String is the type alone.
func (p Parameters) String() string { return p.Type }

// GoString is String, so that %#v does not print secrets either.
func (p Parameters) GoString() string { return "triggers.Parameters(" + p.Type + ")" }

// Text is a parameter, "" where it is absent.
func (p Parameters) Text(name string) string { return p.Values[name] }

// List is a parameter split at its commas, without what is blank.
func (p Parameters) List(name string) (out []string) {
	for _, item := range strings.Split(p.Values[name], ",") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}

// Number is a parameter that is a number; 0 where it is absent or none.
func (p Parameters) Number(name string) float64 {
	n, err := strconv.ParseFloat(p.Values[name], 64)
	if err != nil || n != n {
		return 0
	}
	return n
}

// On is a parameter that is true or false; false where it is absent or neither.
func (p Parameters) On(name string) bool {
	on, _ := strconv.ParseBool(p.Values[name])
	return on
}

// Duration is a parameter that is a span of time, as Go writes it or in milliseconds
// where it is a bare number, as in KEDA; otherwise where it is absent or neither.
func (p Parameters) Duration(name string, otherwise time.Duration) time.Duration {
	text := p.Values[name]
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return d
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms >= 0 {
		return time.Duration(ms) * time.Millisecond
	}
	return otherwise
}

// Target is the trigger's target, and its activation target, by KEDA's rules.
func (p Parameters) Target() (target, activation float64) {
	typ := types[p.Type]
	target, _ = typ.TargetIn(p.Values)
	activation, _ = typ.ActivationIn(p.Values)
	return target, activation
}

// Key is a text that is equal for equal values of some parameters. It holds secrets:
// it is to be compared, and never shown.
func (p Parameters) Key(names ...string) string {
	values := make([]string, len(names))
	for i, name := range names {
		values[i] = p.Values[name]
	}
	text, _ := json.Marshal(values) // texts never fail
	return string(text)
}
