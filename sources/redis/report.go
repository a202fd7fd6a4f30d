package redis

import (
	"maps"
	"slices"
	"time"

	"github.com/kscope/kscope"
)

// group is the queues at one address, with what was last said about it.
type group struct {
	address string
	gauges  []*gauge
	status  kscope.Status
	card    kscope.Connection // as last said
	changed bool              // the queues are not those that were last reported on
	said    []kscope.Depth
	silent  int // measurements since then that brought nothing new
}

// repeatEvery is how many measurements in a row may find the same numbers
// before they are told again: a reader that is woken four times a second to
// learn nothing is most of what an idle screen costs.
const repeatEvery = 4

// adopt takes over the queues that follow was told of, keeping what is known
// about those that stay.
func (p *poller) adopt() {
	p.mu.Lock()
	next, fresh := p.plan.groups, p.fresh
	p.fresh = false
	p.mu.Unlock()
	if !fresh {
		return
	}
	known := map[kscope.Queue]*gauge{}
	for _, g := range p.gauges.all {
		known[g.queue] = g
	}
	p.gauges.all = nil
	old := p.groups
	p.groups = nil
	for _, g := range old {
		if next[g.address] == nil {
			p.emit(kscope.Gone{Kind: kscope.Queues, Ref: kscope.Ref{Name: g.address}})
		} else {
			p.groups = append(p.groups, g)
		}
	}
	for _, address := range slices.Sorted(maps.Keys(next)) {
		i := slices.IndexFunc(p.groups, func(g *group) bool { return g.address == address })
		if i < 0 {
			i = len(p.groups)
			p.groups = append(p.groups, &group{address: address})
			p.say(p.groups[i], kscope.Status{State: kscope.Connecting})
		}
		p.fill(p.groups[i], next[address], known)
	}
	slices.SortStableFunc(p.gauges.all, func(a, b *gauge) int { return a.db - b.db })
	if n := len(p.gauges.all); n > 0 && (p.gauges.all[0].db != 0 || p.gauges.all[n-1].db != 0) {
		p.gauges.selects = true
	}
}

func (p *poller) fill(g *group, queues []kscope.Queue, known map[kscope.Queue]*gauge) {
	same := len(queues) == len(g.gauges)
	now := make([]*gauge, len(queues))
	for i, q := range queues {
		if now[i] = known[q]; now[i] == nil {
			now[i] = newGauge(q, p.server.db(q.DB))
		}
		same = same && now[i] == g.gauges[i]
	}
	g.gauges, g.changed = now, g.changed || !same
	p.gauges.all = append(p.gauges.all, now...)
}

// report emits what a tick brought for a group and tells whether it brought
// anything. A failure is told once, then again only if it changes.
func (p *poller) report(g *group, rtt time.Duration, err error) (answered bool) {
	all := make([]kscope.Depth, len(g.gauges))
	var refusal error
	for i, gg := range g.gauges {
		d := &all[i]
		d.Queue = gg.queue
		switch {
		case err != nil:
			refusal = err
		case gg.err != nil:
			d.Err, _ = p.explain(gg.err)
			if gg.answered() {
				answered = true
			} else if refusal == nil {
				refusal = gg.err
			}
		default:
			answered = true
			d.N, d.Type = gg.n, gg.typ
			if d.N == 0 && gg.queue.Measure == kscope.Size {
				d.Type = "none"
			}
		}
	}
	status := kscope.Status{State: kscope.Synced}
	if !answered {
		status.State = kscope.Failing
		status.Message, status.Hint = p.explain(refusal)
		for i := range all {
			if all[i].Err == "" {
				all[i].Err = status.Message
			}
		}
		if !g.changed && g.status.State == status.State && g.status.Message == status.Message {
			return false
		}
	}
	if g.silent++; !g.changed && g.silent < repeatEvery && g.status.State == status.State && slices.Equal(all, g.said) {
		return answered
	}
	g.changed, g.said, g.silent = false, all, 0
	// The numbers first: whoever draws at the first news draws these.
	p.emit(kscope.Depths{Address: g.address, RTT: rtt, All: all})
	p.say(g, status)
	return answered
}

func (p *poller) explain(err error) (message, hint string) {
	at := p.at
	if at.Address == "" {
		at = p.server
	}
	return explain(err, at, p.override)
}

// say emits a status of a group if it is new.
func (p *poller) say(g *group, s kscope.Status) {
	s.Kind, s.Name = kscope.Queues, g.address
	if s != g.status {
		g.status = s
		p.emit(s)
	}
}
