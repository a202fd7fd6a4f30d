package ledger

// Kind is what a mark is.
type Kind int

// The kinds of marks, in the order of an ordinary episode.
const (
	FirstJob Kind = iota // work was there; jobs, as soon as they are more than the floor takes
	Enough               // of it for KEDA to start, where there is an activation target
	Active               // KEDA said so
	Wanted               // the first step above the floor
	Created              // the first pod's stages
	Scheduled
	Started
	Ready
	More       // more jobs waited than the replicas wanted until then take
	MostWanted // the largest number of replicas, where that was not the first step
	LastReady  // the last pod that became ready
	Falling    // no more jobs waited than ever since; N is the peak
	Target     // no more jobs waited than the target gives the ready pods, for good
	Empty      // nothing waited, for good
	Cooled     // KEDA's cooldown was over
	Rest       // the last step, to the floor
	Gone       // no more pods than the floor
	Paused     // scaling was, by annotation
	Resumed
)

// Owner is whose a stretch of time was.
type Owner int

// The owners.
const (
	Nobody    Owner = iota // it happened meanwhile
	Unseen                 // nobody watched
	Producer               // more work had to come
	KEDAPoll               // KEDA looks each polling interval
	HPASync                // the HPA looks each sync period
	Someone                // who set the replicas, or paused
	Deploying              // the workload's controller makes pods
	Scheduler              // finds a node
	Node                   // gets the image and starts the containers
	Readiness              // the probe
	PodStart               // these together, where they cannot be told apart
	Workers                // work off what waits
	Cooldown               // KEDA's
	HPAWindow              // the HPA remembers that more was wanted
	Stopping               // pods that were told to
	Pause                  // by annotation
)

// Name is a mark's word in JSON, the same for ever.
func Name(k Kind) string { return markNames[k] }

// NameOf is an owner's.
func NameOf(o Owner) string { return ownerNames[o] }
