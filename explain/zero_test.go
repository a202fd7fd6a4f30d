package explain

import (
	"testing"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
)

func sec(s float64) time.Time {
	return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).Add(time.Duration(s * float64(time.Second)))
}

func TestZeroAt(t *testing.T) {
	tests := []struct {
		name                       string
		poll, cooldown, initial    time.Duration
		created, last, want, local float64 // -1 for never; local is the stream's view of the same
	}{
		{"a multiple of the polling interval", 5 * time.Second, 30 * time.Second, 0, -100, 0, 30, 30.7},
		{"not a multiple", 30 * time.Second, 45 * time.Second, 0, -100, 0, 60, 60.7},
		{"the defaults", 30 * time.Second, 300 * time.Second, 0, -100, 0, 300, 300.7},
		{"less than a poll", 30 * time.Second, time.Second, 0, -100, 0, 30, 30.7},
		{"none at all", 30 * time.Second, 0, 0, -100, 0, 30, 30.7},
		{"never active", 5 * time.Second, 30 * time.Second, 0, -100, -1, -1, -1},
		{"never active, initial cooldown", 30 * time.Second, 300 * time.Second, 100 * time.Second, -10, -1, 110, 110},
		{"no polling interval", 0, 30 * time.Second, 0, -100, 0, -1, -1},
	}
	when := func(s float64) time.Time {
		if s == -1 {
			return time.Time{}
		}
		return sec(s)
	}
	for _, tt := range tests {
		so := kscope.ScaledObject{PollingInterval: tt.poll, CooldownPeriod: tt.cooldown, InitialCooldownPeriod: tt.initial, Created: sec(tt.created), LastActiveTime: when(tt.last)}
		if got := scaling.LoopOf(so).ZeroAt(so.LastActiveTime, so.Created); !got.Equal(when(tt.want)) {
			t.Errorf("%s: %v, want %v", tt.name, got, when(tt.want))
		}
		c := store.Chain{ScaledObject: so}
		if tt.last != -1 {
			c.Polled = sec(tt.last + 0.7)
		}
		if got := zeroAt(&c); !got.Equal(when(tt.local)) {
			t.Errorf("%s, as seen: %v, want %v", tt.name, got, when(tt.local))
		}
	}
}
