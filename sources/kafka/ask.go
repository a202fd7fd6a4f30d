package kafka

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

// ask is what one trigger asks for.
type ask struct {
	typ, group string
	named      []string // topics; none for those of the group
	limits     limits
	rules      rules
	err        error

	topics     []string // that the group reads
	everything bool     // KEDA counts every topic of the cluster
	all        []partition
}

func askOf(p triggers.Parameters) ask {
	a := ask{typ: p.Type, group: p.Text("consumerGroup"), rules: rulesOf(p)}
	if topic := p.Text("topic"); p.Type == "apache-kafka" {
		a.named = p.List("topic")
	} else if topic != "" {
		a.named = []string{topic}
	}
	if a.named != nil {
		var ok bool
		if a.limits, ok = limitsOf(p.Text("partitionLimitation")); !ok {
			a.err = &kscope.Trouble{Message: "the partitionLimitation names no partitions", Hint: "write them as 1,2,10-20"}
		}
	}
	if a.rules.Threshold < 1 {
		a.err = &kscope.Trouble{Message: "the lagThreshold is no positive number", Hint: "KEDA takes none but those, and 10 where it is left out"}
	}
	return a
}

// find says which topics the group reads: those named, or without any those that it has
// committed to, and is given partitions of. Without a name the scaler of apache-kafka
// counts every topic that there is, as that of kafka does until the first commit.
func (a *ask) find(l *look) {
	commits, group := l.commits[a.group], l.groups[a.group]
	a.topics = a.named
	if a.err == nil && commits.Err != nil {
		a.err = &of{"group", a.group, commits.Err}
	}
	if a.err != nil || a.named != nil {
		return
	}
	topics := slices.Collect(maps.Keys(commits.Fetched))
	if a.everything = a.typ == "apache-kafka" || len(topics) == 0; a.everything {
		topics = append(topics, group.topics...)
	}
	slices.Sort(topics)
	a.topics = slices.Compact(topics)
	switch {
	case a.typ == "apache-kafka" && group.known && group.members == 0:
		a.err = &kscope.Trouble{Message: "the group " + a.group + " has no members, and the trigger names no topic: KEDA measures nothing then", Hint: "name the topic in the trigger, else it never wakes from zero"}
	case a.typ == "apache-kafka" && group.unread:
		a.err = &kscope.Trouble{Message: "KEDA takes the members of the group " + a.group + " for none, and the trigger names no topic: it measures nothing", Hint: "name the topic in the trigger: without one its scaler reads no members of newer clients"}
	case len(topics) == 0:
		a.err = &kscope.Trouble{Message: "what the group " + a.group + " reads is not known: it has committed nothing, and the trigger names no topic", Hint: "name the topic in the trigger; until a commit KEDA counts every topic of the cluster"}
	}
}

// spread makes the partitions, with their commits, and gives those whose ends have to
// be known: all that have a commit, or are read from the start without.
func (a *ask) spread(l *look) (ends []place) {
	if a.err != nil {
		return nil
	}
	counted := a.topics
	if a.everything {
		counted = slices.Sorted(maps.Keys(l.topics))
	}
	for _, name := range counted {
		topic := l.topics[name]
		if topic.err != nil && slices.Contains(a.topics, name) && !a.absent(topic) {
			a.err = &of{"topic", name, topic.err}
			return nil
		}
		for _, id := range topic.partitions {
			if !a.limits.has(id) {
				continue
			}
			at := place{name, id}
			p := partition{place: at, start: none, end: none, committed: none, other: !slices.Contains(a.topics, name)}
			if commit, ok := l.commits[a.group].Fetched.Lookup(name, id); ok {
				if p.committed = commit.At; commit.Err != nil {
					a.err = &of{"topic", name, commit.Err}
					return nil
				}
			}
			if p.committed != none || a.rules.earliest {
				ends = append(ends, at)
			}
			a.all = append(a.all, p)
		}
	}
	if len(a.all) == 0 && a.typ == "kafka" {
		a.err = &kscope.Trouble{Message: "the topic " + strings.Join(a.topics, ", ") + " has none of the partitions that the trigger counts", Hint: "check its partitionLimitation"}
	}
	return ends
}

// absent reports whether a topic is not there, and KEDA does not mind.
func (a *ask) absent(t topic) bool {
	return a.typ == "apache-kafka" && errors.Is(t.err, kerr.UnknownTopicOrPartition)
}

// lagging sets the ends, and gives the partitions whose starts have to be known: where
// something waits, retention may have deleted some of it.
func (a *ask) lagging(l *look) (starts []place) {
	for i := range a.all {
		p := &a.all[i]
		end, asked := l.ends[p.place]
		if !asked {
			continue
		}
		if end.err != nil {
			a.err = &of{"topic", p.topic, end.err}
			return nil
		}
		if p.end = end.at; p.end > max(p.committed, 0) {
			starts = append(starts, p.place)
		}
	}
	return starts
}
