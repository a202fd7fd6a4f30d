package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// Read folds a stream until it has told all that it has to tell for now: at least
// least, since some troubles show only with time, and most at most.
func Read(in <-chan []kscope.Observation, least, most time.Duration) *store.Store {
	s := store.New()
	enough, over, early := time.After(least), time.After(most), true
	for {
		select {
		case batch, open := <-in:
			if !open {
				return s
			}
			s.Apply(batch...)
			if !early && told(s) {
				return s
			}
		case <-enough:
			early = false
		case <-over:
			return s
		}
	}
}

// watched are the kinds of which something must have been heard.
var watched = []kscope.Kind{kscope.ScaledObjects, kscope.ScaledJobs, kscope.HPAs, kscope.Deployments, kscope.StatefulSets, kscope.Pods, kscope.Events}

// told reports whether every source has said what there is, or that it cannot.
func told(s *store.Store) bool {
	heard := map[kscope.Kind]bool{}
	for _, st := range s.Statuses() {
		if st.State == kscope.Connecting {
			return false
		}
		heard[st.Kind] = true
	}
	if slices.ContainsFunc(watched, func(k kscope.Kind) bool { return !heard[k] }) {
		return false
	}
	for _, id := range s.Objects() {
		c, ok := s.Chain(id)
		if c.ScaledJob != nil && !heard[kscope.Jobs] {
			return false
		}
		for i := range c.Readings {
			if r := &c.Readings[i]; ok && r.Trigger.Backlog != nil && !r.Known && r.Err == "" {
				return false
			}
		}
	}
	return true
}

// NeedsOf is what the objects of a store make use of.
func NeedsOf(s *store.Store) Needs {
	var n Needs
	for _, id := range s.Objects() {
		c, ok := s.Chain(id)
		if !ok {
			continue
		}
		n.Jobs = n.Jobs || c.ScaledJob != nil
		n.External = n.External || c.ID.Kind == kscope.ScaledObjects
		n.Resource = n.Resource || c.HPA != nil && slices.ContainsFunc(c.HPA.Metrics, func(m kscope.Metric) bool {
			return m.Type == "Resource" || m.Type == "ContainerResource"
		})
	}
	return n
}

// Objects judges what was seen: each object's findings, each server of queues, and
// what could not be watched.
func Objects(s *store.Store) []Check {
	var out []Check
	well, all := 0, s.Objects()
	for _, id := range all {
		p, ok := explain.Look(s, id)
		if !ok {
			continue
		}
		for _, x := range p.Findings {
			out = append(out, finding(id, x))
		}
		for _, x := range p.Notes() {
			note := finding(id, x)
			note.State = Note
			out = append(out, note)
		}
		switch {
		case len(p.Findings) > 0:
		case p.Phase == explain.Looking:
			out = append(out, Check{ID: "notKnown", About: name(id), State: Unknown, Says: p.Why, Next: p.Next})
		default:
			well++
		}
	}
	for _, l := range explain.LeftAtZero(s) {
		c := finding(kscope.ID{Kind: kscope.ScaledObjects, Ref: l.Ref}, l.Finding)
		c.About, c.State = l.Kind+" "+l.Ref.String(), Note
		out = append(out, c)
	}
	switch {
	case len(all) == 0 && missing(s):
	case len(all) == 0:
		out = append(out, Check{ID: "objects", About: "objects", State: Good, Says: "Nothing here scales: there is no ScaledObject, no ScaledJob and no HPA."})
	case well == len(all):
		out = append(out, Check{ID: "objects", About: "objects", State: Good, Says: fmt.Sprintf("Nothing is found to be wrong with %s.", words.Plural(well, "object"))})
	case well > 0:
		out = append(out, Check{ID: "objects", About: "objects", State: Good, Says: fmt.Sprintf("Nothing is found to be wrong with %d of %s.", well, words.Plural(len(all), "object"))})
	}
	return append(out, sources(s)...)
}

// missing reports whether the namespace that is watched does not exist.
func missing(s *store.Store) bool {
	return slices.ContainsFunc(s.Statuses(), func(st store.SourceStatus) bool {
		return st.Kind == kscope.Namespaces && st.State == kscope.Absent
	})
}

// name is an object in words, with its kind where that is not a ScaledObject.
func name(id kscope.ID) string {
	switch id.Kind {
	case kscope.ScaledJobs:
		return "ScaledJob " + id.String()
	case kscope.HPAs:
		return "HPA " + id.String()
	}
	return id.String()
}

func finding(id kscope.ID, x explain.Finding) Check {
	c := Check{ID: x.Rule, About: name(id), State: Bad, Says: x.Says, Next: x.Next, Of: x.Of}
	for _, e := range x.Evidence {
		c.Evidence = append(c.Evidence, Evidence{Object: e.Object, Field: e.Field, Value: e.Value, Since: since(e.Since)})
	}
	if x.Move.Command != "" {
		c.Do = []Move{{x.Move.Command, x.Move.Effect}}
	}
	return c
}

// sources is how the watches and the servers of queues are doing.
func sources(s *store.Store) []Check {
	queues := map[string]int{} // by server
	seen := map[kscope.Backlog]bool{}
	for _, id := range s.Objects() {
		c, _ := s.Chain(id)
		for i := range c.Readings {
			if b := c.Readings[i].Trigger.Backlog; b != nil && !seen[*b] {
				seen[*b] = true
				queues[b.Server]++
			}
		}
	}
	var out []Check
	for _, st := range s.Statuses() {
		c := Check{ID: "watch", About: string(st.Kind), State: Unknown, Says: sentence(orElse(st.Message, string(st.State))), Next: capital(st.Hint)}
		if st.Kind == kscope.Queues && st.Name != "" {
			c.ID, c.About, c.State = "queues", strings.TrimPrefix(st.Name, "redis://"), Warning
			if st.State.Current() {
				c.State, c.Says, c.Next = Good, fmt.Sprintf("It answers, for %s.", words.Plural(queues[st.Name], "queue")), ""
			}
		} else if st.Kind == kscope.Namespaces && st.State == kscope.Absent {
			c.ID, c.About, c.State, c.Next = "namespace", "namespace "+st.Name, Bad, ""
			c.Says, c.Do = "It does not exist.", []Move{{"kubectl get namespaces", "It lists those that do."}}
		} else if st.State.Current() || st.State == kscope.Absent {
			continue // that KEDA's kinds are absent is said of the cluster
		}
		out = append(out, c)
	}
	slices.SortStableFunc(out, func(a, b Check) int { return cmp.Compare(a.About, b.About) })
	return out
}

// sentence makes one of a text.
func sentence(s string) string { return capital(strings.TrimRight(s, ". ") + ".") }

// capital is a text that begins with a large letter, unless that may be a name.
func capital(s string) string {
	word, _, _ := strings.Cut(s, " ")
	if word == "" || strings.ContainsAny(word, "./:`\"") {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
