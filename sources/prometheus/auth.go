package prometheus

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"slices"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/triggers"
)

// The modes in which KEDA authenticates (authentication_types.go). Its scaler of
// Prometheus takes apiKey as well, and sends nothing for it.
const (
	bearer = "bearer"
	basic  = "basic"
	certs  = "tls"
	custom = "custom"
	oauth  = "oauth"
	apiKey = "apiKey"
)

func with(p triggers.Parameters, mode string) bool { return slices.Contains(p.List("authModes"), mode) }

// needs is what each mode cannot do without.
var needs = []struct {
	mode       string
	parameters []string
}{
	{bearer, []string{"bearerToken"}}, {basic, []string{"username"}}, {certs, []string{"cert", "key"}},
	{oauth, []string{"oauthTokenURI", "clientID"}}, {custom, []string{"customAuthHeader", "customAuthValue"}}, {apiKey, []string{"apiKey"}},
}

// allowed is what KEDA refuses about how a trigger authenticates, and the identities that
// only it has.
func allowed(p triggers.Parameters) error {
	modes := p.List("authModes")
	if p.Identity != "" && p.Identity != "none" {
		if len(modes) > 0 {
			return &kscope.Trouble{Message: "KEDA takes no pod identity beside authModes", Hint: "leave one of them out"}
		}
		return &kscope.Trouble{Message: "only KEDA can ask: it has the identity " + p.Identity, Hint: "kscope cannot take it on; what KEDA read shows in the HPA"}
	}
	if len(modes) == 0 {
		return signed(p)
	}
	one := 0
	for _, mode := range modes {
		if mode == bearer || mode == basic || mode == oauth {
			one++
		}
		for _, n := range needs {
			for _, name := range n.parameters {
				if n.mode == mode && p.Text(name) == "" {
					return &kscope.Trouble{Message: "authModes has " + mode + ", and there is no " + name, Hint: "give it in the trigger's authentication"}
				}
			}
		}
	}
	if one > 1 {
		return &kscope.Trouble{Message: "authModes has more than one of bearer, basic and oauth, which KEDA refuses", Hint: "leave one"}
	}
	return nil
}

// signed is for the triggers whose queries KEDA signs, though they have no authModes, with
// what stands in them for clouds (NewSigV4RoundTripper, GetGCPAuthorization).
func signed(p triggers.Parameters) error {
	by := ""
	switch {
	case p.Text("identityOwner") == "operator", p.Text("awsRoleArn") != "", p.Text("awsAccessKeyID") != "" && p.Text("awsSecretAccessKey") != "":
		by = "for AWS"
	case p.Text("GoogleApplicationCredentials") != "", p.Text("credentials") != "", p.Text("credentialsFromEnvFile") != "":
		by = "with a key of Google Cloud"
	default:
		return nil
	}
	return &kscope.Trouble{Message: "only KEDA can ask: it signs the query " + by, Hint: "what KEDA read shows in the HPA"}
}

// tlsOf is how KEDA speaks TLS: with the certificates of the trigger where it has
// authModes, and then always verifying, else without verifying where it says so.
func tlsOf(p triggers.Parameters) (*tls.Config, error) {
	m := protocol.MaterialOf(p)
	m.KeyPassword = ""
	if len(p.List("authModes")) > 0 && (m.CA != "" || with(p, certs)) {
		m.Unsafe = false
	} else {
		m.CA, m.Cert, m.Key = "", "", ""
	}
	return m.Config()
}

// login is the headers that say who asks. A token is fetched where there is none that is
// still good.
func (c *client) login(ctx context.Context) (http.Header, error) {
	r := http.Request{Header: http.Header{}}
	switch p := c.as; {
	case with(p, bearer):
		r.Header.Set("Authorization", "Bearer "+p.Text("bearerToken"))
	case with(p, basic):
		r.SetBasicAuth(p.Text("username"), p.Text("password"))
	case with(p, custom):
		r.Header.Set(p.Text("customAuthHeader"), p.Text("customAuthValue"))
	}
	if !with(c.as, oauth) {
		return r.Header, nil
	}
	if !c.token.Valid() {
		token, err := fetch(ctx, c.as, &c.web.Client)
		if err != nil {
			return nil, err
		}
		c.token = token
	}
	c.token.SetAuthHeader(&r)
	return r.Header, nil
}

// fetch gets a token by the flow of client credentials.
func fetch(ctx context.Context, p triggers.Parameters, by *http.Client) (*oauth2.Token, error) {
	extra, err := url.ParseQuery(p.Text("endpointParams"))
	if err != nil {
		return nil, &kscope.Trouble{Message: "endpointParams is not of the form a=b&c=d"}
	}
	flow := clientcredentials.Config{
		ClientID: p.Text("clientID"), ClientSecret: p.Text("clientSecret"), TokenURL: p.Text("oauthTokenURI"),
		Scopes: p.List("scopes"), EndpointParams: extra,
	}
	if flow.ClientSecret == "" {
		flow.AuthStyle = oauth2.AuthStyleInParams // the certificate says who asks
	}
	token, err := flow.Token(context.WithValue(ctx, oauth2.HTTPClient, by))
	if err != nil {
		return nil, wordedToken(err)
	}
	return token, nil
}

// userOf is who asks, where that has a name.
func userOf(p triggers.Parameters) string {
	switch {
	case with(p, basic):
		return kscope.Clean(p.Text("username"))
	case with(p, oauth):
		return kscope.Clean(p.Text("clientID"))
	}
	return ""
}
