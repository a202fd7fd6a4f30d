package cluster

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// createNodes creates nodes for kwok to play, with so much room that no test
// has to think about it.
func (c *Cluster) createNodes(ctx context.Context, n int) error {
	room := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("1000"),
		corev1.ResourceMemory:           resource.MustParse("8Ti"),
		corev1.ResourceEphemeralStorage: resource.MustParse("8Ti"),
		corev1.ResourcePods:             resource.MustParse("4000"),
	}
	g, ctx := errgroup.WithContext(ctx)
	for i := range n {
		g.Go(func() error {
			name := fmt.Sprintf("node-%d", i+1)
			_, err := c.Client.CoreV1().Nodes().Create(ctx, &corev1.Node{
				ObjectMeta: metav1.ObjectMeta{
					Name: name,
					Labels: map[string]string{
						corev1.LabelHostname:   name,
						corev1.LabelOSStable:   "linux",
						corev1.LabelArchStable: "amd64",
					},
				},
				Status: corev1.NodeStatus{Capacity: room, Allocatable: room},
			}, metav1.CreateOptions{})
			if err != nil {
				return fmt.Errorf("create %s: %w", name, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// waitForNodes waits until pods can be scheduled: the nodes are ready, and the
// controller manager has taken off the taint that every new node has.
func (c *Cluster) waitForNodes(ctx context.Context, n int) error {
	return WaitFor(ctx, time.Minute, "nodes", func(ctx context.Context) error {
		nodes, err := c.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		usable := 0
		for _, node := range nodes.Items {
			for _, cond := range node.Status.Conditions {
				if cond.Type == corev1.NodeReady && cond.Status == corev1.ConditionTrue && len(node.Spec.Taints) == 0 {
					usable++
				}
			}
		}
		if usable < n {
			return fmt.Errorf("%d of %d usable", usable, n)
		}
		return nil
	})
}
