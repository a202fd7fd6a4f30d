package store_test

import (
	"fmt"
	"math/rand"
	"time"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/triggers"
)

var (
	mails   = triggers.Redis{Address: "elsewhere:6379", Key: "mails"}.Backlog()
	returns = triggers.Redis{Address: orders.Server, Key: "returns"}.Backlog()
)

// stream is what two ScaledObjects, some pods and two servers might do.
func stream(rnd *rand.Rand, n int) (out []kscope.Observation, refs []kscope.Ref) {
	x := newWorld(0)
	other, _ := another(x)
	now := noon
	see := func(source string, f kscope.Fact) {
		now = now.Add(time.Duration(rnd.Intn(4)) * 350 * time.Millisecond)
		out = append(out, kscope.Observation{At: now, Source: source, Fact: f})
	}
	objects := []kscope.ScaledObject{x.SO, other}
	hpas := []kscope.HPA{x.HPA, {Ref: kscope.Ref{Namespace: "demo", Name: "keda-hpa-mailer"}, UID: "h2", OwnerUID: "so-2"}}
	selector := func(app string) kscope.Selector {
		return kscope.Selector{{Key: "app", Operator: kscope.In, Values: []string{app}}}
	}
	work := []kscope.Workload{{Ref: x.SO.Ref, Kind: "Deployment", UID: "d-1", Ready: i32(0), Selector: selector("w")}, {Ref: other.Ref, Kind: "Deployment", UID: "d-2", Selector: selector("m")}}
	depths := map[string][]kscope.Depth{"a": {{Backlog: orders}, {Backlog: returns}}, "b": {{Backlog: mails}}}
	loads := kscope.Loading{}
	states := []kscope.State{kscope.Synced, kscope.Synced, kscope.Synced, kscope.Failing}
	for _, k := range []kscope.Kind{kscope.ScaledObjects, kscope.Deployments, kscope.Pods, kscope.HPAs, kscope.Events} {
		see("k8s", kscope.Status{Kind: k, State: kscope.Synced})
	}
	for len(out) < n {
		i := rnd.Intn(2)
		switch rnd.Intn(20) {
		case 0, 1:
			objects[i].LastActiveTime = now
			see("keda", objects[i])
		case 2:
			objects[i].Conditions = with(objects[i].Conditions, cond("Active", []string{"True", "False", "Unknown"}[rnd.Intn(3)], ""))
			objects[i].MaxReplicaCount = int32(5 + rnd.Intn(3))
			see("keda", objects[i])
		case 3:
			hpas[i].DesiredReplicas = int32(rnd.Intn(6))
			hpas[i].Conditions = kscope.Conditions{cond("ScalingActive", []string{"True", "False"}[rnd.Intn(2)], "x")}
			see("k8s", hpas[i])
		case 4, 5:
			work[i].Desired = int32(rnd.Intn(5))
			work[i].Current = work[i].Desired
			if i == 0 {
				work[i].Ready = i32(int32(rnd.Intn(5)))
			}
			see("k8s", work[i])
		case 6, 7, 8:
			see("k8s", pod(fmt.Sprint("p", rnd.Intn(8)), []string{"w", "m", "x"}[rnd.Intn(3)], rnd.Intn(2) == 0))
		case 9:
			see("k8s", kscope.Gone{Kind: kscope.Pods, Ref: pod(fmt.Sprint("p", rnd.Intn(8)), "w", true).Ref})
		case 10, 11, 12, 13, 14: // several measurements in a row, most of them the same
			name := []string{"a", "b"}[i]
			all := append([]kscope.Depth(nil), depths[name]...)
			d := &all[rnd.Intn(len(all))]
			switch rnd.Intn(6) {
			case 0:
				d.N, d.Err = float64(rnd.Intn(9)), ""
			case 1:
				d.N, d.Err = 0, ""
			case 2:
				if d.Err = "lost"; rnd.Intn(3) > 0 {
					d.Err = ""
				}
			}
			if rnd.Intn(40) == 0 {
				now = now.Add(70 * time.Second)
			}
			depths[name] = all
			for range 1 + rnd.Intn(4) {
				see("redis", kscope.Depths{Server: name, RTT: time.Duration(rnd.Intn(9)), All: all})
			}
		case 15:
			see("k8s", kscope.Event{UID: fmt.Sprint("e", rnd.Intn(5)), Type: "Normal", Reason: "R", Note: "n", Last: now, Count: 1,
				Regarding: kscope.ObjectRef{Kind: "ScaledObject", Namespace: "demo", Name: objects[i].Ref.Name}})
		case 16:
			q := []kscope.Backlog{orders, mails}[i]
			if rnd.Intn(2) == 0 {
				see("you", kscope.Purged{Backlog: q, Lost: 3})
			} else {
				put := batch(q, 0, 3, 3)
				put.Began = now.Add(1) // no load over time begins then
				see("you", put)
			}
		case 17:
			if loads.Began.IsZero() || rnd.Intn(4) == 0 {
				loads = kscope.Loading{Backlog: orders, Load: "steady", Began: now, State: kscope.LoadRunning}
			}
			loads.Elapsed, loads.Accepted = now.Sub(loads.Began), loads.Accepted+5
			see("you", loads)
		case 18:
			see("k8s", kscope.Status{Kind: []kscope.Kind{kscope.Pods, kscope.Deployments, kscope.Events}[rnd.Intn(3)], State: states[rnd.Intn(4)]})
			see("redis", kscope.Connection{Server: mails.Server, Version: fmt.Sprint(rnd.Intn(3))})
		case 19:
			switch rnd.Intn(6) {
			case 0:
				see("keda", kscope.Gone{Kind: kscope.ScaledObjects, Ref: objects[i].Ref})
			case 1:
				see("k8s", kscope.Gone{Kind: kscope.Deployments, Ref: work[i].Ref})
			case 2:
				work[i].UID += "+"
				see("k8s", work[i])
			case 3:
				see("keda", kscope.ScaledJob{Ref: kscope.Ref{Namespace: "demo", Name: "j"}})
			default:
				see("", kscope.Heartbeat{})
			}
		}
	}
	return out, []kscope.Ref{x.SO.Ref, other.Ref}
}
