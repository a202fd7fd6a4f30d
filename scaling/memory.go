package scaling

import (
	"slices"
	"time"

	"github.com/kscope/kscope"
)

// Memory is what the HPA controller remembers of one HPA between syncs and
// shows to nobody. The zero Memory is that of an HPA not yet seen.
type Memory struct {
	recs       []recommendation
	ups, downs []step
}

// recommendation is what an HPA's metrics asked for at one sync.
type recommendation struct {
	at       time.Time
	replicas int32
}

// step is one rescale by an HPA with a behavior, as it counts against the
// policies.
type step struct {
	at     time.Time
	change int32 // how many pods, always positive
}

// Clone is a copy that shares nothing.
func (m Memory) Clone() Memory {
	return Memory{slices.Clone(m.recs), slices.Clone(m.ups), slices.Clone(m.downs)}
}

// grow makes room for so many recommendations.
func (m *Memory) grow(n int) {
	if more := n - len(m.recs); more > 0 {
		m.recs = slices.Grow(m.recs, more)
	}
}

// Len is how many things it holds.
func (m *Memory) Len() int { return len(m.recs) + len(m.ups) + len(m.downs) }

// Meet notes the replicas at the first sight of an HPA, as if its metrics had
// asked for them; later it does nothing.
func (m *Memory) Meet(now time.Time, current int32) {
	if len(m.recs) == 0 {
		m.recs = append(m.recs, recommendation{now, current})
	}
}

// Asked notes that the metrics asked for so many replicas at a time, for whoever did
// not see it happen.
func (m *Memory) Asked(at time.Time, replicas int32) {
	m.recs = append(m.recs, recommendation{at, replicas})
}

// remember keeps a recommendation in the place of one that has expired, or in
// a new one.
func (m *Memory) remember(expired int, r recommendation) {
	if expired >= 0 {
		m.recs[expired] = r
		return
	}
	m.recs = append(m.recs, r)
}

// Rescaled remembers a rescale by an HPA with a behavior. It takes the place
// of the last step older than any policy of its direction, if there is one:
// the controller overwrites and never prunes, so steps can be seen longer
// than their own direction needs them. (storeScaleEvent)
func (m *Memory) Rescaled(now time.Time, b *kscope.Behavior, from, to int32) {
	if b == nil {
		return
	}
	list, policies, change := &m.ups, b.Up.Policies, to-from
	if to < from {
		list, policies, change = &m.downs, b.Down.Policies, from-to
	}
	var longest time.Duration
	for _, p := range policies {
		longest = max(longest, p.Period)
	}
	replace := -1
	for i, s := range *list {
		if s.at.Before(now.Add(-longest)) {
			replace = i
		}
	}
	if replace >= 0 {
		(*list)[replace] = step{now, change}
		return
	}
	*list = append(*list, step{now, change})
}

// start is the count at the beginning of a period, as far as the HPA's own
// rescales tell.
func (m *Memory) start(now time.Time, period time.Duration, current int32) int32 {
	return current - changed(now, period, m.ups) + changed(now, period, m.downs)
}

func changed(now time.Time, period time.Duration, steps []step) int32 {
	var n int32
	for _, s := range steps {
		if s.at.After(now.Add(-period)) {
			n += s.change
		}
	}
	return n
}
