package prometheus

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/sources/protocol"
	"github.com/kscope/kscope/sources/protocol/protocoltest"
	"github.com/kscope/kscope/triggers/params"
)

// server is a Prometheus that scrapes a number ten times a second, and wants a password
// where there is a web configuration.
func server(t testing.TB, web string) (at string, number *atomic.Int64) {
	t.Helper()
	number = &atomic.Int64{}
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "depth %d\npair{of=\"a\"} 1\npair{of=\"b\"} 2\n", number.Load())
	}))
	t.Cleanup(app.Close)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	config := write("prometheus.yml", fmt.Sprintf(`
scrape_configs:
  - {job_name: app, scrape_interval: 100ms, scrape_timeout: 100ms, static_configs: [{targets: ["%s"]}]}
`, app.Listener.Addr()))
	at = protocoltest.Loopback(protocoltest.Port(t))
	args := []string{"--config.file=" + config, "--storage.tsdb.path=" + filepath.Join(dir, "data"), "--web.listen-address=" + at}
	if web != "" {
		cert, key := protocoltest.Certificate(t)
		web = fmt.Sprintf(web, write("cert", cert), write("key", key))
		args = append(args, "--web.config.file="+write("web.yml", web))
	}
	protocoltest.Start(t, at, "prometheus", args...)
	return at, number
}

func TestPrometheus(t *testing.T) {
	t.Parallel()
	at, number := server(t, "")
	good := map[string]string{"serverAddress": "http://" + at, "query": "sum(depth)", "threshold": "5", "ignoreNullValues": "true"}
	protocoltest.Run(t, protocoltest.Suite{
		Protocol: New(), Type: "prometheus", Good: good, Settle: 20e9,
		Fill: func(n int) { number.Store(int64(n)) },
		Wrong: []protocoltest.Wrong{
			{Name: "no server", With: map[string]string{"serverAddress": ""}, Say: "names no server"},
			{Name: "no URL", With: map[string]string{"serverAddress": at}, Say: "not a URL"},
			{Name: "nobody there", With: map[string]string{"serverAddress": "http://" + protocoltest.Loopback(1)}, Say: "nothing listens at"},
			{Name: "a name nobody knows", With: map[string]string{"serverAddress": "http://prometheus.nowhere.invalid:9090"}, Say: "is not known here"},
			{Name: "another path", With: map[string]string{"serverAddress": "http://" + at + "/elsewhere"}, Say: "is not Prometheus"},
			{Name: "no TLS there", With: map[string]string{"serverAddress": "https://" + at}, Say: "does not seem to speak TLS"},
			{Name: "no query of Prometheus", With: map[string]string{"query": "sum(("}, Say: "does not take the query: ", Own: true},
			{Name: "too dear", With: map[string]string{"timeout": "1ns"}, Say: "not answered within 1ns, the timeout of the trigger", Own: true},
			{Name: "several", With: map[string]string{"query": "pair"}, Say: "gives 2 series", Own: true},
			{Name: "a scalar", With: map[string]string{"query": "scalar(depth)"}, Say: "gives a scalar", Own: true},
			{Name: "nothing", With: map[string]string{"query": "deepth", "ignoreNullValues": "false"}, Say: "gives no series", Own: true},
			{Name: "a range", With: map[string]string{"query": "depth[1m]", "ignoreNullValues": "false"}, Say: "a range of values", Own: true},
			{Name: "no headers", With: map[string]string{"customHeaders": "a=b=c"}, Say: "customHeaders is not a list of name=value", Own: true},
		},
	})
	r := (&protocoltest.Suite{Protocol: New(), Type: "prometheus", Good: good}).New(t, map[string]string{"query": "deepth"})
	got, err := r.Measure()
	if err != nil || got.N != 0 || got.Type != "none" || got.Note != "no series: KEDA takes it as 0" || !got.Scaled.Is {
		t.Errorf("nothing: %+v, %v", got, err)
	}
}

// hash is of the password "open sesame".
const hash = "$2b$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy"

func TestLogin(t *testing.T) {
	t.Parallel()
	at, number := server(t, "basic_auth_users: {ali: '"+hash+"'}\ntls_server_config: {cert_file: %s, key_file: %s}\n")
	number.Store(4)
	protocoltest.Run(t, protocoltest.Suite{
		Protocol: New(), Type: "prometheus", Settle: 20e9, Connectionless: true,
		Good:    map[string]string{"serverAddress": "https://" + at, "query": "sum(depth) - 4", "ignoreNullValues": "true", "authModes": "basic", "username": "ali", "password": "open sesame", "unsafeSsl": "true"},
		Secrets: []string{"open sesame", "open barley"},
		Wrong: []protocoltest.Wrong{
			{Name: "wrong password", With: map[string]string{"password": "open barley"}, Say: "refuses the login (basic)"},
			{Name: "no password", With: map[string]string{"authModes": ""}, Say: "wants a login, and the trigger has none"},
			{Name: "no TLS", With: map[string]string{"serverAddress": "http://" + at}, Say: "expects TLS"},
			{Name: "nobody's certificate", With: map[string]string{"unsafeSsl": ""}, Say: "is not trusted"},
		},
	})
}

// TestSent: what KEDA sends in each mode.
func TestSent(t *testing.T) {
	cert, key := protocoltest.Certificate(t)
	type m = map[string]string
	var tokens atomic.Int32
	for name, test := range map[string]struct {
		with m
		want m // headers, and parameters of the query
	}{
		"nothing":      {m{"bearerToken": "t", "username": "u"}, m{"Authorization": ""}},
		"bearer":       {m{"authModes": "bearer", "bearerToken": "t"}, m{"Authorization": "Bearer t"}},
		"basic":        {m{"authModes": "basic", "username": "u", "password": "p"}, m{"Authorization": "Basic dTpw"}},
		"custom":       {m{"authModes": "custom", "customAuthHeader": "X-Key", "customAuthValue": "v"}, m{"X-Key": "v"}},
		"bearer first": {m{"authModes": "custom, bearer", "bearerToken": "t", "customAuthHeader": "X-Key", "customAuthValue": "v"}, m{"Authorization": "Bearer t", "X-Key": ""}},
		"apiKey":       {m{"authModes": "apiKey", "apiKey": "k", "keyParamName": "X-Key"}, m{"Authorization": "", "X-Key": ""}},
		"tls":          {m{"authModes": "tls", "cert": cert, "key": key, "ca": cert}, m{"X-Certificates": "1"}},
		"oauth":        {m{"authModes": "oauth", "clientID": "u", "clientSecret": "s", "scopes": "a,b", "endpointParams": "audience=x"}, m{"Authorization": "Bearer good"}},
		"headers":      {m{"customHeaders": "X-Scope-OrgID=a, x-two = b"}, m{"X-Scope-OrgID": "a", "X-Two": "b"}},
		"parameters":   {m{"queryParameters": "dedup=true,max=1 s", "namespace": "shop"}, m{"?dedup": "true", "?max": "1 s", "?namespace": "shop", "?query": "up"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := m{}
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch user, password, _ := r.BasicAuth(); {
				case r.URL.Path == "/token" && (r.FormValue("scope") != "a b" || r.FormValue("audience") != "x" || user != "u" || password != "s"):
					w.WriteHeader(http.StatusBadRequest)
				case r.URL.Path == "/token":
					tokens.Add(1)
					w.Header().Set("Content-Type", "application/json")
					fmt.Fprint(w, `{"access_token":"good","token_type":"bearer","expires_in":3600}`)
				case r.URL.Path == "/api/v1/query":
					for name := range test.want {
						if parameter, ok := strings.CutPrefix(name, "?"); ok {
							got[name] = r.FormValue(parameter)
						} else {
							got[name] = r.Header.Get(name)
						}
					}
					if _, ok := got["X-Certificates"]; ok {
						got["X-Certificates"] = fmt.Sprint(len(r.TLS.PeerCertificates))
					}
					fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"3"]}]}}`)
				}
			}))
			if name == "tls" {
				s.StartTLS()
				s.TLS.ClientAuth = 1 // asked for
			} else {
				s.Start()
			}
			defer s.Close()
			with := m{"serverAddress": s.URL, "query": "up", "oauthTokenURI": s.URL + "/token"}
			for name, value := range test.with {
				with[name] = value
			}
			reading, err := (&protocoltest.Suite{Protocol: New(), Type: "prometheus", Good: with}).New(t, nil).Measure()
			if diff := cmp.Diff(test.want, got); err != nil || reading.N != 3 || diff != "" {
				t.Errorf("%v, %v\n%s", reading.N, err, diff)
			}
		})
	}
	if tokens.Load() != 1 {
		t.Errorf("%d tokens were fetched for one look", tokens.Load())
	}
}

// TestRefused: what KEDA refuses, and what only it can do.
func TestRefused(t *testing.T) {
	type m = map[string]string
	for say, with := range map[string]m{
		"more than one of bearer": {"authModes": "bearer,basic", "bearerToken": "t", "username": "u"},
		"there is no bearerToken": {"authModes": "bearer"},
		"there is no clientID":    {"authModes": "oauth", "oauthTokenURI": "http://x"},
		"for AWS":                 {"awsRegion": "eu-west-1", "awsAccessKeyID": "k", "awsSecretAccessKey": "s"},
		"of Google Cloud":         {"GoogleApplicationCredentials": "{}"},
	} {
		with["serverAddress"] = "http://x"
		p := params.Written("prometheus", with)
		p.Values = with
		if _, err := New().Key(p); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: %v", say, err)
		}
	}
	p := params.Written("prometheus", m{"serverAddress": "http://x"})
	p.Identity = "azure-workload"
	if _, err := New().Key(p); err == nil || !strings.Contains(err.Error(), "the identity azure-workload") {
		t.Errorf("an identity: %v", err)
	}
}

// TestToken: a client that the token endpoint refuses, in words without its secret.
func TestToken(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error":"invalid_client","error_description":%q}`, r.Header.Get("Authorization")+r.FormValue("client_secret"))
	}))
	defer s.Close()
	suite := &protocoltest.Suite{Protocol: New(), Type: "prometheus", Secrets: []string{"hush hush", "Basic "},
		Good: map[string]string{"serverAddress": s.URL, "query": "up", "authModes": "oauth", "oauthTokenURI": s.URL, "clientID": "u", "clientSecret": "hush hush"}}
	if _, err := suite.New(t, nil).Measure(); err == nil || !strings.Contains(err.Error(), "refuses the client: invalid_client") {
		t.Error(err)
	}
}

// TestReading: KEDA's rule for each result, by prometheus_scaler.go of 2.21.
func TestReading(t *testing.T) {
	vector := func(series string) string {
		return `{"status":"success","data":{"resultType":"vector","result":[` + series + `]}}`
	}
	none := func(why string) broker.Reading {
		return broker.Reading{Type: "none", Note: why + ": KEDA takes it as 0", Scaled: kscope.Scaled{Is: true, How: why}}
	}
	for name, test := range map[string]struct {
		answer string
		want   broker.Reading
		strict string // what is said where null values are not ignored; "" for the same
	}{
		"a value":      {vector(`{"value":[1,"2.5"]}`), broker.Reading{N: 2.5, Type: "series"}, ""},
		"below zero":   {vector(`{"value":[1,"-3"]}`), broker.Reading{N: -3, Type: "series", Scaled: kscope.Scaled{Is: true, Active: -3, How: "below zero"}}, ""},
		"none":         {vector(``), none("no series"), "no series"},
		"NaN":          {vector(`{"value":[1,"NaN"]}`), none("NaN"), "NaN"},
		"infinite":     {vector(`{"value":[1,"+Inf"]}`), none("+Inf"), "+Inf"},
		"a histogram":  {vector(`{"histogram":[1,{}]}`), none("no value"), "no value"},
		"a range":      {`{"status":"success","data":{"resultType":"matrix","result":[{"values":[[1,"2"]]}]}}`, none("a range of values"), "a range of values"},
		"empty, plain": {`{"status":"success","data":{"resultType":"vector","result":null}}`, none("no series"), "no series"},
	} {
		r, err := parse([]byte(test.answer))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(test.want, reading(r, true)); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
		if strict := reading(r, false); test.strict == "" && strict != test.want || test.strict != "" && (strict.Err == nil || !strict.Own || !strings.Contains(strict.Err.Error(), test.strict)) {
			t.Errorf("%s, not ignored: %+v", name, strict)
		}
	}
}

// TestAsked: one query of two triggers is asked once, and one trigger's trouble is its own.
func TestAsked(t *testing.T) {
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("X-Scope-OrgID") == "theirs":
			w.WriteHeader(http.StatusForbidden)
		case r.URL.Path != "/api/v1/query":
			fmt.Fprint(w, `{"status":"success","data":{"application":"Grafana Mimir","version":"2.9"}}`)
		case r.FormValue("query") == "bad":
			asked.Add(1)
			w.WriteHeader(http.StatusUnprocessableEntity)
			fmt.Fprint(w, `{"status":"error","errorType":"execution","error":"too many samples"}`)
		default:
			asked.Add(1)
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"3"]}]}}`)
		}
	}))
	defer s.Close()
	var queues []protocol.Queue
	for i := range 20 {
		query := []string{"good", "bad"}[i%2]
		queues = append(queues, protocol.Queue{Parameters: params.Written("prometheus", map[string]string{"serverAddress": s.URL, "query": query, "threshold": fmt.Sprint(i)})})
	}
	queues = append(queues, protocol.Queue{Parameters: params.Written("prometheus", map[string]string{"serverAddress": s.URL, "query": "good", "customHeaders": "X-Scope-OrgID=theirs"})})
	c, err := New().Connect(t.Context(), queues[0].Parameters, new(protocoltest.Way).Dial)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	readings := make([]broker.Reading, len(queues))
	if err := c.Measure(t.Context(), queues, readings); err != nil {
		t.Fatal(err)
	}
	if readings[18].N != 3 || readings[19].Err == nil || !readings[19].Own || !strings.Contains(readings[19].Err.Error(), "too many samples") || asked.Load() != 2 {
		t.Errorf("%+v, %+v, asked %d times", readings[18], readings[19], asked.Load())
	}
	if r := readings[20]; r.Err == nil || !r.Own || !strings.Contains(r.Err.Error(), "forbids the query") {
		t.Errorf("another's: %+v", r)
	}
	if c.Describe().Version != "Grafana Mimir 2.9" {
		t.Errorf("it is %+v", c.Describe())
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"3"]}]}}`))
	f.Add([]byte(`{"data":{"result":[{"value":[1]}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parse(b)
		if got := reading(r, true); err == nil && (got.N != got.N || got.Err == nil && got.Type == "") {
			t.Errorf("%s: %+v", b, got)
		}
		if err == nil && !json.Valid(b) {
			t.Errorf("%q was read", b)
		}
		_ = versionIn(b)
	})
}

func BenchmarkMeasure(b *testing.B) {
	at, _ := server(b, "")
	protocoltest.BenchmarkMeasure(b, New(), "prometheus", map[string]string{"serverAddress": "http://" + at, "query": "up"})
}
