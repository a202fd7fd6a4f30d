package httpaddon

import (
	"math"
	"time"
)

// buckets average over a window what comes in, as the scaler of the add-on does
// (pkg/queue/bucketing.go of v0.15): time is cut into buckets, of which as many are kept
// as fit into the window, and the sum of these is divided by how many there are since the
// first one, that of now included. So the result is requests a bucket, and a second only
// where a bucket is one.
type buckets struct {
	window, bucket time.Duration
	sums           []int64
	sum            int64
	first, last    time.Time // when the first and the newest began
}

// What the scaler takes where a route does not say.
const (
	usualWindow = time.Minute
	usualBucket = time.Second
)

// mostBuckets is how many are kept at most: a day of seconds.
const mostBuckets = 86_400

// newBuckets takes what a route says of them, both above 0.
func newBuckets(window, bucket time.Duration) *buckets {
	n := math.Ceil(float64(window) / float64(bucket))
	return &buckets{window: window, bucket: bucket, sums: make([]int64, int(min(n, mostBuckets)))}
}

// add adds what came in until now, and gives the average over the window. Now never goes
// back.
func (b *buckets) add(now time.Time, n int64) float64 {
	place, begins := b.place(now), now.Truncate(b.bucket)
	switch gap := begins.Sub(b.last); {
	case b.first.IsZero() || gap >= b.window:
		clear(b.sums)
		b.sum, b.first, b.last = 0, begins, begins
	case gap > 0:
		for i := b.place(b.last) + 1; i <= place; i++ {
			at := i % len(b.sums)
			b.sum -= b.sums[at]
			b.sums[at] = 0
		}
		b.last = begins
	}
	b.sums[place%len(b.sums)] += n
	b.sum += n
	there := min(float64(b.last.Sub(b.first)/b.bucket)+1, float64(len(b.sums)))
	return math.Round(float64(b.sum)/there*1000) / 1000
}

// place is the number of a bucket, in whole seconds since 1970, while buckets begin at
// multiples since the year 1: where these differ, as with buckets of 7 s or of 1.5 s, the
// scaler drops some too early or too late, and so does this. With less than a second it
// divides by zero.
func (b *buckets) place(t time.Time) int {
	return int(t.Unix()) / max(int(b.bucket.Seconds()), 1)
}

// whole reports whether they span the window.
func (b *buckets) whole() bool { return b.last.Sub(b.first) >= b.window-b.bucket }

// lately is how many requests came in over the last seconds.
type lately struct {
	total int64
	seen  []moment
}

type moment struct {
	at    time.Time
	total int64
}

// latelyOver is over how long the rate of now is taken.
const latelyOver = 5 * time.Second

// add adds what came in until now, and gives the rate of late, a second; false where it is
// not known yet.
func (l *lately) add(now time.Time, n int64) (rate float64, known bool) {
	l.total += n
	l.seen = append(l.seen, moment{now, l.total})
	for len(l.seen) > 2 && now.Sub(l.seen[1].at) >= latelyOver {
		l.seen = l.seen[1:]
	}
	span := now.Sub(l.seen[0].at)
	if span <= 0 {
		return 0, false
	}
	return float64(l.total-l.seen[0].total) / span.Seconds(), true
}

// grown is by how much a counter has grown that only grows; all of it where it began anew.
func grown(was, is int64) int64 {
	if is < was {
		return is
	}
	return is - was
}
