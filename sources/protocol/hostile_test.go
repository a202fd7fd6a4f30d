package protocol_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// echo is a broker whose server repeats what it was sent as what is wrong.
type echo struct {
	protocol.Protocol
	protocol.Client
	says string
}

func (e echo) Key(triggers.Parameters) (string, error) { return "", nil }
func (e echo) Pace(triggers.Parameters) time.Duration  { return 0 }
func (e echo) Describe() kscope.Connection             { return kscope.Connection{} }
func (e echo) Close()                                  {}
func (e echo) Measure(context.Context, []protocol.Queue, []broker.Reading) error {
	return errors.New(e.says)
}

func (e echo) Connect(context.Context, triggers.Parameters, protocol.Dial) (protocol.Client, error) {
	return e, nil
}

func TestNoSecretIsRepeated(t *testing.T) {
	said := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := httputil.DumpRequest(r, true)
		said <- string(b)
	}))
	defer server.Close()
	web := protocol.NewWeb(nil, nil)
	web.Header.Set("X-Api-Key", "SECRET-1/a+b")
	web.Header.Set("X-Custom", "SECRET-2")
	req := server.URL + "/?api=SECRET-3&client_assertion=SECRET-4%2Fx"
	defer web.Close()
	if _, _, err := web.Do(t.Context(), http.MethodGet, req, nil, http.Header{"Authorization": {"Basic a2VkYTpTRUNSRVQtNQ=="}}); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{
		"customHeaders": "X-Api-Key=SECRET-1/a+b, X-Tenant=one", "customAuthValue": "SECRET-2", "queryParameters": "api=SECRET-3",
		"endpointParams": "client_assertion=SECRET-4%2Fx", "username": "keda", "password": "SECRET-5",
		"connection": "Endpoint=sb://orders.example.net/;SharedAccessKeyName=readers;SharedAccessKey=SECRET-6=",
		"host":       "amqp://keda:SECRET-7%40@rabbit:5672/", "serverAddress": "http://keda:SECRET-8@prometheus/?api_key=SECRET-9&format=json", "managementEndpoint": "http://guest:guest@there",
	}
	says := <-said + " SECRET-6= of readers at orders.example.net, SECRET-7@ at rabbit, SECRET-7%40, SECRET-8, SECRET-5 of keda, SECRET-9 as json of guest"
	p := triggers.Parameters{Type: "prometheus", Values: values}
	tech := protocol.New(echo{says: says}, protocol.Options{Resolve: func(context.Context, kscope.TriggerRef) (triggers.Parameters, error) { return p, nil }})
	of, _ := triggers.WorkBacklog("prometheus", nil, nil, triggers.Origin{AuthName: "login"})
	ref := kscope.TriggerRef{Object: kscope.ID{Kind: kscope.ScaledObjects}}
	meter := tech.Meter("", of)
	_, err := meter.Measure(t.Context(), &broker.Ask{Backlogs: []kscope.Backlog{of}, Triggers: []kscope.TriggerRef{ref}, Trigger: ref, Alone: true}, make([]broker.Reading, 1))
	text := fmt.Sprintf("%v %+v %#v", err, err, err)
	for _, secret := range []string{"SECRET", "a2VkYTpTRUNSRVQtNQ"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is said: %s", secret, text)
		}
	}
	for _, rest := range []string{"keda", "readers", "orders.example.net", "at rabbit", "json of guest"} {
		if !strings.Contains(text, rest) {
			t.Errorf("%q is not said: %s", rest, text)
		}
	}
}

// endless is a broker whose server counts without end.
type endless struct{ echo }

func (e endless) Connect(context.Context, triggers.Parameters, protocol.Dial) (protocol.Client, error) {
	return e, nil
}

func (endless) Measure(_ context.Context, _ []protocol.Queue, readings []broker.Reading) error {
	readings[0] = broker.Reading{N: math.Inf(1), Type: "queue"}
	readings[1] = broker.Reading{N: 1, Type: "queue"}
	return nil
}

func TestNumbersThatAreNone(t *testing.T) {
	tech := protocol.New(endless{}, protocol.Options{})
	one, _ := triggers.WorkBacklog("beanstalkd", map[string]string{"server": "a:1", "tube": "one"}, map[string]string{"server": "a:1", "tube": "one"}, triggers.Origin{})
	two, _ := triggers.WorkBacklog("beanstalkd", map[string]string{"server": "a:1", "tube": "two"}, map[string]string{"server": "a:1", "tube": "two"}, triggers.Origin{})
	readings := make([]broker.Reading, 2)
	ref := kscope.TriggerRef{Object: kscope.ID{Kind: kscope.ScaledObjects}}
	_, err := tech.Meter("", one).Measure(t.Context(), &broker.Ask{Backlogs: []kscope.Backlog{one, two}, Triggers: []kscope.TriggerRef{ref, ref}, Trigger: ref}, readings)
	if err != nil || readings[0].Err == nil || readings[0].N != 0 || !readings[0].Own || readings[1].Err != nil || readings[1].N != 1 {
		t.Errorf("got %+v, %v", readings, err)
	}
}

// liar is a broker whose server tells of more than it got.
type liar struct{ echo }

func (l liar) Connect(context.Context, triggers.Parameters, protocol.Dial) (protocol.Client, error) {
	return l, nil
}

func (liar) Measure(_ context.Context, _ []protocol.Queue, readings []broker.Reading) error {
	readings[0] = broker.Reading{N: 1e308}
	return nil
}

func (liar) Push(context.Context, protocol.Queue, *broker.Batch) broker.Outcome {
	return broker.Outcome{Accepted: 7, Unknown: -2}
}

func (liar) Purge(context.Context, protocol.Queue) (int64, error) { return -1 << 63, nil }

func TestWhatTheServerSaysOfABatch(t *testing.T) {
	tech := protocol.New(liar{}, protocol.Options{})
	of, _ := triggers.WorkBacklog("beanstalkd", nil, nil, triggers.Origin{})
	ref := kscope.TriggerRef{Object: kscope.ID{Kind: kscope.ScaledObjects}}
	if _, err := tech.Meter("", of).Measure(t.Context(), &broker.Ask{Backlogs: []kscope.Backlog{of}, Triggers: []kscope.TriggerRef{ref}, Trigger: ref}, make([]broker.Reading, 1)); err != nil {
		t.Fatal(err)
	}
	w, err := tech.Writer(of)
	if err != nil {
		t.Fatal(err)
	}
	if did := w.Push(t.Context(), broker.NewBatch(of, load.StandardPayload(), 5, time.Now())); did.Accepted != 5 || did.Unknown != 0 {
		t.Errorf("of 5 jobs: %+v", did)
	}
	if lost, err := w.Purge(t.Context(), of); err != nil || lost != 0 {
		t.Errorf("lost %d, %v", lost, err)
	}
	if n := w.Length(t.Context(), of); n < 0 {
		t.Errorf("there are %d", n)
	}
}
