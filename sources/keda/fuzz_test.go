package keda

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kjson "sigs.k8s.io/json"

	"github.com/kscope/kscope/texttest"
)

// raw are the fields that stay as they are, being data: the name of a queue, and
// what a job looks like.
var raw = []string{"Backlog/Name", "Backlog/Detail", "InjectPayload"}

// FuzzObserve: an object of any shape is translated without harm, always alike,
// and into what can be shown.
func FuzzObserve(f *testing.F) {
	f.Add(`{"metadata":{"name":"a","creationTimestamp":"x"},"spec":{"triggers":[{"type":"redis","metadata":{"listName":"l"}},null,3],"fallback":[],"advanced":{"scalingModifiers":{"formula":"f"}}},"status":{"conditions":[{"type":"Ready"},1],"health":{"a":{"numberOfFailures":1e9}},"triggersActivity":{"a":null}}}`)
	f.Add(`{"metadata":{"annotations":{"autoscaling.keda.sh/paused":"x"}},"spec":{"scaleTargetRef":null,"minReplicaCount":-1,"pollingInterval":9223372036854775807}}`)
	f.Add(`{"metadata":{"name":"\u001b[2J","namespace":"\u0007","uid":"\u009b","labels":{"a\u001b[m":"b","a":"\u202e"}},"spec":{"scaleTargetRef":{"name":"\u001b"},"triggers":[{"type":"redis-streams","metadata":{"stream":"\u0000","consumerGroup":"\u0001","a\u0002":"x","a":"y"}}]},"status":{"triggersActivity":{"m":{"isActive":true},"m\u0003":{"isActive":false}},"externalMetricNames":["\u0008"],"lastActiveTime":"2026-01-02T03:04:05Z"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var object map[string]any
		if kjson.UnmarshalCaseSensitivePreserveInts([]byte(text), &object) != nil { // as the dynamic client does
			return
		}
		u := &unstructured.Unstructured{Object: object}
		before, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		so, sj := observeScaledObject(u), observeScaledJob(u)
		if again := observeScaledObject(u); !so.SameButSeen(again) || !reflect.DeepEqual(again, so) {
			t.Errorf("%+v is not the same twice", so)
		}
		if again := observeScaledJob(u); !reflect.DeepEqual(again, sj) {
			t.Errorf("%+v is not the same twice", sj)
		}
		for _, fact := range []any{so, sj} {
			texttest.Clean(t, fact, raw...)
		}
		for _, trigger := range so.Triggers {
			if trigger.Backlog != nil {
				texttest.Clean(t, trigger.Backlog.Shown())
			}
		}
		if after, _ := json.Marshal(object); string(after) != string(before) {
			t.Errorf("the object has changed from %s to %s", before, after)
		}
	})
}

// FuzzSecrets: what is secret in the metadata of a trigger is in no fact, whoever
// writes it down and how.
func FuzzSecrets(f *testing.F) {
	const secret = "hunter2-and-more"
	f.Add("redis", "address", "redis", "", "redis.demo:6379", "password")
	f.Add("redis", "addresses", "", "me", "redis.demo:6379", "passWordx")
	f.Add("rabbitmq", "host", "amqp", "guest", "rabbit:5672/vh", "connection")
	f.Add("redis-streams", "host", "", "\x1b", "h", "sentinelPass\x1b[mword")
	f.Add("x", "serverURL", "ht\x1b[mtp", "a", "\x1b]", "accessToken")
	f.Fuzz(func(t *testing.T, typ, place, scheme, user, host, name string) {
		if scheme != "" {
			scheme += "://"
		}
		metadata := map[string]any{place: scheme + user + ":" + secret + "@" + host, "listName": "l", "stream": "s"}
		url := scheme != "" || places.MatchString(strings.ToLower(place))
		if strings.ContainsAny(scheme+user, "/?#@\\") || !url || strings.HasSuffix(strings.ToLower(place), "fromenv") || place == "username" || place == "sentinelMaster" {
			delete(metadata, place) // no login
		}
		lower := strings.ToLower(name)
		for _, word := range []string{"password", "token", "secret", "connection"} {
			if strings.Contains(lower, word) && !strings.HasSuffix(lower, "fromenv") {
				metadata[name] = secret
			}
		}
		u := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"triggers": []any{map[string]any{"type": typ, "metadata": metadata}}}}}
		for _, fact := range []any{observeScaledObject(u), observeScaledJob(u)} {
			texttest.Hides(t, fact, secret)
		}
	})
}

// FuzzFields: a number is what JSON has there if that is one of 32 bits, however
// it is written, and nothing otherwise.
func FuzzFields(f *testing.F) {
	for _, s := range []string{"1", "-1", "1.0", "1e3", "2147483648", "-2147483649", "1e400", "0.5", "null", `"1"`, "9223372036854775808", "-0", "1E2", "[1]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var of fields
		if kjson.UnmarshalCaseSensitivePreserveInts([]byte(`{"x":`+text+`}`), &of) != nil {
			return
		}
		got := of.number("x")
		want, err := strconv.ParseFloat(strings.TrimSpace(text), 64) // exact up to 2^53
		whole := err == nil && want == math.Trunc(want) && want >= math.MinInt32 && want <= math.MaxInt32
		_, number := of["x"].(float64)
		if _, isInt := of["x"].(int64); !number && !isInt {
			whole = false
		}
		if whole != (got != nil) || got != nil && float64(*got) != want {
			t.Errorf("%s reads as %v", text, got)
		}
		if got := of.numberOr("x", 7); !whole && got != 7 {
			t.Errorf("%s reads as %d", text, got)
		}
	})
}
