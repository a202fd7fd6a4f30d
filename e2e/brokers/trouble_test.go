package brokers

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"
)

// soon is within what time kscope says that something is wrong, and again within what
// time it knows everything once that is mended.
const (
	soon  = 10 * time.Second
	again = 15 * time.Second
)

// lockedOut changes the password at the server, and then in the Secret.
func (r *rest) lockedOut(waits float64) {
	r.t.Helper()
	r.broken(waits, "refused", r.server.refused, func() {
		secret, err := r.server.rotate()
		if err != nil {
			r.t.Fatal(err)
		}
		maps.Copy(r.server.secret, secret)
		r.keep()
	}, func() { conceal(r.t, r.name, r.server.secret) })
}

// left has the server go, and come back.
func (r *rest) left(waits float64) {
	r.t.Helper()
	r.broken(waits, "gone", r.server.gone, func() {
		if err := r.server.leave(); err != nil {
			r.t.Fatal(err)
		}
	}, func() {
		if err := r.server.back(); err != nil {
			r.t.Fatal(err)
		}
	})
}

// broken breaks something and mends it: kscope says so in the right words, soon, and as
// long as it lasts no number that is wrong; and afterwards all is well by itself.
func (r *rest) broken(waits float64, what, words string, breaks, mends func()) {
	r.t.Helper()
	half.expect(r.name, false)
	n := half.count(r.name)
	began := time.Now()
	breaks()
	var (
		took time.Duration
		said string
	)
	r.await(soon, fmt.Sprintf("that kscope says %q", words), func(context.Context) error {
		is := half.of(r.name)
		if took = time.Since(began); !strings.Contains(is.Err, words) {
			return fmt.Errorf("kscope reads %+v", is)
		}
		said = is.Err
		return nil
	})
	mends()
	began = time.Now()
	r.await(again, "that kscope knows again", func(context.Context) error {
		if is := half.of(r.name); !is.Known || is.Err != "" || is.From != "broker" {
			return fmt.Errorf("kscope reads %+v", is)
		}
		return nil
	})
	r.words = append(r.words, fmt.Sprintf("%-16s %-7s %6.1f s %6.1f s  %s", r.name, what, took.Seconds(), time.Since(began).Seconds(), said))
	r.settles(waits)
	for _, is := range half.since(r.name, n) {
		if is.Known && is.Err == "" && (is.From != "broker" || is.Waits != waits || is.Counted != r.server.count(waits)) {
			r.t.Errorf("%s: %s, and kscope reads %+v", r.name, what, is)
		}
	}
	half.expect(r.name, true)
	last := len(r.seen) - 1
	r.seen[last] = what + ", then " + r.seen[last]
}
