package kscope

// Injection asks for jobs to be put into a queue.
type Injection struct {
	Queue  Queue
	Target Ref   // the ScaledObject on whose behalf, for the timeline
	Jobs   int64 // how many, at least 1
}

// BatchSizes are the sizes that + and - choose between.
var BatchSizes = []int64{1, 10, 100, 1_000, 10_000}
