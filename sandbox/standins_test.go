package sandbox

import (
	"strings"
	"testing"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/brokers"
	"github.com/kscope/kscope/triggers"
)

// TestStandInNames: whatever the type of a trigger, its queue is called as its
// owner calls it, and what is measured and filled is the list that stands in.
func TestStandInNames(t *testing.T) {
	ref := kscope.Ref{Namespace: "shop", Name: "billing"}
	stand := 0
	for _, typ := range triggers.Types() {
		known, _ := triggers.TypeOf(typ)
		metadata := map[string]string{}
		want := "people's name"
		if parameter, _, _ := strings.Cut(known.Queue, "|"); parameter != "" {
			want = "the own \x1b[31mname"
			metadata[parameter] = want
			if parameter == "queueURL" {
				metadata[parameter] = "https://sqs.eu-west-1.amazonaws.com/1/" + want
			}
		}
		list, ok := brokers.TriggerQueue("shop", "billing", 1, typ, metadata)
		if !ok || list.Address != brokers.StandInAddress {
			continue
		}
		stand++
		got := standIn(ref, []kscope.Trigger{{Type: "cron"}, {Type: typ, Name: "people's name", Metadata: metadata}})[1].Backlog
		if got == nil || got.Name != kscope.Clean(want) {
			t.Errorf("%s: got %+v, want it called %q", typ, got, want)
			continue
		}
		if q := triggers.RedisOf(*got); q.Key != list.Key || q.Address != list.Address || q.Backlog() != *got {
			t.Errorf("%s: %+v is not the list %+v", typ, q, list)
		}
		got = standIn(ref, []kscope.Trigger{{Type: "cron"}, {Type: typ}})[1].Backlog
		if got == nil || got.Name != typ {
			t.Errorf("%s without any name: got %+v", typ, got)
		}
	}
	if stand != 68 { // all but those of Redis, and what looks at no queue
		t.Errorf("%d types have a stand-in", stand)
	}
	own := kscope.Trigger{Type: "redis", Backlog: &kscope.Backlog{Broker: "redis", Server: "r:6379", Name: "orders"}}
	if got := standIn(ref, []kscope.Trigger{own})[0].Backlog; *got != *own.Backlog {
		t.Errorf("a list of Redis: got %+v", got)
	}
}
