package outlook

import (
	"slices"
	"time"

	"github.com/kscope/kscope/scaling"
	"github.com/kscope/kscope/store"
)

// late is how much later than it is due something may be seen, by what it takes to come here:
// until then it is due now, and not a period from now.
const late = 300 * time.Millisecond

// due is how long it is until something that comes every period and came at a time,
// which a clock that was set back may have put ahead.
func due(last time.Time, every time.Duration, now time.Time) time.Duration {
	past := now.Sub(last)
	if past >= every && past%every < min(late, every/4) {
		return 0
	}
	if past %= every; past < 0 {
		past += every
	}
	return every - past
}

// By how many gaps, of how many syncs each at most, it is told how far apart syncs
// are: each comes a few milliseconds sooner or later, which counts where many are
// foretold, and in a long gap they may have begun anew.
const (
	manyGaps = 40
	shortGap = 4
)

// usually is by how many gaps more it is told that are as usual: of one or two that
// were seen any may be late, and twenty syncs are foretold from it.
const usually = 3

// period is how far apart syncs are, by the newest that are not far apart.
func period(syncs []store.Sync) time.Duration {
	var room [manyGaps]time.Duration
	gaps := room[:0] // each by how many syncs it was
	var long time.Duration
	for i := len(syncs) - 1; i > 0 && len(gaps) < manyGaps; i-- {
		apart := syncs[i].At.Sub(syncs[i-1].At)
		between := (apart + scaling.SyncPeriod/2) / scaling.SyncPeriod
		if between < 1 || between > 20 {
			continue
		}
		if late := apart/between - scaling.SyncPeriod; late < -scaling.SyncPeriod/60 || late >= scaling.SyncPeriod/30 {
			continue
		}
		if between <= shortGap {
			gaps = append(gaps, apart/between)
		} else if long == 0 {
			long = apart / between
		}
	}
	switch {
	case len(gaps) > 0:
		return (middle(gaps)*time.Duration(len(gaps)) + usually*spacing) / time.Duration(len(gaps)+usually)
	case long > 0:
		return long
	}
	return spacing
}

// middle is the mean of the middle half.
func middle(of []time.Duration) (mean time.Duration) {
	slices.Sort(of)
	of = of[len(of)/4 : len(of)-len(of)/4]
	for _, d := range of {
		mean += d
	}
	return mean / time.Duration(len(of))
}
