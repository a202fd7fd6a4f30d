package pubsub

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kscope/kscope/sources/protocol"
)

// The key of the service account, and that of another.
var key, otherKey = newKey(), newKey()

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// taken is when the fake's samples were.
var taken = time.Date(2026, 11, 27, 10, 1, 0, 0, time.UTC)

// fake is the three services of Google that it takes: tokens, which it makes for who has
// the key, Cloud Monitoring, which takes KEDA's queries, and Pub/Sub.
type fake struct {
	*httptest.Server
	mu      sync.Mutex
	all     map[string][]message // of each subscription, all of one topic
	age     string               // the answer's value for the age; "" for no sample
	queries []string
	refuse  string // the answer of Cloud Monitoring, with its status before it
	broken  bool   // what is published is taken, and the answer lost
	tokens  int    // that were made
}

func serves(t testing.TB) *fake {
	f := &fake{all: map[string][]message{"orders": nil, "audit": nil}, age: `{"doubleValue":12.5}`}
	f.Server = httptest.NewTLSServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) protocol() protocol.Protocol {
	return pubSub{f.URL, &tls.Config{RootCAs: f.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, MinVersion: tls.VersionTLS12}}
}

// file is the key of the service account as Google gives it.
func (f *fake) file(key *rsa.PrivateKey) string {
	der, _ := x509.MarshalPKCS8PrivateKey(key)
	b, _ := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "shop-1", "private_key_id": "k1", "client_email": "keda@shop-1.iam.gserviceaccount.com", "token_uri": f.URL + "/token",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	return string(b)
}

func (f *fake) good() map[string]string {
	return map[string]string{"GoogleApplicationCredentials": f.file(key), "subscriptionName": "orders", "mode": "SubscriptionSize", "value": "10"}
}

func refuse(w http.ResponseWriter, status int, word, message string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": status, "message": message, "status": word}})
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.URL.Path == "/token" {
		f.login(w, r)
		return
	}
	if r.Header.Get("Authorization") != "Bearer a-token-of-google" {
		refuse(w, http.StatusUnauthorized, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
		return
	}
	const topic, subscription = "projects/shop-1/topics/news", "projects/shop-1/subscriptions/"
	path, _ := strings.CutPrefix(r.URL.Path, "/pubsub/v1/")
	name, isSubscription := strings.CutPrefix(path, subscription)
	_, known := f.all[name]
	switch {
	case r.URL.Path == "/monitoring/v3/projects/shop-1/timeSeries:query":
		f.query(w, r)
	case isSubscription && known:
		_, _ = fmt.Fprintf(w, `{"name":%q,"topic":%q,"deadLetterPolicy":{"deadLetterTopic":"projects/shop-1/topics/dead","maxDeliveryAttempts":5},"filter":"attributes.kind = \"x\""}`, path, topic)
	case path == topic+":publish" && r.Method == http.MethodPost:
		f.publish(w, r)
	case path == topic+"/subscriptions" && r.URL.Query().Get("pageToken") == "": // in two pages
		_, _ = fmt.Fprintf(w, `{"subscriptions":[%q],"nextPageToken":"more of it"}`, subscription+"orders")
	case path == topic+"/subscriptions" && r.URL.Query().Get("pageToken") == "more of it":
		_, _ = fmt.Fprintf(w, `{"subscriptions":[%q]}`, subscription+"audit")
	default:
		refuse(w, http.StatusNotFound, "NOT_FOUND", "Resource not found (resource="+name+").")
	}
}

// login makes a token for who has the key.
func (f *fake) login(w http.ResponseWriter, r *http.Request) {
	no := func(why string) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"error":"invalid_grant","error_description":%q}`, why)
	}
	parts := strings.Split(r.FormValue("assertion"), ".")
	if len(parts) != 3 || r.FormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		no("Bad request.")
		return
	}
	signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature) != nil {
		no("Invalid JWT Signature.")
		return
	}
	var claims struct {
		Iss, Scope, Aud string
		Iat, Exp        int64
	}
	b, _ := base64.RawURLEncoding.DecodeString(parts[1])
	_ = json.Unmarshal(b, &claims)
	now := time.Now().Unix()
	if claims.Iss != "keda@shop-1.iam.gserviceaccount.com" || claims.Aud != f.URL+"/token" || !strings.Contains(claims.Scope, "monitoring.read") || claims.Iat > now || claims.Exp < now || claims.Exp > now+3600 {
		no("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.")
		return
	}
	f.tokens++
	_, _ = fmt.Fprint(w, `{"access_token":"a-token-of-google","expires_in":3599,"token_type":"Bearer"}`)
}

var asked = regexp.MustCompile(`^fetch pubsub_subscription \| metric 'pubsub.googleapis.com/subscription/(\w+)' \| filter \(resource.project_id == 'shop-1' && resource.subscription_id == '(\w+)'\) \| within \d+m0s`)

// query answers one of KEDA's.
func (f *fake) query(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Query    string
		PageSize int
	}
	_ = json.NewDecoder(r.Body).Decode(&ask)
	f.queries = append(f.queries, ask.Query)
	if f.refuse != "" {
		var status int
		var body string
		_, _ = fmt.Sscanf(f.refuse, "%d", &status)
		_, body, _ = strings.Cut(f.refuse, " ")
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
		return
	}
	parts := asked.FindStringSubmatch(ask.Query)
	if parts == nil || ask.PageSize != 1 {
		refuse(w, http.StatusBadRequest, "INVALID_ARGUMENT", "Could not find a metric.")
		return
	}
	messages, known := f.all[parts[2]]
	value := fmt.Sprintf(`{"int64Value":"%d"}`, len(messages))
	if parts[1] == "oldest_unacked_message_age" {
		value = f.age
	}
	if !known || value == "" {
		_, _ = fmt.Fprint(w, `{"timeSeriesDescriptor":{}}`)
		return
	}
	_, _ = fmt.Fprintf(w, `{"timeSeriesData":[{"labelValues":[{}],"pointData":[{"values":[%s],"timeInterval":{"startTime":%q,"endTime":%[2]q}}]}]}`, value, taken.Format(time.RFC3339Nano))
}

// publish gives a message to each subscription.
func (f *fake) publish(w http.ResponseWriter, r *http.Request) {
	var ask struct{ Messages []message }
	b, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(b, &ask)
	var ids []string
	for name := range f.all {
		f.all[name] = append(f.all[name], ask.Messages...)
	}
	for i := range ask.Messages {
		ids = append(ids, fmt.Sprint(i))
	}
	if f.broken {
		panic(http.ErrAbortHandler)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"messageIds": ids})
}
