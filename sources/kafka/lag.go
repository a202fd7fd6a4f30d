package kafka

import (
	"slices"
	"strconv"
	"strings"

	"github.com/kscope/kscope/triggers"
)

// rules are what a trigger says of how lag becomes a number.
type rules struct {
	triggers.LagRules
	earliest bool // who has committed nothing reads from the start, else from the end
	zero     bool // and counts nothing for KEDA until it has (scaleToZeroOnInvalidOffset)
	moving   bool // lag whose commit stands still is left out (excludePersistentLag)
}

func rulesOf(p triggers.Parameters) rules {
	return rules{
		LagRules: triggers.LagRulesOf(p), earliest: p.Text("offsetResetPolicy") == "earliest",
		zero: p.On("scaleToZeroOnInvalidOffset"), moving: p.On("excludePersistentLag"),
	}
}

// none is a commit that is not there, and an offset that was not asked for.
const none = -1

// place is a partition of a topic.
type place struct {
	topic string
	id    int32
}

// partition is where one is written to, and read from.
type partition struct {
	place
	start, end int64 // of what is kept: the oldest offset, and the next that will be given; none where it was not asked for
	committed  int64 // the next that the group reads; none where it has committed nothing
	other      bool  // nothing of the group's, which KEDA counts nevertheless
}

// waits is how many messages wait for the group: what is kept and was not read. A group
// that has committed nothing begins where its consumers say, which is what the trigger
// says of them.
func (p partition) waits(r rules) int64 {
	switch {
	case p.other, p.committed == none && !r.earliest:
		return 0
	case p.committed == none:
		return max(0, p.end-max(p.start, 0))
	}
	return max(0, p.end-max(p.committed, p.start))
}

// counts is the lag that KEDA counts, before excludePersistentLag: for what was never
// committed 1, so that somebody starts and commits, or what is kept; and else what was
// written since the commit, even what retention has deleted meanwhile. KEDA 2.21,
// kafka_scaler.go:684 and apache_kafka_scaler.go:316, getLagForPartition.
func (p partition) counts(r rules) int64 {
	switch {
	case p.committed != none:
		return p.end - p.committed
	case r.zero:
		return 0
	case r.earliest:
		return max(0, p.end-max(p.start, 0))
	}
	return 1
}

// number is what KEDA makes of all lag.
type number struct {
	metric int64 // what the HPA is told
	active int64 // what is compared with the activation threshold
	how    string
	most   int64 // that metric can come to as the lag grows; 0 where it follows no such bound
}

// scaled is the number of some partitions. With excludePersistentLag it is the highest
// that KEDA may have come to: what it left out depends on when it last looked.
func scaled(all []partition, r rules) number {
	total, lags := int64(0), make([]int64, len(all))
	for i, p := range all {
		lags[i] = p.counts(r)
		total += lags[i]
	}
	is := r.Of(lags)
	if r.moving {
		is.Cap = 0
	}
	return number{metric: is.N, active: max(0, total), how: is.How, most: is.Cap}
}

// many is a number of something.
func many(n int64, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.FormatInt(n, 10) + " " + what
}

// limits are the partitions that count: from, to, both of them in it. None is all.
type limits [][2]int32

// limitsOf reads them as KEDA does: "1,2,10-20". The second is false for what it does
// not take. KEDA 2.21, kafka_scaler.go:186, parsePartitionLimitation.
func limitsOf(text string) (limits, bool) {
	if strings.TrimSpace(text) == "" {
		return nil, true
	}
	l := limits{}
	for part := range strings.SplitSeq(text, ",") {
		from, to, ranged := strings.Cut(part, "-")
		if !ranged {
			to = from
		}
		a, err := strconv.ParseInt(strings.TrimSpace(from), 10, 32)
		b, err2 := strconv.ParseInt(strings.TrimSpace(to), 10, 32)
		if err != nil || err2 != nil {
			return nil, false
		}
		l = append(l, [2]int32{int32(a), int32(b)})
	}
	return l, true
}

// has reports whether a partition counts.
func (l limits) has(id int32) bool {
	return l == nil || slices.ContainsFunc(l, func(r [2]int32) bool { return r[0] <= id && id <= r[1] })
}
