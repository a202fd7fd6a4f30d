// Package scaling is the arithmetic of KEDA and of the HPA controller, from
// their own sources, and their play over plain numbers. It keeps no account of
// objects and says nothing in words.
package scaling

import "time"

// Settings of the HPA controller that no API object shows; these are its
// defaults, so whatever rests on them is an estimate.
const (
	SyncPeriod = 15 * time.Second
	Tolerance  = 0.1
)

// Clamp bounds a number of replicas.
func Clamp(n float64, low, high int32) int32 {
	return int32(min(max(n, float64(low)), float64(high)))
}
