package outlook

import (
	"time"

	"github.com/kscope/kscope/load"
	"github.com/kscope/kscope/store"
)

// ownLoad is a load from here that has jobs to come: they come as its profile says.
type ownLoad struct {
	load.Profile
	elapsed time.Duration
}

func loadsInto(r *store.Reading) (out []ownLoad) {
	for i := range r.Feeds {
		if p, err := load.ParseProfile(r.Feeds[i].Profile); err == nil {
			out = append(out, ownLoad{p, r.Feeds[i].Elapsed})
		}
	}
	return out
}

// left is about how long a load goes on, at most as far as is looked ahead.
func (l ownLoad) left() time.Duration {
	for d := time.Second; d < farthest; d += d / 8 {
		if l.Done(l.elapsed + d) {
			return d
		}
	}
	return farthest
}

// arrivals is how many jobs have come so long from now, at a rate and by loads. A load
// is asked once for each second, since chance takes time to work out, and all plays
// ask again; in between its jobs come evenly.
func arrivals(in float64, loads []ownLoad) func(time.Duration) float64 {
	var byThen []float64 // by so many seconds
	already := 0.0
	for _, l := range loads {
		already += float64(l.Due(l.elapsed))
	}
	after := func(seconds int) float64 {
		for len(byThen) <= seconds {
			n := -already
			for _, l := range loads {
				n += float64(l.Due(l.elapsed + time.Duration(len(byThen))*time.Second))
			}
			byThen = append(byThen, n)
		}
		return byThen[seconds]
	}
	return func(since time.Duration) float64 {
		n := in * since.Seconds()
		if whole := int(since / time.Second); len(loads) > 0 {
			before, part := after(whole), (since % time.Second).Seconds()
			n += before + (after(whole+1)-before)*part
		}
		return n
	}
}
