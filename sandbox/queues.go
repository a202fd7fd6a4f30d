package sandbox

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/kscope/kscope/sandbox/redisd"
	"github.com/kscope/kscope/sandbox/world"
	"github.com/kscope/kscope/triggers"
)

// Len measures a key as the script of KEDA's list trigger does, and fails as it
// does.
func (r *redis) Len(q triggers.Redis) (int64, error) {
	if r.shuts(q) {
		return 0, errors.New("NOAUTH Authentication required.") //nolint:staticcheck // the server ends it so
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

// Take removes one job as a worker would: from the tail of a list, to the head
// of which everybody pushes; the lowest of a sorted set; any of a set or hash.
func (r *redis) Take(q triggers.Redis) (bool, error) {
	typ, err := r.typeOf(q)
	if err != nil {
		return false, err
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
		return false, err
	}
	return reply != nil && err == nil, err
}

// guardian is the password that Redis wants where it wants one. Nobody has it but
// the workers, so that none that was known before is of use.
const guardian = "sandbox"

// letIn gives the password.
func letIn(ctx context.Context, conn net.Conn) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	const answer = "+OK\r\n"
	if _, err := io.WriteString(conn, fmt.Sprintf("AUTH %s\r\n", guardian)); err != nil {
		return err
	}
	if _, err := io.ReadFull(conn, make([]byte, len(answer))); err != nil {
		return err
	}
	return conn.SetDeadline(time.Time{})
}

// guard makes the server want a password, which the workers have and KEDA has not.
func (r *redis) guard(on bool) {
	r.mu.Lock()
	r.guarded = on
	r.mu.Unlock()
	password := ""
	if on {
		password = guardian
	}
	r.Guard(password)
}

func (r *redis) isGuarded() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.guarded
}

// shuts reports whether KEDA is not let in to a key.
func (r *redis) shuts(q triggers.Redis) bool {
	return q.Address != world.StandInAddress && r.isGuarded() && !r.isLost()
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
