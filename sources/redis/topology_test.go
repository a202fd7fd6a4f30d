package redis

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/triggers"
)

// until calls a condition until it holds: what servers do among themselves
// tells nobody when it is done.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come about", what)
		}
	}
}

// startSentinel starts a sentinel that watches a master named main.
func startSentinel(t *testing.T, master string) *goredis.Client {
	t.Helper()
	port := freePort(t)
	_, at, _ := net.SplitHostPort(master)
	dir := t.TempDir()
	conf := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf(`port %s
bind 127.0.0.1
dir %s
requirepass s3cret-sentinel
sentinel sentinel-pass s3cret-sentinel
sentinel monitor main 127.0.0.1 %s 2
sentinel auth-pass main s3cret-data
sentinel down-after-milliseconds main 500
sentinel failover-timeout main 3000
`, port, dir, at)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("redis-server", conf, "--sentinel")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := goredis.NewClient(&goredis.Options{Addr: "127.0.0.1:" + port, Password: "s3cret-sentinel", MaxRetries: -1})
	t.Cleanup(func() {
		c.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "+monitor") {
			go func() {
				for lines.Scan() { // lest it block on a full pipe
				}
			}()
			return c
		}
	}
	t.Fatal("the sentinel did not start")
	return nil
}

// The master dies; the sentinels promote its replica, which is measured then.
// In between there are gaps, never another number.
func TestSentinelFailover(t *testing.T) {
	t.Parallel() // it waits more than it computes
	master := startRedis(t)
	master.do("rpush", "jobs", 1, 2, 3)
	_, port, _ := net.SplitHostPort(master.address)
	replica := startRedis(t, "--replicaof", "127.0.0.1", port, "--repl-diskless-sync-delay", "0")
	until(t, "replication", func() bool { return replica.do("exists", "jobs") == int64(1) })
	for _, r := range []*realServer{master, replica} {
		r.do("config", "set", "masterauth", "s3cret-data")
		r.do("config", "set", "requirepass", "s3cret-data")
	}
	var sentinels []*goredis.Client
	var nodes []string
	for range 3 {
		c := startSentinel(t, master.address)
		sentinels, nodes = append(sentinels, c), append(nodes, c.Options().Addr)
	}
	for _, c := range sentinels {
		until(t, "a quorum", func() bool {
			known, _ := c.Do(t.Context(), "sentinel", "replicas", "main").Slice()
			return c.Do(t.Context(), "sentinel", "ckquorum", "main").Err() == nil && len(known) == 1
		})
	}
	q := triggers.Redis{Address: nodes[0], Topology: triggers.Sentinel, Via: "master main", Key: "jobs"}.Backlog()
	access := Access{Addresses: nodes, Password: "s3cret-data", SentinelPassword: "s3cret-sentinel", SentinelMaster: "main"}
	s, f := run(t, Options{Resolve: resolved(access)})
	s.Follow(scaledObject("one", q))
	f.depth(q, known(3))
	if c := f.connection(func(c kscope.Connection) bool { return c.Version != "" }); c.Address != master.address || c.Role != "master" {
		t.Errorf("got %+v", c)
	}
	started := time.Now()
	master.kill()
	f.depth(q, failed)
	f.depth(q, known(3))
	t.Logf("measured again %v after the master died", time.Since(started))
	if c := f.connection(func(c kscope.Connection) bool { return !c.Failing && c.Address != master.address }); c.Address != replica.address {
		t.Errorf("got %+v", c)
	}
	for _, fact := range f.copy() {
		if d, ok := fact.(kscope.Depths); ok && d.All[0].Err == "" && d.All[0].N != 3 {
			t.Errorf("got %+v", d)
		}
	}
	noSecrets(t, f, "s3cret")

	access.SentinelMaster = "other"
	s, f = run(t, Options{Resolve: resolved(access)})
	s.Follow(scaledObject("one", q))
	if st := f.status(kscope.Failing); st.Message != `the sentinels know no master named "other"` || st.Hint == "" {
		t.Errorf("got %+v", st)
	}
}

// startCluster starts three masters that share the slots.
func startCluster(t *testing.T) (nodes []*realServer) {
	t.Helper()
	var buses []string
	for range 3 {
		bus := freePort(t)
		buses = append(buses, bus)
		nodes = append(nodes, startRedis(t, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "2000"))
	}
	for i, n := range nodes {
		n.do("cluster", "addslotsrange", i*slotCount/3, (i+1)*slotCount/3-1)
		n.do("cluster", "set-config-epoch", i+1)
		_, port, _ := net.SplitHostPort(n.address)
		nodes[0].do("cluster", "meet", "127.0.0.1", port, buses[i])
	}
	for _, n := range nodes {
		until(t, "the cluster", func() bool {
			info := n.do("cluster", "info").(string)
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3")
		})
	}
	return nodes
}

func TestSlot(t *testing.T) {
	for key, want := range map[string]int{"123456789": 12739, "": 0, "foo": 12182, "{user1000}.following": 3443, "x{foo}y{bar}": 12182} {
		if got := slot(key); got != want {
			t.Errorf("slot(%q) = %d, want %d", key, got, want)
		}
	}
}

// Keys are measured at the node that has them, also while their slot moves.
func TestClusterWithSlotMigration(t *testing.T) {
	t.Parallel() // it waits more than it computes
	nodes := startCluster(t)
	owner := func(key string) *realServer { return nodes[slot(key)*3/slotCount] }
	var queues []kscope.Backlog
	first := nodes[0].address
	for i := range 6 {
		key := fmt.Sprintf("jobs-%d", i)
		owner(key).do("rpush", key, 1, 2, 3)
		queues = append(queues, triggers.Redis{Address: first, Topology: triggers.Cluster, Key: key}.Backlog())
	}
	s, f := run(t, Options{Resolve: resolved(Access{Addresses: []string{"127.0.0.1:1", first}})}) // one that is not there
	s.Follow(scaledObject("one", queues...))
	all := func() {
		t.Helper()
		await(f, "depths of all", func(d kscope.Depths) bool {
			for _, one := range d.All {
				if one.N != 3 || one.Err != "" {
					t.Errorf("got %+v", one)
				}
			}
			return len(d.All) == len(queues)
		})
	}
	all()
	f.status(kscope.Synced)
	moving := queues[0].Name
	from := owner(moving)
	to := nodes[0]
	if from == to {
		to = nodes[1]
	}
	id := func(r *realServer) string { return r.do("cluster", "myid").(string) }
	_, port, _ := net.SplitHostPort(to.address)
	for _, step := range []func(){
		func() { to.do("cluster", "setslot", slot(moving), "importing", id(from)) },
		func() { from.do("cluster", "setslot", slot(moving), "migrating", id(to)) },
		func() { from.do("migrate", "127.0.0.1", port, moving, 0, 5000) }, // ASK from here on
		func() { to.do("cluster", "setslot", slot(moving), "node", id(to)) },
		func() { from.do("cluster", "setslot", slot(moving), "node", id(to)) }, // MOVED from here on
	} {
		step()
		all()
		all()
	}
	if err := s.Load(t.Context(), load.Load{Backlog: queues[0], Profile: load.BatchOf(1)}, nil); err != nil || to.do("llen", moving) != int64(4) {
		t.Errorf("a job was not put where the key is now: %v", err)
	}
	nodes[2].kill() // the keys of others are still known
	await(f, "depths of the rest", func(d kscope.Depths) bool {
		good, bad := 0, 0
		for _, one := range d.All {
			if one.Err == "" && one.N == 3 {
				good++
			} else if one.Err != "" {
				bad++
			}
		}
		return good > 0 && bad > 0
	})
}

func TestNotACluster(t *testing.T) {
	t.Parallel() // it waits more than it computes
	r := startRedis(t)
	q := triggers.Redis{Address: r.address, Topology: triggers.Cluster, Key: "jobs"}.Backlog()
	s, f := run(t, Options{Resolve: resolved(Access{Addresses: []string{r.address}})})
	s.Follow(scaledObject("one", q))
	if st := f.status(kscope.Failing); st.Message != "the server is not part of a Redis Cluster" || st.Hint == "" {
		t.Errorf("got %+v", st)
	}
}
