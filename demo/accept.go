package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// waitServer waits until the demo's broker answers. Where it has none of its own there is nothing
// to wait for.
func (c *cluster) waitServer(ctx context.Context, d Demo) error {
	if d.server == "" {
		return nil
	}
	server := &unstructured.Unstructured{}
	server.SetGroupVersionKind(schema.GroupVersionKind{Group: "apps", Version: "v1", Kind: "Deployment"})
	server.SetNamespace(Namespace)
	server.SetName(d.server)

	found, err := c.wait(ctx, d.title, func(ctx context.Context) (bool, string) {
		got, err := c.live(ctx, server)
		switch {
		case err != nil:
			return false, clean(err.Error())
		case got == nil:
			return false, title(server) + " is gone"
		case available(got):
			return true, ""
		}
		return false, c.podTrouble(ctx, "app.kubernetes.io/name="+d.server)
	})
	switch {
	case errors.Is(err, errTimeout):
		return hint(fmt.Sprintf("kubectl -n %s describe pods -l app.kubernetes.io/name=%s", Namespace, d.server),
			"%s did not become ready within %s: %s", d.Broker, c.opts.Timeout, found)
	case err != nil:
		return fmt.Errorf("wait for %s: %w", d.Broker, err)
	}
	c.say("%s is ready", d.Broker)
	return nil
}

// available reports whether a Deployment as it now stands has a pod that is ready.
func available(d *unstructured.Unstructured) bool {
	observed, _, _ := unstructured.NestedInt64(d.Object, "status", "observedGeneration")
	ready, _, _ := unstructured.NestedInt64(d.Object, "status", "availableReplicas")
	return observed >= d.GetGeneration() && ready > 0
}

// podTrouble says in a few words why no pod is ready yet.
func (c *cluster) podTrouble(ctx context.Context, selector string) string {
	pods := c.client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "pods"}).Namespace(Namespace)
	list, err := pods.List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return "no pod is ready" // this account may not see pods; the wait goes on without the reason
	}
	if len(list.Items) == 0 {
		return "no pod yet"
	}
	for i := range list.Items {
		pod := &list.Items[i]
		if k, ok := findCondition(pod, "PodScheduled"); ok && k.status == "False" {
			return fmt.Sprintf("pod %s has no node: %s", pod.GetName(), k.message)
		}
		containers, _, _ := unstructured.NestedSlice(pod.Object, "status", "containerStatuses")
		for _, item := range containers {
			status, _ := item.(map[string]any)
			reason, _, _ := unstructured.NestedString(status, "state", "waiting", "reason")
			message, _, _ := unstructured.NestedString(status, "state", "waiting", "message")
			if reason != "" {
				return clean(fmt.Sprintf("pod %s: %s %s", pod.GetName(), reason, message))
			}
		}
	}
	return "its pod is not ready yet"
}

var errSilent = errors.New("no word from KEDA")

// waitAccepted waits until KEDA says that the ScaledObject is ready. What it says instead is shown
// but does not end the wait, because KEDA tries again by itself.
func (c *cluster) waitAccepted(ctx context.Context, d Demo, so *unstructured.Unstructured) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(c.opts.Reaction, func() { cancel(errSilent) })
	defer silence.Stop()

	var objection string // KEDA's own, not that of an API server that could not be asked
	found, err := c.wait(ctx, "KEDA to accept "+title(so), func(ctx context.Context) (bool, string) {
		ready, spoken, found := c.verdict(ctx, so)
		if spoken {
			silence.Stop()
			objection = found
		}
		return ready, found
	})
	switch {
	case errors.Is(err, errSilent):
		return hint("is the KEDA operator running? try: kubectl get pods -A -l app=keda-operator",
			"keda did not react to %s within %s: %s", title(so), c.opts.Reaction, found)
	case errors.Is(err, errTimeout):
		return hint(d.nextStep(objection), "keda did not accept %s within %s: %s", title(so), c.opts.Timeout, found)
	case err != nil:
		return fmt.Errorf("wait for KEDA: %w", err)
	}
	c.say("%s is ready", title(so))
	return nil
}

// verdict returns whether KEDA calls a ScaledObject ready, whether it has said anything about it at
// all, and what there is to tell.
func (c *cluster) verdict(ctx context.Context, so *unstructured.Unstructured) (ready, spoken bool, found string) {
	got, err := c.live(ctx, so)
	switch {
	case err != nil:
		return false, false, clean(err.Error())
	case got == nil:
		return false, false, "it is gone"
	}
	k, ok := findCondition(got, "Ready")
	if !ok || k.reason == "" { // KEDA's first write sets all conditions to Unknown without a reason
		return false, false, "it has not looked at it yet"
	}
	return k.status == "True", true, k.reason + ": " + k.message
}

// nextStep suggests what to look at, given KEDA's reason and message for not being ready.
func (d Demo) nextStep(objection string) string {
	if d.server == "" && strings.Contains(objection, "no metric specs") { // all that KEDA says of a scaler that it does not reach
		return "does the add-on's scaler run where the ScaledObject has it? try: kubectl -n keda get deployment,service keda-add-ons-http-external-scaler"
	}
	for _, sign := range []string{"no such host", "connection refused", "i/o timeout", "context deadline exceeded", "connection to redis", "no route to host"} {
		if strings.Contains(strings.ToLower(objection), sign) {
			return fmt.Sprintf("KEDA cannot reach %s from its own namespace; look at cluster DNS and network policies, and at: kubectl -n %s get service,endpointslices,pods", d.title, Namespace)
		}
	}
	return fmt.Sprintf("kubectl -n %s describe scaledobject %s", Namespace, d.ScaledObject)
}
