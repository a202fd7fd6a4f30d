package tui

import (
	"fmt"
	"time"

	"github.com/kscope/kscope"
)

// phases are the moments of the seed story and its troubles.
var phases = []struct {
	name string
	tale func() *tale
}{
	{"asleep", func() *tale { return newTale("demo", "worker-scaler").begin().run(20 * time.Second) }},
	{"waking", func() *tale {
		return newTale("demo", "worker-scaler").begin().run(29 * time.Second).push(100).run(4 * time.Second)
	}},
	{"scaling-up", func() *tale {
		return newTale("demo", "worker-scaler").begin().run(29 * time.Second).push(100).run(26 * time.Second)
	}},
	{"at-max", func() *tale {
		return newTale("demo", "worker-scaler").begin().run(29 * time.Second).push(300).run(48 * time.Second)
	}},
	{"cooling-down", func() *tale {
		return newTale("demo", "worker-scaler").begin().run(29 * time.Second).push(100).run(66 * time.Second)
	}},
	{"back-at-zero", func() *tale {
		return newTale("demo", "worker-scaler").begin().run(29 * time.Second).push(100).run(92 * time.Second)
	}},
	{"redis-lost", func() *tale {
		t := newTale("demo", "worker-scaler").begin().run(29 * time.Second).push(100).run(30 * time.Second)
		t.redis = "dial tcp 10.96.11.7:6379: connect: connection refused"
		t.measure()
		t.say(kscope.Status{Kind: kscope.Queues, Name: t.queue.Server, State: kscope.Failing, Message: t.redis, Hint: "is the Service there?"})
		t.run(9 * time.Second)
		t.hpa.Conditions = kscope.Conditions{{Type: "ScalingActive", Status: "False", Reason: "FailedGetExternalMetric", Message: "the HPA was unable to compute the replica count: unable to get external metric: unable to fetch metrics from external metrics API: error getting metric"}}
		t.say(t.hpa)
		return t.run(5 * time.Second)
	}},
	{"broken", func() *tale {
		t := newTale("demo", "worker-scaler")
		t.redis = "lookup redis.demo.svc.cluster.local: no such host"
		t.condition(kscope.Condition{Type: "Ready", Status: "False", Reason: "ScaledObjectCheckFailed", Message: "failed to ensure HPA is correctly created for ScaledObject: error establishing redis connection: dial tcp: lookup reddis.demo.svc.cluster.local on 10.96.0.10:53: no such host"})
		t.begin()
		t.say(kscope.Status{Kind: kscope.Queues, Name: t.queue.Server, State: kscope.Failing, Message: t.redis})
		return t.run(10 * time.Second)
	}},
	{"pods-failing", func() *tale {
		t := newTale("demo", "worker-scaler")
		t.stopped = true
		return t.begin().run(29 * time.Second).push(100).run(26 * time.Second)
	}},
	{"forbidden", func() *tale {
		t := newTale("demo", "worker-scaler").begin().run(10 * time.Second)
		t.say(kscope.Status{Kind: kscope.Pods, State: kscope.Forbidden, Message: "pods is forbidden: User \"dev\" cannot list resource \"pods\"", Hint: "ask for get, list and watch on pods"})
		t.say(kscope.Status{Kind: kscope.Events, State: kscope.Forbidden, Message: "events is forbidden", Hint: "ask for get, list and watch on events"})
		return t.run(2 * time.Second)
	}},
}

// many is an overview: n ScaledObjects at different points of the story.
func many(n int) *tale {
	t := newTale("demo", "all").begin()
	t.out = nil
	for _, k := range []kscope.Kind{kscope.Deployments, kscope.HPAs, kscope.Pods, kscope.Events, kscope.ScaledJobs} {
		t.say(kscope.Status{Kind: k, State: kscope.Synced})
	}
	for i := range n {
		p := phases[i%len(phases)]
		if i%7 > 2 {
			p = phases[0]
		}
		if p.name == "forbidden" || p.name == "redis-lost" {
			p = phases[1]
		}
		one := p.tale()
		last := one.at
		name := fmt.Sprintf("%s-%03d", []string{"orders", "invoices", "thumbnails", "mail", "search-index"}[i%5], i)
		for _, o := range one.take().All {
			o = renamed(o, name)
			if o.Fact != nil {
				o.At = o.At.Add(taleStart.Add(2 * time.Minute).Sub(last))
				t.out = append(t.out, o)
			}
		}
	}
	t.say(kscope.Status{Kind: kscope.ScaledObjects, State: kscope.Synced})
	t.at = taleStart.Add(2 * time.Minute)
	t.say(kscope.Heartbeat{})
	return t
}

// renamed gives what was observed of one ScaledObject to another.
func renamed(o kscope.Observation, name string) kscope.Observation {
	q := func(q kscope.Backlog) kscope.Backlog { q.Name = name; return q }
	switch f := o.Fact.(type) {
	case kscope.ScaledObject:
		f.Ref.Name, f.UID, f.HPAName, f.ScaleTarget.Name = name, "so-"+name, "keda-hpa-"+name, name
		t := f.Triggers[0]
		queue := q(*t.Backlog)
		t.Backlog = &queue
		f.Triggers = []kscope.Trigger{t}
		o.Fact = f
	case kscope.HPA:
		f.Ref.Name, f.OwnerUID = "keda-hpa-"+name, "so-"+name
		o.Fact = f
	case kscope.Workload:
		f.Ref.Name, f.UID = name, "w-"+name
		f.Selector = kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{name}}}
		o.Fact = f
	case kscope.Pod:
		f.Ref.Name, f.UID, f.Labels = name+f.Ref.Name[12:], name+f.UID[12:], map[string]string{"app": name}
		o.Fact = f
	case kscope.Gone:
		f.Ref.Name, f.UID = name+f.Ref.Name[12:], name+f.UID[12:]
		o.Fact = f
	case kscope.Depths:
		all := append([]kscope.Depth(nil), f.All...)
		for i := range all {
			all[i].Backlog = q(all[i].Backlog)
		}
		f.All = all
		o.Fact = f
	case kscope.Loading:
		f.Backlog, f.Target.Name = q(f.Backlog), name
		o.Fact = f
	default:
		o.Fact = nil
	}
	return o
}
