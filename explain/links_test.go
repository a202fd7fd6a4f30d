package explain_test

import (
	"testing"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/explain"
)

func TestLinks(t *testing.T) {
	hpa := func(conditions ...kscope.Condition) func(x *world) {
		return func(x *world) {
			x.HPA.StatusEverSynced, x.HPA.DesiredReplicas = true, x.Work.Desired
			for _, c := range conditions {
				x.HPA.Conditions = with(x.HPA.Conditions, c)
			}
			x.See(1, x.HPA)
		}
	}
	so := func(c kscope.Condition) func(x *world) {
		return func(x *world) {
			x.SO.Conditions = with(x.SO.Conditions, c)
			x.See(1, x.SO)
		}
	}
	gone := func(k kscope.Kind, state kscope.State) func(x *world) {
		return func(x *world) {
			x.See(1, kscope.Gone{Kind: kscope.HPAs, Ref: x.HPA.Ref}, kscope.Gone{Kind: kscope.Deployments, Ref: x.Work.Ref}, kscope.Status{Kind: k, State: state})
		}
	}
	tests := []struct {
		name  string
		size  int32
		do    func(x *world)
		link  explain.Role
		state explain.LinkState
		want  string
	}{
		{"never measured", 1, func(*world) {}, explain.LinkQueue, explain.LinkUnknown, "? not read yet"},
		{"measured", 1, func(x *world) { x.Depth(1, 1200) }, explain.LinkQueue, explain.LinkOK, "1,200 has work"},
		{"unreadable", 1, func(x *world) {
			x.See(1, kscope.Depths{All: []kscope.Depth{{Backlog: orders, Err: "refused"}}})
		}, explain.LinkQueue, explain.LinkBroken, "? cannot be read"},
		{"below activation", 0, func(x *world) {
			x.SO.Triggers[0].Metadata = map[string]string{"activationListLength": "9"}
			x.See(1, x.SO)
			x.Depth(1, 9)
		}, explain.LinkQueue, explain.LinkWaiting, "9 below activation"},
		{"not measured", 1, func(x *world) {
			x.SO.Triggers = []kscope.Trigger{{Type: "cron"}}
			x.See(1, x.SO)
		}, explain.LinkQueue, explain.LinkUnknown, "? not measured"},
		{"no trigger", 1, func(x *world) { x.SO.Triggers = nil; x.See(1, x.SO) }, explain.LinkQueue, explain.LinkUnknown, " no trigger"},

		{"active", 1, so(cond("Active", "True", "ScalerActive")), explain.LinkKEDA, explain.LinkOK, "active active"},
		{"not ready", 1, so(cond("Ready", "False", "TriggerError")), explain.LinkKEDA, explain.LinkBroken, "not ready source failing"},
		{"fallback", 1, so(cond("Fallback", "True", "FallbackExists")), explain.LinkKEDA, explain.LinkBroken, "fallback source failing"},
		{"no word yet", 1, so(cond("Active", "Unknown", "")), explain.LinkKEDA, explain.LinkUnknown, "? no status yet"},
		{"paused", 1, func(x *world) { x.SO.Paused = true; x.See(1, x.SO) }, explain.LinkKEDA, explain.LinkWaiting, "paused paused"},
		{"silent", 1, func(x *world) {
			so(cond("Active", "True", "ScalerActive"))(x)
			x.See(100, kscope.Heartbeat{})
		}, explain.LinkKEDA, explain.LinkBroken, "? status is old"},

		{"HPA starting", 1, func(*world) {}, explain.LinkHPA, explain.LinkWaiting, "starting no sync yet"},
		{"HPA at rest", 0, hpa(cond("ScalingActive", "False", "ScalingDisabled")), explain.LinkHPA, explain.LinkIdle, "resting at zero"},
		{"HPA due", 1, hpa(cond("ScalingActive", "False", "ScalingDisabled")), explain.LinkHPA, explain.LinkWaiting, "due before next sync"},
		{"HPA blind", 1, hpa(cond("ScalingActive", "False", "FailedGetExternalMetric")), explain.LinkHPA, explain.LinkBroken, "no metric no answer"},
		{"HPA powerless", 1, hpa(cond("AbleToScale", "False", "FailedUpdateScale")), explain.LinkHPA, explain.LinkBroken, "cannot scale FailedUpdateScale"},
		{"HPA in range", 3, hpa(), explain.LinkHPA, explain.LinkOK, "wants 3 in range"},
		{"HPA at max", 3, hpa(cond("ScalingLimited", "True", "TooManyReplicas")), explain.LinkHPA, explain.LinkOK, "wants 3 at max"},
		{"HPA at min", 3, hpa(cond("ScalingLimited", "True", "TooFewReplicas")), explain.LinkHPA, explain.LinkOK, "wants 3 at min"},
		{"HPA ramping", 3, hpa(cond("ScalingLimited", "True", "ScaleUpLimit")), explain.LinkHPA, explain.LinkWorking, "wants 3 ramping"},
		{"HPA stepping down", 3, hpa(cond("ScalingLimited", "True", "ScaleDownLimit")), explain.LinkHPA, explain.LinkWorking, "wants 3 stepping down"},
		{"HPA holding", 3, hpa(cond("AbleToScale", "True", "ScaleDownStabilized")), explain.LinkHPA, explain.LinkWaiting, "wants 3 holding"},
		{"HPA holding, of more than it may have", 10, func(x *world) {
			x.Depth(1, 200)
			hpa(cond("AbleToScale", "True", "ScaleDownStabilized"), cond("ScalingLimited", "True", "TooManyReplicas"))(x)
		}, explain.LinkHPA, explain.LinkOK, "wants 10 at max"},
		{"HPA holding, of more than it could have", 10, func(x *world) {
			x.Depth(1, 20)
			hpa(cond("AbleToScale", "True", "ScaleDownStabilized"), cond("ScalingLimited", "True", "TooManyReplicas"))(x)
		}, explain.LinkHPA, explain.LinkWaiting, "wants 10 holding"},
		{"HPA waiting for more", 3, hpa(cond("AbleToScale", "True", "ScaleUpStabilized")), explain.LinkHPA, explain.LinkWaiting, "wants 3 holding"},
		{"HPA overtaken", 3, func(x *world) { hpa()(x); x.Scale(2, "kubectl", 4) }, explain.LinkHPA, explain.LinkWaiting, "wants 3 before next sync"},
		{"HPA not made", 3, gone(kscope.HPAs, kscope.Synced), explain.LinkHPA, explain.LinkWaiting, "none not made yet"},
		{"HPA forbidden", 3, gone(kscope.HPAs, kscope.Forbidden), explain.LinkHPA, explain.LinkUnknown, "? not permitted"},

		{"workload complete", 2, func(*world) {}, explain.LinkWorkload, explain.LinkOK, "2/2 complete"},
		{"workload growing", 2, func(x *world) { x.Work.Desired = 4; x.See(1, x.Work) }, explain.LinkWorkload, explain.LinkWorking, "2/4 creating pods"},
		{"workload shrinking", 2, func(x *world) { x.Work.Desired = 1; x.See(1, x.Work) }, explain.LinkWorkload, explain.LinkWorking, "2/1 removing pods"},
		{"workload rolling out", 2, func(x *world) {
			x.Work.Desired, x.Work.Conditions = 1, kscope.Conditions{cond("Progressing", "True", "ReplicaSetUpdated")}
			x.See(1, x.Work)
		}, explain.LinkWorkload, explain.LinkWorking, "2/1 rolling out"},
		{"workload shrinking, long rolled out", 2, func(x *world) {
			x.Work.Desired, x.Work.Conditions = 1, kscope.Conditions{cond("Progressing", "True", "NewReplicaSetAvailable")}
			x.See(1, x.Work)
		}, explain.LinkWorkload, explain.LinkWorking, "2/1 removing pods"},
		{"workload gone", 2, gone(kscope.HPAs, kscope.Synced), explain.LinkWorkload, explain.LinkBroken, "missing no target"},
		{"workload forbidden", 2, gone(kscope.Deployments, kscope.Forbidden), explain.LinkWorkload, explain.LinkUnknown, "? not permitted"},
		{"quota", 2, func(x *world) {
			x.Work.Conditions = kscope.Conditions{cond("ReplicaFailure", "True", "FailedCreate")}
			x.See(1, x.Work)
		}, explain.LinkWorkload, explain.LinkBroken, "2/2 cannot create pods"},

		{"pods ready", 2, func(*world) {}, explain.LinkPods, explain.LinkOK, "2 ready all ready"},
		{"pods starting", 2, func(x *world) { x.Ready(1, 1) }, explain.LinkPods, explain.LinkWorking, "1 ready starting"},
		{"no pods", 0, func(*world) {}, explain.LinkPods, explain.LinkIdle, "0 ready none"},
		{"pods unknown", 2, gone(kscope.Pods, kscope.Forbidden), explain.LinkPods, explain.LinkUnknown, "? not permitted"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := newWorld(tt.size)
			tt.do(x)
			c := x.Look(t)
			if l := c.Links[tt.link]; l.Text()+" "+l.Word != tt.want || l.State != tt.state {
				t.Errorf("%q %d, want %q %d", l.Text()+" "+l.Word, l.State, tt.want, tt.state)
			}
			mains := 0
			for _, l := range c.Links {
				if l.Main {
					mains++
				}
			}
			if mains != 1 {
				t.Errorf("%d links are the reason", mains)
			}
		})
	}
}
