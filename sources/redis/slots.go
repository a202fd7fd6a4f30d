package redis

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
)

// learn asks the nodes, those known to live first, who has which slots.
func (c *cluster) learn(ctx context.Context) error {
	c.stale, c.learned = false, time.Now()
	for at, l := range c.nodes {
		if owners, err := askOwners(ctx, l, at); err == nil {
			c.owners = owners
			return nil
		}
		l.close()
		delete(c.nodes, at)
	}
	var nodes []Server
	for _, at := range c.server.more.nodes {
		nodes = append(nodes, c.server.at(at))
	}
	none := func(err error) bool { return errors.Is(err, errNoCluster) }
	r := firstOf(ctx, nodes, c.options, none, func(ctx context.Context, l *link) (*[slotCount]string, error) {
		return askOwners(ctx, l, l.client.Options().Addr)
	})
	switch {
	case ctx.Err() != nil:
		r.link.close()
		return ctx.Err()
	case r.err != nil:
		c.stale = true
		return nodeTrouble(r.at, r.err)
	}
	c.owners, c.nodes[r.at.Address] = r.value, r.link
	return nil
}

// askOwners asks the node at an address for the master of each slot.
func askOwners(ctx context.Context, l *link, at string) (*[slotCount]string, error) {
	ask := goredis.NewClusterSlotsCmd(ctx, "cluster", "slots")
	if err := l.exec(ctx, ask); err != nil {
		return nil, err
	}
	slots, err := ask.Result()
	if err != nil {
		if strings.Contains(err.Error(), "cluster support disabled") {
			return nil, errNoCluster
		}
		return nil, err
	}
	host, _, _ := net.SplitHostPort(at)
	owners := new([slotCount]string)
	for _, s := range slots {
		if len(s.Nodes) == 0 || s.Start < 0 || s.End >= slotCount {
			continue
		}
		owner := s.Nodes[0].Addr
		if h, port, err := net.SplitHostPort(owner); err == nil && h == "" { // the node that was asked
			owner = net.JoinHostPort(host, port)
		}
		for i := s.Start; i <= s.End; i++ {
			owners[i] = owner
		}
	}
	return owners, nil
}

var errNoCluster = &kscope.Trouble{Message: "the server is not part of a Redis Cluster", Hint: "for a single server the trigger's type is redis, or redis-streams"}

// slot is the hash slot of a key: CRC-16/XMODEM of the key, or of what is in
// its first braces, modulo 16384, as the cluster specification has it.
func slot(key string) int {
	if i := strings.IndexByte(key, '{'); i >= 0 {
		if n := strings.IndexByte(key[i+1:], '}'); n > 0 {
			key = key[i+1 : i+1+n]
		}
	}
	var crc uint16
	for i := range len(key) {
		crc ^= uint16(key[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return int(crc % slotCount)
}
