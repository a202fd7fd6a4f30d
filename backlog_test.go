package kscope

import (
	"testing"
)

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
