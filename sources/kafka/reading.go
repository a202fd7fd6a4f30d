package kafka

import (
	"fmt"
	"strings"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/broker"
)

// reading is what came of it.
func (a *ask) reading(l *look) broker.Reading {
	for i := range a.all {
		p := &a.all[i]
		if start, asked := l.starts[p.place]; asked {
			if start.err != nil && a.err == nil {
				a.err = &of{"topic", p.topic, start.err}
			}
			p.start = start.at
		}
	}
	if a.err != nil {
		return broker.Reading{Err: a.err}
	}
	r := broker.Reading{Type: "topic"}
	s := a.sum()
	r.N = float64(s.waiting)
	r.Parts[0] = kscope.Part{Name: "partitions with lag", N: float64(s.lagging)}
	r.Parts[1] = kscope.Part{Name: "in the fullest", N: float64(s.most)}
	next := 2
	for _, part := range []kscope.Part{{Name: "deleted unread", N: float64(s.deleted)}, {Name: "partitions without a commit", N: float64(s.fresh)}} {
		if part.N > 0 {
			r.Parts[next] = part
			next++
		}
	}
	var notes []string
	if group := l.groups[a.group]; group.known {
		notes = append(notes, group.words(s.partitions))
	} else {
		notes = append(notes, many(s.partitions, "partition"))
	}
	if s.lagging > 0 && s.partitions > 1 {
		notes = append(notes, "most in "+a.shown(s.fullest))
	}
	if s.fresh > 0 {
		from := "the end"
		if a.rules.earliest {
			from = "the start"
		}
		notes = append(notes, fmt.Sprintf("no commit on %d, read from %s", s.fresh, from))
	}
	if s.beyond > 0 {
		notes = append(notes, fmt.Sprintf("the commit is beyond the end on %d", s.beyond))
	}
	for _, name := range a.topics {
		if a.absent(l.topics[name]) {
			notes = append(notes, "no topic "+name)
		}
	}
	if len(a.topics) > 0 && s.partitions == 0 {
		r.Type = "none"
	}
	r.Note = strings.Join(notes, "; ")
	r.Scaled = a.scaled(s)
	return r
}

// sums are what partitions come to.
type sums struct {
	partitions, lagging, fresh, beyond int64 // of the group's
	waiting, most, deleted             int64 // messages
	counted                            int64 // by KEDA, before it caps
	fullest                            place
}

func (a *ask) sum() (s sums) {
	for _, p := range a.all {
		s.counted += p.counts(a.rules)
		if p.other {
			continue
		}
		s.partitions++
		waits := p.waits(a.rules)
		s.waiting += waits
		if waits > 0 {
			s.lagging++
		}
		if waits > s.most {
			s.most, s.fullest = waits, p.place
		}
		switch {
		case p.committed == none:
			s.fresh++
		case p.committed > p.end:
			s.beyond++
		default:
			s.deleted += max(0, min(p.start, p.end)-p.committed)
		}
	}
	return s
}

// scaled is what KEDA makes of it, where that differs.
func (a *ask) scaled(s sums) kscope.Scaled {
	n := scaled(a.all, a.rules)
	var how []string
	switch {
	case n.how != "":
		how = append(how, n.how)
	case a.everything && len(a.all) > int(s.partitions):
		how = append(how, "every topic of the cluster")
	case s.counted != s.waiting && s.deleted > 0:
		how = append(how, "with what was deleted unread")
	case s.counted != s.waiting && s.fresh > 0 && a.rules.zero:
		how = append(how, "0 for each partition without a commit")
	case s.counted != s.waiting && s.fresh > 0:
		how = append(how, "1 for each partition without a commit")
	case s.counted != s.waiting:
		how = append(how, "less where the commit is beyond the end")
	}
	if a.rules.moving && n.metric > 0 {
		how = append([]string{"at most, without what stands still"}, how...)
	}
	if len(how) == 0 {
		return kscope.Scaled{Cap: float64(n.most)}
	}
	out := kscope.Scaled{Is: true, N: float64(n.metric), Active: float64(n.active), How: strings.Join(how, ": ")}
	if n.how != "" { // else it is not the backlog that is bounded
		out.Cap = float64(n.most)
	}
	return out
}

// shown names a partition, and its topic where there are several.
func (a *ask) shown(p place) string {
	if len(a.topics) == 1 {
		return fmt.Sprintf("partition %d", p.id)
	}
	return fmt.Sprintf("%s %d", p.topic, p.id)
}

// words say who reads so many partitions.
func (g group) words(partitions int64) string {
	said := many(g.members, "member") + " on " + many(partitions, "partition")
	switch {
	case g.state == "Dead":
		return many(partitions, "partition") + ", the group has no members yet"
	case g.members == 0:
		return "no members on " + many(partitions, "partition")
	case g.state != "Stable":
		return said + ", the group is rebalancing"
	case g.members > partitions:
		return said + fmt.Sprintf(", so %d idle", g.members-partitions)
	}
	return said
}
