package sandbox

import (
	"errors"
	"hash/fnv"
	"net"
	"slices"
	"strconv"

	"github.com/kscope/kscope/triggers"
)

// Len measures a key as the script of KEDA's list trigger does, and fails as it
// does.
func (r *redis) Len(q triggers.Redis) (int64, error) {
	if r.isLost() {
		return 0, refused(q.Address)
	}
	if q.DB < 0 || q.DB >= databases {
		return 0, errors.New("ERR DB index is out of range")
	}
	db := r.mini.DB(q.DB)
	var n int
	var err error
	switch typ := db.Type(q.Key); typ {
	case "": // no such key
	case "list":
		var l []string
		l, err = db.List(q.Key) // not a copy
		n = len(l)
	case "set":
		n, err = db.SCard(q.Key)
	case "zset":
		var m []string
		m, err = db.ZMembers(q.Key)
		n = len(m)
	case "hash":
		var m []string
		m, err = db.HKeys(q.Key)
		n = len(m)
	default:
		return 0, errors.New("ERR unsupported key type: " + typ)
	}
	if err != nil { // it went, or changed its type, between the two questions
		return 0, nil
	}
	return int64(n), nil
}

// Take removes one job as a worker would: from the tail of a list, to the head
// of which everybody pushes; the lowest of a sorted set; any of a set or hash.
func (r *redis) Take(q triggers.Redis) (bool, error) {
	if r.isLost() {
		return false, refused(q.Address)
	}
	if q.DB < 0 || q.DB >= databases {
		return false, errors.New("ERR DB index is out of range")
	}
	db := r.mini.DB(q.DB)
	switch db.Type(q.Key) {
	case "list":
		_, err := db.Pop(q.Key)
		return err == nil, nil
	case "set":
		m, err := db.Members(q.Key)
		if err != nil || len(m) == 0 {
			return false, nil
		}
		n, err := db.SRem(q.Key, m[0])
		return err == nil && n > 0, nil
	case "zset":
		m, err := db.ZMembers(q.Key)
		if err != nil || len(m) == 0 {
			return false, nil
		}
		return db.ZRem(q.Key, m[0])
	case "hash":
		m, err := db.HKeys(q.Key)
		if err != nil || len(m) == 0 {
			return false, nil
		}
		db.HDel(q.Key, slices.Min(m))
		return true, nil
	}
	return false, nil
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
