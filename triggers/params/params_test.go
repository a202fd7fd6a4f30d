package params_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/kscope/kscope/triggers"
	"github.com/kscope/kscope/triggers/params"
)

// TestCheck: what is refused, and in which words. Those of Redis were heard from KEDA
// 2.21 on a cluster; see e2e.
func TestCheck(t *testing.T) {
	const (
		redis  = "error parsing redis metadata: error parsing redis metadata: "
		stream = "error parsing redis streams metadata: error parsing redis stream metadata: "
		kafka  = "error parsing kafka metadata: error parsing kafka metadata: "
	)
	list := func(more ...string) params.Values {
		return given(append([]string{"listName", "l", "address", "a:1"}, more...)...)
	}
	auth := func(v params.Values, name, value string) params.Values {
		v.Authentication = map[string]string{name: value}
		return v
	}
	for _, tt := range []struct {
		typ  string
		v    params.Values
		want string
	}{
		{"redis", list(), ""},
		{"redis", list("listLength", "2.5"), redis + `unable to set param "listLength" value "2.5": unable to unmarshal to field type int64: json: cannot unmarshal number 2.5 into Go value of type int64`},
		{"redis", list("listLength", "five"), redis + `unable to set param "listLength" value "five": unable to unmarshal to field type int64: invalid character 'i' in literal false (expecting 'a')`},
		{"redis", list("databaseIndex", "main"), redis + `unable to set param "databaseIndex" value "main": unable to unmarshal to field type int: invalid character 'm' looking for beginning of value`},
		{"redis", list("enableTLS", "yes"), redis + `EnableTLS parsing error strconv.ParseBool: parsing "yes": invalid syntax`},
		{"redis", auth(list("enableTLS", "true"), "tls", "enable"), redis + "unable to set `tls` in both ScaledObject and TriggerAuthentication together"},
		{"redis", auth(list(), "tls", "on"), redis + "error incorrect TLS value given, got on"},
		{"redis", list("unsafeSsl", "no"), redis + `unable to set param "unsafeSsl" value "no": unable to parse boolean value "no": strconv.ParseBool: parsing "no": invalid syntax`},
		{"redis", given("listName", "l", "host", "h"), redis + "no addresses or hosts given. address should be a comma separated list of host:port or set the host/port values"},
		{"redis", given("listName", "l", "hosts", "h, i", "ports", "1"), redis + "not enough hosts or ports given. number of hosts should be equal to the number of ports"},
		{"redis", given("listName", "l", "host", "h", "port", "1"), ""},
		{"redis", given("address", "a:1"), redis + `missing required parameter "listName" in [triggerMetadata]`},
		{"redis", given("listLength", "x"), redis + "unable to set param \"listLength\" value \"x\": unable to unmarshal to field type int64: invalid character 'x' looking for beginning of value\nmissing required parameter \"listName\" in [triggerMetadata]\nno addresses or hosts given. address should be a comma separated list of host:port or set the host/port values"},
		{"redis", auth(given("listName", "l"), "address", "a:1"), ""},
		{"redis", params.Values{Metadata: map[string]string{"listName": "l", "addressFromEnv": "AT"}, Environment: map[string]string{"AT": "a:1"}}, ""},
		{"redis", params.Values{Metadata: map[string]string{"listName": "l", "addressFromEnv": "AT"}}, redis + "no addresses or hosts given. address should be a comma separated list of host:port or set the host/port values"},
		{"redis-streams", given("address", "a:1"), stream + "missing required parameter \"stream\" in [triggerMetadata]\nmissing redis stream name"},
		{"redis-streams", given("address", "a:1", "stream", "s", "lagCount", "x"), stream + `unable to set param "lagCount" value "x": unable to unmarshal to field type int64: invalid character 'x' looking for beginning of value`},
		{"kafka", given("topic", "t", "bootstrapServers", "k:1", "consumerGroup", "g"), ""},
		{"apache-kafka", given("topic", "t", "bootstrapServers", "k:1", "consumerGroup", "g", "partitionLimitation", "1-3,x"), kafka + `unable to set param "partitionLimitation" value "1-3,x": slice element 1: unable to unmarshal to field type int: invalid character 'x' looking for beginning of value`},
		{"apache-kafka", given("topic", "t", "bootstrapServers", "k:1", "consumerGroup", "g", "partitionLimitation", "1-y"), kafka + `unable to set param "partitionLimitation" value "1-y": slice element 0: unable to parse end value "y": invalid character 'y' looking for beginning of value`},
		{"cpu", given("value", "50", "type", "Utilization"), "error parsing cpu metadata: scaler cpu info: The 'type' setting is DEPRECATED and is removed in v2.18 - Use 'metricType' instead."},
		{"cron", given("timezone", "UTC"), "error parsing cron metadata: missing required parameter \"start\" in [triggerMetadata]\nmissing required parameter \"end\" in [triggerMetadata]\nmissing required parameter \"desiredReplicas\" in [triggerMetadata]\nerror parsing start schedule: empty spec string"},
		{"azure-log-analytics", given(), "failed to initialize Log Analytics scaler. Scaled object: so. Namespace: shop. Inner Error: error parsing azure loganalytics metadata: missing"},
	} {
		err := params.Check(params.Object{Namespace: "shop", Name: "so"}, tt.typ, tt.v)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != tt.want && (tt.want == "" || !strings.HasSuffix(tt.want, "missing") || !strings.HasPrefix(got, tt.want)) {
			t.Errorf("%s %v:\n%s\nwant\n%s", tt.typ, tt.v, got, tt.want)
		}
	}
}

func given(pairs ...string) params.Values {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return params.Values{Metadata: m}
}

// TestTable: every type that kscope knows of is in the table, with the parameters of its
// target and activation target; and what a trigger lacks, once given, is enough.
func TestTable(t *testing.T) {
	for _, name := range triggers.Types() {
		all := params.Of(name)
		if all == nil {
			t.Errorf("%s is not there", name)
			continue
		}
		typ, _ := triggers.TypeOf(name)
		for _, p := range strings.Split(typ.Target+"|"+typ.Activation, "|") {
			if p != "" && !slices.ContainsFunc(all, func(x params.Parameter) bool { return slices.Contains(x.Names, p) }) {
				t.Errorf("%s has no parameter %s", name, p)
			}
		}
		v := params.Values{Metadata: map[string]string{"address": "a:1"}}
		if name == "cron" {
			v.Metadata = map[string]string{"start": "0 6 * * *", "end": "0 20 * * *"}
		}
		v = v.With(v.Lacks(name)...)
		if err := params.Check(params.Object{}, name, v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if params.Of("nothing") != nil {
		t.Error("a type that KEDA does not have has parameters")
	}
}

// FuzzCheck: whatever a parameter says, it is taken or refused.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{"1", "1-3", "a=b,c", "yes", "-5s", "null", "[]", "%zz", "1e400", "\x00"} {
		f.Add(uint8(0), seed)
	}
	types := triggers.Types()
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		typ := types[int(which)%len(types)]
		v := params.Values{Metadata: map[string]string{}, Authentication: map[string]string{}}
		for _, p := range params.Of(typ) {
			v.Metadata[p.Names[0]], v.Authentication[p.Names[0]] = text, text
		}
		if err := params.Check(params.Object{}, typ, v); err != nil && err.Error() == "" {
			t.Errorf("%s %q: refused without a word", typ, text)
		}
	})
}

// TestHostPort: the same is wrong with an address as Go's own library finds.
func TestHostPort(t *testing.T) {
	for _, address := range []string{"a:1", "a", "redis://a:1", "[::1]:1", "[::1]", "::1", "", ":1", "[a", "a:1:2"} {
		_, _, want := net.SplitHostPort(address)
		if got := params.HostPort(address); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q: %v, want %v", address, got, want)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	v := given("listName", "l", "address", "a:1", "listLength", "5")
	b.ReportAllocs()
	for b.Loop() {
		if err := params.Check(params.Object{}, "redis", v); err != nil {
			b.Fatal(err)
		}
	}
}
