package store

import (
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

func TestConnectionIsKeptUntilItsServerGoes(t *testing.T) {
	s, at := New(), time.Unix(1_700_000_000, 0)
	q := triggers.Redis{Address: "redis:6379", Via: "user a", Key: "k"}.Backlog()
	if _, ok := s.Connection(q); ok {
		t.Error("a connection before any was observed")
	}
	is := kscope.Connection{Server: q.Server, Address: "redis:6379", Reached: "directly"}
	s.Apply(kscope.Observation{At: at, Fact: is})
	v := s.Version()
	s.Apply(kscope.Observation{At: at.Add(time.Second), Fact: is})
	s.Apply(kscope.Observation{At: at.Add(-time.Second), Fact: kscope.Connection{Server: q.Server, Address: "old"}})
	if got, ok := s.Connection(q); !ok || got != is || s.Version() != v {
		t.Errorf("got %+v %v, version %d, want it as it was at %d", got, ok, s.Version(), v)
	}
	s.Apply(kscope.Observation{At: at.Add(2 * time.Second), Fact: kscope.Gone{Kind: kscope.Queues, Ref: kscope.Ref{Name: q.Server}}})
	if got, ok := s.Connection(q); ok {
		t.Errorf("got %+v of a server that nothing names", got)
	}
}
