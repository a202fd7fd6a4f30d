package rabbitmq

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/sources/protocol/protocoltest"
)

// client connects as user kscope to the virtual host shop, over amqp or http.
func (s *server) client(t *testing.T, scheme string) protocol.Client {
	t.Helper()
	c, err := New().Connect(t.Context(), s.named(scheme, "", nil).Parameters, new(protocoltest.Way).Dial)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if said := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(said, password) {
		t.Errorf("the password is said: %s", strings.ReplaceAll(said, password, "[HERE]"))
	}
	return c
}

// named is a queue as a trigger names it.
func (s *server) named(scheme, name string, more given) protocol.Queue {
	at := s.amqp
	if scheme == "http" {
		at = s.http
	}
	all := given{"host": as(scheme, "kscope", password, at, "shop"), "queueName": name, "mode": "QueueLength", "value": "5"}
	for key, value := range more {
		all[key] = value
	}
	return protocol.Queue{Backlog: kscope.Backlog{Name: name}, Parameters: parameters(all)}
}

// await measures some queues until that is as wanted.
func await(t *testing.T, c protocol.Client, wanted func([]broker.Reading) bool, queues ...protocol.Queue) []broker.Reading {
	t.Helper()
	readings := make([]broker.Reading, len(queues))
	for until := time.Now().Add(settle); ; time.Sleep(20 * time.Millisecond) {
		clear(readings)
		if err := c.Measure(t.Context(), queues, readings); err != nil {
			t.Fatal(err)
		}
		if wanted(readings) {
			return readings
		}
		if time.Now().After(until) {
			t.Fatalf("got %+v", readings)
		}
	}
}

// fill publishes as somebody else does.
func fill(t *testing.T, ch *amqp.Channel, queue string, n int) {
	t.Helper()
	for range n {
		if err := ch.PublishWithContext(t.Context(), "", queue, true, false, amqp.Publishing{Body: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestUnacked: amqp tells of what is ready, the management API of all.
func TestUnacked(t *testing.T) {
	t.Parallel()
	s := rabbitmq(t)
	s.queue(t, "unacked", "")
	ch := s.channel(t)
	fill(t, ch, "unacked", 10)
	for range 4 {
		if _, ok, err := ch.Get("unacked", false); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	got := await(t, s.client(t, "amqp"), func(r []broker.Reading) bool { return r[0].N == 6 }, s.named("amqp", "unacked", nil))[0]
	if got.Parts[0] != (kscope.Part{Name: "ready", N: 6}) || !strings.Contains(got.Note, "no consumers") || !strings.Contains(got.Note, "not tell of unacked") || got.Scaled.Is {
		t.Errorf("over amqp: %+v", got)
	}
	api, all, ready := s.client(t, "http"), s.named("http", "unacked", nil), s.named("http", "unacked", given{"excludeUnacknowledged": "true"})
	await(t, api, func(r []broker.Reading) bool { return r[0].N == 10 && r[0].Parts[1].N == 4 }, all) // perhaps before the statistics know of it
	both := await(t, api, func(r []broker.Reading) bool { return !r[0].Scaled.Is && r[1].Scaled.N == 6 }, all, ready)
	if both[0].N != 10 || both[0].Scaled.Is || both[0].Type != "classic queue" || both[1].N != 10 || both[1].Scaled.N != 6 || both[1].Scaled.Active != 6 {
		t.Errorf("over http: %+v", both)
	}
}

// TestMany: queues of any names and kinds are measured at once, those that are not there
// hold up nobody, and none comes to be by it.
func TestMany(t *testing.T) {
	t.Parallel()
	s := rabbitmq(t)
	names := []string{"many quorum", "many.a+b/c?d", "many[0]", "Many[0]", "many-ü", "many two words"}
	for i := range 60 {
		names = append(names, fmt.Sprintf("many-%d", i))
	}
	ch := s.channel(t)
	for i, name := range names {
		kind := ""
		if i == 0 {
			kind = `"x-queue-type":"quorum"`
		}
		s.queue(t, name, kind)
		fill(t, ch, name, i%7)
	}
	names = append(names, "many-missing")
	for _, scheme := range []string{"amqp", "http"} {
		var queues []protocol.Queue
		for _, name := range names {
			queues = append(queues, s.named(scheme, name, nil))
		}
		got := await(t, s.client(t, scheme), func(all []broker.Reading) bool {
			for i, r := range all[:len(all)-1] {
				if r.Err != nil || r.N != float64(i%7) {
					return false
				}
			}
			return true
		}, queues...)
		if last := got[len(got)-1]; last.Err == nil || !last.Own || !strings.Contains(last.Err.Error(), "no queue many-missing") {
			t.Errorf("over %s the missing one is %+v", scheme, last)
		}
	}
	if _, err := s.api(http.MethodGet, "queues/shop/many+two+words", ""); err == nil {
		t.Error("KEDA finds a queue with blanks in its name")
	}
	if _, err := s.api(http.MethodGet, "queues/shop/many-missing", ""); err == nil {
		t.Error("a queue came to be by measuring it")
	}
}

// TestPattern: a regular expression means all queues that it matches, unless they are
// more than KEDA reads.
func TestPattern(t *testing.T) {
	t.Parallel()
	s := rabbitmq(t)
	ch := s.channel(t)
	for i := range 3 {
		s.queue(t, fmt.Sprintf("pattern-%d", i), "")
		fill(t, ch, fmt.Sprintf("pattern-%d", i), 2+i)
	}
	all := func(more given) protocol.Queue {
		more["useRegex"] = "true"
		return s.named("http", "^pattern-[0-9]$", more)
	}
	c := s.client(t, "http")
	got := await(t, c, func(r []broker.Reading) bool {
		return r[0].N == 9 && !r[0].Scaled.Is && r[1].Scaled.N == 3 && r[2].Scaled.N == 4
	},
		all(given{}), all(given{"operation": "avg"}), all(given{"operation": "max"}), all(given{"pageSize": "2"}), s.named("http", "^nothing-", given{"useRegex": "true"}))
	if got[0].Scaled.Is || got[1].N != 9 || !strings.HasPrefix(got[0].Note, "3 queues match") {
		t.Errorf("got %+v", got)
	}
	if got[3].Err == nil || !got[3].Own || !strings.Contains(got[3].Err.Error(), "matches 3 queues") {
		t.Errorf("too many queues: %+v", got[3])
	}
	if got[4].Err != nil || got[4].N != 0 || got[4].Type != "none" {
		t.Errorf("no queues: %+v", got[4])
	}
	if did := c.(protocol.Pusher).Push(t.Context(), all(given{}), protocoltest.Jobs(kscope.Backlog{}, 1)); did.Err == nil {
		t.Errorf("into all of them: %+v", did)
	}
}

// TestRates: rates come with the statistics.
func TestRates(t *testing.T) {
	t.Parallel()
	s := rabbitmq(t)
	s.queue(t, "rates", "")
	ch := s.channel(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_ = ch.PublishWithContext(ctx, "", "rates", false, false, amqp.Publishing{Body: []byte("{}")})
			time.Sleep(10 * time.Millisecond)
		}
	}()
	got := await(t, s.client(t, "http"), func(r []broker.Reading) bool { return r[0].Err == nil && r[0].Scaled.N > 1 }, s.named("http", "rates", given{"mode": "MessageRate"}))[0]
	stop()
	<-done
	if got.Scaled.Active < got.Scaled.N || got.Scaled.How != "published a second" || got.Parts[2].Name != "in/s" || got.Parts[2].N != got.Scaled.N {
		t.Errorf("got %+v", got)
	}
}

// TestRefusedMessages: what a queue does not take is not counted as taken, nor as lost,
// and who may not write is told so.
func TestRefusedMessages(t *testing.T) {
	t.Parallel()
	s := rabbitmq(t)
	s.queue(t, "full", `"x-max-length":5,"x-overflow":"reject-publish","x-dead-letter-exchange":"dead"`)
	s.queue(t, "readonly", "")
	reader := given{"username": "reader", "password": "readword"}
	for _, scheme := range []string{"amqp", "http"} {
		for _, x := range []struct {
			queue string
			more  given
			jobs  int
			taken int64
			say   string
		}{
			{"full", nil, 20, 5, "the queue is full"},
			{"nowhere", nil, 20, 0, "no queue nowhere"},
			{"readonly", reader, 20, 0, "access to exchange"},
		} {
			q := s.named(scheme, x.queue, x.more)
			c, err := New().Connect(t.Context(), q.Parameters, new(protocoltest.Way).Dial)
			if err != nil {
				t.Fatal(err)
			}
			did := c.(protocol.Pusher).Push(t.Context(), q, protocoltest.Jobs(q.Backlog, x.jobs))
			if did.Accepted < x.taken || did.Accepted > x.taken+1 || did.Unknown != 0 || did.Err == nil || !strings.Contains(did.Err.Error(), x.say) {
				t.Errorf("into %s over %s: %+v", x.queue, scheme, did)
			}
			if x.queue == "full" {
				if lost, err := c.(protocol.Purger).Purge(t.Context(), q); err != nil || lost != did.Accepted {
					t.Errorf("emptied %s over %s of %d: %d, %v", x.queue, scheme, did.Accepted, lost, err)
				}
				if lost, err := c.(protocol.Purger).Purge(t.Context(), q); err != nil || lost != 0 {
					t.Errorf("emptied %s over %s again: %d, %v", x.queue, scheme, lost, err)
				}
			}
			c.Close()
		}
	}
	others, err := s.client(t, "http").(protocol.Sharer).Others(t.Context(), s.named("http", "full", nil))
	if err != nil || strings.Join(others, "; ") != "dead letters go to exchange dead; the queue holds 5 messages at most: more are rejected" {
		t.Errorf("got %q, %v", others, err)
	}
}

// TestShort: a server short of memory takes nothing, and says so. It is not parallel,
// since nobody else could publish meanwhile.
func TestShort(t *testing.T) {
	s := rabbitmq(t)
	s.queue(t, "short", "")
	line, api := s.client(t, "amqp").(protocol.Pusher), s.client(t, "http").(protocol.Pusher)
	over, by := s.named("amqp", "short", nil), s.named("http", "short", nil)
	s.erlang(t, "vm_memory_monitor set_vm_memory_high_watermark [0.000001]")
	enough := func() { s.erlang(t, "vm_memory_monitor set_vm_memory_high_watermark [0.4]") }
	defer enough()
	for range 2 {
		began := time.Now()
		did := line.Push(t.Context(), over, protocoltest.Jobs(over.Backlog, 100))
		if did.Accepted != 0 || did.Unknown > 1 || did.Err == nil || !strings.Contains(did.Err.Error(), "takes no messages in") || time.Since(began) > 5*time.Second {
			t.Errorf("over amqp: %+v", did)
		}
	}
	if did := api.Push(t.Context(), by, protocoltest.Jobs(by.Backlog, 100)); did.Accepted != 0 || did.Unknown != 0 || did.Err == nil || !strings.Contains(did.Err.Error(), "short of memory") {
		t.Errorf("over http: %+v", did)
	}
	enough()
	line = s.client(t, "amqp").(protocol.Pusher)
	for until := time.Now().Add(settle); ; time.Sleep(50 * time.Millisecond) {
		if did := line.Push(t.Context(), over, protocoltest.Jobs(over.Backlog, 1)); did.Err == nil && did.Accepted == 1 {
			return
		} else if time.Now().After(until) {
			t.Fatalf("with enough memory: %+v", did)
		}
	}
}

// TestBroken: of messages whose connection ends nobody knows, and none is sent twice.
func TestBroken(t *testing.T) {
	t.Parallel()
	s := rabbitmq(t)
	s.queue(t, "broken", "")
	q := s.named("amqp", "broken", nil)
	c, err := New().Connect(t.Context(), q.Parameters, func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return &frail{Conn: conn, left: 100 << 10}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	did := c.(protocol.Pusher).Push(t.Context(), q, protocoltest.Jobs(q.Backlog, 1000))
	if did.Err == nil || did.Unknown == 0 || did.Accepted+did.Unknown >= 1000 || !protocol.HungUp(did.Err) {
		t.Errorf("got %+v", did)
	}
	await(t, s.client(t, "amqp"), func(r []broker.Reading) bool {
		return r[0].N >= float64(did.Accepted) && r[0].N <= float64(did.Accepted+did.Unknown)
	}, q)
}

// frail is a connection that ends when so many bytes were sent.
type frail struct {
	net.Conn
	left int
}

func (f *frail) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		_ = f.Close()
	}
	return f.Conn.Write(b)
}

// TestToken: a token is had from who gives them, over the same way, and told of where
// that fails.
func TestToken(t *testing.T) {
	t.Parallel()
	answer := http.StatusOK
	gives := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/token" && answer != http.StatusOK:
			w.WriteHeader(answer)
			fmt.Fprint(w, `{"error":"invalid_client"}`)
		case r.URL.Path == "/token":
			fmt.Fprint(w, `{"access_token":"t0ken","token_type":"Bearer","expires_in":3600}`)
		case r.Header.Get("Authorization") != "Bearer t0ken":
			w.WriteHeader(http.StatusUnauthorized)
		case strings.HasSuffix(r.URL.Path, "/overview"):
			fmt.Fprint(w, `{"rabbitmq_version":"4.1.0"}`)
		default:
			_ = json.NewEncoder(w).Encode(map[string]any{"name": "q", "messages": 3, "messages_ready": 3})
		}
	}))
	defer gives.Close()
	q := protocol.Queue{Parameters: parameters(given{"host": gives.URL, "queueName": "q", "oauthTokenURI": gives.URL + "/token", "clientID": "kscope", "clientSecret": "s3cret"})}
	ask := func() (broker.Reading, error) {
		c, err := New().Connect(t.Context(), q.Parameters, (&net.Dialer{}).DialContext)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		readings := make([]broker.Reading, 1)
		err = c.Measure(t.Context(), []protocol.Queue{q}, readings)
		return readings[0], err
	}
	if got, err := ask(); err != nil || got.N != 3 {
		t.Errorf("got %+v, %v", got, err)
	}
	answer = http.StatusUnauthorized
	if got, err := ask(); err == nil || !strings.Contains(err.Error(), "invalid_client") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("without a token: %+v, %v", got, err)
	}
}
