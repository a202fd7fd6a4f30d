package triggers

import (
	"strconv"
	"strings"

	"github.com/kscope/kscope"
)

// RedisQueue says what a Redis trigger of any of KEDA's six types measures,
// following KEDA's own order: address before host and port, the first of a
// list, and database 0 unless said (or in a cluster, which has no other). The
// second result is false for other trigger types, and where the key is missing
// or the database or lagCount is not a number, which KEDA refuses. The queue's
// Address is "" when the address comes from the target's environment or an
// authentication object; its Via is left to [RedisVia].
func RedisQueue(typ string, metadata map[string]string) (kscope.Queue, bool) {
	get := func(name string) string { return strings.TrimSpace(metadata[name]) }
	var q kscope.Queue
	form, streams := strings.CutSuffix(typ, "-streams")
	switch form {
	case "redis":
	case "redis-cluster":
		q.Topology = kscope.Cluster
	case "redis-sentinel":
		q.Topology = kscope.Sentinel
	default:
		return kscope.Queue{}, false
	}
	q.Key = get("listName")
	if streams && !streamOf(&q, get) || q.Key == "" {
		return kscope.Queue{}, false
	}
	if db := get("databaseIndex"); db != "" && q.Topology != kscope.Cluster {
		n, err := strconv.Atoi(db)
		if err != nil || n < 0 {
			return kscope.Queue{}, false
		}
		q.DB = n
	}
	q.Address = redisAddress(get)
	return q, true
}

// streamOf is what a streams trigger measures, by the rules that choose between
// its three modes.
func streamOf(q *kscope.Queue, get func(string) string) bool {
	q.Key, q.Group, q.Measure = get("stream"), get("consumerGroup"), kscope.StreamLength
	if q.Group == "" {
		return true
	}
	q.Measure = kscope.StreamPending
	if text := get("lagCount"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return false
		}
		if n != 0 {
			q.Measure = kscope.StreamLag
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
// the address in its metadata, for [kscope.Queue.Via]: which environment, which
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
