package load

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"time"
)

// The arrivals of a Poisson process are found without going through those
// before: how many come within a stretch of time is a Poisson number, and given
// that, each comes in the first half of the stretch with probability 1/2, so
// the first half has a binomial number of them and the second the rest. Halving
// goes on until the stretch is shorter than anybody can tell. Each draw is made
// by a generator seeded with the stretch's own name, so the answer for a moment
// is always the same and costs some twenty draws, whatever was asked before.
//
//	|----------- first ----------|----------- as long -----------|-- twice ...
//	|----- n/2±√n/2 -----|  rest |
const (
	firstStretch = 1 << 40 // nanoseconds: 18 minutes
	lastStretch  = 1 << 19 // half a millisecond
)

// arrivals is how many there were until a time, at a rate in arrivals a
// second.
func arrivals(seed uint64, rate float64, elapsed time.Duration) (n int64) {
	at := min(int64(elapsed), 1<<60) // 36 years are enough, and twice as many fit
	if at <= 0 {
		return 0
	}
	for start, length := int64(0), int64(firstStretch); start <= at; {
		in := poisson(chance(seed, start, length), rate*time.Duration(length).Seconds())
		if at < start+length {
			return n + within(seed, start, length, in, at)
		}
		n += in
		start += length
		length = start
	}
	return n
}

// within is how many of the n arrivals of a stretch come before a moment in it.
func within(seed uint64, start, length, n, at int64) (before int64) {
	for n > 0 && length > lastStretch {
		length /= 2
		// A stretch and its first half begin alike, but are not as long.
		first := half(chance(seed^halves, start, length), n)
		if at < start+length {
			n = first
			continue
		}
		before, n, start = before+first, n-first, start+length
	}
	if n == 0 {
		return before
	}
	return before + int64(float64(n)*float64(at-start)/float64(length))
}

// halves sets the generators of halves apart from those of whole stretches.
const halves = 0x9e3779b97f4a7c15

// chance is the generator of a stretch.
func chance(seed uint64, start, length int64) *rand.Rand {
	return rand.New(rand.NewPCG(mixed(seed), mixed(uint64(start)^mixed(uint64(length)))))
}

// mixed spreads what tells two numbers apart over all bits: the finalizer of
// splitmix64.
func mixed(x uint64) uint64 {
	x += halves
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// poisson draws a Poisson number: by its arrivals one by one where they are
// few, and by the normal distribution that nobody could tell from it where
// they are many.
func poisson(r *rand.Rand, mean float64) (n int64) {
	if mean > 2000 {
		return max(int64(math.Round(mean+math.Sqrt(mean)*r.NormFloat64())), 0)
	}
	for at := r.ExpFloat64(); at < mean; at += r.ExpFloat64() {
		n++
	}
	return n
}

// half draws how many of n go to the first half, as poisson does it.
func half(r *rand.Rand, n int64) (first int64) {
	if n > 4096 {
		v := float64(n)/2 + math.Sqrt(float64(n))/2*r.NormFloat64()
		return min(max(int64(math.Round(v)), 0), n)
	}
	for ; n >= 64; n -= 64 {
		first += int64(bits.OnesCount64(r.Uint64()))
	}
	return first + int64(bits.OnesCount64(r.Uint64()&(1<<n-1)))
}
