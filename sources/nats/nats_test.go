package nats

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/sources/protocol/protocoltest"
	"github.com/kscope/kscope/triggers/params"
)

// start runs a server, by a configuration that is more than ports, and gives the address
// for clients and the one for monitoring.
func start(t testing.TB, config string) (clients, monitoring string) {
	t.Helper()
	port, web := protocoltest.Port(t), protocoltest.Port(t)
	dir := t.TempDir()
	if !strings.Contains(config, "jetstream: false") {
		config += fmt.Sprintf("\njetstream: {store_dir: %q}", dir)
	}
	run(t, dir, fmt.Sprintf("host: 127.0.0.1, port: %d, http: \"127.0.0.1:%d\"\n%s", port, web, config), protocoltest.Loopback(web))
	protocoltest.Await(t, protocoltest.Loopback(port), nil, func() string { return "" })
	return protocoltest.Loopback(port), protocoltest.Loopback(web)
}

func run(t testing.TB, dir, config, at string) {
	t.Helper()
	path := filepath.Join(dir, "nats.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	protocoltest.Start(t, at, "nats-server", "-c", path)
}

// enter is a client of the test's own.
func enter(t testing.TB, at string, options ...nats.Option) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect("nats://"+at, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

// makeStream makes one with a consumer.
func makeStream(t testing.TB, js jetstream.JetStream, s jetstream.StreamConfig, names ...string) (all []jetstream.Consumer) {
	t.Helper()
	if _, err := js.CreateStream(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		c, err := js.CreateConsumer(t.Context(), s.Name, jetstream.ConsumerConfig{Durable: name, AckPolicy: jetstream.AckExplicitPolicy, FilterSubject: "orders.new.*"})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

// take takes up to n jobs, and is done with them.
func take(t testing.TB, c jetstream.Consumer, n int) (jobs []string) {
	t.Helper()
	for len(jobs) < n {
		batch, err := c.FetchNoWait(min(n-len(jobs), 500))
		if err != nil {
			t.Fatal(err)
		}
		had := len(jobs)
		for m := range batch.Messages() {
			jobs = append(jobs, string(m.Data()))
			if m.Subject() != "orders.new.kscope" || m.Headers().Get("kscope") == "" || m.Headers().Get("Nats-Msg-Id") == "" {
				t.Fatalf("a job has %s %v", m.Subject(), m.Headers())
			}
			if err := m.DoubleAck(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if len(jobs) == had {
			break
		}
	}
	return jobs
}

func good(at string) map[string]string {
	return map[string]string{"natsServerMonitoringEndpoint": at, "account": "$G", "stream": "ORDERS", "consumer": "worker"}
}

var work = jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}, Retention: jetstream.WorkQueuePolicy}

func TestNATS(t *testing.T) {
	t.Parallel()
	clients, at := start(t, "")
	worker := makeStream(t, enter(t, clients), work, "worker")[0]
	_, bare := start(t, "jetstream: false")
	protocoltest.Run(t, protocoltest.Suite{
		Protocol: New(), Type: "nats-jetstream", Good: good(at), Loads: true, Purges: true,
		Take: func(n int) []string { return take(t, worker, n) },
		Wrong: []protocoltest.Wrong{
			{Name: "no server", With: map[string]string{"natsServerMonitoringEndpoint": ""}, Say: "names no server"},
			{Name: "a URL", With: map[string]string{"natsServerMonitoringEndpoint": "http://" + at}, Say: "is a URL"},
			{Name: "no account", With: map[string]string{"account": ""}, Say: "names no account"},
			{Name: "another account", With: map[string]string{"account": "APP"}, Say: "no account APP uses JetStream there"},
			{Name: "no stream", With: map[string]string{"stream": "ORDER"}, Say: "account $G has no stream ORDER", Own: true},
			{Name: "no consumer", With: map[string]string{"consumer": "workers"}, Say: "stream ORDERS has no consumer workers", Own: true},
			{Name: "no JetStream", With: map[string]string{"natsServerMonitoringEndpoint": bare}, Say: "JetStream is not enabled"},
			{Name: "the port for clients", With: map[string]string{"natsServerMonitoringEndpoint": clients}, Say: "does not speak HTTP"},
			{Name: "another path", With: map[string]string{"natsServerMonitoringEndpoint": at + "/elsewhere"}, Say: "is not the monitoring endpoint"},
			{Name: "no TLS there", With: map[string]string{"useHttps": "true"}, Say: "does not seem to speak TLS"},
			{Name: "nobody there", With: map[string]string{"natsServerMonitoringEndpoint": protocoltest.Loopback(1)}, Say: "nothing listens at"},
			{Name: "a name nobody knows", With: map[string]string{"natsServerMonitoringEndpoint": "nats.nowhere.invalid:8222"}, Say: "is not known here"},
		},
	})
}

// client is one of kscope's, with a queue.
func connect(t testing.TB, with map[string]string, dial protocol.Dial) (*client, protocol.Queue) {
	t.Helper()
	q := protocol.Queue{Parameters: params.Written("nats-jetstream", with)}
	c, err := New().Connect(t.Context(), q.Parameters, dial)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.(*client), q
}

func measure(t testing.TB, c *client, q protocol.Queue) broker.Reading {
	t.Helper()
	readings := make([]broker.Reading, 1)
	if err := c.Measure(t.Context(), []protocol.Queue{q}, readings); err != nil {
		t.Fatal(err)
	}
	return readings[0]
}

// TestParts: what was delivered and not acknowledged counts, and who else gets a job is
// named.
func TestParts(t *testing.T) {
	t.Parallel()
	clients, at := start(t, "")
	js := enter(t, clients)
	all := makeStream(t, js, jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}, MaxMsgs: 3, Discard: jetstream.DiscardNew}, "worker", "billing")
	if _, err := js.CreateConsumer(t.Context(), "ORDERS", jetstream.ConsumerConfig{Durable: "old", FilterSubject: "orders.old"}); err != nil {
		t.Fatal(err)
	}
	makeStream(t, js, jetstream.StreamConfig{Name: "ARCHIVE", Mirror: &jetstream.StreamSource{Name: "ORDERS"}})
	c, q := connect(t, good(at), new(protocoltest.Way).Dial)
	did := c.Push(t.Context(), q, protocoltest.Jobs(q.Backlog, 5))
	if did.Accepted != 3 || did.Unknown != 0 || did.Err == nil || !strings.Contains(did.Err.Error(), "JetStream refuses: maximum messages exceeded") {
		t.Errorf("of five jobs three fit: %+v", did)
	}
	batch, err := all[0].Fetch(2)
	if err != nil {
		t.Fatal(err)
	}
	for range batch.Messages() { // and keeps them
		continue
	}
	want := broker.Reading{N: 3, Type: "stream", Parts: [kscope.MaxParts]kscope.Part{{Name: "pending", N: 1}, {Name: "unacked", N: 2}, {Name: "redelivered"}, {Name: "waiting pulls"}}}
	if diff := cmp.Diff(want, measure(t, c, q)); diff != "" {
		t.Error(diff)
	}
	others, err := c.Others(t.Context(), q)
	if diff := cmp.Diff([]string{"consumer billing", "stream ARCHIVE, which copies this one"}, others); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if _, err := c.Purge(t.Context(), q); err == nil || !strings.Contains(err.Error(), "keeps what is done") {
		t.Errorf("emptied: %v", err)
	}
	if c.Describe().Version != "NATS 2.9.10" && !strings.HasPrefix(c.Describe().Version, "NATS 2.") {
		t.Errorf("it is %+v", c.Describe())
	}
}

// TestShared: a queue of which others get some is not emptied.
func TestShared(t *testing.T) {
	t.Parallel()
	clients, at := start(t, "")
	makeStream(t, enter(t, clients), jetstream.StreamConfig{Name: "ORDERS", Subjects: []string{"orders.>"}, Retention: jetstream.InterestPolicy}, "worker", "billing")
	c, q := connect(t, good(at), new(protocoltest.Way).Dial)
	if did := c.Push(t.Context(), q, protocoltest.Jobs(q.Backlog, 5)); did.Accepted != 5 {
		t.Fatalf("%+v", did)
	}
	if lost, err := c.Purge(t.Context(), q); lost != 0 || err == nil || !strings.Contains(err.Error(), "not this consumer's alone: consumer billing") {
		t.Errorf("emptied: %d lost, %v", lost, err)
	}
}

// TestLogin: measuring takes no login; putting in does where the server wants one, where
// nobody leads elsewhere, and where nobody may do anything.
func TestLogin(t *testing.T) {
	t.Parallel()
	cert, key := protocoltest.Certificate(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"cert": cert, "key": key} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	secured := fmt.Sprintf("tls: {cert_file: %q, key_file: %q}", filepath.Join(dir, "cert"), filepath.Join(dir, "key"))
	apps := "accounts: {APP: {jetstream: enabled, users: [{user: app, password: sesame}%s]}%s}\n%s"
	nobody := ", {user: nobody, password: x, permissions: {publish: {deny: %q}}}"
	for name, test := range map[string]struct{ config, say string }{
		"wanted":    {fmt.Sprintf(apps, "", "", ""), "wants a login"},
		"elsewhere": {fmt.Sprintf(apps, "", ", ALL: {jetstream: enabled, users: [{user: nobody, password: x}]}", "no_auth_user: nobody"), "another account than APP"},
		"forbidden": {fmt.Sprintf(apps, fmt.Sprintf(nobody, "orders.>"), "", "no_auth_user: nobody"), "does not let those without a login"},
		"mute":      {fmt.Sprintf(apps, fmt.Sprintf(nobody, ">"), "", "no_auth_user: nobody"), "does not let those without a login"},
		"nobody":    {fmt.Sprintf(apps, "", "", "no_auth_user: app"), ""},
		"TLS":       {fmt.Sprintf(apps, "", "", "no_auth_user: app\n"+secured), "port for clients is not trusted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clients, at := start(t, test.config)
			options := []nats.Option{nats.UserInfo("app", "sesame")}
			if name == "TLS" {
				options = append(options, nats.RootCAs(filepath.Join(dir, "cert")))
			}
			makeStream(t, enter(t, clients, options...), work, "worker")
			if name == "elsewhere" {
				makeStream(t, enter(t, clients, nats.UserInfo("nobody", "x")), work, "worker")
			}
			with := good(at)
			with["account"] = "APP"
			c, q := connect(t, with, new(protocoltest.Way).Dial)
			if got := measure(t, c, q); got.N != 0 || got.Err != nil {
				t.Errorf("%+v", got)
			}
			began := time.Now()
			did := c.Push(t.Context(), q, protocoltest.Jobs(q.Backlog, 3))
			switch {
			case test.say == "" && (did.Err != nil || did.Accepted != 3):
				t.Errorf("%+v", did)
			case test.say != "" && (did.Accepted != 0 || did.Unknown != 0 || did.Err == nil || !strings.Contains(did.Err.Error(), test.say)):
				t.Errorf("%+v, want %s", did, test.say)
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("it took %v", took)
			}
			t.Logf("%+v", did)
		})
	}
}

// TestMonitoringTLS: what KEDA's own authorities vouch for, kscope cannot tell.
func TestMonitoringTLS(t *testing.T) {
	t.Parallel()
	cert, key := protocoltest.Certificate(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"cert": cert, "key": key} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := protocoltest.Loopback(protocoltest.Port(t))
	run(t, dir, fmt.Sprintf("host: 127.0.0.1, port: %d, https: %q, jetstream: {store_dir: %q}\ntls: {cert_file: %q, key_file: %q}",
		protocoltest.Port(t), at, dir, filepath.Join(dir, "cert"), filepath.Join(dir, "key")), at)
	for https, say := range map[string]string{"true": "of the monitoring endpoint is not trusted", "false": "expects TLS"} {
		with := good(at)
		with["useHttps"] = https
		if _, err := New().Connect(t.Context(), params.Written("nats-jetstream", with), new(protocoltest.Way).Dial); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("with https %s: %v", https, err)
		}
	}
}

// TestEnded: what becomes of jobs when the connection ends is not known, and said soon.
func TestEnded(t *testing.T) {
	t.Parallel()
	clients, at := start(t, "")
	makeStream(t, enter(t, clients), work, "worker")
	way := &protocoltest.Way{}
	c, q := connect(t, good(at), way.Dial)
	if did := c.Push(t.Context(), q, protocoltest.Jobs(q.Backlog, 3)); did.Accepted != 3 {
		t.Fatalf("%+v", did)
	}
	way.Set(func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no way") })
	did := c.Push(t.Context(), q, protocoltest.Jobs(q.Backlog, 1000))
	if did.Err == nil || did.Accepted+did.Unknown > 1000 {
		t.Errorf("%+v", did)
	}
	if did = c.Push(t.Context(), q, protocoltest.Jobs(q.Backlog, 1000)); did.Err == nil || did.Accepted+did.Unknown != 0 {
		t.Errorf("%+v", did)
	}
	way.Set(nil)
	if did = c.Push(t.Context(), q, protocoltest.Jobs(q.Backlog, 3)); did.Accepted != 3 {
		t.Errorf("%+v", did)
	}
}

// TestCluster: whichever server is asked, the number is the leader's, also after another
// one leads; and where that is not reached, it is said and no number is.
func TestCluster(t *testing.T) {
	t.Parallel()
	clients, web, routes := protocoltest.Port(t), protocoltest.Port(t), protocoltest.Port(t)
	host := func(i int) string { return "127.0.0." + strconv.Itoa(i) }
	var all []string
	for i := 1; i <= 3; i++ {
		all = append(all, fmt.Sprintf("\"nats://%s:%d\"", host(i), routes))
	}
	for i := 1; i <= 3; i++ {
		dir := t.TempDir()
		run(t, dir, fmt.Sprintf("server_name: n%d, host: %[2]s, port: %d, http: \"%[2]s:%[4]d\", jetstream: {store_dir: %[5]q}\ncluster: {name: c, host: %[2]s, port: %[6]d, routes: [%[7]s]}",
			i, host(i), clients, web, dir, routes, strings.Join(all, ", ")), net.JoinHostPort(host(i), strconv.Itoa(web)))
	}
	var js jetstream.JetStream
	replicated := work
	replicated.Replicas = 3
	for until := time.Now().Add(30 * time.Second); ; { // until the servers have found each other
		js = enter(t, net.JoinHostPort(host(1), strconv.Itoa(clients)))
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		_, err := js.CreateStream(ctx, replicated)
		stop()
		if err == nil || errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			break
		}
		if time.Now().After(until) {
			t.Fatal(err)
		}
	}
	worker, err := js.CreateOrUpdateConsumer(t.Context(), "ORDERS", jetstream.ConsumerConfig{Durable: "worker", AckPolicy: jetstream.AckExplicitPolicy, FilterSubject: "orders.new.*"})
	if err != nil {
		t.Fatal(err)
	}
	leader := ""
	gone := "" // a host that nothing leads to
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		if h, _, _ := net.SplitHostPort(address); h == gone {
			return nil, errors.New("no way")
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	type pair struct {
		c *client
		q protocol.Queue
	}
	var pairs []pair
	for i := 1; i <= 3; i++ {
		c, q := connect(t, good(net.JoinHostPort(host(i), strconv.Itoa(web))), dial)
		pairs = append(pairs, pair{c, q})
	}
	if did := pairs[0].c.Push(t.Context(), pairs[0].q, protocoltest.Jobs(pairs[0].q.Backlog, 10)); did.Accepted != 10 {
		t.Fatalf("%+v", did)
	}
	batch, err := worker.Fetch(4)
	if err != nil {
		t.Fatal(err)
	}
	for range batch.Messages() {
		continue
	}
	await := func(what string) {
		for _, p := range pairs {
			for until := time.Now().Add(10 * time.Second); ; {
				r := measure(t, p.c, p.q)
				if r.Err == nil && r.Parts[0].N == 6 && r.Parts[1].N == 4 && r.N == 10 {
					break
				}
				if time.Now().After(until) {
					t.Fatalf("%s: %s says %+v", what, p.c.endpoint, r)
				}
				time.Sleep(20 * time.Millisecond)
			}
		}
		info, err := worker.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leader = info.Cluster.Leader
	}
	await("at first")
	was := leader
	for until := time.Now().Add(10 * time.Second); leader == was; {
		if _, err := js.Conn().RequestWithContext(t.Context(), "$JS.API.CONSUMER.LEADER.STEPDOWN.ORDERS.worker", nil); err != nil {
			t.Fatal(err)
		}
		await("with another leader")
		if time.Now().After(until) {
			t.Fatalf("%s still leads", leader)
		}
	}
	gone = "127.0.0." + leader[1:]
	for _, p := range pairs {
		if h, _, _ := net.SplitHostPort(p.c.endpoint); h == gone {
			continue
		}
		p.c.web.Close()
		r := measure(t, p.c, p.q)
		if r.Err == nil || !r.Own || r.N != 0 || !strings.Contains(r.Err.Error(), "server "+leader+", which leads consumer worker, is not reached") {
			t.Errorf("%s says %+v", p.c.endpoint, r)
		}
	}
}

func TestPeers(t *testing.T) {
	var advertised, hidden varz
	advertised.Clients = []string{"nats-1.nats.svc:4222", "10.0.0.3:4222", "[fd00::1]:4222", "10.0.0.3:4222", "nonsense"}
	hidden.Cluster.Routes = []string{"nats-0.nats.shop.svc:6222", "nats-1.nats.shop.svc:6222"}
	for _, test := range []struct {
		of       varz
		endpoint string
		want     []string
	}{
		{advertised, "nats:8222", []string{"10.0.0.3:8222", "[fd00::1]:8222", "nats-1.nats.svc:8222"}},
		{advertised, "nats", []string{"10.0.0.3", "fd00::1", "nats-1.nats.svc"}},
		{hidden, "nats.shop.svc:8222", []string{"nats-0.nats.shop.svc:8222", "nats-1.nats.shop.svc:8222"}},
		{varz{}, "nats:8222", nil},
	} {
		if diff := cmp.Diff(test.want, peers(test.of, test.endpoint)); diff != "" {
			t.Errorf("%s:\n%s", test.endpoint, diff)
		}
	}
}

// TestReading: pending and unacknowledged, by nats_jetstream_scaler.go of 2.21, and what
// is worth a note.
func TestReading(t *testing.T) {
	for note, c := range map[string]consumer{
		"": {Pending: 3, Unacked: 4, Redelivered: 2, Waiting: 1},
		"as many are unacked as may be: no more is delivered": {Pending: 3, Unacked: 4, Config: consumerConfig{MaxUnacked: 4}},
		"nobody is subscribed":                                {Pending: 7, Config: consumerConfig{Deliver: "x"}},
		"the consumer is paused":                              {Pending: 7, Paused: true},
	} {
		if r := reading(&c); r.N != 7 || r.Note != note || r.Scaled.Is {
			t.Errorf("%q: %+v", note, r)
		}
	}
}

func TestSubject(t *testing.T) {
	type l = []string
	for _, test := range []struct {
		stream, filters l
		want            string
	}{
		{l{"orders"}, nil, "orders"},
		{l{"orders.*"}, nil, "orders.kscope"},
		{l{"orders.>"}, l{"orders.new"}, "orders.new"},
		{l{"orders.>"}, l{"orders.new.*"}, "orders.new.kscope"},
		{l{"orders.*.eu"}, l{"orders.new.>"}, "orders.new.eu"},
		{l{"*.new"}, l{"orders.*"}, "orders.new"},
		{l{">"}, l{">"}, "kscope"},
		{l{"a.>"}, l{"*.*"}, "a.kscope"},
		{l{"other", "orders.*"}, l{"missing", "orders.new"}, "orders.new"},
		{l{"orders.*"}, l{"orders.new.eu"}, ""},
		{l{"orders"}, l{"order"}, ""},
		{l{"orders"}, l{"orders.>"}, ""},
		{nil, nil, ""},
	} {
		got, err := subjectFor(test.stream, test.filters)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%v %v: %q, %v", test.stream, test.filters, got, err)
		}
	}
}

// FuzzSubject: what is found matches both, and is plain.
func FuzzSubject(f *testing.F) {
	f.Add("orders.*.eu", "orders.new.>")
	f.Add(">", "*.*")
	f.Fuzz(func(t *testing.T, a, b string) {
		got, err := subjectFor([]string{a}, []string{b})
		tokens := func(s string) []string { return strings.Split(s, ".") }
		for _, p := range [][]string{tokens(a), tokens(b)} { // > is the last, if it is there
			if i := slices.Index(p, ">"); i >= 0 && i < len(p)-1 {
				return
			}
		}
		if err == nil && (!matches(a, got) || !matches(b, got) || slices.Contains(tokens(got), "*") || slices.Contains(tokens(got), ">")) {
			t.Errorf("%q %q: %q", a, b, got)
		}
	})
}

func BenchmarkMeasure(b *testing.B) {
	clients, at := start(b, "")
	makeStream(b, enter(b, clients), work, "worker")
	protocoltest.BenchmarkMeasure(b, New(), "nats-jetstream", good(at))
}

func BenchmarkPush(b *testing.B) {
	clients, at := start(b, "")
	makeStream(b, enter(b, clients), work, "worker")
	protocoltest.BenchmarkPush(b, New(), "nats-jetstream", good(at))
}

var (
	_ protocol.Pusher = (*client)(nil)
	_ protocol.Purger = (*client)(nil)
	_ protocol.Sharer = (*client)(nil)
)
