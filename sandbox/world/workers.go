package world

import (
	"slices"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sandbox/brokers"
	"github.com/kscope/kscope/triggers"
)

// crew are the workers of one workload: its ready pods.
type crew struct {
	queues []triggers.Redis
	idle   []*pod // in the order in which they began to wait; may hold some that left
	retry  *timer
}

// crewsChanged has it found out anew who works on which queue: the pods of every
// workload on those that the triggers of its ScaledObjects measure. One without any
// that what its pods use scales has requests to serve.
func (w *World) crewsChanged() {
	w.crewsStale = true
	w.Wake()
}

// crewsFollow gives every crew its queues, if they may have changed: once for all
// that is applied together.
func (w *World) crewsFollow() {
	if !w.crewsStale {
		return
	}
	w.crewsStale = false
	queues := map[*workload][]triggers.Redis{}
	for _, ref := range sortedKeys(w.scaled, kscope.Ref.Less) {
		so := w.scaled[ref]
		wl := w.target(so)
		if wl == nil {
			continue
		}
		for i, t := range so.spec.Triggers {
			if q, ok := brokers.TriggerQueue(ref.Namespace, ref.Name, i, t.Type, t.Metadata); ok && !slices.Contains(queues[wl], q) {
				queues[wl] = append(queues[wl], q)
			}
		}
	}
	for _, h := range w.hpas {
		if wl, err := w.scaleOf(h); err == nil && h.goesByUse() && len(queues[wl]) == 0 {
			queues[wl] = []triggers.Redis{Requests(wl.ref.Namespace, wl.ref.Name)}
		}
	}
	for _, wl := range w.workloads {
		wl.crew.queues = queues[wl]
	}
}

// Queues are those that anybody works on.
func (w *World) Queues() []triggers.Redis {
	w.crewsFollow()
	var out []triggers.Redis
	for _, key := range sortedKeys(w.workloads, workloadKey.less) {
		for _, q := range w.workloads[key].crew.queues {
			if !slices.Contains(out, q) {
				out = append(out, q)
			}
		}
	}
	return out
}

// Requests is the queue of a workload that only what its pods use scales: the requests
// that its pods serve, one at a time. There is none like it in any cluster.
func Requests(namespace, workload string) triggers.Redis {
	q := brokers.StandIn(namespace, workload, 0, "requests")
	q.Called = "requests"
	return q
}

// everybodyLooks has every idle worker look into its queue.
func (w *World) everybodyLooks() {
	for _, key := range sortedKeys(w.workloads, workloadKey.less) {
		w.crewLooks(&w.workloads[key].crew)
	}
}

// crewLooks hands out jobs to idle workers, the one that has waited longest
// first, until there are none left of either.
func (w *World) crewLooks(c *crew) {
	w.crewsFollow()
	waiting := c.idle
	c.idle = nil
	for i, p := range waiting {
		if !p.idle {
			continue
		}
		p.idle = false
		w.look(p)
		if p.idle { // nothing there, so not for the others either
			c.idle = append(c.idle[:0], waiting[i:]...)
			return
		}
	}
}

// canWork reports whether a pod may take a job: it is ready, and has not been
// told to stop.
func (p *pod) canWork() bool {
	return p.stage == running && p.ready && !p.deleting && p.work == nil && !p.idle
}

// look has a worker take a job if there is one, and wait otherwise. A worker
// without connection tries again every second; one that crashes does so before
// it takes anything.
func (w *World) look(p *pod) {
	if w.crashes(p) {
		return
	}
	if p.job != nil {
		w.jobWorks(p)
		return
	}
	if w.o.NoWorkers || p.crew == nil || !p.canWork() {
		return
	}
	queues := p.crew.queues
	if w.isBroken(IdleWorkers, p.workload) {
		queues = nil
	}
	for _, q := range queues {
		ok, err := w.takeFrom(p, q)
		if err != nil {
			w.tryLater(p.crew)
			continue
		}
		if ok {
			w.witness(Deed{What: Took, Of: p.workload, By: q.Key})
			p.meter.Begins(w.now)
			p.work = w.after(spread(w.services, w.o.ServiceTime, w.o.ServiceSpread), func() { w.done(p) })
			return
		}
	}
	p.idle = true
	p.crew.idle = append(p.crew.idle, p)
}

// taken is a job that a queue keeps until it is done.
type taken struct {
	triggers.Redis
	id string
}

// claims is how long a job lies with a worker that is gone until another takes it over,
// where the queue has kept it.
const claims = time.Minute

// takeFrom has a worker take a job from a queue: one that was left there, or the next. It
// gets none where as many workers as can share the queue have one.
func (w *World) takeFrom(p *pod, q triggers.Redis) (bool, error) {
	is := w.queue(q)
	if is.Shared() {
		return false, nil
	}
	if i := slices.IndexFunc(w.left, func(t taken) bool { return t.Redis == q }); i >= 0 {
		p.took = append(p.took, w.left[i])
		w.left = slices.Delete(w.left, i, i+1)
		is.Take()
		return true, nil
	}
	id, ok, err := w.q.Take(q)
	if ok {
		is.Take()
		p.took = append(p.took, taken{q, id})
	}
	return ok, err
}

// Measured says that a real queue holds what a stand-in would, and what was measured there:
// KEDA goes by it, and workers take nothing from it.
func (w *World) Measured(q triggers.Redis, d kscope.Depth) { w.queue(q).Measured(d) }

func (w *World) tryLater(c *crew) {
	if c.retry == nil || c.retry.index < 0 {
		c.retry = w.after(time.Second, func() { w.crewLooks(c) })
	}
}

// done is the end of a job. A worker that was told to stop stops now.
func (w *World) done(p *pod) {
	p.work = nil
	p.meter.Ends(w.now)
	for _, t := range p.took {
		w.q.Done(t.Redis, t.id)
		w.queue(t.Redis).Done()
	}
	if p.deleting && len(p.took) > 0 && w.queue(p.took[0].Redis).Most > 0 {
		w.Wake() // another may have its share
	}
	p.took = p.took[:0]
	if p.job != nil || p.deleting {
		w.exit(p, 0)
		return
	}
	w.look(p)
}

// leave takes a worker out of those that wait.
func (w *World) leave(p *pod) { p.idle = false }

// dropWork loses the job in hand, unless the queue has kept it.
func (w *World) dropWork(p *pod) {
	if p.work != nil {
		w.stop(p.work)
		p.work = nil
		p.meter.Ends(w.now)
		for _, t := range p.took {
			is, again := w.queue(t.Redis), claims
			switch {
			case is.Keeps:
				again = is.Again
			case t.id == "":
				w.lost++
				is.Drop()
				continue
			}
			w.after(again, func() {
				is.Drop()
				w.left = append(w.left, t)
				w.everybodyLooks()
			})
		}
		p.took = nil
	}
}

// Wake says that jobs may have arrived: at the next Advance every idle worker
// looks into its queue. Until then an idle worker sleeps; one that becomes
// ready or has finished a job looks by itself.
func (w *World) Wake() {
	if w.woken == nil {
		w.woken = w.after(0, func() {
			w.woken = nil
			w.everybodyLooks()
		})
	}
}
