package kscope

import (
	"strings"
	"testing"
	"time"
)

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
		got := RedisVia(Ref{"demo", "orders"}, TargetRef{Kind: "Deployment", Name: "worker"}, "main", tt.metadata, tt.kind, tt.ref)
		if got != tt.want || strings.Contains(got, "s3cret") {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// What a server does is on the timelines of those who have a queue there.
func TestTroubleOfAServerWithoutAnAddress(t *testing.T) {
	s := NewStore()
	q := Queue{Via: "TriggerAuthentication demo/redis", Key: "jobs"}
	so := ScaledObject{Ref: Ref{"demo", "orders"}, UID: "1", Triggers: []Trigger{{Queue: &q}}}
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for i, f := range []Fact{so, Status{Kind: Queues, Name: q.Server(), State: Synced}, Status{Kind: Queues, Name: q.Server(), State: Failing, Message: "gone"}, Status{Kind: Queues, Name: q.Server(), State: Synced}} {
		s.Apply(Observation{At: at.Add(time.Duration(i) * time.Second), Source: "test", Fact: f})
	}
	es := Timeline(s, so.Ref)
	if len(es) != 2 || es[0].Note != "Redis (TriggerAuthentication demo/redis): gone" || es[1].Note != "Redis (TriggerAuthentication demo/redis) works again" {
		t.Errorf("got %+v", es)
	}
}

func TestQueueServer(t *testing.T) {
	for want, q := range map[string]Queue{
		"redis:6379":                          {Address: "redis:6379", DB: 3, Key: "k"},
		"":                                    {Key: "k"},
		"redis:6379 (user a)":                 {Address: "redis:6379", Via: "user a"},
		"Redis (address A of Deployment d/w)": {Via: "address A of Deployment d/w"},
		"redis:6379 (cluster)":                {Address: "redis:6379", Topology: Cluster},
		"redis:6379 (sentinel, master main)":  {Address: "redis:6379", Topology: Sentinel, Via: "master main"},
		"Redis (cluster, TLS)":                {Topology: Cluster, Via: "TLS"},
	} {
		if got := q.Server(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestConnectionIsKeptUntilItsServerGoes(t *testing.T) {
	s, at := NewStore(), time.Unix(1_700_000_000, 0)
	q := Queue{Address: "redis:6379", Via: "user a", Key: "k"}
	if _, ok := s.Connection(q); ok {
		t.Error("a connection before any was observed")
	}
	is := Connection{Server: q.Server(), Address: "redis:6379", Reached: "directly"}
	s.Apply(Observation{At: at, Fact: is})
	v := s.Version()
	s.Apply(Observation{At: at.Add(time.Second), Fact: is})
	s.Apply(Observation{At: at.Add(-time.Second), Fact: Connection{Server: q.Server(), Address: "old"}})
	if got, ok := s.Connection(q); !ok || got != is || s.Version() != v {
		t.Errorf("got %+v %v, version %d, want it as it was at %d", got, ok, s.Version(), v)
	}
	s.Apply(Observation{At: at.Add(2 * time.Second), Fact: Gone{Kind: Queues, Ref: Ref{Name: q.Server()}}})
	if got, ok := s.Connection(q); ok {
		t.Errorf("got %+v of a server that nothing names", got)
	}
}
