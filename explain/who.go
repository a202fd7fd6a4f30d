package explain

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/store"
)

// proofWindow is how far from a step its proof may come, by the clock of the
// stream: events are late where their writer has many to write.
const proofWindow = 15 * time.Second

// statusWindow is how far apart the watches of a workload and of its HPA may be.
const statusWindow = 5 * time.Second

// isKEDA and isHPA tell the two controllers by their field manager. Where the
// controller manager is part of a larger program, it writes under that name.
func isKEDA(manager string) bool { return strings.HasPrefix(manager, "keda") }

func isHPA(manager string) bool {
	return manager == "kube-controller-manager" || manager == "k3s" || manager == "kubelite"
}

// selector is what the HPA's messages have of one.
var selector = regexp.MustCompile(`\(&LabelSelector\{.*?\}\)|\(&LabelSelector\{[^)]*\)|/&LabelSelector\{.*?Requirement\{[^}]*\},?\}`)

// proof is who said that a step was his.
type proof struct {
	by     kscope.ID   // the zero ID for nobody
	actor  store.Actor // KEDA or the HPA
	why    string      // the HPA's reason, where its event came
	status bool        // the HPA's status said it
}

// prove gives each of the steps that were seen its proof, if there is any, and
// what is left: what was said of steps that nobody saw. The status of an HPA goes
// first, since every rescale moves its lastScaleTime, whatever becomes of the
// events. A word is about one step, and about the one that it came closest to.
func prove(steps []store.Entry, tellings []store.Telling) (proofs []proof, rest []store.Telling) {
	proofs = make([]proof, len(steps))
	taken := make([]bool, len(tellings))
	for _, status := range []bool{true, false} {
		for _, p := range pairs(steps, tellings, proofs, status) {
			t, of := &tellings[p.telling], &proofs[p.step]
			if taken[p.telling] || of.actor != "" && (of.by != t.By || status == of.status) {
				continue
			}
			taken[p.telling] = true
			if of.actor == "" {
				*of = proof{by: t.By, actor: t.Actor(), status: status}
			}
			of.why = t.Why
		}
	}
	for i, t := range tellings {
		if !taken[i] {
			rest = append(rest, t)
		}
	}
	return proofs, rest
}

// pair is a step and what may have been said of it.
type pair struct {
	step, telling int
	apart         time.Duration
	confirms      bool // what the HPA's status said already
}

// pairs are those that fit, the best first.
func pairs(steps []store.Entry, tellings []store.Telling, proofs []proof, status bool) (out []pair) {
	tells := map[kscope.ID]bool{} // whose status is seen to say it
	for i := range tellings {
		tells[tellings[i].By] = tells[tellings[i].By] || tellings[i].Status
	}
	for i := range tellings {
		t := &tellings[i]
		if t.Status != status {
			continue
		}
		first, _ := slices.BinarySearchFunc(steps, t.At.Add(-proofWindow), func(e store.Entry, at time.Time) int { return e.At.Compare(at) })
		for j := first; j < len(steps) && !steps[j].At.After(t.At.Add(proofWindow)); j++ {
			e := &steps[j]
			hpa := t.By.Kind == kscope.HPAs
			switch {
			case hpa && e.From == 0, status && t.At.Sub(e.At).Abs() > statusWindow:
				continue // it rests at zero, and writes its status when it has scaled
			case hpa && !status && proofs[j].by != t.By && tells[t.By]:
				continue // its status would say so
			}
			if t.To == e.To && (t.From < 0 || t.From == e.From) {
				out = append(out, pair{j, i, t.At.Sub(e.At).Abs(), proofs[j].by == t.By})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b pair) int {
		if a.confirms != b.confirms {
			return cmp.Compare(b2i(b.confirms), b2i(a.confirms))
		}
		return cmp.Compare(a.apart, b.apart)
	})
	return out
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// attribute says who changed the replicas: whoever is proved to by the HPA's
// status, by an event or by the field manager. For want of these it is a guess by
// what each of the two could have done; somebody else only where neither could.
func attribute(l store.Entry, p proof, w *witness) Entry {
	e := Entry{Entry: l}
	switch {
	case p.actor != "":
		e.Actor, e.Note, e.Who = p.actor, selector.ReplaceAllString(p.why, ""), ""
		if p.by != w.c.ID && !w.isOurs(p.by) {
			e.For = p.by
		}
	case isKEDA(e.Who):
		e.Actor, e.Who = store.KEDA, ""
	case isHPA(e.Who):
		e.Actor, e.Who = store.TheHPA, ""
	case e.Who != "":
		e.Actor = store.Someone
	default:
		e.Actor, e.For = w.guess(l)
		e.Guess = true
	}
	return e
}

// tellsMore reports whether what somebody said of a step adds to the steps that were
// seen.
func tellsMore(t store.Telling, steps []store.Entry) bool {
	return !t.Status && !slices.ContainsFunc(steps, func(e store.Entry) bool { // else the event has the words
		return e.To == t.To && e.At.Sub(t.At).Abs() < proofWindow
	})
}

// unseenStep is a step that no watch saw, by what was said of it.
func unseenStep(t store.Telling) Entry {
	e := store.Entry{At: t.At, Kind: store.Scaled, Actor: t.Actor(), From: t.From, To: t.To}
	return Entry{Entry: e, Note: selector.ReplaceAllString(t.Why, "")}
}

// troubleOf translates the events that tell of trouble.
func troubleOf(ev kscope.Event) (Entry, bool) {
	if _, step := ev.Step(); step || ev.Reason == "FailedComputeMetricsReplicas" {
		return Entry{}, false // the one before the latter names the metric and says the same
	}
	e := Entry{Entry: store.Entry{At: ev.Last, Kind: store.Trouble}, Warn: ev.Type == "Warning", said: ev.Note}
	e.Note, e.reason = cause(ev.Note), ev.Reason
	switch ev.Regarding.Kind {
	case "HorizontalPodAutoscaler":
		e.Actor = store.TheHPA
	case "ScaledObject", "ScaledJob":
		e.Actor = store.KEDA
	default:
		e.Actor = store.Kubernetes
	}
	e.Times, e.Last = int(ev.Count), ev.Last
	if !ev.First.IsZero() {
		e.At = ev.First
	}
	return e, e.Warn
}
