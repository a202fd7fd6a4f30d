package world

import (
	"fmt"
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kscope/kscope"
)

// Delete deletes an object that a user gave, and what it owns: pods go
// gracefully. A ScaledObject takes its HPA along and leaves the replicas as
// they are, unless it says to restore them.
func (w *World) Delete(obj runtime.Object) error {
	m, err := meta.Accessor(obj)
	if err != nil {
		return fmt.Errorf("%T: %w", obj, err)
	}
	ref := refOf(m)
	switch o := obj.(type) {
	case *appsv1.Deployment:
		return w.removeWorkload(workloadKey{"Deployment", ref})
	case *appsv1.StatefulSet:
		return w.removeWorkload(workloadKey{"StatefulSet", ref})
	case *autoscalingv2.HorizontalPodAutoscaler:
		h := w.hpas[ref]
		if h == nil {
			return fmt.Errorf("horizontalpodautoscalers.autoscaling %q not found", ref.Name)
		}
		w.removeHPA(h)
		for _, so := range w.scaled {
			if h.isOf(so) {
				w.wantReconcile(so) // KEDA makes it anew
			}
		}
		return nil
	case *unstructured.Unstructured:
		switch so, sj := w.scaled[ref], w.jobs[ref]; {
		case o.GetKind() == "ScaledObject" && so != nil:
			now := w.stamp()
			so.u.SetDeletionTimestamp(&now)
			w.emitScaledObject(Modified, so)
			w.after(w.delay(), func() { w.finalize(so) })
			return nil
		case o.GetKind() == "ScaledJob" && sj != nil:
			w.removeScaledJob(sj)
			return nil
		}
	}
	key := objectKey{kindOf(obj), ref}
	old := w.objects[key]
	if old == nil {
		return fmt.Errorf("%s %q not found", key.kind, ref.Name)
	}
	delete(w.objects, key)
	w.emit(Deleted, old)
	return nil
}

func (w *World) removeWorkload(key workloadKey) error {
	wl := w.workloads[key]
	if wl == nil {
		return notFound(key.kind, key.ref.Name)
	}
	delete(w.workloads, key)
	w.stop(wl.dirty)
	w.stop(wl.deadline)
	w.stop(wl.crew.retry)
	w.emit(Deleted, wl.object())
	for _, rs := range wl.sets {
		w.stop(rs.dirty)
		w.emit(Deleted, rs.obj)
	}
	var pods []*pod
	wl.eachPod(func(p *pod) { pods = append(pods, p) })
	for _, p := range pods {
		w.terminate(p)
	}
	w.crewsChanged()
	return nil
}

// Annotate sets an annotation of a ScaledObject, or of the ScaledJob of that
// name; "" removes it. KEDA looks at once where it watches the annotation.
func (w *World) Annotate(ref kscope.Ref, key, value string) error {
	set := func(u *unstructured.Unstructured) {
		annotations := maps.Clone(u.GetAnnotations())
		if annotations == nil {
			annotations = map[string]string{}
		}
		if annotations[key] = value; value == "" {
			delete(annotations, key)
		}
		u.SetAnnotations(annotations)
	}
	if so := w.scaled[ref]; so != nil {
		set(so.u)
		w.emitScaledObject(Modified, so)
		if slices.Contains(reconciled, key) {
			w.wantReconcile(so)
		}
		return nil
	}
	if sj := w.jobs[ref]; sj != nil {
		set(sj.u)
		w.emitScaledJob(Modified, sj)
		w.wantReconcileJob(sj)
		return nil
	}
	return fmt.Errorf("scaledobjects.keda.sh %q not found", ref.Name)
}

// Scale is somebody else writing the replicas of a workload through /scale.
func (w *World) Scale(kind, namespace, name string, replicas int32, manager string) error {
	wl := w.workloads[workloadKey{kind, kscope.Ref{Namespace: namespace, Name: name}}]
	switch {
	case wl == nil:
		return notFound(kind, name)
	case replicas < 0:
		return fmt.Errorf("replicas %d: must not be negative", replicas)
	}
	w.writeScale(wl, replicas, manager)
	return nil
}

// Restart is somebody rolling a workload out anew, as `kubectl rollout restart`
// does: another annotation in the template of its pods.
func (w *World) Restart(kind, namespace, name string) error {
	wl := w.workloads[workloadKey{kind, kscope.Ref{Namespace: namespace, Name: name}}]
	if wl == nil {
		return notFound(kind, name)
	}
	setAnnotation(&wl.template().ObjectMeta, "kubectl.kubernetes.io/restartedAt", w.now.Format(time.RFC3339))
	wl.meta().Generation++
	wl.hash = hashOf(wl.template())
	w.emit(Modified, wl.object())
	w.changed(wl)
	return nil
}

// Repeat has something done again and again, first after that time, until the
// function that it gives is called.
func (w *World) Repeat(every time.Duration, do func()) (stop func()) {
	var next *timer
	var again func()
	again = func() {
		next = w.after(every, again)
		do()
	}
	next = w.after(every, again)
	return func() { w.stop(next) }
}

// BreakageKind names something that can go wrong in the world.
type BreakageKind string

// What can be broken. A lost Redis is not among them: its [Queues] says so.
const (
	BadImage    BreakageKind = "bad-image"    // the image cannot be pulled any more: new pods get ErrImagePull, then ImagePullBackOff
	NoRoom      BreakageKind = "no-room"      // new pods find no node: Unschedulable
	CrashPods   BreakageKind = "crash-pods"   // containers exit with an error, running ones at once: CrashLoopBackOff
	RefuseScale BreakageKind = "refuse-scale" // KEDA and the HPA may not write through /scale
	Quota       BreakageKind = "quota"        // no further pod may be created: FailedCreate

	OutOfMemory BreakageKind = "out-of-memory" // containers are killed for their memory, running ones at once: OOMKilled, CrashLoopBackOff
	SlowImages  BreakageKind = "slow-images"   // images take slowPull longer to arrive
	NeverReady  BreakageKind = "never-ready"   // no further pod passes its readiness probe
	IdleWorkers BreakageKind = "idle-workers"  // pods take nothing more from their queues

	EditedHPA BreakageKind = "edited-hpa" // somebody writes another maxReplicas into KEDA's HPA, and KEDA's reconciler hangs
	Meddler   BreakageKind = "meddler"    // a GitOps tool writes the replicas of its manifest, again and again

	// These are of the cluster, and broken for all at once.
	NoOperator     BreakageKind = "no-operator"     // KEDA's operator is gone: nobody looks, and nobody measures for the HPA
	NoMetrics      BreakageKind = "no-metrics"      // nobody answers for external metrics
	ForeignMetrics BreakageKind = "foreign-metrics" // another provider than KEDA answers for external metrics, and has none of KEDA's
	RefuseMetrics  BreakageKind = "refuse-metrics"  // the HPA controller may not read external metrics
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
	switch b.Kind {
	case CrashPods, OutOfMemory:
		for _, p := range w.allPods() {
			if b.Ref == (kscope.Ref{}) || b.Ref == p.workload {
				w.crash(p)
			}
		}
	case EditedHPA:
		for _, ref := range sortedKeys(w.scaled, kscope.Ref.Less) {
			w.editHPA(w.scaled[ref])
		}
	case Meddler:
		w.meddlers[b] = w.after(w.delay(), func() { w.meddle(b) })
	}
}

// What a GitOps tool writes, how often, and as whom.
const (
	manifestReplicas = 2
	gitOpsSync       = 30 * time.Second
	gitOpsManager    = "argocd-controller"
)

// meddle applies a manifest that has replicas in it to the workloads of a breakage,
// and plans to do so again.
func (w *World) meddle(b Breakage) {
	w.meddlers[b] = w.after(gitOpsSync, func() { w.meddle(b) })
	for _, key := range sortedKeys(w.workloads, workloadKey.less) {
		if b.Ref == (kscope.Ref{}) || b.Ref == key.ref {
			w.applyReplicas(w.workloads[key], manifestReplicas, gitOpsManager)
		}
	}
}

// editHPA has somebody halve the maxReplicas of a ScaledObject's HPA, or raise it
// where less cannot be; nothing where that is not broken, or there is no HPA.
func (w *World) editHPA(so *scaledObject) {
	h := w.hpas[w.hpaRef(so)]
	if h == nil || !h.isOf(so) || !w.isBroken(EditedHPA, so.targetRef()) {
		return
	}
	spec := &h.obj.Spec
	if spec.MaxReplicas != so.spec.most() {
		return // it was edited before
	}
	if spec.MaxReplicas = max(so.spec.hpaMin(), so.spec.most()/2); spec.MaxReplicas == so.spec.most() {
		spec.MaxReplicas++
	}
	w.hpaWritten(h, true)
}

// hangs reports whether KEDA's reconciler does not come to a ScaledObject: it waits
// for something else, while the scale loops go on. An HPA is made first.
func (w *World) hangs(so *scaledObject) bool {
	return w.isBroken(EditedHPA, so.targetRef()) && w.hpas[w.hpaRef(so)] != nil
}

// Mend ends a breakage. What backs off recovers when it tries again, as on a
// real cluster: an image or a crashed container after at most 5 minutes, a
// creation that was refused after at most 1,000 s. Only pods without a node
// are tried again at once, readiness is probed again, and workers look.
func (w *World) Mend(b Breakage) {
	if !w.broken[b] {
		return
	}
	delete(w.broken, b)
	for _, p := range w.allPods() {
		switch {
		case b.Kind == NoRoom && p.stage == unplaced:
			w.stop(p.step)
			p.step = w.after(w.delay(), func() { w.place(p) })
		case b.Kind == NeverReady && p.stage == running && !p.ready && !p.deleting:
			w.stop(p.step)
			at := p.readyAt()
			if at.Before(w.now) {
				at = w.now.Add(w.delay())
			}
			p.step = w.at(at, func() { w.becomeReady(p) })
		}
	}
	switch b.Kind {
	case IdleWorkers:
		w.everybodyLooks()
	case NoOperator, EditedHPA:
		for _, ref := range sortedKeys(w.scaled, kscope.Ref.Less) {
			w.wantReconcile(w.scaled[ref])
		}
	case Meddler:
		w.stop(w.meddlers[b])
		delete(w.meddlers, b)
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
