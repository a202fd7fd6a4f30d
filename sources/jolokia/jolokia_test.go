package jolokia

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/sources/protocol/protocoltest"
	"github.com/kscope/kscope/triggers"
)

// serve serves a broker where its console has Jolokia.
func serve(t testing.TB, f *fake) (address string) {
	t.Helper()
	under := "/console"
	if f.kind == &classic {
		under = "/api"
	}
	server := httptest.NewServer(http.StripPrefix(under, f))
	t.Cleanup(server.Close)
	return server.URL
}

const (
	ofOrders = `component=addresses,address="orders",subcomponent=queues,routing-type="anycast",queue="orders"`
	orders   = "destinationType=Queue,destinationName=orders"
)

func goodArtemis(address string) map[string]string {
	return map[string]string{"managementEndpoint": hostOf(address), "queueName": "orders", "brokerName": "shop", "brokerAddress": "orders", "username": user, "password": password, "queueLength": "5"}
}

func goodActiveMQ(address string) map[string]string {
	return map[string]string{"managementEndpoint": hostOf(address), "destinationName": "orders", "brokerName": "shop", "username": user, "password": password, "targetQueueSize": "5"}
}

func TestArtemis(t *testing.T) {
	for _, noPosts := range []bool{false, true} {
		t.Run(map[bool]string{false: "together", true: "by GET"}[noPosts], func(t *testing.T) {
			f := newFake(&artemis, `"shop"`)
			q := f.add(ofOrders)
			f.add(`component=addresses,address="forbidden",subcomponent=queues,routing-type="anycast",queue="forbidden"`)
			f.add(`component=addresses,address="news",subcomponent=queues,routing-type="multicast",queue="billing"`)
			f.noPosts = noPosts
			address := serve(t, f)
			elsewhere := func(rest string) map[string]string { return map[string]string{"restApiTemplate": address + rest} }
			suite := protocoltest.Suite{
				Protocol: Artemis(), Type: "artemis-queue", Good: goodArtemis(address), Secrets: []string{password}, Loads: true, Purges: true,
				Take: func(n int) []string { return f.take(q, n) },
				Wrong: []protocoltest.Wrong{
					{Name: "no endpoint", With: map[string]string{"managementEndpoint": ""}, Say: "names no managementEndpoint"},
					{Name: "a URL", With: map[string]string{"managementEndpoint": address}, Say: "managementEndpoint is not a URL"},
					{Name: "no password", With: map[string]string{"password": ""}, Say: "has no password"},
					{Name: "a wrong password", With: map[string]string{"password": "other"}, Say: "user or the password is wrong"},
					{Name: "nobody there", With: map[string]string{"managementEndpoint": "127.0.0.1:1"}, Say: "nothing listens at"},
					{Name: "a name nobody knows", With: map[string]string{"managementEndpoint": "artemis.nowhere.invalid:8161"}, Say: "is not known here"},
					{Name: "no such queue", With: map[string]string{"queueName": "lorders"}, Say: "there is no queue lorders at address orders there", Own: true},
					{Name: "another address", With: map[string]string{"queueName": "billing"}, Say: "there is no queue billing", Own: true},
					{Name: "another broker", With: map[string]string{"brokerName": "0.0.0.0"}, Say: "there is no queue orders", Own: true},
					{Name: "forbidden", With: map[string]string{"queueName": "forbidden", "brokerAddress": "forbidden"}, Say: "the user may not do that with queue forbidden", Own: true},
					{Name: "placeholders", With: map[string]string{"restApiTemplate": "http://<<managementEndpoint>>/console/jolokia/read/a:b=c/D"}, Say: "has placeholders"},
					{Name: "no template", With: elsewhere("/console/jolokia"), Say: "none of a Jolokia agent"},
					{Name: "another path", With: elsewhere("/api/jolokia/read/a:b=c/D"), Say: "no Jolokia agent at this path"},
					{Name: "an attribute that is not there", With: elsewhere(`/console/jolokia/read/org.apache.activemq.artemis:broker="shop",` + ofOrders + "/Messages"), Say: "Messages is no number there", Own: true},
					{Name: "an attribute that is none", With: elsewhere(`/console/jolokia/read/org.apache.activemq.artemis:broker="shop",` + ofOrders + "/Name"), Say: "Name is no number there", Own: true},
					{Name: "no TLS", With: map[string]string{"restApiTemplate": strings.Replace(address, "http:", "https:", 1) + "/console/jolokia/read/a:b=c/D"}, Say: "does not speak TLS"},
				},
			}
			if noPosts { // for which POST is needed
				suite.Loads, suite.Purges = false, false
			}
			protocoltest.Run(t, suite)
			if noPosts != (f.gets > 5) {
				t.Errorf("%d requests were GET, %d POST", f.gets, f.posts)
			}
			for _, h := range q.headers {
				if session, _ := h.(map[string]any)["kscope"].(string); len(session) != 12 {
					t.Fatalf("headers are %v", h)
				}
			}
		})
	}
}

func TestActiveMQ(t *testing.T) {
	f := newFake(&classic, "shop")
	q := f.add(orders)
	address := serve(t, f)
	protocoltest.Run(t, protocoltest.Suite{
		Protocol: ActiveMQ(), Type: "activemq", Good: goodActiveMQ(address), Secrets: []string{password}, Loads: true,
		Take: func(n int) []string { return f.take(q, n) },
		Wrong: []protocoltest.Wrong{
			{Name: "no destination", With: map[string]string{"destinationName": ""}, Say: "names no destinationName"},
			{Name: "a wrong user", With: map[string]string{"username": "other"}, Say: "user or the password is wrong"},
			{Name: "nobody there", With: map[string]string{"managementEndpoint": "127.0.0.1:1"}, Say: "nothing listens at"},
			{Name: "no such queue", With: map[string]string{"destinationName": "lorders"}, Say: "there is no queue lorders there", Own: true},
			{Name: "another broker", With: map[string]string{"brokerName": "localhost"}, Say: "there is no queue orders there", Own: true},
			{Name: "placeholders", With: map[string]string{"restAPITemplate": "http://{{.ManagementEndpoint}}/api/jolokia/read/a:b=c/D"}, Say: "has placeholders"},
		},
	})
	if h := q.headers[0].(map[string]any); h["JMSDeliveryMode"] != "2" || h["kscope"] == "" {
		t.Errorf("headers are %v", h)
	}
}

// hinted: what is not there is said with where it is.
func TestElsewhere(t *testing.T) {
	f := newFake(&artemis, `"shop"`)
	f.add(ofOrders)
	f.add(`component=addresses,address="news",subcomponent=queues,routing-type="multicast",queue="billing"`)
	c := newFake(&classic, "shop")
	c.add(orders)
	for _, test := range []struct {
		f    *fake
		with map[string]string
		want string
	}{
		{f, map[string]string{"queueName": "billing"}, "one of that name is at broker shop, address news, multicast"},
		{f, map[string]string{"brokerName": "0.0.0.0", "queueName": "x"}, "the broker is called shop there: check brokerName"},
		{f, map[string]string{"queueName": "x"}, "it may be made when it is first used; check the names in the trigger"},
		{c, map[string]string{"brokerName": "localhost"}, "one of that name is at broker shop"},
		{c, map[string]string{"brokerName": "localhost", "destinationName": "x"}, "the broker is called shop there: check brokerName"},
	} {
		p, typ, good := Artemis(), "artemis-queue", goodArtemis
		if test.f == c {
			p, typ, good = ActiveMQ(), "activemq", goodActiveMQ
		}
		s := protocoltest.Suite{Protocol: p, Type: typ, Good: good(serve(t, test.f))}
		if _, err := s.New(t, test.with).Measure(); err == nil || kscope.HintOf(err) != test.want {
			t.Errorf("%v: got %v; %s", test.with, err, kscope.HintOf(err))
		}
	}
}

// TestTogether: many queues are one request, and one that is not there does not hide the
// others.
func TestTogether(t *testing.T) {
	f := newFake(&artemis, `"shop"`)
	q := f.add(ofOrders)
	q.jobs, q.delivering, q.scheduled, q.taking = make([]string, 10), 3, 2, 4
	idle := f.add(`component=addresses,address="a/b",subcomponent=queues,routing-type="multicast",queue="a, \"b\"/c"`)
	idle.jobs = make([]string, 1)
	address := serve(t, f)
	var queues []protocol.Queue
	for _, with := range []map[string]string{{}, {"brokerAddress": "x"}, {"restApiTemplate": address + `/console/jolokia/read/org.apache.activemq.artemis:broker="shop",component=addresses,address="a!/b",subcomponent=queues,routing-type="multicast",queue="a,%20\"b\"!/c"/MessagesAdded`}} {
		p := triggers.Parameters{Type: "artemis-queue", Values: goodArtemis(address)}
		for name, value := range with {
			p.Values[name] = value
		}
		queues = append(queues, protocol.Queue{Parameters: p})
	}
	client, err := Artemis().Connect(t.Context(), queues[0].Parameters, new(protocoltest.Way).Dial)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	r := make([]broker.Reading, 3)
	if err := client.Measure(t.Context(), queues, r); err != nil {
		t.Fatal(err)
	}
	if f.posts != 2 { // one of them to look for what is not there
		t.Errorf("%d requests", f.posts)
	}
	parts := [kscope.MaxParts]kscope.Part{{Name: "waiting", N: 5}, {Name: "in delivery", N: 3}, {Name: "scheduled", N: 2}}
	if r[0].N != 10 || r[0].Parts != parts || r[0].Note != "4 consumers" || r[0].Type != "anycast queue" || r[0].Scaled.Is {
		t.Errorf("got %+v", r[0])
	}
	if r[1].Err == nil || !r[1].Own {
		t.Errorf("got %+v", r[1])
	}
	if r[2].N != 1 || r[2].Note != "no consumers" || r[2].Scaled != (kscope.Scaled{Is: true, N: 77, Active: 77, How: "MessagesAdded"}) || r[2].Type != "multicast queue" {
		t.Errorf("got %+v", r[2])
	}
	if card := client.Describe(); card.Version != "ActiveMQ Artemis 2.31.2" || card.User != user {
		t.Errorf("it is %+v", card)
	}
}

// TestKEDATakes is the rule of its scalers of both types: the value of the attribute that
// the address names, where the agent's own status is 200.
func TestKEDATakes(t *testing.T) {
	at := place{mbean: "org.apache.activemq:type=Broker,brokerName=b,destinationType=Queue,destinationName=q", attribute: "QueueSize"}
	other := place{mbean: "java.lang:type=Memory", attribute: "HeapMemoryUsage", path: "used"}
	for _, test := range []struct {
		at     place
		answer string
		n      float64
		note   string
		err    string
	}{
		{at, `{"status":200,"value":{"QueueSize":7,"InFlightCount":9,"ConsumerCount":1}}`, 7, "1 consumer", ""},
		{at, `{"status":200,"value":{"QueueSize":7,"InFlightCount":"ERROR: x","ConsumerCount":"ERROR: x"}}`, 7, "", ""},
		{at, `{"status":200,"value":{"QueueSize":"ERROR: no"}}`, 0, "", "QueueSize is no number there"},
		{at, `{"status":200,"value":null}`, 0, "", "QueueSize is no number there"},
		{at, `{"status":404,"error_type":"javax.management.InstanceNotFoundException","error":"javax.management.InstanceNotFoundException : x"}`, 0, "", "there is no queue q there"},
		{at, `{"status":404,"error_type":"javax.management.AttributeNotFoundException","error":"x"}`, 0, "", "the queue has no attribute QueueSize"},
		{at, `{"status":400,"error":"javax.management.MalformedObjectNameException : Key \u001b properties"}`, 0, "", "Jolokia makes no sense of the name of the queue: Key"},
		{at, `{"status":500,"error":"java.lang.Exception : no"}`, 0, "", "Jolokia answers 500: no"},
		{other, `{"status":200,"value":123}`, 123, "", ""},
		{other, `{"status":404,"error":"x"}`, 0, "", "there is no MBean java.lang:type=Memory there"},
	} {
		var a answer
		if err := json.Unmarshal([]byte(test.answer), &a); err != nil {
			t.Fatal(err)
		}
		got := classic.reading(test.at, a)
		if got.N != test.n || got.Note != test.note || (got.Err == nil) != (test.err == "") || got.Err != nil && !strings.HasPrefix(got.Err.Error(), test.err) || got.Parts[0].N < 0 {
			t.Errorf("%s: got %+v", test.answer, got)
		}
	}
}

func TestPlace(t *testing.T) {
	for text, want := range map[string]place{
		`http://h:1/console/jolokia/read/d:a="x/y"/C`:          {}, // as Jolokia takes it: the attribute is y"
		`http://h:1/console/jolokia/read/d:a="x!/y!!"/C`:       {"http://h:1/console/jolokia", `d:a="x/y!"`, "C", ""},
		`https://h/jolokia/read/d%3Aa=%22x%22,b=c/C/used/a!/b`: {"https://h/jolokia", `d:a="x",b=c`, "C", "used/a!/b"},
		"http://h/api/jolokia/read/d:a=b":                      {}, "http://h/api/jolokia": {}, "h:1/read/d:a=b/C": {}, "ftp://h/read/d:a=b/C": {}, "http:///read/d:a=b/C": {}, "http://h/read/%zz/C": {}, "": {},
	} {
		got, ok := placeAt(text)
		if strings.Contains(text, `"x/y"`) {
			want = place{"http://h:1/console/jolokia", `d:a="x`, `y"`, "C"}
		}
		if got != want && ok || ok == (want == place{}) {
			t.Errorf("%s: got %+v", text, got)
		}
	}
	at := place{mbean: `d:a="x,y=\"z,b=1",b=2, c=3`}
	if at.property("a") != `"x,y=\"z,b=1"` || at.property("b") != "2" || at.property("c") != "3" || at.property("y") != "" {
		t.Errorf("got %q %q %q %q", at.property("a"), at.property("b"), at.property("c"), at.property("y"))
	}
}

func FuzzPlace(f *testing.F) {
	f.Add(`http://h:1/console/jolokia/read/d:a="x!/y",b=c/C/d`)
	f.Fuzz(func(t *testing.T, text string) {
		at, ok := placeAt(text)
		if !ok {
			return
		}
		artemis.shown(at)
		artemis.attributes(at)
		if again, ok := placeAt(at.agent + request{Type: "read", MBean: at.mbean, Attribute: names{at.attribute}, Path: at.path}.address()); !ok || again != at {
			t.Errorf("%q: %+v, and asked for that %+v", text, at, again)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add(`{"status":200,"value":{"MessageCount":7}}`)
	f.Add(`{"status":404,"error":"a : b","value":["a:b=c"]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var a answer
		if json.Unmarshal([]byte(text), &a) != nil {
			return
		}
		at := place{mbean: `d:queue="q"`, attribute: "MessageCount"}
		if r := artemis.reading(at, a); r.Err == nil && r.N != r.N {
			t.Errorf("%q: not a number", text)
		}
		artemis.elsewhere(at, found(a), found(a))
	})
}

// TestAgents: what else may be at an address.
func TestAgents(t *testing.T) {
	for _, test := range []struct {
		name string
		http.HandlerFunc
		say string
	}{
		{"a login page", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/login" {
				http.Redirect(w, r, "/login", http.StatusFound)
			}
			_, _ = w.Write([]byte("<html><form>"))
		}, "a page for people answers where Jolokia should"},
		{"a locked door", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }, "the console does not let the user in"},
		{"a broken one", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no backend", http.StatusBadGateway) }, "the server answers 502 Bad Gateway no backend"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(test.HandlerFunc)
			defer server.Close()
			s := protocoltest.Suite{Protocol: Artemis(), Type: "artemis-queue", Good: goodArtemis(server.URL), Secrets: []string{password}}
			if got, err := s.New(t, nil).Measure(); err == nil || err.Error() != test.say && !strings.HasPrefix(err.Error(), test.say) || got.Own {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	t.Run("another origin", func(t *testing.T) {
		f := newFake(&artemis, `"shop"`)
		f.add(ofOrders)
		f.origin = "http://console"
		s := protocoltest.Suite{Protocol: Artemis(), Type: "artemis-queue", Good: goodArtemis(serve(t, f))}
		if _, err := s.New(t, nil).Measure(); err == nil || !strings.Contains(err.Error(), "requests of this origin") {
			t.Errorf("got %v", err)
		}
		if _, err := s.New(t, map[string]string{"corsHeader": f.origin}).Measure(); err != nil {
			t.Error(err)
		}
	})
}

func TestTLS(t *testing.T) {
	f := newFake(&artemis, `"shop"`)
	f.add(ofOrders)
	server := httptest.NewTLSServer(http.StripPrefix("/console", f))
	defer server.Close()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	good := goodArtemis(server.URL)
	good["restApiTemplate"] = server.URL + `/console/jolokia/read/org.apache.activemq.artemis:broker="shop",` + ofOrders + "/MessageCount"
	s := protocoltest.Suite{Protocol: Artemis(), Type: "artemis-queue", Good: good, Secrets: []string{password}}
	for _, with := range []map[string]string{{"ca": ca}, {"unsafeSsl": "true"}} {
		if _, err := s.New(t, with).Measure(); err != nil {
			t.Errorf("%v: %v", with, err)
		}
	}
	for say, with := range map[string]map[string]string{"is not trusted": {}, "ca is not a certificate": {"ca": "x"}, "TLS": {"restApiTemplate": ""}} {
		if _, err := s.New(t, with).Measure(); err == nil || !strings.Contains(err.Error()+kscope.HintOf(err), say) { // the server may hang up before what it says is read
			t.Errorf("%s: got %v", say, err)
		}
	}
}

// TestPushIsHonest: what may be in is unknown, what is not is neither, and nothing is sent
// twice.
func TestPushIsHonest(t *testing.T) {
	f := newFake(&artemis, `"shop"`)
	q := f.add(ofOrders)
	n := 0 // requests
	push := func(dial protocol.Dial, fail http.HandlerFunc) broker.Outcome {
		n, q.jobs = 0, nil
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f.mu.Lock()
			n++
			second := n == 2
			f.mu.Unlock()
			if second && fail != nil {
				fail(w, r)
				return
			}
			http.StripPrefix("/console", f).ServeHTTP(w, r)
		}))
		defer server.Close()
		to := protocol.Queue{Parameters: triggers.Parameters{Type: "artemis-queue", Values: goodArtemis(server.URL)}}
		c, err := Artemis().Connect(t.Context(), to.Parameters, dial)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		did := c.(protocol.Pusher).Push(t.Context(), to, broker.NewBatch(to.Backlog, load.StandardPayload(), 250, time.Now()))
		f.mu.Lock()
		defer f.mu.Unlock()
		if did.Accepted != int64(len(q.jobs)) {
			t.Errorf("%d are in, and it is said of %+v", len(q.jobs), did)
		}
		return did
	}
	dial := new(protocoltest.Way).Dial
	if did := push(dial, nil); did.Err != nil || did.Accepted != 250 || n != 3 {
		t.Errorf("got %+v in %d requests", did, n)
	}
	if did := push(dial, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }); did.Err == nil || did.Accepted != 100 || did.Unknown != 100 {
		t.Errorf("broken off: %+v", did)
	}
	if did := push(dial, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }); did.Err == nil || did.Accepted != 100 || did.Unknown != 0 {
		t.Errorf("refused: %+v", did)
	}
	gone := errors.New("the tunnel is gone")
	if did := push(func(context.Context, string, string) (net.Conn, error) { return nil, gone }, nil); !errors.Is(did.Err, gone) || did.Accepted != 0 || did.Unknown != 0 {
		t.Errorf("not reached: %+v", did)
	}
	q.full = true
	if did := push(dial, nil); did.Err == nil || !strings.Contains(did.Err.Error(), "is full") || did.Accepted != 0 || did.Unknown != 0 || n != 1 {
		t.Errorf("full: %+v in %d requests", did, n)
	}
}

var (
	_ protocol.Purger = (*emptied)(nil)
	_ protocol.Pusher = (*client)(nil)
)

func BenchmarkMeasure(b *testing.B) {
	f := newFake(&artemis, `"shop"`)
	f.add(ofOrders)
	protocoltest.BenchmarkMeasure(b, Artemis(), "artemis-queue", goodArtemis(serve(b, f)))
}

func BenchmarkPush(b *testing.B) {
	f := newFake(&artemis, `"shop"`)
	f.add(ofOrders)
	protocoltest.BenchmarkPush(b, Artemis(), "artemis-queue", goodArtemis(serve(b, f)))
}
