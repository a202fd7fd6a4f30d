// Package broker is what the sources of all brokers share: it learns from
// passing observations which backlogs to measure, has them measured at every
// interval, tells what is new of them, rests while a server is away, and puts
// jobs in, at once or as a load has them due.
//
// What one kind of broker is like it does not know: that is a [Technology],
// which measures the backlogs of one server ([Meter]), puts jobs into one
// ([Writer]), and says in words what is wrong. The package speaks no protocol,
// opens no connection and words no trouble of a server. To add a broker is to
// write these three; sources/redis is the example, and the example of this
// package a small one.
//
//	observation ─► Follow ─► direct ─► a poller for each place ─► Meter
//	                                     └─► Depths, Status, Connection
//	Load, Purge ─► their turn ─► Writer ─► Loading, Purged
package broker

import (
	"context"
	"time"

	"github.com/kscope/kscope"
)

// Technology is one kind of broker. Its methods are called from any goroutine
// and do not block.
type Technology interface {
	// Place is what tells the server that has a backlog from others. Backlogs
	// of one place are measured together.
	Place(kscope.Backlog) string
	// Meter is a new meter for the backlogs of a place, of which one is given.
	Meter(place string, one kscope.Backlog) Meter
	// Writer is what puts jobs into a backlog; an error says in words why
	// nothing can. Those for whom it is the same one (==) take turns with it, so
	// it is kept, with its connection.
	Writer(kscope.Backlog) (Writer, error)
}

// Meter measures the backlogs of one place. It belongs to one goroutine.
type Meter interface {
	// Measure asks for all of the backlogs, over the connection that there is or
	// a new one, and sets the reading of each. It gives the time of a round trip,
	// or why nothing is known of any. That ends, like all waiting in it, when ctx
	// is done.
	Measure(ctx context.Context, ask *Ask, readings []Reading) (rtt time.Duration, err error)
	// Describe says how the server is reached, as far as it is known; what its
	// troubles are is filled in by who asks.
	Describe() kscope.Connection
	// Close hangs up. Measure may be called again later.
	Close()
}

// Ask is what to measure. It is never changed in place: where anything about it
// is new, Measure is given another one.
type Ask struct {
	Backlogs []kscope.Backlog    // each once, always in the same order
	Triggers []kscope.TriggerRef // of each, one of those that name it
	Trigger  kscope.TriggerRef   // one of those that name them, always the same as long as it does
	Metadata map[string]string   // of that trigger, as far as it is shown
	Alone    bool                // no other object names any of them
}

// Reading is what a meter knows of one backlog. Errors are in plain words that
// stay the same while the trouble does; a [*kscope.Trouble] also says what to
// do about it.
type Reading struct {
	N    float64
	Type string // what holds the jobs, in the broker's word; "" where it has no word for it
	Err  error  // why N is not known
	Own  bool   // Err is about this backlog alone: the server is well

	Elsewhere kscope.Elsewhere             // where jobs come instead; see [kscope.Depth]
	Scaled    kscope.Scaled                // what KEDA makes of it
	Parts     [kscope.MaxParts]kscope.Part // what it is made of
	Note      string                       // what else is known of it
	Sampled   time.Time                    // when the broker itself took it, where that is not now
}

// Paced is a Meter for whose looks somebody pays: it may be asked no more often than it
// says after a look, at zero as often as anybody likes.
type Paced interface{ Pace() time.Duration }

// Sharer is a Writer that can tell who else gets what is put into a backlog.
type Sharer interface {
	// Others names in words each who gets a copy too. Nobody is no error.
	Others(context.Context, kscope.Backlog) ([]string, error)
}

// Writer puts jobs into backlogs. Its methods are called by one
// goroutine at a time, and take seconds at the most. Their contexts end with the
// source, and not when whoever asked loses interest: what is sent is sent whole.
type Writer interface {
	// Push puts jobs in, each once at the most: what may have gone in is not
	// sent again.
	Push(context.Context, *Batch) Outcome
	// Length is how much a backlog holds; 0 if that cannot be told.
	Length(context.Context, kscope.Backlog) int64
	// Purge empties a backlog and says how many jobs were lost.
	Purge(context.Context, kscope.Backlog) (lost int64, err error)
	// Close hangs up, when the source ends and when nothing was asked of it for a
	// minute. A later call connects again.
	Close()
}

// Outcome is what came of a batch.
type Outcome struct {
	Accepted int64 // that the broker acknowledged
	Unknown  int64 // that were sent without a word back
	Length   int64 // of the backlog, after the last; 0 where the answer does not tell
	Full     bool  // the rest was not sent, since as many are under way as may be
	Err      error // in words
}
