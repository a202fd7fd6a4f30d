package triggers

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/kscope/kscope"
)

// Topology is how the servers behind a Redis trigger hang together, by the
// trigger's type.
type Topology string

// The topologies that KEDA has trigger types for.
const (
	Single   Topology = ""
	Cluster  Topology = "cluster"
	Sentinel Topology = "sentinel"
)

// Measure is what of a key is counted.
type Measure string

// The measures of KEDA's Redis triggers.
const (
	Size          Measure = ""        // of a list, set, sorted set or hash
	StreamLength  Measure = "length"  // all entries of a stream
	StreamPending Measure = "pending" // entries that a group's consumers took and did not acknowledge
	StreamLag     Measure = "lag"     // entries that were not yet delivered to a group
)

// Redis is a key in a Redis database as a trigger names it, and what of it the
// trigger counts. [Redis.Backlog] and [RedisOf] turn it into a backlog and back.
type Redis struct {
	Address  string   `json:"address,omitempty"` // host:port as written in the trigger, the first of several; "" when it comes from elsewhere
	Via      string   `json:"via,omitempty"`     // what else the way there depends on, see [RedisVia]; "" when nothing does
	Topology Topology `json:"topology,omitempty"`
	DB       int      `json:"db,omitempty"`
	Key      string   `json:"key,omitempty"`
	Called   string   `json:"-"` // what people call it; "" where that is the key
	Measure  Measure  `json:"measure,omitempty"`
	Group    string   `json:"group,omitempty"` // the consumer group, for StreamPending and StreamLag
}

// RedisBroker is the Broker of a Redis backlog.
const RedisBroker = "redis"

// Server names the server that a key is at: its address where that says it all,
// in parentheses what else it takes.
func (r Redis) Server() string {
	via := r.Via
	if r.Topology != Single {
		via = strings.TrimSuffix(string(r.Topology)+", "+via, ", ")
	}
	if via == "" {
		return r.Address
	}
	return strings.TrimPrefix(r.Address+" ("+via+")", " ")
}

// Backlog is the identity of what is counted. Its Detail is "" for a key in
// database 0 of a server that its address says all about.
func (r Redis) Backlog() kscope.Backlog {
	b := kscope.Backlog{Broker: RedisBroker, Server: r.Server(), Name: r.Key}
	if r.Called != "" && r.Called != r.Key {
		b.Name = r.Called
	} else {
		r.Key = "" // said already
	}
	if r.Address == b.Server {
		r.Address = "" // said already
	}
	if detail, err := json.Marshal(r); err == nil && string(detail) != "{}" { // there is nothing in it that could fail
		b.Detail = string(detail)
	}
	return b
}

// RedisOf is what a backlog of Redis stands for.
func RedisOf(b kscope.Backlog) Redis {
	var r Redis
	if b.Detail != "" {
		_ = json.Unmarshal([]byte(b.Detail), &r) // what another wrote names nothing
	}
	if r.Key == "" {
		r.Key = b.Name
	} else {
		r.Called = b.Name
	}
	if r.Address == "" && r.Via == "" && r.Topology == Single {
		r.Address = b.Server
	}
	return r
}

// RedisQueue says what a Redis trigger of any of KEDA's six types measures,
// following KEDA's own order: address before host and port, the first of a
// list, and database 0 unless said (or in a cluster, which has no other). The
// second result is false for other trigger types, and where the key is missing
// or the database or lagCount is not a number, which KEDA refuses. The queue's
// Address is "" when the address comes from the target's environment or an
// authentication object; its Via is left to [RedisVia].
func RedisQueue(typ string, metadata map[string]string) (Redis, bool) {
	get := func(name string) string { return strings.TrimSpace(metadata[name]) }
	var q Redis
	form, streams := strings.CutSuffix(typ, "-streams")
	switch form {
	case "redis":
	case "redis-cluster":
		q.Topology = Cluster
	case "redis-sentinel":
		q.Topology = Sentinel
	default:
		return Redis{}, false
	}
	q.Key = get("listName")
	if streams && !streamOf(&q, get) || q.Key == "" {
		return Redis{}, false
	}
	if db := get("databaseIndex"); db != "" && q.Topology != Cluster {
		n, err := strconv.Atoi(db)
		if err != nil || n < 0 {
			return Redis{}, false
		}
		q.DB = n
	}
	q.Address = redisAddress(get)
	return q, true
}

// streamOf is what a streams trigger measures, by the rules that choose between
// its three modes.
func streamOf(q *Redis, get func(string) string) bool {
	q.Key, q.Group, q.Measure = get("stream"), get("consumerGroup"), StreamLength
	if q.Group == "" {
		return true
	}
	q.Measure = StreamPending
	if text := get("lagCount"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return false
		}
		if n != 0 {
			q.Measure = StreamLag
		}
	}
	return true
}

// redisAddress is the first address that a trigger's metadata names, "" where
// it names none or leaves it to the environment.
func redisAddress(get func(string) string) string {
	list := func(names ...string) []string {
		for _, name := range names {
			if v := get(name); v != "" {
				return strings.Split(v, ",")
			}
		}
		return nil
	}
	if addresses := list("address", "addresses"); addresses != nil {
		return strings.TrimSpace(addresses[0])
	}
	if get("addressFromEnv") != "" || get("addressesFromEnv") != "" {
		return "" // it would come before host and port
	}
	hosts, ports := list("host", "hosts"), list("port", "ports")
	if len(hosts) == 0 || len(hosts) != len(ports) {
		return ""
	}
	if host, port := strings.TrimSpace(hosts[0]), strings.TrimSpace(ports[0]); host != "" && port != "" {
		return host + ":" + port
	}
	return ""
}

// connectionParameters are those of a Redis trigger that say how to connect
// and may come from an environment.
var connectionParameters = []string{
	"address", "addresses", "host", "hosts", "port", "ports", "username", "password",
	"sentinelUsername", "sentinelPassword", "sentinelMaster",
}

// RedisVia names what the way to a Redis trigger's server depends on beside
// the address in its metadata, for [Redis.Via]: which environment, which
// authentication object, which master, TLS. Equal texts of queues with equal
// addresses mean the same server, user and password. It is "" for a trigger
// that says everything with its address, and never holds a value that could be
// secret. Metadata is that of the API, not what was made safe to show.
func RedisVia(object kscope.Ref, target kscope.TargetRef, container string, metadata map[string]string, authKind, authName string) string {
	get := func(name string) string { return strings.TrimSpace(metadata[name]) }
	var parts, variables []string
	for _, name := range connectionParameters {
		if v := get(name + "FromEnv"); v != "" {
			variables = append(variables, name+" "+v)
		}
	}
	if variables != nil {
		of := target.Kind + " " + kscope.Ref{Namespace: object.Namespace, Name: target.Name}.String()
		if container != "" {
			of += " container " + container
		}
		parts = append(parts, strings.Join(variables, ", ")+" of "+of)
	}
	switch {
	case authName == "":
	case authKind == "ClusterTriggerAuthentication":
		parts = append(parts, authKind+" "+authName)
	default:
		parts = append(parts, authKind+" "+kscope.Ref{Namespace: object.Namespace, Name: authName}.String())
	}
	if user := get("username"); user != "" {
		parts = append(parts, "user "+user)
	}
	if get("password") != "" || get("sentinelPassword") != "" {
		parts = append(parts, "password of "+object.String())
	}
	if master := get("sentinelMaster"); master != "" {
		parts = append(parts, "master "+master)
	}
	if on, _ := strconv.ParseBool(get("enableTLS")); on {
		parts = append(parts, "TLS")
		if lax, _ := strconv.ParseBool(get("unsafeSsl")); lax {
			parts = append(parts, "unverified")
		}
	}
	return kscope.Clean(strings.Join(parts, ", "))
}
