package brokers

import (
	"fmt"

	"github.com/kscope/kscope/triggers"
)

// StandInAddress is the address of every stand-in queue: a name that no DNS
// has, for whoever resolves addresses to put the sandbox's own server in its
// place.
const StandInAddress = triggers.StandInAddress

// StandIn is the queue, a Redis list, that stands in for the source of a
// trigger that is not a Redis list. Index is the trigger's position. The key
// is {type}-{index}-{name}, before it the namespace unless that is "default".
func StandIn(namespace, name string, index int, typ string) triggers.Redis {
	key := fmt.Sprintf("%s-%d-%s", typ, index, name)
	if namespace != "" && namespace != "default" {
		key = namespace + ":" + key
	}
	return triggers.Redis{Address: StandInAddress, Key: key}
}

// TriggerQueue is the queue that the world measures for a trigger, and whose
// jobs its workers take: the trigger's own list if it is a Redis list, as the
// rest of kscope resolves it, else its stand-in. It is false for triggers that
// look at no queue (cron, cpu, memory, kubernetes-workload), that are unknown,
// or whose Redis list or stream is not understood. Of a stream that is the part that the
// trigger counts.
func TriggerQueue(namespace, name string, index int, typ string, metadata map[string]string) (triggers.Redis, bool) {
	switch typ {
	case "redis", "redis-cluster", "redis-sentinel":
		return triggers.RedisQueue("redis", metadata)
	case "redis-streams", "redis-cluster-streams", "redis-sentinel-streams":
		return triggers.RedisQueue("redis-streams", metadata)
	}
	if t, ok := triggers.TypeOf(typ); !ok || t.Metric == "" {
		return triggers.Redis{}, false
	}
	return StandIn(namespace, name, index, typ), true
}
