package explain

import (
	"time"

	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
)

// Forecast is what Next says of the replicas, in numbers, so that it can be held
// against what then happens. The first change of the replicas after it was made is
// the one it is about.
type Forecast struct {
	By store.Actor // who makes it, [store.KEDA] or [store.TheHPA]; nobody if Stays
	// The replicas are set to a number from Low to High, both included; equal where
	// the number is certain.
	Low, High int32
	// It happens between these times, by the clock of the stream.
	Earliest, Latest time.Time
	// Stays says instead that nobody changes the replicas before Latest.
	Stays bool
	// If is what it rests on beside what is known.
	If Condition
}

// Condition is what a forecast assumes of the work to come.
type Condition string

// The conditions. All forecasts assume that settings and pods stay as they are.
const (
	Whatever    Condition = ""                 // comes, it happens
	NoMoreJobs  Condition = "no more jobs"     // or less work than would change anything
	PresentRate Condition = "the present rate" // at which jobs come and are done
)

// aSync is "within about 15s": how long the next sync of the HPA may take, with
// the time that it takes itself.
const aSync = scaling.SyncPeriod + 500*time.Millisecond

// soon is a step to a number from low to high within a time from now, if no more
// jobs come.
func soon(f *facts, by store.Actor, low, high int32, within time.Duration) []Forecast {
	return []Forecast{{By: by, Low: low, High: high, Earliest: f.now, Latest: f.now.Add(within), If: NoMoreJobs}}
}

// unchanged is nobody's step until the HPA has looked again.
func unchanged(f *facts) []Forecast {
	return []Forecast{{Stays: true, Latest: f.now.Add(scaling.SyncPeriod), If: NoMoreJobs}}
}
