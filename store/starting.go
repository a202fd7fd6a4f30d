package store

import (
	"slices"
	"sort"
	"time"

	"github.com/kscope/kscope"
)

// Starting is how the pods of a workload come to run, as far as that was seen.
type Starting struct {
	// Usual is how long they take from being created to being ready: the median of
	// the last ones, 0 while fewer than three are known.
	Usual time.Duration
	// Since is since when the pod has been there that waits longest to be ready; the
	// zero time if none does.
	Since    time.Time
	Nodeless int // that have waited for a node for a while
	// Again are those that do not fail now and did a moment ago, for a container that
	// keeps ending runs in between; so many of them are ready. Ailed is one of them as
	// it was, nil for none.
	Again, AgainReady int
	Ailed             *kscope.Pod
}

const (
	// startsKept is how many of the last starts count.
	startsKept = 16
	// placing is how long it may take to find a node for a pod where there is room.
	placing = 2 * time.Second
	// recovers is how long a pod that was failing must have been well to be taken for
	// that.
	recovers = 10 * time.Second
)

// starts are how long the last pods took to start, in milliseconds.
type starts struct {
	took [startsKept]int32
	n    int // of all
}

func (x *starts) add(d time.Duration) {
	x.took[x.n%startsKept] = int32(min(d, 24*time.Hour) / time.Millisecond)
	x.n++
}

// usual is the median, least and most are the shortest and the longest.
func (x *starts) usual() time.Duration {
	return x.from(func(took []int32) int32 { slices.Sort(took); return took[len(took)/2] })
}

func (x *starts) least() time.Duration { return x.from(slices.Min[[]int32]) }

func (x *starts) most() time.Duration { return x.from(slices.Max[[]int32]) }

// from is what is made of them, 0 while fewer than three are known.
func (x *starts) from(pick func([]int32) int32) time.Duration {
	if x.n < 3 {
		return 0
	}
	all := x.took // a copy
	return time.Duration(pick(all[:min(x.n, startsKept)])) * time.Millisecond
}

// thereSince is since when a pod that is seen for the first time has been there, by
// the clock of the stream: since it was created, where that was long before.
func thereSince(at time.Time, f *kscope.Pod) int64 {
	if !f.Created.IsZero() && at.Sub(f.Created) > time.Minute {
		return nano(f.Created)
	}
	return nano(at)
}

// become is a newer state of a pod, or another pod of the same name.
func (p *pod) become(at time.Time, f *kscope.Pod) {
	was, now := p.State(), f.State()
	if p.UID != f.UID {
		p.first, p.since, p.failed, p.ailed, p.timed, p.came = thereSince(at, f), nano(at), 0, nil, false, 0
		was = now
	}
	if was != now {
		p.since = nano(at)
	}
	if was == kscope.PodFailing {
		p.failed, p.ailed = nano(at), p.Pod
	}
	p.Pod, p.at = f, at
	if now == kscope.PodFailing {
		p.failed, p.ailed = nano(at), f
	}
	p.start()
}

// start notes what its workload keeps of a pod, once that is known: how long it took
// to start, of which by one that was restarted nothing can be told.
func (p *pod) start() {
	w := p.owner
	if w == nil {
		return
	}
	w.failed = max(w.failed, p.failed)
	if p.timed || !p.Ready || p.ReadySince.IsZero() || p.Created.IsZero() {
		return
	}
	p.timed = true
	if took := p.ReadySince.Sub(p.Created); took >= 0 && p.Restarts == 0 {
		w.starts.add(took)
	}
}

// relapsed reports whether a pod that does not fail now did a moment ago.
func (p *pod) relapsed(now int64) bool {
	return p.failed > 0 && p.State() != kscope.PodFailing && now-p.failed < int64(recovers)
}

// starting is how the pods of a workload are doing.
func (w *workload) starting(at time.Time) (out Starting) {
	out.Usual = w.starts.usual()
	now, soon := nano(at), w.failed > 0 && nano(at)-w.failed < int64(recovers)
	if !soon && w.counts[kscope.PodPending]+w.counts[kscope.PodStarting] == 0 {
		return out
	}
	first := int64(0)
	for _, p := range w.pods {
		state := p.State()
		if soon && state <= kscope.PodPending && p.relapsed(now) {
			out.Again++
			if state == kscope.PodReady {
				out.AgainReady++
			}
			if out.Ailed == nil || p.ailed.Ref.Less(out.Ailed.Ref) {
				was := *p.ailed
				out.Ailed = &was
			}
		} else if state == kscope.PodPending && now-p.since >= int64(placing) {
			out.Nodeless++
		}
		if (state == kscope.PodPending || state == kscope.PodStarting) && (first == 0 || p.first < first) {
			first = p.first
		}
	}
	if first != 0 {
		out.Since = time.Unix(0, first).In(at.Location())
	}
	return out
}

// list gives a workload's pods, oldest first, so that each keeps its place in
// the lane while others come and go.
func (w *workload) list() []kscope.Pod {
	out := make([]kscope.Pod, 0, len(w.pods))
	for _, p := range w.pods {
		out = append(out, *p.Pod)
	}
	sort.Slice(out, func(i, j int) bool {
		if !out[i].Created.Equal(out[j].Created) {
			return out[i].Created.Before(out[j].Created)
		}
		return out[i].Ref.Name < out[j].Ref.Name
	})
	return out
}

// ailing finds an example of the pods that fail: the one whose name comes first
// among those with the reason that most of them have.
func (w *workload) ailing() *kscope.Pod {
	if w.counts[kscope.PodFailing] == 0 {
		return nil
	}
	times, found := map[string]int{}, (*kscope.Pod)(nil)
	for _, p := range w.pods {
		if p.State() == kscope.PodFailing {
			times[p.Reason]++
		}
	}
	for _, p := range w.pods {
		if p.State() != kscope.PodFailing {
			continue
		}
		if found == nil || times[p.Reason] > times[found.Reason] || times[p.Reason] == times[found.Reason] &&
			(p.Reason < found.Reason || p.Reason == found.Reason && p.Ref.Less(found.Ref)) {
			one := *p.Pod
			found = &one
		}
	}
	return found
}
