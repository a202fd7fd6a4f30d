package sandbox

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"strconv"

	"github.com/kscope/kscope/sandbox/brokers"
	"github.com/kscope/kscope/sandbox/redisd"
	"github.com/kscope/kscope/triggers"
)

// Len measures a key as the script of KEDA's list trigger does, or its streams trigger,
// and fails as they do.
func (r *redis) Len(q triggers.Redis) (int64, error) {
	if r.shuts(q) {
		return 0, errors.New("NOAUTH Authentication required.") //nolint:staticcheck // the server ends it so
	}
	if q.Measure != triggers.Size && !r.isLost() {
		return r.lenOf(q)
	}
	typ, err := r.typeOf(q)
	if err != nil || typ == "none" {
		return 0, err
	}
	how, ok := map[string]string{"list": "LLEN", "set": "SCARD", "zset": "ZCARD", "hash": "HLEN"}[typ]
	if !ok {
		return 0, errors.New("ERR unsupported key type: " + typ)
	}
	reply, _ := r.Ask(q.DB, how, q.Key)
	n, _ := reply.(int) // none if it changed its type between the two questions
	return int64(n), nil
}

func (r *redis) typeOf(q triggers.Redis) (string, error) {
	if r.isLost() {
		return "", refused(q.Address)
	}
	if q.DB < 0 || q.DB >= redisd.Databases {
		return "", errors.New("ERR DB index is out of range")
	}
	reply, err := r.Ask(q.DB, "TYPE", q.Key)
	return fmt.Sprint(reply), err
}

// Take takes one job as a worker would: from the tail of a list, to the head of which
// everybody pushes; the lowest of a sorted set; any of a set or hash; the oldest of a
// stream, which has it until it is done.
func (r *redis) Take(q triggers.Redis) (id string, ok bool, err error) {
	typ, err := r.typeOf(q)
	if err != nil {
		return "", false, err
	}
	if q.Measure != triggers.Size {
		if typ != "stream" { // nothing, or what no worker of a stream can take
			return "", false, nil
		}
		return r.next(q)
	}
	var reply any
	switch typ {
	case "list":
		reply, err = r.Ask(q.DB, "RPOP", q.Key)
	case "set":
		reply, err = r.Ask(q.DB, "SPOP", q.Key)
	case "zset":
		reply, err = r.Ask(q.DB, "ZPOPMIN", q.Key)
	case "hash":
		fields, _ := r.Ask(q.DB, "HKEYS", q.Key)
		if names, ok := fields.([]any); ok && len(names) > 0 {
			reply, err = r.Ask(q.DB, "HDEL", q.Key, fmt.Sprint(names[0]))
		}
	}
	if popped, ok := reply.([]any); ok && len(popped) == 0 { // of a sorted set that went meanwhile
		return "", false, err
	}
	return "", reply != nil && err == nil, err
}

// guard makes the server want a password, which the workers have and KEDA has not.
func (r *redis) guard(on bool) {
	r.mu.Lock()
	r.guarded = on
	r.mu.Unlock()
	if on {
		r.Guard(redisd.Login{Password: guardian})
		return
	}
	r.Guard(r.logins...)
}

func (r *redis) isGuarded() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.guarded
}

// shuts reports whether KEDA is not let in to a key.
func (r *redis) shuts(q triggers.Redis) bool {
	return q.Address != brokers.StandInAddress && r.isGuarded() && !r.isLost()
}

// clusterAddress is what the name in an address would resolve to inside a
// cluster, for the texts of errors: a Service has an address of the range that
// is usual for them, always the same for one name.
func clusterAddress(address string) net.Addr {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = address, "6379"
	}
	n, _ := strconv.Atoi(port)
	ip := net.ParseIP(host)
	if ip == nil {
		h := fnv.New32a()
		_, _ = h.Write([]byte(host)) // never fails
		sum := h.Sum32()
		ip = net.IPv4(10, 96, byte(sum>>8), byte(sum)|1)
	}
	return &net.TCPAddr{IP: ip, Port: n}
}
