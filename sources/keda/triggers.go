package keda

import (
	"net/url"
	"strings"

	"github.com/kscope/kscope"
)

func observeTriggers(spec fields) []kscope.Trigger {
	var out []kscope.Trigger
	for _, v := range spec.list("triggers") {
		m, _ := v.(map[string]any)
		t := fields(m)
		raw := map[string]string{}
		for name, value := range t.at("metadata") {
			if s, ok := value.(string); ok {
				raw[name] = s
			}
		}
		auth := t.at("authenticationRef")
		trigger := kscope.Trigger{
			Type:       t.text("type"),
			Name:       t.text("name"),
			MetricType: orElse(t.text("metricType"), "AverageValue"),
			Metadata:   make(map[string]string, len(raw)),
			AuthName:   auth.text("name"),
			Queue:      queueOf(t.raw("type"), raw),
		}
		for name, value := range raw {
			trigger.Metadata[kscope.Clean(name)] = kscope.Clean(withoutSecret(name, value))
		}
		if trigger.AuthName != "" {
			trigger.AuthKind = orElse(auth.text("kind"), "TriggerAuthentication")
		}
		out = append(out, trigger)
	}
	return out
}

// queueOf is the queue that a trigger names. A key or an address that could
// not be shown as it is counts as not understood: showing another would be a
// lie, and reading another a mistake.
func queueOf(typ string, metadata map[string]string) *kscope.Queue {
	q, ok := kscope.RedisQueue(typ, metadata)
	if !ok || q.Key != kscope.Clean(q.Key) || q.Address != kscope.Clean(q.Address) {
		return nil
	}
	return &q
}

// withoutSecret hides what should not be on a screen or in a recording. KEDA
// takes secrets from elsewhere for most triggers, but some accept them in the
// metadata, and a URL may carry a password.
func withoutSecret(name, value string) string {
	lower := strings.ToLower(name)
	if value == "" || strings.HasSuffix(lower, "fromenv") {
		return value
	}
	for _, word := range []string{"password", "passwd", "secret", "token", "apikey", "accesskey", "privatekey", "connection"} {
		if strings.Contains(lower, word) {
			return hidden
		}
	}
	if strings.Contains(value, "://") && strings.Contains(value, "@") {
		u, err := url.Parse(value)
		if err != nil {
			return hidden
		}
		if _, has := u.User.Password(); has {
			return u.Redacted()
		}
	}
	return value
}

const hidden = "(hidden)"
