// Package outlook tells how the replicas of a workload go on: it has KEDA and the HPA
// look at what was observed of an object as they do, and plays on from there by
// package scaling. It has numbers only; explain makes sentences of them.
package outlook

import (
	"time"

	"github.com/kscope/kscope/store"
)

// Forecast is what Next says of the replicas, in numbers, so that it can be held
// against what then happens. The first change of the replicas after it was made is
// the one it is about.
type Forecast struct {
	By store.Actor // who makes it, [store.KEDA] or [store.TheHPA]; nobody if Stays
	// The replicas are set to a number from Low to High, both included; equal where
	// the number is certain. Of a ScaledJob it is so many Jobs that are made.
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
