package dashboard_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kscope/kscope/e2e/cluster"
)

// A fate is what happens to a cluster and to the way to it, by chance: what
// happens in a moment, and troubles that last for a while. Each trouble has a
// goroutine of its own, that mends it as well.
type fate struct {
	t     *testing.T
	ns    string
	all   []*soaked
	gate  *gate
	rules []rbacv1.PolicyRule // of the user whose dashboard it is

	mu       sync.Mutex
	going    map[string]bool // troubles, by their turn
	happened map[string]int  // how often
	troubles sync.WaitGroup
}

// A trouble lasts for a while. Of those that share a turn there is one at a
// time.
type trouble struct {
	name, turn    string
	breaks, mends func(context.Context) error
}

// serving is the turn of those that stop a server, or need them all to mend.
const serving = "servers"

// run plays until ctx is done, and returns when all is mended.
func (f *fate) run(ctx context.Context, r *rand.Rand) {
	defer f.troubles.Wait()
	for ctx.Err() == nil {
		if r.IntN(3) == 0 {
			f.suffer(ctx, f.trouble(r), between(r, 2*time.Second, 15*time.Second))
		} else {
			name, what := f.moment(r)
			f.try(ctx, name, what)
		}
		wait(ctx, between(r, 200*time.Millisecond, 2*time.Second))
	}
}

func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)))
}

// wait lets time pass, which is what fate does most.
func wait(ctx context.Context, long time.Duration) {
	timer := time.NewTimer(long)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// suffer begins a trouble, unless it is not its turn, and mends it after so
// long, or when ctx is done.
func (f *fate) suffer(ctx context.Context, tr trouble, long time.Duration) {
	if tr.turn == "" {
		tr.turn = tr.name
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.going[tr.turn] {
		return
	}
	f.going[tr.turn] = true
	f.troubles.Go(func() {
		f.try(ctx, tr.name, tr.breaks)
		wait(ctx, long)
		f.try(context.WithoutCancel(ctx), tr.name+", mended", tr.mends)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.going[tr.turn] = false
	})
}

// try does something, again and again while other troubles keep it from being
// done.
func (f *fate) try(ctx context.Context, name string, what func(context.Context) error) {
	err := cluster.WaitFor(ctx, settling, name, func(ctx context.Context) error {
		err := what(ctx)
		if apierrors.IsNotFound(err) { // somebody has deleted it, which is another happening
			return nil
		}
		return err
	})
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		f.t.Error(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.happened[name]++
}

// trouble chooses one.
func (f *fate) trouble(r *rand.Rand) trouble {
	w := f.all[r.IntN(len(f.all)-1)] // the last one is always paused
	rule := r.IntN(len(f.rules))
	one := f.all[r.IntN(len(f.all))]
	all := []trouble{
		f.stopped(cluster.APIServer), f.stopped(cluster.KEDAOperator), f.stopped(cluster.KEDAAdapter), f.stopped(cluster.ControllerManager),
		{"Redis is stopped", serving, func(context.Context) error { return c.StopRedis() }, func(ctx context.Context) error {
			return errors.Join(c.StartRedis(ctx), admit(ctx, f.ns))
		}},
		{"the nodes hang", serving, func(context.Context) error { return c.HaltProgram(cluster.Kwok) }, func(context.Context) error {
			return c.ResumeProgram(cluster.Kwok)
		}},
		{"a ScaledObject is deleted", serving, func(ctx context.Context) error {
			return c.Dynamic.Resource(scaledObjects).Namespace(f.ns).Delete(ctx, one.scaledObject(), noOptions)
		}, func(ctx context.Context) error { return f.again(ctx, one) }},
		{"a ScaledObject is paused", "", func(ctx context.Context) error { return f.annotate(ctx, w, "true") },
			func(ctx context.Context) error { return f.annotate(ctx, w, nil) }},
		{"the API server is shut", "gate", f.turn(shut), f.turn(open)},
		{"the line to the API server hangs", "gate", f.turn(hanging), f.turn(open)},
		{"a permission is taken", "", func(ctx context.Context) error {
			return f.grant(ctx, slices.Delete(slices.Clone(f.rules), rule, rule+1))
		},
			func(ctx context.Context) error { return f.grant(ctx, f.rules) }},
	}
	return all[r.IntN(len(all))]
}

func (f *fate) stopped(program string) trouble {
	return trouble{program + " is stopped", serving, func(context.Context) error { return c.StopProgram(program) },
		func(ctx context.Context) error { return c.StartProgram(ctx, program) }}
}

func (f *fate) turn(state gateState) func(context.Context) error {
	return func(context.Context) error { f.gate.set(state); return nil }
}

// grant gives the user these rules. Watches that are open go on without asking
// whether they may, so they are cut.
func (f *fate) grant(ctx context.Context, rules []rbacv1.PolicyRule) error {
	roles := c.Client.RbacV1().Roles(f.ns)
	role, err := roles.Get(ctx, "e2e-user-"+f.ns, metav1.GetOptions{})
	if err != nil {
		return err
	}
	role.Rules = rules
	if _, err = roles.Update(ctx, role, metav1.UpdateOptions{}); err == nil {
		f.gate.cut()
	}
	return err
}

// annotate pauses a ScaledObject, or with nil lets it go on.
func (f *fate) annotate(ctx context.Context, w *soaked, paused any) error {
	return f.patch(ctx, w, map[string]any{"metadata": map[string]any{"annotations": map[string]any{"autoscaling.keda.sh/paused": paused}}})
}

func (f *fate) patch(ctx context.Context, w *soaked, change map[string]any) error {
	b, err := json.Marshal(change)
	if err != nil {
		return err
	}
	_, err = c.Dynamic.Resource(scaledObjects).Namespace(f.ns).Patch(ctx, w.scaledObject(), types.MergePatchType, b, metav1.PatchOptions{})
	return err
}

// again makes a deleted ScaledObject once more, as soon as KEDA has let it go.
func (f *fate) again(ctx context.Context, w *soaked) error {
	so, err := c.Dynamic.Resource(scaledObjects).Namespace(f.ns).Get(ctx, w.scaledObject(), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return w.scale(ctx)
	case err == nil && so.GetDeletionTimestamp() != nil:
		err = fmt.Errorf("%s is still going", w.scaledObject())
	}
	return err
}

// moment chooses something that is over as soon as it has happened.
func (f *fate) moment(r *rand.Rand) (name string, what func(context.Context) error) {
	one, jobs, number, choice := f.all[r.IntN(len(f.all))], 1+r.IntN(40), r.IntN(5), r.IntN(12)
	switch choice {
	case 0:
		return "a pod is deleted", f.deletePods("soak=worker", 1)
	case 1, 2:
		return "pods behind the tunnel are deleted", func(ctx context.Context) error {
			if err := f.deletePods("app=redis", 1+number%2)(ctx); err != nil {
				return err
			}
			return f.hangUp(ctx) // a real pod takes its connections with it, a pretended one does not
		}
	case 3:
		return "connections to the API server are cut", func(context.Context) error { f.gate.cut(); return nil }
	case 4:
		return "connections to Redis are cut", f.hangUp
	case 5:
		return "a ScaledObject is edited", func(ctx context.Context) error {
			return f.patch(ctx, one, map[string]any{"spec": map[string]any{"maxReplicaCount": 2 + number, "cooldownPeriod": 4 + number}})
		}
	case 6:
		return "somebody scales", func(ctx context.Context) error {
			b := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, number)
			_, err := c.Client.AppsV1().Deployments(f.ns).Patch(ctx, one.name, types.MergePatchType, b, metav1.PatchOptions{}, "scale")
			return err
		}
	case 7:
		return "a new version is rolled out", func(ctx context.Context) error {
			b := fmt.Appendf(nil, `{"spec":{"template":{"metadata":{"annotations":{"version":"%d"}}}}}`, jobs)
			_, err := c.Client.AppsV1().Deployments(f.ns).Patch(ctx, one.name, types.MergePatchType, b, metav1.PatchOptions{})
			return err
		}
	}
	return "jobs come", func(ctx context.Context) error {
		if queues.Ping(ctx).Err() != nil {
			return nil // Redis is stopped
		}
		if n, err := queues.LLen(ctx, one.list()).Result(); err == nil && n > 300 { // the workers would not be done before the end
			return queues.Del(ctx, one.list()).Err()
		}
		return queues.LPush(ctx, one.list(), slices.Repeat([]any{`{"job":1}`}, jobs)...).Err()
	}
}

// deletePods deletes so many pods of those that have a label, at once.
func (f *fate) deletePods(label string, n int) func(context.Context) error {
	return func(ctx context.Context) error {
		pods, err := c.Client.CoreV1().Pods(f.ns).List(ctx, metav1.ListOptions{LabelSelector: label})
		if err != nil {
			return err
		}
		now := int64(0)
		for _, p := range pods.Items[:min(n, len(pods.Items))] {
			err := c.Client.CoreV1().Pods(f.ns).Delete(ctx, p.Name, metav1.DeleteOptions{GracePeriodSeconds: &now})
			if err != nil && !apierrors.IsNotFound(err) {
				return err
			}
		}
		return nil
	}
}

// hangUp cuts what kscope has open to Redis, if that is there.
func (f *fate) hangUp(ctx context.Context) error {
	all, _ := queues.ClientList(ctx).Result()
	for line := range strings.Lines(all) {
		if fields := strings.Fields(line); slices.Contains(fields, "name=kscope") {
			queues.Do(ctx, "client", "kill", "id", strings.TrimPrefix(fields[0], "id=")) // it may be gone already
		}
	}
	return nil
}
