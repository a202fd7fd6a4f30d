package kscope

import (
	"strconv"
	"strings"
)

// RedisQueue says which queue a trigger of type redis measures, following
// KEDA's own order: address before host and port, the first of a list, and
// database 0 unless said. The second result is false for other trigger types
// and where no list name is given. The queue's Address is "" when the address
// comes from the target's environment or an authentication object, which only
// an override can replace for now.
//
// Only the single-server list trigger is understood here; the cluster,
// sentinel and streams types are not.
func RedisQueue(typ string, metadata map[string]string) (Queue, bool) {
	if typ != "redis" {
		return Queue{}, false
	}
	get := func(name string) string { return strings.TrimSpace(metadata[name]) }
	first := func(name string) string {
		v, _, _ := strings.Cut(get(name), ",")
		return strings.TrimSpace(v)
	}
	q := Queue{Key: get("listName")}
	if q.Key == "" {
		return Queue{}, false
	}
	for _, name := range []string{"address", "addresses"} {
		if q.Address == "" {
			q.Address = first(name)
		}
	}
	if q.Address == "" {
		host, port := first("host"), first("port")
		if host == "" {
			host = first("hosts")
		}
		if port == "" {
			port = first("ports")
		}
		if host != "" && port != "" {
			q.Address = host + ":" + port
		}
	}
	if db, err := strconv.Atoi(get("databaseIndex")); err == nil {
		q.DB = db
	}
	return q, true
}
