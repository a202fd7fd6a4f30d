package world

import (
	"fmt"

	"github.com/kscope/kscope"
)

// BreakageKind names something that can go wrong in the world.
type BreakageKind string

// What can be broken. A lost Redis is not among them: its [Queues] says so.
const (
	BadImage    BreakageKind = "bad-image"    // the image cannot be pulled any more: new pods get ErrImagePull, then ImagePullBackOff
	NoRoom      BreakageKind = "no-room"      // new pods find no node: Unschedulable
	CrashPods   BreakageKind = "crash-pods"   // containers exit with an error, running ones at once: CrashLoopBackOff
	RefuseScale BreakageKind = "refuse-scale" // KEDA and the HPA may not write through /scale
	Quota       BreakageKind = "quota"        // no further pod may be created: FailedCreate
)

// Breakage is one thing broken, for the workload of that name or, when Ref is
// zero, for all. A ScaledJob counts as a workload.
type Breakage struct {
	Kind BreakageKind
	Ref  kscope.Ref // of the workload
}

// isBroken reports whether something is broken for a workload.
func (w *World) isBroken(kind BreakageKind, ref kscope.Ref) bool {
	return len(w.broken) > 0 && (w.broken[Breakage{Kind: kind}] || w.broken[Breakage{kind, ref}])
}

// Break breaks something until it is mended.
func (w *World) Break(b Breakage) {
	if w.broken[b] {
		return
	}
	w.broken[b] = true
	if b.Kind == CrashPods {
		for _, p := range w.allPods() {
			if b.Ref == (kscope.Ref{}) || b.Ref == p.workload {
				w.crash(p)
			}
		}
	}
}

// Mend ends a breakage. What backs off recovers when it tries again, as on a
// real cluster: an image or a crashed container after at most 5 minutes, a
// creation that was refused after at most 1,000 s. Only pods without a node
// are tried again at once.
func (w *World) Mend(b Breakage) {
	if !w.broken[b] {
		return
	}
	delete(w.broken, b)
	if b.Kind == NoRoom {
		for _, p := range w.allPods() {
			if p.stage == unplaced {
				w.stop(p.step)
				p.step = w.after(w.delay(), func() { w.place(p) })
			}
		}
	}
}

// refusal is the error of a write through /scale that is not allowed; nil when
// it is.
func (w *World) refusal(wl *workload, user string) error {
	if !w.isBroken(RefuseScale, wl.ref) {
		return nil
	}
	resource := wl.resource()
	return fmt.Errorf("%s.apps %q is forbidden: User %q cannot update resource %q in API group \"apps\" in the namespace %q",
		resource, wl.ref.Name, user, resource+"/scale", wl.ref.Namespace)
}
