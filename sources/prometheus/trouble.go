package prometheus

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/oauth2"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
)

// worded says in plain words what an answer other than the one wanted means. Errors of
// the network stay as they are.
func (c *client) worded(err error) error {
	a, ok := errors.AsType[*protocol.Answer](err)
	if !ok {
		return err
	}
	var is struct{ Status, ErrorType, Error string }
	_ = json.Unmarshal([]byte(a.Body), &is) // of others it says nothing
	switch {
	case a.Status == http.StatusUnauthorized && with(c.as, apiKey):
		return &kscope.Trouble{Message: "the server wants a login", Hint: "KEDA's prometheus trigger sends nothing for the authMode apiKey: use custom, with customAuthHeader and customAuthValue"}
	case a.Status == http.StatusUnauthorized && len(c.as.List("authModes")) == 0:
		return &kscope.Trouble{Message: "the server wants a login, and the trigger has none", Hint: "give it authModes, and an authentication with what they take"}
	case a.Status == http.StatusUnauthorized:
		return &kscope.Trouble{Message: "the server refuses the login (" + strings.Join(c.as.List("authModes"), ", ") + ")", Hint: "check the trigger's authentication"}
	case a.Status == http.StatusForbidden:
		return &kscope.Trouble{Message: "the server forbids the query to this login", Hint: "it lacks a right, or the namespace or tenant in the trigger is another's"}
	case strings.Contains(a.Body, "HTTP request") && strings.Contains(a.Body, "HTTPS"):
		return &kscope.Trouble{Message: "the server expects TLS", Hint: "write https:// in serverAddress"}
	case is.Status == "error" && is.ErrorType == "bad_data":
		return &kscope.Trouble{Message: "Prometheus does not take the query: " + is.Error, Hint: "check the query in the trigger", Cause: errOwn}
	case is.Status == "error" && is.ErrorType != "" && is.Error != "":
		return &kscope.Trouble{Message: "Prometheus cannot answer the query: " + is.Error, Cause: errOwn}
	case a.Status == http.StatusNotFound || a.Status == http.StatusMethodNotAllowed:
		return errNotPrometheus
	case a.Status == http.StatusTooManyRequests:
		return &kscope.Trouble{Message: "the server is asked too often (429)", Hint: "a longer pollingInterval asks less often"}
	}
	return a
}

// wordedToken says in plain words why there is no token. What the server says beside the
// code of the error may repeat what it was given.
func wordedToken(err error) error {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case !ok && strings.Contains(err.Error(), "oauth2:"):
		return &kscope.Trouble{Message: "what answers at oauthTokenURI gives no token", Hint: "check oauthTokenURI"}
	case !ok:
		return err
	}
	code := refused.ErrorCode
	if code == "" && refused.Response != nil {
		code = fmt.Sprint(refused.Response.StatusCode)
	}
	return &kscope.Trouble{Message: "the token endpoint refuses the client: " + code, Hint: "check oauthTokenURI, clientID, clientSecret and scopes"}
}

// refusal is why nothing is known of any: that the server itself is in trouble. What is
// wrong with a query is its own, and so is all trouble while another query is answered:
// each has headers of its own, and takes its own time.
func refusal(all []*request) (first error) {
	for _, r := range all {
		if r.err == nil || errors.Is(r.err, errOwn) {
			return nil
		}
		if first == nil {
			first = r.err
		}
	}
	return first
}
