package kscope

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Entry is one line of a timeline: what happened, who did it, and how long
// after what caused it.
type Entry struct {
	At    time.Time
	Kind  EntryKind
	Actor Actor
	// Guess says that Actor was concluded from the numbers, because neither
	// the field manager nor an event named it.
	Guess    bool
	Who      string // the field manager, where Actor is Someone
	From, To int32  // replicas, for Scaled and ReadyPods
	Jobs     int64  // for Injected, Arrived
	Asked    int64  // for Injected: more than Jobs where not all went in
	Length   int64  // for Injected: the server's answer
	Note     string // the cluster's words: a reason, a message
	Warn     bool

	// Filled in by [Store.Timeline].
	After time.Duration // since the entry that caused this one; 0 if unknown
	Cause string        // what that was, in a word or two
}

// EntryKind is what sort of thing happened.
type EntryKind int

// The kinds of timeline entries.
const (
	Injected  EntryKind = iota // jobs were put in from here
	Arrived                    // jobs appeared in an empty queue, put there by others
	Emptied                    // the queue became empty
	Active                     // KEDA's view: some trigger is active
	Inactive                   // KEDA's view: none is
	Scaled                     // the wanted replicas changed
	ReadyPods                  // the ready replicas changed
	Trouble                    // something broke, or complains
	Mended                     // and is well again
)

// Actor is who did something.
type Actor string

// The actors of the story.
const (
	You      Actor = "you"
	Producer Actor = "producer" // whoever else fills the queue
	Workers  Actor = "workers"
	KEDA     Actor = "KEDA"
	TheHPA   Actor = "HPA"
	Kubelet  Actor = "kubelet"
	Someone  Actor = "someone else"
	Kscope   Actor = "kscope" // what happened to our own sources
)

// Up reports whether a change of replicas added some.
func (e Entry) Up() bool { return e.To > e.From }

const (
	logLimit    = 1000             // entries per ScaledObject
	sameBurst   = 10 * time.Second // ready pods within this are one entry
	eventWindow = 5 * time.Second  // an event belongs to a change this close by
)

func (o *object) add(e Entry) {
	if e.Kind == ReadyPods && len(o.log) > 0 {
		last := &o.log[len(o.log)-1]
		if last.Kind == ReadyPods && last.Up() == e.Up() && e.At.Sub(last.At) < sameBurst {
			last.At, last.To = e.At, e.To
			return
		}
	}
	o.log = append(o.log, e)
	if n := len(o.log); n > logLimit {
		o.log = append([]Entry(nil), o.log[n-logLimit/2:]...)
	}
}

// workloadEntries says what a new state of a workload means.
func workloadEntries(at time.Time, was, is Workload) []Entry {
	var out []Entry
	if was.Desired != is.Desired {
		e := Entry{At: at, Kind: Scaled, From: was.Desired, To: is.Desired, Who: is.SetBy}
		if is.SetBy == was.SetBy && is.SetAt.Equal(was.SetAt) && is.SetBy != "" && !isScaler(is.SetBy) {
			e.Who = "" // the manager is an old one's trace, not this change's author
		}
		out = append(out, e)
	}
	if was.Ready != nil && is.Ready != nil && *was.Ready != *is.Ready {
		e := Entry{At: at, Kind: ReadyPods, Actor: Kubelet, From: *was.Ready, To: *is.Ready}
		out = append(out, e)
	}
	return out
}

func isScaler(manager string) bool {
	return strings.HasPrefix(manager, "keda") || manager == "kube-controller-manager"
}

// conditionEntries says what a change of a ScaledObject's conditions means.
// Conditions that go through Unknown for a moment, as at every reconcile, are
// not news.
func conditionEntries(at time.Time, was, is ScaledObject) []Entry {
	var out []Entry
	add := func(kind EntryKind, warn bool, note string) {
		out = append(out, Entry{At: at, Kind: kind, Actor: KEDA, Warn: warn, Note: note})
	}
	old, c := was.Conditions.Get("Active"), is.Conditions.Get("Active")
	if old.Status != c.Status {
		switch {
		case c.True():
			add(Active, false, "")
		case c.False() && old.True():
			add(Inactive, false, "")
		}
	}
	old, c = was.Conditions.Get("Ready"), is.Conditions.Get("Ready")
	if old.Status != c.Status || old.Reason != c.Reason {
		switch {
		case c.False() || c.Reason == "PartialTriggerError":
			add(Trouble, true, orElse(c.Message, c.Reason))
		case c.True() && old.False():
			add(Mended, false, "the ScaledObject is ready")
		}
	}
	if old, c = was.Conditions.Get("Fallback"), is.Conditions.Get("Fallback"); old.True() != c.True() {
		if c.True() {
			add(Trouble, true, "fallback: the source keeps failing, replicas follow the fallback")
		} else {
			add(Mended, false, "fallback ended")
		}
	}
	if was.FullyPaused() != is.FullyPaused() {
		if is.FullyPaused() {
			add(Trouble, true, "paused by annotation")
		} else {
			add(Mended, false, "no longer paused")
		}
	}
	return out
}

// hpaEntries says what a change of an HPA's conditions means.
func hpaEntries(at time.Time, was, is HPA) []Entry {
	old, c := was.Conditions.Get("ScalingActive"), is.Conditions.Get("ScalingActive")
	broken := func(c Condition) bool { return c.False() && c.Reason != "ScalingDisabled" }
	switch {
	case broken(c) && (!broken(old) || old.Reason != c.Reason):
		return []Entry{{At: at, Kind: Trouble, Actor: TheHPA, Warn: true, Note: orElse(c.Message, c.Reason)}}
	case broken(old) && !broken(c):
		return []Entry{{At: at, Kind: Mended, Actor: TheHPA, Note: "can read its metrics again"}}
	}
	return nil
}

// logDepth notes that a queue was filled by others or ran empty, on every
// ScaledObject that watches it. A queue that hovers about zero is not news
// each time: it must have been quiet, or busy, for a while.
func (s *Store) logDepth(at time.Time, q *queue, d Depth) {
	const quiet = 5 * time.Second
	first := q.busy.IsZero() && q.idle.IsZero()
	switch {
	case d.N > 0 && q.busy.IsZero():
		news := !first && at.Sub(q.idle) >= quiet
		q.busy, q.idle = at, time.Time{}
		if news {
			s.eachWatching(d.Queue, func(o *object) {
				if last := o.latest(Injected); last == nil || at.Sub(last.At) > quiet {
					o.add(Entry{At: at, Kind: Arrived, Actor: Producer, Jobs: d.N})
				}
			})
		}
	case d.N == 0 && q.idle.IsZero():
		q.busy, q.idle = time.Time{}, at
		if !first {
			s.eachWatching(d.Queue, func(o *object) {
				if last := o.latest(Emptied); last == nil || at.Sub(last.At) > quiet {
					o.add(Entry{At: at, Kind: Emptied, Actor: Workers})
				}
			})
		}
	}
}

func (s *Store) eachWatching(q Queue, f func(*object)) {
	for _, o := range s.objects {
		for _, t := range o.Triggers {
			if t.Queue != nil && *t.Queue == q {
				f(o)
				break
			}
		}
	}
}

// latest is the newest logged entry of a kind, nil if there is none.
func (o *object) latest(kind EntryKind) *Entry {
	for i := len(o.log) - 1; i >= 0; i-- {
		if o.log[i].Kind == kind {
			return &o.log[i]
		}
	}
	return nil
}

// logStatus notes on the timelines it concerns that a source of ours broke or
// came back.
func (s *Store) logStatus(at time.Time, f Status) {
	what := "watching " + string(f.Kind)
	if f.Kind == Queues {
		what = "Redis " + f.Name
	}
	e := Entry{At: at, Kind: Trouble, Actor: Kscope, Warn: true, Note: what + ": " + orElse(f.Message, string(f.State))}
	if f.State == Synced {
		e = Entry{At: at, Kind: Mended, Actor: Kscope, Note: what + " works again"}
	}
	for _, o := range s.objects {
		if f.Kind != Queues || o.reads(f.Name) {
			o.add(e)
		}
	}
}

// reads reports whether a trigger of the ScaledObject names that server.
func (so ScaledObject) reads(address string) bool {
	for _, t := range so.Triggers {
		if t.Queue != nil && t.Queue.Address == address {
			return true
		}
	}
	return false
}

// Timeline is what happened around a ScaledObject, oldest first: what was seen
// since kscope started, preceded by what events tell of the time before.
func (s *Store) Timeline(ref Ref) []Entry {
	o := s.objects[ref]
	if o == nil {
		return nil
	}
	events := s.events.about(o, s.hpaOfObject(o))
	var out []Entry
	for _, ev := range events {
		if e, ok := eventEntry(ev); ok && (e.Warn || e.At.Before(o.firstSeen)) {
			out = append(out, e)
		}
	}
	w := s.work[o.workKey()]
	for _, e := range o.log {
		if e.Kind == Scaled {
			e = attribute(e, events, o.ScaledObject, s.now, s.status(Events).State == Synced)
		}
		out = append(out, e)
	}
	if w != nil {
		out = append(out, w.podTroubles()...)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].At.Before(out[j].At) })
	link(out)
	return out
}

func (o *object) workKey() workKey {
	return workKey{o.ScaleTarget.Kind, Ref{o.Ref.Namespace, o.ScaleTarget.Name}}
}

// attribute says who changed the replicas: the field manager if it is one of
// the two, an event that tells of the same step, or, for want of both, the
// division of labour between them. KEDA's write of 0 leaves no field manager,
// so that step rests on its event; when none came, somebody else wrote it.
func attribute(e Entry, events []Event, so ScaledObject, now time.Time, eventsSynced bool) Entry {
	for _, ev := range events {
		told, ok := eventEntry(ev)
		if ok && told.Kind == Scaled && told.To == e.To && absDuration(told.At.Sub(e.At)) < eventWindow {
			e.Actor, e.Note, e.Who = told.Actor, told.Note, ""
			return e
		}
	}
	toFloor := e.To == so.Floor() && e.To < e.From
	fromFloor := e.From == so.Floor() && e.From < e.To
	switch {
	case strings.HasPrefix(e.Who, "keda"):
		e.Actor = KEDA
	case e.Who == "kube-controller-manager":
		e.Actor = TheHPA
	case e.Who != "":
		e.Actor = Someone
	case toFloor || fromFloor && so.Floor() == 0:
		e.Actor, e.Guess = KEDA, true
		if eventsSynced && now.Sub(e.At) > eventWindow {
			e.Actor = Someone
		}
	default:
		e.Actor, e.Guess = Someone, true
	}
	if e.Actor != Someone {
		e.Who = ""
	}
	return e
}

var (
	kedaStep = regexp.MustCompile(`from (-?\d+) to (-?\d+)`)
	hpaStep  = regexp.MustCompile(`^New size: (\d+); reason: (.*)$`)
	selector = regexp.MustCompile(`\(&LabelSelector\{[^)]*\)`)
)

// eventEntry translates the events that tell of a step or of trouble.
func eventEntry(ev Event) (Entry, bool) {
	e := Entry{At: ev.Last, Kind: Trouble, Warn: ev.Type == "Warning", Note: ev.Reason + ": " + ev.Note}
	switch ev.Regarding.Kind {
	case "HorizontalPodAutoscaler":
		e.Actor = TheHPA
	case "ScaledObject":
		e.Actor = KEDA
	default:
		e.Actor = Kubelet
	}
	switch ev.Reason {
	case "KEDAScaleTargetActivated", "KEDAScaleTargetDeactivated":
		m := kedaStep.FindStringSubmatch(ev.Note)
		if m == nil {
			return Entry{}, false
		}
		e.Kind, e.From, e.To, e.Note, e.Warn = Scaled, atoi32(m[1]), atoi32(m[2]), "", false
		return e, true
	case "SuccessfulRescale":
		m := hpaStep.FindStringSubmatch(ev.Note)
		if m == nil {
			return Entry{}, false
		}
		e.Kind, e.From, e.To, e.Warn = Scaled, -1, atoi32(m[1]), false
		e.Note = selector.ReplaceAllString(m[2], "")
		return e, true
	}
	return e, e.Warn
}

// podTroubles gives an entry for each reason for which pods of the workload
// cannot run now.
func (w *workload) podTroubles() []Entry {
	byReason := map[string]*Entry{}
	n := map[string]int{}
	for _, p := range w.pods {
		if p.State() != PodFailing {
			continue
		}
		n[p.Reason]++
		e := byReason[p.Reason]
		if e == nil {
			e = &Entry{At: p.Created, Kind: Trouble, Actor: Kubelet, Warn: true, Note: p.Message}
			byReason[p.Reason] = e
		}
		if p.Created.Before(e.At) {
			e.At = p.Created
		}
	}
	var out []Entry
	for reason, e := range byReason {
		e.Note = strings.TrimSuffix(fmt.Sprintf("%s: %s: %s", plural(int64(n[reason]), "pod"), reason, e.Note), ": ")
		out = append(out, *e)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Note < out[j].Note })
	return out
}

// link finds what caused each entry: KEDA acts on work that arrived or a queue
// that emptied, the HPA on KEDA's step or on more work, pods on a new size.
func link(es []Entry) {
	for i := range es {
		e := &es[i]
		var causes []EntryKind
		switch e.Kind {
		case Active:
			causes = []EntryKind{Injected, Arrived}
		case Inactive:
			causes = []EntryKind{Emptied}
		case ReadyPods:
			causes = []EntryKind{Scaled}
		case Scaled:
			switch {
			case e.Actor == KEDA && e.To > e.From:
				causes = []EntryKind{Injected, Arrived}
			case e.Actor == KEDA:
				causes = []EntryKind{Emptied}
			default:
				causes = []EntryKind{Scaled, Injected, Arrived, Emptied}
			}
		default:
			continue
		}
		for j := i - 1; j >= 0; j-- {
			c := es[j]
			if !contains(causes, c.Kind) || c.Warn {
				continue
			}
			if c.Kind == Scaled && (e.Kind == ReadyPods || e.Kind == Scaled) && e.From >= 0 && c.From >= 0 && c.Up() != e.Up() {
				continue
			}
			e.After, e.Cause = e.At.Sub(c.At), c.word()
			break
		}
	}
}

// word is what an entry is called where it is a cause.
func (e Entry) word() string {
	switch e.Kind {
	case Injected:
		return "your jobs"
	case Arrived:
		return "the first job"
	case Emptied:
		return "the last job was taken"
	case Scaled:
		return string(e.Actor) + "'s step"
	}
	return ""
}

func contains(ks []EntryKind, k EntryKind) bool {
	for _, x := range ks {
		if x == k {
			return true
		}
	}
	return false
}

func absDuration(d time.Duration) time.Duration {
	if d < 0 {
		return -d
	}
	return d
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

// eventIndex holds events by what they regard.
type eventIndex map[ObjectRef]map[string]Event

func (x eventIndex) key(r ObjectRef) ObjectRef {
	r.UID = "" // KEDA and the HPA name the object, not always the same uid after a restart
	return r
}

func (x eventIndex) put(ev Event) bool {
	key := x.key(ev.Regarding)
	m := x[key]
	if m == nil {
		m = map[string]Event{}
		x[key] = m
	}
	if m[ev.UID] == ev {
		return false
	}
	m[ev.UID] = ev
	return true
}

func (x eventIndex) drop(uid string) {
	for key, m := range x {
		if _, ok := m[uid]; ok {
			delete(m, uid)
			if len(m) == 0 {
				delete(x, key)
			}
			return
		}
	}
}

// about lists the events on a ScaledObject, its HPA and its target, oldest
// first.
func (x eventIndex) about(o *object, h *HPA) []Event {
	keys := []ObjectRef{
		{Kind: "ScaledObject", Namespace: o.Ref.Namespace, Name: o.Ref.Name},
		{Kind: o.ScaleTarget.Kind, Namespace: o.Ref.Namespace, Name: o.ScaleTarget.Name},
	}
	if h != nil {
		keys = append(keys, ObjectRef{Kind: "HorizontalPodAutoscaler", Namespace: h.Ref.Namespace, Name: h.Ref.Name})
	}
	var out []Event
	for _, key := range keys {
		for _, ev := range x[key] {
			out = append(out, ev)
		}
	}
	sort.Slice(out, func(i, j int) bool {
		if !out[i].Last.Equal(out[j].Last) {
			return out[i].Last.Before(out[j].Last)
		}
		return out[i].UID < out[j].UID
	})
	return out
}
