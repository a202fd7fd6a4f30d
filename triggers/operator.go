package triggers

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/kscope/kscope"
)

// KEDABroker is the Broker of a backlog that is known through KEDA, for a trigger whose
// source kscope cannot ask. All of them are at one of two: KEDAServer for what KEDA's
// operator tells of by its own metrics, ExternalServer for what the external metrics API
// answers.
const (
	KEDABroker     = "keda"
	KEDAServer     = "operator metrics"
	ExternalServer = "external metrics"
)

// ThroughKEDA is the backlog of a trigger as KEDA's operator tells of it. [KEDAOf] is the
// way back.
func ThroughKEDA(t kscope.Trigger, of kscope.TriggerRef) kscope.Backlog {
	return through(KEDAServer, t, of)
}

// ThroughExternal is the backlog of a trigger as the external metrics API answers for it.
// [KEDAOf] is the way back.
func ThroughExternal(t kscope.Trigger, of kscope.TriggerRef) kscope.Backlog {
	return through(ExternalServer, t, of)
}

func through(server string, t kscope.Trigger, of kscope.TriggerRef) kscope.Backlog {
	typ := types[t.Type]
	return kscope.Backlog{
		Broker: KEDABroker, Server: server, Name: kscope.Clean(cmp.Or(typ.QueueName(t.Metadata), t.Name, t.Type)),
		Detail: strings.Join([]string{string(of.Object.Kind), of.Object.Namespace, of.Object.Name, strconv.Itoa(of.Index)}, "/"),
	}
}

// KEDAOf is whose a backlog is that is known through KEDA; false for any other.
func KEDAOf(b kscope.Backlog) (kscope.TriggerRef, bool) {
	parts := strings.Split(b.Detail, "/")
	if b.Broker != KEDABroker || len(parts) != 4 {
		return kscope.TriggerRef{}, false
	}
	index, err := strconv.Atoi(parts[3])
	return kscope.TriggerRef{Object: kscope.ID{Kind: kscope.Kind(parts[0]), Ref: kscope.Ref{Namespace: parts[1], Name: parts[2]}}, Index: index}, err == nil
}

// CountsAll reports whether what KEDA counts for a trigger is all that waits: of Kafka it
// counts no more than its consumers could take.
func CountsAll(t kscope.Trigger) bool { return readers[t.Type].broker != "kafka" }

// TakesJobs reports whether kscope can put jobs into a backlog: a query, a number of pods,
// and what only KEDA can ask, take none.
func TakesJobs(b kscope.Backlog) bool {
	switch b.Broker {
	case KEDABroker, PodsBroker, "prometheus", "postgresql", "mysql":
		return false
	}
	return true
}

// AskedByKEDA reports whether a trigger is of a type whose scaler asks a source at all:
// schedules, pods and what these use are known without.
func AskedByKEDA(t kscope.Trigger) bool {
	typ, ok := types[t.Type]
	return ok && !typ.Resource && t.Type != "cron" && t.Type != "kubernetes-workload"
}

// Sampled reports whether the source of a trigger is counted only from time to time, a
// minute apart: between two samples its value stands still whatever happens.
func Sampled(t kscope.Trigger) bool { return readers[t.Type].broker == "pubsub" }
