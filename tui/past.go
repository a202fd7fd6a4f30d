package tui

import (
	"math"
	"strconv"

	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/words"
)

// linksThen is the chain at an earlier moment, from what was recorded: the
// three numbers, and what the timeline tells of KEDA and the HPA.
func (p picture) linksThen() [5]explain.Link {
	ls := p.Links
	for i := range ls {
		ls[i] = explain.Link{Name: ls[i].Name, Value: "?", Word: "not recorded"}
	}
	depth, ready, desired := p.depth(), p.ready(), p.desired()
	if !math.IsNaN(depth) {
		ls[explain.LinkQueue] = explain.Link{Name: ls[0].Name, Value: words.Count(depth), State: explain.LinkOK, Word: "had work"}
		if depth == 0 {
			ls[explain.LinkQueue].State, ls[explain.LinkQueue].Word = explain.LinkIdle, "was empty"
		}
	}
	for _, e := range p.log {
		keda, hpa := &ls[explain.LinkKEDA], &ls[explain.LinkHPA]
		switch {
		case e.Kind == store.Active, e.Kind == store.Scaled && e.Actor == store.KEDA && e.Up():
			keda.Value, keda.State, keda.Word = "active", explain.LinkOK, "was active"
		case e.Kind == store.Inactive, e.Kind == store.Scaled && e.Actor == store.KEDA:
			keda.Value, keda.State, keda.Word = "inactive", explain.LinkIdle, "was inactive"
		case e.Kind == store.Scaled && e.Actor == store.TheHPA:
			hpa.Value, hpa.State, hpa.Word = "wants "+strconv.Itoa(int(e.To)), explain.LinkOK, "had asked"
		}
		if e.Kind == store.Scaled && e.To == 0 {
			hpa.Value, hpa.State, hpa.Word = "resting", explain.LinkIdle, "was resting"
		}
	}
	if !math.IsNaN(desired) {
		w := &ls[explain.LinkWorkload]
		w.Value, w.State, w.Word = words.Count(desired), explain.LinkOK, "were wanted"
		if desired == 0 {
			w.State = explain.LinkIdle
		}
	}
	if !math.IsNaN(ready) {
		l := &ls[explain.LinkPods]
		l.Value, l.State, l.Word = words.Count(ready)+" ready", explain.LinkOK, "all ready"
		switch {
		case ready < desired:
			l.State, l.Word = explain.LinkWorking, "starting"
		case ready == 0:
			l.State, l.Word = explain.LinkIdle, "none"
		}
	}
	return ls
}
