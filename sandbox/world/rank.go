package world

import (
	"math"
	"sort"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// rank puts those pods first that go first when a ReplicaSet shrinks. Nothing
// in it looks at who is busy. (controller_utils.go: ActivePodsWithRanks)
func (w *World) rank(pods []*pod) {
	var neighbours [nodeCount]int // ready pods of the set on each node
	for _, p := range pods {
		if p.node >= 0 && p.ready {
			neighbours[p.node]++
		}
	}
	rank := func(p *pod) int {
		if p.node < 0 {
			return 0
		}
		return neighbours[p.node]
	}
	sort.Slice(pods, func(i, j int) bool {
		a, b := pods[i], pods[j]
		if n := w.compare(a, b, rank(a), rank(b)); n != 0 {
			return n < 0
		}
		return a.obj.UID < b.obj.UID
	})
}

// compare is negative when a goes before b.
func (w *World) compare(a, b *pod, rankA, rankB int) int {
	first := func(yes, other bool) int {
		switch {
		case yes == other:
			return 0
		case yes:
			return -1
		}
		return 1
	}
	if n := first(a.node < 0, b.node < 0); n != 0 {
		return n
	}
	if n := phaseOrder(a) - phaseOrder(b); n != 0 {
		return n
	}
	if n := first(!a.ready, !b.ready); n != 0 {
		return n
	}
	if n := deletionCost(a) - deletionCost(b); n != 0 {
		return n
	}
	if rankA != rankB {
		return rankB - rankA
	}
	if a.ready && b.ready && !a.readySince.Equal(b.readySince) {
		// Ages count in powers of two, so those that are about the same go
		// in random order.
		return w.age(a.readySince) - w.age(b.readySince)
	}
	if a.restarts != b.restarts {
		return int(b.restarts - a.restarts)
	}
	if created := a.obj.CreationTimestamp; !created.Equal(&b.obj.CreationTimestamp) {
		return w.age(created.Time) - w.age(b.obj.CreationTimestamp.Time)
	}
	return 0
}

// age is the whole part of the base-2 logarithm of an age in nanoseconds, as
// the controller buckets it.
func (w *World) age(since time.Time) int {
	d := w.now.Sub(since)
	if d <= 0 {
		return -1
	}
	return int(math.Log2(float64(d)))
}

func phaseOrder(p *pod) int {
	switch p.obj.Status.Phase {
	case corev1.PodPending:
		return 0
	case corev1.PodRunning:
		return 2
	}
	return 1
}

func deletionCost(p *pod) int {
	n, err := strconv.ParseInt(p.obj.Annotations["controller.kubernetes.io/pod-deletion-cost"], 10, 32)
	if err != nil {
		return 0
	}
	return int(n)
}
