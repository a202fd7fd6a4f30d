package kscope

import "time"

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

// TriggerRef names one trigger of a ScaledObject or ScaledJob.
type TriggerRef struct {
	Kind   Kind // ScaledObjects or ScaledJobs
	Object Ref
	Index  int // in spec.triggers, from 0
}

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

type connection struct {
	Connection
	at time.Time
}

func (s *Store) applyConnection(at time.Time, f Connection) bool {
	old, had := s.connections[f.Server]
	if had && at.Before(old.at) {
		return false
	}
	if s.connections == nil {
		s.connections = map[string]connection{}
	}
	s.connections[f.Server] = connection{f, at}
	return !had || old.Connection != f
}

// Connection is how the server of a queue is reached; false where nothing is
// known of it.
func (s *Store) Connection(q Queue) (Connection, bool) {
	c, ok := s.connections[q.Server()]
	return c.Connection, ok
}

// Depth is the newest measurement of a queue, failed or not; false where there
// is none.
func (s *Store) Depth(q Queue) (Depth, bool) {
	known := s.queues[q]
	if known == nil {
		return Depth{}, false
	}
	return known.last, true
}
