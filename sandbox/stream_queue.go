package sandbox

import (
	"fmt"
	"strings"

	"github.com/kscope/kscope/triggers"
)

// lenOf measures a stream as KEDA's streams trigger does, and fails as it does.
func (r *redis) lenOf(q triggers.Redis) (int64, error) {
	switch q.Measure {
	case triggers.StreamPending:
		reply, err := r.Ask(q.DB, "XPENDING", q.Key, q.Group)
		if summary, ok := reply.([]any); ok && len(summary) > 0 {
			reply = summary[0]
		}
		return number(reply), err
	case triggers.StreamLag:
		reply, err := r.Ask(q.DB, "XINFO", "GROUPS", q.Key)
		if err != nil && strings.HasPrefix(err.Error(), "ERR no such key") {
			return 0, nil
		}
		groups, _ := reply.([]any)
		for _, g := range groups {
			if of := pairs(g); of["name"] == q.Group {
				return number(of["lag"]), nil
			}
		}
		if err != nil {
			return 0, err
		}
	}
	reply, err := r.Ask(q.DB, "XLEN", q.Key) // without a group, all that there is
	return number(reply), err
}

func number(reply any) int64 {
	n, _ := reply.(int)
	return int64(n)
}

// pairs are the fields of an answer that is a list of names and values.
func pairs(reply any) map[string]any {
	list, _ := reply.([]any)
	out := make(map[string]any, len(list)/2)
	for i := 0; i+1 < len(list); i += 2 {
		out[fmt.Sprint(list[i])] = list[i+1]
	}
	return out
}

// next takes the oldest entry of a stream that nobody has: for the group, which is made
// where there is none, as workers do. Without a group, whoever takes it deletes it.
func (r *redis) next(q triggers.Redis) (id string, ok bool, err error) {
	if q.Group == "" {
		reply, err := r.Ask(q.DB, "XRANGE", q.Key, "-", "+", "COUNT", "1")
		if id, ok = first(reply); !ok || err != nil {
			return "", false, err
		}
		gone, err := r.Ask(q.DB, "XDEL", q.Key, id)
		return "", gone == 1, err
	}
	read := []string{"XREADGROUP", "GROUP", q.Group, "worker", "COUNT", "1", "STREAMS", q.Key, ">"}
	reply, err := r.Ask(q.DB, read...)
	if err != nil && strings.HasPrefix(err.Error(), "NOGROUP") {
		if _, err = r.Ask(q.DB, "XGROUP", "CREATE", q.Key, q.Group, "0", "MKSTREAM"); err != nil {
			return "", false, err
		}
		reply, err = r.Ask(q.DB, read...)
	}
	if streams, is := reply.([]any); is && len(streams) > 0 {
		if of, is := streams[0].([]any); is && len(of) == 2 {
			id, ok = first(of[1])
		}
	}
	return id, ok, err
}

// first is the ID of the first of some entries.
func first(entries any) (id string, ok bool) {
	list, _ := entries.([]any)
	if len(list) == 0 {
		return "", false
	}
	entry, _ := list[0].([]any)
	if len(entry) == 0 {
		return "", false
	}
	id, ok = entry[0].(string)
	return id, ok
}

// Done says that a worker has done what it took: an entry of a stream is acknowledged and
// deleted.
func (r *redis) Done(q triggers.Redis, id string) {
	if id == "" || r.isLost() {
		return
	}
	_, _ = r.Ask(q.DB, "XACK", q.Key, q.Group, id)
	_, _ = r.Ask(q.DB, "XDEL", q.Key, id)
}
