package kscope

import "time"

// Connection is how a broker's server is reached, or why it is not. It is emitted
// when one of its fields changes, and has nothing in it that is secret: it says
// where credentials come from, never what they are.
type Connection struct {
	Server  string // as in [Backlog]; what the connection is known by
	Address string // host:port that is dialled; "" while unknown
	Reached string // "directly" or what leads there; "" while it was never reached
	User    string // "" for the default user
	TLS     string // in words; "" for none
	// Credentials says where the user and the password came from; "" when
	// there are none.
	Credentials string
	Version     string        // of the server, with its name; "" if it does not say
	Role        string        // "master" or "replica"; "" if the server does not say
	RTT         time.Duration // round trip of the first pipeline
	Err, Hint   string        // the last error and the likely fix; "" when none was met
	ErrAt       time.Time     // when Err was first met; zero without
	Failing     bool          // Err is the present, not the past
	Paced       time.Duration // how often it is asked, where that is seldom since each look costs; else zero
	Retry       time.Duration // how long after a failure it is tried again; zero while it works
}

func (Connection) fact() {}

// Backlog is where work waits, as a trigger names it, and what of it the trigger
// counts. It is comparable and plain text, and serves as the identity: two
// triggers that name the same one share its measurements. A package of its
// broker's, such as triggers for Redis, knows what more there is in it.
type Backlog struct {
	Broker string // "redis"
	Server string // what its [Connection], [Depths] and [Status] are known by; "" where nothing is known of it
	Name   string // what people call it: a list's key, a queue's name
	Detail string // what else tells it apart, in its broker's own form; nobody else reads it
}

// Shown is the name as people see it: other than in a text, what cannot be seen
// is written out, since it tells one name from another.
func (b Backlog) Shown() string { return Visible(b.Name) }

// Depth is one measurement of a backlog. Type is the broker's word for what
// holds it; Redis has list, set, zset, hash, stream, and none for a key that does
// not exist. When Err is not empty the measurement failed and N means nothing.
type Depth struct {
	Backlog Backlog
	N       float64
	Type    string
	Err     string
	Scaled  Scaled         // what KEDA makes of it, where that is another number
	Parts   [MaxParts]Part // what N is made of, or stands beside it, where the broker tells; the rest is zero
	Note    string         // what else the broker tells: "3 members on 4 partitions"; "" for nothing
	Sampled time.Time      // when the broker itself took the number, where that is not now; else zero
	// Elsewhere is where jobs were seen to come instead, while this one is empty;
	// zero where none were.
	Elsewhere Elsewhere
}

// Nothing reports whether the broker had no number to tell, of which KEDA makes one all the
// same: a query without an answer is nothing known, and none to KEDA.
func (d Depth) Nothing() bool { return d.Err == "" && d.Type == "none" && d.Scaled.Is }

// MaxParts is how many parts a depth has at most.
const MaxParts = 4

// Part is a number that a broker tells of a backlog beside the whole: of a queue
// that so many are ready and so many in flight.
type Part struct {
	Name string // "ready", "in flight", "partitions with lag"
	N    float64
}

// Scaled is what KEDA makes of a backlog before it compares: it caps, and some of its
// modes count something else. The zero value is for where that is the backlog itself.
type Scaled struct {
	Is     bool
	N      float64 // what the HPA is told, of all pods together
	Cap    float64 // the most that N can come to, as the backlog grows; 0 where there is no such bound
	Active float64 // what is compared with the activation target
	How    string  // what makes the difference, in words: "4 partitions x 5"; "" where its own name says it
	// Metric is how the name of the HPA's metric that N is ends, where a trigger has
	// several of them: "_rate"; "" where it has one.
	Metric string
}

// Elsewhere is a place that is easily taken for a backlog: it has nearly its name,
// or its name in another database.
type Elsewhere struct {
	Name string
	DB   int
	N    float64
}

// Depths is what one look at one server brought back: a depth for every backlog
// watched there. One that is absent was not asked for.
type Depths struct {
	Server string        // of the trigger, not of an override: as in [Backlog]
	RTT    time.Duration // round trip of the measurement
	Every  time.Duration // how long after this one the next follows; zero for less than a minute
	All    []Depth
}
