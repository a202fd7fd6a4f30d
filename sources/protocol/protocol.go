// Package protocol is the shape of a broker that is read, and loaded, by the parameters
// that KEDA itself would use: one [Protocol] knows how to connect, one [Client] measures
// the queues of one server and puts jobs into them. [New] makes of a protocol what
// package broker asks for: it has the parameters resolved, keeps the clients, and words
// what every network has in common. To add a broker is to write the two; the smallest
// is sources/beanstalkd, and protocoltest is what every one of them has to pass.
package protocol

import (
	"context"
	"net"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
	"github.com/kscope/kscope/triggers"
)

// Protocol is one kind of broker. Its methods are called from any goroutine.
type Protocol interface {
	// Key is equal for the parameters of queues that one Client can measure: those of
	// one server, as one user. It may hold secrets and is never shown. An error says in
	// words what about the parameters cannot be meant. It does no I/O.
	Key(triggers.Parameters) (string, error)
	// Connect makes a client. It may connect at once or when first asked, and ends when
	// ctx is done, which the client does not need afterwards.
	Connect(ctx context.Context, p triggers.Parameters, dial Dial) (Client, error)
	// Pace is how often the queues may be measured: zero for as often as kscope likes,
	// which is several times a second, [triggers.Parameters.Polling] where each look is a query
	// that somebody pays for.
	Pace(triggers.Parameters) time.Duration
}

// Renewing is a Protocol for whose triggers KEDA reads more than the trigger itself, which
// may change without it.
type Renewing interface {
	Protocol
	// Renew is for how long the parameters of a trigger are relied upon while all is well,
	// before they are asked for anew; zero for as long as it is.
	Renew(triggers.Parameters) time.Duration
}

// Dial opens a connection to host:port, through the cluster where it takes that. It
// returns when ctx is done.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Queue is a backlog with what its trigger says of it.
type Queue struct {
	kscope.Backlog
	triggers.Parameters
}

// Client is a connection to one server, or all that it takes. It belongs to one
// goroutine at a time. Its errors are those of the network and of the library as they
// are, or a [*kscope.Trouble] in plain words with what to do about it; neither may hold
// a secret.
type Client interface {
	// Measure sets the reading of each queue. Its error is why nothing is known of any;
	// the client is closed then, and another is made. An error of one reading alone says
	// why that one is not known, while the server is well. It ends when ctx is done,
	// and never changes what it measures.
	Measure(ctx context.Context, queues []Queue, readings []broker.Reading) error
	// Describe says how the server is reached, as far as the client knows: Address,
	// User, TLS, Version, Role. The rest is filled in.
	Describe() kscope.Connection
	// Close hangs up.
	Close()
}

// Pusher is a Client that puts jobs in.
type Pusher interface {
	Client
	// Push puts the jobs of a batch into a queue, each once at the most, and counts
	// those that the broker acknowledged. Nothing is declared or created by it.
	Push(ctx context.Context, q Queue, b *broker.Batch) broker.Outcome
}

// Purger is a Client that can empty a queue.
type Purger interface {
	Client
	// Purge empties a queue, and says how many jobs were lost.
	Purge(ctx context.Context, q Queue) (lost int64, err error)
}

// Sharer is a Client that can tell who else gets what is put into a queue.
type Sharer interface {
	Client
	// Others names in words each who gets a copy too: "group billing". Nobody is no
	// error.
	Others(ctx context.Context, q Queue) ([]string, error)
}
