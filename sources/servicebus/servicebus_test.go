package servicebus

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/sources/protocol/protocoltest"
	"github.com/kscope/kscope/triggers"
)

func sorted[V any](all map[string]V) []string { return slices.Sorted(maps.Keys(all)) }

func TestServiceBus(t *testing.T) {
	f := serves(t)
	good := f.good()
	other := f.connection("RootManageSharedAccessKey", "hunter9hunter9")
	suite := protocoltest.Suite{
		Protocol: f.protocol(), Type: "azure-servicebus", Good: good, Secrets: []string{good["connection"], "hunter2hunter2/+=", "hunter3hunter3=", "hunter9hunter9"}, Loads: true,
		Take: func(n int) []string {
			f.mu.Lock()
			defer f.mu.Unlock()
			all := f.queues["orders"]
			n = min(n, len(all))
			f.queues["orders"] = all[n:]
			return bodies(t, all[:n])
		},
		Wrong: []protocoltest.Wrong{
			{Name: "no connection", With: map[string]string{"connection": ""}, Say: "no connection string"},
			{Name: "half a connection", With: map[string]string{"connection": "Endpoint=sb://x/"}, Say: "has no SharedAccessKeyName"},
			{Name: "no queue", With: map[string]string{"queueName": ""}, Say: "neither a queue nor a topic"},
			{Name: "both", With: map[string]string{"topicName": "news", "subscriptionName": "mail"}, Say: "a queue and a topic"},
			{Name: "no subscription", With: map[string]string{"topicName": "news", "queueName": ""}, Say: "a topic and no subscription"},
			{Name: "no pattern", With: map[string]string{"queueName": "(", "useRegex": "true"}, Say: "no regular expression"},
			{Name: "another queue", With: map[string]string{"queueName": "ordersx"}, Say: "Service Bus has no queue ordersx", Own: true},
			{Name: "another subscription", With: map[string]string{"queueName": "", "topicName": "news", "subscriptionName": "x"}, Say: "no subscription x of a topic news", Own: true},
			{Name: "another topic", With: map[string]string{"queueName": "", "topicName": "x", "subscriptionName": ".*", "useRegex": "true"}, Say: "Service Bus has no topic x", Own: true},
			{Name: "another key", With: map[string]string{"connection": other}, Say: "does not take the key"},
			{Name: "a key that may not look", With: map[string]string{"connection": f.connection("SendOnly", "hunter3hunter3=") + ";EntityPath=orders"}, Say: "Service Bus refuses the key of the trigger: Manage,EntityRead claims required", Own: true},
			{Name: "an old signature", With: map[string]string{"connection": "Endpoint=sb://" + f.Listener.Addr().String() + ";SharedAccessSignature=" + signed("https://"+f.Listener.Addr().String()+"/orders", "RootManageSharedAccessKey", keys["RootManageSharedAccessKey"], time.Unix(1, 0))}, Say: "has expired"},
			{Name: "nobody there", With: map[string]string{"connection": "Endpoint=sb://127.0.0.1:1/;SharedAccessKeyName=x;SharedAccessKey=hunter9hunter9"}, Say: "nothing listens at"},
		},
	}
	protocoltest.Run(t, suite)
	stranger := suite
	stranger.Protocol = New()
	if _, err := stranger.New(t, nil).Measure(); err == nil || !strings.Contains(err.Error(), "is not trusted") {
		t.Errorf("of a certificate that nobody knows: %v", err)
	}
	f.mu.Lock()
	f.odd = "<html>hello</html>"
	f.mu.Unlock()
	if _, err := suite.New(t, nil).Measure(); err == nil || !strings.Contains(err.Error(), "is not Service Bus") {
		t.Errorf("of a page for people: %v", err)
	}
}

func bodies(t *testing.T, all []message) (out []string) {
	for _, m := range all {
		if m.UserProperties["kscope"] == "" || m.BrokerProperties.MessageId == "" || m.BrokerProperties.SessionId == "" {
			t.Fatalf("sent: %+v", m)
		}
		out = append(out, m.Body)
	}
	return out
}

func TestSubscription(t *testing.T) {
	f := serves(t)
	with := maps.Clone(f.good())
	delete(with, "queueName")
	with["topicName"], with["subscriptionName"] = "news", "mail"
	suite := protocoltest.Suite{Protocol: f.protocol(), Type: "azure-servicebus", Good: with}
	r := suite.New(t, nil)
	r.Await(0)
	r.Push(300)
	got := r.Await(300)
	if got.Type != "subscription" || got.Parts[2] != (kscope.Part{Name: "dead-lettered", N: 2}) || got.Scaled.Is {
		t.Errorf("got %+v", got)
	}
	both := suite.New(t, map[string]string{"subscriptionName": "mail|print", "useRegex": "true", "operation": "max"})
	if got := both.Await(600); !got.Scaled.Is || got.Scaled.N != 300 || got.Scaled.How != "max of 2" {
		t.Errorf("got %+v", got)
	}
	c := connect(t, f, with)
	for subscription, want := range map[string]string{"mail": "subscription print; its dead-letter queue (what is still there after 10 deliveries)", "p.*": "subscription mail"} {
		p := triggers.Parameters{Values: maps.Clone(with)}
		p.Values["subscriptionName"], p.Values["useRegex"] = subscription, fmt.Sprint(subscription != "mail")
		if others, err := c.Others(t.Context(), protocol.Queue{Parameters: p}); err != nil || strings.Join(others, "; ") != want {
			t.Errorf("beside %s: %q, %v", subscription, others, err)
		}
	}
}

// TestPattern: KEDA's rule is that the longest match is the whole name; all pages count.
func TestPattern(t *testing.T) {
	f := serves(t)
	for i := range 250 {
		f.queues[fmt.Sprintf("jobs-%d", i)] = make([]message, i)
	}
	suite := protocoltest.Suite{Protocol: f.protocol(), Type: "azure-servicebus", Good: f.good()}
	for _, c := range []struct {
		pattern, operation string
		n, scaled          float64
		note               string
	}{
		{`jobs-\d+`, "sum", 249 * 250 / 2, 249 * 250 / 2, "250 of 251 match"},
		{`jobs-\d`, "max", 45, 9, "10 of 251 match"},
		{`jobs-\d`, "avg", 45, 4, "10 of 251 match"}, // in whole numbers
		{`jobs-1|jobs-1\d`, "sum", 146, 146, "11 of 251 match"},
		{`nothing`, "avg", 0, 0, "no queue matches: KEDA takes it for 0"},
	} {
		got, err := suite.New(t, map[string]string{"queueName": c.pattern, "useRegex": "true", "operation": c.operation}).Measure()
		scaled := got.N
		if got.Scaled.Is {
			scaled = got.Scaled.N
		}
		if err != nil || got.N != c.n || scaled != c.scaled || got.Note != c.note {
			t.Errorf("%+v: %+v, %v", c, got, err)
		}
	}
	did := connect(t, f, f.good()).Push(t.Context(), protocol.Queue{Parameters: triggers.Parameters{Values: map[string]string{"queueName": "jobs.*", "useRegex": "true"}}}, protocoltest.Jobs(kscope.Backlog{}, 1))
	if did.Err == nil || did.Unknown != 0 {
		t.Errorf("into a pattern: %+v", did)
	}
}

func connect(t *testing.T, f *fake, with map[string]string) *client {
	t.Helper()
	c, err := f.protocol().Connect(t.Context(), triggers.Parameters{Values: with}, new(net.Dialer).DialContext)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.(*client)
}

// TestLost: what was sent and not answered may be in.
func TestLost(t *testing.T) {
	f := serves(t)
	f.broken = true
	c := connect(t, f, f.good())
	q := protocol.Queue{Parameters: triggers.Parameters{Values: f.good()}}
	if did := c.Push(t.Context(), q, protocoltest.Jobs(kscope.Backlog{}, 10)); did.Unknown != 10 || did.Accepted != 0 || did.Err == nil {
		t.Errorf("got %+v", did)
	}
	f.broken = false
	q.Values["queueName"] = "nothing"
	if did := c.Push(t.Context(), q, protocoltest.Jobs(kscope.Backlog{}, 10)); did.Unknown != 0 || did.Err == nil || did.Err.Error() != "Service Bus has no queue or topic nothing" {
		t.Errorf("got %+v", did)
	}
}

// TestConnection: as Azure's library reads it, and nothing of it is printed.
func TestConnection(t *testing.T) {
	const begin, key = "Endpoint=sb://x.servicebus.windows.net/;", "SharedAccessKey=aGk=;"
	for text, want := range map[string]string{
		begin + "SharedAccessKeyName=root;" + key:                           "",
		begin + "sharedaccesskeyname=root;" + key + "EntityPath=orders;":    "",
		begin + "SharedAccessSignature=SharedAccessSignature sr=a&sig=b%3d": "",
		begin + "SharedAccessKeyName=root":                                  "has no SharedAccessKey",
		begin + key:                                                         "has no SharedAccessKeyName",
		"SharedAccessKeyName=root;" + key:                                   "has no Endpoint",
		begin + "what":                                                      "has a part without =",
		"Endpoint=://;" + key:                                               "has an Endpoint that is no URL",
		" ":                                                                 "no connection string",
	} {
		c, err := connectionOf(text)
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "aGk")) {
			t.Errorf("%s: %v", text, err)
		}
		if err == nil && (c.host != "x.servicebus.windows.net" || strings.Contains(fmt.Sprintf("%v %+v %#v", c, c, c), "aGk")) {
			t.Errorf("%s: %+v", text, c)
		}
	}
}

// The signature of Azure's documentation, by its algorithm in another program:
// openssl dgst -sha256 -hmac.
func TestSigned(t *testing.T) {
	const want = "SharedAccessSignature sr=https%3a%2f%2fx.servicebus.windows.net%2forders&sig=ptz1QzDhE2D7OY%2Fw8G961RHcFpiUvVJld0%2F%2FQVfTCmA%3D&se=1700000000&skn=root"
	got := signed("https://x.servicebus.windows.net/Orders", "root", "secret", time.Unix(1700000000, 0))
	if got != want {
		t.Errorf("got %s", got)
	}
}

func FuzzAtom(f *testing.F) {
	f.Add([]byte(described("Queue", "orders", 3)), 200, "Endpoint=sb://x/;SharedAccessKeyName=a;SharedAccessKey=b")
	f.Add([]byte("<Error><Code>401</Code><Detail>no. TrackingId:1</Detail></Error>"), 401, ";=;")
	f.Fuzz(func(t *testing.T, body []byte, status int, connection string) {
		_, _ = connectionOf(connection)
		err := (&client{}).refusal(&protocol.Answer{Status: status, Body: string(body)}, "/orders")
		if strings.ContainsAny(err.Error(), "\x1b\n") || strings.Contains(err.Error(), "TrackingId") {
			t.Errorf("%q", err)
		}
		var a atom
		if xml.Unmarshal(body, &a) != nil {
			return
		}
		all := []description{}
		for _, e := range append(a.Entries, a.entry) {
			if is, ok := e.description(); ok {
				all = append(all, is)
			}
		}
		_, _ = several(entity{queue: ".*", pattern: regexp.MustCompile(".*"), operation: "avg"}, all)
	})
}

func BenchmarkMeasure(b *testing.B) {
	f := serves(b)
	protocoltest.BenchmarkMeasure(b, f.protocol(), "azure-servicebus", f.good())
}

func BenchmarkPush(b *testing.B) {
	f := serves(b)
	protocoltest.BenchmarkPush(b, f.protocol(), "azure-servicebus", f.good())
}

var (
	_ protocol.Pusher = (*client)(nil)
	_ protocol.Sharer = (*client)(nil)
)

// TestIdentity: what only the operator may do is said to be so.
func TestIdentity(t *testing.T) {
	_, err := New().Key(triggers.Parameters{Identity: "azure-workload", Values: map[string]string{"queueName": "orders", "namespace": "x"}})
	if err == nil || err.Error() != "the trigger uses the Azure identity, which only KEDA's operator has" {
		t.Error(err)
	}
}
