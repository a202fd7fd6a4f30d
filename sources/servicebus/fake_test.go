package servicebus

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kscope/kscope/sources/protocol"
)

// The keys of the fake, by name. Only the first may look at anything.
var keys = map[string]string{"RootManageSharedAccessKey": "hunter2hunter2/+=", "SendOnly": "hunter3hunter3="}

// fake is a Service Bus that checks who asks, and has in its queues and subscriptions
// what is sent there.
type fake struct {
	*httptest.Server
	mu     sync.Mutex
	queues map[string][]message            // by name
	topics map[string]map[string][]message // by name, then by that of the subscription
	broken bool                            // what is sent is taken, and the answer lost
	odd    string                          // the answer to the next, instead
}

func serves(t testing.TB) *fake {
	f := &fake{queues: map[string][]message{"orders": nil}, topics: map[string]map[string][]message{"news": {"mail": nil, "print": nil}}}
	f.Server = httptest.NewTLSServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) protocol() protocol.Protocol {
	return serviceBus{&tls.Config{RootCAs: f.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, MinVersion: tls.VersionTLS12}}
}

func (f *fake) connection(keyName, key string) string {
	return "Endpoint=" + strings.Replace(f.URL, "https:", "sb:", 1) + "/;SharedAccessKeyName=" + keyName + ";SharedAccessKey=" + key
}

func (f *fake) good() map[string]string {
	return map[string]string{"connection": f.connection("RootManageSharedAccessKey", "hunter2hunter2/+="), "queueName": "orders", "operation": "sum"}
}

// refused is why a request is not let in, "" if it is.
func refused(r *http.Request) string {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "SharedAccessSignature ")
	q, err := url.ParseQuery(token)
	key, known := keys[q.Get("skn")]
	until, _ := strconv.ParseInt(q.Get("se"), 10, 64)
	at := "https://" + r.Host + r.URL.Path
	switch {
	case !ok || err != nil:
		return "MalformedToken: The credentials contained in the authorization header are malformed."
	case !strings.HasPrefix(strings.ToLower(at), q.Get("sr")):
		return "InvalidAudience: The authorization header contains a token that is not for this resource."
	case !known || signed(at, q.Get("skn"), key, time.Unix(until, 0)) != "SharedAccessSignature "+token:
		return "InvalidSignature: The token has an invalid signature."
	case until < time.Now().Unix() || until > time.Now().Add(24*time.Hour).Unix():
		return "ExpiredToken: The token is expired."
	case r.Method == http.MethodGet && q.Get("skn") != "RootManageSharedAccessKey":
		return "Manage,EntityRead claims required for this operation."
	}
	return ""
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.odd != "" {
		_, _ = fmt.Fprint(w, f.odd)
		return
	}
	refuse := func(status int, why string) {
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<Error><Code>%d</Code><Detail>%s. TrackingId:%d, SystemTracker:x, Timestamp:%s</Detail></Error>", status, why, time.Now().UnixNano(), time.Now())
	}
	if why := refused(r); why != "" {
		refuse(http.StatusUnauthorized, why)
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case r.Method == http.MethodPost && len(parts) == 2 && parts[1] == "messages":
		f.take(w, r, parts[0], refuse)
	case r.URL.Path == "/$Resources/Queues":
		feed(w, r, "Queue", f.queues)
	case len(parts) == 2 && f.topics[parts[0]] != nil:
		feed(w, r, "Subscription", f.topics[parts[0]])
	case len(parts) == 2:
		refuse(http.StatusNotFound, "No such topic")
	case len(parts) == 3:
		if all, ok := f.topics[parts[0]][parts[2]]; ok {
			_, _ = fmt.Fprint(w, described("Subscription", parts[2], len(all)))
			return
		}
		refuse(http.StatusNotFound, "Entity does not exist")
	default:
		if all, ok := f.queues[parts[0]]; ok {
			_, _ = fmt.Fprint(w, described("Queue", parts[0], len(all)))
			return
		}
		_, _ = fmt.Fprint(w, `<feed xmlns="http://www.w3.org/2005/Atom"><title type="text">Publicly Listed Services</title></feed>`)
	}
}

// take takes messages.
func (f *fake) take(w http.ResponseWriter, r *http.Request, to string, refuse func(int, string)) {
	var messages []message
	if r.Header.Get("Content-Type") != "application/vnd.microsoft.servicebus.json" || json.NewDecoder(r.Body).Decode(&messages) != nil {
		refuse(http.StatusBadRequest, "no batch")
		return
	}
	_, queue := f.queues[to]
	switch {
	case queue:
		f.queues[to] = append(f.queues[to], messages...)
	case f.topics[to] != nil:
		for name := range f.topics[to] {
			f.topics[to][name] = append(f.topics[to][name], messages...)
		}
	default:
		refuse(http.StatusGone, "gone")
		return
	}
	if f.broken {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusCreated)
}

// described is an entity as Service Bus describes it.
func described(kind, name string, n int) string {
	return fmt.Sprintf(`<entry xmlns="http://www.w3.org/2005/Atom"><id>https://x/%[2]s</id><title type="text">%[2]s</title><content type="application/xml">
<%[1]sDescription xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect"><MaxDeliveryCount>10</MaxDeliveryCount><MessageCount>%[4]d</MessageCount><Status>Active</Status>
<CountDetails xmlns:d2p1="http://schemas.microsoft.com/netservices/2011/06/servicebus"><d2p1:ActiveMessageCount>%[3]d</d2p1:ActiveMessageCount><d2p1:DeadLetterMessageCount>2</d2p1:DeadLetterMessageCount>
<d2p1:ScheduledMessageCount>1</d2p1:ScheduledMessageCount><d2p1:TransferMessageCount>0</d2p1:TransferMessageCount></CountDetails></%[1]sDescription></content></entry>`, kind, name, n, n+3)
}

// feed is a page of entities.
func feed(w http.ResponseWriter, r *http.Request, kind string, all map[string][]message) {
	skip, _ := strconv.Atoi(r.URL.Query().Get("$skip"))
	top, _ := strconv.Atoi(r.URL.Query().Get("$top"))
	_, _ = fmt.Fprint(w, `<feed xmlns="http://www.w3.org/2005/Atom"><title type="text">all</title>`)
	for i, name := range sorted(all) {
		if i >= skip && i < skip+top {
			_, _ = fmt.Fprint(w, described(kind, name, len(all[name])))
		}
	}
	_, _ = fmt.Fprint(w, "</feed>")
}
