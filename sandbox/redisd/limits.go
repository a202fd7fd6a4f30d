package redisd

import "time"

// What a client may ask for and leave unread. Redis itself has the same limits,
// higher: what is held here is held in the process that draws the screen.
const (
	maxClients = 10_000
	// maxArgs and maxBulk bound one argument list and one argument in bytes,
	// maxCommand all arguments together, maxInline a command without lengths.
	maxArgs    = 1 << 20
	maxBulk    = 32 << 20
	maxCommand = 64 << 20
	maxInline  = 64 << 10
	// maxQueued is how many commands a MULTI takes.
	maxQueued = 100_000
	// maxHeard is how many channels and patterns a client subscribes to.
	maxHeard = 10_000
	// maxAnswer is what one command may answer, and what may wait for a client
	// that others send to; beyond it the client is dropped.
	maxAnswer = 64 << 20
	// enough is how much may wait for a client before its next command does,
	// and patience how long it may then leave all of it unread.
	enough   = 8 << 20
	patience = 10 * time.Second
	// maxHeld is what is held for all clients together, of commands that came
	// in part and answers that are not read; beyond it the client that holds
	// most is dropped.
	maxHeld = 256 << 20
	// maxTurn is how long a script or a transaction may hold up all others.
	maxTurn = 300 * time.Millisecond
	// long is what makes a client one of the slow, who go one at a time.
	long = 2 * time.Millisecond
)

// What is kept. miniredis copies or sorts a whole key for much of what it does,
// so that these bound time too.
const (
	maxElements = 1_000_000 // of all keys
	maxKeys     = 100_000
	maxData     = 512 << 20 // bytes, with all else that the process holds
)

// What a command may ask of a key at once where miniredis takes the square of
// it, and the length of a pattern to match every key with.
const (
	maxAtOnce  = 1000
	maxPattern = 256
)
