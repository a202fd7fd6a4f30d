package triggers

import (
	"strings"
	"testing"

	"github.com/kscope/kscope"
)

func TestRedisQueue(t *testing.T) {
	tests := []struct {
		name     string
		typ      string
		metadata map[string]string
		want     Redis
		ok       bool
	}{
		{"the ordinary one", "redis", map[string]string{"address": "redis:6379", "listName": "orders"}, Redis{Address: "redis:6379", Key: "orders"}, true},
		{"trimmed, first of a list, database", "redis", map[string]string{"address": " a:1 , b:2", "listName": " orders ", "databaseIndex": " 3 "}, Redis{Address: "a:1", DB: 3, Key: "orders"}, true},
		{"addresses", "redis", map[string]string{"addresses": "a:1,b:2", "listName": "l"}, Redis{Address: "a:1", Key: "l"}, true},
		{"address before addresses", "redis", map[string]string{"addresses": "a:1", "address": "b:2", "listName": "l"}, Redis{Address: "b:2", Key: "l"}, true},
		{"host and port", "redis", map[string]string{"host": "h", "port": "1", "listName": "l"}, Redis{Address: "h:1", Key: "l"}, true},
		{"hosts and ports", "redis", map[string]string{"hosts": "h, i", "ports": "1 ,2", "listName": "l"}, Redis{Address: "h:1", Key: "l"}, true},
		{"address before host", "redis", map[string]string{"address": "a:1", "host": "h", "port": "2", "listName": "l"}, Redis{Address: "a:1", Key: "l"}, true},
		{"unequal lists", "redis", map[string]string{"hosts": "h,i", "ports": "1", "listName": "l"}, Redis{Key: "l"}, true},
		{"host without port", "redis", map[string]string{"host": "h", "listName": "l"}, Redis{Key: "l"}, true},
		{"from the environment", "redis", map[string]string{"addressFromEnv": "ADDR", "listName": "l"}, Redis{Key: "l"}, true},
		{"the environment before host", "redis", map[string]string{"addressFromEnv": "ADDR", "host": "h", "port": "1", "listName": "l"}, Redis{Key: "l"}, true},
		{"address before the environment", "redis", map[string]string{"addressFromEnv": "ADDR", "address": "a:1", "listName": "l"}, Redis{Address: "a:1", Key: "l"}, true},
		{"no address", "redis", map[string]string{"listName": "l"}, Redis{Key: "l"}, true},
		{"no list", "redis", map[string]string{"address": "a:1"}, Redis{}, false},
		{"no such database", "redis", map[string]string{"address": "a:1", "listName": "l", "databaseIndex": "one"}, Redis{}, false},
		{"no database below 0", "redis", map[string]string{"address": "a:1", "listName": "l", "databaseIndex": "-1"}, Redis{}, false},
		{"a stream by a list's name", "redis-streams", map[string]string{"address": "a:1", "listName": "l"}, Redis{}, false},
		{"stream length", "redis-streams", map[string]string{"address": "a:1", "stream": "s"}, Redis{Address: "a:1", Key: "s", Measure: StreamLength}, true},
		{"stream pending", "redis-streams", map[string]string{"stream": "s", "consumerGroup": "g"}, Redis{Key: "s", Measure: StreamPending, Group: "g"}, true},
		{"stream lag", "redis-streams", map[string]string{"stream": "s", "consumerGroup": "g", "lagCount": "5"}, Redis{Key: "s", Measure: StreamLag, Group: "g"}, true},
		{"no lag", "redis-streams", map[string]string{"stream": "s", "consumerGroup": "g", "lagCount": "0"}, Redis{Key: "s", Measure: StreamPending, Group: "g"}, true},
		{"bad lag", "redis-streams", map[string]string{"stream": "s", "consumerGroup": "g", "lagCount": "x"}, Redis{}, false},
		{"a cluster has one database", "redis-cluster", map[string]string{"addresses": "a:1,b:2", "listName": "l", "databaseIndex": "3"}, Redis{Address: "a:1", Topology: Cluster, Key: "l"}, true},
		{"sentinel streams", "redis-sentinel-streams", map[string]string{"address": "a:1", "stream": "s", "databaseIndex": "3"}, Redis{Address: "a:1", Topology: Sentinel, DB: 3, Key: "s", Measure: StreamLength}, true},
		{"another type", "rabbitmq", map[string]string{"address": "a:1", "listName": "l"}, Redis{}, false},
	}
	for _, tt := range tests {
		if got, ok := RedisQueue(tt.typ, tt.metadata); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %v %v, want %v %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

func TestRedisVia(t *testing.T) {
	for _, tt := range []struct {
		name      string
		metadata  map[string]string
		kind, ref string
		want      string
	}{
		{"a plain address", map[string]string{"address": "redis:6379", "listName": "l", "databaseIndex": "1", "enableTLS": "false"}, "", "", ""},
		{"an authentication", nil, "TriggerAuthentication", "auth", "TriggerAuthentication demo/auth"},
		{"a cluster's", nil, "ClusterTriggerAuthentication", "auth", "ClusterTriggerAuthentication auth"},
		{"the environment", map[string]string{"addressFromEnv": "ADDR", "passwordFromEnv": "PW", "listNameFromEnv": "X"}, "", "",
			"address ADDR, password PW of Deployment demo/worker container main"},
		{"inline", map[string]string{"username": "keda", "password": "s3cret", "enableTLS": "true", "unsafeSsl": "true"}, "", "",
			"user keda, password of demo/orders, TLS, unverified"},
		{"a master", map[string]string{"sentinelMaster": "mymaster", "sentinelPassword": "s3cret"}, "TriggerAuthentication", "a",
			"TriggerAuthentication demo/a, password of demo/orders, master mymaster"},
	} {
		got := RedisVia(kscope.Ref{Namespace: "demo", Name: "orders"}, kscope.TargetRef{Kind: "Deployment", Name: "worker"}, "main", tt.metadata, tt.kind, tt.ref)
		if got != tt.want || strings.Contains(got, "s3cret") {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestRedisServer(t *testing.T) {
	for want, q := range map[string]Redis{
		"redis:6379":                         {Address: "redis:6379", DB: 3, Key: "k"},
		"":                                   {Key: "k"},
		"redis:6379 (user a)":                {Address: "redis:6379", Via: "user a"},
		"(address A of Deployment d/w)":      {Via: "address A of Deployment d/w"},
		"redis:6379 (cluster)":               {Address: "redis:6379", Topology: Cluster},
		"redis:6379 (sentinel, master main)": {Address: "redis:6379", Topology: Sentinel, Via: "master main"},
		"(cluster, TLS)":                     {Topology: Cluster, Via: "TLS"},
	} {
		if got := q.Server(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
