package brokers

import (
	"strconv"
	"strings"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// rabbitMQ is a queue of which what workers have is not acknowledged. Over amqp nobody is
// told more than how many are ready; the management API has both, of which KEDA counts all,
// or with excludeUnacknowledged what is ready. A connection that ends puts back what it
// had. KEDA 2.21, rabbitmq_scaler.go:701, GetMetricsAndActivity.
func rabbitMQ(p triggers.Parameters) Kind {
	managed, readyOnly := overHTTP(p), p.On("excludeUnacknowledged")
	return Kind{Keeps: true, About: "ready and unacked", count: func(j Jobs) kscope.Depth {
		d := kscope.Depth{N: j.all(), Type: "queue", Parts: parts("ready", j.Waiting, "unacked", j.Held), Note: consumers(j.Workers)}
		switch ready := float64(j.Waiting); {
		case !managed:
			d.N = ready
			d.Note += "; over amqp KEDA counts what is ready"
		case readyOnly:
			d.Scaled = kscope.Scaled{Is: true, N: ready, Active: ready, How: "ready only"}
		}
		return d
	}}
}

// overHTTP reports whether KEDA asks the management API: as the trigger says, or else by
// the scheme of its host.
func overHTTP(p triggers.Parameters) bool {
	switch protocol := p.Text("protocol"); protocol {
	case "http", "amqp":
		return protocol == "http"
	}
	return strings.HasPrefix(p.Text("host"), "http")
}

func consumers(n int64) string {
	switch n {
	case 0:
		return "no consumers"
	case 1:
		return "1 consumer"
	}
	return strconv.FormatInt(n, 10) + " consumers"
}
