package explain

import (
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/triggers"
)

// What a server does is on the timelines of those who have a queue there.
func TestTroubleOfAServerWithoutAnAddress(t *testing.T) {
	s := store.New()
	q := triggers.Redis{Via: "TriggerAuthentication demo/redis", Key: "jobs"}.Backlog()
	so := kscope.ScaledObject{Ref: kscope.Ref{Namespace: "demo", Name: "orders"}, UID: "1", Triggers: []kscope.Trigger{{Backlog: &q}}}
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for i, f := range []kscope.Fact{so, kscope.Status{Kind: kscope.Queues, Name: q.Server, State: kscope.Synced}, kscope.Status{Kind: kscope.Queues, Name: q.Server, State: kscope.Failing, Message: "gone"}, kscope.Status{Kind: kscope.Queues, Name: q.Server, State: kscope.Synced}} {
		s.Apply(kscope.Observation{At: at.Add(time.Duration(i) * time.Second), Source: "redis", Fact: f})
	}
	es := Timeline(s, kscope.ID{Kind: kscope.ScaledObjects, Ref: so.Ref})
	for i, want := range []string{"cannot read Redis: gone", "can read Redis again"} {
		if text, note := es[i].Words(); text != want || note != "(TriggerAuthentication demo/redis)" {
			t.Errorf("got %q, %q", text, note)
		}
	}
}
