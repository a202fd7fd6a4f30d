package brokers

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// usually is how many partitions a topic of the sandbox has, unless its trigger names
// those that count.
const usually = 4

// most is how many partitions are played at most.
const most = 10000

// kafka is a topic with a group that commits what it has done. Lag is spread evenly; each
// partition is read by one worker, and the others have nothing to do. A partition whose
// worker is gone is given to another within a few seconds.
func kafka(p triggers.Parameters) Kind {
	n := int64(usually)
	if p.Text("topic") != "" {
		n = listed(p.Text("partitionLimitation"))
	}
	t := topic{rules: triggers.LagRulesOf(p), partitions: n, moving: p.On("excludePersistentLag")}
	return Kind{Keeps: true, Again: 10 * time.Second, Most: n, About: t.size(), count: t.count}
}

type topic struct {
	rules      triggers.LagRules
	partitions int64
	moving     bool // what stands still does not count (excludePersistentLag)
}

// count is the lag, and what KEDA makes of it. With excludePersistentLag the lag of a
// partition without a commit since KEDA last looked counts for activation alone; commits
// are taken to have come to as many partitions. Whoever is not KEDA does not know that,
// and is told the most that it may be.
func (t topic) count(j Jobs) kscope.Depth {
	d := kscope.Depth{N: j.all(), Type: "topic"}
	lags := t.spread(j.Waiting + j.Held)
	d.Parts = parts("partitions with lag", min(t.partitions, j.Waiting+j.Held), "in the fullest", lags[0])
	d.Note = t.members(j.Workers)
	if t.moving && j.Since >= 0 && j.Since < t.partitions {
		clear(lags[j.Since:])
	}
	is := t.rules.Of(lags)
	if t.moving {
		is.Cap = 0
	}
	if t.moving && d.N > 0 {
		is.How = strings.TrimSuffix("at most, without what stands still: "+is.How, ": ")
	}
	d.Scaled.Cap = float64(is.Cap)
	if is.How != "" {
		d.Scaled = kscope.Scaled{Is: true, N: float64(is.N), Cap: d.Scaled.Cap, Active: d.N, How: is.How}
	}
	return d
}

// spread is the lag of each partition, the fullest first.
func (t topic) spread(lag int64) []int64 {
	out := make([]int64, t.partitions)
	for i := range out {
		if out[i] = lag / t.partitions; int64(i) < lag%t.partitions {
			out[i]++
		}
	}
	return out
}

// members says who reads the partitions.
func (t topic) members(n int64) string {
	switch on := t.size(); {
	case n == 0:
		return "no members on " + on
	case n == 1:
		return "1 member on " + on
	case n > t.partitions:
		return fmt.Sprintf("%d members on %s, so %d idle", n, on, n-t.partitions)
	default:
		return fmt.Sprintf("%d members on %s", n, on)
	}
}

func (t topic) size() string {
	if t.partitions == 1 {
		return "1 partition"
	}
	return strconv.FormatInt(t.partitions, 10) + " partitions"
}

// listed is how many partitions a partitionLimitation names, "1,2,10-20", as far as it can
// be read; the usual number where it names none. KEDA refuses what cannot be read.
func listed(text string) int64 {
	named := int64(0)
	for part := range strings.SplitSeq(text, ",") {
		from, to, ranged := strings.Cut(strings.TrimSpace(part), "-")
		if !ranged {
			to = from
		}
		a, err := strconv.ParseInt(from, 10, 32)
		b, err2 := strconv.ParseInt(to, 10, 32)
		if err == nil && err2 == nil && a <= b {
			named += b - a + 1
		}
	}
	if named == 0 {
		return usually
	}
	return min(named, most)
}
