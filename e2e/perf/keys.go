package perf

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// keys measures how long a key takes to its pixels: the one that opens the help
// over the table or the detail, and the one that closes it.
func (r *runner) keys(ctx context.Context) error {
	t, err := r.dashboard(ctx)
	if err != nil {
		return err
	}
	defer t.close()
	var all times
	for i := range r.plan.changes {
		if err := pause(ctx, 300*time.Millisecond+rand.N(500*time.Millisecond)); err != nil {
			return err
		}
		open := i%2 == 0
		e := t.expect(fmt.Sprintf("help open: %v", open), func(text string) bool { return strings.Contains(text, "go to a pane") == open })
		pressed := time.Now()
		if err := t.Type("?"); err != nil {
			return err
		}
		drawn, err := e.wait(ctx, patience)
		if err != nil {
			return err
		}
		all = append(all, drawn.Sub(pressed))
	}
	r.put("keys", all.p95(), medianP95(all))
	return nil
}
