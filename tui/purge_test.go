package tui

import (
	"strings"
	"testing"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/golden"
	"github.com/kscope/kscope/load"
)

// TestEmptying: nothing is thrown away unless somebody says so, every time.
func TestEmptying(t *testing.T) {
	for _, tt := range []struct {
		name   string
		near   bool
		keys   string
		want   bool
		notice string
	}{
		{"offered in the palette", true, ": e m p t y", false, ""},
		{"near: asks", true, ": e m p t y enter", false, ""},
		{"near: no", true, ": e m p t y enter n", false, "Nothing was thrown away."},
		{"near: yes", true, ": e m p t y enter y", true, "Emptying orders ..."},
		{"far: y is not enough", false, ": e m p t y enter y enter", false, ""},
		{"far: typed", false, ": e m p t y enter d e m o enter", true, "Emptying orders ..."},
	} {
		var purged []load.Purge
		ta := phase("asleep")
		ta.so.InjectAllowed = true // which is about putting in, and nothing else
		ta.say(ta.so)
		m := tell(ta, 80, 24, func(o *Options) {
			o.LocalCluster = tt.near
			o.Purge = func(p load.Purge) { purged = append(purged, p) }
		})
		for _, cmd := range press(m, strings.Fields(tt.keys)...) {
			if cmd != nil {
				cmd()
			}
		}
		if (len(purged) > 0) != tt.want {
			t.Errorf("%s: emptied %v", tt.name, purged)
		}
		if tt.want && (purged[0] != load.Purge{Backlog: ta.queue, Target: ta.so.Ref}) {
			t.Errorf("%s: got %+v", tt.name, purged)
		}
		if tt.notice != "" && m.view.notice != tt.notice {
			t.Errorf("%s: got %q, want %q", tt.name, m.view.notice, tt.notice)
		}
		if m.view.armed[ta.queue] {
			t.Errorf("%s: that armed the queue", tt.name)
		}
	}

	ta := newTale("demo", "worker-scaler").begin()
	ta.depth = 1234
	ta.run(2e9)
	m := tell(ta, 80, 24, func(o *Options) { o.Purge = func(load.Purge) {} })
	press(m, ":", "enter")
	golden.Compare(t, "connection/empty-80x24.txt", m.grid.Plain())
	m.Update(seen(kscope.Observation{At: ta.at, Source: "redis", Fact: kscope.Purged{Backlog: ta.queue, Target: ta.so.Ref, Lost: 1234}}))
	if m.view.notice != "Emptied, 1,234 jobs lost: orders" {
		t.Errorf("got %q", m.view.notice)
	}

	m = tell(phase("asleep"), 80, 24, func(o *Options) { o.Purge, o.ReadOnly = func(load.Purge) {}, true })
	press(m, ":")
	if m.view.palette != nil {
		t.Error("read-only, and emptying is offered")
	}
}
