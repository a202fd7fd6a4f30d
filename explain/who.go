package explain

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
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
func attribute(l store.Entry, tales []tale, floor int32, now time.Time, eventsSynced bool) Entry {
	e := Entry{Entry: l}
	if t := teller(e, tales); t != nil {
		e.Actor, e.Note, e.Who = t.Actor, t.Note, ""
		return e
	}
	switch {
	case isKEDA(e.Who):
		e.Actor, e.Who = store.KEDA, ""
	case isHPA(e.Who):
		e.Actor, e.Who = store.TheHPA, ""
	case e.Who != "":
		e.Actor = store.Someone
	case eventsSynced && now.Sub(e.At) > eventWindow:
		e.Actor, e.Guess = store.Someone, true
	case e.To < e.From && e.To == floor, e.From < e.To && e.From == 0:
		e.Actor, e.Guess = store.KEDA, true
	default:
		e.Actor, e.Guess = store.TheHPA, true
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
		if t.Kind != store.Scaled || t.To != e.To || t.From >= 0 && t.From != e.From {
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
func (t tale) tellsMore(log []store.Entry) bool {
	for _, e := range log {
		switch {
		case t.Kind != e.Kind:
		case t.Kind == store.Scaled && e.To == t.To:
			for _, at := range t.times() {
				if e.At.Sub(at).Abs() < 2*eventWindow {
					return false
				}
			}
		}
	}
	return true
}

var (
	kedaStep = regexp.MustCompile(`from (-?\d+) to (-?\d+)`)
	hpaStep  = regexp.MustCompile(`^New size: (\d+); reason: (.*)$`)
	selector = regexp.MustCompile(`\(&LabelSelector\{.*?\}\)|\(&LabelSelector\{[^)]*\)|/&LabelSelector\{.*?Requirement\{[^}]*\},?\}`)
)

// tell translates the events that tell of a step or of trouble.
func tell(ev kscope.Event) (tale, bool) {
	t := tale{Entry: Entry{Entry: store.Entry{At: ev.Last, Kind: store.Trouble}, Warn: ev.Type == "Warning", said: ev.Note}}
	t.Note, t.reason = cause(ev.Note), ev.Reason
	switch ev.Regarding.Kind {
	case "HorizontalPodAutoscaler":
		t.Actor = store.TheHPA
	case "ScaledObject", "ScaledJob":
		t.Actor = store.KEDA
	default:
		t.Actor = store.Kubernetes
	}
	switch ev.Reason {
	case "KEDAScaleTargetActivated", "KEDAScaleTargetDeactivated":
		m := kedaStep.FindStringSubmatch(ev.Note)
		if m == nil {
			return tale{}, false
		}
		t.Kind, t.From, t.To, t.Note, t.Warn = store.Scaled, atoi32(m[1]), atoi32(m[2]), "", false
		return t, true
	case "SuccessfulRescale":
		m := hpaStep.FindStringSubmatch(ev.Note)
		if m == nil {
			return tale{}, false
		}
		t.Kind, t.From, t.To, t.Warn = store.Scaled, -1, atoi32(m[1]), false
		t.Note = selector.ReplaceAllString(m[2], "")
		return t, true
	case "FailedComputeMetricsReplicas":
		return tale{}, false // the one before it names the metric and says the same
	}
	t.Times, t.Last = int(ev.Count), ev.Last
	if !ev.First.IsZero() {
		t.At = ev.First
	}
	return t, t.Warn
}

func atoi32(s string) int32 {
	n, _ := strconv.ParseInt(s, 10, 32)
	return int32(n)
}

// talesOf is what events tell, in their order.
func talesOf(events []store.Heard) []tale {
	var out []tale
	for _, ev := range events {
		if t, ok := tell(ev.Event); ok {
			t.heard = ev.At
			out = append(out, t)
		}
	}
	return out
}
