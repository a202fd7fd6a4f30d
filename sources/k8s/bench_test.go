package k8s

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	apiwatch "k8s.io/apimachinery/pkg/watch"

	"github.com/kscope/kscope"
	"github.com/kscope/kscope/sources/watch"
)

func BenchmarkObservePod(b *testing.B) {
	pods := recorded[corev1.PodList](b, "pods-failing.json").Items
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		observePod(&pods[i%len(pods)])
	}
}

// Listing 5,000 pods, from the decoded pages to the facts.
func BenchmarkList(b *testing.B) {
	template := recorded[corev1.PodList](b, "pods-scaling-up.json").Items[0]
	page := &corev1.PodList{}
	page.ResourceVersion = "1"
	for i := range 5000 {
		p := template.DeepCopy()
		p.Name, p.UID = fmt.Sprintf("%s-%d", p.Name, i), types.UID(fmt.Sprint(i))
		page.Items = append(page.Items, *p)
	}
	b.ReportAllocs()
	for b.Loop() {
		ctx, cancel := context.WithCancel(b.Context())
		watch.Kind{
			Kind: kscope.Pods,
			List: func(context.Context, metav1.ListOptions) (runtime.Object, error) { return page, nil },
			Watch: func(context.Context, metav1.ListOptions) (apiwatch.Interface, error) {
				cancel()
				return apiwatch.NewEmptyWatch(), nil
			},
			Observe: only(observePod),
		}.Run(ctx, func(kscope.Fact) {})
		cancel()
	}
}
