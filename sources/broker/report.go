package broker

import (
	"maps"
	"slices"
	"time"

	"github.com/kscope/kscope"
)

// group is the backlogs at one server, with what was last said about it.
type group struct {
	broker  string
	server  string
	first   int // of its backlogs, in the ask
	queues  []kscope.Backlog
	status  kscope.Status
	card    kscope.Connection // as last said
	changed bool              // the backlogs are not those that were last reported on
	said    []kscope.Depth
	now     []kscope.Depth // of this measurement
	silent  int            // measurements since then that brought nothing new
}

// repeatEvery is how many measurements in a row may find the same numbers
// before they are told again: a reader that is woken four times a second to
// learn nothing is most of what an idle screen costs.
const repeatEvery = 4

// longPause is from which time between two measurements on each is told, be it new or not:
// what is told is believed until the next.
const longPause = time.Second

// adopt takes over the plan that follow was told of, keeping what is known
// about the servers that stay.
func (p *poller) adopt() {
	p.mu.Lock()
	next, fresh := p.plan, p.fresh
	p.fresh = false
	p.mu.Unlock()
	if !fresh {
		return
	}
	old := p.groups
	p.groups = nil
	for _, g := range old {
		if next.groups[g.server] == nil {
			p.emit(kscope.Gone{Kind: kscope.Queues, Ref: kscope.Ref{Name: g.server}})
		} else {
			p.groups = append(p.groups, g)
		}
	}
	p.ask = &Ask{Trigger: next.trigger, Metadata: next.metadata, Alone: next.alone}
	for _, server := range slices.Sorted(maps.Keys(next.groups)) {
		i := slices.IndexFunc(p.groups, func(g *group) bool { return g.server == server })
		if i < 0 {
			i = len(p.groups)
			p.groups = append(p.groups, &group{broker: next.first().Broker, server: server})
			p.say(p.groups[i], kscope.Status{State: kscope.Connecting})
		}
		g, queues := p.groups[i], next.groups[server]
		g.changed = g.changed || !slices.Equal(g.queues, queues)
		g.first, g.queues = len(p.ask.Backlogs), queues
		p.ask.Backlogs = append(p.ask.Backlogs, queues...)
		for _, q := range queues {
			p.ask.Triggers = append(p.ask.Triggers, next.triggers[q])
		}
	}
	p.readings = make([]Reading, len(p.ask.Backlogs))
}

// report emits what a tick brought for a group and tells whether it brought
// anything. A failure is told once, then again only if it changes.
func (p *poller) report(g *group, rtt time.Duration, err error) (answered bool) {
	g.now = slices.Grow(g.now[:0], len(g.queues))[:len(g.queues)]
	clear(g.now)
	all, refusal := g.now, err
	for i, q := range g.queues {
		d, r := &all[i], &p.readings[g.first+i]
		d.Backlog = q
		switch {
		case err != nil:
		case r.Err != nil:
			d.Err, _ = r.Err.Error(), kscope.HintOf(r.Err)
			if r.Own {
				answered = true
			} else if refusal == nil {
				refusal = r.Err
			}
		default:
			answered = true
			d.N, d.Type, d.Elsewhere = r.N, r.Type, r.Elsewhere
			d.Scaled, d.Parts, d.Note, d.Sampled = r.Scaled, r.Parts, kscope.Clean(r.Note), r.Sampled
		}
	}
	status := kscope.Status{State: kscope.Synced}
	if !answered {
		status.State = kscope.Failing
		status.Message, status.Hint = refusal.Error(), kscope.HintOf(refusal)
		for i := range all {
			if all[i].Err == "" {
				all[i].Err = status.Message
			}
		}
		if !g.changed && g.status.State == status.State && g.status.Message == status.Message {
			return false
		}
	}
	if g.silent++; !g.changed && g.silent < repeatEvery && p.every <= longPause && g.status.State == status.State && slices.Equal(all, g.said) {
		return answered
	}
	all = slices.Clone(all) // those who are told keep it
	g.changed, g.said, g.silent = false, all, 0
	// The numbers first: whoever draws at the first news draws these.
	p.emit(kscope.Depths{Server: g.server, RTT: rtt, Every: p.seldom(), All: all})
	p.say(g, status)
	return answered
}

// seldom is how long after a look the next follows, where that is long.
func (p *poller) seldom() time.Duration {
	if p.every < time.Minute {
		return 0
	}
	return p.every
}

// say emits a status of a group if it is new.
func (p *poller) say(g *group, s kscope.Status) {
	s.Kind, s.Broker, s.Name = kscope.Queues, g.broker, g.server
	if s != g.status {
		g.status = s
		p.emit(s)
	}
}
