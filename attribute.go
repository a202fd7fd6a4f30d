package kscope

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"
)

// eventWindow is how close to a change of replicas its event comes.
const eventWindow = 5 * time.Second

// isKEDA and isHPA tell the two controllers by their field manager. Where the
// controller manager is part of a larger program, it writes under that name.
func isKEDA(manager string) bool { return strings.HasPrefix(manager, "keda") }

func isHPA(manager string) bool {
	return manager == "kube-controller-manager" || manager == "k3s" || manager == "kubelite"
}

// attribute says who changed the replicas: whoever told of it in an event, the
// field manager, or, for want of both, the division of labour between KEDA and
// the HPA. KEDA's write of 0 leaves no field manager, so that step rests on its
// event; when none came although events are watched, somebody else wrote it.
func attribute(e Entry, tales []tale, floor int32, now time.Time, eventsSynced bool) Entry {
	if t := teller(e, tales); t != nil {
		e.Actor, e.Note, e.Who = t.Actor, t.Note, ""
		return e
	}
	switch {
	case isKEDA(e.Who):
		e.Actor, e.Who = KEDA, ""
	case isHPA(e.Who):
		e.Actor, e.Who = TheHPA, ""
	case e.Who != "":
		e.Actor = Someone
	case eventsSynced && now.Sub(e.At) > eventWindow:
		e.Actor, e.Guess = Someone, true
	case e.To < e.From && e.To == floor, e.From < e.To && e.From == 0:
		e.Actor, e.Guess = KEDA, true
	default:
		e.Actor, e.Guess = TheHPA, true
	}
	return e
}

// teller is the tale of a step that was seen, nil if there is none: the one
// that came closest to it.
func teller(e Entry, tales []tale) *tale {
	var best *tale
	nearest := eventWindow
	for i := range tales {
		t := &tales[i]
		if t.Kind != Scaled || t.To != e.To || t.From >= 0 && t.From != e.From {
			continue
		}
		for _, at := range t.times() {
			if d := at.Sub(e.At).Abs(); d < nearest {
				best, nearest = t, d
			}
		}
	}
	return best
}

// tale is an entry that an event tells of. Its time is the cluster's; heard is
// when news of it came, by the clock of the stream, which is all that can be
// compared with other observations: the two clocks may differ.
type tale struct {
	Entry
	words string // the event's own
	heard []time.Time
}

// times are when the event happened, by the clock of the stream if possible.
func (t tale) times() []time.Time {
	if len(t.heard) > 0 {
		return t.heard
	}
	return []time.Time{t.At}
}

// tellsMore reports whether the event adds to what was seen anyway.
func (t tale) tellsMore(log []Entry) bool {
	for _, e := range log {
		switch {
		case t.Kind != e.Kind:
		case t.Kind == Scaled && e.To == t.To:
			for _, at := range t.times() {
				if e.At.Sub(at).Abs() < 2*eventWindow {
					return false
				}
			}
		case t.Kind == Trouble && t.words != "" && strings.Contains(e.Note, t.words):
			return false
		}
	}
	return true
}

var (
	kedaStep = regexp.MustCompile(`from (-?\d+) to (-?\d+)`)
	hpaStep  = regexp.MustCompile(`^New size: (\d+); reason: (.*)$`)
	selector = regexp.MustCompile(`\(&LabelSelector\{.*?\}\)|\(&LabelSelector\{[^)]*\)`)
)

// tell translates the events that tell of a step or of trouble.
func tell(ev Event) (tale, bool) {
	t := tale{words: ev.Note, Entry: Entry{At: ev.Last, Kind: Trouble, Warn: ev.Type == "Warning", Note: ev.Reason + ": " + ev.Note}}
	switch ev.Regarding.Kind {
	case "HorizontalPodAutoscaler":
		t.Actor = TheHPA
	case "ScaledObject":
		t.Actor = KEDA
	default:
		t.Actor = Kubernetes
	}
	switch ev.Reason {
	case "KEDAScaleTargetActivated", "KEDAScaleTargetDeactivated":
		m := kedaStep.FindStringSubmatch(ev.Note)
		if m == nil {
			return tale{}, false
		}
		t.Kind, t.From, t.To, t.Note, t.Warn = Scaled, atoi32(m[1]), atoi32(m[2]), "", false
		return t, true
	case "SuccessfulRescale":
		m := hpaStep.FindStringSubmatch(ev.Note)
		if m == nil {
			return tale{}, false
		}
		t.Kind, t.From, t.To, t.Warn = Scaled, -1, atoi32(m[1]), false
		t.Note = selector.ReplaceAllString(m[2], "")
		return t, true
	case "FailedComputeMetricsReplicas":
		return tale{}, false // the one before it names the metric and says the same
	}
	if ev.Count > 1 {
		t.Note += fmt.Sprintf(" (%d times)", ev.Count)
	}
	return t, t.Warn
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func atoi32(s string) int32 {
	n, _ := strconv.ParseInt(s, 10, 32)
	return int32(n)
}

// eventIndex holds events by what they regard, by their uid.
type eventIndex map[ObjectRef]map[string]*event

type event struct {
	Event
	heard []time.Time // when news of it came after the first list
}

// How much is remembered of one object's events.
const (
	eventLimit = 100
	heardLimit = 8
)

func (x eventIndex) put(at time.Time, ev Event, live bool) bool {
	key := ev.Regarding
	key.UID = "" // KEDA and the HPA name the object, not always the same uid after a restart
	m := x[key]
	if m == nil {
		m = map[string]*event{}
		x[key] = m
	}
	old := m[ev.UID]
	switch {
	case old == nil:
		old = &event{}
		m[ev.UID] = old
	case old.Event == ev, ev.Last.Before(old.Last), ev.Count < old.Count:
		return false
	}
	old.Event = ev
	if live {
		if len(old.heard) == heardLimit {
			old.heard = old.heard[1:]
		}
		old.heard = append(old.heard, at)
	}
	if len(m) > eventLimit {
		oldest := ev.UID
		for uid, e := range m {
			if o := m[oldest]; e.Last.Before(o.Last) || e.Last.Equal(o.Last) && uid < oldest {
				oldest = uid
			}
		}
		delete(m, oldest)
	}
	return true
}

// forget drops the events of before a time.
func (x eventIndex) forget(before time.Time) {
	for key, m := range x {
		for uid, ev := range m {
			if ev.Last.Before(before) {
				delete(m, uid)
			}
		}
		if len(m) == 0 {
			delete(x, key)
		}
	}
}

// about lists what the events on a ScaledObject, its HPA and its target tell,
// oldest first.
func (x eventIndex) about(o *object, h *HPA) []tale {
	keys := []ObjectRef{
		{Kind: "ScaledObject", Namespace: o.Ref.Namespace, Name: o.Ref.Name},
		{Kind: o.ScaleTarget.Kind, Namespace: o.Ref.Namespace, Name: o.ScaleTarget.Name},
	}
	if h != nil {
		keys = append(keys, ObjectRef{Kind: "HorizontalPodAutoscaler", Namespace: h.Ref.Namespace, Name: h.Ref.Name})
	}
	var found []*event
	for _, key := range keys {
		for _, ev := range x[key] {
			found = append(found, ev)
		}
	}
	sort.Slice(found, func(i, j int) bool {
		if !found[i].Last.Equal(found[j].Last) {
			return found[i].Last.Before(found[j].Last)
		}
		return found[i].UID < found[j].UID
	})
	var out []tale
	for _, ev := range found {
		if t, ok := tell(ev.Event); ok {
			t.heard = ev.heard
			out = append(out, t)
		}
	}
	return out
}
