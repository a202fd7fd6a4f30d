package keda

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// owner is what the triggers belong to, as far as it decides where their
// parameters come from.
type owner struct {
	ref       kscope.Ref
	target    kscope.TargetRef // whose environment it is; of kind ScaledJob for a ScaledJob's own
	container string           // envSourceContainerName, "" for the first
	polling   time.Duration    // between two looks of KEDA's
}

func observeTriggers(spec fields, of owner) []kscope.Trigger {
	var out []kscope.Trigger
	for _, v := range spec.list("triggers") {
		m, _ := v.(map[string]any)
		t := fields(m)
		raw := t.metadata()
		auth := t.at("authenticationRef")
		trigger := kscope.Trigger{
			Type:       t.text("type"),
			Name:       t.text("name"),
			MetricType: orElse(t.text("metricType"), "AverageValue"),
			Metadata:   make(map[string]string, len(raw)),
			AuthName:   auth.text("name"),
			Cached:     t["useCachedMetrics"] == true,
		}
		for _, name := range slices.Sorted(maps.Keys(raw)) {
			shown := kscope.Clean(name)
			// An escape sequence may have been in the middle of what tells a secret.
			trigger.Metadata[shown] = kscope.Clean(withoutSecret(shown, kscope.Clean(withoutSecret(name, raw[name]))))
		}
		if trigger.AuthName != "" {
			trigger.AuthKind = orElse(auth.text("kind"), "TriggerAuthentication")
		}
		trigger.Backlog = backlogOf(t.raw("type"), raw, of, len(out), trigger)
		out = append(out, trigger)
	}
	return out
}

// metadata is that of a trigger as it stands, secrets and all: not to be kept.
func (f fields) metadata() map[string]string {
	raw := map[string]string{}
	for name, value := range f.at("metadata") {
		if s, ok := value.(string); ok {
			raw[name] = s
		}
	}
	return raw
}

// backlogOf is the backlog that a trigger names. An address or a group that could
// not be shown as it is, because of its characters or of a password in it, counts as
// not understood: showing another would be a lie, and reading another a mistake. A
// key may have any characters, since job libraries use such, and is shown with them
// written out.
func backlogOf(typ string, metadata map[string]string, of owner, index int, t kscope.Trigger) *kscope.Backlog {
	b, ok := triggers.WorkBacklog(typ, metadata, t.Metadata, triggers.Origin{
		Object: of.ref, Index: index, Target: of.target, Container: of.container, Polling: of.polling, AuthKind: t.AuthKind, AuthName: t.AuthName,
	})
	if ok {
		return &b
	}
	q, ok := triggers.RedisQueue(typ, metadata)
	for _, text := range []string{q.Address, q.Group} {
		ok = ok && text == kscope.Clean(text) && text == withoutSecret("address", text)
	}
	if !ok {
		return nil
	}
	q.Via = triggers.RedisVia(of.ref, of.target, of.container, metadata, t.AuthKind, t.AuthName)
	b = q.Backlog()
	return &b
}

// withoutSecret hides what should not be on a screen or in a recording. KEDA
// takes secrets from elsewhere for most triggers, but some accept them in the
// metadata, and a URL may carry a password.
func withoutSecret(name, value string) string {
	lower := strings.ToLower(name)
	if value == "" || strings.HasSuffix(lower, "fromenv") {
		return value
	}
	if triggers.MayBeSecret(name) || strings.Contains(value, "://") && signed.MatchString(value) {
		return hidden
	}
	logins := len(login.FindAllString(value, 2))
	if logins == 0 || !strings.Contains(value, "://") && !places.MatchString(lower) {
		return value
	}
	if u, err := url.Parse(value); err == nil && logins == 1 {
		if _, has := u.User.Password(); has {
			return u.Redacted()
		}
	}
	return hidden
}

// login is a password as it stands before a host, with a scheme or without, in
// what places are called.
var (
	login  = regexp.MustCompile(`:[^/@]*@`)
	places = regexp.MustCompile(`address|host|url|uri|endpoint|server|broker`)
	// signed is a part of a URL, or of a connection string, that says who asks.
	signed = regexp.MustCompile(`(?i)[?&;][^=?&;]*(password|passwd|pwd|secret|token|key|sig|signature|auth|credential)=[^&;]`)
)

const hidden = "(hidden)"
