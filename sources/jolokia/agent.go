package jolokia

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// request is one of Jolokia's, in the form of its protocol. Several go in one POST.
type request struct {
	Type      string          `json:"type"` // read, search, exec
	MBean     string          `json:"mbean"`
	Attribute names           `json:"attribute,omitempty"`
	Path      string          `json:"path,omitempty"`
	Operation string          `json:"operation,omitempty"`
	Arguments []any           `json:"arguments,omitempty"`
	Config    map[string]bool `json:"config,omitempty"`
}

// names are of attributes. One alone is answered with its value, several with a value by
// name.
type names []string

// MarshalJSON writes one alone as a text.
func (n names) MarshalJSON() ([]byte, error) {
	if len(n) == 1 {
		return json.Marshal(n[0])
	}
	return json.Marshal([]string(n))
}

// lenient has an attribute that is not there be answered as a text that begins with
// [failed], instead of nothing be answered at all.
var lenient = map[string]bool{"ignoreErrors": true}

const failed = "ERROR"

// answer is what came of a request. Its status is the real one: that of HTTP is 200 even
// for what is not there.
type answer struct {
	Status int    `json:"status"`
	Value  any    `json:"value"`
	Error  string `json:"error"`
	Kind   string `json:"error_type"` // a class of Java
}

const (
	fine     = http.StatusOK
	notThere = http.StatusNotFound
)

// attribute is one of several that were read.
func (a answer) attribute(name string) any {
	all, _ := a.Value.(map[string]any)
	return all[name]
}

// agent is a Jolokia agent, as one user asks it.
type agent struct {
	web    *protocol.Web
	at     string // its URL
	login  string // where to look for what is wrong with the user or the password
	single bool   // it takes no POST: each request is a GET
	user   string
	secret string
}

// newAgent is the agent of a place. Like KEDA, it gives the origin that Jolokia may want
// to see.
func newAgent(at place, p triggers.Parameters, web *protocol.Web) *agent {
	a := &agent{web: web, at: at.agent, login: "check user and password", user: p.Text("username"), secret: p.Text("password")}
	if from := p.From["password"]; from != "" {
		a.login = "check " + from
	}
	origin := p.Text("managementEndpoint")
	if u, err := url.Parse(at.agent); err == nil {
		origin = u.Host
	}
	web.User = url.UserPassword(a.user, a.secret)
	web.Header.Set("Origin", cmp.Or(p.Text("corsHeader"), "http://"+origin))
	return a
}

// call asks for several things at once, or for one after another where the agent takes
// no POST. The answers are in the order of the requests.
func (a *agent) call(ctx context.Context, asked []request) ([]answer, error) {
	if !a.single {
		answers, err := a.post(ctx, asked)
		said, ok := errors.AsType[*protocol.Answer](err)
		refused := errors.Is(err, errNotAll) || errors.Is(err, errPage) || ok && said.Status < http.StatusInternalServerError && said.Status != http.StatusUnauthorized
		if !refused {
			return answers, a.words(err)
		}
	}
	answers := make([]answer, len(asked))
	for i, r := range asked {
		body, _, err := a.web.Do(ctx, http.MethodGet, a.at+r.address(), nil, nil)
		if err == nil {
			err = read(body, &answers[i])
		}
		if err != nil {
			return nil, a.words(err)
		}
		if strings.Contains(answers[i].Error, "Origin") { // it is about who asks, not about what for
			return nil, &kscope.Trouble{Message: "Jolokia does not answer requests of this origin", Hint: "set corsHeader to one that its jolokia-access.xml lets in"}
		}
	}
	a.single = true
	return answers, nil
}

// errNotAll is one answer to several requests, or an unlike number of them.
var errNotAll error = &kscope.Trouble{Message: "Jolokia does not take several requests in one POST", Hint: "kscope puts jobs in by that: let jolokia-access.xml take it"}

// errPage is a page for people in the place of an answer.
var errPage error = &kscope.Trouble{Message: "a page for people answers where Jolokia should, perhaps to sign in", Hint: "check the address: Artemis has it at /console/jolokia, ActiveMQ at /api/jolokia"}

// post asks for several things at once.
func (a *agent) post(ctx context.Context, asked []request) ([]answer, error) {
	text, _ := json.Marshal(asked) // texts and numbers never fail
	body, _, err := a.web.Do(ctx, http.MethodPost, a.at, bytes.NewReader(text), http.Header{"Content-Type": {"application/json"}})
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(strings.TrimSpace(string(body[:min(len(body), 64)])), "[") {
		var one answer
		if err := read(body, &one); err != nil {
			return nil, err
		}
		return nil, errNotAll
	}
	var answers []answer
	if err := read(body, &answers); err != nil {
		return nil, err
	}
	if len(answers) != len(asked) {
		return nil, errNotAll
	}
	return answers, nil
}

func read(body []byte, into any) error {
	if json.Unmarshal(body, into) != nil {
		return errPage
	}
	return nil
}

// address is a request as a path, below that of the agent.
func (r request) address() string {
	text := "/" + r.Type + "/" + url.PathEscape(escape(r.MBean))
	if len(r.Attribute) > 0 {
		text += "/" + url.PathEscape(escape(strings.Join(r.Attribute, ",")))
	}
	if r.Path != "" {
		text += "/" + (&url.URL{Path: r.Path}).EscapedPath()
	}
	if r.Config["ignoreErrors"] {
		text += "?ignoreErrors=true"
	}
	return text
}

// words is what the server answered as HTTP, in plain words. All else stays as it is.
func (a *agent) words(err error) error {
	if err == nil {
		return nil
	}
	said, ok := errors.AsType[*protocol.Answer](err)
	switch text := err.Error(); {
	case ok && said.Status == http.StatusUnauthorized:
		return &kscope.Trouble{Message: "the user or the password is wrong", Hint: a.login}
	case ok && said.Status == http.StatusForbidden:
		return &kscope.Trouble{Message: "the console does not let the user in", Hint: "give the user the role that may use it; or corsHeader is not an origin that it lets in"}
	case ok && said.Status == http.StatusNotFound:
		return &kscope.Trouble{Message: "there is no Jolokia agent at this path of the server", Hint: "Artemis has it at /console/jolokia, ActiveMQ at /api/jolokia: name it in a template of the whole address"}
	case ok && strings.Contains(said.Body, "HTTP request to an HTTPS server"), strings.Contains(text, `malformed HTTP response "\x15\x03`):
		return &kscope.Trouble{Message: "the server speaks TLS only", Hint: "write https into a template of the whole address"}
	case ok:
		return &kscope.Trouble{Message: said.Error()}
	case strings.Contains(text, "HTTP response to HTTPS client"):
		return &kscope.Trouble{Message: "the server does not speak TLS", Hint: "write http into the template, or check the port"}
	case strings.Contains(text, "malformed HTTP"):
		return &kscope.Trouble{Message: "what answers does not speak HTTP", Hint: "name the port of the console, not that of the broker"}
	}
	return err
}
