// Package brokers has the same servers asked by kscope and by the real KEDA, through a
// story from nothing to something and back, with the load from kscope: what both count
// has to be equal at each rest. Some servers also lock out who asks, or go, and come back.
//
// The parts run in different programs, as in package compare: the test has the cluster
// and the servers, and kscope is in a test binary of the module above, whose
// dependencies must not choose the versions that KEDA is compiled from.
//
//	kscope_test.go    kscope, which is told what to put in, and tells what it reads  (the module above)
//	wire.go           what they tell each other       (both)
//	brokers_test.go   the cluster, and what goes with it
//	half_test.go      the other end of kscope_test.go
//	stories_test.go   what is played with every broker
//	trouble_test.go   what goes wrong meanwhile, and is said
//	metrics_test.go   what KEDA counts
//	external_test.go  what KEDA answers from memory, and what only when it is asked
//	servers_test.go   a server, and the list of them; the rest is one file for each
package brokers

import "time"

// Ask is what kscope is to watch, the first line that it is given.
type Ask struct {
	Kubeconfig, Namespace string
}

// Command is a line that kscope is given after that.
type Command struct {
	Object string // the ScaledObject
	Load   int64  // so many jobs are to be put into its queue
	Steady string // or as this profile says: "steady:20/s,for=60s"
	Purge  bool   // or all that is in it is to be thrown away
	Ask    bool   // or KEDA is to be asked for its value
}

// Reading is a line that kscope tells, whenever it is new: what it reads of the first
// trigger of a ScaledObject.
type Reading struct {
	Object  string
	Known   bool
	From    string    // where it has it from
	Waits   float64   // the backlog itself
	Counted float64   // what KEDA makes of it
	At      time.Time // when the external metrics API answered that; zero for what is had elsewhere
	Note    string
	Err     string
	Server  string // how it is reached, in words
	Loaded  int64  // what was acknowledged, of all that was put in
	Failed  string // why something could not be put in

	Metric   string  // of the HPA's, that the value is of
	Target   float64 // of that
	Requests Requests
}

// Requests is what came of the newest load, where that is of requests.
type Requests struct {
	Running               bool
	Asked, Sent, Missed   int64
	Answered, Held, Colds int64
	ByClass               [6]int64
	Why                   string
}
