package sandbox

import (
	"fmt"

	"github.com/kscope/kscope/explain/score"
	"github.com/kscope/kscope/sandbox/world"
)

// trace is a story to read, second by second, with what KEDA and the HPA did.
func (out *record) trace() string {
	var done []score.Line
	often := out.count(world.Polled) > 300
	for _, d := range out.deeds {
		if text := deedText(d); text != "" && (!often || d.What != world.Polled) {
			done = append(done, score.Line{At: d.At, Text: text})
		}
	}
	return out.Trace(done)
}

func (out *record) count(what world.DeedVerb) int {
	n := 0
	for _, d := range out.deeds {
		if d.What == what {
			n++
		}
	}
	return n
}

// deedText leaves out what the changes show, and an HPA that rests at zero.
func deedText(d world.Deed) string {
	switch {
	case d.What == world.Polled:
		return "KEDA polls"
	case d.What == world.Synced && d.Computed:
		return fmt.Sprintf("the HPA syncs: at %d, its metrics ask for %d, its memory for %d, so %d", d.From, d.Raw, d.Stabilized, d.To)
	case d.What == world.Synced && d.From != d.To:
		return fmt.Sprintf("the HPA syncs: at %d, out of bounds", d.From)
	case d.What == world.Synced && d.From > 0:
		return "the HPA syncs, without its metrics"
	}
	return ""
}
