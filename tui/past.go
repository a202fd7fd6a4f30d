package tui

import (
	"math"
	"strconv"

	"github.com/kscope/kscope"
)

// linksThen is the chain at an earlier moment, from what was recorded: the
// three numbers, and what the timeline tells of KEDA and the HPA.
func (p picture) linksThen() [5]kscope.Link {
	ls := p.Links
	for i := range ls {
		ls[i] = kscope.Link{Name: ls[i].Name, Value: "?", Word: "not recorded"}
	}
	depth, ready, desired := p.depth(), p.ready(), p.desired()
	if !math.IsNaN(depth) {
		ls[kscope.LinkQueue] = kscope.Link{Name: ls[0].Name, Value: kscope.FormatCount(depth), State: kscope.LinkOK, Word: "had work"}
		if depth == 0 {
			ls[kscope.LinkQueue].State, ls[kscope.LinkQueue].Word = kscope.LinkIdle, "was empty"
		}
	}
	for _, e := range p.log {
		keda, hpa := &ls[kscope.LinkKEDA], &ls[kscope.LinkHPA]
		switch {
		case e.Kind == kscope.Active, e.Kind == kscope.Scaled && e.Actor == kscope.KEDA && e.Up():
			keda.Value, keda.State, keda.Word = "active", kscope.LinkOK, "was active"
		case e.Kind == kscope.Inactive, e.Kind == kscope.Scaled && e.Actor == kscope.KEDA:
			keda.Value, keda.State, keda.Word = "inactive", kscope.LinkIdle, "was inactive"
		case e.Kind == kscope.Scaled && e.Actor == kscope.TheHPA:
			hpa.Value, hpa.State, hpa.Word = "wants "+strconv.Itoa(int(e.To)), kscope.LinkOK, "had asked"
		}
		if e.Kind == kscope.Scaled && e.To == 0 {
			hpa.Value, hpa.State, hpa.Word = "resting", kscope.LinkIdle, "was resting"
		}
	}
	if !math.IsNaN(desired) {
		w := &ls[kscope.LinkWorkload]
		w.Value, w.State, w.Word = kscope.FormatCount(desired), kscope.LinkOK, "were wanted"
		if desired == 0 {
			w.State = kscope.LinkIdle
		}
	}
	if !math.IsNaN(ready) {
		l := &ls[kscope.LinkPods]
		l.Value, l.State, l.Word = kscope.FormatCount(ready)+" ready", kscope.LinkOK, "all ready"
		switch {
		case ready < desired:
			l.State, l.Word = kscope.LinkWorking, "starting"
		case ready == 0:
			l.State, l.Word = kscope.LinkIdle, "none"
		}
	}
	return ls
}
