package kscope

import (
	"strconv"
	"strings"
)

// RedisQueue says which queue a trigger of type redis measures, following
// KEDA's own order: address before host and port, the first of a list, and
// database 0 unless said. The second result is false for other trigger types,
// and where the list name is missing or the database is not a number, which
// KEDA refuses. The queue's Address is "" when the address comes from the
// target's environment or an authentication object, which only an override can
// replace for now.
//
// Only the single-server list trigger is understood here; the cluster,
// sentinel and streams types are not.
func RedisQueue(typ string, metadata map[string]string) (Queue, bool) {
	get := func(name string) string { return strings.TrimSpace(metadata[name]) }
	q := Queue{Key: get("listName")}
	if typ != "redis" || q.Key == "" {
		return Queue{}, false
	}
	if db := get("databaseIndex"); db != "" {
		n, err := strconv.Atoi(db)
		if err != nil || n < 0 {
			return Queue{}, false
		}
		q.DB = n
	}
	list := func(names ...string) []string {
		for _, name := range names {
			if v := get(name); v != "" {
				return strings.Split(v, ",")
			}
		}
		return nil
	}
	if addresses := list("address", "addresses"); addresses != nil {
		q.Address = strings.TrimSpace(addresses[0])
		return q, true
	}
	if get("addressFromEnv") != "" || get("addressesFromEnv") != "" {
		return q, true // it would come before host and port
	}
	hosts, ports := list("host", "hosts"), list("port", "ports")
	if len(hosts) == 0 || len(hosts) != len(ports) {
		return q, true
	}
	if host, port := strings.TrimSpace(hosts[0]), strings.TrimSpace(ports[0]); host != "" && port != "" {
		q.Address = host + ":" + port
	}
	return q, true
}
