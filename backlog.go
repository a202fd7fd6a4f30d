package kscope

import (
	"strings"
	"time"
)

// Topology is how the servers behind a Redis trigger hang together, by the
// trigger's type.
type Topology string

// The topologies that KEDA has trigger types for.
const (
	Single   Topology = ""
	Cluster  Topology = "cluster"
	Sentinel Topology = "sentinel"
)

// Measure is what of a key is counted.
type Measure string

// The measures of KEDA's Redis triggers.
const (
	Size          Measure = ""        // of a list, set, sorted set or hash
	StreamLength  Measure = "length"  // all entries of a stream
	StreamPending Measure = "pending" // entries that a group's consumers took and did not acknowledge
	StreamLag     Measure = "lag"     // entries that were not yet delivered to a group
)

// Connection is how a Redis server is reached, or why it is not. It is emitted
// when one of its fields changes, and has nothing in it that is secret: it says
// where credentials come from, never what they are.
type Connection struct {
	Server  string // as in [Queue.Server]; what the connection is known by
	Address string // host:port that is dialled; "" while unknown
	Reached string // "directly" or what leads there; "" while it was never reached
	User    string // "" for the default user
	TLS     string // in words; "" for none
	// Credentials says where the user and the password came from; "" when
	// there are none.
	Credentials string
	Version     string        // of the server, with its name where it is not Redis; "" if it does not say
	Role        string        // "master" or "replica"; "" if the server does not say
	RTT         time.Duration // round trip of the first pipeline
	Err, Hint   string        // the last error and the likely fix; "" when none was met
	ErrAt       time.Time     // when Err was first met; zero without
	Failing     bool          // Err is the present, not the past
	Retry       time.Duration // how long after a failure it is tried again; zero while it works
}

func (Connection) fact() {}

// Queue is a key in a Redis database as a trigger names it, and what of it the
// trigger counts. It is comparable and serves as the identity of a queue: two
// triggers that name the same one share its measurements.
type Queue struct {
	Address  string   // host:port as written in the trigger, the first of several; "" when it comes from elsewhere
	Via      string   // what else the way there depends on, see package triggers; "" when nothing does
	Topology Topology // Single unless the trigger's type says otherwise
	DB       int
	Key      string
	Measure  Measure // Size unless it is a stream
	Group    string  // the consumer group, for StreamPending and StreamLag
}

// Depth is one measurement of a queue. Type is Redis's word: list, set, zset,
// hash, stream, or none for a key that does not exist. When Err is not empty the
// measurement failed and N means nothing.
type Depth struct {
	Queue Queue
	N     int64
	Type  string
	Err   string
}

// Depths is what one pipeline to one server brought back: a depth for every
// queue watched there. A queue that is absent was not asked for.
type Depths struct {
	Address string        // of the trigger, not of the override: see [Queue.Server]
	RTT     time.Duration // round trip of the pipeline
	All     []Depth
}

// Server names the server that a queue is at, as in [Depths], [Connection] and
// the [Status] of kind [Queues]: its address where that says it all.
func (q Queue) Server() string {
	name := q.Address
	if name == "" {
		name = "Redis"
		if q.Via == "" {
			name = ""
		}
	}
	via := q.Via
	if q.Topology != Single {
		via = strings.TrimSuffix(string(q.Topology)+", "+via, ", ")
	}
	if via == "" {
		return name
	}
	return name + " (" + via + ")"
}

// CallServer is what a server of that name, see [Queue.Server], is called in a
// sentence.
func CallServer(name string) string {
	switch {
	case name == "":
		return "Redis at an address that is not known here"
	case strings.HasPrefix(name, "Redis "): // whose address is not known
		return name
	}
	return "Redis " + name
}
