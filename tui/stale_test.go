package tui

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
	"github.com/kscope/kscope/store"
	"github.com/kscope/kscope/tui/screen"
)

// A part of a source, and two things that it may have told before it went
// blind, as unlike as they can be.
type blindable struct {
	name   string
	source string
	kind   kscope.Kind
	server string
	said   [2][]kscope.Fact
}

func blindables() []blindable {
	t := newTale("demo", "worker-scaler")
	ready := func(n int32) *int32 { return &n }
	pods := func(ok bool) (out []kscope.Fact) {
		for i := range 4 {
			p := kscope.Pod{Ref: kscope.Ref{Namespace: "demo", Name: fmt.Sprint("p", i)}, UID: fmt.Sprint("p", i), Labels: map[string]string{"app": "queue-worker"},
				Created: taleStart, Phase: "Running", Scheduled: true, Ready: ok}
			if !ok {
				p.Reason, p.Message, p.Restarts = "CrashLoopBackOff", "back-off 5m0s", 7
			}
			out = append(out, p)
		}
		return out
	}
	work := t.work
	work.Desired, work.Current, work.Ready = 4, 4, ready(4)
	short := work
	short.Desired, short.Current, short.Ready = 9, 6, ready(1)
	short.Conditions = kscope.Conditions{{Type: "ReplicaFailure", Status: "True", Message: "exceeded quota"}}
	web := func(n, of int32) kscope.Workload {
		return kscope.Workload{Ref: theHPA().Ref, Kind: "Deployment", UID: "web", Desired: n, Current: n, Ready: ready(of)}
	}
	wants, stuck := t.hpa, t.hpa
	wants.DesiredReplicas, wants.CurrentReplicas = 4, 4
	wants.Conditions = kscope.Conditions{{Type: "ScalingActive", Status: "True"}, {Type: "AbleToScale", Status: "True"}}
	stuck.Conditions = kscope.Conditions{{Type: "ScalingActive", Status: "False", Reason: "FailedGetExternalMetric", Message: "no metric"}, {Type: "AbleToScale", Status: "False", Reason: "FailedGetScale"}}
	active, refused := t.so, t.so
	active.Conditions = kscope.Conditions{{Type: "Ready", Status: "True"}, {Type: "Active", Status: "True", Reason: "ScalerActive"}}
	active.LastActiveTime = taleStart
	refused.Conditions = kscope.Conditions{{Type: "Ready", Status: "False", Reason: "ScaledObjectCheckFailed", Message: "no"}, {Type: "Fallback", Status: "True"}}
	job, idle := theJob(), theJob()
	idle.Conditions = kscope.Conditions{{Type: "Ready", Status: "False", Reason: "ScaledJobCheckFailed"}}
	plain, broken := theHPA(), theHPA()
	broken.Conditions = kscope.Conditions{{Type: "ScalingActive", Status: "False", Reason: "FailedGetResourceMetric"}}
	depth := func(n float64) []kscope.Fact {
		return []kscope.Fact{kscope.Depths{Server: t.queue.Server, All: []kscope.Depth{{Backlog: t.queue, N: n, Type: "list"}}}}
	}
	event := kscope.Event{UID: "e", Namespace: "demo", Type: "Warning", Reason: "KEDAScalerFailed", Note: "no", Last: taleStart, Count: 1,
		Regarding: kscope.ObjectRef{Kind: "ScaledObject", Namespace: "demo", Name: t.so.Ref.Name}}
	return []blindable{
		{"pods", "k8s", kscope.Pods, "", [2][]kscope.Fact{pods(true), pods(false)}},
		{"deployments", "k8s", kscope.Deployments, "", [2][]kscope.Fact{{work, web(5, 5)}, {short, web(5, 2)}}},
		{"HPAs", "k8s", kscope.HPAs, "", [2][]kscope.Fact{{wants, plain}, {stuck, broken}}},
		{"ScaledObjects", "keda", kscope.ScaledObjects, "", [2][]kscope.Fact{{active}, {refused}}},
		{"ScaledJobs", "keda", kscope.ScaledJobs, "", [2][]kscope.Fact{{job}, {idle}}},
		{"events", "k8s", kscope.Events, "", [2][]kscope.Fact{{}, {event}}},
		{"a queue", "redis", kscope.Queues, t.queue.Server, [2][]kscope.Fact{depth(15), depth(0)}},
	}
}

// went says that a part went blind, in a way.
var went = map[string]func(b blindable) kscope.Status{
	"connecting": func(b blindable) kscope.Status { return b.is(kscope.Connecting) },
	"failing":    func(b blindable) kscope.Status { return b.is(kscope.Failing) },
	"forbidden":  func(b blindable) kscope.Status { return b.is(kscope.Forbidden) },
	"absent":     func(b blindable) kscope.Status { return b.is(kscope.Absent) },
	"source stopped": func(b blindable) kscope.Status {
		return kscope.Status{Kind: kscope.Kind(b.source), State: kscope.Failing}
	},
}

func (b blindable) is(s kscope.State) kscope.Status {
	return kscope.Status{Kind: b.kind, Name: b.server, State: s, Message: "why"}
}

// blinded is a model to which everything was told, and of one part what it said
// before it went blind, two and a half minutes ago, or before it was ever well.
func blinded(b blindable, said int, how string, everWell bool, w, h int) *Model {
	ta := newTale("demo", "worker-scaler")
	say := func(source string, facts ...kscope.Fact) {
		for _, f := range facts {
			ta.out = append(ta.out, kscope.Observation{At: ta.at, Source: source, Fact: f})
			ta.at = ta.at.Add(time.Millisecond)
		}
	}
	for _, other := range blindables() {
		switch {
		case other.name != b.name:
			say(other.source, other.said[0]...)
			say(other.source, other.is(kscope.Synced))
		case everWell:
			say(b.source, b.said[said]...)
			say(b.source, b.is(kscope.Synced))
		default: // what was told before all was seen
			if how == "source stopped" {
				say(b.source, b.is(kscope.Connecting))
			}
			say(b.source, b.said[said]...)
		}
	}
	ta.say(kscope.Depths{Server: reports.Server, All: []kscope.Depth{{Backlog: reports, N: 12, Type: "list"}}})
	if b.kind == kscope.Queues && how == "connecting" {
		ta.at = ta.at.Add(time.Second)
	}
	say(b.source, went[how](b))
	m := tell(ta, w, h)
	for range 150 {
		ta.at = ta.at.Add(time.Second)
		if b.kind != kscope.Queues && ta.at.Second()%10 == 0 { // the others go on
			say("redis", blindables()[6].said[0]...)
		}
		if so := blindables()[3].said[0][0].(kscope.ScaledObject); b.kind != kscope.ScaledObjects && ta.at.Second()%10 == 0 {
			so.LastActiveTime = ta.at
			say("keda", so)
		}
		ta.say(kscope.Heartbeat{})
	}
	m.Update(ta.take())
	return m
}

// ages are the words without which nothing that a blind part told may stand.
var ages = []string{" ago", " old", "ago"}

func aged(line string) bool {
	return slices.ContainsFunc(ages, func(s string) bool { return strings.Contains(line, s) })
}

// blank is a line without what says how old it is.
func blank(line string) string {
	return anAge.ReplaceAllStringFunc(line, func(s string) string { return strings.Repeat(" ", screen.Width(s)) })
}

var anAge = regexp.MustCompile(`[^ ]+( [^ ]+)?, [^ ]+ ago|[^ ]+ ago there were [0-9]+ of [0-9]+|[^ ]+ ago`)

// withoutOld is a text without its sentences that say how old they are.
func withoutOld(s string) string {
	var out []string
	for _, sentence := range strings.SplitAfter(s, ". ") {
		if !aged(sentence) {
			out = append(out, sentence)
		}
	}
	return strings.TrimSpace(strings.Join(out, ""))
}

// conclusions is all that is made of what is known of an object, without what
// gives its age.
func conclusions(t *testing.T, s *store.Store, id kscope.ID) []string {
	p, ok := explain.Look(s, id)
	if !ok {
		t.Fatalf("%v is not there", id)
	}
	out := []string{string(p.Phase), p.Rule, withoutOld(p.Why), withoutOld(p.Next), fmt.Sprint(p.Link, p.Stale, p.Zero)}
	for _, l := range p.Links {
		out = append(out, fmt.Sprint(l.Role, " ", l.Text(), " ", l.State, " ", l.Word))
	}
	for _, e := range explain.Timeline(s, id) {
		if e.Actor == store.Kubelet && e.Kind == store.Trouble { // that pods fail is of the present
			out = append(out, e.Note)
		}
	}
	return append(out, fmt.Sprint(s.Pods(id)))
}

// panesOf draws everything that shows the present, each line alone, but for
// sentences.
func panesOf(m *Model, id kscope.ID) map[string]string {
	out := map[string]string{}
	draw := func(name string, w, h int, f func(c screen.Canvas)) {
		var g screen.Grid
		g.Reset(w, h, m.styles)
		f(g.Canvas())
		for y, line := range strings.Split(g.Plain(), "\n") {
			out[fmt.Sprintf("%s, %d wide, row %d", name, w, y)] = line
		}
	}
	p, _ := m.pictureOf(id)
	m.view.id, m.view.screen, m.view.podTable = id, detail, true
	for _, w := range []int{24, 40, 80, 120, 200} {
		draw("header", w, 1, func(c screen.Canvas) { m.drawHeader(c, p, true) })
		for _, h := range []int{1, 3, 6} {
			draw(fmt.Sprint("chain of ", h), w, h, func(c screen.Canvas) { m.drawChain(c, p) })
		}
		var g screen.Grid
		g.Reset(w, 12, m.styles)
		m.drawWhy(g.Canvas(), p)
		out[fmt.Sprintf("why, %d wide", w)] = withoutOld(strings.Join(strings.Fields(g.Plain()), " "))
		draw("pods", w, 1, func(c screen.Canvas) { m.drawPods(c, p) })
		draw("tiny", w, 4, m.drawTiny)
		at := overviewTable.spans(w)
		look, _ := explain.Look(m.seen, id)
		draw("row", w, 1, func(c screen.Canvas) {
			overviewTable.drawRow(m, c, at, overviewRow{look, store.History{}, m.seen.Now(), at[len(at)-1].w == 0})
		})
	}
	return out
}

// Whatever a part of a source told before it went blind, or before it had seen
// all, nothing follows from it for the present, and nothing that it told is shown
// without its age.
func TestBlindSources(t *testing.T) {
	t.Parallel()
	ids := []kscope.ID{
		{Kind: kscope.ScaledObjects, Ref: newTale("demo", "worker-scaler").so.Ref},
		{Kind: kscope.ScaledJobs, Ref: theJob().Ref}, {Kind: kscope.HPAs, Ref: theHPA().Ref},
	}
	for _, b := range blindables() {
		for how := range went {
			for _, everWell := range []bool{true, false} {
				if b.kind == kscope.Queues && !everWell {
					continue // a measurement is of its moment, whatever its server was before
				}
				name := fmt.Sprintf("%s, %s, well before: %v", b.name, how, everWell)
				one, other := blinded(b, 0, how, everWell, 120, 35), blinded(b, 1, how, everWell, 120, 35)
				for _, id := range ids {
					a, z := conclusions(t, one.store, id), conclusions(t, other.store, id)
					if !slices.Equal(a, z) {
						t.Errorf("%s: %v depends on what is no longer known:\n%s\nor\n%s", name, id, strings.Join(a, "\n"), strings.Join(z, "\n"))
						continue
					}
					drawn := panesOf(other, id)
					for row, line := range panesOf(one, id) {
						lane := strings.HasPrefix(row, "pods") && aged(line) && aged(drawn[row])
						if blank(line) != blank(drawn[row]) && !lane {
							t.Errorf("%s: %v: %s shows what is no longer known:\n%s\nor\n%s", name, id, row, line, drawn[row])
						}
					}
				}
				for _, id := range ids {
					if p, _ := explain.Look(one.store, id); p.Phase == explain.Steady && !p.ObjectStatus().Current() {
						t.Errorf("%s: %v is steady", name, id)
					}
				}
			}
		}
	}
}

// At 80 columns a link that is not known says for how long, whatever its source.
func TestUnknownLinksHaveAnAge(t *testing.T) {
	for _, b := range blindables() {
		for how := range went {
			m := blinded(b, 0, how, true, 80, 24)
			for _, id := range []kscope.ID{{Kind: kscope.ScaledObjects, Ref: newTale("demo", "worker-scaler").so.Ref}, {Kind: kscope.HPAs, Ref: theHPA().Ref}} {
				p, ok := m.pictureOf(id)
				if !ok {
					continue
				}
				m.view.id, m.view.screen = id, detail
				var g screen.Grid
				g.Reset(80, 3, m.styles)
				m.drawChain(g.Canvas(), p)
				for i, l := range p.Links {
					if note := m.linkNote(p, l.Role); l.Value != explain.Unknown || !strings.Contains(note, " ago") {
						continue
					}
					at, _ := chainBox(80, p.Links, smallLinks)
					cell := ""
					for _, line := range strings.Split(g.Plain(), "\n") {
						cell += ansi.Cut(line, at[i].x, at[i].x+at[i].w) + "\n"
					}
					if !strings.Contains(cell, " ago") {
						t.Errorf("%s, %s: %v has no age:\n%s", b.name, how, id, g.Plain())
					}
				}
			}
		}
	}
}

// While pods may not be watched, those known last are grey and say how old they
// are.
func TestOldPodsAreGrey(t *testing.T) {
	b := blindables()[0]
	for _, how := range []string{"forbidden", "failing", "connecting"} {
		m := blinded(b, 1, how, true, 120, 35)
		press(m, "/", "w", "o", "r", "k", "enter", "enter", "t")
		text := m.grid.Plain()
		if !strings.Contains(text, "2m30s ago") {
			t.Errorf("%s: no age in\n%s", how, text)
		}
		for y, line := range strings.Split(text, "\n") {
			if !strings.Contains(line, "CrashLoopBackOff") && !strings.Contains(line, "× ×") {
				continue
			}
			for x := range m.view.w {
				if c := m.grid.Canvas().At(x, y); c != nil && c.Style == m.styles.Bad {
					t.Fatalf("%s: a pod of then stands out:\n%s", how, line)
				}
			}
		}
	}
}
