package pubsub

import (
	"fmt"
	"maps"
	"net"
	"strings"
	"testing"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/sources/protocol/protocoltest"
	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/triggers/params"
)

func TestPubSub(t *testing.T) {
	f := serves(t)
	suite := protocoltest.Suite{
		Protocol: f.protocol(), Type: "gcp-pubsub", Good: f.good(), Secrets: []string{f.file(key), f.file(otherKey), "a-token-of-google", "BEGIN PRIVATE KEY"}, Loads: true,
		Take: func(n int) []string {
			f.mu.Lock()
			defer f.mu.Unlock()
			all := f.all["orders"]
			n = min(n, len(all))
			f.all["orders"] = all[n:]
			return bodies(t, all[:n])
		},
		Wrong: []protocoltest.Wrong{
			{Name: "no key", With: map[string]string{"GoogleApplicationCredentials": ""}, Say: "no key of a service account"},
			{Name: "no JSON", With: map[string]string{"GoogleApplicationCredentials": "hunter2hunter2"}, Say: "the credentials of the trigger are no JSON"},
			{Name: "a user's", With: map[string]string{"GoogleApplicationCredentials": `{"type":"authorized_user"}`}, Say: "not those of a service account"},
			{Name: "no private key", With: map[string]string{"GoogleApplicationCredentials": `{"type":"service_account","client_email":"x@y"}`}, Say: "have no private_key in PEM"},
			{Name: "a file", With: map[string]string{"GoogleApplicationCredentials": "", "credentialsFromEnvFile": "KEY_FILE"}, Say: "in a file of KEDA's operator"},
			{Name: "another key", With: map[string]string{"GoogleApplicationCredentials": f.file(otherKey)}, Say: "Google does not let service account keda@shop-1.iam.gserviceaccount.com in: Invalid JWT Signature"},
			{Name: "nothing", With: map[string]string{"subscriptionName": ""}, Say: "either a subscription or a topic"},
			{Name: "both", With: map[string]string{"topicName": "news"}, Say: "either a subscription or a topic"},
			{Name: "no name", With: map[string]string{"subscriptionName": "google-x"}, Say: "google-x cannot be the name of a subscription"},
			{Name: "another subscription", With: map[string]string{"subscriptionName": "ordersx"}, Say: "Google: Resource not found (resource=ordersx)", Own: true},
			{Name: "another mode", With: map[string]string{"topicName": "news", "subscriptionName": ""}, Say: "Cloud Monitoring does not take KEDA's query: Could not find a metric", Own: true},
			{Name: "no aggregation", With: map[string]string{"aggregation": "percentile101"}, Say: "KEDA knows no aggregation percentile101", Own: true},
			{Name: "nobody there", With: map[string]string{"GoogleApplicationCredentials": strings.ReplaceAll(f.file(key), f.Listener.Addr().String(), "127.0.0.1:1")}, Say: "nothing listens at"},
		},
	}
	protocoltest.Run(t, suite)
	stranger := suite
	stranger.Protocol = pubSub{base: f.URL}
	if _, err := stranger.New(t, nil).Measure(); err == nil || !strings.Contains(err.Error(), "is not trusted") {
		t.Errorf("of a certificate that nobody knows: %v", err)
	}
	f.mu.Lock()
	f.tokens = 0
	f.mu.Unlock()
	r := suite.New(t, map[string]string{"subscriptionName": "projects/shop-1/subscriptions/orders"})
	for range 3 {
		if got := r.Await(7); !got.Sampled.Equal(taken) || got.Type != "subscription" {
			t.Errorf("got %+v", got)
		}
	}
	if f.tokens != 1 {
		t.Errorf("%d tokens for three looks", f.tokens)
	}
}

func bodies(t *testing.T, all []message) (out []string) {
	for _, m := range all {
		if m.Attributes["kscope"] == "" {
			t.Fatalf("sent: %+v", m)
		}
		out = append(out, string(m.Data))
	}
	return out
}

// TestModes: what KEDA counts instead of the backlog stands beside it.
func TestModes(t *testing.T) {
	f := serves(t)
	f.all["orders"] = make([]message, 3)
	suite := protocoltest.Suite{Protocol: f.protocol(), Type: "gcp-pubsub", Good: f.good()}
	got := suite.New(t, map[string]string{"mode": "OldestUnackedMessageAge"}).Await(3)
	if want := (kscope.Scaled{Is: true, N: 12.5, Active: 12.5, How: "age of the oldest message, in seconds"}); got.Scaled != want {
		t.Errorf("got %+v", got)
	}
	f.mu.Lock()
	f.age = ""
	f.mu.Unlock()
	if _, err := suite.New(t, map[string]string{"mode": "OldestUnackedMessageAge"}).Measure(); err == nil || !strings.HasPrefix(err.Error(), "Cloud Monitoring has no sample of the last 2m0s for subscription orders of project shop-1") {
		t.Errorf("got %v", err)
	}
	got = suite.New(t, map[string]string{"mode": "OldestUnackedMessageAge", "valueIfNull": "4"}).Await(3)
	if got.Scaled.N != 4 || got.Note == "" {
		t.Errorf("got %+v", got)
	}
	f.mu.Lock()
	f.age = `{"distributionValue":{}}`
	f.mu.Unlock()
	if _, err := suite.New(t, map[string]string{"mode": "OldestUnackedMessageAge"}).Measure(); err == nil || !strings.Contains(err.Error(), "is no number") {
		t.Errorf("got %v", err)
	}
}

// TestQuery: BuildMQLQuery of gcp_stackdriver_client.go, KEDA 2.21.
func TestQuery(t *testing.T) {
	const size = "fetch pubsub_subscription | metric 'pubsub.googleapis.com/subscription/num_undelivered_messages' | filter (resource.project_id == 'p' && resource.subscription_id == 'orders') | within "
	for _, c := range []struct {
		with map[string]string
		want string
	}{
		{map[string]string{"mode": "SubscriptionSize"}, size + "2m0s"},
		{map[string]string{"mode": "NumUndeliveredMessages", "timeHorizon": "7m"}, size + "7m0s"},
		{map[string]string{"mode": "NumUndeliveredMessages", "aggregation": "mean"}, size + "5m0s | align delta(3m0s) | every 3m0s | group_by [], mean(value)"},
		{
			map[string]string{"mode": "AckLatencies", "aggregation": "percentile99", "timeHorizon": "90000"},
			strings.Replace(size, undelivered, "ack_latencies", 1) + "1m30s | align delta(3m0s) | every 3m0s | group_by [], percentile(value, 99)",
		},
	} {
		of := resource{"subscription", "p", "orders"}
		m, err := metricOf(triggers.Parameters{Values: c.with}, of)
		if err != nil || m.query() != c.want {
			t.Errorf("%v: %s, %v", c.with, m.query(), err)
		}
	}
	for name, want := range map[string]string{"OldestUnackedMessageAge": "oldest_unacked_message_age", "SendRequestCount": "send_request_count", "StreamingPullMessageOperationCount": "streaming_pull_message_operation_count", "num_undelivered_messages": undelivered, "HTTPCount": "http_count", "": ""} {
		if got := snake(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	for name, want := range map[string]string{"orders": "own orders", "projects/shop-2/subscriptions/audit": "shop-2 audit"} {
		r, err := resourceOf(triggers.Parameters{Values: map[string]string{"subscriptionName": name}}, "own")
		if err != nil || r.project+" "+r.name != want {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

// TestWho: whose key KEDA takes, and whose it does not.
func TestWho(t *testing.T) {
	f := serves(t)
	p := triggers.Parameters{Values: map[string]string{"credentials": f.file(key), "subscriptionName": "orders"}, From: map[string]string{"credentials": "variable KEY of Deployment demo/shop"}}
	if _, err := New().Key(p); err != nil {
		t.Error(err)
	}
	p.From["credentials"] = params.OfTrigger
	if _, err := New().Key(p); err == nil || !strings.Contains(err.Error(), "in the trigger itself") {
		t.Error(err)
	}
	p.Identity = "gcp"
	if _, err := New().Key(p); err == nil || !strings.Contains(err.Error(), "only KEDA's operator has") {
		t.Error(err)
	}
	a, err := readAccount(f.file(key))
	if text := fmt.Sprintf("%v %+v %#v", a, a, a); err != nil || strings.Contains(text, "PRIVATE") || !strings.Contains(text, "keda@shop-1") || len(text) > 200 {
		t.Errorf("%v, %.200s", err, text)
	}
	c := &client{account: &account{Universe: "googleapis.com"}}
	if got := c.at("monitoring"); got != "https://monitoring.googleapis.com" {
		t.Error(got)
	}
}

func TestOthers(t *testing.T) {
	f := serves(t)
	c := connect(t, f)
	others, err := c.Others(t.Context(), protocol.Queue{Parameters: triggers.Parameters{Values: f.good()}})
	const want = `subscription audit; topic dead (what is still there after 5 deliveries); (this subscription itself gets only what its filter lets through: attributes.kind = "x")`
	if err != nil || strings.Join(others, "; ") != want {
		t.Errorf("got %q, %v", others, err)
	}
}

// TestLost: what was sent and not answered may be in.
func TestLost(t *testing.T) {
	f := serves(t)
	f.broken = true
	c := connect(t, f)
	q := protocol.Queue{Parameters: triggers.Parameters{Values: maps.Clone(f.good())}}
	if did := c.Push(t.Context(), q, protocoltest.Jobs(kscope.Backlog{}, 10)); did.Unknown != 10 || did.Accepted != 0 || did.Err == nil {
		t.Errorf("got %+v", did)
	}
	q.Values["subscriptionName"] = "nothing"
	if did := c.Push(t.Context(), q, protocoltest.Jobs(kscope.Backlog{}, 10)); did.Unknown != 0 || did.Err == nil || !strings.Contains(did.Err.Error(), "not found") {
		t.Errorf("got %+v", did)
	}
}

// TestRefused: what Google may answer, in words.
func TestRefused(t *testing.T) {
	f := serves(t)
	suite := protocoltest.Suite{Protocol: f.protocol(), Type: "gcp-pubsub", Good: f.good()}
	for refuse, want := range map[string]string{
		`403 {"error":{"message":"Permission monitoring.timeSeries.list denied (or the resource may not exist).","status":"PERMISSION_DENIED"}}`: "Cloud Monitoring refuses: Permission monitoring.timeSeries.list denied",
		`429 {"error":{"message":"Quota","status":"RESOURCE_EXHAUSTED"}}`:                                                                        "takes no more requests",
		`500 {"error":{"message":"Internal error","status":"INTERNAL"}}`:                                                                         "the server answers 500 Internal Server Error Internal error",
		`502 <html>`:      "the server answers 502 Bad Gateway",
		`404 <html>`:      "what answers there is not Google Cloud",
		`200 <html>`:      "what answers there is not Google Cloud",
		`302 go elsewher`: "what answers there is not Google Cloud",
	} {
		f.mu.Lock()
		f.refuse = refuse
		f.mu.Unlock()
		if _, err := suite.New(t, nil).Measure(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", refuse, err)
		}
	}
}

func connect(t *testing.T, f *fake) *client {
	t.Helper()
	c, err := f.protocol().Connect(t.Context(), triggers.Parameters{Values: f.good()}, new(net.Dialer).DialContext)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.(*client)
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(`{"timeSeriesData":[{"pointData":[{"values":[{"int64Value":"3"}],"timeInterval":{"endTime":"2026-11-27T10:01:00Z"}}]}]}`), 403, `{"type":"service_account","client_email":"a@b","private_key":"x"}`, "SubscriptionSize")
	f.Add([]byte(`{"error":{"message":"no","status":"NOT_FOUND"}}`), 404, "{}", "HTTPCount")
	f.Fuzz(func(t *testing.T, body []byte, status int, file, mode string) {
		_, _, _ = sampled(body)
		_, _ = readAccount(file)
		_ = snake(mode)
		for _, err := range []error{refusal(&protocol.Answer{Status: status, Body: string(body)}, true), (&client{account: &account{}}).unknown(&protocol.Answer{Status: status, Body: string(body)})} {
			if err == nil || strings.ContainsAny(err.Error(), "\x1b\n") {
				t.Errorf("%q", err)
			}
		}
	})
}

func BenchmarkMeasure(b *testing.B) {
	f := serves(b)
	protocoltest.BenchmarkMeasure(b, f.protocol(), "gcp-pubsub", f.good())
}

func BenchmarkPush(b *testing.B) {
	f := serves(b)
	protocoltest.BenchmarkPush(b, f.protocol(), "gcp-pubsub", f.good())
}

var (
	_ protocol.Pusher = (*client)(nil)
	_ protocol.Sharer = (*client)(nil)
)
