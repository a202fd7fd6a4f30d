package compare

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
)

// Place is a cluster to play in, with the manifests applied. Time passes in it
// as on the clock of this program.
type Place struct {
	Client    kubernetes.Interface
	Dynamic   dynamic.Interface
	Redis     *redis.Client
	Namespace string
	// Lead is how long to wait before the schedule begins once everything has
	// settled, to meet other phases.
	Lead time.Duration
}

// Step is a number of replicas that a Deployment was told to have.
type Step struct {
	At       time.Duration // since the schedule began; 0 for what was there before
	Replicas int32
	Owner    string // of the number, by the field managers: KEDA, HPA, a name, or "" for nobody
	By       string // who told of the step in an event: KEDA, HPA, or "" for nobody
}

// Trace is what a Deployment was told, in order; the first step is where it
// began.
type Trace []Step

// Play waits until KEDA and the HPA controller have settled, puts every
// scenario to its load, and tells what became of it.
func Play(ctx context.Context, p Place, scenarios []Scenario) (Outcome, error) {
	var out Outcome
	if err := p.settle(ctx, scenarios); err != nil {
		return out, err
	}
	if err := sleep(ctx, p.Lead); err != nil {
		return out, err
	}
	deployments := p.Client.AppsV1().Deployments(p.Namespace)
	list, err := deployments.List(ctx, metav1.ListOptions{})
	if err != nil {
		return out, fmt.Errorf("list deployments: %w", err)
	}
	hour := int64(3600) // so that the server does not end the watch first
	w, err := deployments.Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion, TimeoutSeconds: &hour})
	if err != nil {
		return out, fmt.Errorf("watch deployments: %w", err)
	}
	defer w.Stop()
	out.Traces = map[string]Trace{}
	for i := range list.Items {
		d := &list.Items[i]
		out.Traces[d.Name] = Trace{{0, *d.Spec.Replicas, owner(d), ""}}
	}
	made, stop, err := p.jobs(ctx, scenarios, out.Traces)
	if err != nil {
		return out, err
	}
	defer stop()
	out.Began = time.Now()
	if err := p.run(ctx, w, made, out.Began, scenarios, out.Traces); err != nil {
		return out, err
	}
	out.Ended = time.Now()
	return out, p.attribute(ctx, out.Began, out.Traces)
}

// change is a level of one scenario.
type change struct {
	Level
	list string
	more bool // instead of what there was
}

// run sets the levels at their moments and notes what is written meanwhile.
func (p Place) run(ctx context.Context, w watch.Interface, made <-chan watch.Event, began time.Time, scenarios []Scenario, traces map[string]Trace) error {
	var changes []change
	for _, s := range scenarios {
		for _, l := range s.Load {
			changes = append(changes, change{l, s.List(p.Namespace), s.Worked})
		}
		for _, l := range s.Second {
			changes = append(changes, change{l, s.SecondList(p.Namespace), s.Worked})
		}
	}
	slices.SortStableFunc(changes, func(a, b change) int { return int(a.At - b.At) })
	end := began.Add(End(scenarios))
	next := func() time.Duration {
		if len(changes) > 0 {
			return time.Until(began.Add(changes[0].At))
		}
		return time.Until(end)
	}
	timer := time.NewTimer(next())
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-w.ResultChan():
			if !ok {
				return errors.New("the watch of deployments ended early")
			}
			d, ok := e.Object.(*appsv1.Deployment)
			if !ok || e.Type == watch.Deleted {
				return fmt.Errorf("the watch of deployments gave %s %T", e.Type, e.Object)
			}
			note(traces, d, time.Since(began))
		case e, ok := <-made:
			if !ok {
				return errors.New("the watch of jobs ended early")
			}
			noteJob(traces, e, time.Since(began))
		case <-timer.C:
			if len(changes) == 0 {
				return nil
			}
			for now := changes[0].At; len(changes) > 0 && changes[0].At == now; changes = changes[1:] {
				if err := p.set(ctx, changes[0]); err != nil {
					return err
				}
			}
			timer.Reset(next())
		}
	}
}

// note takes down a number that is new.
func note(traces map[string]Trace, d *appsv1.Deployment, at time.Duration) {
	t := traces[d.Name]
	if n := *d.Spec.Replicas; len(t) == 0 || t[len(t)-1].Replicas != n {
		traces[d.Name] = append(t, Step{at, n, owner(d), ""})
	}
}

// set makes a list as long as it is to be, or longer, in one transaction: nobody
// sees it any other way.
func (p Place) set(ctx context.Context, c change) error {
	_, err := p.Redis.TxPipelined(ctx, func(tx redis.Pipeliner) error {
		if !c.more {
			tx.Del(ctx, c.list)
		}
		if c.Jobs > 0 {
			tx.RPush(ctx, c.list, slices.Repeat([]any{"job"}, c.Jobs)...)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("put %d jobs into %s: %w", c.Jobs, c.list, err)
	}
	return nil
}

// settle waits until every scenario is at its first number of replicas, KEDA is
// content with it and the HPA controller has seen it.
func (p Place) settle(ctx context.Context, scenarios []Scenario) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		why, err := p.unsettled(ctx, scenarios)
		if err != nil {
			return err
		}
		if why == "" {
			return nil
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return fmt.Errorf("wait for everything to settle: %w; %s", err, why)
		}
	}
}

var scaledObjects = schema.GroupVersionResource{Group: "keda.sh", Version: "v1alpha1", Resource: "scaledobjects"}

// unsettled says what is not yet as it will be, "" when all is.
func (p Place) unsettled(ctx context.Context, scenarios []Scenario) (string, error) {
	ds, err := p.Client.AppsV1().Deployments(p.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", fmt.Errorf("list deployments: %w", err)
	}
	replicas := map[string]int32{}
	for _, d := range ds.Items {
		if *d.Spec.Replicas == d.Status.Replicas {
			replicas[d.Name] = d.Status.Replicas
		}
	}
	hpas, err := p.Client.AutoscalingV2().HorizontalPodAutoscalers(p.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", fmt.Errorf("list horizontalpodautoscalers: %w", err)
	}
	seen := map[string]bool{}
	for _, h := range hpas.Items {
		seen[h.Spec.ScaleTargetRef.Name] = len(h.Status.Conditions) > 0
	}
	sos, err := p.Dynamic.Resource(scaledObjects).Namespace(p.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", fmt.Errorf("list scaledobjects: %w", err)
	}
	ready := map[string]bool{}
	for _, so := range sos.Items {
		ready[so.GetName()] = condition(so, "Ready") == "True" && condition(so, "Active") == "False"
	}
	for _, s := range scenarios {
		n, ok := replicas[s.Name]
		switch {
		case s.Jobs: // KEDA looks at once
		case !ok || n != s.Replicas[0]:
			return s.Name + " has not the replicas to begin with", nil
		case !ready[s.Name] && s.HPAOf == "":
			return "KEDA does not watch " + s.Name, nil
		case !seen[s.Name]:
			return "the HPA controller has not seen " + s.Name, nil
		}
	}
	return "", nil
}

func condition(o unstructured.Unstructured, typ string) string {
	list, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range list {
		if c, ok := c.(map[string]any); ok && c["type"] == typ {
			return fmt.Sprint(c["status"])
		}
	}
	return ""
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
