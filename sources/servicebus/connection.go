package servicebus

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/kscope/kscope"
)

// connection is what a connection string says. It holds secrets, and prints none.
type connection struct {
	host         string // of the namespace, with a port where there is one
	keyName, key string // with which tokens are made
	signature    string // a token that was made by somebody else, in their place
	entityPath   string // which alone it is for; "" for the namespace
}

// String is the host alone.
func (c connection) String() string { return c.host }

// GoString is String, so that %#v does not print secrets either.
func (c connection) GoString() string { return "servicebus.connection(" + c.host + ")" }

// connectionOf reads a connection string, by the rules of Azure's library: names in any
// case, and values that may have = in them.
func connectionOf(text string) (c connection, err error) {
	wrong := func(what string) (connection, error) {
		return connection{}, &kscope.Trouble{Message: "the connection string of the trigger " + what, Hint: "it is as Azure shows it with a shared access policy: Endpoint=sb://NAMESPACE.servicebus.windows.net/;SharedAccessKeyName=…;SharedAccessKey=…"}
	}
	if strings.TrimSpace(text) == "" {
		return connection{}, &kscope.Trouble{Message: "the trigger has no connection string", Hint: "give it connectionFromEnv, or connection by authenticationRef"}
	}
	for part := range strings.SplitSeq(text, ";") {
		name, value, ok := strings.Cut(part, "=")
		switch name = strings.ToLower(strings.TrimSpace(name)); {
		case name == "" && !ok:
		case !ok:
			return wrong("has a part without =")
		case name == "endpoint":
			u, err := url.Parse(value)
			if err != nil {
				return wrong("has an Endpoint that is no URL")
			}
			c.host = u.Host
		case name == "sharedaccesskeyname":
			c.keyName = value
		case name == "sharedaccesskey":
			c.key = value
		case name == "sharedaccesssignature":
			c.signature = value
		case name == "entitypath":
			c.entityPath = value
		}
	}
	switch {
	case c.host == "":
		return wrong("has no Endpoint")
	case c.signature == "" && c.keyName == "":
		return wrong("has no SharedAccessKeyName")
	case c.signature == "" && c.key == "":
		return wrong("has no SharedAccessKey")
	}
	return c, nil
}

// valid is how long a token is good for.
const valid = time.Hour

// header lets in to what is at a URL.
func (c connection) header(at string, now time.Time) http.Header {
	token := c.signature
	if token == "" {
		token = signed(at, c.keyName, c.key, now.Add(valid))
	}
	return http.Header{"Authorization": {token}}
}

// signed is a shared access signature for what is at a URL, made as Azure describes it.
func signed(at, keyName, key string, until time.Time) string {
	resource, expiry := strings.ToLower(url.QueryEscape(at)), strconv.FormatInt(until.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(resource + "\n" + expiry))
	sum := url.QueryEscape(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return "SharedAccessSignature sr=" + resource + "&sig=" + sum + "&se=" + expiry + "&skn=" + keyName
}
