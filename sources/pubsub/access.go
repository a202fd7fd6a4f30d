package pubsub

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
)

// account is a service account with its key. It prints none of it.
type account struct {
	Type     string
	Project  string `json:"project_id"`
	KeyID    string `json:"private_key_id"`
	PEM      string `json:"private_key"`
	Email    string `json:"client_email"`
	TokenURL string `json:"token_uri"`
	Universe string `json:"universe_domain"`

	key *rsa.PrivateKey
}

// String is who it is alone.
func (a *account) String() string { return a.Email }

// GoString is String, so that %#v does not print secrets either.
func (a *account) GoString() string { return "pubsub.account(" + a.Email + ")" }

// readAccount reads the JSON of a service account's key, and says of no other what is in it.
func readAccount(text string) (*account, error) {
	wrong := func(what string) (*account, error) {
		return nil, &kscope.Trouble{Message: "the credentials of the trigger " + what, Hint: "they are the JSON that Google gives as the key of a service account"}
	}
	a := &account{TokenURL: "https://oauth2.googleapis.com/token", Universe: "googleapis.com"}
	if json.Unmarshal([]byte(text), a) != nil {
		return wrong("are no JSON")
	}
	if a.Type != "service_account" || a.Email == "" {
		return wrong("are not those of a service account")
	}
	if strings.ContainsAny(a.Project, "'\\/\n") || strings.ContainsAny(a.Universe, "/?#@") || a.Universe == "" {
		return wrong("name an impossible project or domain")
	}
	block, _ := pem.Decode([]byte(a.PEM))
	if block == nil {
		return wrong("have no private_key in PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	var ok bool
	if a.key, ok = key.(*rsa.PrivateKey); err != nil || !ok {
		return wrong("have a private_key that is none of RSA")
	}
	a.PEM = ""
	return a, nil
}

// scopes are what the token is good for, as far as the account may do it.
const scopes = "https://www.googleapis.com/auth/monitoring.read https://www.googleapis.com/auth/pubsub"

// assertion is who asks, signed: a JSON Web Token by RFC 7523.
func (a *account) assertion(now time.Time) (string, error) {
	head, _ := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": a.KeyID})
	claims, _ := json.Marshal(map[string]any{"iss": a.Email, "scope": scopes, "aud": a.TokenURL, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()})
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, a.key, crypto.SHA256, sum[:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), err
}

// login has a token that is good for a minute at least.
func (c *client) login(ctx context.Context) error {
	if c.token != "" && time.Now().Before(c.until) {
		return nil
	}
	assertion, err := c.assertion(time.Now())
	if err != nil {
		return &kscope.Trouble{Message: "nothing can be signed with the key of the service account"}
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	b, _, err := c.Do(ctx, http.MethodPost, c.TokenURL, strings.NewReader(form.Encode()), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
	if said, ok := errors.AsType[*protocol.Answer](err); ok {
		return c.unknown(said)
	}
	if err != nil {
		return err
	}
	var is struct {
		Token  string `json:"access_token"`
		Length int64  `json:"expires_in"` // seconds
	}
	if json.Unmarshal(b, &is) != nil || is.Token == "" {
		return errNotGoogle
	}
	c.token, c.until = is.Token, time.Now().Add(time.Duration(is.Length)*time.Second-time.Minute)
	return nil
}

// unknown is why there is no token.
func (c *client) unknown(said *protocol.Answer) error {
	var is struct {
		Error string `json:"error"`
		Words string `json:"error_description"`
	}
	if json.Unmarshal([]byte(said.Body), &is) != nil || is.Error == "" {
		return said
	}
	words, hint := kscope.Clean(is.Words), "the key or the account may be deleted or disabled: have a new key made"
	if words == "" {
		words = kscope.Clean(is.Error)
	}
	if strings.Contains(words, "iat") || strings.Contains(words, "timeframe") {
		words, hint = "it takes the request for too old or too new", "check the clock of this computer"
	}
	return &kscope.Trouble{Message: "Google does not let service account " + kscope.Clean(c.Email) + " in: " + strings.TrimSuffix(words, "."), Hint: hint}
}

// ask asks an API of Google. Of an error it tells whether it may have been done
// nevertheless.
func (c *client) ask(ctx context.Context, method, at string, body []byte) (answer []byte, maybe bool, err error) {
	header := http.Header{"Authorization": {"Bearer " + c.token}, "Content-Type": {"application/json"}}
	if method == http.MethodPost {
		answer, maybe, err = c.Once(ctx, at, body, header)
	} else {
		answer, _, err = c.Do(ctx, method, at, nil, header)
	}
	if said, ok := errors.AsType[*protocol.Answer](err); ok {
		err = refusal(said, strings.Contains(at, "timeSeries"))
	}
	return answer, maybe, err
}

// missing is the trouble with what does not exist.
type missing struct{ error }

func (m missing) Unwrap() error { return m.error }

func is404(err error) bool {
	_, ok := errors.AsType[missing](err)
	return ok
}

var errNotGoogle = &kscope.Trouble{Message: "what answers there is not Google Cloud", Hint: "a proxy may stand between"}

// refusal is why Google did not do what it was asked for, in its words.
func refusal(said *protocol.Answer, monitoring bool) error {
	var is struct {
		Error struct{ Message, Status string }
	}
	if json.Unmarshal([]byte(said.Body), &is) != nil || is.Error.Status == "" {
		if said.Status == http.StatusNotFound || said.Status < http.StatusBadRequest {
			return errNotGoogle
		}
		return said
	}
	words := strings.TrimSuffix(kscope.Clean(is.Error.Message), ".")
	switch {
	case said.Status == http.StatusUnauthorized:
		return &kscope.Trouble{Message: "Google does not take the token that it gave: " + words}
	case said.Status == http.StatusForbidden && monitoring:
		return protocol.Alone(&kscope.Trouble{Message: "Cloud Monitoring refuses: " + words, Hint: "the service account needs the role Monitoring Viewer, for KEDA too"})
	case said.Status == http.StatusForbidden:
		return protocol.Alone(&kscope.Trouble{Message: "Pub/Sub refuses: " + words, Hint: "to put jobs in, the service account needs the roles Pub/Sub Viewer and Pub/Sub Publisher"})
	case said.Status == http.StatusTooManyRequests:
		return protocol.Alone(&kscope.Trouble{Message: "Google takes no more requests for the moment", Hint: "the project is at its quota"})
	case said.Status == http.StatusNotFound:
		return protocol.Alone(missing{&kscope.Trouble{Message: "Google: " + words, Hint: "check the name in the trigger, and the project: a name alone is looked for in that of the service account"}})
	case said.Status == http.StatusBadRequest && monitoring:
		return protocol.Alone(&kscope.Trouble{Message: "Cloud Monitoring does not take KEDA's query: " + words, Hint: "check the trigger's mode: of a subscription it is mostly SubscriptionSize or OldestUnackedMessageAge"})
	case said.Status >= http.StatusInternalServerError:
		return &protocol.Answer{Status: said.Status, Body: words}
	}
	return protocol.Alone(&kscope.Trouble{Message: "Google refuses: " + words})
}
