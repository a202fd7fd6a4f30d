package brokers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// serviceBus is a fake of Azure Service Bus with the queue orders: it checks the
// signature of who asks, counts what waits and takes messages.
type serviceBus struct {
	key string

	mu sync.Mutex
	n  int
}

func (s *serviceBus) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.knows(r.Header.Get("Authorization")):
		http.Error(w, "<Error><Code>401</Code><Detail>InvalidSignature: The token has an invalid signature.</Detail></Error>", http.StatusUnauthorized)
	case r.Method == http.MethodPost && r.URL.Path == "/orders/messages":
		var messages []struct{ Body string }
		if err := json.NewDecoder(r.Body).Decode(&messages); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.n += len(messages)
		w.WriteHeader(http.StatusCreated)
	case r.Method == http.MethodGet && r.URL.Path == "/orders":
		_, _ = fmt.Fprintf(w, `<entry xmlns="http://www.w3.org/2005/Atom"><title type="text">orders</title><content type="application/xml">
<QueueDescription xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect"><MessageCount>%[1]d</MessageCount><Status>Active</Status>
<CreatedAt>2026-11-27T00:00:00Z</CreatedAt><UpdatedAt>2026-11-27T00:00:00Z</UpdatedAt><AccessedAt>2026-11-27T00:00:00Z</AccessedAt>
<CountDetails xmlns:d="http://schemas.microsoft.com/netservices/2011/06/servicebus"><d:ActiveMessageCount>%[1]d</d:ActiveMessageCount><d:DeadLetterMessageCount>0</d:DeadLetterMessageCount>
</CountDetails></QueueDescription></content></entry>`, s.n)
	default:
		http.NotFound(w, r)
	}
}

// knows reports whether a token is signed with the key: what is signed are the address and
// the end of the token, as they stand in it.
func (s *serviceBus) knows(token string) bool {
	parts := map[string]string{}
	for part := range strings.SplitSeq(strings.TrimPrefix(token, "SharedAccessSignature "), "&") {
		name, value, _ := strings.Cut(part, "=")
		parts[name] = value
	}
	mac := hmac.New(sha256.New, []byte(s.key))
	_, _ = fmt.Fprintf(mac, "%s\n%s", parts["sr"], parts["se"])
	signature, err := url.QueryUnescape(parts["sig"])
	return err == nil && signature == base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func startServiceBus(t *testing.T) *server {
	fake := &serviceBus{key: "hunter2-servicebus"}
	s := httptest.NewTLSServer(fake)
	t.Cleanup(s.Close)
	connection := fmt.Sprintf("Endpoint=sb://%s/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=%s", strings.TrimPrefix(s.URL, "https://"), fake.key)
	return &server{
		typ:      "azure-servicebus",
		metadata: map[string]string{"queueName": "orders", "messageCount": "5"},
		secret:   map[string]string{"connection": connection, "word": fake.key}, // the second is KEDA's no parameter: it is not to be told either
		take: func(n int) error {
			fake.mu.Lock()
			defer fake.mu.Unlock()
			if fake.n < n {
				return fmt.Errorf("there are %d of %d", fake.n, n)
			}
			fake.n -= n
			return nil
		},
	}
}
