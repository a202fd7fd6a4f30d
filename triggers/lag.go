package triggers

import (
	"fmt"
	"strconv"
)

// LagRules are by which KEDA makes one number of what a group of Kafka lags behind on each
// partition.
type LagRules struct {
	Threshold int64 // lagThreshold: messages to a replica; KEDA refuses less than 1, which is taken for 1 here
	Idle      bool  // allowIdleConsumers: more replicas than partitions may be
	Lagging   bool  // limitToPartitionsWithLag: no more replicas than partitions with lag
	Even      bool  // ensureEvenDistributionOfPartitions: as many as share the partitions evenly
}

// LagRulesOf are those of a trigger of type kafka or apache-kafka.
func LagRulesOf(p Parameters) LagRules {
	return LagRules{int64(p.Number("lagThreshold")), p.On("allowIdleConsumers"), p.On("limitToPartitionsWithLag"), p.On("ensureEvenDistributionOfPartitions")}
}

// Lag is what KEDA makes of the lag of all partitions.
type Lag struct {
	N   int64  // what the HPA is told
	Cap int64  // what N can come to as the lag grows; 0 where it follows no such bound
	How string // what made another number of it: "4 partitions x 5"; "" where N is the lag
}

// Of is what they make of the lag of each partition: the sum, of no more than Threshold
// for each partition that a replica can be given. A whole replica has to be too many
// before any of it is cut, and where commits are beyond the end there is none. KEDA 2.21, kafka_scaler.go:907 and apache_kafka_scaler.go:501,
// getTotalLag.
func (r LagRules) Of(lags []int64) Lag {
	r.Threshold = max(1, r.Threshold)
	var l Lag
	most, lagging := int64(len(lags)), int64(0)
	for _, lag := range lags {
		l.N += lag
		if lag > 0 {
			lagging++
		}
	}
	if r.Idle && !r.Lagging && !r.Even {
		l.N = max(0, l.N)
		return l
	}
	of := " x "
	if !r.Lagging && !r.Even {
		l.Cap = most * r.Threshold
	}
	if r.Even {
		l.N = evenly(l.N, most, r.Threshold) * r.Threshold
		l.How = fmt.Sprintf("%d x %d, to share %s evenly", l.N/r.Threshold, r.Threshold, partitions(most))
	}
	if r.Lagging {
		most, of = lagging, " with lag x "
	}
	if l.N/r.Threshold > most {
		l.N = most * r.Threshold
		l.How = partitions(most) + of + strconv.FormatInt(r.Threshold, 10)
	}
	l.N = max(0, l.N)
	return l
}

func partitions(n int64) string {
	if n == 1 {
		return "1 partition"
	}
	return strconv.FormatInt(n, 10) + " partitions"
}

// evenly is the fewest replicas that get the same number of partitions each, and no more
// lag than the threshold each; all partitions where there are no such. KEDA 2.21,
// kafka_scaler.go:963, getNextFactorThatBalancesConsumersToTopicPartitions.
func evenly(lag, partitions, threshold int64) int64 {
	for n := int64(1); n < partitions; n++ {
		if partitions%n == 0 && n*threshold >= lag {
			return n
		}
	}
	return partitions
}
