package triggers

import "testing"

// TestLag: what KEDA makes of the lag of partitions, by every rule that it has for it.
func TestLag(t *testing.T) {
	for _, c := range []struct {
		name  string
		rules LagRules
		lags  []int64
		want  Lag
	}{
		{"none", LagRules{Threshold: 5}, []int64{0, 0, 0, 0}, Lag{Cap: 20}},
		{"below the cap", LagRules{Threshold: 5}, []int64{3, 2, 2, 2}, Lag{N: 9, Cap: 20}},
		{"less than a replica above it", LagRules{Threshold: 5}, []int64{6, 6, 6, 6}, Lag{N: 24, Cap: 20}},
		{"a replica above it", LagRules{Threshold: 5}, []int64{7, 6, 6, 6}, Lag{N: 20, Cap: 20, How: "4 partitions x 5"}},
		{"far above it", LagRules{Threshold: 5}, []int64{50175, 50175, 50175, 50175}, Lag{N: 20, Cap: 20, How: "4 partitions x 5"}},
		{"idle consumers", LagRules{Threshold: 5, Idle: true}, []int64{50, 50}, Lag{N: 100}},
		{"one partition", LagRules{Threshold: 5}, []int64{50}, Lag{N: 5, Cap: 5, How: "1 partition x 5"}},
		{"with lag", LagRules{Threshold: 5, Lagging: true}, []int64{90, 0, 0, 0}, Lag{N: 5, How: "1 partition with lag x 5"}},
		{"with lag, idle or not", LagRules{Threshold: 5, Lagging: true, Idle: true}, []int64{90, 3, 0, 0}, Lag{N: 10, How: "2 partitions with lag x 5"}},
		{"evenly: three is no factor of four", LagRules{Threshold: 5, Even: true}, []int64{11, 0, 0, 0}, Lag{N: 20, How: "4 x 5, to share 4 partitions evenly"}},
		{"evenly: two is", LagRules{Threshold: 5, Even: true}, []int64{6, 0, 0, 0}, Lag{N: 10, How: "2 x 5, to share 4 partitions evenly"}},
		{"evenly with lag", LagRules{Threshold: 5, Even: true, Lagging: true}, []int64{90, 0, 0, 0}, Lag{N: 5, How: "1 partition with lag x 5"}},
		{"evenly without any", LagRules{Threshold: 5, Even: true}, []int64{0, 0, 0, 0}, Lag{N: 5, How: "1 x 5, to share 4 partitions evenly"}},
		{"beyond the end", LagRules{Threshold: 5}, []int64{-10, 4}, Lag{Cap: 10}},
		{"no partitions", LagRules{Threshold: 5}, nil, Lag{}},
	} {
		if got := c.rules.Of(c.lags); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
	p := Parameters{Type: "kafka", Values: map[string]string{"lagThreshold": "7", "allowIdleConsumers": "true", "limitToPartitionsWithLag": "true", "ensureEvenDistributionOfPartitions": "true"}}
	if got := LagRulesOf(p); got != (LagRules{7, true, true, true}) {
		t.Errorf("%+v", got)
	}
}
