package redisd

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// doCommand tells of the commands that are played; of their keys it says
// nothing, and of their use neither, for which redis-cli has its own texts.
func doCommand(c *client, args []string) {
	sub := "LIST"
	if len(args) > 1 {
		sub = strings.ToUpper(args[1])
	}
	names := slices.Sorted(maps.Keys(commands))
	switch {
	case len(args) == 1:
		c.peer.WriteLen(len(names))
		for _, name := range names {
			c.tell(name)
		}
	case sub == "COUNT" && len(args) == 2:
		c.peer.WriteInt(len(names))
	case sub == "LIST" && len(args) == 2:
		c.peer.WriteStrings(names)
	case sub == "DOCS":
		c.peer.WriteMapLen(0)
	case sub == "INFO":
		if len(args) > 2 {
			names = args[2:]
		}
		c.peer.WriteLen(len(names))
		for _, name := range names {
			c.tell(strings.ToUpper(name))
		}
	default:
		c.refuseSub(args)
	}
}

func (c *client) tell(name string) {
	cmd, ok := commands[name]
	if !ok {
		c.peer.WriteNull()
		return
	}
	arity, kind := cmd.least+1, "readonly"
	if cmd.most != cmd.least {
		arity = -arity
	}
	if cmd.is(writes) {
		kind = "write"
	}
	c.peer.WriteLen(6)
	c.peer.WriteBulk(strings.ToLower(name))
	c.peer.WriteInt(arity)
	c.peer.WriteLen(1)
	c.peer.WriteInline(kind)
	for range 3 {
		c.peer.WriteInt(0)
	}
}

// settings are those that clients ask for.
var settings = map[string]string{
	"appendonly": "no", "databases": strconv.Itoa(Databases), "maxclients": strconv.Itoa(maxClients), "maxmemory": strconv.Itoa(maxData),
	"maxmemory-policy": "noeviction", "notify-keyspace-events": "", "proto-max-bulk-len": strconv.Itoa(maxBulk), "save": "", "timeout": "0",
}

func doConfig(c *client, args []string) {
	switch sub := strings.ToUpper(args[1]); {
	case sub == "GET" && len(args) > 2:
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(settings)), func(name string) bool {
			return !slices.ContainsFunc(args[2:], func(p string) bool { return len(p) <= maxPattern && matches(strings.ToLower(p), name) })
		})
		c.peer.WriteMapLen(len(names))
		for _, name := range names {
			c.peer.WriteBulk(name)
			c.peer.WriteBulk(settings[name])
		}
	case sub == "SET":
		c.peer.WriteError("ERR CONFIG SET failed - the sandbox's Redis cannot be configured")
	case sub == "RESETSTAT" && len(args) == 2:
		c.peer.WriteOK()
	default:
		c.refuseSub(args)
	}
}

// doCluster answers those who take it for a cluster: it is all of one.
func doCluster(c *client, args []string) {
	port := c.s.Port()
	switch sub := strings.ToUpper(args[1]); {
	case sub == "SLOTS" && len(args) == 2:
		c.peer.WriteLen(1)
		c.peer.WriteLen(3)
		c.peer.WriteInt(0)
		c.peer.WriteInt(16383)
		c.peer.WriteLen(3)
		c.peer.WriteBulk("127.0.0.1")
		c.peer.WriteInt(port)
		c.peer.WriteBulk(node)
	case sub == "NODES" && len(args) == 2:
		c.peer.WriteBulk(fmt.Sprintf("%s 127.0.0.1:%d@%d myself,master - 0 0 1 connected 0-16383\n", node, port, port))
	case sub == "MYID" && len(args) == 2:
		c.peer.WriteBulk(node)
	case sub == "INFO" && len(args) == 2:
		c.peer.WriteBulk("cluster_state:ok\r\ncluster_slots_assigned:16384\r\ncluster_known_nodes:1\r\ncluster_size:1\r\n")
	default:
		c.refuseSub(args)
	}
}

// node is what the server is called in a cluster.
const node = "5a4db0c5a4db0c5a4db0c5a4db0c5a4db0c5a4db"

func doInfo(c *client, args []string) {
	s := c.s
	s.conns.Lock()
	clients := len(s.clients)
	s.conns.Unlock()
	keys := ""
	for db := range Databases {
		if n, _ := s.number(db, "DBSIZE"); n > 0 {
			keys += fmt.Sprintf("db%d:keys=%d,expires=0,avg_ttl=0\r\n", db, n)
		}
	}
	var b strings.Builder
	for _, section := range [][2]string{
		{"Server", "redis_version:" + version + "\r\nredis_mode:standalone\r\ntcp_port:" + strconv.Itoa(s.Port()) + "\r\n"},
		{"Clients", fmt.Sprintf("connected_clients:%d\r\nmaxclients:%d\r\nblocked_clients:%d\r\n", clients, maxClients, len(s.blocked))},
		{"Memory", fmt.Sprintf("used_memory:%d\r\nmaxmemory:%d\r\nmaxmemory_policy:noeviction\r\n", heap(), maxData)},
		{"Persistence", "loading:0\r\n"},
		{"Replication", "role:master\r\nconnected_slaves:0\r\n"},
		{"Cluster", "cluster_enabled:0\r\n"},
		{"Keyspace", keys},
	} {
		wanted := len(args) == 1 || slices.ContainsFunc(args[1:], func(a string) bool {
			a = strings.ToLower(a)
			return a == strings.ToLower(section[0]) || a == "all" || a == "default" || a == "everything"
		})
		if wanted {
			fmt.Fprintf(&b, "# %s\r\n%s\r\n", section[0], section[1])
		}
	}
	c.peer.WriteBulk(b.String())
}
