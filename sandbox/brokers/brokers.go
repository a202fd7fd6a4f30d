// Package brokers is what a broker of each kind would tell of the jobs of a queue that the
// sandbox plays for it, what KEDA would make of that, and what becomes of a job whose
// worker does not finish it. The jobs themselves wait in a list of the sandbox's Redis;
// here are pure functions of how many they are.
//
// A kind is a line of kinds, for the types of triggers that kscope reads at their brokers.
// Of any other a queue is a list like those of Redis.
package brokers

import (
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// Jobs are those of one queue.
type Jobs struct {
	Waiting int64 // that no worker has
	Held    int64 // that workers have in hand
	Workers int64 // that are ready; none where that is not known
	// Since is how many jobs were done since KEDA last looked; below zero where it has
	// not, or somebody else does.
	Since int64
}

// all is how many there are together.
func (j Jobs) all() float64 { return float64(j.Waiting + j.Held) }

// Kind is how the broker of a trigger counts and delivers. The zero Kind is a list of
// Redis: what a worker has taken is not in it any more.
type Kind struct {
	// Keeps says that a job stays with the broker until it is done, and comes again Again
	// after its worker is gone.
	Keeps bool
	Again time.Duration
	Most  int64         // workers that get a job at a time; 0 for any number
	Every time.Duration // between two samples, where it does not count all the time
	About string        // what is played of it, in words: "4 partitions"; "" for a list
	count func(Jobs) kscope.Depth
}

// IsList reports whether it is but a list of Redis.
func (k Kind) IsList() bool { return k.count == nil }

// Count is what the broker tells of so many jobs, and what KEDA makes of it.
func (k Kind) Count(j Jobs) kscope.Depth {
	if k.count == nil {
		return kscope.Depth{N: float64(j.Waiting), Type: "list"}
	}
	return k.count(j)
}

// Counted is what KEDA tells the HPA of a depth, and what it compares with the activation
// target.
func Counted(d kscope.Depth) (metric, active float64) {
	if d.Scaled.Is {
		return d.Scaled.N, d.Scaled.Active
	}
	return d.N, d.N
}

// Of is the kind of a trigger, by the parameters that KEDA would use of it.
func Of(p triggers.Parameters) Kind {
	if of := kinds[p.Type]; of != nil {
		return of(p)
	}
	return Kind{}
}

// kinds are those that tell more than a length, by trigger type. How long a job that a
// worker has dropped stays away is by the defaults of the brokers, or is said beside it.
var kinds = map[string]func(triggers.Parameters) Kind{
	"activemq":         kept(0, "queue", "waiting", "in delivery"),
	"apache-kafka":     kafka,
	"artemis-queue":    kept(0, "queue", "waiting", "in delivery"),
	"aws-sqs-queue":    sqs,
	"azure-servicebus": serviceBus,
	"beanstalkd":       kept(0, "tube", "ready", "reserved"),
	"external":         requests,
	"external-push":    requests,
	"gcp-pubsub":       pubSub,
	"kafka":            kafka,
	"nats-jetstream":   kept(30*time.Second, "stream", "pending", "unacked"),
	"rabbitmq":         rabbitMQ,
}

// kept is a broker of which KEDA counts all that is not done yet.
func kept(again time.Duration, holds, waiting, held string) func(triggers.Parameters) Kind {
	return func(triggers.Parameters) Kind {
		return Kind{Keeps: true, Again: again, About: waiting + " and " + held, count: func(j Jobs) kscope.Depth {
			return kscope.Depth{N: j.all(), Type: holds, Parts: parts(waiting, j.Waiting, held, j.Held)}
		}}
	}
}

func parts(waiting string, n int64, held string, m int64) [kscope.MaxParts]kscope.Part {
	return [kscope.MaxParts]kscope.Part{{Name: waiting, N: float64(n)}, {Name: held, N: float64(m)}}
}

// requests are those inside the interceptor of KEDA's HTTP add-on: held until there is a
// pod, or with one. A pod that goes takes its request along.
func requests(p triggers.Parameters) Kind {
	if triggers.HTTPRoute(p.Values) == "" { // of a scaler that nobody here knows
		return Kind{}
	}
	return Kind{About: "held and being answered", count: func(j Jobs) kscope.Depth {
		return kscope.Depth{N: j.all(), Type: "route", Parts: parts("held", j.Waiting, "being answered", j.Held)}
	}}
}

// sqs counts what is in flight unless the trigger says otherwise; the half a minute is its
// visibility timeout.
func sqs(p triggers.Parameters) Kind {
	return Kind{Keeps: true, Again: 30 * time.Second, About: "visible and in flight", count: func(j Jobs) kscope.Depth {
		d := kscope.Depth{N: float64(j.Waiting), Type: "queue", Parts: parts("visible", j.Waiting, "in flight", j.Held)}
		if d.Parts[2].Name = "delayed"; p.On("scaleOnInFlight") {
			d.N = j.all()
		}
		return d
	}}
}

// serviceBus counts what is active: locked or not. The minute is its lock.
func serviceBus(p triggers.Parameters) Kind {
	holds := "queue"
	if p.Text("queueName") == "" {
		holds = "subscription"
	}
	return Kind{Keeps: true, Again: time.Minute, About: "active and locked", count: func(j Jobs) kscope.Depth {
		return kscope.Depth{N: j.all(), Type: holds, Parts: [kscope.MaxParts]kscope.Part{{Name: "active", N: j.all()}, {Name: "locked", N: float64(j.Held)}}}
	}}
}

// pubSub is counted by Cloud Monitoring once a minute, and until the next sample nobody
// knows more; the ten seconds are its deadline for an acknowledgement.
func pubSub(triggers.Parameters) Kind {
	return Kind{Keeps: true, Again: 10 * time.Second, Every: time.Minute, About: "counted once a minute", count: func(j Jobs) kscope.Depth {
		return kscope.Depth{N: j.all(), Type: "subscription"}
	}}
}
