package kafka

import (
	"strconv"
	"strings"
	"testing"

	"github.com/kscope/kscope/triggers"
)

// lags are partitions of one topic, of which so much was written since the commit.
func lags(all ...int64) (out []partition) {
	for i, lag := range all {
		out = append(out, partition{place: place{"orders", int32(i)}, start: 0, end: 1000, committed: 1000 - lag})
	}
	return out
}

// fresh are partitions without a commit, of which so much is kept.
func fresh(all ...int64) (out []partition) {
	for i, kept := range all {
		out = append(out, partition{place: place{"orders", int32(i)}, start: 1000 - kept, end: 1000, committed: none})
	}
	return out
}

// TestScaled: getTotalLag of KEDA 2.21, in kafka_scaler.go:907 and apache_kafka_scaler.go:501.
func TestScaled(t *testing.T) {
	five := rules{LagRules: triggers.LagRules{Threshold: 5}}
	with := func(change func(*rules)) rules {
		r := five
		change(&r)
		return r
	}
	lagging := with(func(r *rules) { r.Lagging = true })
	even := with(func(r *rules) { r.Even = true })
	for _, c := range []struct {
		name           string
		all            []partition
		rules          rules
		metric, active int64
		how            string
	}{
		{"nothing", lags(0, 0, 0, 0), five, 0, 0, ""},
		{"below the cap", lags(3, 4, 0, 0), five, 7, 7, ""},
		{"at the cap", lags(5, 5, 5, 5), five, 20, 20, ""},
		{"whole thresholds are compared", lags(6, 6, 6, 6), five, 24, 24, ""},
		{"above it", lags(7, 6, 6, 6), five, 20, 25, "4 partitions x 5"},
		{"one partition", lags(50), five, 5, 50, "1 partition x 5"},
		{"idle consumers may be", lags(50), with(func(r *rules) { r.Idle = true }), 50, 50, ""},
		{"partitions with lag alone", lags(50, 0, 0, 1), lagging, 10, 51, "2 partitions with lag x 5"},
		{"none has lag", lags(0, 0), lagging, 0, 0, ""},
		{"evenly", lags(9, 0, 0, 0, 0, 0), even, 10, 9, "2 x 5, to share 6 partitions evenly"},
		{"evenly, where three are too few", lags(16, 0, 0, 0, 0, 0), even, 30, 16, "6 x 5, to share 6 partitions evenly"},
		{"evenly, even of nothing", lags(0, 0, 0), even, 5, 0, "1 x 5, to share 3 partitions evenly"},
		{"evenly, and too much", lags(900, 0, 0, 0), even, 20, 900, "4 x 5, to share 4 partitions evenly"},
		{"evenly caps though idle consumers may be", lags(900), with(func(r *rules) { r.Even, r.Idle = true, true }), 5, 900, "1 x 5, to share 1 partition evenly"},
		{"evenly, of those with lag", lags(9, 0, 0, 0), with(func(r *rules) { r.Even, r.Lagging = true, true }), 5, 9, "1 partition with lag x 5"},
		{"no partitions", nil, five, 0, 0, ""},
		{"no partitions to share", nil, even, 0, 0, "0 x 5, to share 0 partitions evenly"},
		{"committed beyond the end", lags(-10, 4), five, 0, 0, ""},
		{"nothing committed, from the end", fresh(100, 100, 0), five, 3, 3, ""},
		{"nothing committed, and zero", fresh(100, 100, 0), with(func(r *rules) { r.zero = true }), 0, 0, ""},
		{"nothing committed, from the start", fresh(4, 3, 0), with(func(r *rules) { r.earliest = true }), 7, 7, ""},
		{"nothing committed, from the start, and zero", fresh(4, 3, 0), with(func(r *rules) { r.earliest, r.zero = true, true }), 0, 0, ""},
		{"nothing committed, and no start known", []partition{{start: none, end: 8, committed: none}}, with(func(r *rules) { r.earliest, r.Idle = true, true }), 8, 8, ""},
	} {
		most := int64(0)
		if r := c.rules; !r.Idle && !r.Lagging && !r.Even {
			most = 5 * int64(len(c.all))
		}
		if got := scaled(c.all, c.rules); got != (number{c.metric, c.active, c.how, most}) {
			t.Errorf("%s: got %+v, want %v, %v, %q", c.name, got, c.metric, c.active, c.how)
		}
	}
}

// TestWaits: what is there to be read, which is not always what KEDA counts.
func TestWaits(t *testing.T) {
	for _, c := range []struct {
		name   string
		of     partition
		rules  rules
		want   int64
		counts int64
	}{
		{"since the commit", partition{start: 0, end: 10, committed: 4}, rules{}, 6, 6},
		{"retention was faster", partition{start: 8, end: 10, committed: 4}, rules{}, 2, 6},
		{"all of it deleted", partition{start: 10, end: 10, committed: 4}, rules{}, 0, 6},
		{"beyond the end", partition{start: 0, end: 10, committed: 14}, rules{}, 0, -4},
		{"start not asked for", partition{start: none, end: 10, committed: 10}, rules{}, 0, 0},
		{"never read, from the end", partition{start: none, end: none, committed: none}, rules{}, 0, 1},
		{"never read, from the start", partition{start: 3, end: 10, committed: none}, rules{earliest: true}, 7, 7},
		{"never read, zero", partition{start: 3, end: 10, committed: none}, rules{earliest: true, zero: true}, 7, 0},
		{"never written", partition{start: none, end: 0, committed: none}, rules{earliest: true}, 0, 0},
		{"of others", partition{start: 0, end: 10, committed: none, other: true}, rules{earliest: true}, 0, 10},
	} {
		if got, counts := c.of.waits(c.rules), c.of.counts(c.rules); got != c.want || counts != c.counts {
			t.Errorf("%s: %v wait and %v count, want %v and %v", c.name, got, counts, c.want, c.counts)
		}
	}
}

// TestLimits: parsePartitionLimitation of KEDA 2.21, in kafka_scaler.go:186.
func TestLimits(t *testing.T) {
	for text, want := range map[string]string{
		"": "0123456789", " ": "0123456789", "3": "3", "1,2,5-7": "12567", " 1 , 4 - 6 ": "1456", "6-4": "", "9-2000000000": "9",
		"x": "no", "1,": "no", "-": "no", "1-2-3": "no", "-1": "no", "1-": "no", "99999999999": "no",
	} {
		got := "no"
		if l, ok := limitsOf(text); ok {
			got = ""
			for id := range int32(10) {
				if l.has(id) {
					got += strconv.Itoa(int(id))
				}
			}
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func FuzzLimits(f *testing.F) {
	for _, seed := range []string{"", "1,2,10-20", "6-4", "-1", "1-2-3", "99999999999", ", ,", "-"} {
		f.Add(seed, int32(4))
	}
	f.Fuzz(func(t *testing.T, text string, id int32) {
		l, ok := limitsOf(text)
		switch {
		case strings.TrimSpace(text) == "" && (!ok || !l.has(id)):
			t.Errorf("%q leaves %d out", text, id)
		case !ok && l != nil:
			t.Errorf("%q is refused, and taken", text)
		}
		if more, ok2 := limitsOf(text + "," + strconv.Itoa(int(max(id, 0)))); ok && l != nil && (!ok2 || !more.has(max(id, 0))) {
			t.Errorf("%q does not take %d", text, max(id, 0))
		}
	})
}
