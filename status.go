package kscope

import (
	"errors"
	"time"
)

// Event is an event of either event API, its text as the cluster wrote it.
type Event struct {
	UID       string
	Namespace string
	Regarding ObjectRef
	Type      string // Normal or Warning
	Reason    string
	Note      string
	Reporter  string
	Last      time.Time // newest of series, lastTimestamp, eventTime, creation
	First     time.Time // oldest of series, firstTimestamp, eventTime, creation; zero if none says
	Count     int32     // 1 at least
}

// ObjectRef names an object of any kind.
type ObjectRef struct{ Kind, Namespace, Name, UID string }

// Status is the health of one part of a source: a watched kind, or a server.
// Sources emit it on every change, and not otherwise.
type Status struct {
	Kind    Kind
	Broker  string // for Queues, as in [Backlog]; "" where that is the source's name
	Name    string // for Queues the server, as in [Backlog]; "" for watched kinds
	State   State
	Message string // what went wrong, in the words of the API or the library, cleaned
	Hint    string // the likely fix; "" when there is none to offer
}

// State is how a part of a source is doing.
type State string

// The states of a part of a source.
const (
	Connecting State = "connecting" // nothing known yet
	Synced     State = "synced"     // what is known is current
	Failing    State = "failing"    // what is known is getting old; being retried
	Forbidden  State = "forbidden"  // no permission; retried slowly
	Absent     State = "absent"     // the API does not have this kind
	Partly     State = "partly"     // what is known is current, but for an object that could not be read
)

// Current reports whether what is known is so now. In any other state it is as
// old as that, and shown with its age or not at all.
func (s State) Current() bool { return s == Synced || s == Partly }

// Gone says that an object of a kind no longer exists.
type Gone struct {
	Kind Kind
	Ref  Ref
	UID  string
}

// ID is what no longer exists.
func (g Gone) ID() ID { return ID{g.Kind, g.Ref} }

// Heartbeat says only that time has passed.
type Heartbeat struct{}

// Unwatched says that nobody looked since a time: the machine slept, say, or the
// process was stopped. What was so then is known, and what is so again from now on.
type Unwatched struct{ Since time.Time }

// Trouble is an error that says what to do about it.
type Trouble struct {
	Message string // "" for that of the cause
	Hint    string // the next thing to try, "" where there is none to offer
	Cause   error  // nil for none
}

// Error is the message, or that of the cause.
func (t *Trouble) Error() string {
	if t.Message == "" && t.Cause != nil {
		return t.Cause.Error()
	}
	return t.Message
}

// Unwrap is the cause.
func (t *Trouble) Unwrap() error { return t.Cause }

// HintOf is the next thing to try about an error, "" where it does not say.
func HintOf(err error) string {
	if t, ok := errors.AsType[*Trouble](err); ok {
		return t.Hint
	}
	return ""
}
